/* SPDX-License-Identifier: Apache-2.0 */
/* SKA keys as objects: how they are made, found, read, named and destroyed. */
#include "simulator_fixture.h"
#include "certificate_name.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;
static CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY;
static CK_OBJECT_CLASS ska_class = CKO_SKA_PRIVATE_KEY;
static CK_OBJECT_CLASS data_class = CKO_DATA;

#define TEXT(text) (CK_VOID_PTR)(uintptr_t)(text), sizeof(text) - 1

static void destroy_all(CK_SESSION_HANDLE session)
{
    CK_OBJECT_HANDLE found[64];
    size_t count = find_all(session, NULL, 0, found, COUNT(found));

    for (size_t i = 0; i < count; i++)
        assert_rv(C_DestroyObject(session, found[i]), CKR_OK);
}

static int clean_teardown(void **state)
{
    destroy_all(session_of(state));
    return fixture_teardown(state);
}

/* ---- Generation ------------------------------------------------------------------------- */

static void test_kinds(void **state)
{
    static const char *const kinds[] = {"RSA:2048",     "RSA:3072", "RSA:4096",
                                        "EC:P-256",     "EC:P-384", "EC:P-521",
                                        "EC:secp256k1", "ED25519",  "ED448"};
    CK_SESSION_HANDLE session = session_of(state);

    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct pair pair = make_ska(session, kinds[i], kinds[i], NULL);

        assert_int_not_equal(pair.public_key, CK_INVALID_HANDLE);
        assert_true(read_flag(session, pair.private_key, CKA_TOKEN));
        assert_true(read_flag(session, pair.private_key, CKA_PRIVATE));
        assert_true(read_flag(session, pair.private_key, CKA_SENSITIVE));
        assert_true(read_flag(session, pair.private_key, CKA_ALWAYS_SENSITIVE));
        assert_true(read_flag(session, pair.private_key, CKA_NEVER_EXTRACTABLE));
        assert_true(read_flag(session, pair.private_key, CKA_SIGN));
        assert_false(read_flag(session, pair.private_key, CKA_EXTRACTABLE));
        assert_false(read_flag(session, pair.private_key, CKA_MODIFIABLE));
        assert_false(read_flag(session, pair.private_key, CKA_COPYABLE));
        assert_false(read_flag(session, pair.private_key, CKA_DECRYPT));
        assert_false(read_flag(session, pair.private_key, CKA_UNWRAP));
        assert_false(read_flag(session, pair.private_key, CKA_SIGN_RECOVER));
        assert_false(read_flag(session, pair.private_key, CKA_DERIVE));
    }
}

/* Edwards curves by name, as PKCS#11 3.0 has it. */
static void test_curve_names(void **state)
{
    static const struct {
        const char *params;
        size_t length;
        size_t point;
    } curves[] = {{"\x13\x0c"
                   "edwards25519",
                   14, 32},
                  {"\x13\x0a"
                   "edwards448",
                   12, 57}};
    CK_SESSION_HANDLE session = session_of(state);
    struct data rule = empty_rule();
    CK_MECHANISM mechanism = {CKM_SKA_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0};

    for (size_t i = 0; i < COUNT(curves); i++) {
        CK_ATTRIBUTE public_attributes[] = {
            {CKA_EC_PARAMS, (CK_VOID_PTR)(uintptr_t)curves[i].params, curves[i].length}};
        CK_ATTRIBUTE private_attributes[] = {
            {CKA_SKA_USAGE_ACCESS_BLOB, rule.bytes, rule.length},
            {CKA_SKA_BLOCK_ACCESS_BLOB, rule.bytes, rule.length},
            {CKA_SKA_UNBLOCK_ACCESS_BLOB, rule.bytes, rule.length},
            {CKA_SKA_MODIFY_ACCESS_BLOB, rule.bytes, rule.length},
        };
        struct pair pair = {0, 0};
        struct data point;

        assert_rv(C_GenerateKeyPair(session, &mechanism, public_attributes, 1, private_attributes,
                                    4, &pair.public_key, &pair.private_key),
                  CKR_OK);
        point = read_attribute(session, pair.public_key, CKA_EC_POINT);
        assert_int_equal(point.length, curves[i].point + 2);
        data_free(&point);
    }
    data_free(&rule);
}

/* The template of the vendor's example, with all that it asks for and an SKA key is not. */
static void test_vendor_template(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_MECHANISM mechanism = {CKM_SKA_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_OBJECT_CLASS public_class = CKO_PUBLIC_KEY;
    CK_KEY_TYPE type = CKK_RSA;
    CK_ULONG bits = 2048;
    CK_BYTE exponent[] = {1, 0, 1};
    CK_CRYPTOCURRENCY bitcoin = CKCC_BITCOIN;
    struct data rule = empty_rule();
    CK_ATTRIBUTE public_attributes[] = {
        {CKA_CLASS, &public_class, sizeof(public_class)},
        {CKA_KEY_TYPE, &type, sizeof(type)},
        {CKA_TOKEN, &yes, 1},
        {CKA_DERIVE, &no, 1},
        {CKA_ENCRYPT, &yes, 1},
        {CKA_VERIFY, &yes, 1},
        {CKA_VERIFY_RECOVER, &yes, 1},
        {CKA_WRAP, &yes, 1},
        {CKA_MODIFIABLE, &yes, 1},
        {CKA_PRIVATE, &yes, 1},
        {CKA_MODULUS_BITS, &bits, sizeof(bits)},
        {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)},
    };
    CK_ATTRIBUTE private_attributes[] = {
        {CKA_CLASS, &ska_class, sizeof(ska_class)},
        {CKA_KEY_TYPE, &type, sizeof(type)},
        {CKA_TOKEN, &yes, 1},
        {CKA_DERIVE, &no, 1},
        {CKA_DECRYPT, &yes, 1},
        {CKA_SIGN, &yes, 1},
        {CKA_SIGN_RECOVER, &yes, 1},
        {CKA_UNWRAP, &yes, 1},
        {CKA_MODIFIABLE, &yes, 1},
        {CKA_PRIVATE, &yes, 1},
        {CKA_SKA_BLOCKED, &no, 1},
        {CKA_SKA_CRYPTO_CURRENCY_TYPE, &bitcoin, sizeof(bitcoin)},
        {CKA_SKA_SENSITIVE_PUBLIC_KEY, &no, 1},
        {CKA_SKA_USAGE_ACCESS_BLOB, rule.bytes, rule.length},
        {CKA_SKA_BLOCK_ACCESS_BLOB, rule.bytes, rule.length},
        {CKA_SKA_UNBLOCK_ACCESS_BLOB, rule.bytes, rule.length},
        {CKA_SKA_MODIFY_ACCESS_BLOB, rule.bytes, rule.length},
    };
    struct pair pair = {0, 0};
    struct data value;

    assert_rv(C_GenerateKeyPair(session, &mechanism, public_attributes, COUNT(public_attributes),
                                private_attributes, COUNT(private_attributes), &pair.public_key,
                                &pair.private_key),
              CKR_OK);
    assert_true(read_flag(session, pair.private_key, CKA_DECRYPT));
    assert_true(read_flag(session, pair.private_key, CKA_UNWRAP));
    assert_false(read_flag(session, pair.private_key, CKA_MODIFIABLE));
    value = read_attribute(session, pair.private_key, CKA_SKA_CRYPTO_CURRENCY_TYPE);
    assert_int_equal(value.length, sizeof(bitcoin));
    assert_memory_equal(value.bytes, &bitcoin, sizeof(bitcoin));
    data_free(&value);
    value = read_attribute(session, pair.private_key, CKA_LABEL);
    assert_int_equal(value.length, 36); /* a UUID, since none was given */
    data_free(&value);
    assert_rv(C_DestroyObject(session, pair.private_key), CKR_OK);
    assert_rv(C_DestroyObject(session, pair.public_key), CKR_OK);
    data_free(&rule);
}

static void expect_refused(CK_SESSION_HANDLE session, const struct key_wish *wish, CK_RV expected)
{
    struct pair pair = {0, 0};
    CK_OBJECT_HANDLE found[1];

    assert_rv(generate_ska(session, wish, &pair), expected);
    assert_int_equal(find_all(session, NULL, 0, found, 1), 0);
    assert_int_equal(fixture_stored(), 0);
}

static void test_refused_templates(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_OBJECT_CLASS public_class = CKO_PUBLIC_KEY;
    CK_KEY_TYPE rsa = CKK_RSA;
    CK_BBOOL strange = 2;
    CK_BYTE junk[8] = {0};
    const struct {
        CK_ATTRIBUTE attribute;
        CK_RV expected;
    } cases[] = {
        {{CKA_CLASS, &public_class, sizeof(public_class)}, CKR_TEMPLATE_INCONSISTENT},
        {{CKA_KEY_TYPE, &rsa, sizeof(rsa)}, CKR_TEMPLATE_INCONSISTENT},
        {{CKA_PRIVATE, &no, 1}, CKR_TEMPLATE_INCONSISTENT},
        {{CKA_SENSITIVE, &no, 1}, CKR_TEMPLATE_INCONSISTENT},
        {{CKA_EXTRACTABLE, &yes, 1}, CKR_TEMPLATE_INCONSISTENT},
        {{CKA_ALWAYS_AUTHENTICATE, &yes, 1}, CKR_TEMPLATE_INCONSISTENT},
        {{CKA_SKA_TIMESTAMP_SIGN, &yes, 1}, CKR_TEMPLATE_INCONSISTENT},
        {{CKA_SIGN, &yes, 1}, CKR_TEMPLATE_INCONSISTENT}, /* given twice */
        {{CKA_SKA_BLOCKED, &strange, 1}, CKR_ATTRIBUTE_VALUE_INVALID},
        {{CKA_SKA_BLOCKED, junk, 8}, CKR_ATTRIBUTE_VALUE_INVALID},
        {{CKA_SKA_BLOCKED, NULL, 1}, CKR_ATTRIBUTE_VALUE_INVALID},
        {{CKA_SKA_CRYPTO_CURRENCY_TYPE, junk, 4}, CKR_ATTRIBUTE_VALUE_INVALID},
        {{CKA_ALLOWED_MECHANISMS, junk, 7}, CKR_ATTRIBUTE_VALUE_INVALID},
        {{CKA_SKA_SAM_APPROVED, &yes, 1}, CKR_ATTRIBUTE_TYPE_INVALID},
        {{CKA_VALUE, junk, 8}, CKR_ATTRIBUTE_TYPE_INVALID},
        {{CKA_VENDOR_DEFINED | 0x12345, junk, 8}, CKR_ATTRIBUTE_TYPE_INVALID},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct key_wish wish = {.kind = "EC:P-256", .label = "refused", .more_count = 1};

        wish.more[0] = cases[i].attribute;
        expect_refused(session, &wish, cases[i].expected);
    }
}

static void test_refused_algorithms(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    static const struct {
        const char *kind;
        CK_RV expected;
    } cases[] = {{"RSA:1024", CKR_KEY_SIZE_RANGE},
                 {"RSA:8192", CKR_KEY_SIZE_RANGE},
                 {"EC:P-224", CKR_CURVE_NOT_SUPPORTED}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct key_wish wish = {.kind = cases[i].kind, .label = "refused"};

        expect_refused(session, &wish, cases[i].expected);
    }
}

/* The vendor's mechanisms that the simulator has not, with whatever else is given. */
static void test_missing_mechanisms(void **state)
{
    static const CK_MECHANISM_TYPE missing[] = {
        CKM_SKA_DSA_KEY_PAIR_GEN, CKM_SKA_EC_SLIP10_KEY_PAIR_GEN, CKM_EC_SLIP10_KEY_PAIR_GEN,
        CKM_RKS_RSA_PKCS_KEY_PAIR_GEN, CKM_RKS_EC_KEY_PAIR_GEN};
    CK_SESSION_HANDLE session = session_of(state);
    CK_BOOL yes_value = CK_TRUE;
    CK_ATTRIBUTE attributes[] = {{CKA_SKA_BLOCKED, &yes_value, 1},
                                 {CKA_RKS_ATTESTATION_SIGN, &yes_value, 1}};
    CK_OBJECT_HANDLE handles[2];
    CK_MECHANISM_INFO info;

    for (size_t i = 0; i < COUNT(missing); i++) {
        CK_MECHANISM mechanism = {missing[i], NULL, 0};

        assert_rv(C_GetMechanismInfo(fixture_slot(), missing[i], &info), CKR_MECHANISM_INVALID);
        for (CK_ULONG count = 0; count <= COUNT(attributes); count++)
            assert_rv(C_GenerateKeyPair(session, &mechanism, NULL, 0, attributes, count,
                                        &handles[0], &handles[1]),
                      CKR_MECHANISM_INVALID);
    }
    assert_int_equal(fixture_stored(), 0);
}

static void test_missing_calls(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_ULONG path[] = {0x80000000UL};
    CK_SLIP10_CHILD_DERIVE_PARAMS params = {path, 1};
    CK_MECHANISM derive = {CKM_SLIP10_CHILD_DERIVE, &params, sizeof(params)};
    CK_MECHANISM attest = {CKM_SHA256_RSA_PKCS, NULL, 0};
    struct pair ska = make_ska(session, "EC:P-256", "parent", NULL);
    CK_OBJECT_HANDLE key = ska.private_key;
    CK_OBJECT_HANDLE made[2];
    CK_MECHANISM_INFO info;
    CK_ULONG lengths[2] = {0, 0};

#define DERIVE(session, mechanism)                                                                 \
    C_DeriveKeyPair(session, mechanism, key, NULL, 0, NULL, 0, &made[0], &made[1])
#define ATTEST(session, mechanism)                                                                 \
    C_RKSAttestKey(session, mechanism, key, key, NULL, &lengths[0], NULL, &lengths[1])
    assert_rv(C_GetMechanismInfo(fixture_slot(), CKM_SLIP10_CHILD_DERIVE, &info),
              CKR_MECHANISM_INVALID);
    assert_rv(DERIVE(session, &derive), CKR_MECHANISM_INVALID);
    assert_rv(ATTEST(session, &attest), CKR_MECHANISM_INVALID);
    assert_rv(DERIVE(session, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(ATTEST(session, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(DERIVE(session + 1000, &derive), CKR_SESSION_HANDLE_INVALID);
    assert_rv(ATTEST(session + 1000, &attest), CKR_SESSION_HANDLE_INVALID);
#undef DERIVE
#undef ATTEST
    assert_rv(C_DestroyObject(session, ska.private_key), CKR_OK);
    assert_rv(C_DestroyObject(session, ska.public_key), CKR_OK);
}

static void test_missing_rule(void **state)
{
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_SKA_USAGE_ACCESS_BLOB, CKA_SKA_BLOCK_ACCESS_BLOB,
                                              CKA_SKA_UNBLOCK_ACCESS_BLOB,
                                              CKA_SKA_MODIFY_ACCESS_BLOB};
    CK_SESSION_HANDLE session = session_of(state);
    CK_MECHANISM mechanism = {CKM_SKA_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE public_attributes[] = {{CKA_EC_PARAMS, TEXT("\x06\x05\x2b\x81\x04\x00\x22")}};
    struct data rule = empty_rule();

    for (size_t missing = 0; missing < COUNT(types); missing++) {
        CK_ATTRIBUTE attributes[3];
        CK_OBJECT_HANDLE handles[2];
        size_t count = 0;

        for (size_t i = 0; i < COUNT(types); i++) {
            if (i != missing)
                attributes[count++] = (CK_ATTRIBUTE){types[i], rule.bytes, rule.length};
        }
        assert_rv(C_GenerateKeyPair(session, &mechanism, public_attributes, 1, attributes, 3,
                                    &handles[0], &handles[1]),
                  CKR_TEMPLATE_INCOMPLETE);
    }
    data_free(&rule);
}

/* ---- Rules that no key gets ------------------------------------------------------------- */

/* Tries a rule in each of the four places; `says` is what is wrong with it, NULL for nothing. */
static void expect_rule(CK_SESSION_HANDLE session, const struct data *rule, const char *says)
{
    for (size_t i = 0; i < 4; i++) {
        struct key_wish wish = {.kind = "EC:P-256", .label = "rule"};
        struct pair pair = {0, 0};
        char *heard = NULL;
        CK_RV rv = CKR_OK;

        wish.rules[i] = rule;
        fixture_listen();
        rv = generate_ska(session, &wish, &pair);
        heard = fixture_heard();
        if (says == NULL) {
            assert_rv(rv, CKR_OK);
            assert_string_equal(heard, "");
            assert_rv(C_DestroyObject(session, pair.private_key), CKR_OK);
            assert_rv(C_DestroyObject(session, pair.public_key), CKR_OK);
        } else {
            assert_rv(rv, CKR_ATTRIBUTE_VALUE_INVALID);
            if (strstr(heard, says) == NULL)
                fail_msg("nothing of %s: %s", says, heard);
        }
        assert_int_equal(fixture_stored(), 0);
        free(heard);
    }
}

static void test_rules(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct approver good[] = {make_approver("EC:P-256"), make_approver("RSA:2048")};
    struct approver weak = make_approver("RSA:1024");
    struct approver junk = {NULL, {NULL, 0}, CKAP_SIGNATURE, "Judy"};
    const struct {
        size_t quorum;
        const struct approver *approvers[3];
        size_t count;
        const char *says;
    } cases[] = {
        {2, {&good[0], &good[1]}, 2, NULL},
        {0, {&good[0]}, 1, NULL},
        {3, {&good[0], &good[1]}, 2, "the quorum of a group is larger"},
        {1, {NULL}, 0, "the quorum of a group is larger"},
        {2, {&good[0], &good[1], &good[0]}, 3, "approver Alice: its key is already in the group"},
        {1, {&good[0], &weak}, 2, "approver Walter: its key is too weak"},
        {1, {&good[0], &junk}, 2, "approver Judy: its key is not one of RSA"},
    };

    good[0].name = "Alice";
    weak.name = "Walter";
    junk.info.bytes = (unsigned char *)strdup("this is no key");
    junk.info.length = 14;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct data rule = quorum_rule(cases[i].quorum, cases[i].approvers, cases[i].count);

        expect_rule(session, &rule, cases[i].says);
        data_free(&rule);
    }
    {
        struct data rule = rule_without_groups();

        expect_rule(session, &rule, "a policy token has no groups");
        data_free(&rule);
    }
    approver_free(&good[0]);
    approver_free(&good[1]);
    approver_free(&weak);
    data_free(&junk.info);
}

/* Nobody would be asked, and it does not say so. */
static void test_token_without_groups(void **state)
{
    CK_SKA_TOKEN token = {NULL, 0, 0, 0, NULL, 0};
    CK_SKA_POLICY policy = {&token, 1};
    CK_BYTE bytes[64];
    CK_ULONG length = sizeof(bytes);
    struct data rule = {bytes, 0};

    assert_rv(C_SerializePolicy(&policy, bytes, &length), CKR_OK);
    rule.length = length;
    expect_rule(session_of(state), &rule, "a policy token has no groups");
}

static struct data take_der(unsigned char *der, int length)
{
    struct data data = {malloc((size_t)length), (size_t)length};

    assert_true(length > 0 && data.bytes != NULL);
    memcpy(data.bytes, der, (size_t)length);
    OPENSSL_free(der);
    return data;
}

static struct data certificate_of(EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    unsigned char *der = NULL;
    struct data data;
    int length = 0;

    set_certificate_name(certificate, "Clara");
    assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    length = i2d_X509(certificate, &der);
    data = take_der(der, length);
    X509_free(certificate);
    return data;
}

/* The same key in two forms is the same approver; one with a second coding is none. */
static void test_doubled_key_in_two_forms(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct approver plain = make_approver("EC:P-256");
    struct approver other = {NULL, {NULL, 0}, CKAP_CERTIFICATE, NULL};
    const struct approver *both[] = {&plain, &other};
    struct data rule;
    unsigned char *der = NULL;
    int length = 0;

    other.info = certificate_of(plain.key);
    rule = quorum_rule(2, both, 2);
    expect_rule(session, &rule, "approver /CN=Clara: its key is already in the group");
    data_free(&rule);
    data_free(&other.info);

    EVP_PKEY_set_utf8_string_param(plain.key, "point-format", "compressed");
    length = i2d_PUBKEY(plain.key, &der);
    other.info = take_der(der, length);
    other.type = CKAP_SIGNATURE;
    assert_true(other.info.length < plain.info.length);
    rule = quorum_rule(2, both, 2);
    expect_rule(session, &rule, "uncompressed point");
    data_free(&rule);
    data_free(&other.info);
    approver_free(&plain);
}

static void test_malformed_rules(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct approver approver = make_approver("ED25519");
    const struct approver *one[] = {&approver};
    struct data rule = quorum_rule(1, one, 1);
    struct data longer = {calloc(1, rule.length + 4), rule.length + 4};
    struct data nothing = {rule.bytes, 0};

    expect_rule(session, &rule, NULL);
    expect_rule(session, &nothing, "malformed");
    for (size_t length = 1; length < rule.length; length += 7) {
        struct data cut = {rule.bytes, length};

        expect_rule(session, &cut, "malformed");
    }
    memcpy(longer.bytes, rule.bytes, rule.length);
    expect_rule(session, &longer, "malformed");
    longer.bytes[0] += 4;
    expect_rule(session, &longer, "malformed");
    data_free(&longer);
    data_free(&rule);
    approver_free(&approver);
}

/* ---- Finding ---------------------------------------------------------------------------- */

static bool contains(const CK_OBJECT_HANDLE *found, size_t count, CK_OBJECT_HANDLE handle)
{
    for (size_t i = 0; i < count; i++) {
        if (found[i] == handle)
            return true;
    }
    return false;
}

static void test_finding(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct approver approver = make_approver("EC:P-256");
    const struct approver *one[] = {&approver};
    struct data rule = quorum_rule(1, one, 1);
    struct pair ska = make_ska(session, "EC:P-256", "ska", &rule);
    struct pair other = make_ska(session, "EC:P-256", "other", NULL);
    struct pair ordinary = make_ordinary(session, "EC:P-256", "ordinary");
    CK_KEY_TYPE ec = CKK_EC;
    CK_OBJECT_HANDLE found[16];
    CK_ATTRIBUTE by_private[] = {{CKA_CLASS, &private_class, sizeof(private_class)}};
    CK_ATTRIBUTE by_ska[] = {{CKA_KEY_TYPE, &ec, sizeof(ec)},
                             {CKA_CLASS, &ska_class, sizeof(ska_class)}};
    CK_ATTRIBUTE by_label[] = {{CKA_LABEL, TEXT("ska")},
                               {CKA_CLASS, &ska_class, sizeof(ska_class)}};
    CK_ATTRIBUTE by_rule[] = {{CKA_SKA_USAGE_ACCESS_BLOB, rule.bytes, rule.length}};
    CK_ATTRIBUTE by_flag[] = {{CKA_SKA_BLOCKED, &no, 1}};
    CK_ATTRIBUTE by_other_flag[] = {{CKA_SKA_BLOCKED, &yes, 1}};
    CK_ATTRIBUTE by_subject[] = {{CKA_SUBJECT, NULL, 0},
                                 {CKA_CLASS, &private_class, sizeof(private_class)}};
    CK_ATTRIBUTE by_sign[] = {{CKA_SIGN, &yes, 1}};
    struct data class = {NULL, 0};

    assert_int_equal(find_all(session, NULL, 0, found, COUNT(found)), 6);
    assert_int_equal(find_all(session, by_private, 1, found, COUNT(found)), 3);
    assert_true(contains(found, 3, ska.private_key) && contains(found, 3, ordinary.private_key));
    assert_int_equal(find_all(session, by_ska, 2, found, COUNT(found)), 2);
    assert_true(contains(found, 2, ska.private_key) && contains(found, 2, other.private_key));
    assert_int_equal(find_all(session, by_label, 2, found, COUNT(found)), 1);
    assert_int_equal(found[0], ska.private_key);
    assert_int_equal(find_all(session, by_rule, 1, found, COUNT(found)), 1);
    assert_int_equal(found[0], ska.private_key);
    assert_int_equal(find_all(session, by_flag, 1, found, COUNT(found)), 2);
    assert_int_equal(find_all(session, by_other_flag, 1, found, COUNT(found)), 0);
    assert_int_equal(find_all(session, by_subject, 2, found, COUNT(found)), 3);
    assert_int_equal(find_all(session, by_sign, 1, found, COUNT(found)), 3);
    class = read_attribute(session, ska.private_key, CKA_CLASS);
    assert_memory_equal(class.bytes, &private_class, sizeof(private_class));
    data_free(&class);
    data_free(&rule);
    approver_free(&approver);
}

/* Results come in portions, and a search has a beginning and an end. */
static void test_search_in_portions(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_OBJECT_HANDLE found = 0;
    CK_ULONG count = 0;
    size_t total = 0;

    make_ska(session, "EC:P-256", "one", NULL);
    make_ska(session, "EC:P-256", "two", NULL);
    assert_rv(C_FindObjects(session, &found, 1, &count), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(C_FindObjectsInit(session, NULL, 0), CKR_OK);
    assert_rv(C_FindObjectsInit(session, NULL, 0), CKR_OPERATION_ACTIVE);
    assert_rv(C_FindObjects(session, &found, 0, &count), CKR_OK);
    assert_int_equal(count, 0);
    do {
        assert_rv(C_FindObjects(session, &found, 1, &count), CKR_OK);
        total += count;
    } while (count > 0);
    assert_int_equal(total, 4);
    assert_rv(C_FindObjectsFinal(session), CKR_OK);
    assert_rv(C_FindObjectsFinal(session), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(C_FindObjectsInit(session, NULL, 1), CKR_ARGUMENTS_BAD);
}

/* ---- What is stored stays hidden -------------------------------------------------------- */

static void test_hidden_storage(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct pair pair = make_ska(session, "EC:P-256", "hidden", NULL);
    CK_OBJECT_HANDLE highest =
        pair.public_key > pair.private_key ? pair.public_key : pair.private_key;
    CK_ATTRIBUTE by_data[] = {{CKA_CLASS, &data_class, sizeof(data_class)}};
    CK_ATTRIBUTE by_application[] = {{CKA_APPLICATION, TEXT("SKA simulator")}};
    CK_ATTRIBUTE by_token[] = {{CKA_TOKEN, &yes, 1}};
    CK_OBJECT_HANDLE found[8];
    struct data subject;

    assert_int_equal(fixture_stored(), 3); /* the pair and its rules */
    assert_int_equal(find_all(session, by_data, 1, found, COUNT(found)), 0);
    assert_int_equal(find_all(session, by_application, 1, found, COUNT(found)), 0);
    assert_int_equal(find_all(session, by_token, 1, found, COUNT(found)), 2);
    subject = read_attribute(session, pair.private_key, CKA_SUBJECT);
    assert_int_equal(subject.length, 0);
    data_free(&subject);
    for (CK_OBJECT_HANDLE handle = 1; handle <= highest + 8; handle++) {
        CK_ATTRIBUTE label = {CKA_LABEL, TEXT("mine")};
        CK_ATTRIBUTE value = {CKA_VALUE, NULL, 0};
        CK_OBJECT_HANDLE copy = 0;
        CK_ULONG size = 0;

        if (handle == pair.public_key || handle == pair.private_key || handle == session)
            continue;
        assert_rv(C_GetAttributeValue(session, handle, &value, 1), CKR_OBJECT_HANDLE_INVALID);
        assert_rv(C_GetObjectSize(session, handle, &size), CKR_OBJECT_HANDLE_INVALID);
        assert_rv(C_SetAttributeValue(session, handle, &label, 1), CKR_OBJECT_HANDLE_INVALID);
        assert_rv(C_CopyObject(session, handle, &label, 1, &copy), CKR_OBJECT_HANDLE_INVALID);
        assert_rv(C_DestroyObject(session, handle), CKR_OBJECT_HANDLE_INVALID);
    }
    assert_int_equal(find_private(session, "hidden"), pair.private_key);
}

/* An application's own data objects are none of the simulator's business. */
static void test_foreign_data(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_ATTRIBUTE mine[] = {{CKA_CLASS, &data_class, sizeof(data_class)},
                           {CKA_TOKEN, &yes, 1},
                           {CKA_APPLICATION, TEXT("another application")},
                           {CKA_VALUE, TEXT("value")}};
    CK_ATTRIBUTE forged[] = {{CKA_CLASS, &data_class, sizeof(data_class)},
                             {CKA_TOKEN, &yes, 1},
                             {CKA_APPLICATION, TEXT("SKA simulator")},
                             {CKA_VALUE, TEXT("value")}};
    CK_ATTRIBUTE by_data[] = {{CKA_CLASS, &data_class, sizeof(data_class)}};
    CK_OBJECT_HANDLE object = 0;
    CK_OBJECT_HANDLE found[4];

    make_ska(session, "EC:P-256", "beside", NULL);
    assert_rv(C_CreateObject(session, mine, COUNT(mine), &object), CKR_OK);
    assert_int_equal(find_all(session, by_data, 1, found, COUNT(found)), 1);
    assert_int_equal(found[0], object);
    assert_rv(C_CreateObject(session, forged, COUNT(forged), &object), CKR_ATTRIBUTE_VALUE_INVALID);
    assert_rv(C_SetAttributeValue(session, found[0], &forged[2], 1), CKR_ATTRIBUTE_VALUE_INVALID);
    assert_rv(C_CopyObject(session, found[0], &forged[2], 1, &object), CKR_ATTRIBUTE_VALUE_INVALID);
}

/* ---- Attributes ------------------------------------------------------------------------- */

static void test_rules_readable(void **state)
{
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_SKA_USAGE_ACCESS_BLOB, CKA_SKA_BLOCK_ACCESS_BLOB,
                                              CKA_SKA_UNBLOCK_ACCESS_BLOB,
                                              CKA_SKA_MODIFY_ACCESS_BLOB};
    CK_SESSION_HANDLE session = session_of(state);
    struct approver approver = make_approver("ED25519");
    const struct approver *one[] = {&approver};
    struct data rules[] = {quorum_rule(1, one, 1), empty_rule(), impossible_rule(),
                           timed_rule(1, one, 1, 5, 600)};
    struct key_wish wish = {.kind = "ED25519",
                            .label = "readable",
                            .rules = {&rules[0], &rules[1], &rules[2], &rules[3]}};
    struct pair pair = {0, 0};

    assert_rv(generate_ska(session, &wish, &pair), CKR_OK);
    for (size_t i = 0; i < COUNT(types); i++) {
        struct data value = read_attribute(session, pair.private_key, types[i]);

        assert_int_equal(value.length, rules[i].length);
        assert_memory_equal(value.bytes, rules[i].bytes, value.length);
        data_free(&value);
        data_free(&rules[i]);
    }
    assert_false(read_flag(session, pair.private_key, CKA_SKA_BLOCKED));
    assert_false(read_flag(session, pair.private_key, CKA_SKA_SENSITIVE_PUBLIC_KEY));
    assert_false(read_flag(session, pair.private_key, CKA_SKA_SAM_APPROVED));
    assert_false(read_flag(session, pair.private_key, CKA_SKA_TIMESTAMP_SIGN));
    approver_free(&approver);
}

/* Cryptoki's rules for a template that mixes what is there, what is not, and what does not fit. */
static void test_mixed_templates(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct pair pair = make_ska(session, "EC:P-256", "mixed", NULL);
    struct pair ordinary = make_ordinary(session, "EC:P-256", "plain");
    CK_BYTE rule[60] = {0};
    CK_BYTE label[16] = {0};
    CK_BBOOL blocked = 2;
    CK_BYTE secret[64] = {0};
    CK_ATTRIBUTE all[] = {
        {CKA_SKA_USAGE_ACCESS_BLOB, rule, sizeof(rule)},
        {CKA_LABEL, label, sizeof(label)},
        {CKA_SKA_BLOCK_ACCESS_BLOB, NULL, 0},
        {CKA_SKA_BLOCKED, &blocked, sizeof(blocked)},
        {CKA_SKA_UNBLOCK_ACCESS_BLOB, secret, 51}, /* one byte too short */
        {CKA_SKA_CRYPTO_CURRENCY_TYPE, secret, 8}, /* not set */
        {CKA_VALUE, secret, sizeof(secret)},       /* sensitive */
        {CKA_VENDOR_DEFINED | 0x777, secret, 8},   /* unknown */
    };

    assert_rv(C_GetAttributeValue(session, pair.private_key, all, 4), CKR_OK);
    assert_int_equal(all[0].ulValueLen, 52);
    assert_int_equal(rule[0], 0x30);
    assert_int_equal(all[1].ulValueLen, 5);
    assert_memory_equal(label, "mixed", 5);
    assert_int_equal(all[2].ulValueLen, 52);
    assert_int_equal(blocked, CK_FALSE);

    all[0].ulValueLen = sizeof(rule);
    all[1].ulValueLen = sizeof(label);
    assert_rv(C_GetAttributeValue(session, pair.private_key, all, 5), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(all[0].ulValueLen, 52);
    assert_int_equal(all[4].ulValueLen, CK_UNAVAILABLE_INFORMATION);

    all[0].ulValueLen = sizeof(rule);
    all[4].ulValueLen = 51;
    assert_rv(C_GetAttributeValue(session, pair.private_key, all, 6), CKR_ATTRIBUTE_TYPE_INVALID);
    assert_int_equal(all[5].ulValueLen, CK_UNAVAILABLE_INFORMATION);
    assert_int_equal(all[0].ulValueLen, 52);

    all[5].ulValueLen = 8;
    assert_rv(C_GetAttributeValue(session, pair.private_key, all, COUNT(all)),
              CKR_ATTRIBUTE_SENSITIVE);
    assert_int_equal(all[6].ulValueLen, CK_UNAVAILABLE_INFORMATION);
    assert_int_equal(all[7].ulValueLen, CK_UNAVAILABLE_INFORMATION);

    assert_rv(C_GetAttributeValue(session, ordinary.private_key, all, 1),
              CKR_ATTRIBUTE_TYPE_INVALID);
    assert_int_equal(all[0].ulValueLen, CK_UNAVAILABLE_INFORMATION);
    assert_rv(C_GetAttributeValue(session, pair.private_key, NULL, 1), CKR_ARGUMENTS_BAD);
    assert_rv(C_GetAttributeValue(session, pair.private_key, all, ~0UL), CKR_ARGUMENTS_BAD);
}

/* ---- Labels ----------------------------------------------------------------------------- */

static void test_label_in_use(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct key_wish again = {.kind = "ED25519", .label = "taken"};
    struct key_wish plain = {.kind = "ED25519", .label = "plain"};
    struct pair pair = {0, 0};

    make_ska(session, "EC:P-256", "taken", NULL);
    make_ordinary(session, "EC:P-256", "plain");
    assert_rv(generate_ska(session, &again, &pair), CKR_ATTRIBUTE_VALUE_INVALID);
    assert_rv(generate_ska(session, &plain, &pair), CKR_ATTRIBUTE_VALUE_INVALID);
    assert_rv(C_DestroyObject(session, find_private(session, "taken")), CKR_OK);
    assert_rv(generate_ska(session, &again, &pair), CKR_OK);
}

static CK_OBJECT_HANDLE make_aes(CK_SESSION_HANDLE session)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ULONG length = 32;
    CK_ATTRIBUTE attributes[] = {{CKA_VALUE_LEN, &length, sizeof(length)},
                                 {CKA_WRAP, &yes, 1},
                                 {CKA_UNWRAP, &yes, 1},
                                 {CKA_EXTRACTABLE, &yes, 1}};
    CK_OBJECT_HANDLE key = 0;

    assert_rv(C_GenerateKey(session, &mechanism, attributes, COUNT(attributes), &key), CKR_OK);
    return key;
}

/* No other private key gets the label of an SKA key, by whatever call. */
static void test_label_of_ordinary_keys(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_MECHANISM wrap = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
    CK_KEY_TYPE ec = CKK_EC;
    CK_ATTRIBUTE curve[] = {{CKA_EC_PARAMS, TEXT("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")}};
    CK_ATTRIBUTE label[] = {{CKA_LABEL, TEXT("seal")}};
    CK_ATTRIBUTE twice[] = {{CKA_LABEL, TEXT("other")}, {CKA_LABEL, TEXT("seal")}};
    CK_ATTRIBUTE extractable[] = {{CKA_EXTRACTABLE, &yes, 1}, {CKA_LABEL, TEXT("free")}};
    CK_ATTRIBUTE import[] = {{CKA_CLASS, &private_class, sizeof(private_class)},
                             {CKA_KEY_TYPE, &ec, sizeof(ec)},
                             {CKA_EC_PARAMS, TEXT("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")},
                             {CKA_VALUE, TEXT("0123456789abcdef0123456789abcdef")},
                             {CKA_LABEL, TEXT("seal")}};
    CK_ATTRIBUTE unwrap[] = {{CKA_CLASS, &private_class, sizeof(private_class)},
                             {CKA_KEY_TYPE, &ec, sizeof(ec)},
                             {CKA_LABEL, TEXT("seal")}};
    CK_OBJECT_HANDLE aes = make_aes(session);
    CK_BYTE wrapped[512];
    CK_ULONG wrapped_len = sizeof(wrapped);
    struct pair pair = {0, 0};
    CK_OBJECT_HANDLE made = 0;

    make_ska(session, "EC:P-256", "seal", NULL);
    assert_rv(C_GenerateKeyPair(session, &generate, curve, 1, label, 1, &pair.public_key,
                                &pair.private_key),
              CKR_ATTRIBUTE_VALUE_INVALID);
    assert_rv(C_GenerateKeyPair(session, &generate, curve, 1, extractable, 2, &pair.public_key,
                                &pair.private_key),
              CKR_OK);
    assert_rv(C_SetAttributeValue(session, pair.private_key, label, 1),
              CKR_ATTRIBUTE_VALUE_INVALID);
    assert_rv(C_CopyObject(session, pair.private_key, label, 1, &made),
              CKR_ATTRIBUTE_VALUE_INVALID);
    /* Nor behind another one. */
    assert_rv(C_SetAttributeValue(session, pair.private_key, twice, 2),
              CKR_ATTRIBUTE_VALUE_INVALID);
    assert_rv(C_CopyObject(session, pair.private_key, twice, 2, &made),
              CKR_ATTRIBUTE_VALUE_INVALID);
    assert_rv(C_CreateObject(session, import, COUNT(import), &made), CKR_ATTRIBUTE_VALUE_INVALID);
    assert_rv(C_WrapKey(session, &wrap, aes, pair.private_key, wrapped, &wrapped_len), CKR_OK);
    assert_rv(C_UnwrapKey(session, &wrap, aes, wrapped, wrapped_len, unwrap, COUNT(unwrap), &made),
              CKR_ATTRIBUTE_VALUE_INVALID);
    unwrap[2] = (CK_ATTRIBUTE){CKA_LABEL, TEXT("unwrapped")};
    assert_rv(C_UnwrapKey(session, &wrap, aes, wrapped, wrapped_len, unwrap, COUNT(unwrap), &made),
              CKR_OK);
    import[4] = (CK_ATTRIBUTE){CKA_LABEL, TEXT("imported")};
    assert_rv(C_CreateObject(session, import, COUNT(import), &made), CKR_OK);
    /* Public keys, certificates and the like may be named after the key that they belong to. */
    assert_rv(C_SetAttributeValue(session, pair.public_key, label, 1), CKR_OK);
}

/* Without a login nobody sees which labels are taken, so no private key gets one. */
static void test_label_without_login(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_KEY_TYPE ec = CKK_EC;
    CK_UTF8CHAR pin[] = FIXTURE_PIN;
    CK_ATTRIBUTE import[] = {{CKA_CLASS, &private_class, sizeof(private_class)},
                             {CKA_KEY_TYPE, &ec, sizeof(ec)},
                             {CKA_PRIVATE, &no, 1},
                             {CKA_EC_PARAMS, TEXT("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")},
                             {CKA_VALUE, TEXT("0123456789abcdef0123456789abcdef")},
                             {CKA_LABEL, TEXT("seal")}};
    CK_OBJECT_HANDLE made = 0;
    struct pair pair = make_ska(session, "EC:P-256", "seal", NULL);
    struct key_wish wish = {.kind = "EC:P-256", .label = "none"};

    assert_rv(C_Logout(session), CKR_OK);
    assert_rv(C_CreateObject(session, import, COUNT(import), &made), CKR_USER_NOT_LOGGED_IN);
    assert_rv(generate_ska(session, &wish, &pair), CKR_USER_NOT_LOGGED_IN);
    assert_rv(C_Login(session, CKU_USER, pin, strlen(FIXTURE_PIN)), CKR_OK);
}

/* A mark makes a key an SKA key; nobody else may set one. */
static void test_forged_mark(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    static const char mark[] = "SKA simulator key 01234567-89ab-4def-8123-456789abcdef";
    CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE curve[] = {{CKA_EC_PARAMS, TEXT("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")}};
    CK_ATTRIBUTE forged[] = {{CKA_SUBJECT, TEXT(mark)}};
    struct pair pair = make_ordinary(session, "EC:P-256", "ordinary");
    CK_OBJECT_HANDLE made[2];

    assert_rv(C_SetAttributeValue(session, pair.private_key, forged, 1),
              CKR_ATTRIBUTE_VALUE_INVALID);
    assert_rv(C_CopyObject(session, pair.private_key, forged, 1, made),
              CKR_ATTRIBUTE_VALUE_INVALID);
    assert_rv(C_GenerateKeyPair(session, &generate, curve, 1, forged, 1, &made[0], &made[1]),
              CKR_ATTRIBUTE_VALUE_INVALID);
    assert_rv(C_CreateObject(session, forged, 1, made), CKR_ATTRIBUTE_VALUE_INVALID);
}

/* An ordinary mechanism makes no SKA key, and SoftHSM does not get to see what it would trip over.
 */
static void test_ska_attributes_on_ordinary_keys(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct data rule = empty_rule();
    CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE curve[] = {{CKA_EC_PARAMS, TEXT("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")}};
    CK_ATTRIBUTE blob[] = {{CKA_SKA_USAGE_ACCESS_BLOB, rule.bytes, rule.length}};
    CK_ATTRIBUTE class[] = {{CKA_CLASS, &ska_class, sizeof(ska_class)}};
    CK_OBJECT_HANDLE made[2];

    assert_rv(C_GenerateKeyPair(session, &generate, curve, 1, blob, 1, &made[0], &made[1]),
              CKR_ATTRIBUTE_TYPE_INVALID);
    assert_rv(C_GenerateKeyPair(session, &generate, curve, 1, class, 1, &made[0], &made[1]),
              CKR_TEMPLATE_INCONSISTENT);
    assert_int_equal(find_all(session, NULL, 0, made, 2), 0);
    data_free(&rule);
}

/* ---- Life and death --------------------------------------------------------------------- */

static void test_destroy(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct pair pair = make_ska(session, "EC:P-256", "doomed", NULL);
    CK_SESSION_HANDLE reader = 0;

    assert_rv(C_OpenSession(fixture_slot(), CKF_SERIAL_SESSION, NULL, NULL, &reader), CKR_OK);
    assert_rv(C_DestroyObject(reader, pair.private_key), CKR_SESSION_READ_ONLY);
    assert_int_equal(find_private(session, "doomed"), pair.private_key);
    assert_rv(C_DestroyObject(session, pair.private_key), CKR_OK);
    assert_rv(C_DestroyObject(session, pair.private_key), CKR_OBJECT_HANDLE_INVALID);
    assert_int_equal(find_private(session, "doomed"), CK_INVALID_HANDLE);
    /* The rules went with the key; the public key has a life of its own. */
    assert_int_equal(fixture_stored(), 1);
    assert_rv(C_DestroyObject(session, pair.public_key), CKR_OK);
}

static void test_read_only_session(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_MECHANISM mechanism = {CKM_ECDSA_SHA256, NULL, 0};
    struct key_wish wish = {.kind = "EC:P-256", .label = "none"};
    CK_SESSION_HANDLE reader = 0;
    struct pair pair = make_ska(session, "EC:P-256", "used", NULL);
    struct pair none = {0, 0};
    struct data token;
    struct data signature;

    assert_rv(C_OpenSession(fixture_slot(), CKF_SERIAL_SESSION, NULL, NULL, &reader), CKR_OK);
    assert_rv(generate_ska(reader, &wish, &none), CKR_SESSION_READ_ONLY);
    token = make_token(reader, CK_SKA_SIGN, pair.private_key, "payload", 7);
    assert_rv(ska_sign(reader, &mechanism, pair.private_key, &token, NULL, 0, &signature), CKR_OK);
    data_free(&token);
    data_free(&signature);
}

/* Everything is there again after C_Finalize, with other handles. */
static void test_persistence(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct approver approver = make_approver("EC:P-256");
    const struct approver *one[] = {&approver};
    CK_MECHANISM mechanism = {CKM_ECDSA_SHA256, NULL, 0};
    struct data rule = quorum_rule(1, one, 1);
    struct data value;
    struct data token;
    struct data signature;
    CK_SKA_APPROVAL approval;
    CK_OBJECT_HANDLE key = 0;

    make_ska(session, "EC:P-256", "lasting", &rule);
    fixture_close();
    session = fixture_open();
    *(CK_SESSION_HANDLE *)*state = session;
    key = find_private(session, "lasting");
    assert_int_not_equal(key, CK_INVALID_HANDLE);
    value = read_attribute(session, key, CKA_SKA_USAGE_ACCESS_BLOB);
    assert_int_equal(value.length, rule.length);
    assert_memory_equal(value.bytes, rule.bytes, rule.length);
    token = make_token(session, CK_SKA_SIGN, key, "payload", 7);
    assert_rv(ska_sign(session, &mechanism, key, &token, NULL, 0, &signature),
              CKR_SKASIM_TOKEN_NOT_FOUND);
    approval = make_approval(&approver, &token);
    assert_rv(ska_sign(session, &mechanism, key, &token, &approval, 1, &signature), CKR_OK);
    approvals_free(&approval, 1);
    data_free(&signature);
    data_free(&token);
    data_free(&value);
    data_free(&rule);
    approver_free(&approver);
}

/* Handles of private objects end with the login; so does what the simulator remembers. */
static void test_logout(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_UTF8CHAR pin[] = FIXTURE_PIN;
    struct pair pair = make_ska(session, "EC:P-256", "private", NULL);
    CK_ATTRIBUTE blocked = {CKA_SKA_BLOCKED, NULL, 0};
    CK_OBJECT_HANDLE found[4];

    assert_rv(C_Logout(session), CKR_OK);
    assert_int_equal(find_all(session, NULL, 0, found, COUNT(found)), 1); /* the public key */
    assert_rv(C_GetAttributeValue(session, pair.private_key, &blocked, 1),
              CKR_OBJECT_HANDLE_INVALID);
    assert_rv(C_Login(session, CKU_USER, pin, strlen(FIXTURE_PIN)), CKR_OK);
    assert_false(read_flag(session, find_private(session, "private"), CKA_SKA_BLOCKED));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, clean_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_kinds),
        TEST(test_curve_names),
        TEST(test_vendor_template),
        TEST(test_refused_templates),
        TEST(test_refused_algorithms),
        TEST(test_missing_mechanisms),
        TEST(test_missing_calls),
        TEST(test_missing_rule),
        TEST(test_rules),
        TEST(test_token_without_groups),
        TEST(test_doubled_key_in_two_forms),
        TEST(test_malformed_rules),
        TEST(test_finding),
        TEST(test_search_in_portions),
        TEST(test_hidden_storage),
        TEST(test_foreign_data),
        TEST(test_rules_readable),
        TEST(test_mixed_templates),
        TEST(test_label_in_use),
        TEST(test_label_of_ordinary_keys),
        TEST(test_label_without_login),
        TEST(test_forged_mark),
        TEST(test_ska_attributes_on_ordinary_keys),
        TEST(test_destroy),
        TEST(test_read_only_session),
        TEST(test_persistence),
        TEST(test_logout),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
