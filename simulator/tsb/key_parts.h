/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key of libcrypto taken apart into the attributes that Cryptoki has for it.
 */
#ifndef SKATSB_KEY_PARTS_H
#define SKATSB_KEY_PARTS_H

#include <openssl/types.h>

#include <pkcs11.h>

#include "provider/base/bytes.h"
#include "simulator/tsb/device_template.h"

#define TSB_KEY_PARTS 8

struct tsb_key_parts {
    CK_KEY_TYPE type;
    bool public_only;
    struct ska_span curve;                  /* parameters; borrowed */
    struct ska_bytes values[TSB_KEY_PARTS]; /* RSA: n e d p q dp dq qinv; else: point, private */
};

/*
 * False: the key is of another type or curve, or has no private part and is to have one. To be
 * cleared in any case.
 */
bool tsb_key_parts_read(const EVP_PKEY *key, CK_KEY_TYPE type, struct ska_span curve,
                        bool public_only, struct tsb_key_parts *parts) SKA_MUST_CHECK;
void tsb_key_parts_clear(struct tsb_key_parts *parts);

/* CKA_EC_PARAMS of a key; empty for an RSA key. False: a curve that has no name. */
bool tsb_key_curve(const EVP_PKEY *key, struct ska_bytes *parameters) SKA_MUST_CHECK;

/* From PrivateKeyInfo, exactly one; NULL: none. */
EVP_PKEY *tsb_private_key_decode(OSSL_LIB_CTX *libctx, struct ska_span der);

/* Adds what a private or a public object has of them; they stay where they are. */
void tsb_key_parts_put(const struct tsb_key_parts *parts, bool private_key,
                       struct tsb_template *to);

#endif
