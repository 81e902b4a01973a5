/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/approver_key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "simulator/tsb/device_crypt.h"
#include "simulator/tsb/device_make.h"
#include "simulator/tsb/device_ska.h"
#include "simulator/tsb/key_parts.h"
#include "simulator/tsb/rsa_padding.h"

#define VECTOR_LENGTH 12
#define TAG_LENGTH 16
#define BACKUP_KEY_LENGTH 32

void tsb_approver_key_clear(struct tsb_approver_key *key)
{
    ska_bytes_free(&key->certificate);
    ska_bytes_free(&key->container);
    ska_bytes_free(&key->backup);
    ska_bytes_free(&key->backup_key);
}

/* ---- AES-GCM --------------------------------------------------------------------------------- */

static EVP_CIPHER *cipher_for(OSSL_LIB_CTX *libctx, struct ska_span key)
{
    return EVP_CIPHER_fetch(libctx, key.length == 16 ? "AES-128-GCM" : "AES-256-GCM", NULL);
}

bool tsb_transport_encrypt(OSSL_LIB_CTX *libctx, struct ska_span key, struct ska_span plain,
                           struct ska_bytes *vector, struct ska_bytes *encrypted)
{
    EVP_CIPHER *cipher = cipher_for(libctx, key);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length = 0;
    int rest = 0;
    bool done = cipher != NULL && context != NULL;

    vector->data = calloc(1, VECTOR_LENGTH + 1);
    encrypted->data = calloc(1, plain.length + TAG_LENGTH + 1);
    done =
        done && vector->data != NULL && encrypted->data != NULL &&
        RAND_bytes_ex(libctx, vector->data, VECTOR_LENGTH, 0) == 1 &&
        EVP_EncryptInit_ex2(context, cipher, key.data, vector->data, NULL) == 1 &&
        EVP_EncryptUpdate(context, encrypted->data, &length, plain.data, (int)plain.length) == 1 &&
        EVP_EncryptFinal_ex(context, encrypted->data + length, &rest) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_LENGTH,
                            encrypted->data + plain.length) == 1;
    vector->length = VECTOR_LENGTH;
    encrypted->length = plain.length + TAG_LENGTH;
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(cipher);
    return done;
}

/* The vector stands in front. */
static bool decrypt_backup(OSSL_LIB_CTX *libctx, struct ska_span key, struct ska_span backup,
                           struct ska_bytes *plain)
{
    EVP_CIPHER *cipher = cipher_for(libctx, key);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t tag[TAG_LENGTH];
    size_t inside = backup.length - VECTOR_LENGTH - TAG_LENGTH;
    int length = 0;
    int rest = 0;
    bool done = cipher != NULL && context != NULL && key.length == BACKUP_KEY_LENGTH &&
                backup.length > VECTOR_LENGTH + TAG_LENGTH;

    if (done) {
        memcpy(tag, backup.data + backup.length - TAG_LENGTH, TAG_LENGTH);
        plain->data = calloc(1, inside + 1);
    }
    done = done && plain->data != NULL &&
           EVP_DecryptInit_ex2(context, cipher, key.data, backup.data, NULL) == 1 &&
           EVP_DecryptUpdate(context, plain->data, &length, backup.data + VECTOR_LENGTH,
                             (int)inside) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_LENGTH, tag) == 1 &&
           EVP_DecryptFinal_ex(context, plain->data + length, &rest) == 1;
    plain->length = done ? inside : 0;
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(cipher);
    return done;
}

/* ---- The key in the HSM ---------------------------------------------------------------------- */

static CK_RV open_backup_key(struct tsb_device *device, struct tsb_key *key)
{
    static const struct tsb_key_plan plan = {
        .label = TSB_BACKUP_KEY, .type = CKK_RSA, .bits = 2048, .decrypt = true, .sensitive = true};
    CK_RV rv = tsb_key_open_stored(device, TSB_BACKUP_KEY, key);

    if (rv != CKR_OBJECT_HANDLE_INVALID)
        return rv;
    tsb_key_close(device, key);
    rv = tsb_key_generate(device, &plan);
    return rv == CKR_OK ? tsb_key_open_stored(device, TSB_BACKUP_KEY, key) : rv;
}

static CK_RV lock_backup_key(struct tsb_device *device, struct ska_span secret,
                             struct ska_bytes *locked)
{
    struct ska_bytes spki = {NULL, 0};
    struct tsb_key key;
    CK_RV rv = open_backup_key(device, &key);

    if (rv == CKR_OK)
        rv = tsb_key_spki(device, &key, &spki);
    if (rv == CKR_OK && !tsb_rsa_encrypt(tsb_device_libctx(device), ska_span_of(&spki),
                                         TSB_RSA_OAEP, "SHA256", secret, locked))
        rv = CKR_FUNCTION_FAILED;
    tsb_key_close(device, &key);
    ska_bytes_free(&spki);
    return rv;
}

static CK_RV unlock_backup_key(struct tsb_device *device, struct ska_span locked,
                               struct ska_bytes *secret)
{
    CK_MECHANISM mechanism = {CKM_RSA_X_509, NULL, 0};
    struct ska_bytes block = {NULL, 0};
    struct tsb_key key;
    CK_RV rv = open_backup_key(device, &key);

    if (rv == CKR_OK)
        rv = tsb_key_decrypt(device, &key, &mechanism, locked, &block);
    if (rv == CKR_OK &&
        !tsb_oaep_remove(tsb_device_libctx(device), "SHA256", ska_span_of(&block), secret))
        rv = CKR_ENCRYPTED_DATA_INVALID;
    tsb_key_close(device, &key);
    ska_bytes_clear_free(&block);
    return rv;
}

/* ---- Key and certificate --------------------------------------------------------------------- */

static bool encode_private(const EVP_PKEY *key, struct ska_bytes *der)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    unsigned char *encoded = NULL;
    int length = info == NULL ? 0 : i2d_PKCS8_PRIV_KEY_INFO(info, &encoded);
    bool done = length > 0 && ska_bytes_copy(der, ska_span(encoded, (size_t)length), NULL);

    if (encoded != NULL)
        OPENSSL_clear_free(encoded, (size_t)length);
    PKCS8_PRIV_KEY_INFO_free(info);
    return done;
}

static bool set_name_and_times(X509 *certificate, const struct tsb_approver_wish *wish)
{
    X509_NAME *name = X509_get_subject_name(certificate);

    return X509_set_version(certificate, 2) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
           X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                      (const unsigned char *)wish->name, -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL &&
           X509_time_adj_ex(X509_getm_notAfter(certificate), (int)wish->days, 0, NULL) != NULL;
}

static X509 *make_certificate(OSSL_LIB_CTX *libctx, EVP_PKEY *key,
                              const struct tsb_approver_wish *wish)
{
    X509 *certificate = X509_new_ex(libctx, NULL);
    EVP_MD *digest = EVP_MD_fetch(libctx, "SHA256", NULL);
    bool done = certificate != NULL && digest != NULL && set_name_and_times(certificate, wish) &&
                X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, digest) > 0;

    EVP_MD_free(digest);
    if (done)
        return certificate;
    X509_free(certificate);
    return NULL;
}

static bool encode_certificate(X509 *certificate, struct ska_bytes *der)
{
    unsigned char *encoded = NULL;
    int length = i2d_X509(certificate, &encoded);
    bool done = length > 0 && ska_bytes_copy(der, ska_span(encoded, (size_t)length), NULL);

    OPENSSL_free(encoded);
    return done;
}

static bool make_container(OSSL_LIB_CTX *libctx, const char *name, const char *password,
                           EVP_PKEY *key, X509 *certificate, struct ska_bytes *container)
{
    PKCS12 *made =
        PKCS12_create_ex(password, name, key, certificate, NULL, 0, 0, 0, 0, 0, libctx, NULL);
    unsigned char *encoded = NULL;
    int length = made == NULL ? 0 : i2d_PKCS12(made, &encoded);
    bool done = length > 0 && ska_bytes_copy(container, ska_span(encoded, (size_t)length), NULL);

    OPENSSL_free(encoded);
    PKCS12_free(made);
    return done;
}

/* ---- Making and restoring -------------------------------------------------------------------- */

static CK_RV make_backup(struct tsb_device *device, const EVP_PKEY *key,
                         struct tsb_approver_key *to)
{
    OSSL_LIB_CTX *libctx = tsb_device_libctx(device);
    struct ska_bytes secret = {NULL, 0};
    struct ska_bytes plain = {NULL, 0};
    struct ska_bytes vector = {NULL, 0};
    struct ska_bytes encrypted = {NULL, 0};
    struct ska_buffer backup = {0};
    CK_RV rv = tsb_device_random(device, BACKUP_KEY_LENGTH, &secret);

    if (rv == CKR_OK && !(encode_private(key, &plain) &&
                          tsb_transport_encrypt(libctx, ska_span_of(&secret), ska_span_of(&plain),
                                                &vector, &encrypted)))
        rv = CKR_FUNCTION_FAILED;
    ska_buffer_add(&backup, vector.data, vector.length);
    ska_buffer_add(&backup, encrypted.data, encrypted.length);
    if (!ska_buffer_finish(&backup, &to->backup, NULL) && rv == CKR_OK)
        rv = CKR_HOST_MEMORY;
    if (rv == CKR_OK)
        rv = lock_backup_key(device, ska_span_of(&secret), &to->backup_key);
    ska_bytes_clear_free(&secret);
    ska_bytes_clear_free(&plain);
    ska_bytes_free(&vector);
    ska_bytes_free(&encrypted);
    return rv;
}

CK_RV tsb_approver_key_make(struct tsb_device *device, const struct tsb_approver_wish *wish,
                            struct tsb_approver_key *key)
{
    OSSL_LIB_CTX *libctx = tsb_device_libctx(device);
    EVP_PKEY *pair = wish->bits == 0 ? EVP_PKEY_Q_keygen(libctx, NULL, "EC", "P-256")
                                     : EVP_PKEY_Q_keygen(libctx, NULL, "RSA", (size_t)wish->bits);
    X509 *certificate = pair == NULL ? NULL : make_certificate(libctx, pair, wish);
    CK_RV rv = certificate != NULL && encode_certificate(certificate, &key->certificate) &&
                       make_container(libctx, wish->name, wish->password, pair, certificate,
                                      &key->container)
                   ? make_backup(device, pair, key)
                   : CKR_FUNCTION_FAILED;

    X509_free(certificate);
    EVP_PKEY_free(pair);
    return rv;
}

static bool remake_container(OSSL_LIB_CTX *libctx, const char *name, const char *password,
                             struct ska_span plain, struct tsb_approver_key *key)
{
    const unsigned char *next = key->certificate.data;
    X509 *certificate = X509_new_ex(libctx, NULL);
    EVP_PKEY *pair = tsb_private_key_decode(libctx, plain);
    struct ska_bytes container = {NULL, 0};
    bool done = certificate != NULL && pair != NULL &&
                d2i_X509(&certificate, &next, (long)key->certificate.length) != NULL &&
                make_container(libctx, name, password, pair, certificate, &container);

    if (done) {
        ska_bytes_free(&key->container);
        key->container = container;
    }
    EVP_PKEY_free(pair);
    X509_free(certificate);
    return done;
}

CK_RV tsb_approver_key_restore(struct tsb_device *device, const char *name, const char *password,
                               struct tsb_approver_key *key)
{
    OSSL_LIB_CTX *libctx = tsb_device_libctx(device);
    struct ska_bytes secret = {NULL, 0};
    struct ska_bytes plain = {NULL, 0};
    CK_RV rv = unlock_backup_key(device, ska_span_of(&key->backup_key), &secret);

    if (rv == CKR_OK &&
        !(decrypt_backup(libctx, ska_span_of(&secret), ska_span_of(&key->backup), &plain) &&
          remake_container(libctx, name, password, ska_span_of(&plain), key)))
        rv = CKR_FUNCTION_FAILED;
    ska_bytes_clear_free(&secret);
    ska_bytes_clear_free(&plain);
    return rv;
}
