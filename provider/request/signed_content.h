/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a digest was made of, where that is a structure of which people could see nothing else: a
 * CMS signature hashes not the document but attributes around the document's digest. Requests
 * carry it ("signedContent"); it needs no trust, since its digest is what is approved.
 */
#ifndef SKA_REQUEST_SIGNED_CONTENT_H
#define SKA_REQUEST_SIGNED_CONTENT_H

#include "provider/base/bytes.h"
#include "provider/base/settings.h"

/* More is not kept. */
#define SKA_CONTENT_LIMIT ((size_t)64 * 1024)

enum ska_content_kind {
    SKA_CONTENT_OTHER,                 /* none of these, or not in DER */
    SKA_CONTENT_ATTRIBUTES,            /* SET OF Attribute of CMS (RFC 5652, 5.3) */
    SKA_CONTENT_CERTIFICATE,           /* TBSCertificate (RFC 5280, 4.1) */
    SKA_CONTENT_CRL,                   /* TBSCertList (RFC 5280, 5.1) */
    SKA_CONTENT_CERTIFICATION_REQUEST, /* CertificationRequestInfo (RFC 2986, 4.1) */
    SKA_CONTENT_OCSP_RESPONSE          /* ResponseData (RFC 6960, 4.2.1) */
};

/* By its outermost shape; all of it is valid DER, unless it is SKA_CONTENT_OTHER. */
enum ska_content_kind ska_content_kind(struct ska_span content);

/*
 * What a signature over these bytes could mean other than "this document". Unlike
 * ska_content_kind(), this goes by what tolerant verifiers accept.
 */
enum ska_content_meaning {
    SKA_MEANS_DOCUMENT,       /* nothing else that is known here */
    SKA_MEANS_OTHER_DOCUMENT, /* attributes of CMS, SignedInfo of XML, what a JWS signs */
    SKA_MEANS_STRUCTURE,      /* any SEQUENCE or SET: a certificate, a time-stamp, attributes */
    SKA_MEANS_HANDSHAKE       /* of TLS */
};
/* `start`: all `size` bytes of it, or more than this limit: what a TLS server signs can be so long.
 */
#define SKA_MEANING_LIMIT (64 + (size_t)3 * (2 + 65535))
enum ska_content_meaning ska_content_meaning(struct ska_span start, uint64_t size);

/*
 * Whether the same command, given again, signs the same: not where the time of the command is in
 * what is signed.
 */
enum ska_content_repeats {
    SKA_CONTENT_REPEATS,
    SKA_CONTENT_MAY_REPEAT, /* it has times and numbers in it, which a command may fix */
    SKA_CONTENT_IS_NEW /* attributes of CMS with a signing time, which no command of openssl fixes
                        */
};
enum ska_content_repeats ska_content_repeats(struct ska_span content);

/* Whether a request may carry it. What a TLS handshake signs is never kept. */
bool ska_content_is_kept(enum ska_request_content setting, struct ska_span content) SKA_MUST_CHECK;

/*
 * One attribute of SKA_CONTENT_ATTRIBUTES (*from starts as its content): the OBJECT IDENTIFIER's
 * content and the values, elements one behind the other. False: there are no more.
 */
struct ska_attribute {
    struct ska_span type;
    struct ska_span values;
};
/* The attributes inside, to be taken one by one. */
bool ska_content_attributes(struct ska_span content, struct ska_span *inside) SKA_MUST_CHECK;
bool ska_attribute_take(struct ska_span *from, struct ska_attribute *attribute) SKA_MUST_CHECK;
bool ska_attribute_is(const struct ska_attribute *attribute, int nid) SKA_MUST_CHECK;

/* messageDigest, the digest of the document. False: these are no such attributes. */
bool ska_content_document_digest(struct ska_span content, struct ska_span *digest) SKA_MUST_CHECK;
/* signingTime, in seconds since the epoch. False: there is none, or it is none. */
bool ska_content_signing_time(struct ska_span content, int64_t *seconds) SKA_MUST_CHECK;
/* contentType, the content of its OBJECT IDENTIFIER. */
bool ska_content_type(struct ska_span content, struct ska_span *type) SKA_MUST_CHECK;

#endif
