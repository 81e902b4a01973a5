/* SPDX-License-Identifier: Apache-2.0 */
/*
 * odd_devices.c: an application's whole life with ordinary keys on a device: load, sign, TLS,
 * threads, fork, lost sessions, a lost login.
 *
 *     odd_devices MODULE CERTIFICATE KEY... [break]     (MODULE: what the application itself calls)
 *     odd_devices MODULE late KEY COMMAND [used]
 *     odd_devices MODULE changes KEY COMMAND
 *
 * "changes": the command changes the PIN, and the login is lost. "late": the key is not there
 * before the command was run; "used": the application has a session.
 *
 * KEYs are URIs, the first one is that of the certificate. "break": the device breaks down, too.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/store.h>

#include <pkcs11.h>

#include "application.h"
#include "../odd_device.h"

/* ---- The application's own way into the module ----------------------------------------------- */

static void find_symbol(const char *module, const char *name, void *function, size_t size)
{
    void *library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library == NULL ? NULL : dlsym(library, name);

    must(symbol != NULL);
    memcpy(function, &symbol, size);
}

static CK_FUNCTION_LIST *application;
static CK_SLOT_ID slots[32];
static CK_ULONG slot_count = sizeof(slots) / sizeof(slots[0]);

/* To be called when the provider has initialized it. */
static void find_device(const char *module)
{
    CK_C_GetFunctionList get = NULL;

    find_symbol(module, "C_GetFunctionList", &get, sizeof(get));
    must(get(&application) == CKR_OK);
    must(application->C_GetSlotList(CK_TRUE, slots, &slot_count) == CKR_OK);
}

/* All, and with them the login. */
static void lose_sessions(void)
{
    for (CK_ULONG i = 0; i < slot_count; i++)
        (void)application->C_CloseAllSessions(slots[i]);
}

static void log_out(void)
{
    CK_SESSION_HANDLE session = 0;

    for (CK_ULONG i = 0; i < slot_count; i++)
        if (application->C_OpenSession(slots[i], CKF_SERIAL_SESSION, NULL, NULL, &session) ==
            CKR_OK) {
            (void)application->C_Logout(session);
            (void)application->C_CloseSession(session);
        }
}

static void break_down(const char *module)
{
    odd_device_event *event = NULL;

    find_symbol(module, "odd_device_break_down", &event, sizeof(event));
    event();
}

/* ---- What applications do -------------------------------------------------------------------- */

/* A handshake in memory, with the key on the server's side. */
static void shake_hands(OSSL_LIB_CTX *libctx, const char *certificate, EVP_PKEY *key, int version)
{
    SSL_CTX *server_context = SSL_CTX_new_ex(libctx, NULL, TLS_server_method());
    SSL_CTX *client_context = SSL_CTX_new_ex(libctx, NULL, TLS_client_method());
    SSL *server = NULL;
    SSL *client = NULL;
    BIO *one = NULL;
    BIO *other = NULL;

    must(server_context != NULL && client_context != NULL);
    must(SSL_CTX_use_certificate_file(server_context, certificate, SSL_FILETYPE_PEM) == 1);
    must(SSL_CTX_use_PrivateKey(server_context, key) == 1);
    must(SSL_CTX_set_max_proto_version(server_context, version));
    must(SSL_CTX_load_verify_file(client_context, certificate));
    SSL_CTX_set_verify(client_context, SSL_VERIFY_PEER, NULL);
    server = SSL_new(server_context);
    client = SSL_new(client_context);
    must(BIO_new_bio_pair(&one, 0, &other, 0));
    SSL_set_bio(server, one, one);
    SSL_set_bio(client, other, other);
    SSL_set_accept_state(server);
    SSL_set_connect_state(client);
    for (int i = 0; i < 20 && (!SSL_is_init_finished(server) || !SSL_is_init_finished(client));
         i++) {
        (void)SSL_do_handshake(client);
        (void)SSL_do_handshake(server);
    }
    must(SSL_is_init_finished(server) && SSL_is_init_finished(client));
    SSL_free(server);
    SSL_free(client);
    SSL_CTX_free(server_context);
    SSL_CTX_free(client_context);
}

static OSSL_LIB_CTX *libctx;
static EVP_PKEY *keys[8];
static int key_count;

static void sign_with_all(const char *message)
{
    for (int i = 0; i < key_count; i++)
        sign_and_verify(libctx, keys[i], message, NULL);
}

static void *sign_in_thread(void *unused)
{
    for (int i = 0; i < 8; i++)
        sign_with_all("in threads");
    return unused;
}

static void sign_in_threads(void)
{
    pthread_t threads[4];

    for (int i = 0; i < 4; i++)
        must(pthread_create(&threads[i], NULL, sign_in_thread, NULL) == 0);
    for (int i = 0; i < 4; i++)
        must(pthread_join(threads[i], NULL) == 0);
}

static void sign_in_child(void)
{
    int status = 0;
    pid_t child = fork();

    must(child >= 0);
    if (child == 0) {
        sign_with_all("in a child");
        _exit(0);
    }
    must(waitpid(child, &status, 0) == child && status == 0);
    sign_with_all("in the parent");
}

/* The application's own session. */
static void use_module(const char *module)
{
    CK_SESSION_HANDLE session = 0;

    find_device(module);
    must(application->C_OpenSession(slots[0], CKF_SERIAL_SESSION, NULL, NULL, &session) == CKR_OK);
}

static EVP_PKEY *try_key(const char *uri)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open_ex(uri, libctx, NULL, NULL, NULL, NULL, NULL, NULL);
    OSSL_STORE_INFO *info = NULL;
    EVP_PKEY *key = NULL;

    must(store != NULL && OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY));
    info = OSSL_STORE_load(store);
    if (info != NULL)
        key = OSSL_STORE_INFO_get1_PKEY(info);
    OSSL_STORE_INFO_free(info);
    OSSL_STORE_close(store);
    ERR_clear_error();
    return key;
}

/* Not with the sanitizers that this program is run with. */
static void run_plainly(const char *command)
{
    must(unsetenv("LD_PRELOAD") == 0);
    must(system(command) == 0);
}

static int sign_late(const char *module, const char *uri, const char *command, bool used)
{
    const struct timespec more_than_a_second = {1, 100000000};
    EVP_PKEY *key = NULL;

    libctx = new_context();
    must(try_key(uri) == NULL);
    if (used)
        use_module(module);
    run_plainly(command);
    nanosleep(&more_than_a_second, NULL); /* not twice a second */
    key = try_key(uri);
    must((key == NULL) == used);
    if (key != NULL)
        sign_and_verify(libctx, key, "late", NULL);
    EVP_PKEY_free(key);
    OSSL_LIB_CTX_free(libctx);
    return 0;
}

static int sign_after_change(const char *module, const char *uri, const char *command)
{
    EVP_PKEY *key = NULL;

    libctx = new_context();
    key = load_key(libctx, uri);
    sign_and_verify(libctx, key, "with the old PIN", NULL);
    find_device(module);
    run_plainly(command);
    lose_sessions();
    sign_and_verify(libctx, key, "with the new PIN", NULL);
    EVP_PKEY_free(key);
    OSSL_LIB_CTX_free(libctx);
    return 0;
}

int main(int argc, char **argv)
{
    bool breaks = false;

    must(argc >= 4);
    if (strcmp(argv[2], "late") == 0)
        return sign_late(argv[1], argv[3], argv[4], argc > 5);
    if (strcmp(argv[2], "changes") == 0)
        return sign_after_change(argv[1], argv[3], argv[4]);
    breaks = strcmp(argv[argc - 1], "break") == 0;
    libctx = new_context();
    for (int i = 3; i < argc - breaks; i++)
        keys[key_count++] = load_key(libctx, argv[i]);
    sign_with_all("at first");
    find_device(argv[1]);
    shake_hands(libctx, argv[2], keys[0], TLS1_2_VERSION);
    shake_hands(libctx, argv[2], keys[0], TLS1_3_VERSION);
    sign_in_threads();
    sign_in_child();
    lose_sessions();
    sign_with_all("after a loss of all sessions");
    log_out();
    sign_with_all("after a loss of the login");
    if (breaks) {
        break_down(argv[1]);
        sign_with_all("after the device was broken");
    }
    for (int i = 0; i < key_count; i++)
        EVP_PKEY_free(keys[i]);
    OSSL_LIB_CTX_free(libctx);
    return 0;
}
