/* SPDX-License-Identifier: Apache-2.0 */
#include "token.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/store.h>

#define SO_PIN "12345678"

void must_at(bool done, const char *what, const char *file, int line)
{
    if (done)
        return;
    fprintf(stderr, "ska-bench: %s:%d: %s\n", file, line, what);
    ERR_print_errors_fp(stderr);
    fflush(NULL);
    _exit(1);
}

/* ---- Files ----------------------------------------------------------------------------------- */

struct path token_path(const struct bench *bench, const char *name)
{
    struct path path;

    must(snprintf(path.text, sizeof(path.text), "%s/%s", bench->directory, name) <
         (int)sizeof(path.text));
    return path;
}

void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    must(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

void write_configuration(const struct bench *bench, const char *path, const char *module)
{
    char text[2048];

    must(snprintf(text, sizeof(text),
                  "config_diagnostics = 1\n"
                  "openssl_conf = init\n"
                  "[init]\nproviders = providers\n"
                  "[providers]\ndefault = default_provider\nska = ska_provider\n"
                  "[default_provider]\nactivate = 1\n"
                  "[ska_provider]\nmodule = %s\nactivate = 1\n"
                  "pkcs11-module = %s\ntoken = %s\npin-source = file:%s/pin\n",
                  SKA_BENCH_PROVIDER, module, TOKEN_LABEL, bench->directory) < (int)sizeof(text));
    write_file(path, text);
}

/* Of all that is in this process: what the user has set must not change what is measured. */
static void configure(const struct bench *bench, const char *simulator)
{
    char text[1024];

    must(mkdir(token_path(bench, "tokens").text, 0700) == 0);
    snprintf(text, sizeof(text),
             "directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n",
             bench->directory);
    write_file(token_path(bench, "softhsm2.conf").text, text);
    write_file(token_path(bench, "skasim.cnf").text, simulator);
    write_file(token_path(bench, "plain.cnf").text, "");
    write_file(token_path(bench, "pin").text, TOKEN_PIN "\n");
    must(chmod(token_path(bench, "pin").text, 0600) == 0);
    write_configuration(bench, token_path(bench, "openssl.cnf").text, SKA_BENCH_SIMULATOR);
    must(setenv("SOFTHSM2_CONF", token_path(bench, "softhsm2.conf").text, 1) == 0);
    must(setenv("SKASIM_CONF", token_path(bench, "skasim.cnf").text, 1) == 0);
    must(setenv("OPENSSL_CONF", token_path(bench, "plain.cnf").text, 1) == 0);
    must(unsetenv("OPENSSL_MODULES") == 0);
}

/* ---- The module ------------------------------------------------------------------------------ */

static void *symbol(const struct token *token, const char *name)
{
    void *address = dlsym(token->library, name);

    must(address != NULL);
    return address;
}

static void load_module(struct token *token)
{
    CK_RV (*get_function_list)(CK_FUNCTION_LIST **) = NULL;
    CK_C_INITIALIZE_ARGS threads = {.flags = CKF_OS_LOCKING_OK};

    token->library = dlopen(SKA_BENCH_SIMULATOR, RTLD_NOW | RTLD_LOCAL);
    if (token->library == NULL)
        fprintf(stderr, "ska-bench: %s\n", dlerror());
    must(token->library != NULL);
    *(void **)&get_function_list = symbol(token, "C_GetFunctionList");
    *(void **)&token->create_approval_token = symbol(token, "C_CreateApprovalToken");
    *(void **)&token->ska_sign = symbol(token, "C_SKASign");
    must(get_function_list(&token->calls) == CKR_OK);
    must(token->calls->C_Initialize(&threads) == CKR_OK);
}

static CK_UTF8CHAR *utf8(const char *text)
{
    return (CK_UTF8CHAR *)(uintptr_t)text;
}

CK_SESSION_HANDLE open_session(const struct token *token, CK_FLAGS flags)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;

    must(token->calls->C_OpenSession(token->slot, CKF_SERIAL_SESSION | flags, NULL, NULL,
                                     &session) == CKR_OK);
    return session;
}

/* A token moves to another slot when it is initialized. */
static CK_SLOT_ID find_slot(const struct token *token)
{
    CK_SLOT_ID slots[4];
    CK_ULONG count = COUNT(slots);

    must(token->calls->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK);
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;

        must(token->calls->C_GetTokenInfo(slots[i], &info) == CKR_OK);
        if (memcmp(info.label, TOKEN_LABEL " ", sizeof(TOKEN_LABEL)) == 0)
            return slots[i];
    }
    must(!"the token is there");
    return 0;
}

static void initialize_token(struct token *token)
{
    CK_FUNCTION_LIST *calls = token->calls;
    CK_UTF8CHAR label[32];
    CK_ULONG count = 1;

    memset(label, ' ', sizeof(label));
    memcpy(label, TOKEN_LABEL, strlen(TOKEN_LABEL));
    must(calls->C_GetSlotList(CK_FALSE, &token->slot, &count) == CKR_OK && count == 1);
    must(calls->C_InitToken(token->slot, utf8(SO_PIN), strlen(SO_PIN), label) == CKR_OK);
    token->slot = find_slot(token);
    token->session = open_session(token, CKF_RW_SESSION);
    must(calls->C_Login(token->session, CKU_SO, utf8(SO_PIN), strlen(SO_PIN)) == CKR_OK);
    must(calls->C_InitPIN(token->session, utf8(TOKEN_PIN), strlen(TOKEN_PIN)) == CKR_OK);
    must(calls->C_Logout(token->session) == CKR_OK);
    must(calls->C_Login(token->session, CKU_USER, utf8(TOKEN_PIN), strlen(TOKEN_PIN)) == CKR_OK);
}

static void open_with(struct token *token, const struct bench *bench, const char *simulator)
{
    memset(token, 0, sizeof(*token));
    token->bench = bench;
    configure(bench, simulator);
    load_module(token);
    initialize_token(token);
    ERR_clear_error(); /* SoftHSM leaves some behind */
    token->libctx = new_context(token_path(bench, "openssl.cnf").text);
}

void token_open(struct token *token, const struct bench *bench)
{
    open_with(token, bench, "");
}

void token_open_slow(struct token *token, const struct bench *bench)
{
    open_with(token, bench, "remember = no\n");
}

void token_close(struct token *token)
{
    CK_RV rv = CKR_OK;

    OSSL_LIB_CTX_free(token->libctx);
    rv = token->calls->C_Finalize(NULL);
    must(rv == CKR_OK || rv == CKR_CRYPTOKI_NOT_INITIALIZED); /* other providers may do it */
    dlclose(token->library);
    memset(token, 0, sizeof(*token));
}

CK_OBJECT_HANDLE find_private(const struct token *token, const char *label)
{
    CK_ATTRIBUTE template_ = {CKA_LABEL, utf8(label), strlen(label)};
    CK_OBJECT_HANDLE found[4];
    CK_ULONG count = 0;

    must(token->calls->C_FindObjectsInit(token->session, &template_, 1) == CKR_OK);
    must(token->calls->C_FindObjects(token->session, found, COUNT(found), &count) == CKR_OK);
    must(token->calls->C_FindObjectsFinal(token->session) == CKR_OK);
    for (CK_ULONG i = 0; i < count; i++) {
        CK_OBJECT_CLASS class = CKO_DATA;
        CK_ATTRIBUTE read = {CKA_CLASS, &class, sizeof(class)};

        must(token->calls->C_GetAttributeValue(token->session, found[i], &read, 1) == CKR_OK);
        if (class == CKO_PRIVATE_KEY || class == CKO_SKA_PRIVATE_KEY)
            return found[i];
    }
    must(!"the key is there");
    return CK_INVALID_HANDLE;
}

/* ---- skatool --------------------------------------------------------------------------------- */

/*
 * It ends with the row, however that ends. What it says is kept in a file: skatool warns of rules
 * like those that are measured here.
 */
static pid_t start_program(const struct bench *bench, const char *path, char **argv)
{
    struct path output = token_path(bench, "output");
    pid_t parent = getpid();
    pid_t child = fork();
    int fd = -1;

    must(child >= 0);
    if (child > 0)
        return child;
    fd = open(output.text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent && fd >= 0 &&
        dup2(fd, 1) == 1 && dup2(fd, 2) == 2)
        execv(path, argv);
    _exit(127);
}

static void show_output(const struct bench *bench)
{
    FILE *file = fopen(token_path(bench, "output").text, "r");
    char line[1024];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        fputs(line, stderr);
    if (file != NULL)
        fclose(file);
}

pid_t skatool_start(const struct bench *bench, const char *const *arguments)
{
    struct path configuration = token_path(bench, "openssl.cnf");
    char *argv[32] = {(char *)(uintptr_t) "skatool"};
    size_t count = 1;

    for (; *arguments != NULL; arguments++) {
        must(count < COUNT(argv) - 3);
        argv[count++] = (char *)(uintptr_t)*arguments;
    }
    argv[count++] = (char *)(uintptr_t) "--config";
    argv[count++] = configuration.text;
    argv[count] = NULL;
    return start_program(bench, SKA_BENCH_SKATOOL, argv);
}

void skatool(const struct bench *bench, const char *const *arguments)
{
    pid_t child = skatool_start(bench, arguments);
    int status = 0;

    must(waitpid(child, &status, 0) == child);
    if (status != 0)
        show_output(bench);
    must(status == 0);
}

void make_key(const struct bench *bench, const char *label, const char *algorithm,
              const char *policy)
{
    struct path uri = key_uri(label);
    const char *colon = strchr(algorithm, ':');
    char name[16];
    const char *arguments[12] = {"keygen", "--key",       uri.text, "--policy",
                                 policy,   "--algorithm", name};

    snprintf(name, sizeof(name), "%.*s",
             colon == NULL ? (int)strlen(algorithm) : (int)(colon - algorithm), algorithm);
    if (colon != NULL) {
        arguments[7] = strcmp(name, "RSA") == 0 ? "--size" : "--curve";
        arguments[8] = colon + 1;
    }
    skatool(bench, arguments);
}

/* ---- The provider ---------------------------------------------------------------------------- */

OSSL_LIB_CTX *new_context(const char *configuration)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();

    must(libctx != NULL && OSSL_LIB_CTX_load_config(libctx, configuration));
    return libctx;
}

EVP_PKEY *load_key(OSSL_LIB_CTX *libctx, const char *uri)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open_ex(uri, libctx, NULL, NULL, NULL, NULL, NULL, NULL);
    OSSL_STORE_INFO *info = NULL;
    EVP_PKEY *key = NULL;

    must(store != NULL && OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY));
    info = OSSL_STORE_load(store);
    must(info != NULL);
    key = OSSL_STORE_INFO_get1_PKEY(info);
    must(key != NULL);
    OSSL_STORE_INFO_free(info);
    must(OSSL_STORE_close(store));
    return key;
}

struct path key_uri(const char *label)
{
    struct path uri;

    snprintf(uri.text, sizeof(uri.text), "ska:token=" TOKEN_LABEL ";object=%s", label);
    return uri;
}
