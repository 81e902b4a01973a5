/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/cipher.h"

#include <string.h>

#include "simulator/tsb/rsa_padding.h"

enum cipher_form { FORM_RSA, FORM_ECB, FORM_CBC, FORM_COUNTER, FORM_GCM };

struct tsb_cipher_algorithm {
    const char *name;
    CK_KEY_TYPE key_type;
    enum cipher_form form;
    CK_MECHANISM_TYPE mechanism; /* for decrypting */
    size_t vector;               /* length in bytes; 0: none */
    enum tsb_rsa_padding padding;
    const char *digest; /* of OAEP */
};

#define OAEP(name, digest)                                                                         \
    {                                                                                              \
        (name), CKK_RSA, FORM_RSA, CKM_RSA_X_509, 0, TSB_RSA_OAEP, (digest)                        \
    }
#define BLOCKS(name, type, form, mechanism, vector)                                                \
    {                                                                                              \
        (name), (type), (form), (mechanism), (vector), TSB_RSA_NONE, NULL                          \
    }

static const struct tsb_cipher_algorithm algorithms[] = {
    OAEP("RSA_PADDING_OAEP_WITH_SHA1", "SHA1"),
    OAEP("RSA_PADDING_OAEP_WITH_SHA224", "SHA224"),
    OAEP("RSA_PADDING_OAEP_WITH_SHA256", "SHA256"),
    OAEP("RSA_PADDING_OAEP_WITH_SHA384", "SHA384"),
    OAEP("RSA_PADDING_OAEP_WITH_SHA512", "SHA512"),
    OAEP("RSA_PADDING_OAEP", "SHA1"),
    {"RSA", CKK_RSA, FORM_RSA, CKM_RSA_PKCS, 0, TSB_RSA_PKCS1, NULL},
    {"RSA_PADDING_PKCS", CKK_RSA, FORM_RSA, CKM_RSA_PKCS, 0, TSB_RSA_PKCS1, NULL},
    {"RSA_NO_PADDING", CKK_RSA, FORM_RSA, CKM_RSA_X_509, 0, TSB_RSA_NONE, NULL},
    BLOCKS("AES_GCM", CKK_AES, FORM_GCM, CKM_AES_GCM, 12),
    BLOCKS("AES_CTR", CKK_AES, FORM_COUNTER, CKM_AES_CTR, 16),
    BLOCKS("AES_ECB", CKK_AES, FORM_ECB, CKM_AES_ECB, 0),
    BLOCKS("AES_CBC_NO_PADDING", CKK_AES, FORM_CBC, CKM_AES_CBC, 16),
    BLOCKS("AES", CKK_AES, FORM_CBC, CKM_AES_CBC_PAD, 16),
    BLOCKS("TDEA_ECB", CKK_DES3, FORM_ECB, CKM_DES3_ECB, 0),
    BLOCKS("TDEA_CBC_NO_PADDING", CKK_DES3, FORM_CBC, CKM_DES3_CBC, 8),
    BLOCKS("TDEA_CBC", CKK_DES3, FORM_CBC, CKM_DES3_CBC_PAD, 8),
};

/* Of the broker, and not of the simulator of the HSM. */
static const char *const absent[] = {"CHACHA20",     "CHACHA20_AEAD",           "CAMELLIA",
                                     "CAMELLIA_ECB", "CAMELLIA_CBC_NO_PADDING", NULL};

/* ---- Members --------------------------------------------------------------------------------- */

static bool find_cipher(struct tsb_answer *answer, const struct ska_json_place *place,
                        struct tsb_cipher *cipher)
{
    if (!ska_json_text(place, "cipherAlgorithm", SKA_JSON_REQUIRED, &cipher->name))
        return false;
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (strcmp(algorithms[i].name, cipher->name) != 0)
            continue;
        cipher->algorithm = &algorithms[i];
        return true;
    }
    return ska_text_is_among(absent, cipher->name)
               ? tsb_refuse(answer, TSB_NOT_IMPLEMENTED, "this simulator has no %s", cipher->name)
               : ska_json_fail_value(place, "cipherAlgorithm", cipher->name, "a cipher");
}

static bool read_tag_length(struct tsb_answer *answer, const struct ska_json_place *place,
                            struct tsb_cipher *cipher)
{
    static const uint64_t lengths[] = {0, 64, 96, 104, 112, 120, 128};

    cipher->tag_bits = cipher->algorithm->form == FORM_GCM ? 128 : 0;
    if (!ska_json_uint(place, "tagLength", SKA_JSON_OPTIONAL, &cipher->tag_bits))
        return false;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        if (cipher->tag_bits == lengths[i])
            return true;
    return tsb_refuse(answer, TSB_INVALID_TAG_LENGTH,
                      "tagLength: 0, 64, 96, 104, 112, 120 or 128 expected");
}

static bool check_vector(const struct ska_json_place *place, const struct tsb_cipher *cipher)
{
    size_t wanted = cipher->algorithm->vector;

    if (cipher->vector.length == 0 || cipher->vector.length == wanted ||
        (cipher->algorithm->form == FORM_GCM && cipher->vector.length <= 128))
        return true;
    return ska_json_fail(place, "initializationVector", "its length is wrong");
}

bool tsb_cipher_read(struct tsb_answer *answer, const struct ska_json_place *place,
                     struct tsb_cipher *cipher)
{
    return find_cipher(answer, place, cipher) &&
           ska_json_base64(place, "initializationVector", SKA_JSON_OPTIONAL, &cipher->vector) &&
           ska_json_base64(place, "additionalAuthenticationData", SKA_JSON_OPTIONAL,
                           &cipher->authenticated) &&
           read_tag_length(answer, place, cipher) && check_vector(place, cipher);
}

void tsb_cipher_clear(struct tsb_cipher *cipher)
{
    ska_bytes_free(&cipher->vector);
    ska_bytes_free(&cipher->authenticated);
    memset(cipher, 0, sizeof(*cipher));
}

bool tsb_cipher_fits(const struct tsb_cipher *cipher, const struct tsb_key *key)
{
    return cipher->algorithm->key_type == key->type;
}

/* ---- Decrypting ------------------------------------------------------------------------------ */

static void set_parameter(CK_MECHANISM *mechanism, void *parameter, size_t length)
{
    mechanism->pParameter = parameter;
    mechanism->ulParameterLen = length;
}

void tsb_cipher_prepare(const struct tsb_cipher *cipher, struct tsb_cipher_mechanism *mechanism)
{
    const CK_GCM_PARAMS gcm = {cipher->vector.data,          cipher->vector.length,
                               cipher->vector.length * 8,    cipher->authenticated.data,
                               cipher->authenticated.length, cipher->tag_bits};

    memset(mechanism, 0, sizeof(*mechanism));
    mechanism->mechanism.mechanism = cipher->algorithm->mechanism;
    if (cipher->algorithm->form == FORM_GCM) {
        mechanism->gcm = gcm;
        set_parameter(&mechanism->mechanism, &mechanism->gcm, sizeof(mechanism->gcm));
    } else if (cipher->algorithm->form == FORM_CBC) {
        set_parameter(&mechanism->mechanism, cipher->vector.data, cipher->vector.length);
    } else if (cipher->algorithm->form == FORM_COUNTER) {
        const CK_AES_CTR_PARAMS counter = {128, {0}};

        mechanism->counter = counter;
        if (cipher->vector.length == sizeof(counter.cb))
            memcpy(mechanism->counter.cb, cipher->vector.data, cipher->vector.length);
        set_parameter(&mechanism->mechanism, &mechanism->counter, sizeof(mechanism->counter));
    }
}

CK_RV tsb_cipher_finish(struct tsb_device *device, const struct tsb_cipher *cipher,
                        struct ska_bytes *plain)
{
    struct ska_bytes inside = {NULL, 0};

    if (cipher->algorithm->form != FORM_RSA || cipher->algorithm->padding != TSB_RSA_OAEP)
        return CKR_OK;
    if (!tsb_oaep_remove(tsb_device_libctx(device), cipher->algorithm->digest, ska_span_of(plain),
                         &inside))
        return CKR_ENCRYPTED_DATA_INVALID;
    ska_bytes_clear_free(plain);
    *plain = inside;
    return CKR_OK;
}

/* ---- Encrypting ------------------------------------------------------------------------------ */

static CK_RV encrypt_to_rsa(struct tsb_device *device, const struct tsb_key *key,
                            const struct tsb_cipher *cipher, struct ska_span data,
                            struct ska_bytes *encrypted)
{
    struct ska_bytes spki = {NULL, 0};
    CK_RV rv = tsb_key_spki(device, key, &spki);

    if (rv == CKR_OK &&
        !tsb_rsa_encrypt(tsb_device_libctx(device), ska_span_of(&spki), cipher->algorithm->padding,
                         cipher->algorithm->digest, data, encrypted))
        rv = CKR_DATA_LEN_RANGE;
    ska_bytes_free(&spki);
    return rv;
}

CK_RV tsb_cipher_encrypt(struct tsb_device *device, const struct tsb_key *key,
                         struct tsb_cipher *cipher, struct ska_span data,
                         struct ska_bytes *encrypted, size_t *tag)
{
    struct tsb_cipher_mechanism mechanism;
    CK_RV rv = CKR_OK;

    *tag = cipher->algorithm->form == FORM_GCM ? (size_t)cipher->tag_bits / 8 : 0;
    if (cipher->algorithm->form == FORM_RSA)
        return encrypt_to_rsa(device, key, cipher, data, encrypted);
    if (cipher->algorithm->vector > 0 && cipher->vector.length == 0) {
        ska_bytes_free(&cipher->vector);
        rv = tsb_device_random(device, cipher->algorithm->vector, &cipher->vector);
    }
    tsb_cipher_prepare(cipher, &mechanism);
    return rv == CKR_OK ? tsb_key_encrypt(device, key, &mechanism.mechanism, data, encrypted) : rv;
}
