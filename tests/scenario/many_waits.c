/* SPDX-License-Identifier: Apache-2.0 */
/*
 * many_waits KEY-URI NUMBER...: signs "message NUMBER" for all numbers at once, each in a thread of
 * its own that waits for approvals, into the file "signature.NUMBER".
 */
#include "application.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#define THREADS_LIMIT 64

static EVP_PKEY *key;

static void *sign(void *vnumber)
{
    int number = *(int *)vnumber;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned char signature[1024];
    size_t length = sizeof(signature);
    char message[32];
    char name[64];
    FILE *file = NULL;

    snprintf(message, sizeof(message), "message %d", number);
    must(md != NULL);
    must(EVP_DigestSignInit_ex(md, NULL, "SHA256", NULL, NULL, key, NULL) == 1);
    if (EVP_DigestSign(md, signature, &length, (unsigned char *)message, strlen(message)) != 1) {
        ERR_print_errors_fp(stderr);
        EVP_MD_CTX_free(md);
        return vnumber;
    }
    EVP_MD_CTX_free(md);
    /* A second signature for the same message is one too many. */
    snprintf(name, sizeof(name), "signature.%d", number);
    file = fopen(name, "wbx");
    must(file != NULL && fwrite(signature, 1, length, file) == length && fclose(file) == 0);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_LIMIT];
    int numbers[THREADS_LIMIT];
    int count = argc - 2;
    int failed = 0;

    must(count > 0 && count <= THREADS_LIMIT);
    key = load_key(NULL, argv[1]);
    for (int i = 0; i < count; i++) {
        numbers[i] = atoi(argv[2 + i]);
        must(pthread_create(&threads[i], NULL, sign, &numbers[i]) == 0);
    }
    for (int i = 0; i < count; i++) {
        void *result = NULL;

        must(pthread_join(threads[i], &result) == 0);
        failed += result != NULL;
    }
    EVP_PKEY_free(key);
    return failed > 0;
}
