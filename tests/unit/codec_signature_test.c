/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of approvers: the published approval, every algorithm and digest, the DER structure
 * against bytes written by hand, and what must not verify.
 */
#include "codec_support.h"

#include <sys/mman.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

#include "provider/base/evp_key.h"
#include "provider/base/spki.h"
#include "provider/rule/rule_codec.h"
#include "provider/request/approver_signature.h"

/* ---- Keys ----------------------------------------------------------------------------------- */

static const char dsa_2048[] = "-----BEGIN DSA PARAMETERS-----\n"
                               "MIICLAKCAQEA2cxyFGLzVY8wXBhkkEIJNoXRAQGAogSvAR6BsQkmrgR+YMv+HXx9\n"
                               "PVwPEHfPG5I2ZzQOR+h4DU5Y+UzDCp9LW9PUF0bBQzCoNoAKRPO1k4RogOog1Ndb\n"
                               "dQD1quaEIgtem76KZFIKH2tKAFZt+Z1L+8FdskYbADva/zzEBFAWZRk0L3fVVfBw\n"
                               "Z+tz7aSOXBo9A/N9uIPxAz/M7XsSQ/kWTg+aLXmKr03xjlzoAuTVjJzocjCk+sNA\n"
                               "IkSt6FpzNkt4DvdzlbOWkEsYyJAHi6rdw0KFgCnBTfL//V8CGYH+Kk43E5ELMEG8\n"
                               "2T4aiwzQLSOluSpyiej4loGUEcUDg9T+vQIhAKEY+WqVhrasA2aWm5ukve7NEh/0\n"
                               "8BJkxZ35nZIyw1FXAoIBAAdzVf211xkGmvmcTq9FcW+CIalO4ajB2PiSO/x2CY5M\n"
                               "doyeJcjea4y0EolGJN0XgbSLXP3nKrZEZqo5K2PH9MB4/UxgGoonbbCISeWqaKeD\n"
                               "pH4WhV6Y43lIG/agN9kQxZ1wetko0PdUjFqi9qpXpoT41QruO8AWGiJMIoJNsgBg\n"
                               "qgr6vwfyyKGSydMx/XUHKrVHleyu/RXjr5Yax+QLDayPVXfbyUa73SZj08m94sk2\n"
                               "lGUNwo9xVSoQZD+AKOkgkmI7unjierfMcYhtxR8uuXLoNNp+5EUrKUC3/ty+NT2D\n"
                               "/zSscO8HgrAxJIiDoqs8fcA7ROF6N1wjVrsFwpc7SxI=\n"
                               "-----END DSA PARAMETERS-----\n";

static const char dsa_1024[] = "-----BEGIN DSA PARAMETERS-----\n"
                               "MIIBHgKBgQCgWZLKY23OH/NSEjHzgyT8l4MawUe4ugwS4gyxzoTs+DQ1uPkH113b\n"
                               "NzG3pqmSxUXLB0stvyYZh5HXPPta7IKghKEnXVb7cYVQ7UeqXQ8Lt8ymevx0/34p\n"
                               "yFlbQIKB8f5OfgpKhc+ciR01gsbG+1eyQAm73xwy3Iy+2Bdz3xr1CQIVAKhlyt5H\n"
                               "21TsmGjhe2jYSpikIjAhAoGAF/4Gd/WRY/in9Nmy8B+vEo1qtzHrhuKTeLCqnGoW\n"
                               "UKSaN7rJeYtuQQDuiYLynuRyC1CkRt4FhTUds56fzp89XZeMB3MRibINBvFlU8+Q\n"
                               "dZEDiY6bSgpBDvZRKAdIiG6o7Udn80Wp18L3P+U3qk0xcq2PLzVchMDJ9tIh3H5g\n"
                               "X58=\n"
                               "-----END DSA PARAMETERS-----\n";

static EVP_PKEY *generate_dsa(const char *parameters)
{
    BIO *bio = BIO_new_mem_buf(parameters, -1);
    EVP_PKEY *domain = PEM_read_bio_Parameters(bio, NULL), *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(domain, NULL);

    assert_int_equal(EVP_PKEY_keygen_init(context), 1);
    assert_int_equal(EVP_PKEY_keygen(context, &key), 1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(domain);
    BIO_free(bio);
    return key;
}

static EVP_PKEY *generate(const char *kind)
{
    EVP_PKEY *key = NULL;

    if (strncmp(kind, "RSA-", 4) == 0)
        key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)atoi(kind + 4));
    else if (strcmp(kind, "DSA-2048") == 0)
        key = generate_dsa(dsa_2048);
    else if (strcmp(kind, "DSA-1024") == 0)
        key = generate_dsa(dsa_1024);
    else if (strncmp(kind, "ED", 2) == 0 || strncmp(kind, "X", 1) == 0)
        key = EVP_PKEY_Q_keygen(NULL, NULL, kind);
    else
        key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind);
    assert_non_null(key);
    return key;
}

static struct ska_bytes public_key_of(EVP_PKEY *key)
{
    struct ska_bytes bytes = {NULL, 0};
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(key, &der);

    assert_true(length > 0);
    assert_true(ska_bytes_copy(&bytes, ska_span(der, (size_t)length), NULL));
    OPENSSL_free(der);
    return bytes;
}

/* As an approver does it without our tools. */
static struct ska_bytes sign(EVP_PKEY *key, const char *digest, struct ska_span message)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    struct ska_bytes signature = {NULL, 0};

    assert_int_equal(EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL, key, NULL), 1);
    assert_int_equal(EVP_DigestSign(context, NULL, &signature.length, message.data, message.length),
                     1);
    signature.data = malloc(signature.length);
    assert_int_equal(
        EVP_DigestSign(context, signature.data, &signature.length, message.data, message.length),
        1);
    EVP_MD_CTX_free(context);
    return signature;
}

static const struct ska_span message = {(const uint8_t *)"an approval token, say", 22};

/* ---- The published approval ----------------------------------------------------------------- */

struct published {
    struct ska_bytes token, signature;
    struct ska_approver approver;
};

static struct published read_published(void)
{
    cJSON *vectors = read_vectors();
    const cJSON *tokens = cJSON_GetObjectItemCaseSensitive(vectors, "tokens"), *vector = NULL;
    struct published published = {0};

    cJSON_ArrayForEach(vector, tokens)
    {
        const cJSON *approval = cJSON_GetObjectItemCaseSensitive(vector, "approval");

        if (approval == NULL)
            continue;
        published.token = base64_in(vector, "approvalToBeSigned");
        published.signature = base64_in(approval, "signature");
        published.approver.type = SKA_APPROVER_CERTIFICATE;
        published.approver.data = base64_in(approval, "approverCertificate");
        assert_string_equal(text_in(approval, "approvalDigestAlgorithm"), "SHA-256");
    }
    cJSON_Delete(vectors);
    assert_non_null(published.token.data);
    assert_true(ska_approver_identify(&published.approver, NULL));
    return published;
}

static void free_published(struct published *published)
{
    ska_bytes_free(&published->token);
    ska_bytes_free(&published->signature);
    ska_bytes_free(&published->approver.data);
    ska_bytes_free(&published->approver.public_key);
}

static bool verify_published(const struct published *published)
{
    return ska_signature_verify(NULL, ska_span_of(&published->approver.public_key), "SHA-256",
                                ska_span_of(&published->signature), ska_span_of(&published->token));
}

static void published_approval_verifies(void **state)
{
    struct published published = read_published();
    struct ska_span key = ska_span_of(&published.approver.public_key);
    struct ska_span signature = ska_span_of(&published.signature);
    struct ska_span token = ska_span_of(&published.token);

    (void)state;
    assert_true(verify_published(&published));
    assert_true(ska_signature_verify(NULL, key, "sha256", signature, token));
    assert_false(ska_signature_verify(NULL, key, "SHA-512", signature, token));
    assert_false(ska_signature_verify(NULL, key, "SHA-1", signature, token));
    assert_false(ska_signature_verify(NULL, key, NULL, signature, token));
    /* The length header of the token is signed too. */
    assert_false(ska_signature_verify(NULL, key, "SHA-256", signature,
                                      ska_span(token.data + 4, token.length - 4)));
    assert_false(ska_signature_verify(NULL, key, "SHA-256",
                                      ska_span(signature.data, signature.length - 1), token));
    assert_false(ska_signature_verify(NULL, key, "SHA-256", ska_span(NULL, 0), token));
    free_published(&published);
}

static void published_approval_fails_with_any_bit_changed(void **state)
{
    struct published published = read_published();
    struct ska_bytes *parts[] = {&published.token, &published.signature};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (size_t bit = 0; bit < parts[i]->length * 8; bit++) {
            parts[i]->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_false(verify_published(&published));
            parts[i]->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
    }
    assert_true(verify_published(&published));
    free_published(&published);
}

/* ---- All algorithms ------------------------------------------------------------------------- */

/* The AlgorithmIdentifier of each, in DER, put together by hand from the registered OIDs. */
static const struct algorithm {
    const char *kind, *digest, *fetch, *identifier;
} algorithms[] = {
    {"RSA-2048", "SHA-224", "SHA224", "300D06092A864886F70D01010E0500"},
    {"RSA-2048", "SHA-256", "SHA256", "300D06092A864886F70D01010B0500"},
    {"RSA-2048", "SHA-384", "SHA384", "300D06092A864886F70D01010C0500"},
    {"RSA-2048", "SHA-512", "SHA512", "300D06092A864886F70D01010D0500"},
    {"RSA-2048", "SHA3-224", "SHA3-224", "300D060960864801650304030D0500"},
    {"RSA-2048", "SHA3-256", "SHA3-256", "300D060960864801650304030E0500"},
    {"RSA-2048", "SHA3-384", "SHA3-384", "300D060960864801650304030F0500"},
    {"RSA-2048", "SHA3-512", "SHA3-512", "300D06096086480165030403100500"},
    {"DSA-2048", "SHA-224", "SHA224", "300D06096086480165030403010500"},
    {"DSA-2048", "SHA-256", "SHA256", "300D06096086480165030403020500"},
    {"DSA-2048", "SHA-384", "SHA384", "300D06096086480165030403030500"},
    {"DSA-2048", "SHA-512", "SHA512", "300D06096086480165030403040500"},
    {"DSA-2048", "SHA3-224", "SHA3-224", "300D06096086480165030403050500"},
    {"DSA-2048", "SHA3-256", "SHA3-256", "300D06096086480165030403060500"},
    {"DSA-2048", "SHA3-384", "SHA3-384", "300D06096086480165030403070500"},
    {"DSA-2048", "SHA3-512", "SHA3-512", "300D06096086480165030403080500"},
    {"P-224", "SHA-224", "SHA224", "300C06082A8648CE3D0403010500"},
    {"P-256", "SHA-256", "SHA256", "300C06082A8648CE3D0403020500"},
    {"P-384", "SHA-384", "SHA384", "300C06082A8648CE3D0403030500"},
    {"P-521", "SHA-512", "SHA512", "300C06082A8648CE3D0403040500"},
    {"secp256k1", "SHA-256", "SHA256", "300C06082A8648CE3D0403020500"},
    {"brainpoolP256r1", "SHA-256", "SHA256", "300C06082A8648CE3D0403020500"},
    {"P-256", "SHA3-224", "SHA3-224", "300D06096086480165030403090500"},
    {"P-256", "SHA3-256", "SHA3-256", "300D060960864801650304030A0500"},
    {"P-256", "SHA3-384", "SHA3-384", "300D060960864801650304030B0500"},
    {"P-256", "SHA3-512", "SHA3-512", "300D060960864801650304030C0500"},
    {"ED25519", "EdDSA", NULL, "300506032B6570"},
    {"ED448", "EdDSA", NULL, "300506032B6571"},
};

/* SEQUENCE { identifier, BIT STRING } by hand; lengths up to 65535. */
static size_t der_header(uint8_t *to, uint8_t tag, size_t length)
{
    size_t at = 0;

    to[at++] = tag;
    if (length > 0xFF)
        to[at++] = 0x82;
    else if (length > 0x7F)
        to[at++] = 0x81;
    if (length > 0xFF)
        to[at++] = (uint8_t)(length >> 8);
    to[at++] = (uint8_t)length;
    return at;
}

static struct ska_bytes by_hand(const char *identifier, uint8_t unused, struct ska_span plain)
{
    struct ska_bytes id = from_hex(identifier);
    struct ska_buffer buffer = {0};
    struct ska_bytes der = {NULL, 0};
    uint8_t outer[4], inner[4];
    size_t inner_length = der_header(inner, 0x03, plain.length + 1);
    size_t outer_length = der_header(outer, 0x30, id.length + inner_length + 1 + plain.length);

    ska_buffer_add(&buffer, outer, outer_length);
    ska_buffer_add(&buffer, id.data, id.length);
    ska_buffer_add(&buffer, inner, inner_length);
    ska_buffer_add(&buffer, &unused, 1);
    ska_buffer_add(&buffer, plain.data, plain.length);
    assert_true(ska_buffer_finish(&buffer, &der, NULL));
    ska_bytes_free(&id);
    return der;
}

static void check_algorithm(const struct algorithm *algorithm, EVP_PKEY *key)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_bytes spki = public_key_of(key);
    struct ska_bytes plain = sign(key, algorithm->fetch, message);
    struct ska_bytes expected = by_hand(algorithm->identifier, 0, ska_span_of(&plain));
    struct ska_bytes der = {NULL, 0}, back = {NULL, 0};
    const char *digest = NULL;

    assert_true(ska_signature_verify(NULL, ska_span_of(&spki), algorithm->digest,
                                     ska_span_of(&plain), message));
    assert_true(ska_signature_to_der(ska_span_of(&spki), algorithm->digest, ska_span_of(&plain),
                                     &der, &errors));
    assert_span_equal(ska_span_of(&der), ska_span_of(&expected));
    assert_true(ska_signature_from_der(ska_span_of(&der), &digest, &back, &errors));
    assert_string_equal(digest, algorithm->digest);
    assert_span_equal(ska_span_of(&back), ska_span_of(&plain));

    plain.data[plain.length / 2] ^= 1;
    assert_false(ska_signature_verify(NULL, ska_span_of(&spki), algorithm->digest,
                                      ska_span_of(&plain), message));
    ska_bytes_free(&spki);
    ska_bytes_free(&plain);
    ska_bytes_free(&expected);
    ska_bytes_free(&der);
    ska_bytes_free(&back);
}

static void all_algorithms_convert_and_verify(void **state)
{
    EVP_PKEY *key = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (i == 0 || strcmp(algorithms[i].kind, algorithms[i - 1].kind) != 0) {
            EVP_PKEY_free(key);
            key = generate(algorithms[i].kind);
        }
        check_algorithm(&algorithms[i], key);
    }
    EVP_PKEY_free(key);
}

/* A signature that ends in zero bits keeps them. */
static void zeros_at_the_end_stay(void **state)
{
    static const uint8_t zeros[64];
    EVP_PKEY *key = generate("ED25519");
    struct ska_bytes spki = public_key_of(key), der = {NULL, 0}, back = {NULL, 0};
    const char *digest = NULL;

    (void)state;
    assert_true(
        ska_signature_to_der(ska_span_of(&spki), "SHA-512", ska_span(zeros, 64), &der, NULL));
    assert_true(ska_signature_from_der(ska_span_of(&der), &digest, &back, NULL));
    assert_span_equal(ska_span_of(&back), ska_span(zeros, 64));
    ska_bytes_free(&spki);
    ska_bytes_free(&der);
    ska_bytes_free(&back);
    EVP_PKEY_free(key);
}

/* ---- The DER structure ---------------------------------------------------------------------- */

static const struct {
    const char *name, *hex, *digest; /* digest NULL: must be refused */
} structures[] = {
    {"EC, NULL", "3012300C06082A8648CE3D0403020500030200AA", "SHA-256"},
    {"EC, absent", "3010300A06082A8648CE3D040302030200AA", "SHA-256"},
    {"RSA, absent", "3011300B06092A864886F70D01010C030200AA", "SHA-384"},
    {"Ed25519, absent", "300B300506032B6570030200AA", "EdDSA"},
    {"Ed448, NULL", "300D300706032B65710500030200AA", "EdDSA"},
    {"empty", "", NULL},
    {"trailing byte", "3010300A06082A8648CE3D040302030200AA00", NULL},
    {"trailing byte inside", "3011300A06082A8648CE3D040302030200AA00", NULL},
    {"cut", "3010300A06082A8648CE3D040302030200", NULL},
    {"parameters", "3013300D06082A8648CE3D040302020100030200AA", NULL},
    {"a sequence as parameters", "3012300C06082A8648CE3D0403023000030200AA", NULL},
    {"an object as parameters", "3015300F06082A8648CE3D04030206032A0304030200AA", NULL},
    {"unused bits", "3010300A06082A8648CE3D040302030204A0", NULL},
    {"no signature", "300F300A06082A8648CE3D040302030100", NULL},
    {"octet string", "300F300A06082A8648CE3D0403020401AA", NULL},
    {"unknown algorithm", "3010300A06082A8648CE3D0403FF7F030200AA", NULL},
    {"long form of a length", "308110300A06082A8648CE3D040302030200AA", NULL},
    {"indefinite length", "3080300A06082A8648CE3D040302030200AA0000", NULL},
    {"ecdsa-with-SHA1", "300F300906072A8648CE3D0401030200AA", NULL},
    {"sha1WithRSA", "3013300D06092A864886F70D0101050500030200AA", NULL},
    {"md5WithRSA", "3013300D06092A864886F70D0101040500030200AA", NULL},
    {"rsaEncryption", "3013300D06092A864886F70D0101010500030200AA", NULL},
    {"rsassaPss", "3011300B06092A864886F70D01010A030200AA", NULL},
};

static void structures_are_read_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(structures) / sizeof(structures[0]); i++) {
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);
        struct ska_bytes der = from_hex(structures[i].hex), plain = {NULL, 0};
        struct ska_span input = exact(ska_span_of(&der));
        const char *digest = NULL;
        bool read = ska_signature_from_der(input, &digest, &plain, &errors);

        if (read != (structures[i].digest != NULL))
            fail_msg("%s: %s %s", structures[i].name, read ? "accepted" : "refused", recorder.text);
        if (read) {
            assert_string_equal(digest, structures[i].digest);
            assert_span_equal(ska_span_of(&plain), ska_span("\xAA", 1));
        } else {
            assert_raised(&recorder, SKA_R_BAD_SIGNATURE);
            assert_null(plain.data);
        }
        assert_int_equal(ERR_peek_error(), 0);
        ska_bytes_free(&plain);
        ska_bytes_free(&der);
        exact_free(input);
    }
}

/* ---- Who must not approve ------------------------------------------------------------------- */

static void check_refused(const char *kind, const char *fetch)
{
    EVP_PKEY *key = generate(kind);
    struct ska_bytes spki = public_key_of(key);
    struct ska_bytes plain = sign(key, fetch, message);

    if (ska_signature_verify(NULL, ska_span_of(&spki), "SHA-256", ska_span_of(&plain), message))
        fail_msg("%s with %s was accepted", kind, fetch);
    ska_bytes_free(&spki);
    ska_bytes_free(&plain);
    EVP_PKEY_free(key);
}

static void weak_keys_and_digests_do_not_verify(void **state)
{
    (void)state;
    check_refused("RSA-1024", "SHA256");
    check_refused("RSA-2047", "SHA256");
    check_refused("DSA-1024", "SHA256");
    check_refused("prime192v1", "SHA256");
    check_refused("RSA-2048", "SHA1");
}

/* libcrypto answers these with an error of its own, not with "no". */
static void malformed_signatures_do_not_verify(void **state)
{
    static const char *const kinds[] = {"RSA-2048", "DSA-2048", "P-256", "ED25519", "ED448"};
    static const char *const signatures[] = {"00", "30", "3000", "3006020100020100",
                                             "3080020101020101"};

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        EVP_PKEY *key = generate(kinds[i]);
        struct ska_bytes spki = public_key_of(key);

        for (size_t j = 0; j < sizeof(signatures) / sizeof(signatures[0]); j++) {
            struct ska_bytes plain = from_hex(signatures[j]);

            assert_false(ska_signature_verify(NULL, ska_span_of(&spki), "SHA-256",
                                              ska_span_of(&plain), message));
            ska_bytes_free(&plain);
        }
        ska_bytes_free(&spki);
        EVP_PKEY_free(key);
    }
}

static void unsuitable_digests_do_not_convert(void **state)
{
    static const char *const names[] = {"SHA-1", "MD5", "SHAKE256", "EdDSA", "", "SHA-256 ", NULL};
    EVP_PKEY *key = generate("P-256");
    struct ska_bytes spki = public_key_of(key), plain = sign(key, "SHA256", message);
    struct ska_bytes der = {NULL, 0};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);

        assert_false(
            ska_signature_to_der(ska_span_of(&spki), names[i], ska_span_of(&plain), &der, &errors));
        assert_raised(&recorder, SKA_R_UNSUPPORTED);
        assert_false(
            ska_signature_verify(NULL, ska_span_of(&spki), names[i], ska_span_of(&plain), message));
    }
    assert_null(der.data);
    ska_bytes_free(&spki);
    ska_bytes_free(&plain);
    EVP_PKEY_free(key);
}

/* A public key approver with these bytes; whether it can be one. */
static bool can_approve(struct ska_span spki)
{
    struct ska_approver approver = {SKA_APPROVER_PUBLIC_KEY, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    bool identified = false;

    assert_true(ska_bytes_copy(&approver.data, spki, NULL));
    identified = ska_approver_identify(&approver, &errors);
    if (identified)
        assert_span_equal(ska_span_of(&approver.public_key), spki);
    else
        assert_raised(&recorder, SKA_R_BAD_KEY);
    ska_bytes_free(&approver.data);
    ska_bytes_free(&approver.public_key);
    return identified;
}

static void keys_of_other_algorithms_cannot_approve(void **state)
{
    static const char *const able[] = {"RSA-2048", "DSA-2048", "P-256", "ED25519", "ED448"};
    static const char *const unable[] = {"X25519", "X448"};

    (void)state;
    for (size_t i = 0; i < sizeof(able) / sizeof(able[0]); i++) {
        EVP_PKEY *key = generate(able[i]);
        struct ska_bytes spki = public_key_of(key);

        assert_true(can_approve(ska_span_of(&spki)));
        assert_false(can_approve(ska_span(spki.data, spki.length + 1)));
        assert_false(can_approve(ska_span(spki.data, spki.length - 1)));
        ska_bytes_free(&spki);
        EVP_PKEY_free(key);
    }
    for (size_t i = 0; i < sizeof(unable) / sizeof(unable[0]); i++) {
        EVP_PKEY *key = generate(unable[i]);
        struct ska_bytes spki = public_key_of(key);

        assert_false(can_approve(ska_span_of(&spki)));
        ska_bytes_free(&spki);
        EVP_PKEY_free(key);
    }
}

/* What says that it is longer than it is is not read behind its end, where there may be nothing. */
static void nothing_is_read_behind_the_end(void **state)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    EVP_PKEY *key = generate("P-256");
    struct ska_bytes spki = public_key_of(key);
    uint8_t *pages =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *copy = pages + page - spki.length;
    size_t accepted = 0;

    (void)state;
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
    for (size_t i = 0; i < 26; i++) /* up to the point */
        for (unsigned int value = 0; value < 256; value++) {
            enum ska_spki_algorithm algorithm = SKA_SPKI_RSA;

            memcpy(copy, spki.data, spki.length);
            copy[i] = (uint8_t)value;
            accepted += ska_spki_algorithm(ska_span(copy, spki.length), &algorithm);
        }
    assert_in_range(accepted, 26, 26 * 256 / 2); /* the key itself, and other names of curves */
    munmap(pages, 2 * page);
    ska_bytes_free(&spki);
    EVP_PKEY_free(key);
}

/* Keys of any algorithm, read in place or by libcrypto. */
static void keys_with_something_behind_are_none(void **state)
{
    static const char *const kinds[] = {"RSA-2048", "DSA-2048", "P-256", "ED25519"};

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        EVP_PKEY *key = generate(kinds[i]);
        struct ska_bytes spki = public_key_of(key);
        struct ska_buffer longer = {0};
        EVP_PKEY *read = ska_evp_decode(NULL, ska_span_of(&spki));

        assert_non_null(read);
        ska_buffer_add(&longer, spki.data, spki.length);
        ska_buffer_add(&longer, "x", 1);
        assert_null(ska_evp_decode(NULL, ska_span(longer.data, longer.length)));
        EVP_PKEY_free(read);
        ska_buffer_free(&longer);
        ska_bytes_free(&spki);
        EVP_PKEY_free(key);
    }
}

/* One key, but with parameters that are not its algorithm's. */
static void other_codings_of_a_key_cannot_approve(void **state)
{
    struct ska_bytes rsa = from_hex("3013300D06092A864886F70D0101010500030200AA");
    struct ska_bytes rsa_absent = from_hex("3011300B06092A864886F70D010101030200AA");
    struct ska_bytes rsa_unused = from_hex("3013300D06092A864886F70D0101010500030204A0");
    struct ska_bytes rsa_pss = from_hex("3013300D06092A864886F70D01010A0500030200AA");
    struct ska_bytes ed_null = from_hex("300D300706032B65700500030200AA");
    struct ska_bytes long_form = from_hex("308113300D06092A864886F70D0101010500030200AA");

    (void)state;
    assert_true(can_approve(ska_span_of(&rsa)));
    assert_false(can_approve(ska_span_of(&rsa_absent)));
    assert_false(can_approve(ska_span_of(&rsa_unused)));
    assert_false(can_approve(ska_span_of(&rsa_pss)));
    assert_false(can_approve(ska_span_of(&ed_null)));
    assert_false(can_approve(ska_span_of(&long_form)));
    ska_bytes_free(&rsa);
    ska_bytes_free(&rsa_absent);
    ska_bytes_free(&rsa_unused);
    ska_bytes_free(&rsa_pss);
    ska_bytes_free(&ed_null);
    ska_bytes_free(&long_form);
}

/* secp224r1, and the WAP forum's other name for it. */
static void second_names_of_curves_cannot_approve(void **state)
{
    struct ska_bytes first = from_hex("3016301006072A8648CE3D020106052B8104002103020004");
    struct ska_bytes second = from_hex("3016301006072A8648CE3D02010605672B01040C03020004");

    (void)state;
    assert_true(can_approve(ska_span_of(&first)));
    assert_false(can_approve(ska_span_of(&second)));
    ska_bytes_free(&first);
    ska_bytes_free(&second);
}

static void own_curves_cannot_approve(void **state)
{
    EVP_PKEY *key = generate("P-256");
    struct ska_bytes spki = {NULL, 0}, plain = sign(key, "SHA256", message);

    (void)state;
    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit"), 1);
    spki = public_key_of(key);
    assert_true(spki.length > 200);
    assert_false(can_approve(ska_span_of(&spki)));
    assert_false(
        ska_signature_verify(NULL, ska_span_of(&spki), "SHA-256", ska_span_of(&plain), message));
    ska_bytes_free(&spki);
    ska_bytes_free(&plain);
    EVP_PKEY_free(key);
}

/* ---- Good manners in somebody else's process ------------------------------------------------ */

static void error_queue_stays(void **state)
{
    struct published published = read_published();

    (void)state;
    ERR_clear_error();
    published.token.data[9] ^= 1;
    assert_false(verify_published(&published));
    assert_int_equal(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_USER, 42);
    assert_false(verify_published(&published));
    published.approver.public_key.data[published.approver.public_key.length / 2] ^= 1;
    assert_false(verify_published(&published));
    published.approver.public_key.length--;
    assert_false(verify_published(&published));
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 42);
    assert_int_equal(ERR_peek_error(), 0);
    free_published(&published);
}

/* With a default context that can do nothing only the context that was handed in can be at work. */
static void only_the_given_context_is_used(void **state)
{
    struct published published = read_published();
    OSSL_LIB_CTX *able = OSSL_LIB_CTX_new(), *unable = OSSL_LIB_CTX_new(), *before = NULL;
    OSSL_PROVIDER *null = OSSL_PROVIDER_load(unable, "null");
    struct ska_span key = ska_span_of(&published.approver.public_key);
    struct ska_span signature = ska_span_of(&published.signature);
    struct ska_span token = ska_span_of(&published.token);

    (void)state;
    assert_non_null(null);
    before = OSSL_LIB_CTX_set0_default(unable);
    ska_bytes_free(&published.approver.public_key);
    assert_true(ska_approver_identify(&published.approver, NULL));
    key = ska_span_of(&published.approver.public_key);
    assert_true(ska_signature_verify(able, key, "SHA-256", signature, token));
    assert_false(ska_signature_verify(unable, key, "SHA-256", signature, token));
    OSSL_LIB_CTX_set0_default(before);
    OSSL_PROVIDER_unload(null);
    OSSL_LIB_CTX_free(able);
    OSSL_LIB_CTX_free(unable);
    free_published(&published);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_approval_verifies),
        cmocka_unit_test(published_approval_fails_with_any_bit_changed),
        cmocka_unit_test(all_algorithms_convert_and_verify),
        cmocka_unit_test(zeros_at_the_end_stay),
        cmocka_unit_test(structures_are_read_strictly),
        cmocka_unit_test(weak_keys_and_digests_do_not_verify),
        cmocka_unit_test(malformed_signatures_do_not_verify),
        cmocka_unit_test(unsuitable_digests_do_not_convert),
        cmocka_unit_test(keys_of_other_algorithms_cannot_approve),
        cmocka_unit_test(nothing_is_read_behind_the_end),
        cmocka_unit_test(keys_with_something_behind_are_none),
        cmocka_unit_test(other_codings_of_a_key_cannot_approve),
        cmocka_unit_test(second_names_of_curves_cannot_approve),
        cmocka_unit_test(own_curves_cannot_approve),
        cmocka_unit_test(error_queue_stays),
        cmocka_unit_test(only_the_given_context_is_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
