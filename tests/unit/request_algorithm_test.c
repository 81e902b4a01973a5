/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of mechanisms and payloads: what can be told apart, what is refused before people are
 * asked.
 */
#include "sign_support.h"

#include <openssl/rsa.h>

#include "provider/request/algorithm.h"

/* Written down from RFC 8017, 9.2, not made by libcrypto. */
static const struct {
    enum ska_digest digest;
    const char *prefix;
} digest_infos[] = {
    {SKA_DIGEST_SHA1, "3021300906052b0e03021a05000414"},
    {SKA_DIGEST_SHA224, "302d300d06096086480165030402040500041c"},
    {SKA_DIGEST_SHA256, "3031300d060960864801650304020105000420"},
    {SKA_DIGEST_SHA384, "3041300d060960864801650304020205000430"},
    {SKA_DIGEST_SHA512, "3051300d060960864801650304020305000440"},
};

enum { DIGEST_COUNT = sizeof(digest_infos) / sizeof(digest_infos[0]) };

static const uint8_t zeros[70000];

static struct ska_mechanism mechanism_of(const char *name)
{
    struct ska_mechanism mechanism;

    if (!ska_algorithm_from_name(name, &mechanism))
        fail_msg("%s", name);
    return mechanism;
}

/* The DigestInfo by hand. */
static struct ska_bytes digest_info(size_t index, struct ska_span digest)
{
    struct ska_bytes prefix = from_hex(digest_infos[index].prefix);
    struct ska_buffer buffer = {0};
    struct ska_bytes result = {NULL, 0};

    ska_buffer_add(&buffer, prefix.data, prefix.length);
    ska_buffer_add(&buffer, digest.data, digest.length);
    assert_true(ska_buffer_finish(&buffer, &result, NULL));
    ska_bytes_free(&prefix);
    return result;
}

/* ---- Names ---------------------------------------------------------------------------------- */

static void names_are_those_of_the_rest_api(void **state)
{
    static const struct {
        const char *name;
        enum ska_scheme scheme;
        enum ska_digest digest;
        enum ska_payload_form form;
    } names[] = {
        {"NONESHA1_WITH_RSA", SKA_SCHEME_PKCS1, SKA_DIGEST_SHA1, SKA_PAYLOAD_DIGEST},
        {"NONESHA224_WITH_RSA", SKA_SCHEME_PKCS1, SKA_DIGEST_SHA224, SKA_PAYLOAD_DIGEST},
        {"NONESHA256_WITH_RSA", SKA_SCHEME_PKCS1, SKA_DIGEST_SHA256, SKA_PAYLOAD_DIGEST},
        {"NONESHA384_WITH_RSA", SKA_SCHEME_PKCS1, SKA_DIGEST_SHA384, SKA_PAYLOAD_DIGEST},
        {"NONESHA512_WITH_RSA", SKA_SCHEME_PKCS1, SKA_DIGEST_SHA512, SKA_PAYLOAD_DIGEST},
        {"SHA1_WITH_RSA", SKA_SCHEME_PKCS1, SKA_DIGEST_SHA1, SKA_PAYLOAD_MESSAGE},
        {"SHA512_WITH_RSA", SKA_SCHEME_PKCS1, SKA_DIGEST_SHA512, SKA_PAYLOAD_MESSAGE},
        {"NONESHA224_WITH_RSA_PSS", SKA_SCHEME_PSS, SKA_DIGEST_SHA224, SKA_PAYLOAD_DIGEST},
        {"NONESHA256_WITH_RSA_PSS", SKA_SCHEME_PSS, SKA_DIGEST_SHA256, SKA_PAYLOAD_DIGEST},
        {"NONESHA512_WITH_RSA_PSS", SKA_SCHEME_PSS, SKA_DIGEST_SHA512, SKA_PAYLOAD_DIGEST},
        {"SHA1_WITH_RSA_PSS", SKA_SCHEME_PSS, SKA_DIGEST_SHA1, SKA_PAYLOAD_MESSAGE},
        {"SHA384_WITH_RSA_PSS", SKA_SCHEME_PSS, SKA_DIGEST_SHA384, SKA_PAYLOAD_MESSAGE},
        {"NONE_WITH_ECDSA", SKA_SCHEME_ECDSA, SKA_DIGEST_NONE, SKA_PAYLOAD_DIGEST},
        {"SHA1_WITH_ECDSA", SKA_SCHEME_ECDSA, SKA_DIGEST_SHA1, SKA_PAYLOAD_MESSAGE},
        {"SHA256_WITH_ECDSA", SKA_SCHEME_ECDSA, SKA_DIGEST_SHA256, SKA_PAYLOAD_MESSAGE},
        {"SHA512_WITH_ECDSA", SKA_SCHEME_ECDSA, SKA_DIGEST_SHA512, SKA_PAYLOAD_MESSAGE},
        {"EDDSA", SKA_SCHEME_EDDSA, SKA_DIGEST_NONE, SKA_PAYLOAD_MESSAGE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct ska_mechanism mechanism = mechanism_of(names[i].name);

        assert_int_equal(mechanism.scheme, names[i].scheme);
        assert_int_equal(mechanism.digest, names[i].digest);
        assert_int_equal(mechanism.form, names[i].form);
        assert_string_equal(ska_algorithm_name(&mechanism), names[i].name);
    }
}

static void unknown_names_are_unknown(void **state)
{
    static const char *const names[] = {"",
                                        "RSA",
                                        "NONE_WITH_RSA",
                                        "NONESHA1_WITH_RSA_PSS",
                                        "nonesha256_with_rsa",
                                        "NONESHA256_WITH_RSA ",
                                        "SHA256_WITH_ECDSA_DETERMINISTIC",
                                        "NONE_WITH_ECDSA_",
                                        "BLS"};
    struct ska_mechanism mechanism;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_false(ska_algorithm_from_name(names[i], &mechanism));
}

/* All that a struct can say: what has a name comes back from it, and no two share one. */
static void a_name_says_all(void **state)
{
    size_t named = 0;

    (void)state;
    for (int scheme = SKA_SCHEME_PKCS1; scheme <= SKA_SCHEME_EDDSA; scheme++)
        for (int digest = SKA_DIGEST_NONE; digest <= SKA_DIGEST_SHA512; digest++)
            for (int form = SKA_PAYLOAD_DIGEST; form <= SKA_PAYLOAD_MESSAGE; form++) {
                struct ska_mechanism mechanism = {.scheme = (enum ska_scheme)scheme,
                                                  .digest = (enum ska_digest)digest,
                                                  .form = (enum ska_payload_form)form};
                const char *name = ska_algorithm_name(&mechanism);
                struct ska_mechanism again;

                if (name == NULL)
                    continue;
                named++;
                again = mechanism_of(name);
                assert_int_equal(again.scheme, scheme);
                assert_int_equal(again.form, form);
                if (scheme == SKA_SCHEME_ECDSA && form == SKA_PAYLOAD_DIGEST)
                    assert_int_equal(again.digest, SKA_DIGEST_NONE);
                else
                    assert_int_equal(again.digest, digest);
            }
    /* PKCS#1: 5 and 5; PSS: 4 and 5; ECDSA: 6 (one name) and 5; EdDSA: 1. */
    assert_int_equal(named, 31);
}

static void pss_starts_with_the_usual_parameters(void **state)
{
    struct ska_mechanism mechanism = mechanism_of("NONESHA384_WITH_RSA_PSS");

    (void)state;
    assert_int_equal(mechanism.mgf1_digest, SKA_DIGEST_SHA384);
    assert_int_equal(mechanism.salt_length, 48);
}

static void keys_do_what_they_can(void **state)
{
    static const struct {
        const char *name;
        bool fits[5]; /* RSA, RSA-PSS, EC, Ed25519, Ed448 */
    } cases[] = {
        {"NONESHA256_WITH_RSA", {true, false, false, false, false}},
        {"SHA256_WITH_RSA", {true, false, false, false, false}},
        {"NONESHA256_WITH_RSA_PSS", {true, true, false, false, false}},
        {"NONE_WITH_ECDSA", {false, false, true, false, false}},
        {"SHA256_WITH_ECDSA", {false, false, true, false, false}},
        {"EDDSA", {false, false, false, true, true}},
    };
    struct recorder recorder;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (int type = SKA_KEY_RSA; type <= SKA_KEY_ED448; type++) {
            struct ska_mechanism mechanism = mechanism_of(cases[i].name);
            struct ska_errors errors = errors_into(&recorder);

            assert_int_equal(ska_algorithm_fits(&mechanism, (enum ska_key_type)type, &errors),
                             cases[i].fits[type]);
            if (!cases[i].fits[type])
                assert_raised_with(&recorder, SKA_R_UNSUPPORTED, " can do ");
        }
}

static void nameless_mechanisms_do_not_fit(void **state)
{
    static const struct {
        struct ska_mechanism mechanism;
        enum ska_key_type type;
        const char *message;
    } cases[] = {
        {{SKA_SCHEME_PKCS1, SKA_DIGEST_NONE, SKA_PAYLOAD_DIGEST, SKA_DIGEST_NONE, 0, false},
         SKA_KEY_RSA,
         "without a digest"},
        {{SKA_SCHEME_PSS, SKA_DIGEST_SHA1, SKA_PAYLOAD_DIGEST, SKA_DIGEST_SHA1, 20, false},
         SKA_KEY_RSA,
         "SHA1 as a digest"},
        {{SKA_SCHEME_PSS, SKA_DIGEST_SHA256, SKA_PAYLOAD_DIGEST, SKA_DIGEST_NONE, 32, false},
         SKA_KEY_RSA,
         "MGF1"},
        {{SKA_SCHEME_ECDSA, SKA_DIGEST_NONE, SKA_PAYLOAD_MESSAGE, SKA_DIGEST_NONE, 0, false},
         SKA_KEY_EC,
         "without a digest"},
        {{SKA_SCHEME_EDDSA, SKA_DIGEST_NONE, SKA_PAYLOAD_DIGEST, SKA_DIGEST_NONE, 0, false},
         SKA_KEY_ED448,
         "signs messages"},
    };
    struct recorder recorder;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ska_errors errors = errors_into(&recorder);

        assert_false(ska_algorithm_fits(&cases[i].mechanism, cases[i].type, &errors));
        assert_raised_with(&recorder, SKA_R_UNSUPPORTED, cases[i].message);
    }
}

/* ---- Digests as payloads -------------------------------------------------------------------- */

static void pkcs1_payloads_are_digest_infos(void **state)
{
    static const char *const names[] = {"NONESHA1_WITH_RSA", "NONESHA224_WITH_RSA",
                                        "NONESHA256_WITH_RSA", "NONESHA384_WITH_RSA",
                                        "NONESHA512_WITH_RSA"};
    struct dice dice = {4711};
    uint8_t bytes[64];

    (void)state;
    for (size_t i = 0; i < DIGEST_COUNT; i++) {
        struct ska_mechanism mechanism = mechanism_of(names[i]);
        struct ska_span digest = ska_span(bytes, ska_digest_length(mechanism.digest));
        struct ska_bytes expected, payload = {NULL, 0};
        enum ska_digest found = SKA_DIGEST_NONE;
        struct ska_span value;

        roll_bytes(&dice, bytes, sizeof(bytes));
        expected = digest_info(i, digest);
        assert_true(ska_payload_from_digest(&mechanism, digest, &payload, NULL));
        assert_span_equal(ska_span_of(&payload), ska_span_of(&expected));
        assert_true(ska_payload_digest(&mechanism, ska_span_of(&payload), &found, &value));
        assert_int_equal(found, mechanism.digest);
        assert_span_equal(value, digest);
        /* It points into the payload. */
        assert_ptr_equal(value.data + value.length, payload.data + payload.length);
        ska_bytes_free(&payload);
        ska_bytes_free(&expected);
    }
}

static void other_payloads_are_the_digest(void **state)
{
    static const char *const names[] = {"NONESHA256_WITH_RSA_PSS", "NONE_WITH_ECDSA"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ska_mechanism mechanism = mechanism_of(names[i]);
        struct ska_bytes payload = {NULL, 0};
        enum ska_digest found = SKA_DIGEST_SHA1;
        struct ska_span value;

        assert_true(ska_payload_from_digest(&mechanism, ska_span(zeros, 32), &payload, NULL));
        assert_span_equal(ska_span_of(&payload), ska_span(zeros, 32));
        assert_true(ska_payload_digest(&mechanism, ska_span_of(&payload), &found, &value));
        assert_int_equal(found, mechanism.digest);
        assert_int_equal(value.length, 32);
        ska_bytes_free(&payload);
    }
}

static void digests_of_other_lengths_are_refused(void **state)
{
    static const struct {
        const char *name;
        size_t fits;
    } cases[] = {
        {"NONESHA256_WITH_RSA", 32}, {"NONESHA512_WITH_RSA_PSS", 64}, {"NONE_WITH_ECDSA", 0}};
    struct recorder recorder;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t length = 0; length <= 130; length++) {
            struct ska_mechanism mechanism = mechanism_of(cases[i].name);
            struct ska_errors errors = errors_into(&recorder);
            struct ska_bytes payload = {NULL, 0};
            bool fits = (cases[i].fits != 0 && cases[i].fits == length) ||
                        (cases[i].fits == 0 && (length == 20 || length == 28 || length == 32 ||
                                                length == 48 || length == 64));

            assert_int_equal(
                ska_payload_from_digest(&mechanism, ska_span(zeros, length), &payload, &errors),
                fits);
            if (!fits)
                assert_raised(&recorder, SKA_R_BAD_INPUT_LENGTH);
            ska_bytes_free(&payload);
        }
}

/* Every other byte string of the right length, with one bit changed before the digest. */
static void digest_infos_are_exact(void **state)
{
    struct ska_mechanism mechanism = mechanism_of("NONESHA256_WITH_RSA");
    struct ska_bytes payload = digest_info(2, ska_span(zeros, 32));
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    enum ska_digest digest;
    struct ska_span value;

    (void)state;
    for (size_t bit = 0; bit < (payload.length - 32) * 8; bit++) {
        payload.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(ska_payload_digest(&mechanism, ska_span_of(&payload), &digest, &value));
        payload.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t length = 0; length < payload.length; length++)
        assert_false(
            ska_payload_digest(&mechanism, ska_span(payload.data, length), &digest, &value));
    assert_true(ska_payload_digest(&mechanism, ska_span_of(&payload), &digest, &value));

    mechanism = mechanism_of("NONESHA384_WITH_RSA");
    assert_false(ska_payload_check(&mechanism, SKA_KEY_RSA, 2048, ska_span_of(&payload), &errors));
    assert_raised_with(&recorder, SKA_R_BAD_INPUT_LENGTH, "DigestInfo of SHA384");
    ska_bytes_free(&payload);
}

/* ---- What looks like a digest --------------------------------------------------------------- */

static void digests_are_recognized(void **state)
{
    /* MD5, absent parameters, long-form length, an unknown algorithm. */
    static const char *const others[] = {
        "3020300c06082a864886f70d020505000410"
        "00000000000000000000000000000000",
        "302f300b0609608648016503040201"
        "0420"
        "0000000000000000000000000000000000000000000000000000000000000000",
        "308131300d060960864801650304020105000420"
        "0000000000000000000000000000000000000000000000000000000000000000",
        "300a300406022a030402ffff"};

    (void)state;
    for (int type = SKA_KEY_RSA; type <= SKA_KEY_ED448; type++) {
        bool edwards = type == SKA_KEY_ED25519 || type == SKA_KEY_ED448;

        for (size_t length = 0; length <= 130; length++) {
            bool expected =
                !edwards && (length == 20 || length == 28 || length == 32 || length == 48 ||
                             length == 64 || (length == 36 && type != SKA_KEY_EC));

            assert_int_equal(
                ska_payload_looks_like_digest((enum ska_key_type)type, ska_span(zeros, length)),
                expected);
        }
        for (size_t i = 0; i < DIGEST_COUNT; i++) {
            size_t length = ska_digest_length(digest_infos[i].digest);
            struct ska_bytes info = digest_info(i, ska_span(zeros, length));
            struct ska_bytes longer = digest_info(i, ska_span(zeros, length + 2));

            assert_int_equal(
                ska_payload_looks_like_digest((enum ska_key_type)type, ska_span_of(&info)),
                !edwards);
            assert_false(
                ska_payload_looks_like_digest((enum ska_key_type)type, ska_span_of(&longer)));
            ska_bytes_free(&longer);
            ska_bytes_free(&info);
        }
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
            struct ska_bytes info = from_hex(others[i]);

            assert_int_equal(
                ska_payload_looks_like_digest((enum ska_key_type)type, ska_span_of(&info)),
                !edwards);
            ska_bytes_free(&info);
        }
    }
}

/* ---- Checks before people are asked --------------------------------------------------------- */

static bool check(const char *name, enum ska_key_type type, unsigned int bits,
                  struct ska_span payload, struct recorder *recorder)
{
    struct ska_mechanism mechanism = mechanism_of(name);
    struct ska_errors errors = errors_into(recorder);

    return ska_payload_check(&mechanism, type, bits, payload, &errors);
}

static void messages_that_look_like_digests_are_refused(void **state)
{
    static const size_t lengths[] = {20, 28, 32, 48, 64};
    struct ska_bytes info = digest_info(2, ska_span(zeros, 32));
    struct recorder recorder;

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct ska_span payload = ska_span(zeros, lengths[i]);

        assert_false(check("SHA256_WITH_RSA", SKA_KEY_RSA, 2048, payload, &recorder));
        assert_raised_with(&recorder, SKA_R_PAYLOAD_REFUSED, "looks like a digest");
        assert_false(check("SHA256_WITH_RSA_PSS", SKA_KEY_RSA_PSS, 2048, payload, &recorder));
        assert_raised(&recorder, SKA_R_PAYLOAD_REFUSED);
        assert_false(check("SHA256_WITH_ECDSA", SKA_KEY_EC, 256, payload, &recorder));
        assert_raised(&recorder, SKA_R_PAYLOAD_REFUSED);
        assert_true(check("EDDSA", SKA_KEY_ED25519, 256, payload, &recorder));
    }
    assert_false(check("SHA256_WITH_RSA", SKA_KEY_RSA, 2048, ska_span_of(&info), &recorder));
    assert_raised(&recorder, SKA_R_PAYLOAD_REFUSED);
    assert_false(check("SHA256_WITH_ECDSA", SKA_KEY_EC, 256, ska_span_of(&info), &recorder));
    assert_raised(&recorder, SKA_R_PAYLOAD_REFUSED);
    assert_true(check("SHA256_WITH_RSA", SKA_KEY_RSA, 2048, ska_span(zeros, 33), &recorder));
    assert_true(check("SHA256_WITH_RSA", SKA_KEY_RSA, 2048, ska_span(zeros, 0), &recorder));
    ska_bytes_free(&info);
}

static void messages_have_a_limit(void **state)
{
    static const struct {
        const char *name;
        enum ska_key_type type;
        const char *message;
    } cases[] = {{"SHA256_WITH_RSA", SKA_KEY_RSA, "ska-payload=digest"},
                 {"SHA256_WITH_ECDSA", SKA_KEY_EC, "ska-payload=digest"},
                 {"EDDSA", SKA_KEY_ED448, "EdDSA signs messages"}};
    struct recorder recorder;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(check(cases[i].name, cases[i].type, 2048, ska_span(zeros, SKA_PAYLOAD_LIMIT),
                          &recorder));
        assert_false(check(cases[i].name, cases[i].type, 2048,
                           ska_span(zeros, SKA_PAYLOAD_LIMIT + 1), &recorder));
        assert_raised_with(&recorder, SKA_R_BAD_INPUT_LENGTH, cases[i].message);
    }
}

/* The longest payload that passes goes into a token with a timestamp, under long names. */
static void the_longest_payload_fits_a_token(void **state)
{
    struct ska_timestamp timestamp = {.payload = ska_span(zeros, SKA_PAYLOAD_LIMIT),
                                      .key_name = ska_span(zeros, 255)};
    struct ska_approval_token token = {.operation = SKA_OPERATION_SIGN,
                                       .key_name = ska_span(zeros, 255),
                                       .has_timestamp = true,
                                       .timestamp_signature = ska_span(zeros, 600),
                                       .has_payload = true,
                                       .payload = ska_span(zeros, SKA_PAYLOAD_LIMIT)};
    struct ska_bytes block = {NULL, 0}, encoded = {NULL, 0};

    (void)state;
    assert_true(ska_timestamp_encode(&timestamp, &block, NULL));
    token.timestamp.block = ska_span_of(&block);
    assert_true(ska_approval_token_encode(&token, &encoded, NULL));
    ska_bytes_free(&block);
    ska_bytes_free(&encoded);
}

static void digest_payloads_have_the_length_of_the_digest(void **state)
{
    struct recorder recorder;

    (void)state;
    for (size_t length = 0; length <= 130; length++) {
        struct ska_span payload = ska_span(zeros, length);
        bool digest = length == 20 || length == 28 || length == 32 || length == 48 || length == 64;

        assert_int_equal(check("NONE_WITH_ECDSA", SKA_KEY_EC, 256, payload, &recorder), digest);
        assert_int_equal(check("NONESHA384_WITH_RSA_PSS", SKA_KEY_RSA, 2048, payload, &recorder),
                         length == 48);
        assert_false(check("NONESHA256_WITH_RSA", SKA_KEY_RSA, 2048, payload, &recorder));
        assert_raised(&recorder, SKA_R_BAD_INPUT_LENGTH);
    }
}

/* libcrypto is asked whether a salt fits; ours must say the same. */
static void salts_must_fit_the_key(void **state)
{
    static const unsigned int bits[] = {1024, 2047, 2048, 2049};
    struct ska_mechanism mechanism = mechanism_of("NONESHA256_WITH_RSA_PSS");
    struct recorder recorder;

    (void)state;
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        EVP_PKEY *key = new_key("RSA", (size_t)bits[i]);
        size_t longest = (bits[i] + 6) / 8 - 32 - 2;

        assert_non_null(key);
        for (size_t salt = longest - 1; salt <= longest + 1; salt++) {
            EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
            struct ska_errors errors = errors_into(&recorder);
            unsigned char signature[512];
            size_t length = sizeof(signature);
            bool signs = EVP_PKEY_sign_init(context) > 0 &&
                         EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
                         EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) > 0 &&
                         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, (int)salt) > 0 &&
                         EVP_PKEY_sign(context, signature, &length, zeros, 32) > 0;

            mechanism.salt_length = salt;
            assert_int_equal(
                ska_payload_check(&mechanism, SKA_KEY_RSA, bits[i], ska_span(zeros, 32), &errors),
                signs);
            if (!signs)
                assert_raised_with(&recorder, SKA_R_BAD_PARAMETER, "salt");
            EVP_PKEY_CTX_free(context);
        }
        EVP_PKEY_free(key);
    }
    mechanism.salt_length = SIZE_MAX;
    assert_false(ska_payload_check(&mechanism, SKA_KEY_RSA, 2048, ska_span(zeros, 32), NULL));
    mechanism.salt_length = 0;
    assert_false(ska_payload_check(&mechanism, SKA_KEY_RSA, 0, ska_span(zeros, 32), NULL));
    assert_true(ska_payload_check(&mechanism, SKA_KEY_RSA, 512, ska_span(zeros, 32), NULL));
}

static void short_keys_are_refused(void **state)
{
    struct ska_bytes info = digest_info(4, ska_span(zeros, 64));
    struct recorder recorder;

    (void)state;
    assert_false(check("NONESHA512_WITH_RSA", SKA_KEY_RSA, 744, ska_span_of(&info), &recorder));
    assert_raised_with(&recorder, SKA_R_UNSUPPORTED, "too short");
    assert_true(check("NONESHA512_WITH_RSA", SKA_KEY_RSA, 752, ska_span_of(&info), &recorder));
    ska_bytes_free(&info);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_the_rest_api),
        cmocka_unit_test(unknown_names_are_unknown),
        cmocka_unit_test(a_name_says_all),
        cmocka_unit_test(pss_starts_with_the_usual_parameters),
        cmocka_unit_test(keys_do_what_they_can),
        cmocka_unit_test(nameless_mechanisms_do_not_fit),
        cmocka_unit_test(pkcs1_payloads_are_digest_infos),
        cmocka_unit_test(other_payloads_are_the_digest),
        cmocka_unit_test(digests_of_other_lengths_are_refused),
        cmocka_unit_test(digest_infos_are_exact),
        cmocka_unit_test(digests_are_recognized),
        cmocka_unit_test(messages_that_look_like_digests_are_refused),
        cmocka_unit_test(messages_have_a_limit),
        cmocka_unit_test(the_longest_payload_fits_a_token),
        cmocka_unit_test(digest_payloads_have_the_length_of_the_digest),
        cmocka_unit_test(salts_must_fit_the_key),
        cmocka_unit_test(short_keys_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
