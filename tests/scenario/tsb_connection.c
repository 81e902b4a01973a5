/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tsb_connection proxy: a proxy on 127.0.0.1. Prints its port, and when it is terminated how
 * many connections it had and the head of the last request.
 *
 * tsb_connection interrupted KEY-URI: signs, in a program that handles SIGINT itself.
 *
 * tsb_connection again KEY-URI: signs with one key that it has loaded, for ever, ten times a
 * second; prints "signed N" for each signature, or the errors.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>

#include "../unit/http_server.h"
#include "application.h"

static int be_proxy(void)
{
    struct http_server *server = http_server_start_alone();

    must(server != NULL && http_server_serve(server));
    printf("%d\n%s", http_server_connections(server), http_server_head(server));
    fflush(stdout);
    http_server_stop(server);
    return 0;
}

static void note_signal(int number)
{
    (void)number;
}

/* False: it was refused, and why is printed. */
static bool sign(EVP_PKEY *key)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[1024];
    size_t length = sizeof(signature);
    bool done = false;

    must(context != NULL &&
         EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL) > 0);
    done = EVP_DigestSign(context, signature, &length, (const unsigned char *)"x", 1) > 0;
    ERR_print_errors_fp(stderr);
    EVP_MD_CTX_free(context);
    return done;
}

static int sign_interruptibly(const char *uri)
{
    struct sigaction action = {.sa_handler = note_signal};
    EVP_PKEY *key = load_key(NULL, uri);
    bool done = false;

    must(sigaction(SIGINT, &action, NULL) == 0);
    done = sign(key);
    EVP_PKEY_free(key);
    return done ? 0 : 1;
}

static _Noreturn void sign_again_and_again(const char *uri)
{
    const struct timespec tenth = {0, 100000000};
    EVP_PKEY *key = load_key(NULL, uri);

    for (int count = 1;; nanosleep(&tenth, NULL))
        if (sign(key)) {
            printf("signed %d\n", count++);
            fflush(stdout);
        }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "proxy") == 0)
        return be_proxy();
    if (argc == 3 && strcmp(argv[1], "interrupted") == 0)
        return sign_interruptibly(argv[2]);
    if (argc == 3 && strcmp(argv[1], "again") == 0)
        sign_again_and_again(argv[2]);
    fprintf(stderr, "usage: tsb_connection proxy|interrupted|again [KEY-URI]\n");
    return 2;
}
