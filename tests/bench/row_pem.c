/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a key reference against reading a software key of the same type. The provider that reads
 * has a module that is not there: whoever called the HSM would fail.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>

#include "rows.h"

struct pem {
    OSSL_LIB_CTX *libctx;
    const char *algorithm; /* for EVP_PKEY_is_a() */
    char text[8192];
};

static void read_file(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "r");
    size_t length = 0;

    must(file != NULL);
    length = fread(text, 1, size - 1, file);
    must(length > 0 && feof(file));
    text[length] = 0;
    fclose(file);
}

/* The key's reference, by skatool, and a context that cannot reach any HSM. */
static void make_reference(const struct bench *bench, const char *algorithm, struct pem *pem)
{
    struct path uri = key_uri(KEY_LABEL);
    struct path file = token_path(bench, "reference.pem");
    struct path configuration = token_path(bench, "offline.cnf");
    const char *arguments[] = {"pem", "--key", uri.text, "--output", file.text, NULL};

    make_key(bench, KEY_LABEL, algorithm, "none");
    skatool(bench, arguments);
    read_file(file.text, pem->text, sizeof(pem->text));
    write_configuration(bench, configuration.text, token_path(bench, "absent.so").text);
    pem->libctx = new_context(configuration.text);
}

static void make_software(EVP_PKEY *reference, struct pem *pem)
{
    EVP_PKEY *key = EVP_PKEY_is_a(reference, "EC")    ? EVP_EC_gen("P-256")
                    : EVP_PKEY_is_a(reference, "RSA") ? EVP_RSA_gen(2048)
                                                      : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    BIO *bio = BIO_new(BIO_s_mem());
    int length = 0;

    must(key != NULL && bio != NULL);
    must(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    length = BIO_read(bio, pem->text, sizeof(pem->text) - 1);
    must(length > 0);
    pem->text[length] = 0;
    BIO_free(bio);
    EVP_PKEY_free(key);
}

static EVP_PKEY *read_pem(const struct pem *pem)
{
    BIO *bio = BIO_new_mem_buf(pem->text, -1);
    EVP_PKEY *key = NULL;

    must(bio != NULL);
    key = PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, NULL, pem->libctx, NULL);
    must(key != NULL && EVP_PKEY_is_a(key, pem->algorithm));
    BIO_free(bio);
    return key;
}

/* What a loop works with is what it was given: nothing of it changes. */
static void *start(const void *what)
{
    return (void *)(uintptr_t)what;
}

static void once(void *with)
{
    EVP_PKEY_free(read_pem(with));
}

static void stop(void *with)
{
    (void)with;
}

static void run(struct bench *bench, const struct row *row)
{
    const char *algorithm = row->detail;
    struct pem reference = {NULL, raw_name(algorithm), ""};
    struct pem software = {NULL, raw_name(algorithm), ""};
    struct loop loops[] = {{start, once, stop, &reference, false, NULL},
                           {start, once, stop, &software, false, NULL}};
    EVP_PKEY *key = NULL;
    struct result result;
    struct token token;
    struct times times;

    token_open(&token, bench);
    make_reference(bench, algorithm, &reference);
    key = read_pem(&reference);
    make_software(key, &software);
    measure(loops, COUNT(loops), 1, pairs_of(bench->options, 300), &times);
    result_begin(&result, row);
    result_ratio(&result, &times, 0, 1);
    snprintf(result.a, sizeof(result.a), "PEM_read_bio_PrivateKey, key reference, no HSM");
    snprintf(result.b, sizeof(result.b), "PEM_read_bio_PrivateKey, software key");
    bench_report(bench, &result);
    times_free(&times);
    EVP_PKEY_free(key);
    OSSL_LIB_CTX_free(reference.libctx);
    token_close(&token);
}

const struct row row_pem_p256 = {"pem-p256",
                                 "reading a key reference, P-256, with an HSM that is not there",
                                 {0.6, 0},
                                 run,
                                 "EC:P-256"};
const struct row row_pem_rsa = {"pem-rsa2048", "the same, RSA-2048", {0.6, 0}, run, "RSA:2048"};
const struct row row_pem_ed25519 = {"pem-ed25519", "the same, Ed25519", {0.6, 0}, run, "ED25519"};
