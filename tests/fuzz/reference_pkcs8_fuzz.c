/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key references in PKCS#8: libcrypto sees the same two parts in what is taken for one, the form
 * has one coding, and a private key is never taken for one.
 */
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "reference_fuzz.h"

/* Where libcrypto reads it at all: it wants to know the algorithm's parameters. */
static void is_the_same_to_libcrypto(struct ska_span der, const struct hsm_reference_pkcs8 *read)
{
    const unsigned char *next = der.data;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &next, (long)der.length);
    const unsigned char *octets = NULL;
    int length = 0;

    if (info != NULL) {
        PROMISE(next == der.data + der.length);
        PROMISE(PKCS8_pkey_get0(NULL, &octets, &length, NULL, info) == 1);
        PROMISE(ska_span_equal(ska_span(octets, (size_t)length), read->reference));
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    ERR_clear_error();
}

/* The default provider makes no key of it. */
static void is_no_private_key(struct ska_span der, OSSL_LIB_CTX *libctx)
{
    const unsigned char *next = der.data;
    EVP_PKEY *key = d2i_AutoPrivateKey_ex(NULL, &next, (long)der.length, libctx, NULL);

    PROMISE(key == NULL);
    ERR_clear_error();
}

static void is_written_the_same(struct ska_span der, const struct hsm_reference_pkcs8 *read)
{
    struct ska_bytes again = {NULL, 0};

    PROMISE(hsm_reference_pkcs8_encode(read->reference, &again, NULL));
    PROMISE(ska_span_equal(ska_span_of(&again), der));
    ska_bytes_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static OSSL_LIB_CTX *libctx;
    const struct ska_span der = ska_span(data, size);
    struct hsm_reference_pkcs8 read;
    struct hsm_reference reference = {0};
    int raised = 0;
    const struct ska_errors errors = {reference_raise, &raised};

    if (libctx == NULL)
        libctx = reference_context();
    if (size > HSM_REFERENCE_PKCS8_LIMIT || !hsm_reference_pkcs8_begins(der, &read))
        return 0;
    is_the_same_to_libcrypto(der, &read);
    is_no_private_key(der, libctx);
    if (hsm_reference_pkcs8_decode(&read, libctx, &reference, &errors)) {
        PROMISE(raised == 0 && reference.public_key != NULL && reference.type == read.type);
        is_written_the_same(der, &read);
    } else {
        PROMISE(raised == 1 && reference.public_key == NULL && reference.text == NULL);
    }
    hsm_reference_clear(&reference);
    PROMISE(ERR_peek_error() == 0);
    return 0;
}
