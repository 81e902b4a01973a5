/* SPDX-License-Identifier: Apache-2.0 */
/*
 * beside_others.c: loads a key and signs in a process with an ENGINE that is the default for RSA
 * and EC, and does nothing: for their numbers (RSA_METHOD, EC_KEY_METHOD), or for their keys too
 * (EVP_PKEY_METHOD).
 *
 *     beside_others numbers|keys KEY SIGNATURE
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What others still use. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/ec.h>
#include <openssl/engine.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "application.h"

static int refuse_init(EVP_PKEY_CTX *context)
{
    (void)context;
    fprintf(stderr, "the ENGINE was asked\n");
    return 0;
}

static int choose_method(ENGINE *engine, EVP_PKEY_METHOD **method, const int **nids, int nid)
{
    static const int known[] = {EVP_PKEY_RSA, EVP_PKEY_EC};
    static EVP_PKEY_METHOD *methods[2];

    (void)engine;
    if (method == NULL) {
        *nids = known;
        return 2;
    }
    for (int i = 0; i < 2; i++) {
        if (known[i] != nid)
            continue;
        if (methods[i] == NULL) {
            methods[i] = EVP_PKEY_meth_new(nid, 0);
            EVP_PKEY_meth_set_sign(methods[i], refuse_init, NULL);
            EVP_PKEY_meth_set_verify(methods[i], refuse_init, NULL);
            EVP_PKEY_meth_set_keygen(methods[i], refuse_init, NULL);
        }
        *method = methods[i];
        return 1;
    }
    return 0;
}

static void add_engine(bool keys)
{
    static RSA_METHOD *rsa; /* both stay */
    static EC_KEY_METHOD *ec;
    ENGINE *engine = ENGINE_new();

    must(engine != NULL && ENGINE_set_id(engine, "idle") &&
         ENGINE_set_name(engine, "Does nothing"));
    rsa = RSA_meth_new("idle", 0);
    ec = EC_KEY_METHOD_new(NULL);
    must(ENGINE_set_RSA(engine, rsa) && ENGINE_set_EC(engine, ec));
    must(!keys || ENGINE_set_pkey_meths(engine, choose_method));
    must(ENGINE_add(engine) && ENGINE_set_default(engine, ENGINE_METHOD_ALL));
    ENGINE_free(engine);
}

int main(int argc, char **argv)
{
    static const char message[] = "A document.\n";
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[1024];
    size_t length = sizeof(signature);
    EVP_PKEY *key = NULL;
    FILE *file = NULL;

    must(argc == 4);
    add_engine(strcmp(argv[1], "keys") == 0);
    key = load_key(NULL, argv[2]);
    printf("loaded\n");
    must(EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL) > 0);
    must(EVP_DigestSign(context, signature, &length, (const unsigned char *)message,
                        strlen(message)) > 0);
    file = fopen(argv[3], "wb");
    must(file != NULL && fwrite(signature, 1, length, file) == length && fclose(file) == 0);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return 0;
}
