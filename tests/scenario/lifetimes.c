/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lifetimes.c: applications that begin, go on and end in different ways.
 *
 * lifetimes WAY URI: URI names a key that needs no approval.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/provider.h>

#include "application.h"

static const char message[] = "A message.";

/* ---- Ends ------------------------------------------------------------------------------------ */

static void exit_without_cleanup(const char *uri)
{
    sign_and_verify(NULL, load_key(NULL, uri), message, NULL);
    exit(0);
}

static void exit_at_once(const char *uri)
{
    sign_and_verify(NULL, load_key(NULL, uri), message, NULL);
    _exit(0);
}

static void clean_up(const char *uri)
{
    EVP_PKEY *key = load_key(NULL, uri);

    sign_and_verify(NULL, key, message, NULL);
    EVP_PKEY_free(key);
    OPENSSL_cleanup();
}

/* The key outlives the context's last other user; only main's return ends both. */
static void forget_the_key(const char *uri)
{
    OSSL_LIB_CTX *libctx = new_context();

    sign_and_verify(libctx, load_key(libctx, uri), message, NULL);
}

static void fail_and_exit(const char *uri)
{
    OSSL_LIB_CTX *libctx = new_context();
    EVP_PKEY *key = load_key(libctx, uri);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char tiny[1];
    size_t length = sizeof(tiny);

    must(EVP_DigestSignInit_ex(context, NULL, "SHA256", libctx, NULL, key, NULL) > 0);
    must(EVP_DigestSignUpdate(context, message, strlen(message)) > 0);
    must(EVP_DigestSignFinal(context, tiny, &length) <= 0);
    exit(0);
}

/* ---- Loads and unloads ----------------------------------------------------------------------- */

static void reload(const char *uri)
{
    for (int i = 0; i < 20; i++) {
        OSSL_LIB_CTX *libctx = new_context();
        EVP_PKEY *key = load_key(libctx, uri);

        sign_and_verify(libctx, key, message, NULL);
        EVP_PKEY_free(key);
        OSSL_LIB_CTX_free(libctx);
    }
}

/* The provider comes and goes before anything is asked of it. */
static void load_unused(const char *uri)
{
    (void)uri;
    for (int i = 0; i < 20; i++)
        OSSL_LIB_CTX_free(new_context());
}

static void two_contexts(const char *uri)
{
    OSSL_LIB_CTX *first = new_context();
    OSSL_LIB_CTX *second = new_context();
    EVP_PKEY *first_key = load_key(first, uri);
    EVP_PKEY *second_key = load_key(second, uri);

    sign_and_verify(first, first_key, message, NULL);
    sign_and_verify(second, second_key, message, NULL);
    EVP_PKEY_free(first_key);
    OSSL_LIB_CTX_free(first);
    sign_and_verify(second, second_key, message, NULL);
    EVP_PKEY_free(second_key);
    OSSL_LIB_CTX_free(second);
}

/* ---- Threads and processes ------------------------------------------------------------------- */

static void *sign_ten(void *key)
{
    for (int i = 0; i < 10; i++)
        sign_and_verify(NULL, key, message, NULL);
    return NULL;
}

static void threads(const char *uri)
{
    EVP_PKEY *key = load_key(NULL, uri);
    pthread_t thread[8];

    for (size_t i = 0; i < sizeof(thread) / sizeof(thread[0]); i++)
        must(pthread_create(&thread[i], NULL, sign_ten, key) == 0);
    for (size_t i = 0; i < sizeof(thread) / sizeof(thread[0]); i++)
        must(pthread_join(thread[i], NULL) == 0);
    EVP_PKEY_free(key);
}

static void wait_for(pid_t child)
{
    int status = 0;

    must(waitpid(child, &status, 0) == child);
    must(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void children(const char *uri)
{
    EVP_PKEY *key = load_key(NULL, uri);

    sign_and_verify(NULL, key, message, NULL);
    for (int i = 0; i < 3; i++) {
        pid_t child = fork();

        must(child >= 0);
        if (child == 0) {
            sign_and_verify(NULL, key, message, NULL);
            exit(0);
        }
        sign_and_verify(NULL, key, message, NULL);
        wait_for(child);
    }
    sign_and_verify(NULL, key, message, NULL);
    EVP_PKEY_free(key);
}

/* As servers do: loaded before the fork, first used after it. */
static void used_in_child_only(const char *uri)
{
    EVP_PKEY *key = load_key(NULL, uri);
    pid_t child = fork();

    must(child >= 0);
    if (child == 0) {
        sign_and_verify(NULL, key, message, NULL);
        EVP_PKEY_free(key);
        exit(0);
    }
    wait_for(child);
    EVP_PKEY_free(key);
}

static const struct {
    const char *name;
    void (*run)(const char *uri);
} ways[] = {
    {"exit-without-cleanup", exit_without_cleanup},
    {"exit-at-once", exit_at_once},
    {"clean-up", clean_up},
    {"forget-the-key", forget_the_key},
    {"fail-and-exit", fail_and_exit},
    {"reload", reload},
    {"load-unused", load_unused},
    {"two-contexts", two_contexts},
    {"threads", threads},
    {"children", children},
    {"used-in-child-only", used_in_child_only},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 3 && i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (strcmp(argv[1], ways[i].name) == 0) {
            ways[i].run(argv[2]);
            return 0;
        }
    }
    fprintf(stderr, "usage: lifetimes WAY URI\n");
    return 2;
}
