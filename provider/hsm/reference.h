/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key references: what a PEM file holds where others hold a private key. No secret is in it, and
 * nothing that says which code is loaded, only where the key is and its public key:
 *
 *     SEQUENCE { version INTEGER (0), uri UTF8String, publicKey SubjectPublicKeyInfo OPTIONAL }
 */
#ifndef SKA_HSM_REFERENCE_H
#define SKA_HSM_REFERENCE_H

#include <openssl/types.h>

#include "provider/base/mechanism.h"
#include "provider/base/settings.h"
#include "provider/hsm/key.h"
#include "provider/hsm/uri.h"

/* The PEM label. */
#define HSM_REFERENCE_LABEL "SKA KEY REFERENCE"

/* The longest DER that is read: the longest URI and the longest public key fit in. */
#define HSM_REFERENCE_LIMIT 16384

struct hsm_reference {
    char *text;             /* the URI as it is written */
    struct hsm_uri *uri;    /* the same, parsed */
    EVP_PKEY *public_key;   /* a software key; NULL: none inside */
    enum ska_key_type type; /* of the public key */
};

/*
 * Exactly one reference in DER. SKA_R_BAD_REFERENCE: other bytes, another version, a URI that names
 * code or a secret or no private key, a public key that is none; SKA_R_BAD_URI: the URI does not
 * parse.
 */
bool hsm_reference_decode(struct ska_span der, OSSL_LIB_CTX *libctx,
                          struct hsm_reference *reference,
                          const struct ska_errors *errors) SKA_MUST_CHECK;
void hsm_reference_clear(struct hsm_reference *reference); /* {0} is fine */

/*
 * Whether the configuration allows what the URI of a reference, read or to be written, says of the
 * PIN; else SKA_R_BAD_REFERENCE.
 */
bool hsm_reference_check_pin_source(const struct hsm_uri *uri, const struct ska_settings *settings,
                                    const struct ska_errors *errors) SKA_MUST_CHECK;

/* Long enough for three paths, cut to what a message can hold; on the stack of an ASYNC job. */
struct hsm_reference_sources {
    char text[512];
};

/*
 * What the URI of a reference says of where approvals come from and the configuration does not:
 * "the key reference names approvals-dir /a and agent /b, which the configuration does not". That
 * is where a signature goes, so people are told. "": they agree.
 */
struct hsm_reference_sources hsm_reference_sources(const struct hsm_uri *uri,
                                                   const struct ska_settings *settings);

/* public_key may be NULL. What hsm_reference_decode() would refuse is not written. */
bool hsm_reference_encode(const char *uri, EVP_PKEY *public_key, OSSL_LIB_CTX *libctx,
                          struct ska_bytes *der, const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The URI that belongs into a reference for a key: token, label and id as the HSM has them, and of
 * the URI by which it was found (may be NULL) what else narrows the search and the attributes after
 * the "?", but never the PIN. NULL: out of memory; free with free().
 */
char *hsm_reference_uri(const struct backend_key *key, const struct hsm_uri *found_by);

/* The whole reference for a key, with its public key. */
bool hsm_reference_for(const struct backend_key *key, const struct hsm_uri *found_by,
                       struct ska_bytes *der, const struct ska_errors *errors) SKA_MUST_CHECK;

/* ---- In PKCS#8 ------------------------------------------------------------------------------- */

/*
 * For programs that look at PEM labels themselves, and know PRIVATE KEY:
 *
 *     SEQUENCE { version INTEGER (0), privateKeyAlgorithm AlgorithmIdentifier, privateKey OCTET
 * STRING }
 *
 * with the algorithm of the public key, which must be inside, and the reference in the place of the
 * private key.
 */
#define HSM_REFERENCE_PKCS8_LABEL "PRIVATE KEY"

/* The longest DER of this form that is read. */
#define HSM_REFERENCE_PKCS8_LIMIT (HSM_REFERENCE_LIMIT + 256)

struct hsm_reference_pkcs8 {
    enum ska_key_type type;    /* by the algorithm */
    struct ska_span algorithm; /* AlgorithmIdentifier; both point into what was read */
    struct ska_span reference;
};

/* Whether it is one, and not a private key or anything else; what is inside may be wrong yet. */
bool hsm_reference_pkcs8_begins(struct ska_span der,
                                struct hsm_reference_pkcs8 *read) SKA_MUST_CHECK;

/* As hsm_reference_decode(); SKA_R_BAD_REFERENCE also for an algorithm that is not the key's. */
bool hsm_reference_pkcs8_decode(const struct hsm_reference_pkcs8 *read, OSSL_LIB_CTX *libctx,
                                struct hsm_reference *reference,
                                const struct ska_errors *errors) SKA_MUST_CHECK;

/* Of the DER of a reference. */
bool hsm_reference_pkcs8_encode(struct ska_span reference, struct ska_bytes *der,
                                const struct ska_errors *errors) SKA_MUST_CHECK;

/* ---- As PEM ---------------------------------------------------------------------------------- */

/*
 * In files in which certificates, other keys and any words may stand too. Stricter than libcrypto's
 * PEM_read_bio(), and without its complaints about what is no PEM.
 *
 * Reads up to the next PEM block, its first line included. True: it is a key reference. False: it
 * is something else, or there is none.
 */
bool hsm_reference_pem_begins(BIO *in) SKA_MUST_CHECK;

/*
 * Reads the rest of the block: its DER, which may be no reference yet. It is read to its end also
 * when it is refused (SKA_R_BAD_REFERENCE): callers go on behind it, and would fill the error queue
 * with complaints about its remains.
 */
bool hsm_reference_pem_read(BIO *in, struct ska_bytes *der,
                            const struct ska_errors *errors) SKA_MUST_CHECK;

/* DER as PEM, below words for who opens the file, which readers pass over. */
bool hsm_reference_pem_write(const char *label, struct ska_span der, struct ska_bytes *pem,
                             const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
