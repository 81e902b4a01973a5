/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and certificates of approvers. What we take for a certificate libcrypto does too, and finds
 * the same key in it; what we take for a public key is exactly one, which libcrypto's templates
 * read and write again as it was.
 */
#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "provider/rule/rule_codec.h"

#include "fuzz.h"

typedef struct {
    X509_ALGOR *algorithm;
    ASN1_BIT_STRING *bits;
} FUZZ_KEY;

/* clang-format off */
ASN1_SEQUENCE(FUZZ_KEY) = {
    ASN1_SIMPLE(FUZZ_KEY, algorithm, X509_ALGOR),
    ASN1_SIMPLE(FUZZ_KEY, bits, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(FUZZ_KEY)

static void read_and_write_again(struct ska_span key);
/* clang-format on */

static void read_and_write_again(struct ska_span key)
{
    const ASN1_ITEM *item = ASN1_ITEM_rptr(FUZZ_KEY);
    const unsigned char *next = key.data;
    ASN1_VALUE *decoded = ASN1_item_d2i(NULL, &next, (long)key.length, item);
    unsigned char *der = NULL;
    int length = 0;

    PROMISE(decoded != NULL && next == key.data + key.length);
    length = ASN1_item_i2d(decoded, &der, item);
    PROMISE(length > 0 && ska_span_equal(ska_span(der, (size_t)length), key));
    OPENSSL_free(der);
    ASN1_item_free(decoded, item);
}

static void compare_with_libcrypto(struct ska_span certificate, struct ska_span key)
{
    const unsigned char *next = certificate.data;
    X509 *x509 = d2i_X509(NULL, &next, (long)certificate.length);
    unsigned char *der = NULL;
    int length = 0;

    PROMISE(x509 != NULL && next == certificate.data + certificate.length);
    length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der);
    PROMISE(length > 0 && ska_span_equal(ska_span(der, (size_t)length), key));
    OPENSSL_free(der);
    X509_free(x509);
    ERR_clear_error();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ska_approver approver = {SKA_APPROVER_CERTIFICATE, {NULL, 0}, {NULL, 0}, {NULL, 0}};

    PROMISE(ska_bytes_copy(&approver.data, ska_span(data, size), NULL));
    if (ska_approver_identify(&approver, NULL))
        compare_with_libcrypto(ska_span(data, size), ska_span_of(&approver.public_key));
    ska_bytes_free(&approver.public_key);

    approver.type = SKA_APPROVER_PUBLIC_KEY;
    if (ska_approver_identify(&approver, NULL)) {
        PROMISE(ska_span_equal(ska_span_of(&approver.public_key), ska_span(data, size)));
        read_and_write_again(ska_span(data, size));
    }
    ska_bytes_free(&approver.public_key);
    ska_bytes_free(&approver.data);
    PROMISE(ERR_peek_error() == 0);
    return 0;
}
