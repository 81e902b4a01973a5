/* SPDX-License-Identifier: Apache-2.0 */
/* SAM mode: which certificates make approvers, when keys are made and when they are modified. */
#include "simulator_fixture.h"
#include "certificate_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static CK_MECHANISM mechanism = {CKM_ECDSA_SHA256, NULL, 0};

/* ---- Certificates ----------------------------------------------------------------------- */

struct issuer {
    X509 *certificate;
    EVP_PKEY *key;
};

/* How a certificate differs from a good one. */
struct wish {
    const char *kind;      /* of key; NULL: EC:P-256 */
    const char *extension; /* further extension, "name=value"; NULL: none */
    const EVP_MD *digest;  /* NULL: SHA-256 */
    long from;             /* validity, in seconds from now */
    long to;               /* 0: one hour */
};

static struct issuer root;
static struct issuer foreign;
static struct issuer intermediate;

static void add_extension(X509 *certificate, const char *text)
{
    char name[64];
    const char *value = strchr(text, '=');
    X509_EXTENSION *extension = NULL;

    assert_non_null(value);
    snprintf(name, sizeof(name), "%.*s", (int)(value - text), text);
    extension = X509V3_EXT_conf(NULL, NULL, name, value + 1);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* Signed by the issuer, or by itself. */
static X509 *make_certificate(const char *name, EVP_PKEY *key, const struct issuer *issuer, bool ca,
                              const struct wish *wish)
{
    static long serial = 1;
    X509 *certificate = X509_new();
    EVP_PKEY *signer = issuer == NULL ? key : issuer->key;
    const EVP_MD *digest = wish->digest != NULL ? wish->digest : EVP_sha256();

    assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    set_certificate_name(certificate, name);
    if (issuer != NULL)
        assert_int_equal(
            X509_set_issuer_name(certificate, X509_get_subject_name(issuer->certificate)), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), wish->from);
    X509_gmtime_adj(X509_getm_notAfter(certificate), wish->to == 0 ? 3600 : wish->to);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    if (ca)
        add_extension(certificate, "basicConstraints=critical,CA:TRUE");
    if (wish->extension != NULL)
        add_extension(certificate, wish->extension);
    if (EVP_PKEY_is_a(signer, "ED25519"))
        digest = NULL;
    assert_true(X509_sign(certificate, signer, digest) > 0);
    return certificate;
}

static struct issuer make_issuer(const char *name, const struct issuer *above)
{
    static const struct wish good = {0};
    struct issuer issuer = {NULL, make_key("EC:P-256")};

    issuer.certificate = make_certificate(name, issuer.key, above, true, &good);
    return issuer;
}

static struct approver certified(const char *name, const struct issuer *issuer, bool ca,
                                 const struct wish *wish)
{
    struct approver approver = {
        make_key(wish->kind != NULL ? wish->kind : "EC:P-256"), {NULL, 0}, CKAP_CERTIFICATE, NULL};
    X509 *certificate = make_certificate(name, approver.key, issuer, ca, wish);
    unsigned char *der = NULL;
    int length = i2d_X509(certificate, &der);

    assert_true(length > 0);
    approver.info.bytes = malloc((size_t)length);
    approver.info.length = (size_t)length;
    memcpy(approver.info.bytes, der, (size_t)length);
    OPENSSL_free(der);
    X509_free(certificate);
    return approver;
}

static struct approver good_approver(const char *name)
{
    static const struct wish good = {0};

    return certified(name, &root, false, &good);
}

/* ---- The token -------------------------------------------------------------------------- */

static void configure(const char *lines)
{
    char text[512];

    snprintf(text, sizeof(text), "sam = on\nsam-ca = %s\n%s", fixture_path("ca.pem"), lines);
    fixture_configure(text);
}

static int group_setup(void **state)
{
    FILE *file = NULL;

    fixture_group_setup(state);
    root = make_issuer("Approver CA", NULL);
    foreign = make_issuer("Foreign CA", NULL);
    intermediate = make_issuer("Intermediate CA", &foreign);
    file = fopen(fixture_path("ca.pem"), "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, root.certificate), 1);
    assert_int_equal(PEM_write_X509(file, intermediate.certificate), 1);
    fclose(file);
    return 0;
}

static int group_teardown(void **state)
{
    struct issuer *issuers[] = {&root, &foreign, &intermediate};

    for (size_t i = 0; i < COUNT(issuers); i++) {
        X509_free(issuers[i]->certificate);
        EVP_PKEY_free(issuers[i]->key);
    }
    return fixture_group_teardown(state);
}

static CK_SESSION_HANDLE session;

static int setup(void **state)
{
    (void)state;
    configure("");
    session = fixture_open();
    return 0;
}

static int teardown(void **state)
{
    CK_OBJECT_HANDLE found[32];
    size_t count = find_all(session, NULL, 0, found, COUNT(found));

    (void)state;
    for (size_t i = 0; i < count; i++)
        assert_rv(C_DestroyObject(session, found[i]), CKR_OK);
    fixture_close();
    remove(fixture_path("call.log"));
    return 0;
}

/* Two words that a refusal must say: whose fault it is, and what it is. */
static void expect_words(char *heard, const char *who, const char *what)
{
    if (strstr(heard, who) == NULL || strstr(heard, what) == NULL)
        fail_msg("nothing of %s, %s: %s", who, what, heard);
    free(heard);
}

static void expect_refused(const struct key_wish *wish, const char *who, const char *what)
{
    struct pair pair = {0, 0};
    CK_RV rv = CKR_OK;

    fixture_listen();
    rv = generate_ska(session, wish, &pair);
    expect_words(fixture_heard(), who, what);
    assert_rv(rv, CKR_ATTRIBUTE_VALUE_INVALID);
    assert_int_equal(fixture_stored(), 0);
}

/* ---- Keys ------------------------------------------------------------------------------- */

static char *to_pem(const struct data *der, CK_ULONG *length)
{
    const unsigned char *next = der->bytes;
    X509 *certificate = d2i_X509(NULL, &next, (long)der->length);
    BIO *bio = BIO_new(BIO_s_mem());
    char *content = NULL;
    char *pem = NULL;

    assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
    *length = (CK_ULONG)BIO_get_mem_data(bio, &content);
    pem = malloc(*length);
    memcpy(pem, content, *length);
    BIO_free(bio);
    X509_free(certificate);
    return pem;
}

static void test_approved_key(void **state)
{
    struct approver alice = good_approver("Alice");
    const struct approver *one[] = {&alice};
    struct data rule = quorum_rule(1, one, 1);
    struct pair pair = make_ska(session, "EC:P-256", "qualified", &rule);
    struct data token = make_token(session, CK_SKA_SIGN, pair.private_key, "payload", 7);
    struct data signature = {NULL, 0};
    CK_SKA_APPROVAL approval = make_approval(&alice, &token);
    unsigned char *der = NULL;
    char *pem = NULL;

    (void)state;
    assert_true(read_flag(session, pair.private_key, CKA_SKA_SAM_APPROVED));
    assert_rv(ska_sign(session, &mechanism, pair.private_key, &token, &approval, 1, &signature),
              CKR_OK);
    data_free(&signature);
    /* In PEM too, as in the rule. */
    pem = to_pem(&alice.info, &approval.signerInfoLen);
    approval.pSignerInfo = (CK_BYTE_PTR)pem;
    assert_rv(ska_sign(session, &mechanism, pair.private_key, &token, &approval, 1, &signature),
              CKR_OK);
    data_free(&signature);
    free(pem);
    /* The bare public key of the certificate does as well. */
    approval.type = CKAP_SIGNATURE;
    approval.signerInfoLen = (CK_ULONG)i2d_PUBKEY(alice.key, &der);
    approval.pSignerInfo = der;
    assert_rv(ska_sign(session, &mechanism, pair.private_key, &token, &approval, 1, &signature),
              CKR_OK);
    OPENSSL_free(der);
    data_free(&signature);
    approvals_free(&approval, 1);
    data_free(&token);
    data_free(&rule);
    approver_free(&alice);
}

/* Certificates of configured intermediate CAs are good, and keys of all accepted kinds. */
static void test_accepted(void **state)
{
    static const struct wish wishes[] = {
        {.kind = "RSA:2048"},
        {.kind = "RSA:3072", .digest = NULL},
        {.kind = "EC:P-384"},
        {.kind = "ED25519"},
        {.extension = "keyUsage=digitalSignature"},
        {.extension = "keyUsage=critical,nonRepudiation"},
        {.extension = "basicConstraints=CA:FALSE"},
    };

    (void)state;
    for (size_t i = 0; i <= COUNT(wishes); i++) {
        static const struct wish good = {0};
        struct approver approver = i < COUNT(wishes)
                                       ? certified("Approver", &root, false, &wishes[i])
                                       : certified("Approver", &intermediate, false, &good);
        const struct approver *one[] = {&approver};
        struct data rule = quorum_rule(1, one, 1);
        struct pair pair = make_ska(session, "EC:P-256", "accepted", &rule);

        assert_true(read_flag(session, pair.private_key, CKA_SKA_SAM_APPROVED));
        assert_rv(C_DestroyObject(session, pair.private_key), CKR_OK);
        data_free(&rule);
        approver_free(&approver);
    }
}

struct refusal {
    const char *says;
    const struct issuer *issuer; /* NULL: self-signed */
    bool ca;
    struct wish wish;
};

/* Each of them is refused when a key is made and when it is modified. */
static const struct refusal *list_refusals(size_t *count)
{
    static struct refusal refusals[] = {
        {"self", NULL, false, {0}},
        {"issuer", &foreign, false, {0}},
        {"expired", &root, false, {.from = -7200, .to = -60}},
        {"not yet valid", &root, false, {.from = 60}},
        {"weak", &root, false, {0}},
        {"too weak", &root, false, {.kind = "RSA:1024"}},
        {"shorter than 256", &root, false, {.kind = "EC:P-224"}},
        {"CA certificate", &root, true, {0}},
        {"key usage", &root, false, {.extension = "keyUsage=keyEncipherment"}},
        {"key usage", &root, false, {.extension = "keyUsage=critical,keyAgreement"}},
    };

    refusals[4].wish.digest = EVP_sha1();
    *count = COUNT(refusals);
    return refusals;
}

static struct approver refused_approver(const struct refusal *refusal)
{
    return certified("Mallory", refusal->issuer, refusal->ca, &refusal->wish);
}

static void test_refused_certificates(void **state)
{
    size_t count = 0;
    const struct refusal *refusals = list_refusals(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct approver good = good_approver("Alice");
        struct approver bad = refused_approver(&refusals[i]);
        const struct approver *both[] = {&good, &bad};
        struct data rule = quorum_rule(1, both, 2);
        struct data use = quorum_rule(1, both, 1);

        for (size_t place = 0; place < 4; place++) {
            struct key_wish wish = {.kind = "EC:P-256", .label = "refused", .rules = {&use}};

            wish.rules[place] = &rule;
            expect_refused(&wish, "Mallory", refusals[i].says);
        }
        data_free(&use);
        data_free(&rule);
        approver_free(&good);
        approver_free(&bad);
    }
}

static void test_refused_rules(void **state)
{
    struct approver alice = good_approver("Alice");
    struct approver raw = make_approver("EC:P-256");
    const struct approver *mixed[] = {&alice, &raw};
    struct data use = quorum_rule(1, mixed, 1);
    struct data with_raw = {NULL, 0};
    struct data optional = quorum_rule(0, mixed, 1);
    struct data empty = empty_rule();

    (void)state;
    raw.name = "bob";
    with_raw = quorum_rule(1, mixed, 2);
    for (size_t place = 0; place < 4; place++) {
        struct key_wish wish = {.kind = "EC:P-256", .label = "refused", .rules = {&use}};

        wish.rules[place] = &with_raw;
        expect_refused(&wish, "approver bob", "public key without a certificate");
    }
    for (size_t i = 0; i < 2; i++) {
        struct key_wish wish = {
            .kind = "EC:P-256", .label = "refused", .rules = {i == 0 ? &empty : &optional}};

        expect_refused(&wish, "use rule", "needs no approval");
    }
    data_free(&use);
    data_free(&with_raw);
    data_free(&optional);
    data_free(&empty);
    approver_free(&alice);
    approver_free(&raw);
}

/* Tokens must name the key, whatever else is configured. */
static void test_unbound_token(void **state)
{
    static const unsigned char bytes[] = {0x14, 0,    0, 0, 0x3B, 0,    4, 0, 1,   0,   0,   0,
                                          2,    0x10, 0, 0, 0x57, 0x10, 4, 0, 'd', 'a', 't', 'a'};
    struct data token = {(unsigned char *)(uintptr_t)bytes, sizeof(bytes)};
    struct approver alice = good_approver("Alice");
    const struct approver *one[] = {&alice};
    struct data rule = quorum_rule(1, one, 1);
    struct data signature = {NULL, 0};
    CK_SKA_APPROVAL approval = make_approval(&alice, &token);

    (void)state;
    fixture_close();
    configure("allow-unbound = yes\n");
    session = fixture_open();
    make_ska(session, "EC:P-256", "bound", &rule);
    assert_rv(ska_sign(session, &mechanism, find_private(session, "bound"), &token, &approval, 1,
                       &signature),
              CKR_SKASIM_PARAMETERS_INVALID);
    approvals_free(&approval, 1);
    data_free(&rule);
    approver_free(&alice);
}

/* ---- Modify ----------------------------------------------------------------------------- */

static const CK_ATTRIBUTE_TYPE places[] = {CKA_SKA_USAGE_ACCESS_BLOB, CKA_SKA_BLOCK_ACCESS_BLOB,
                                           CKA_SKA_UNBLOCK_ACCESS_BLOB, CKA_SKA_MODIFY_ACCESS_BLOB};

static CK_RV modify_rule(int place, const struct approver *manager, const struct approver *next,
                         CK_ULONG quorum)
{
    CK_SKA_APPROVER approver = {NULL, 0, next->type, next->info.bytes, next->info.length};
    CK_SKA_GROUP group = {NULL, 0, quorum, &approver, 1};
    CK_SKA_TOKEN alternative = {NULL, 0, 0, 0, &group, 1};
    CK_SKA_POLICY policy = {&alternative, 1};
    CK_BYTE payload[4096];
    CK_ULONG length = sizeof(payload);
    CK_OBJECT_HANDLE key = find_private(session, "changing");
    struct data token;
    CK_SKA_APPROVAL approval;
    CK_RV rv = CKR_OK;

    assert_rv(C_CreateModifyPayload(place == 0 ? &policy : NULL, place == 1 ? &policy : NULL,
                                    place == 2 ? &policy : NULL, place == 3 ? &policy : NULL,
                                    payload, &length),
              CKR_OK);
    token = make_token(session, CK_SKA_MODIFY, key, payload, length);
    approval = make_approval(manager, &token);
    rv = C_SKAModify(session, &key, token.bytes, token.length, &approval, 1);
    approvals_free(&approval, 1);
    data_free(&token);
    return rv;
}

static CK_RV modify_use(const struct approver *manager, const struct approver *next,
                        CK_ULONG quorum)
{
    return modify_rule(0, manager, next, quorum);
}

static void test_modify(void **state)
{
    static const struct wish good = {0};
    struct approver alice = good_approver("Alice");
    struct approver bob = good_approver("Bob");
    struct approver raw = make_approver("EC:P-256");
    struct approver stranger = certified("Mallory", &foreign, false, &good);
    const struct approver *one[] = {&alice};
    struct data rule = quorum_rule(1, one, 1);
    struct key_wish wish = {
        .kind = "EC:P-256", .label = "changing", .rules = {&rule, &rule, &rule, &rule}};
    struct pair pair = {0, 0};
    struct data before = {NULL, 0};

    (void)state;
    assert_rv(generate_ska(session, &wish, &pair), CKR_OK);
    assert_rv(modify_use(&alice, &raw, 1), CKR_SKASIM_PARAMETERS_INVALID);
    assert_rv(modify_use(&alice, &stranger, 1), CKR_SKASIM_PARAMETERS_INVALID);
    assert_rv(modify_use(&alice, &bob, 0), CKR_SKASIM_PARAMETERS_INVALID);
    before = read_attribute(session, pair.private_key, CKA_SKA_USAGE_ACCESS_BLOB);
    assert_int_equal(before.length, rule.length);
    assert_memory_equal(before.bytes, rule.bytes, rule.length);
    assert_rv(modify_use(&alice, &bob, 1), CKR_OK);
    assert_true(read_flag(session, pair.private_key, CKA_SKA_SAM_APPROVED));
    data_free(&before);

    /* What is changed outside of SAM mode is not approved by it any more, and stays so. */
    fixture_close();
    fixture_configure("");
    session = fixture_open();
    assert_rv(modify_use(&alice, &raw, 1), CKR_OK);
    assert_false(read_flag(session, find_private(session, "changing"), CKA_SKA_SAM_APPROVED));
    fixture_close();
    configure("");
    session = fixture_open();
    assert_rv(modify_use(&alice, &bob, 1), CKR_OK);
    assert_false(read_flag(session, find_private(session, "changing"), CKA_SKA_SAM_APPROVED));
    data_free(&rule);
    approver_free(&alice);
    approver_free(&bob);
    approver_free(&raw);
    approver_free(&stranger);
}

/* A rule that SAM mode would not give to a new key it gives to no old one. */
static void test_refused_modifications(void **state)
{
    struct approver alice = good_approver("Alice");
    const struct approver *one[] = {&alice};
    struct data rule = quorum_rule(1, one, 1);
    struct key_wish wish = {
        .kind = "EC:P-256", .label = "changing", .rules = {&rule, &rule, &rule, &rule}};
    struct pair pair = {0, 0};
    size_t count = 0;
    const struct refusal *refusals = list_refusals(&count);

    (void)state;
    assert_rv(generate_ska(session, &wish, &pair), CKR_OK);
    for (size_t i = 0; i < count; i++) {
        struct approver bad = refused_approver(&refusals[i]);

        for (int place = 0; place < 4; place++) {
            CK_RV rv = CKR_OK;

            fixture_listen();
            rv = modify_rule(place, &alice, &bad, 1);
            expect_words(fixture_heard(), "Mallory", refusals[i].says);
            assert_rv(rv, CKR_SKASIM_PARAMETERS_INVALID);
        }
        approver_free(&bad);
    }
    for (size_t i = 0; i < COUNT(places); i++) {
        struct data now = read_attribute(session, pair.private_key, places[i]);

        assert_int_equal(now.length, rule.length);
        assert_memory_equal(now.bytes, rule.bytes, rule.length);
        data_free(&now);
    }
    assert_true(read_flag(session, pair.private_key, CKA_SKA_SAM_APPROVED));
    assert_int_equal(fixture_stored(), 3);
    data_free(&rule);
    approver_free(&alice);
}

/* The simulator's clock decides what is expired. */
static void test_clock(void **state)
{
    struct approver alice = good_approver("Alice");
    const struct approver *one[] = {&alice};
    struct data rule = quorum_rule(1, one, 1);
    struct key_wish wish = {.kind = "EC:P-256", .label = "late", .rules = {&rule}};

    (void)state;
    fixture_close();
    configure("clock-offset = 7200\n");
    session = fixture_open();
    expect_refused(&wish, "Alice", "expired");
    data_free(&rule);
    approver_free(&alice);
}

static void test_bad_ca_file(void **state)
{
    FILE *file = NULL;

    (void)state;
    fixture_close();
    fixture_configure("sam = on\nsam-ca = /nonexistent/ca.pem\n");
    assert_rv(C_Initialize(NULL), CKR_GENERAL_ERROR);
    file = fopen(fixture_path("empty.pem"), "w");
    assert_non_null(file);
    fclose(file);
    {
        char lines[512];

        snprintf(lines, sizeof(lines), "sam = on\nsam-ca = %s\n", fixture_path("empty.pem"));
        fixture_configure(lines);
    }
    assert_rv(C_Initialize(NULL), CKR_GENERAL_ERROR);
    configure("");
    session = fixture_open();
}

/* ---- A public key that stays secret ----------------------------------------------------- */

/* Not SAM's, but for the same people: the certificate supplies the key. */
static void test_sensitive_public_key(void **state)
{
    static const char *const kinds[] = {"RSA:2048", "EC:P-256", "ED25519"};
    struct approver alice = good_approver("Alice");
    const struct approver *one[] = {&alice};
    struct data rule = quorum_rule(1, one, 1);
    CK_BBOOL yes = CK_TRUE;

    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct key_wish wish = {.kind = kinds[i],
                                .label = kinds[i],
                                .rules = {&rule},
                                .more = {{CKA_SKA_SENSITIVE_PUBLIC_KEY, &yes, 1}},
                                .more_count = 1};
        struct pair pair = {77, 0};
        CK_BYTE buffer[512];
        CK_ATTRIBUTE modulus = {CKA_MODULUS, buffer, sizeof(buffer)};
        CK_ATTRIBUTE exponent = {CKA_PUBLIC_EXPONENT, NULL, 0};
        CK_ATTRIBUTE by_exponent[] = {{CKA_PUBLIC_EXPONENT, buffer, 3}};
        CK_OBJECT_HANDLE found[4];

        assert_rv(generate_ska(session, &wish, &pair), CKR_OK);
        assert_int_equal(pair.public_key, CK_INVALID_HANDLE);
        assert_true(read_flag(session, pair.private_key, CKA_SKA_SENSITIVE_PUBLIC_KEY));
        assert_rv(C_GetAttributeValue(session, pair.private_key, &modulus, 1),
                  CKR_ATTRIBUTE_SENSITIVE);
        assert_int_equal(modulus.ulValueLen, CK_UNAVAILABLE_INFORMATION);
        assert_rv(C_GetAttributeValue(session, pair.private_key, &exponent, 1),
                  CKR_ATTRIBUTE_SENSITIVE);
        memcpy(buffer, "\1\0\1", 3);
        assert_int_equal(find_all(session, by_exponent, 1, found, COUNT(found)), 0);
        assert_int_equal(find_all(session, NULL, 0, found, COUNT(found)), 1);
        assert_int_equal(fixture_stored(), 2); /* the private key and its rules */
        assert_rv(C_DestroyObject(session, pair.private_key), CKR_OK);
    }
    data_free(&rule);
    approver_free(&alice);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_approved_key),          TEST(test_accepted),      TEST(test_refused_certificates),
        TEST(test_refused_rules),         TEST(test_unbound_token), TEST(test_modify),
        TEST(test_refused_modifications), TEST(test_clock),         TEST(test_bad_ca_file),
        TEST(test_sensitive_public_key),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
