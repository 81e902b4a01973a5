/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tsb_many COUNT KILOBYTES KEY-URI: so many signatures with one key, in one thread. KILOBYTES is
 * how much more memory there may be in the end than after a fifth of them; -1: any.
 */
#include "application.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long resident_kilobytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long all = 0;
    long resident = 0;

    must(file != NULL && fscanf(file, "%ld %ld", &all, &resident) == 2);
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void sign(EVP_PKEY *key, int number)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[1024];
    size_t length = sizeof(signature);
    char message[32];

    snprintf(message, sizeof(message), "message %d", number);
    must(context != NULL &&
         EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL) > 0);
    must(EVP_DigestSign(context, signature, &length, (const unsigned char *)message,
                        strlen(message)) > 0);
    EVP_MD_CTX_free(context);
}

int main(int argc, char **argv)
{
    EVP_PKEY *key = NULL;
    int count = 0;
    long limit = 0;
    long before = 0;
    long grown = 0;

    must(argc == 4);
    count = atoi(argv[1]);
    limit = atol(argv[2]);
    key = load_key(NULL, argv[3]);
    for (int i = 0; i < count; i++) {
        if (i == count / 5)
            before = resident_kilobytes();
        sign(key, i);
    }
    grown = resident_kilobytes() - before;
    EVP_PKEY_free(key);
    if (limit < 0 || grown <= limit)
        return 0;
    fprintf(stderr, "%ld KiB more after %d signatures than after %d\n", grown, count, count / 5);
    return 1;
}
