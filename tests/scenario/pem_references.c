/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pem_references.c: the ways in which applications read a private key from a file.
 *
 * pem_references FILE BUNDLE CERTIFICATE
 *
 * FILE: a key reference; BUNDLE: CERTIFICATE followed by FILE. None of it may ask for a passphrase,
 * leave an error behind, or reach the HSM; whoever calls makes sure that there is none.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <openssl/store.h>

#include "application.h"

static int asked;

static int count_question(char *buffer, int size, int writing, void *arg)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)arg;
    asked++;
    return -1;
}

static BIO *open_file(const char *path)
{
    BIO *bio = BIO_new_file(path, "r");

    must(bio != NULL);
    return bio;
}

static X509 *certificate_of(const char *path)
{
    BIO *bio = open_file(path);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    must(certificate != NULL);
    BIO_free(bio);
    return certificate;
}

/* That it is ours, a private key, and the certificate's. */
static void expect(EVP_PKEY *key, X509 *certificate)
{
    must(key != NULL);
    must(strcmp(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key)), "ska") == 0);
    must(X509_check_private_key(certificate, key));
    must(EVP_PKEY_eq(key, X509_get0_pubkey(certificate)) == 1);
    must(EVP_PKEY_eq(X509_get0_pubkey(certificate), key) == 1);
    must(ERR_peek_error() == 0);
    must(asked == 0);
    EVP_PKEY_free(key);
}

static EVP_PKEY *by_decoder(const char *path, const char *type)
{
    EVP_PKEY *key = NULL;
    OSSL_DECODER_CTX *context = OSSL_DECODER_CTX_new_for_pkey(
        &key, "PEM", NULL, type, OSSL_KEYMGMT_SELECT_PRIVATE_KEY, NULL, NULL);
    BIO *bio = open_file(path);

    must(context != NULL);
    must(OSSL_DECODER_from_bio(context, bio));
    OSSL_DECODER_CTX_free(context);
    BIO_free(bio);
    return key;
}

/* Another type than the one that is asked for is not given. */
static void by_wrong_type(const char *path, const char *type)
{
    EVP_PKEY *key = NULL;
    OSSL_DECODER_CTX *context = OSSL_DECODER_CTX_new_for_pkey(
        &key, "PEM", NULL, type, OSSL_KEYMGMT_SELECT_PRIVATE_KEY, NULL, NULL);
    BIO *bio = open_file(path);

    must(!OSSL_DECODER_from_bio(context, bio));
    must(key == NULL);
    OSSL_DECODER_CTX_free(context);
    BIO_free(bio);
    ERR_clear_error();
}

static void must_not_decode(const unsigned char *der, size_t length, const char *type)
{
    EVP_PKEY *key = NULL;
    OSSL_DECODER_CTX *context = OSSL_DECODER_CTX_new_for_pkey(
        &key, "DER", NULL, type, OSSL_KEYMGMT_SELECT_PRIVATE_KEY, NULL, NULL);

    must(context != NULL);
    must(!OSSL_DECODER_from_data(context, &der, &length) && key == NULL);
    OSSL_DECODER_CTX_free(context);
}

/*
 * The bytes of a reference are no key by themselves, nor are those that libcrypto carries from our
 * first step to the second: what was found for a file is given to nobody else who decodes in this
 * thread, neither while that key is in use nor afterwards.
 */
static void by_bytes_alone(const char *path, const char *type)
{
    static const unsigned char carried[] = "\x30\x13\x0c\x11SKA key reference";
    EVP_PKEY *used = by_decoder(path, NULL);
    BIO *bio = open_file(path);
    unsigned char *der = NULL;
    char *name = NULL;
    char *header = NULL;
    long length = 0;

    must(PEM_read_bio(bio, &name, &header, &der, &length) == 1);
    for (int gone = 0; gone < 2; gone++) {
        must_not_decode(der, (size_t)length, type);
        must_not_decode(carried, sizeof(carried) - 1, type);
        EVP_PKEY_free(used);
        used = NULL;
    }
    ERR_clear_error();
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    BIO_free(bio);
}

/* Other bytes that an application decodes while it is given a key are not taken for that key. */
static int decode_others_meanwhile(OSSL_DECODER_INSTANCE *instance, const OSSL_PARAM *params,
                                   void *arg)
{
    static const unsigned char others[] = "\x30\x07\x0c\x05other";

    (void)instance;
    (void)params;
    must_not_decode(others, sizeof(others) - 1, *(const char **)arg);
    *(const char **)arg = NULL;
    return 1;
}

static void by_own_construction(const char *path, const char *type)
{
    OSSL_DECODER_CTX *context = OSSL_DECODER_CTX_new();
    OSSL_DECODER *steps[] = {OSSL_DECODER_fetch(NULL, "DER", "provider=ska"),
                             OSSL_DECODER_fetch(NULL, type, "provider=ska")};
    BIO *bio = open_file(path);

    for (size_t i = 0; i < 2; i++) {
        must(steps[i] != NULL && OSSL_DECODER_CTX_add_decoder(context, steps[i]));
        OSSL_DECODER_free(steps[i]);
    }
    must(OSSL_DECODER_CTX_set_selection(context, OSSL_KEYMGMT_SELECT_PRIVATE_KEY));
    must(OSSL_DECODER_CTX_set_input_type(context, "PEM"));
    must(OSSL_DECODER_CTX_set_construct(context, decode_others_meanwhile));
    must(OSSL_DECODER_CTX_set_construct_data(context, &type));
    must(OSSL_DECODER_from_bio(context, bio) && type == NULL);
    OSSL_DECODER_CTX_free(context);
    BIO_free(bio);
    ERR_clear_error();
}

/* All that is in a file, as OSSL_STORE finds it. */
static EVP_PKEY *by_store(const char *path, int certificates)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open(path, NULL, NULL, NULL, NULL);
    EVP_PKEY *key = NULL;
    OSSL_STORE_INFO *info = NULL;

    must(store != NULL);
    while (!OSSL_STORE_eof(store) && (info = OSSL_STORE_load(store)) != NULL) {
        if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_CERT)
            certificates--;
        else
            key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    must(certificates == 0);
    must(OSSL_STORE_close(store));
    return key;
}

static void by_tls(const char *file, const char *bundle)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    SSL_CTX_set_default_passwd_cb(context, count_question);
    must(SSL_CTX_use_certificate_chain_file(context, bundle) == 1);
    must(SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) == 1);
    must(SSL_CTX_check_private_key(context) == 1);
    SSL_CTX_free(context);
    context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_default_passwd_cb(context, count_question);
    must(SSL_CTX_use_certificate_chain_file(context, bundle) == 1);
    must(SSL_CTX_use_PrivateKey_file(context, bundle, SSL_FILETYPE_PEM) == 1);
    must(SSL_CTX_check_private_key(context) == 1);
    must(ERR_peek_error() == 0 && asked == 0);
    SSL_CTX_free(context);
}

/* As strongSwan and Postfix do, which look at the label and take the PEM apart. */
static void by_pkcs8_of_its_own(const char *path, X509 *certificate)
{
    BIO *bio = open_file(path);
    const unsigned char *next = NULL;
    unsigned char *der = NULL;
    char *name = NULL;
    char *header = NULL;
    long length = 0;
    PKCS8_PRIV_KEY_INFO *info = NULL;

    must(PEM_read_bio(bio, &name, &header, &der, &length) == 1);
    must(strcmp(name, PEM_STRING_PKCS8INF) == 0);
    next = der;
    info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &next, length);
    must(info != NULL && next == der + length);
    expect(EVP_PKCS82PKEY(info), certificate);
    next = der;
    expect(d2i_AutoPrivateKey(NULL, &next, length), certificate);
    PKCS8_PRIV_KEY_INFO_free(info);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    BIO_free(bio);
}

/* REFERENCE BUNDLE CERTIFICATE [pkcs8]: what its bytes are, which are a key by themselves. */
int main(int argc, char **argv)
{
    X509 *certificate = NULL;
    const char *type = NULL;
    BIO *bio = NULL;
    FILE *file = NULL;

    must(argc == 4 || argc == 5);
    certificate = certificate_of(argv[3]);
    type = EVP_PKEY_get0_type_name(X509_get0_pubkey(certificate));

    for (int i = 1; i <= 2; i++) {
        bio = open_file(argv[i]);
        expect(PEM_read_bio_PrivateKey(bio, NULL, count_question, NULL), certificate);
        BIO_free(bio);
        file = fopen(argv[i], "r");
        must(file != NULL);
        expect(PEM_read_PrivateKey(file, NULL, count_question, NULL), certificate);
        fclose(file);
    }
    expect(by_decoder(argv[1], NULL), certificate);
    expect(by_decoder(argv[1], type), certificate);
    by_wrong_type(argv[1], strcmp(type, "ED448") == 0 ? "EC" : "ED448");
    if (argc == 4) {
        by_bytes_alone(argv[1], type);
        by_own_construction(argv[1], type);
    } else {
        by_pkcs8_of_its_own(argv[1], certificate);
    }
    expect(by_store(argv[1], 0), certificate);
    expect(by_store(argv[2], 1), certificate);
    by_tls(argv[1], argv[2]);
    X509_free(certificate);
    return 0;
}
