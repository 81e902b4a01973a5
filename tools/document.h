/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a file that an approver has is the document that a request is about. It may be signed as
 * it is, in the form that S/MIME hashes, or as the part of a PDF that its signature covers;
 * directly or by attributes of CMS that hold its digest.
 */
#ifndef SKA_TOOLS_DOCUMENT_H
#define SKA_TOOLS_DOCUMENT_H

#include <openssl/evp.h>

#include "provider/request/request.h"
#include "provider/request/signed_content.h"
#include "tools/input.h"

enum document_answer {
    DOCUMENT_SAME,
    DOCUMENT_OTHER,       /* only where the digest of the right one would have to be there */
    DOCUMENT_NOT_COMPARED /* `reason` says why; it may still be the one */
};

struct document {
    const char *path; /* as the approver gave it */
    enum document_answer answer;
    const char *form;   /* SAME: how, in words; a literal. Else NULL */
    bool as_it_is;      /* SAME: to the last byte */
    const char *reason; /* NOT_COMPARED: a sentence; a literal */
    /* SAME: of the form that would be signed, unless that is attributes around its digest */
    enum ska_content_meaning meaning;
};

/* Reads the input whole. False, with an error raised, when it cannot be read. */
bool document_compare(const struct input *input, OSSL_LIB_CTX *libctx,
                      const struct ska_request *request, struct document *document,
                      const struct ska_errors *errors) SKA_MUST_CHECK;

/* ---- One of many files ----------------------------------------------------------------------- */

/* A digest that the right document has, in one of its first `forms` forms. */
struct document_wanted {
    enum ska_digest digest;
    uint8_t value[EVP_MAX_MD_SIZE];
    size_t length;
    size_t forms;
    bool inside; /* attributes of CMS, which are signed, and not what has the digest */
};
#define DOCUMENT_WANTED_MOST 2
/*
 * Which digests tell the document of a request. None: what would be signed is no document. False,
 * with an error raised: the request holds none.
 */
bool document_wanted(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                     struct document_wanted wanted[DOCUMENT_WANTED_MOST], size_t *count,
                     const struct ska_errors *errors) SKA_MUST_CHECK;

/* Which has digests of this length; SKA_DIGEST_NONE: no known one. */
enum ska_digest document_digest_of_length(size_t length);

/* A file in one of the forms that may be signed. */
struct document_heard {
    size_t form;
    struct ska_span digest;
    enum ska_content_meaning meaning;
};
/* Is told of each. False stops: raised. */
struct document_listener {
    bool (*hear)(void *arg, const struct document_heard *heard);
    void *arg;
};
/* Reads the input whole. */
bool document_hash(const struct input *input, OSSL_LIB_CTX *libctx, enum ska_digest digest,
                   const struct document_listener *listener,
                   const struct ska_errors *errors) SKA_MUST_CHECK;
/* DOCUMENT_SAME: what was wanted was heard. `path` is borrowed. */
struct document document_found(const char *path, const struct document_wanted *wanted,
                               const struct document_heard *heard);

/*
 * What the request shows of what was hashed, or signs as a message: what signed_content.h reads.
 * Empty: nothing.
 */
struct ska_span document_content(const struct ska_request *request);
/*
 * The digest of the document: in attributes of CMS, where they are shown, else in the payload.
 * False: none is told.
 */
bool document_fingerprint(const struct ska_request *request, struct ska_span *value);
/*
 * Whether SHA-1 stands between the document and the signature: in what is signed, whatever that is
 * the digest of, or in attributes of CMS. A digest that nothing names is known by its length.
 */
bool document_is_by_sha1(const struct ska_request *request);

#endif
