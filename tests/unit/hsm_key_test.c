/* SPDX-License-Identifier: Apache-2.0 */
/* Finding keys, signing with them, generating and listing them. */
#include "hsm_support.h"

#include <pkcs11.h>

#include <openssl/core_names.h>
#include <openssl/x509.h>

static struct hsm_token *token;

static int begin(void **state)
{
    support_begin(state);
    make_token("keys");
    make_token("hidden");
    token = login_token(HSM_TEST_PROXY, "keys");
    return 0;
}

/* ---- Each type of key ------------------------------------------------------------------------ */

static const struct {
    enum ska_key_type type;
    unsigned int bits;
    const char *curve;
    const char *label;
    const char *libcrypto; /* its name of the type */
} kinds[] = {
    {SKA_KEY_RSA, 2048, NULL, "rsa", "RSA"},
    {SKA_KEY_RSA_PSS, 2048, NULL, "rsa-pss", "RSA-PSS"},
    {SKA_KEY_EC, 0, "P-256", "p256", "EC"},
    {SKA_KEY_EC, 0, "secp384r1", "p384", "EC"},
    {SKA_KEY_EC, 0, "P-521", "p521", "EC"},
    {SKA_KEY_EC, 0, "secp256k1", "k256", "EC"},
    {SKA_KEY_ED25519, 0, NULL, "ed25519", "ED25519"},
    {SKA_KEY_ED448, 0, NULL, "ed448", "ED448"},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static void generates_each_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct backend_key_template wanted = {.type = kinds[i].type,
                                              .bits = kinds[i].bits,
                                              .curve = kinds[i].curve,
                                              .label = kinds[i].label};
        struct backend_key *key = NULL;
        char curve[64] = "";

        assert_true(hsm_key_generate(token, &wanted, &shown));
        key = find_key(token, kinds[i].label);
        assert_int_equal(backend_key_type(key), kinds[i].type);
        assert_string_equal(backend_key_label(key), kinds[i].label);
        assert_int_equal(backend_key_id(key).length, 16);
        assert_ptr_equal(backend_key_token_label(key), hsm_token_label(token));
        assert_false(backend_key_is_ska(key));
        assert_int_equal(backend_key_use_rule(key).length, 0);
        assert_true(EVP_PKEY_is_a(backend_key_public(key), kinds[i].libcrypto));
        if (kinds[i].type == SKA_KEY_EC) {
            assert_true(
                EVP_PKEY_get_group_name(backend_key_public(key), curve, sizeof(curve), NULL));
            assert_true(strcmp(curve, "prime256v1") == 0 || strncmp(curve, "secp", 4) == 0);
        }
        if (kinds[i].type == SKA_KEY_RSA)
            assert_int_equal(EVP_PKEY_get_bits(backend_key_public(key)), 2048);
        backend_key_free(key);
    }
}

#define DIGEST SKA_PAYLOAD_DIGEST
#define MESSAGE SKA_PAYLOAD_MESSAGE

static const struct {
    const char *label;
    struct ska_mechanism mechanism;
} signings[] = {
    {"rsa", {SKA_SCHEME_PKCS1, SKA_DIGEST_SHA256, DIGEST, SKA_DIGEST_NONE, 0, false}},
    {"rsa", {SKA_SCHEME_PKCS1, SKA_DIGEST_SHA1, MESSAGE, SKA_DIGEST_NONE, 0, false}},
    {"rsa", {SKA_SCHEME_PKCS1, SKA_DIGEST_SHA224, MESSAGE, SKA_DIGEST_NONE, 0, false}},
    {"rsa", {SKA_SCHEME_PKCS1, SKA_DIGEST_SHA256, MESSAGE, SKA_DIGEST_NONE, 0, false}},
    {"rsa", {SKA_SCHEME_PKCS1, SKA_DIGEST_SHA384, MESSAGE, SKA_DIGEST_NONE, 0, false}},
    {"rsa", {SKA_SCHEME_PKCS1, SKA_DIGEST_SHA512, MESSAGE, SKA_DIGEST_NONE, 0, false}},
    {"rsa", {SKA_SCHEME_PSS, SKA_DIGEST_SHA1, DIGEST, SKA_DIGEST_SHA1, 20, false}},
    {"rsa", {SKA_SCHEME_PSS, SKA_DIGEST_SHA224, DIGEST, SKA_DIGEST_SHA224, 28, false}},
    {"rsa", {SKA_SCHEME_PSS, SKA_DIGEST_SHA256, DIGEST, SKA_DIGEST_SHA256, 32, false}},
    {"rsa", {SKA_SCHEME_PSS, SKA_DIGEST_SHA384, MESSAGE, SKA_DIGEST_SHA384, 48, false}},
    {"rsa-pss", {SKA_SCHEME_PSS, SKA_DIGEST_SHA256, DIGEST, SKA_DIGEST_SHA256, 32, false}},
    {"rsa-pss", {SKA_SCHEME_PSS, SKA_DIGEST_SHA512, DIGEST, SKA_DIGEST_SHA512, 0, false}},
    {"rsa-pss", {SKA_SCHEME_PSS, SKA_DIGEST_SHA256, MESSAGE, SKA_DIGEST_SHA256, 32, false}},
    {"p256", {SKA_SCHEME_ECDSA, SKA_DIGEST_SHA256, DIGEST, SKA_DIGEST_NONE, 0, false}},
    {"p256", {SKA_SCHEME_ECDSA, SKA_DIGEST_SHA512, DIGEST, SKA_DIGEST_NONE, 0, false}},
    {"p384", {SKA_SCHEME_ECDSA, SKA_DIGEST_SHA384, DIGEST, SKA_DIGEST_NONE, 0, false}},
    {"p521", {SKA_SCHEME_ECDSA, SKA_DIGEST_SHA512, DIGEST, SKA_DIGEST_NONE, 0, false}},
    {"k256", {SKA_SCHEME_ECDSA, SKA_DIGEST_SHA1, DIGEST, SKA_DIGEST_NONE, 0, false}},
    {"ed25519", {SKA_SCHEME_EDDSA, SKA_DIGEST_NONE, MESSAGE, SKA_DIGEST_NONE, 0, false}},
    {"ed448", {SKA_SCHEME_EDDSA, SKA_DIGEST_NONE, MESSAGE, SKA_DIGEST_NONE, 0, false}},
};

static void signs_with_each_mechanism(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(signings) / sizeof(signings[0]); i++) {
        struct backend_key *key = find_key(token, signings[i].label);

        for (int j = 0; j < 4; j++)
            assert_true(signs(key, &signings[i].mechanism, &shown));
        assert_int_equal(ERR_peek_error(), 0);
        backend_key_free(key);
    }
}

static void refuses_what_a_key_cannot_do(void **state)
{
    static const struct {
        const char *label;
        struct ska_mechanism mechanism;
        size_t length;
        enum ska_reason reason;
    } wrong[] = {
        {"rsa-pss",
         {SKA_SCHEME_PKCS1, SKA_DIGEST_SHA256, DIGEST, SKA_DIGEST_NONE, 0, false},
         51,
         SKA_R_UNSUPPORTED},
        {"rsa",
         {SKA_SCHEME_ECDSA, SKA_DIGEST_SHA256, DIGEST, SKA_DIGEST_NONE, 0, false},
         32,
         SKA_R_UNSUPPORTED},
        {"rsa",
         {SKA_SCHEME_PSS, SKA_DIGEST_NONE, DIGEST, SKA_DIGEST_NONE, 0, false},
         32,
         SKA_R_UNSUPPORTED},
        {"rsa",
         {SKA_SCHEME_PSS, SKA_DIGEST_SHA256, DIGEST, SKA_DIGEST_NONE, 0, false},
         32,
         SKA_R_UNSUPPORTED},
        {"rsa",
         {SKA_SCHEME_PKCS1, SKA_DIGEST_NONE, MESSAGE, SKA_DIGEST_NONE, 0, false},
         32,
         SKA_R_UNSUPPORTED},
        {"p256",
         {SKA_SCHEME_PKCS1, SKA_DIGEST_SHA256, DIGEST, SKA_DIGEST_NONE, 0, false},
         51,
         SKA_R_UNSUPPORTED},
        {"ed25519",
         {SKA_SCHEME_EDDSA, SKA_DIGEST_NONE, DIGEST, SKA_DIGEST_NONE, 0, false},
         32,
         SKA_R_UNSUPPORTED},
        {"rsa",
         {SKA_SCHEME_PSS, SKA_DIGEST_SHA256, DIGEST, SKA_DIGEST_SHA256, 32, false},
         31,
         SKA_R_BAD_INPUT_LENGTH},
        {"p256",
         {SKA_SCHEME_ECDSA, SKA_DIGEST_SHA256, DIGEST, SKA_DIGEST_NONE, 0, false},
         33,
         SKA_R_BAD_INPUT_LENGTH},
    };
    int before = proxy()->sign_init;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        static const uint8_t input[64];
        struct backend_key *key = find_key(token, wrong[i].label);
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);
        uint8_t signature[512];
        size_t length = sizeof(signature);

        assert_false(backend_key_sign(key, &wrong[i].mechanism, ska_span(input, wrong[i].length),
                                      ska_span(NULL, 0), signature, &length, &errors));
        assert_raised(&recorder, wrong[i].reason, "");
        backend_key_free(key);
    }
    assert_int_equal(proxy()->sign_init, before);
}

/* Nothing but a signature of the right length and form is ever handed out. */
static void refuses_short_signatures(void **state)
{
    static const struct {
        const char *label;
        const struct ska_mechanism *mechanism;
    } short_ones[] = {{"rsa", &pkcs1_digest}, {"p256", &ecdsa_digest}};

    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (int cut = 1; cut <= 64; cut += 21) {
            struct backend_key *key = find_key(token, short_ones[i].label);
            struct recorder recorder;
            struct ska_errors errors = errors_into(&recorder);
            uint8_t room[128];
            uint8_t signature[512];
            size_t length = sizeof(signature);
            bool done = false;

            proxy()->cut_signature = cut;
            done = backend_key_sign(key, short_ones[i].mechanism,
                                    input_for(short_ones[i].mechanism, ska_span_text("x"), room),
                                    ska_span(NULL, 0), signature, &length, &errors);
            proxy()->cut_signature = 0;
            assert_false(done);
            assert_raised(&recorder, SKA_R_HSM_FAILURE, "but this key's have");
            backend_key_free(key);
        }
}

static void refuses_too_little_room(void **state)
{
    static const struct {
        const char *label;
        const struct ska_mechanism *mechanism;
        size_t room;
    } small[] = {{"rsa", &pkcs1_digest, 255}, {"p256", &ecdsa_digest, 60}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct backend_key *key = find_key(token, small[i].label);
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);
        uint8_t room[128];
        uint8_t signature[256];
        size_t length = small[i].room;

        memset(signature, 0xA5, sizeof(signature));
        assert_false(backend_key_sign(key, small[i].mechanism,
                                      input_for(small[i].mechanism, ska_span_text("x"), room),
                                      ska_span(NULL, 0), signature, &length, &errors));
        assert_int_equal(recorder.count, 1);
        for (size_t j = 0; j < sizeof(signature); j++)
            assert_int_equal(signature[j], 0xA5);
        backend_key_free(key);
    }
}

/* The price of a signature: one C_SignInit, one C_Sign, no session opened, nothing looked up. */
static void makes_no_needless_calls(void **state)
{
    struct backend_key *key = find_key(token, "p256");
    struct hsm_proxy *counted = proxy();
    int sessions = 0;
    int finds = 0;
    int attributes = 0;
    int inits = 0;

    (void)state;
    assert_true(signs(key, &ecdsa_digest, &shown));
    sessions = counted->open_session + counted->close_session;
    finds = counted->find;
    attributes = counted->get_attributes;
    inits = counted->sign_init;
    for (int i = 0; i < 10; i++)
        assert_true(signs(key, &ecdsa_digest, &shown));
    assert_int_equal(counted->open_session + counted->close_session, sessions);
    assert_int_equal(counted->find, finds);
    assert_int_equal(counted->get_attributes, attributes);
    assert_int_equal(counted->sign_init, inits + 10);
    backend_key_free(key);
}

/*
 * A module that uses libcrypto must not meet this provider there, nor may its errors look like the
 * application's; the application's own context and errors are as before.
 */
static void keeps_modules_apart(void **state)
{
    struct backend_key *key = find_key(token, "p256");
    OSSL_LIB_CTX *own = OSSL_LIB_CTX_new();
    int unshielded = proxy()->unshielded;
    int signatures = proxy()->sign;

    (void)state;
    assert_non_null(own);
    assert_true(signs(key, &ecdsa_digest, &shown));
    assert_int_equal(proxy()->sign, signatures + 1);
    assert_int_equal(proxy()->unshielded, unshielded);
    OSSL_LIB_CTX_set0_default(own);
    assert_true(signs(key, &ecdsa_digest, &shown));
    assert_ptr_equal(OSSL_LIB_CTX_set0_default(OSSL_LIB_CTX_get0_global_default()), own);
    assert_int_equal(ERR_peek_error(), 0);
    OSSL_LIB_CTX_free(own);
    backend_key_free(key);
}

/* As libcrypto encodes it, and the same bytes whenever it is asked for. */
static void encodes_its_public_key_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct backend_key *key = find_key(token, kinds[i].label);
        unsigned char *der = NULL;
        int length = i2d_PUBKEY(backend_key_public(key), &der);
        struct ska_span first = {NULL, 0};
        struct ska_span second = {NULL, 0};

        assert_true(backend_key_spki(key, &first, &shown));
        assert_true(backend_key_spki(key, &second, &shown));
        assert_true(length > 0);
        assert_int_equal(first.length, length);
        assert_memory_equal(first.data, der, length);
        assert_ptr_equal(first.data, second.data);
        OPENSSL_free(der);
        backend_key_free(key);
    }
}

/* With the vendor's numbers this module is asked whether a key is an SKA or a timestamp key. */
#ifdef SKA_PLACEHOLDER_NUMBERS
#define FEW_READS 4
#else
#define FEW_READS 7
#endif

static void finds_with_few_calls(void **state)
{
    struct hsm_proxy *counted = proxy();
    int finds = counted->find;
    int attributes = counted->get_attributes;

    (void)state;
    backend_key_free(find_key(token, "rsa"));
    assert_int_equal(counted->find, finds + 1);
    assert_in_range(counted->get_attributes - attributes, 1, FEW_READS);
    finds = counted->find;
    attributes = counted->get_attributes;
    backend_key_free(find_key(token, "p256"));
    assert_int_equal(counted->find, finds + 1);
    assert_in_range(counted->get_attributes - attributes, 1, FEW_READS + 2);
}

/* ---- Finding --------------------------------------------------------------------------------- */

static void finds_by_label_and_id(void **state)
{
    struct backend_key *by_label = find_key(token, "p256");
    struct hsm_key_match match = {{NULL, 0}, backend_key_id(by_label)};
    struct backend_key *key = NULL;
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    assert_true(hsm_key_find(token, &match, libctx, &key, &shown));
    assert_string_equal(backend_key_label(key), "p256");
    assert_true(signs(key, &ecdsa_digest, &shown));
    backend_key_free(key);
    match.label = ska_span_text("p256");
    assert_true(hsm_key_find(token, &match, libctx, &key, &shown));
    backend_key_free(key);
    match.label = ska_span_text("p384");
    assert_false(hsm_key_find(token, &match, libctx, &key, &errors));
    assert_raised(&recorder, SKA_R_KEY_NOT_FOUND, "label \"p384\" and id ");
    backend_key_free(by_label);
    backend_key_free(NULL);
}

static void says_that_there_is_no_key(void **state)
{
    struct hsm_key_match match = {.label = ska_span_text("nothing")};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct backend_key *key = NULL;

    (void)state;
    assert_false(hsm_key_find(token, &match, libctx, &key, &errors));
    assert_raised(&recorder, SKA_R_KEY_NOT_FOUND,
                  "token \"keys\" has no private key with label \"nothing\"");
    assert_null(strstr(recorder.text, "login"));
    errors = errors_into(&recorder);
    assert_false(hsm_key_find(find_token(HSM_TEST_PROXY, "hidden"), &match, libctx, &key, &errors));
    assert_raised(&recorder, SKA_R_KEY_NOT_FOUND, "only after a login");
}

static void says_which_keys_there_are(void **state)
{
    struct backend_key_template wanted = {
        .type = SKA_KEY_EC, .curve = "P-256", .label = "a", .id = ska_span("\x01\x02", 2)};
    struct hsm_key_match match = {{NULL, 0}, ska_span("\x01\x02", 2)};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct backend_key *key = NULL;

    (void)state;
    assert_true(hsm_key_generate(token, &wanted, &shown));
    assert_true(hsm_key_find(token, &match, libctx, &key, &shown));
    assert_string_equal(backend_key_label(key), "a");
    backend_key_free(key);
    wanted.label = "b";
    assert_true(hsm_key_generate(token, &wanted, &shown));
    assert_false(hsm_key_find(token, &match, libctx, &key, &errors));
    assert_raised(&recorder, SKA_R_KEY_AMBIGUOUS, "2 private keys with id 0102");
    errors = errors_into(&recorder);
    match = (struct hsm_key_match){{NULL, 0}, {NULL, 0}};
    assert_false(hsm_key_find(token, &match, libctx, &key, &errors));
    assert_raised(&recorder, SKA_R_KEY_AMBIGUOUS, "10 private keys; their ids: ");
    assert_non_null(strstr(recorder.text, "..."));
}

static void finds_public_keys(void **state)
{
    struct hsm_token *hidden = find_token(HSM_TEST_PROXY, "hidden");
    struct hsm_key_match match = {.label = ska_span_text("rsa-pss")};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    enum ska_key_type type = SKA_KEY_EC;
    EVP_PKEY *public = NULL;

    (void)state;
    assert_true(hsm_public_key_find(token, &match, libctx, &public, &type, &shown));
    assert_int_equal(type, SKA_KEY_RSA_PSS);
    assert_true(EVP_PKEY_is_a(public, "RSA-PSS"));
    EVP_PKEY_free(public);
    match.label = ska_span_text("ed448");
    assert_true(hsm_public_key_find(token, &match, libctx, &public, &type, &shown));
    assert_int_equal(type, SKA_KEY_ED448);
    EVP_PKEY_free(public);
    match.label = ska_span_text("nothing");
    assert_false(hsm_public_key_find(hidden, &match, libctx, &public, &type, &errors));
    assert_raised(&recorder, SKA_R_KEY_NOT_FOUND, "no public key");
    assert_null(strstr(recorder.text, "login"));
}

/* ---- Objects of the application -------------------------------------------------------------- */

static CK_OBJECT_HANDLE application_find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class_,
                                         const char *label)
{
    CK_FUNCTION_LIST *calls = application();
    char copy[64];
    CK_ATTRIBUTE template_[] = {{CKA_CLASS, &class_, sizeof(class_)},
                                {CKA_LABEL, copy, strlen(label)}};
    CK_OBJECT_HANDLE object = 0;
    CK_ULONG count = 0;

    snprintf(copy, sizeof(copy), "%s", label);
    assert_int_equal(calls->C_FindObjectsInit(session, template_, 2), CKR_OK);
    assert_int_equal(calls->C_FindObjects(session, &object, 1, &count), CKR_OK);
    assert_int_equal(calls->C_FindObjectsFinal(session), CKR_OK);
    assert_int_equal(count, 1);
    return object;
}

static void application_destroy(const char *label, CK_OBJECT_CLASS class_)
{
    CK_SESSION_HANDLE session = application_session("keys");

    assert_int_equal(
        application()->C_DestroyObject(session, application_find(session, class_, label)), CKR_OK);
    assert_int_equal(application()->C_CloseSession(session), CKR_OK);
}

static void application_set(const char *label, CK_OBJECT_CLASS class_, CK_ATTRIBUTE attribute)
{
    CK_SESSION_HANDLE session = application_session("keys");

    assert_int_equal(application()->C_SetAttributeValue(
                         session, application_find(session, class_, label), &attribute, 1),
                     CKR_OK);
    assert_int_equal(application()->C_CloseSession(session), CKR_OK);
}

/* A certificate for the public key, signed by some other key: nobody here looks at the signature.
 */
static void application_store_certificate(EVP_PKEY *public, const char *label, struct ska_span id)
{
    CK_OBJECT_CLASS class_ = CKO_CERTIFICATE;
    CK_CERTIFICATE_TYPE type = CKC_X_509;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_SESSION_HANDLE session = application_session("keys");
    CK_OBJECT_HANDLE object = 0;
    EVP_PKEY *signer = EVP_PKEY_Q_keygen(libctx, NULL, "EC", "P-256");
    X509 *certificate = X509_new_ex(libctx, NULL);
    unsigned char *der = NULL;
    char copy[64];
    uint8_t id_copy[64];
    int length = 0;

    snprintf(copy, sizeof(copy), "%s", label);
    memcpy(id_copy, id.data, id.length);
    assert_true(X509_set_pubkey(certificate, public));
    assert_true(X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL);
    assert_true(X509_gmtime_adj(X509_getm_notAfter(certificate), 86400) != NULL);
    assert_true(X509_sign(certificate, signer, EVP_sha256()) > 0);
    length = i2d_X509(certificate, &der);
    assert_true(length > 0);
    {
        CK_ATTRIBUTE template_[] = {
            {CKA_CLASS, &class_, sizeof(class_)}, {CKA_CERTIFICATE_TYPE, &type, sizeof(type)},
            {CKA_TOKEN, &yes, sizeof(yes)},       {CKA_PRIVATE, &no, sizeof(no)},
            {CKA_LABEL, copy, strlen(copy)},      {CKA_ID, id_copy, id.length},
            {CKA_SUBJECT, copy, strlen(copy)},    {CKA_VALUE, der, (CK_ULONG)length}};

        assert_int_equal(application()->C_CreateObject(session, template_, 8, &object), CKR_OK);
    }
    assert_int_equal(application()->C_CloseSession(session), CKR_OK);
    OPENSSL_free(der);
    X509_free(certificate);
    EVP_PKEY_free(signer);
}

static void takes_the_public_key_from_a_certificate(void **state)
{
    struct hsm_key_match match = {.label = ska_span_text("certified")};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct backend_key *key = NULL;
    struct backend_key *again = NULL;

    (void)state;
    generate(token, SKA_KEY_EC, "certified");
    key = find_key(token, "certified");
    application_destroy("certified", CKO_PUBLIC_KEY);
    assert_false(hsm_key_find(token, &match, libctx, &again, &errors));
    assert_raised(&recorder, SKA_R_KEY_NOT_FOUND, "neither a public key object nor a certificate");
    /* Under another label, so that it takes a search by id. */
    application_store_certificate(backend_key_public(key), "its certificate", backend_key_id(key));
    again = find_key(token, "certified");
    assert_int_equal(EVP_PKEY_eq(backend_key_public(again), backend_key_public(key)), 1);
    assert_true(signs(again, &ecdsa_digest, &shown));
    backend_key_free(again);
    backend_key_free(key);
}

/* The public key decides which certificates are its own. */
static void passes_over_foreign_certificates(void **state)
{
    struct backend_key *other = find_key(token, "p256");
    struct backend_key *rsa = find_key(token, "rsa");
    struct hsm_key_match match = {.label = ska_span_text("disputed")};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct backend_key *key = NULL;
    struct backend_key *again = NULL;

    (void)state;
    generate(token, SKA_KEY_EC, "disputed");
    key = find_key(token, "disputed");
    application_store_certificate(backend_key_public(other), "disputed", backend_key_id(key));
    application_store_certificate(backend_key_public(rsa), "issuer", backend_key_id(key));
    again = find_key(token, "disputed");
    assert_int_equal(EVP_PKEY_eq(backend_key_public(again), backend_key_public(key)), 1);
    assert_true(signs(again, &ecdsa_digest, &shown));
    backend_key_free(again);
    /* Without a public key object: one certificate fits the type, and then two that differ do. */
    application_destroy("disputed", CKO_CERTIFICATE);
    application_destroy("disputed", CKO_PUBLIC_KEY);
    assert_false(hsm_key_find(token, &match, libctx, &again, &errors));
    assert_raised(&recorder, SKA_R_BAD_KEY, "not one for a key of its type");
    application_store_certificate(backend_key_public(key), "disputed", backend_key_id(key));
    application_store_certificate(backend_key_public(key), "renewed", backend_key_id(key));
    again = find_key(token, "disputed");
    assert_int_equal(EVP_PKEY_eq(backend_key_public(again), backend_key_public(key)), 1);
    backend_key_free(again);
    application_store_certificate(backend_key_public(other), "foreign", backend_key_id(key));
    errors = errors_into(&recorder);
    assert_false(hsm_key_find(token, &match, libctx, &again, &errors));
    assert_raised(&recorder, SKA_R_BAD_KEY, "certificates of different keys");
    backend_key_free(key);
    backend_key_free(other);
    backend_key_free(rsa);
}

/* A public key of the same label but another id belongs to another key. */
static void goes_by_id_before_label(void **state)
{
    struct hsm_key_match match = {.label = ska_span_text("strange")};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    uint8_t id[] = {9, 9};
    struct backend_key *key = NULL;

    (void)state;
    generate(token, SKA_KEY_EC, "strange");
    application_set("strange", CKO_PUBLIC_KEY, (CK_ATTRIBUTE){CKA_ID, id, sizeof(id)});
    assert_false(hsm_key_find(token, &match, libctx, &key, &errors));
    assert_raised(&recorder, SKA_R_KEY_NOT_FOUND, "neither");
    application_set("strange", CKO_PUBLIC_KEY, (CK_ATTRIBUTE){CKA_ID, id, 0});
    key = find_key(token, "strange");
    assert_true(signs(key, &ecdsa_digest, &shown));
    backend_key_free(key);
}

/* ---- Generating ------------------------------------------------------------------------------ */

static void refuses_a_label_in_use(void **state)
{
    struct backend_key_template wanted = {.type = SKA_KEY_EC, .curve = "P-256", .label = "rsa"};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    assert_false(hsm_key_generate(token, &wanted, &errors));
    assert_raised(&recorder, SKA_R_LABEL_IN_USE, "\"rsa\"");
    errors = errors_into(&recorder);
    wanted.label = "";
    assert_false(hsm_key_generate(token, &wanted, &errors));
    assert_raised(&recorder, SKA_R_WRONG_USE, "label");
    errors = errors_into(&recorder);
    wanted.label = "new";
    wanted.curve = "P-255";
    assert_false(hsm_key_generate(token, &wanted, &errors));
    assert_raised(&recorder, SKA_R_UNSUPPORTED, "P-255");
}

static void leaves_no_half_a_pair(void **state)
{
    struct backend_key_template wanted = {.type = SKA_KEY_EC, .curve = "P-256", .label = "half"};
    struct hsm_object_match match = {.label = ska_span_text("half")};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    inject("C_GenerateKeyPair", CKR_DEVICE_MEMORY, 1);
    assert_false(hsm_key_generate(token, &wanted, &errors));
    assert_raised(&recorder, SKA_R_HSM_FAILURE, "C_GenerateKeyPair: CKR_DEVICE_MEMORY");
    /* A visitor that is called would crash. */
    assert_true(hsm_object_list(token, &match, NULL, NULL, &shown));
}

static bool private_attribute(const char *label, CK_ATTRIBUTE_TYPE type)
{
    CK_SESSION_HANDLE session = application_session("keys");
    CK_BBOOL value = 2;
    CK_ATTRIBUTE attribute = {type, &value, sizeof(value)};

    assert_int_equal(application()->C_GetAttributeValue(
                         session, application_find(session, CKO_PRIVATE_KEY, label), &attribute, 1),
                     CKR_OK);
    assert_int_equal(application()->C_CloseSession(session), CKR_OK);
    return value == CK_TRUE;
}

static void generates_keys_that_only_sign(void **state)
{
    static const CK_ATTRIBUTE_TYPE on[] = {CKA_TOKEN, CKA_PRIVATE,          CKA_SENSITIVE,
                                           CKA_SIGN,  CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE};
    static const CK_ATTRIBUTE_TYPE off[] = {CKA_EXTRACTABLE, CKA_DECRYPT, CKA_UNWRAP, CKA_DERIVE,
                                            CKA_SIGN_RECOVER};

    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        for (size_t j = 0; j < sizeof(on) / sizeof(on[0]); j++)
            assert_true(private_attribute(kinds[i].label, on[j]));
        for (size_t j = 0; j < sizeof(off) / sizeof(off[0]); j++)
            assert_false(private_attribute(kinds[i].label, off[j]));
    }
}

static void makes_no_ska_key_elsewhere(void **state)
{
#ifdef SKA_PLACEHOLDER_NUMBERS
    static const struct ska_rule rule;
    struct backend_key_template wanted = {.type = SKA_KEY_EC,
                                          .curve = "P-256",
                                          .label = "ska",
                                          .rules = {&rule, &rule, &rule, &rule}};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    int before = proxy()->ska;

    assert_false(hsm_key_generate(token, &wanted, &errors));
    assert_raised(&recorder, SKA_R_PLACEHOLDER_NUMBERS, "SKA_VENDOR_INCLUDE_DIR");
    assert_int_equal(proxy()->ska, before);
#endif
    (void)state;
}

/* After all that the tests before have done with ordinary keys. */
static void sends_no_placeholders_elsewhere(void **state)
{
    (void)state;
#ifdef SKA_PLACEHOLDER_NUMBERS
    assert_int_equal(proxy()->ska, 0);
    assert_int_equal(proxy()->vendor_numbers, 0);
    assert_true(proxy()->find > 0 && proxy()->get_attributes > 0 && proxy()->sign_init > 0);
#else
    assert_true(proxy()->vendor_numbers > 0);
#endif
}

/* ---- Listing --------------------------------------------------------------------------------- */

struct listing {
    size_t privates;
    size_t publics;
    size_t certificates;
    size_t limit;
    bool in_order;
    bool types_known;
    enum hsm_object_type last;
};

static bool count(void *arg, const struct hsm_object *object)
{
    struct listing *listing = arg;

    listing->in_order = listing->in_order && object->type >= listing->last;
    listing->last = object->type;
    listing->privates += object->type == HSM_OBJECT_PRIVATE;
    listing->publics += object->type == HSM_OBJECT_PUBLIC;
    listing->certificates += object->type == HSM_OBJECT_CERTIFICATE;
    if (object->type == HSM_OBJECT_CERTIFICATE)
        listing->types_known = listing->types_known && object->certificate.length > 0;
    else
        listing->types_known = listing->types_known && object->known_key_type && !object->ska;
    /* What is listed may be used right away. */
    if (object->type == HSM_OBJECT_PRIVATE && strcmp((const char *)object->label.data, "rsa") == 0)
        backend_key_free(find_key(token, (const char *)object->label.data));
    return --listing->limit > 0;
}

static struct listing list(struct hsm_object_match match, size_t limit)
{
    struct listing listing = {.limit = limit, .in_order = true, .types_known = true};

    assert_true(hsm_object_list(token, &match, count, &listing, &shown));
    assert_int_equal(ERR_peek_error(), 0);
    return listing;
}

static void lists_objects(void **state)
{
    struct listing all =
        list((struct hsm_object_match){HSM_OBJECT_ANY, {NULL, 0}, {NULL, 0}}, 1000);
    struct listing some = {0};

    (void)state;
    assert_true(all.privates >= KINDS);
    /* "certified" and "disputed" lost their own */
    assert_int_equal(all.publics, all.privates - 2);
    assert_int_equal(all.certificates, 5);
    assert_true(all.in_order);
    assert_true(all.types_known);
    some = list((struct hsm_object_match){HSM_OBJECT_PUBLIC, {NULL, 0}, {NULL, 0}}, 1000);
    assert_int_equal(some.privates + some.certificates, 0);
    assert_int_equal(some.publics, all.publics);
    some = list((struct hsm_object_match){HSM_OBJECT_ANY, ska_span_text("p521"), {NULL, 0}}, 1000);
    assert_int_equal(some.privates, 1);
    assert_int_equal(some.publics, 1);
    some =
        list((struct hsm_object_match){HSM_OBJECT_ANY, {NULL, 0}, ska_span("\x01\x02", 2)}, 1000);
    assert_int_equal(some.privates, 2);
    some = list((struct hsm_object_match){HSM_OBJECT_ANY, {NULL, 0}, {NULL, 0}}, 3);
    assert_int_equal(some.privates + some.publics + some.certificates, 3);
}

/* More than C_FindObjects gives at once. */
static void lists_many_objects(void **state)
{
    CK_FUNCTION_LIST *calls = application();
    CK_OBJECT_CLASS class_ = CKO_PUBLIC_KEY;
    CK_KEY_TYPE type = CKK_RSA;
    CK_BBOOL yes = CK_TRUE;
    CK_SESSION_HANDLE session = application_session("keys");
    CK_ATTRIBUTE template_[] = {
        {CKA_CLASS, &class_, sizeof(class_)}, {CKA_KEY_TYPE, &type, sizeof(type)},
        {CKA_TOKEN, &yes, sizeof(yes)},       {CKA_LABEL, (char[]){"many"}, 4},
        {CKA_MODULUS, (char[]){"\x80"}, 1},   {CKA_PUBLIC_EXPONENT, (char[]){"\x03"}, 1}};

    (void)state;
    for (int i = 0; i < 150; i++) {
        CK_OBJECT_HANDLE object = 0;

        assert_int_equal(calls->C_CreateObject(session, template_, 6, &object), CKR_OK);
    }
    assert_int_equal(
        list((struct hsm_object_match){HSM_OBJECT_PUBLIC, ska_span_text("many"), {NULL, 0}}, 1000)
            .publics,
        150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generates_each_type),
        cmocka_unit_test(signs_with_each_mechanism),
        cmocka_unit_test(refuses_what_a_key_cannot_do),
        cmocka_unit_test(refuses_short_signatures),
        cmocka_unit_test(refuses_too_little_room),
        cmocka_unit_test(makes_no_needless_calls),
        cmocka_unit_test(keeps_modules_apart),
        cmocka_unit_test(encodes_its_public_key_once),
        cmocka_unit_test(finds_with_few_calls),
        cmocka_unit_test(finds_by_label_and_id),
        cmocka_unit_test(says_that_there_is_no_key),
        cmocka_unit_test(says_which_keys_there_are),
        cmocka_unit_test(finds_public_keys),
        cmocka_unit_test(takes_the_public_key_from_a_certificate),
        cmocka_unit_test(passes_over_foreign_certificates),
        cmocka_unit_test(goes_by_id_before_label),
        cmocka_unit_test(refuses_a_label_in_use),
        cmocka_unit_test(leaves_no_half_a_pair),
        cmocka_unit_test(generates_keys_that_only_sign),
        cmocka_unit_test(makes_no_ska_key_elsewhere),
        cmocka_unit_test(lists_objects),
        cmocka_unit_test(lists_many_objects),
        cmocka_unit_test(sends_no_placeholders_elsewhere),
    };

    return cmocka_run_group_tests(tests, begin, support_end);
}
