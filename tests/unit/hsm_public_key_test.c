/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys from the attributes of modules, which differ in how they write them. */
#include "hsm_support.h"

#include "certificate_name.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/rand.h>

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "provider/hsm/cryptoki.h"
#include "provider/backend/signature_form.h"
#include "provider/hsm/public_key.h"

static const uint8_t p384[] = {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22};
static const uint8_t p256[] = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
static const uint8_t p521[] = {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23};
static const uint8_t secp256k1[] = {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x0A};
static const uint8_t ed25519[] = {0x06, 0x03, 0x2B, 0x65, 0x70};
static const uint8_t ed448[] = {0x06, 0x03, 0x2B, 0x65, 0x71};

#define SPAN(array) ska_span((array), sizeof(array))

static struct hsm_public_parts parts_of(CK_KEY_TYPE type, struct ska_span parameters,
                                        struct ska_span point)
{
    struct hsm_public_parts parts = {.key_type = type, .parameters = parameters, .point = point};

    return parts;
}

static void assert_makes(const struct hsm_public_parts *parts, EVP_PKEY *expected)
{
    EVP_PKEY *key = NULL;

    assert_true(hsm_public_complete(parts));
    assert_true(hsm_public_make(libctx, parts, "key", &key, &shown));
    assert_int_equal(EVP_PKEY_eq(key, expected), 1);
    assert_int_equal(ERR_peek_error(), 0);
    EVP_PKEY_free(key);
}

static void assert_refuses(const struct hsm_public_parts *parts, enum ska_reason reason,
                           const char *words)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    EVP_PKEY *key = NULL;

    assert_false(hsm_public_make(libctx, parts, "that key", &key, &errors));
    assert_raised(&recorder, reason, words);
    assert_null(key);
}

/* The point, raw behind an OCTET STRING header of the length given by the return value. */
static size_t point_of(EVP_PKEY *key, uint8_t wrapped[160], struct ska_span *raw)
{
    uint8_t point[160];
    size_t length = 0;
    size_t header = 0;

    assert_true(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
                                                &length));
    wrapped[header++] = 0x04;
    if (length > 127)
        wrapped[header++] = 0x81;
    wrapped[header++] = (uint8_t)length;
    memcpy(wrapped + header, point, length);
    *raw = ska_span(wrapped + header, length);
    return header + length;
}

static void takes_points_raw_and_wrapped(void **state)
{
    static const struct {
        const char *type;
        const char *curve;
        CK_KEY_TYPE key_type;
        struct ska_span parameters;
    } kinds[] = {{"EC", "P-256", CKK_EC, {p256, sizeof(p256)}},
                 {"EC", "P-521", CKK_EC, {p521, sizeof(p521)}},
                 {"ED25519", NULL, CKK_EC_EDWARDS, {ed25519, sizeof(ed25519)}},
                 {"ED448", NULL, CKK_EC_EDWARDS, {ed448, sizeof(ed448)}},
                 /* As modules older than Cryptoki 3.0 have it. */
                 {"ED25519", NULL, CKK_EC, {ed25519, sizeof(ed25519)}},
                 {"ED25519",
                  NULL,
                  CKK_EC_EDWARDS,
                  {(const uint8_t *)"\x13\x0C"
                                    "edwards25519",
                   14}},
                 {"ED448",
                  NULL,
                  CKK_EC_EDWARDS,
                  {(const uint8_t *)"\x13\x0A"
                                    "edwards448",
                   12}},
                 {"EC",
                  "P-256",
                  CKK_EC,
                  {(const uint8_t *)"\x13\x0A"
                                    "prime256v1",
                   12}}};

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        EVP_PKEY *key = kinds[i].curve == NULL
                            ? EVP_PKEY_Q_keygen(libctx, NULL, kinds[i].type)
                            : EVP_PKEY_Q_keygen(libctx, NULL, "EC", kinds[i].curve);
        uint8_t wrapped[160];
        struct ska_span raw;
        size_t length = point_of(key, wrapped, &raw);
        struct hsm_public_parts parts =
            parts_of(kinds[i].key_type, kinds[i].parameters, ska_span(wrapped, length));

        assert_makes(&parts, key);
        parts.point = raw;
        assert_makes(&parts, key);
        parts.point.length--;
        assert_refuses(&parts, SKA_R_BAD_KEY, "\"that key\"");
        parts.point = ska_span(wrapped, length - 1);
        assert_refuses(&parts, SKA_R_BAD_KEY, "not a valid public key");
        wrapped[length] = 0;
        parts.point = ska_span(wrapped, length + 1);
        assert_refuses(&parts, SKA_R_BAD_KEY, "not a valid public key");
        EVP_PKEY_free(key);
    }
}

/* Other software knows the key by its uncompressed point only, and so do we in the end. */
static void takes_other_forms_of_points(void **state)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(libctx, NULL, "EC", "P-256");
    uint8_t wrapped[160];
    uint8_t bits[160] = {0x03};
    struct ska_span raw;
    struct hsm_public_parts parts;

    (void)state;
    point_of(key, wrapped, &raw);
    /* A BIT STRING; it must not have unused bits. */
    bits[1] = 66;
    memcpy(bits + 3, raw.data, 65);
    parts = parts_of(CKK_EC, SPAN(p256), ska_span(bits, 68));
    assert_makes(&parts, key);
    bits[2] = 1;
    assert_refuses(&parts, SKA_R_BAD_KEY, "not a valid public key");
    /* X and Y alone. */
    parts.point = ska_span(raw.data + 1, 64);
    assert_makes(&parts, key);
    bits[0] = 0x04;
    bits[1] = 64;
    memcpy(bits + 2, raw.data + 1, 64);
    parts.point = ska_span(bits, 66);
    assert_makes(&parts, key);
    /* Compressed. */
    wrapped[1] = 33;
    wrapped[2] = raw.data[64] % 2 == 0 ? 2 : 3;
    parts.point = ska_span(wrapped, 35);
    assert_makes(&parts, key);
    parts.point = ska_span(wrapped + 2, 33);
    assert_makes(&parts, key);
    wrapped[2] = 5;
    assert_refuses(&parts, SKA_R_BAD_KEY, "not a valid public key");
    EVP_PKEY_free(key);
}

/* A curve that is spelled out is the one that it is. */
static void knows_explicit_curves(void **state)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(libctx, NULL, "EC", "P-384");
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_secp384r1);
    unsigned char *der = NULL;
    uint8_t wrapped[160];
    struct ska_span raw;
    struct hsm_public_parts parts;
    int length = 0;

    (void)state;
    point_of(key, wrapped, &raw);
    EC_GROUP_set_asn1_flag(group, OPENSSL_EC_EXPLICIT_CURVE);
    length = i2d_ECPKParameters(group, &der);
    assert_true(length > 100);
    parts = parts_of(CKK_EC, ska_span(der, (size_t)length), raw);
    assert_makes(&parts, key);
    der[length - 3] ^= 1; /* another order, or cofactor */
    assert_refuses(&parts, SKA_R_UNSUPPORTED, "does not know by name");
    OPENSSL_free(der);
    EC_GROUP_free(group);
    EVP_PKEY_free(key);
}

/* What the private object itself may tell. */
static void takes_a_whole_public_key(void **state)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(libctx, NULL, "EC", "P-256");
    EVP_PKEY *rsa = EVP_PKEY_Q_keygen(libctx, NULL, "RSA", (size_t)1024);
    unsigned char *der = NULL;
    struct hsm_public_parts parts = {.key_type = CKK_EC, .parameters = SPAN(p256)};

    (void)state;
    parts.info = ska_span(der, (size_t)i2d_PUBKEY(key, &der));
    parts.info.data = der;
    assert_makes(&parts, key);
    parts.parameters = ska_span(NULL, 0);
    assert_makes(&parts, key);
    parts.parameters = SPAN(p384);
    assert_refuses(&parts, SKA_R_BAD_KEY, "not a valid public key");
    OPENSSL_free(der);
    der = NULL;
    parts = (struct hsm_public_parts){.key_type = CKK_RSA};
    parts.info = ska_span(der, (size_t)i2d_PUBKEY(rsa, &der));
    parts.info.data = der;
    assert_makes(&parts, rsa);
    parts.info.length--;
    assert_refuses(&parts, SKA_R_BAD_KEY, "not a valid public key");
    OPENSSL_free(der);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(key);
}

/* A raw point that reads as an OCTET STRING too: 04 3F and 63 more bytes. */
static void does_not_unwrap_a_raw_point(void **state)
{
    (void)state;
    for (;;) {
        EVP_PKEY *key = EVP_PKEY_Q_keygen(libctx, NULL, "EC", "P-256");
        uint8_t wrapped[160];
        struct ska_span raw;
        bool ambiguous = false;

        point_of(key, wrapped, &raw);
        ambiguous = raw.data[1] == 0x3F;
        if (ambiguous) {
            struct hsm_public_parts parts = parts_of(CKK_EC, SPAN(p256), raw);

            assert_makes(&parts, key);
        }
        EVP_PKEY_free(key);
        if (ambiguous)
            return;
    }
}

static void refuses_points_off_the_curve(void **state)
{
    uint8_t point[65] = {0x04, 1};
    struct hsm_public_parts parts = parts_of(CKK_EC, SPAN(p256), SPAN(point));

    (void)state;
    assert_refuses(&parts, SKA_R_BAD_KEY, "not a valid public key");
    memset(point, 0, sizeof(point));
    assert_refuses(&parts, SKA_R_BAD_KEY, "not a valid public key");
}

static void refuses_what_it_does_not_know(void **state)
{
    static const uint8_t point[65] = {0x04};
    static const struct {
        CK_KEY_TYPE type;
        struct ska_span parameters;
        const char *words;
    } unknown[] = {
        {CKK_DSA, {p256, sizeof(p256)}, "CKK 0x1"},
        {CKK_AES, {NULL, 0}, "CKK 0x1F"},
        {CKK_EC, {NULL, 0}, "curve"},
        {CKK_EC, {p256, sizeof(p256) - 1}, "curve"},
        {CKK_EC, {(const uint8_t *)"\x30\x03\x02\x01\x01", 5}, "curve"}, /* explicit */
        {CKK_EC, {(const uint8_t *)"\x05\x00", 2}, "curve"},             /* implicit */
        {CKK_EC, {(const uint8_t *)"\x06\x03\x2A\x03\x04", 5}, "curve"}, /* some OID */
        {CKK_EC, {(const uint8_t *)"\x06\x03\x55\x04\x03", 5}, "curve"}, /* commonName */
        {CKK_EC, {(const uint8_t *)"\x13\x02\x43\x4E", 4}, "curve"},     /* "CN" */
        {CKK_EC, {(const uint8_t *)"\x13\x03p\x00p", 5}, "curve"},
        {CKK_EC, {(const uint8_t *)"\x06\x05\x2B\x81\x04\x00\x23\x00", 8}, "curve"},
        {CKK_EC_EDWARDS, {p256, sizeof(p256)}, "curve"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        struct hsm_public_parts parts =
            parts_of(unknown[i].type, unknown[i].parameters, SPAN(point));

        assert_refuses(&parts, SKA_R_UNSUPPORTED, unknown[i].words);
    }
}

static void takes_rsa_numbers(void **state)
{
    static const CK_MECHANISM_TYPE mixed[] = {CKM_SHA256_RSA_PKCS_PSS, CKM_RSA_PKCS};
    static const CK_MECHANISM_TYPE pss[] = {CKM_SHA256_RSA_PKCS_PSS, CKM_RSA_PKCS_PSS};
    EVP_PKEY *key = EVP_PKEY_Q_keygen(libctx, NULL, "RSA", (size_t)2048);
    BIGNUM *number = NULL;
    uint8_t modulus[257] = {0};
    uint8_t exponent[] = {0, 1, 0, 1};
    struct hsm_public_parts parts = {.key_type = CKK_RSA};
    enum ska_key_type type = SKA_KEY_EC;

    (void)state;
    assert_true(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &number));
    assert_int_equal(BN_bn2binpad(number, modulus + 1, 256), 256);
    BN_free(number);
    assert_false(hsm_public_complete(&parts));
    parts.modulus = ska_span(modulus + 1, 256);
    assert_false(hsm_public_complete(&parts));
    parts.exponent = ska_span(exponent + 1, 3);
    assert_makes(&parts, key);
    parts.modulus = SPAN(modulus);
    parts.exponent = SPAN(exponent);
    assert_makes(&parts, key);
    parts.mechanisms = ska_span(mixed, sizeof(mixed));
    assert_true(hsm_public_type(&parts, &type));
    assert_int_equal(type, SKA_KEY_RSA);
    parts.mechanisms = ska_span(pss, sizeof(pss));
    assert_true(hsm_public_type(&parts, &type));
    assert_int_equal(type, SKA_KEY_RSA_PSS);
    EVP_PKEY_free(key);

    memset(modulus, 0, sizeof(modulus));
    assert_refuses(&parts, SKA_R_BAD_KEY, "not a valid public key");
}

/* ---- Certificates ---------------------------------------------------------------------------- */

/* Free *der with OPENSSL_free(). */
static struct ska_span certificate_of(EVP_PKEY *key, unsigned char **der)
{
    EVP_PKEY *issuer = EVP_PKEY_Q_keygen(libctx, NULL, "EC", "P-256");
    X509 *certificate = X509_new_ex(libctx, NULL);
    int length = 0;

    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1), 1);
    set_certificate_name(certificate, "seal");
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, issuer, EVP_sha256()) > 0);
    *der = NULL;
    length = i2d_X509(certificate, der);
    assert_true(length > 0);
    X509_free(certificate);
    EVP_PKEY_free(issuer);
    return ska_span(*der, (size_t)length);
}

static EVP_PKEY *key_of_kind(const char *type, const char *curve)
{
    if (strcmp(type, "RSA") == 0)
        return EVP_PKEY_Q_keygen(libctx, NULL, "RSA", (size_t)2048);
    return curve == NULL ? EVP_PKEY_Q_keygen(libctx, NULL, type)
                         : EVP_PKEY_Q_keygen(libctx, NULL, "EC", curve);
}

/* By what a private key shows of itself a certificate is its own, or may be: same kind and curve.
 */
static void takes_certificates_of_its_kind_and_curve_only(void **state)
{
    static const struct {
        const char *type;
        const char *curve;
        CK_KEY_TYPE key_type;
        struct ska_span parameters;
    } kinds[] = {{"EC", "P-256", CKK_EC, {p256, sizeof(p256)}},
                 {"EC", "P-521", CKK_EC, {p521, sizeof(p521)}},
                 {"EC", "secp256k1", CKK_EC, {secp256k1, sizeof(secp256k1)}},
                 {"ED25519", NULL, CKK_EC_EDWARDS, {ed25519, sizeof(ed25519)}},
                 {"ED448", NULL, CKK_EC_EDWARDS, {ed448, sizeof(ed448)}},
                 {"RSA", NULL, CKK_RSA, {NULL, 0}}};
    const size_t count = sizeof(kinds) / sizeof(kinds[0]);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        EVP_PKEY *certified = key_of_kind(kinds[i].type, kinds[i].curve);
        unsigned char *der = NULL;
        struct ska_span certificate = certificate_of(certified, &der);

        for (size_t j = 0; j < count; j++) {
            struct hsm_public_parts parts =
                parts_of(kinds[j].key_type, kinds[j].parameters, ska_span(NULL, 0));
            struct recorder recorder;
            struct ska_errors errors = errors_into(&recorder);
            EVP_PKEY *key = NULL;

            assert_int_equal(
                hsm_public_from_certificate(libctx, certificate, &parts, "that key", &key, &errors),
                i == j);
            if (i == j)
                assert_int_equal(EVP_PKEY_eq(key, certified), 1);
            else
                assert_raised(&recorder, SKA_R_BAD_KEY, "the certificate of key \"that key\"");
            EVP_PKEY_free(key);
            assert_int_equal(ERR_peek_error(), 0);
        }
        OPENSSL_free(der);
        EVP_PKEY_free(certified);
    }
}

static void writes_parameters(void **state)
{
    static const struct {
        enum ska_key_type type;
        const char *curve;
        struct ska_span expected;
    } known[] = {{SKA_KEY_EC, "P-256", {p256, sizeof(p256)}},
                 {SKA_KEY_EC, "prime256v1", {p256, sizeof(p256)}},
                 {SKA_KEY_EC, "secp521r1", {p521, sizeof(p521)}},
                 {SKA_KEY_ED25519, NULL, {ed25519, sizeof(ed25519)}},
                 {SKA_KEY_ED448, "ignored", {ed448, sizeof(ed448)}}};
    static const char *const unknown[] = {NULL, "", "P-257", "CN", "ED25519"};

    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct ska_bytes parameters = {NULL, 0};

        assert_true(hsm_public_parameters(known[i].type, known[i].curve, &parameters, &shown));
        assert_true(ska_span_equal(ska_span_of(&parameters), known[i].expected));
        ska_bytes_free(&parameters);
    }
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        struct ska_bytes parameters = {NULL, 0};
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);

        assert_false(hsm_public_parameters(SKA_KEY_EC, unknown[i], &parameters, &errors));
        assert_raised(&recorder, SKA_R_UNSUPPORTED, "curve");
    }
}

/* r and s are numbers: shortest form in DER, a zero in front where the highest bit is set. */
static void turns_ecdsa_signatures_into_der(void **state)
{
    static const uint8_t expected[] = {
        0x30, 0x26, 0x02, 0x21, 0x00, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0,    0,
        0,    0,    0,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x01, 0x07};
    uint8_t raw[64] = {0x80};
    uint8_t der[80];
    size_t length = sizeof(der);

    (void)state;
    raw[63] = 7;
    assert_true(backend_signature_finish(SKA_KEY_EC, 256, SPAN(raw), der, &length, &shown));
    assert_int_equal(length, sizeof(expected));
    assert_memory_equal(der, expected, sizeof(expected));
    length = sizeof(expected);
    assert_true(backend_signature_finish(SKA_KEY_EC, 256, SPAN(raw), der, &length, &shown));
    length = sizeof(expected) - 1;
    assert_false(backend_signature_finish(SKA_KEY_EC, 256, SPAN(raw), der, &length, NULL));
    length = sizeof(der);
    raw[63] = 0;
    assert_false(backend_signature_finish(SKA_KEY_EC, 256, SPAN(raw), der, &length, NULL));
    assert_false(backend_signature_finish(SKA_KEY_EC, 384, SPAN(raw), der, &length, NULL));
    assert_int_equal(ERR_peek_error(), 0);
}

/* libcrypto's own encoding of the same numbers. */
static size_t libcrypto_der(const uint8_t *raw, size_t half, uint8_t *der)
{
    ECDSA_SIG *parts = ECDSA_SIG_new();
    unsigned char *next = der;
    int length = 0;

    assert_true(ECDSA_SIG_set0(parts, BN_bin2bn(raw, (int)half, NULL),
                               BN_bin2bn(raw + half, (int)half, NULL)));
    length = i2d_ECDSA_SIG(parts, &next);
    assert_true(length > 0);
    ECDSA_SIG_free(parts);
    return (size_t)length;
}

/* Numbers of every length, with and without a high bit; of P-521 with long lengths in the DER. */
static void encodes_ecdsa_signatures_as_libcrypto_does(void **state)
{
    static const uint8_t first[] = {0x01, 0x7f, 0x80, 0xff};
    static const unsigned int bits[] = {224, 256, 384, 512, 521};

    (void)state;
    for (size_t curve = 0; curve < sizeof(bits) / sizeof(bits[0]); curve++) {
        size_t half = (bits[curve] + 7) / 8;

        for (size_t zeros = 0; zeros < half; zeros++)
            for (size_t i = 0; i < sizeof(first); i++) {
                uint8_t raw[2 * 66];
                uint8_t expected[160];
                uint8_t der[160];
                size_t wanted = 0;
                size_t length = sizeof(der);

                assert_true(RAND_bytes(raw, sizeof(raw)) == 1);
                memset(raw, 0, zeros);
                raw[zeros] = first[i];
                memset(raw + half, 0, half - 1 - zeros);
                raw[half + half - 1 - zeros] = first[sizeof(first) - 1 - i];
                wanted = libcrypto_der(raw, half, expected);
                assert_true(backend_signature_finish(
                    SKA_KEY_EC, bits[curve], ska_span(raw, 2 * half), der, &length, &shown));
                assert_int_equal(length, wanted);
                assert_memory_equal(der, expected, wanted);
                length = wanted - 1;
                assert_false(backend_signature_finish(SKA_KEY_EC, bits[curve],
                                                      ska_span(raw, 2 * half), der, &length, NULL));
            }
    }
}

/* Modules give a timestamp's signature as DER, too: then its numbers must be those of the curve. */
static void takes_der_of_this_curve_only(void **state)
{
    uint8_t raw[2 * 66] = {0};
    uint8_t der[160];
    uint8_t made[160];

    (void)state;
    for (size_t half = 31; half <= 34; half++) {
        size_t length = sizeof(made);
        size_t given = 0;

        memset(raw, 0x80, sizeof(raw));
        given = libcrypto_der(raw, half, der);
        assert_int_equal(backend_signature_finish_either(SKA_KEY_EC, 256, ska_span(der, given),
                                                         made, &length, NULL),
                         half <= 32);
        if (half <= 32) {
            assert_int_equal(length, given);
            assert_memory_equal(made, der, given);
        }
    }
    for (size_t zero = 0; zero < 2; zero++) {
        size_t length = sizeof(made);
        size_t given = 0;

        memset(raw, 0, sizeof(raw));
        raw[zero == 0 ? 63 : 31] = 1;
        given = libcrypto_der(raw, 32, der);
        assert_false(backend_signature_finish_either(SKA_KEY_EC, 256, ska_span(der, given), made,
                                                     &length, NULL));
    }
}

/* What does not fit is not written. */
static void writes_no_more_than_there_is_room_for(void **state)
{
    static const uint8_t raw[64] = {1};
    uint8_t made[64] = {0};
    size_t length = sizeof(made) - 1;
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    assert_false(backend_signature_finish(SKA_KEY_ED25519, 256, SPAN(raw), made, &length, &errors));
    assert_raised(&recorder, SKA_R_INTERNAL, "63 bytes for a signature of 64");
    assert_int_equal(made[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_points_raw_and_wrapped),
        cmocka_unit_test(takes_other_forms_of_points),
        cmocka_unit_test(knows_explicit_curves),
        cmocka_unit_test(takes_a_whole_public_key),
        cmocka_unit_test(does_not_unwrap_a_raw_point),
        cmocka_unit_test(refuses_points_off_the_curve),
        cmocka_unit_test(refuses_what_it_does_not_know),
        cmocka_unit_test(takes_rsa_numbers),
        cmocka_unit_test(takes_certificates_of_its_kind_and_curve_only),
        cmocka_unit_test(writes_parameters),
        cmocka_unit_test(turns_ecdsa_signatures_into_der),
        cmocka_unit_test(encodes_ecdsa_signatures_as_libcrypto_does),
        cmocka_unit_test(takes_der_of_this_curve_only),
        cmocka_unit_test(writes_no_more_than_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, support_begin, support_end);
}
