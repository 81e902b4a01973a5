/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data_files.c: what somebody's file makes those do who read it.
 *
 * data_files watch WATCHED... -- COMMAND...: runs the command and ends with its status, but with 98
 *     when anybody has opened one of the files meanwhile; they are named on standard error
 * data_files read WAY FILE: reads the file in a way that applications have; `ways` below
 * data_files serve FILE PIN-FILE: loads a private key as a server does, which may not read its PIN
 *     file any more when it signs
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/store.h>

#include "application.h"

#define OPENED_STATUS 98

/* ---- Whether files are opened ---------------------------------------------------------------- */

static int run(char **command)
{
    int status = 0;
    pid_t child = fork();

    must(child >= 0);
    if (child == 0) {
        execvp(command[0], command);
        _exit(127);
    }
    must(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A user has 128 of them, which tests that run at the same time may use for some seconds. */
static int open_events(void)
{
    int events = -1;

    for (int tries = 0; tries < 600; tries++) {
        events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (events >= 0 || errno != EMFILE)
            break;
        usleep(100000);
    }
    return events;
}

static int watch(char **arguments)
{
    int events = open_events();
    char **watched = arguments;
    int status = 0;
    union {
        struct inotify_event event; /* for its alignment */
        char bytes[4096];
    } buffer;

    must(events >= 0);
    for (; *arguments != NULL && strcmp(*arguments, "--") != 0; arguments++)
        must(inotify_add_watch(events, *arguments, IN_OPEN) == arguments - watched + 1);
    must(*arguments != NULL && arguments[1] != NULL);
    status = run(arguments + 1);
    if (read(events, buffer.bytes, sizeof(buffer.bytes)) > 0) {
        fprintf(stderr, "%s was opened\n", watched[buffer.event.wd - 1]);
        status = OPENED_STATUS;
    }
    close(events);
    return status;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static int question(char *buffer, int size, int writing, void *arg)
{
    (void)size;
    (void)writing;
    (void)arg;
    buffer[0] = 'x';
    return 1;
}

static void read_store(const char *path, int expected)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open(path, NULL, NULL, NULL, NULL);

    must(store != NULL && (expected == 0 || OSSL_STORE_expect(store, expected)));
    while (!OSSL_STORE_eof(store))
        OSSL_STORE_INFO_free(OSSL_STORE_load(store));
    OSSL_STORE_close(store);
}

/* As whoever does not care for the kind of key, but wants this part of it. */
static void read_decoder(const char *path, int selection)
{
    EVP_PKEY *key = NULL;
    BIO *bio = BIO_new_file(path, "r");
    OSSL_DECODER_CTX *context =
        OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", NULL, NULL, selection, NULL, NULL);

    must(bio != NULL && context != NULL);
    (void)OSSL_DECODER_from_bio(context, bio);
    OSSL_DECODER_CTX_free(context);
    EVP_PKEY_free(key);
    BIO_free(bio);
}

static void read_pem(const char *path, int kind)
{
    BIO *bio = BIO_new_file(path, "r");

    must(bio != NULL);
    switch (kind) {
    case 'p':
        EVP_PKEY_free(PEM_read_bio_PUBKEY(bio, NULL, question, NULL));
        break;
    case 'k':
        EVP_PKEY_free(PEM_read_bio_PrivateKey(bio, NULL, question, NULL));
        break;
    case 'a':
        EVP_PKEY_free(PEM_read_bio_Parameters(bio, NULL));
        break;
    case 'c':
        X509_free(PEM_read_bio_X509(bio, NULL, question, NULL));
        break;
    case 'i':
        sk_X509_INFO_pop_free(PEM_X509_INFO_read_bio(bio, NULL, question, NULL), X509_INFO_free);
        break;
    default:
        must(0);
    }
    BIO_free(bio);
}

static const struct {
    const char *name;
    void (*read)(const char *path, int what);
    int what;
} ways[] = {
    {"store", read_store, 0},
    {"store-certificate", read_store, OSSL_STORE_INFO_CERT},
    {"store-crl", read_store, OSSL_STORE_INFO_CRL},
    {"store-public", read_store, OSSL_STORE_INFO_PUBKEY},
    {"store-parameters", read_store, OSSL_STORE_INFO_PARAMS},
    {"store-private", read_store, OSSL_STORE_INFO_PKEY},
    {"decoder", read_decoder, 0},
    {"decoder-public", read_decoder, EVP_PKEY_PUBLIC_KEY},
    {"decoder-parameters", read_decoder, EVP_PKEY_KEY_PARAMETERS},
    {"decoder-private", read_decoder, EVP_PKEY_KEYPAIR},
    {"pem-public", read_pem, 'p'},
    {"pem-parameters", read_pem, 'a'},
    {"pem-certificate", read_pem, 'c'},
    {"pem-info", read_pem, 'i'},
    {"pem-private", read_pem, 'k'},
};

static void read_file(const char *way, const char *path)
{
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        if (strcmp(ways[i].name, way) == 0) {
            ways[i].read(path, ways[i].what);
            ERR_print_errors_fp(stderr);
            return;
        }
    must(0);
}

/* ---- Serving --------------------------------------------------------------------------------- */

static void serve(const char *path, const char *pin_file)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open(path, NULL, NULL, NULL, NULL);
    EVP_PKEY *key = NULL;

    must(store != NULL && OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY));
    while (key == NULL && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);

        key = info == NULL ? NULL : OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    must(key != NULL);
    must(unlink(pin_file) == 0);
    sign_and_verify(NULL, key, "a handshake", NULL);
    EVP_PKEY_free(key);
}

int main(int argc, char **argv)
{
    if (argc > 3 && strcmp(argv[1], "watch") == 0)
        return watch(argv + 2);
    must(argc == 4);
    if (strcmp(argv[1], "read") == 0)
        read_file(argv[2], argv[3]);
    else if (strcmp(argv[1], "serve") == 0)
        serve(argv[2], argv[3]);
    else
        must(0);
    return 0;
}
