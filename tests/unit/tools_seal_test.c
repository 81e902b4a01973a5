/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is written of a seal, and what is taken of what was there: each byte of it counts. What
 * plain openssl makes of seals is in scenario.seal.
 */
#include "codec_support.h"

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "provider/base/der.h"
#include "provider/base/der_write.h"
#include "tools/seal/cms.h"
#include "provider/request/signed_content.h"
#include "tools/seal/signed_attributes.h"
#include "tools/seal/timestamp.h"

/* ---- DER ------------------------------------------------------------------------------------- */

static void assert_der(struct ska_buffer *buffer, const char *hex)
{
    struct ska_bytes wanted = from_hex(hex);

    assert_false(buffer->failed);
    assert_int_equal(buffer->length, wanted.length);
    assert_memory_equal(buffer->data, wanted.data, wanted.length);
    ska_buffer_free(buffer);
    ska_bytes_free(&wanted);
}

static void assert_number(uint64_t number, const char *hex)
{
    struct ska_buffer buffer = {0};

    ska_der_put_number(&buffer, number);
    assert_der(&buffer, hex);
}

static void numbers_are_short_and_positive(void **state)
{
    (void)state;
    assert_number(0, "020100");
    assert_number(127, "02017f");
    assert_number(128, "02020080");
    assert_number(256, "02020100");
    assert_number(UINT64_MAX, "020900ffffffffffffffff");
    assert_number(UINT64_MAX >> 1, "02087fffffffffffffff");
}

static void lengths_are_short(void **state)
{
    static const size_t lengths[] = {0, 1, 127, 128, 255, 256, 65535, 65536, 70000};
    uint8_t *content = calloc(1, 70000);

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct ska_buffer buffer = {0};
        struct ska_span whole;
        struct ska_span inside = {NULL, 0};

        ska_der_put(&buffer, SKA_DER_OCTET_STRING, ska_span(content, lengths[i]));
        whole = ska_span(buffer.data, buffer.length);
        assert_true(ska_der_valid(whole)); /* which wants the shortest form */
        assert_true(ska_der_take(&whole, SKA_DER_OCTET_STRING, &inside));
        assert_int_equal(inside.length, lengths[i]);
        assert_int_equal(whole.length, 0);
        ska_buffer_free(&buffer);
    }
    free(content);
}

static void sets_are_sorted(void **state)
{
    struct ska_buffer elements[3] = {{0}};
    struct ska_buffer buffer = {0};

    (void)state;
    ska_der_put_number(&elements[0], 256);
    ska_der_put_number(&elements[1], 5);
    ska_der_put_number(&elements[2], 4);
    ska_der_wrap_set(&buffer, SKA_DER_SET, elements, 3);
    assert_der(&buffer, "310a"
                        "020104"
                        "020105"
                        "02020100");
}

static void failures_are_kept(void **state)
{
    struct ska_buffer inside = {.failed = true};
    struct ska_buffer buffer = {0};

    (void)state;
    ska_der_wrap(&buffer, SKA_DER_SEQUENCE, &inside);
    assert_true(buffer.failed);
    ska_buffer_free(&buffer);
    ska_der_put_object(&buffer, NID_undef);
    assert_true(buffer.failed);
    ska_buffer_free(&buffer);
}

/* ---- A seal ---------------------------------------------------------------------------------- */

static struct seal_signer signer;
static uint8_t document_digest[32] = {7};

static struct ska_bytes encode(int length, unsigned char *der)
{
    struct ska_bytes bytes = {NULL, 0};

    assert_true(length > 0);
    assert_true(ska_bytes_copy(&bytes, ska_span(der, (size_t)length), NULL));
    OPENSSL_free(der);
    return bytes;
}

static int make_signer(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    unsigned char *der = NULL;
    int length = 0;

    (void)state;
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 200);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"Seal", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_set_pubkey(certificate, key);
    if (X509_sign(certificate, key, EVP_sha256()) == 0)
        return -1;
    length = i2d_X509(certificate, &der);
    signer.certificates[0] = encode(length, der);
    signer.certificate_count = 1;
    der = NULL;
    length = i2d_X509_NAME(X509_get_issuer_name(certificate), &der);
    signer.issuer = encode(length, der);
    der = NULL;
    length = i2d_ASN1_INTEGER(X509_get_serialNumber(certificate), &der);
    signer.serial = encode(length, der);
    signer.valid_from = 1600000000;
    signer.valid_until = INT64_MAX;
    signer.digest = SKA_DIGEST_SHA256;
    signer.mechanism.scheme = SKA_SCHEME_ECDSA;
    signer.mechanism.digest = SKA_DIGEST_SHA256;
    X509_free(certificate);
    EVP_PKEY_free(key);
    return 0;
}

static int free_signer(void **state)
{
    (void)state;
    seal_signer_clear(&signer);
    return 0;
}

static struct ska_bytes make_attributes(time_t when)
{
    struct ska_bytes attributes = {NULL, 0};

    assert_true(seal_attributes_make(NULL, &signer,
                                     ska_span(document_digest, sizeof(document_digest)), when,
                                     &attributes, NULL));
    return attributes;
}

static bool same(struct ska_span attributes, const char **difference)
{
    return seal_attributes_compare(
        NULL, &signer, ska_span(document_digest, sizeof(document_digest)), attributes, difference);
}

static void attributes_go_on_whatever_the_time(void **state)
{
    const char *difference = NULL;
    struct ska_bytes now = make_attributes(time(NULL));
    struct ska_bytes before = make_attributes(time(NULL) - 86400L * 365);
    struct ska_bytes later = make_attributes(time(NULL) + 3600);

    (void)state;
    assert_true(same(ska_span_of(&now), &difference));
    assert_true(same(ska_span_of(&before), &difference));
    assert_false(same(ska_span_of(&later), &difference));
    assert_non_null(strstr(difference, "in the future"));
    ska_bytes_free(&now);
    ska_bytes_free(&before);
    ska_bytes_free(&later);
}

/* What is kept may have been put there by somebody, with any time. */
static void attributes_are_of_the_time_of_the_certificate(void **state)
{
    const struct {
        int64_t seconds;
        const char *difference; /* NULL: good */
    } cases[] = {{1599999999, "from before the certificate was valid"},
                 {1600000000, NULL},
                 {1600000100, NULL},
                 {1600000101, "from after the certificate has expired"},
                 {-86400, "from before the certificate was valid"}};
    int64_t until = signer.valid_until;

    (void)state;
    signer.valid_until = 1600000100;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ska_bytes attributes = make_attributes(cases[i].seconds);
        const char *difference = NULL;
        int64_t seconds = 0;

        assert_true(ska_content_signing_time(ska_span_of(&attributes), &seconds));
        assert_int_equal(seconds, cases[i].seconds);
        assert_int_equal(same(ska_span_of(&attributes), &difference), cases[i].difference == NULL);
        if (cases[i].difference != NULL)
            assert_non_null(strstr(difference, cases[i].difference));
        ska_bytes_free(&attributes);
    }
    signer.valid_until = until;
}

/* From 2050 on a time is written in another way. */
static void times_have_their_form(void **state)
{
    static const uint8_t utc[] = {SKA_DER_UTC_TIME, 13};
    static const uint8_t generalized[] = {SKA_DER_GENERALIZED_TIME, 15};
    struct ska_bytes early = make_attributes(2524607999);
    struct ska_bytes late = make_attributes(2524608000);

    (void)state;
    assert_non_null(memmem(early.data, early.length, utc, sizeof(utc)));
    assert_non_null(memmem(late.data, late.length, generalized, sizeof(generalized)));
    ska_bytes_free(&early);
    ska_bytes_free(&late);
}

/* No bit of what was kept can be another one, but for those of the time. */
static void attributes_are_compared_to_the_bit(void **state)
{
    struct ska_bytes attributes = make_attributes(1700000000);
    const uint8_t *time_at = memmem(attributes.data, attributes.length, "231114221320Z", 13);
    const char *difference = NULL;

    (void)state;
    assert_non_null(time_at);
    for (size_t i = 0; i < attributes.length * 8; i++) {
        size_t at = i / 8;

        attributes.data[at] ^= (uint8_t)(1 << i % 8);
        if (attributes.data + at < time_at || attributes.data + at >= time_at + 13) {
            assert_false(same(ska_span_of(&attributes), &difference));
            assert_non_null(difference);
        }
        attributes.data[at] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t length = 0; length < attributes.length; length++)
        assert_false(same(ska_span(attributes.data, length), &difference));
    ska_bytes_free(&attributes);
}

static void differences_are_named(void **state)
{
    struct ska_bytes attributes = make_attributes(1700000000);
    const char *difference = NULL;

    (void)state;
    document_digest[0] ^= 1;
    assert_false(same(ska_span_of(&attributes), &difference));
    assert_non_null(strstr(difference, "the document is another one"));
    document_digest[0] ^= 1;
    signer.certificates[0].data[20] ^= 1;
    assert_false(same(ska_span_of(&attributes), &difference));
    assert_non_null(strstr(difference, "another certificate"));
    signer.certificates[0].data[20] ^= 1;
    assert_false(seal_attributes_compare(NULL, &signer, ska_span(document_digest, 20),
                                         ska_span_of(&attributes), &difference));
    assert_non_null(strstr(difference, "another --digest"));
    ska_bytes_free(&attributes);
}

static struct ska_bytes make_seal(const struct ska_bytes *attributes, struct ska_span timestamp)
{
    const struct seal_parts parts = {ska_span_of(attributes), ska_span("a signature", 11),
                                     timestamp};
    struct ska_bytes der = {NULL, 0};

    assert_true(seal_cms_write(&signer, &parts, &der, NULL));
    return der;
}

static void seals_are_read_as_written(void **state)
{
    static const uint8_t token[] = {0x30, 0x03, 0x02, 0x01, 0x05};
    struct ska_bytes attributes = make_attributes(1700000000);

    (void)state;
    for (int with = 0; with < 2; with++) {
        struct ska_span timestamp = ska_span(with ? token : NULL, with ? sizeof(token) : 0);
        struct ska_bytes der = make_seal(&attributes, timestamp);
        struct seal_parts parts = {0};
        struct ska_bytes read = {NULL, 0};

        assert_true(seal_cms_read(&signer, ska_span_of(&der), &parts, &read));
        assert_true(ska_span_equal(ska_span_of(&read), ska_span_of(&attributes)));
        assert_true(ska_span_equal(parts.signature, ska_span("a signature", 11)));
        assert_true(ska_span_equal(parts.timestamp, timestamp));
        ska_bytes_free(&read);
        for (size_t length = 0; length < der.length; length++) {
            assert_false(seal_cms_read(&signer, ska_span(der.data, length), &parts, &read));
            ska_bytes_free(&read);
        }
        ska_bytes_free(&der);
    }
    ska_bytes_free(&attributes);
}

/* Without it, with another one in its place, and with something that is no certificate beside it.
 */
static void seals_have_their_certificate(void **state)
{
    struct ska_bytes attributes = make_attributes(1700000000);
    const struct seal_parts parts = {ska_span_of(&attributes), ska_span("a signature", 11),
                                     ska_span(NULL, 0)};
    struct seal_signer other = signer;
    struct ska_bytes der[3] = {{0}};
    uint8_t no_certificate[] = {0x30, 0x00};

    (void)state;
    other.certificate_count = 0;
    assert_true(seal_cms_write(&other, &parts, &der[0], NULL));
    other.certificate_count = 1;
    memset(&other.certificates[0], 0, sizeof(other.certificates[0]));
    assert_true(ska_bytes_copy(&other.certificates[0], ska_span_of(&signer.certificates[0]), NULL));
    other.certificates[0].data[other.certificates[0].length - 1] ^= 1;
    assert_true(seal_cms_write(&other, &parts, &der[1], NULL));
    ska_bytes_free(&other.certificates[0]);
    other.certificates[0] = signer.certificates[0];
    other.certificates[1] = (struct ska_bytes){no_certificate, sizeof(no_certificate)};
    other.certificate_count = 2;
    assert_true(seal_cms_write(&other, &parts, &der[2], NULL));
    for (size_t i = 0; i < 3; i++) {
        struct seal_parts read = {0};
        struct ska_bytes copy = {NULL, 0};

        assert_false(seal_cms_read(&signer, ska_span_of(&der[i]), &read, &copy));
        ska_bytes_free(&copy);
        ska_bytes_free(&der[i]);
    }
    ska_bytes_free(&attributes);
}

/* What libcrypto makes of it. */
static void seals_are_cms(void **state)
{
    struct ska_bytes attributes = make_attributes(1700000000);
    struct ska_bytes der = make_seal(&attributes, ska_span(NULL, 0));
    const unsigned char *next = der.data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &next, (long)der.length);
    STACK_OF(CMS_SignerInfo) *infos = NULL;
    unsigned char *again = NULL;
    int length = 0;

    (void)state;
    assert_non_null(cms);
    assert_ptr_equal(next, der.data + der.length);
    assert_int_equal(CMS_is_detached(cms), 1);
    infos = CMS_get0_SignerInfos(cms);
    assert_int_equal(sk_CMS_SignerInfo_num(infos), 1);
    assert_int_equal(CMS_signed_get_attr_count(sk_CMS_SignerInfo_value(infos, 0)), 4);
    assert_int_equal(CMS_unsigned_get_attr_count(sk_CMS_SignerInfo_value(infos, 0)), -1);
    length = i2d_CMS_ContentInfo(cms, &again);
    assert_true(length > 0 && ska_span_equal(ska_span(again, (size_t)length), ska_span_of(&der)));
    OPENSSL_free(again);
    CMS_ContentInfo_free(cms);
    ska_bytes_free(&der);
    ska_bytes_free(&attributes);
}

/* ---- Time-stamps ----------------------------------------------------------------------------- */

static void queries_are_the_same_for_one_signature(void **state)
{
    struct ska_bytes one = {NULL, 0};
    struct ska_bytes again = {NULL, 0};
    struct ska_bytes other = {NULL, 0};

    (void)state;
    assert_true(seal_timestamp_query(NULL, ska_span("one", 3), &one, NULL));
    assert_true(seal_timestamp_query(NULL, ska_span("one", 3), &again, NULL));
    assert_true(seal_timestamp_query(NULL, ska_span("two", 3), &other, NULL));
    assert_true(ska_der_valid(ska_span_of(&one)));
    assert_true(ska_span_equal(ska_span_of(&one), ska_span_of(&again)));
    assert_false(ska_span_equal(ska_span_of(&one), ska_span_of(&other)));
    ska_bytes_free(&one);
    ska_bytes_free(&again);
    ska_bytes_free(&other);
}

static bool finds(const char *hex, const char *token_hex)
{
    struct ska_bytes reply = from_hex(hex);
    struct ska_bytes wanted = from_hex(token_hex);
    struct ska_span token = {NULL, 0};
    bool found = seal_timestamp_find(ska_span_of(&reply), &token);

    if (found)
        assert_true(ska_span_equal(token, ska_span_of(&wanted)));
    ska_bytes_free(&wanted);
    ska_bytes_free(&reply);
    return found;
}

static void replies_have_a_shape(void **state)
{
    (void)state;
    assert_true(finds("300a"
                      "3003020100"
                      "3003020105",
                      "3003020105"));
    assert_false(finds("3005"
                       "3003020102",
                       ""));
    assert_false(finds("300a"
                       "3003020100"
                       "3003020105"
                       "00",
                       ""));
    assert_false(finds("300c"
                       "3003020100"
                       "3003020105"
                       "0500",
                       ""));
    assert_false(finds("3080"
                       "3003020100"
                       "3003020105"
                       "0000",
                       ""));
    assert_false(finds("300a"
                       "3103020100"
                       "3003020105",
                       ""));
    assert_false(finds("", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_short_and_positive),
        cmocka_unit_test(lengths_are_short),
        cmocka_unit_test(sets_are_sorted),
        cmocka_unit_test(failures_are_kept),
        cmocka_unit_test(attributes_go_on_whatever_the_time),
        cmocka_unit_test(attributes_are_of_the_time_of_the_certificate),
        cmocka_unit_test(times_have_their_form),
        cmocka_unit_test(attributes_are_compared_to_the_bit),
        cmocka_unit_test(differences_are_named),
        cmocka_unit_test(seals_are_read_as_written),
        cmocka_unit_test(seals_have_their_certificate),
        cmocka_unit_test(seals_are_cms),
        cmocka_unit_test(queries_are_the_same_for_one_signature),
        cmocka_unit_test(replies_have_a_shape),
    };

    return cmocka_run_group_tests(tests, make_signer, free_signer);
}
