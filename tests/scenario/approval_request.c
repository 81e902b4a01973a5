/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ska-approval-request and ska-request-id as an application may ask for them: approval_request
 * WHAT URI. Prints the request where the script needs it.
 */
#include "application.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "ska/provider.h"

static EVP_PKEY *key;

static EVP_MD_CTX *begin(void)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    const char *digest = EVP_PKEY_is_a(key, "ED25519") ? NULL : "SHA256";

    must(md != NULL && EVP_DigestSignInit_ex(md, NULL, digest, NULL, NULL, key, NULL) == 1);
    return md;
}

static void feed(EVP_MD_CTX *md, const char *text)
{
    must(EVP_DigestSignUpdate(md, text, strlen(text)) == 1);
}

static char *ask(EVP_MD_CTX *md, const char *name)
{
    OSSL_PARAM params[2] = {OSSL_PARAM_construct_utf8_string(name, NULL, 0),
                            OSSL_PARAM_construct_end()};
    char *text = NULL;
    size_t size = 0;

    must(EVP_PKEY_CTX_get_params(EVP_MD_CTX_get_pkey_ctx(md), params) == 1);
    must(OSSL_PARAM_modified(&params[0]));
    size = params[0].return_size + 1;
    text = malloc(size);
    must(text != NULL);
    params[0] = OSSL_PARAM_construct_utf8_string(name, text, size);
    must(EVP_PKEY_CTX_get_params(EVP_MD_CTX_get_pkey_ctx(md), params) == 1);
    return text;
}

static void describe(EVP_MD_CTX *md, char *text)
{
    OSSL_PARAM params[2] = {OSSL_PARAM_construct_utf8_string(SKA_PARAM_DESCRIPTION, text, 0),
                            OSSL_PARAM_construct_end()};

    must(EVP_PKEY_CTX_set_params(EVP_MD_CTX_get_pkey_ctx(md), params) == 1);
}

/* Asked ten times, in two contexts: always the same. Another byte: another. */
static void ask_again_and_again(void)
{
    EVP_MD_CTX *md = begin();
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    char *first = NULL;
    char *id = NULL;
    char *other = NULL;
    char words[] = "the second instalment";

    feed(md, "pay ten");
    first = ask(md, SKA_PARAM_APPROVAL_REQUEST);
    id = ask(md, SKA_PARAM_REQUEST_ID);
    must(strlen(id) == 64 && strstr(first, id) != NULL);
    must(EVP_MD_CTX_copy_ex(copy, md) == 1);
    for (int i = 0; i < 10; i++) {
        char *text = ask(i % 2 == 0 ? copy : md, SKA_PARAM_APPROVAL_REQUEST);

        must(strcmp(text, first) == 0);
        free(text);
    }
    feed(copy, " thousand");
    other = ask(copy, SKA_PARAM_REQUEST_ID);
    must(strcmp(other, id) != 0);
    free(other);
    other = ask(md, SKA_PARAM_REQUEST_ID);
    must(strcmp(other, id) == 0);
    free(other);
    /* Other words for the approvers go with the same id. */
    describe(md, words);
    other = ask(md, SKA_PARAM_APPROVAL_REQUEST);
    must(strstr(other, id) != NULL && strstr(other, words) != NULL);
    free(other);
    free(first);
    free(id);
    EVP_MD_CTX_free(copy);
    EVP_MD_CTX_free(md);
}

/* What approvers are told of the algorithm is what it is now. */
static void ask_with_other_salts(void)
{
    EVP_MD_CTX *md = begin();
    EVP_PKEY_CTX *ctx = EVP_MD_CTX_get_pkey_ctx(md);
    char *ids[2] = {NULL, NULL};

    must(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1);
    feed(md, "pay ten");
    for (int i = 0; i < 2; i++) {
        char *text = NULL;

        must(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, i == 0 ? 20 : 32) == 1);
        ids[i] = ask(md, SKA_PARAM_REQUEST_ID);
        text = ask(md, SKA_PARAM_APPROVAL_REQUEST);
        must(strstr(text, ids[i]) != NULL);
        must(strstr(text, i == 0 ? "\"saltLength\":20" : "\"saltLength\":32") != NULL ||
             strstr(text, i == 0 ? "\"saltLength\":\t20" : "\"saltLength\":\t32") != NULL);
        free(text);
    }
    must(strcmp(ids[0], ids[1]) != 0);
    free(ids[0]);
    free(ids[1]);
    EVP_MD_CTX_free(md);
}

/* Printed for the script, which has it approved and signs with the openssl command. */
static void print_request(void)
{
    EVP_MD_CTX *md = begin();
    char *text = NULL;

    feed(md, "pay ten");
    text = ask(md, SKA_PARAM_APPROVAL_REQUEST);
    must(fputs(text, stdout) >= 0);
    free(text);
    EVP_MD_CTX_free(md);
}

static void print_id(void)
{
    EVP_MD_CTX *md = begin();
    char *id = NULL;

    feed(md, "pay ten");
    id = ask(md, SKA_PARAM_REQUEST_ID);
    must(puts(id) >= 0);
    free(id);
    EVP_MD_CTX_free(md);
}

/* Reads the approved request from standard input. Only the final of the duplicate signs. */
static void sign_by_duplicate(void)
{
    static char bundle[65536];
    OSSL_PARAM params[2] = {OSSL_PARAM_construct_utf8_string(SKA_PARAM_APPROVALS, bundle, 0),
                            OSSL_PARAM_construct_end()};
    EVP_MD_CTX *md = begin();
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    unsigned char signature[1024];
    size_t length = sizeof(signature);

    must(fread(bundle, 1, sizeof(bundle) - 1, stdin) > 0);
    feed(md, "pay ten");
    must(EVP_MD_CTX_copy_ex(copy, md) == 1);
    params[0] = OSSL_PARAM_construct_utf8_string(SKA_PARAM_APPROVALS, bundle, 0);
    must(EVP_PKEY_CTX_set_params(EVP_MD_CTX_get_pkey_ctx(copy), params) == 1);
    EVP_MD_CTX_free(md);
    must(EVP_DigestSignFinal(copy, signature, &length) == 1);
    must(fwrite(signature, 1, length, stdout) == length);
    EVP_MD_CTX_free(copy);
}

/* After the end of standard input; an agent approves what was asked for. */
static void sign_later(void)
{
    EVP_MD_CTX *md = begin();
    unsigned char signature[1024];
    size_t length = sizeof(signature);
    char *text = NULL;

    must(puts("loaded") >= 0 && fflush(stdout) == 0);
    must(getchar() == EOF);
    feed(md, "pay ten");
    text = ask(md, SKA_PARAM_APPROVAL_REQUEST);
    must(EVP_DigestSignFinal(md, signature, &length) == 1);
    free(text);
    EVP_MD_CTX_free(md);
}

/* Before anything was fed in there is nothing to be approved. */
static void ask_too_early(void)
{
    EVP_MD_CTX *md = begin();
    OSSL_PARAM params[2] = {OSSL_PARAM_construct_utf8_string(SKA_PARAM_REQUEST_ID, NULL, 0),
                            OSSL_PARAM_construct_end()};

    must(EVP_PKEY_CTX_get_params(EVP_MD_CTX_get_pkey_ctx(md), params) == 1);
    EVP_MD_CTX_free(md);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } whats[] = {
        {"again-and-again", ask_again_and_again},
        {"other-salts", ask_with_other_salts},
        {"print", print_request},
        {"id", print_id},
        {"duplicate", sign_by_duplicate},
        {"too-early", ask_too_early},
        {"later", sign_later},
    };

    must(argc == 3);
    key = load_key(NULL, argv[2]);
    for (size_t i = 0; i < sizeof(whats) / sizeof(whats[0]); i++)
        if (strcmp(argv[1], whats[i].name) == 0) {
            whats[i].run();
            must(ERR_peek_error() == 0);
            EVP_PKEY_free(key);
            return 0;
        }
    must(0);
}
