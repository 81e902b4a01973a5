/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From Cryptoki's attributes, or a certificate, to a software key of libcrypto.
 */
#ifndef SKA_HSM_PUBLIC_KEY_H
#define SKA_HSM_PUBLIC_KEY_H

#include <openssl/types.h>

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"
#include "provider/hsm/cryptoki.h"

/* What objects say of a key; empty spans: nothing. */
struct hsm_public_parts {
    CK_KEY_TYPE key_type;
    struct ska_span modulus;
    struct ska_span exponent;
    struct ska_span parameters; /* CKA_EC_PARAMS */
    struct ska_span point;      /* CKA_EC_POINT */
    struct ska_span mechanisms; /* CKA_ALLOWED_MECHANISMS */
    struct ska_span info;       /* CKA_PUBLIC_KEY_INFO: a SubjectPublicKeyInfo */
};

/* The type of key, from its parts but the point; false, without an error, for types not supported.
 */
bool hsm_public_type(const struct hsm_public_parts *parts, enum ska_key_type *type) SKA_MUST_CHECK;

/* Whether the parts suffice for a public key. */
bool hsm_public_complete(const struct hsm_public_parts *parts);

/* `label` is for messages. SKA_R_UNSUPPORTED: type or curve; SKA_R_BAD_KEY: no valid key. */
bool hsm_public_make(OSSL_LIB_CTX *libctx, const struct hsm_public_parts *parts, const char *label,
                     EVP_PKEY **key, const struct ska_errors *errors) SKA_MUST_CHECK;

/* The key in a certificate, as a key of the type that the parts say. */
bool hsm_public_from_certificate(OSSL_LIB_CTX *libctx, struct ska_span certificate,
                                 const struct hsm_public_parts *parts, const char *label,
                                 EVP_PKEY **key, const struct ska_errors *errors) SKA_MUST_CHECK;

/* The key in a certificate, whatever it is. NULL, in silence: none. */
EVP_PKEY *hsm_certificate_key(OSSL_LIB_CTX *libctx, struct ska_span certificate);

/* CKA_EC_PARAMS for a curve by libcrypto's name, or for Edwards keys (curve is not read then). */
bool hsm_public_parameters(enum ska_key_type type, const char *curve, struct ska_bytes *parameters,
                           const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
