/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of provider/hsm/ share: a recorder of failures, SoftHSM tokens in a directory of
 * their own, and the application's own way into the module.
 */
#ifndef SKA_TEST_HSM_SUPPORT_H
#define SKA_TEST_HSM_SUPPORT_H

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>

#include "cmocka_all.h"
#include "hsm_proxy.h"
#include "recorder.h"

#include "provider/hsm/key.h"
#include "provider/hsm/key_generate.h"
#include "provider/hsm/list.h"
#include "provider/hsm/module.h"
#include "provider/hsm/token.h"

#define PIN "271828"

/* The module that the application uses itself: below the proxy, or the simulator. */
#ifndef HSM_TEST_APPLICATION
#define HSM_TEST_APPLICATION HSM_TEST_SOFTHSM
#endif

/* ---- Failures ---------------------------------------------------------------------------------
 */

/* Where a failure is not expected: it is shown. */
static inline void show(void *arg, enum ska_reason reason, const char *file, int line,
                        const char *function, const char *format, va_list args)
{
    (void)arg;
    fprintf(stderr, "%s:%d %s(): %d: ", file, line, function, (int)reason);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

static const struct ska_errors shown = {show, NULL};

#define assert_raised(recorder, expected, words)                                                   \
    do {                                                                                           \
        assert_int_equal((recorder)->count, 1);                                                    \
        assert_int_equal((recorder)->reason, (expected));                                          \
        if (strstr((recorder)->text, (words)) == NULL)                                             \
            fail_msg("\"%s\" lacks \"%s\"", (recorder)->text, (words));                            \
        assert_int_equal(ERR_peek_error(), 0);                                                     \
    } while (0)

/* ---- Tokens -----------------------------------------------------------------------------------
 */

static char support_directory[64];
static OSSL_LIB_CTX *libctx;
static OSSL_PROVIDER *provider;
static bool reset_on_fork; /* whether SoftHSM forgets all in a child; set before the start */

static inline void write_file(const char *name, const char *content, char path[128])
{
    FILE *file = NULL;

    snprintf(path, 128, "%s/%s", support_directory, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static inline int support_begin(void **state)
{
    char content[256];
    char path[128];

    (void)state;
    strcpy(support_directory, "/tmp/ska-hsm-test-XXXXXX");
    assert_non_null(mkdtemp(support_directory));
    snprintf(content, sizeof(content),
             "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n"
             "library.reset_on_fork = %s\n",
             support_directory, reset_on_fork ? "true" : "false");
    write_file("softhsm2.conf", content, path);
    assert_int_equal(setenv("SOFTHSM2_CONF", path, 1), 0);
    libctx = OSSL_LIB_CTX_new();
    assert_non_null(libctx);
    provider = OSSL_PROVIDER_load(libctx, "default");
    assert_non_null(provider);
    return 0;
}

static inline int support_end(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", support_directory);
    assert_int_equal(system(command), 0);
    assert_true(OSSL_PROVIDER_unload(provider));
    OSSL_LIB_CTX_free(libctx);
    return 0;
}

/* softhsm2-util prints where the token went, which nobody wants to read here. */
static inline void make_token(const char *label)
{
    char command[512];

    snprintf(command, sizeof(command),
             "softhsm2-util --module '%s' --init-token --free --label '%s' --so-pin 31415926 "
             "--pin " PIN " >/dev/null",
             HSM_TEST_SOFTHSM, label);
    assert_int_equal(system(command), 0);
}

static inline struct hsm_module *open_module(const char *path)
{
    struct hsm_module *module = NULL;

    assert_true(hsm_module_open(path, NULL, &module, &shown));
    return module;
}

static inline struct hsm_token *find_token(const char *path, const char *label)
{
    struct hsm_token_match match = {.label = label};
    struct hsm_token *token = NULL;

    assert_true(hsm_token_find(open_module(path), &match, &token, &shown));
    return token;
}

static inline struct hsm_token *login_token(const char *path, const char *label)
{
    struct hsm_pin_source pin = {.value = PIN};
    struct hsm_token *token = find_token(path, label);

    assert_true(hsm_token_login(token, &pin, &shown));
    return token;
}

/* ---- The application's side ---------------------------------------------------------------------
 */

static inline void *module_symbol(const char *path, const char *name)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = NULL;

    assert_non_null(library);
    symbol = dlsym(library, name);
    assert_non_null(symbol);
    return symbol;
}

static inline CK_FUNCTION_LIST *application(void)
{
    void *symbol = module_symbol(HSM_TEST_APPLICATION, "C_GetFunctionList");
    CK_C_GetFunctionList get = NULL;
    CK_FUNCTION_LIST *calls = NULL;

    memcpy(&get, &symbol, sizeof(get));
    assert_int_equal(get(&calls), CKR_OK);
    return calls;
}

static inline struct hsm_proxy *proxy(void)
{
    void *symbol = module_symbol(HSM_TEST_PROXY, "hsm_proxy");
    hsm_proxy_get *get = NULL;

    memcpy(&get, &symbol, sizeof(get));
    return get();
}

static inline void inject(const char *call, CK_RV rv, int times)
{
    proxy()->fault_call = call;
    proxy()->fault_rv = rv;
    proxy()->fault_times = times;
}

/* A session of the application on the token with this label; logged in when the token is. */
static inline CK_SESSION_HANDLE application_session(const char *label)
{
    CK_FUNCTION_LIST *calls = application();
    CK_SESSION_HANDLE session = 0;
    CK_SLOT_ID slots[64];
    CK_ULONG count = 64;

    assert_int_equal(calls->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;

        assert_int_equal(calls->C_GetTokenInfo(slots[i], &info), CKR_OK);
        if (strncmp((const char *)info.label, label, strlen(label)) != 0 ||
            info.label[strlen(label)] != ' ')
            continue;
        assert_int_equal(calls->C_OpenSession(slots[i], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
                                              NULL, &session),
                         CKR_OK);
        return session;
    }
    fail_msg("no token %s", label);
    return 0;
}

static inline CK_SLOT_ID application_slot(CK_SESSION_HANDLE session)
{
    CK_SESSION_INFO info;

    assert_int_equal(application()->C_GetSessionInfo(session, &info), CKR_OK);
    return info.slotID;
}

/* ---- Signatures ------------------------------------------------------------------------------ */

/* Verifies a signature over a digest or a message, as the mechanism has it, with libcrypto alone.
 */
static inline bool verifies(EVP_PKEY *key, const struct ska_mechanism *mechanism,
                            struct ska_span message, struct ska_span signature)
{
    const char *digest = ska_digest_name(mechanism->digest);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    bool valid = false;

    assert_true(EVP_DigestVerifyInit_ex(context, &options, digest, libctx, NULL, key, NULL) > 0);
    if (mechanism->scheme == SKA_SCHEME_PSS) {
        assert_true(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, (int)mechanism->salt_length) > 0);
    }
    valid = EVP_DigestVerify(context, signature.data, signature.length, message.data,
                             message.length) == 1;
    ERR_clear_error();
    EVP_MD_CTX_free(context);
    return valid;
}

/* What the HSM is given for a message: DigestInfo, digest, or the message itself. */
static inline struct ska_span input_for(const struct ska_mechanism *mechanism,
                                        struct ska_span message, uint8_t room[128])
{
    static const uint8_t sha256_prefix[] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60,
                                            0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                            0x01, 0x05, 0x00, 0x04, 0x20};
    size_t prefix = mechanism->scheme == SKA_SCHEME_PKCS1 ? sizeof(sha256_prefix) : 0;
    size_t length = 0;

    if (mechanism->form == SKA_PAYLOAD_MESSAGE)
        return message;
    assert_true(prefix == 0 || mechanism->digest == SKA_DIGEST_SHA256);
    memcpy(room, sha256_prefix, prefix);
    assert_int_equal(EVP_Q_digest(libctx, ska_digest_name(mechanism->digest), NULL, message.data,
                                  message.length, room + prefix, &length),
                     1);
    return ska_span(room, prefix + length);
}

/* Signs a message and has libcrypto verify it. */
static inline bool signs(struct backend_key *key, const struct ska_mechanism *mechanism,
                         const struct ska_errors *errors)
{
    struct ska_span message = ska_span_text("The quick brown fox");
    uint8_t room[128];
    uint8_t signature[2048];
    size_t length = sizeof(signature);

    return backend_key_sign(key, mechanism, input_for(mechanism, message, room), ska_span(NULL, 0),
                            signature, &length, errors) &&
           verifies(backend_key_public(key), mechanism, message, ska_span(signature, length));
}

static const struct ska_mechanism pkcs1_digest = {
    SKA_SCHEME_PKCS1, SKA_DIGEST_SHA256, SKA_PAYLOAD_DIGEST, SKA_DIGEST_NONE, 0, false};
static const struct ska_mechanism ecdsa_digest = {
    SKA_SCHEME_ECDSA, SKA_DIGEST_SHA256, SKA_PAYLOAD_DIGEST, SKA_DIGEST_NONE, 0, false};

static inline void generate(struct hsm_token *token, enum ska_key_type type, const char *label)
{
    struct backend_key_template wanted = {
        .type = type, .bits = 2048, .curve = "P-256", .label = label};

    assert_true(hsm_key_generate(token, &wanted, &shown));
}

static inline struct backend_key *find_key(struct hsm_token *token, const char *label)
{
    struct hsm_key_match match = {.label = ska_span_text(label)};
    struct backend_key *key = NULL;

    assert_true(hsm_key_find(token, &match, libctx, &key, &shown));
    assert_int_equal(ERR_peek_error(), 0);
    return key;
}

#endif
