/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generating key pairs: ordinary ones are SoftHSM's; SKA pairs get their rules first, then their
 * key.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include <pkcs11.h>

#include "provider/base/evp_key.h"
#include "simulator/attributes.h"
#include "simulator/caller_memory.h"
#include "simulator/change_lock.h"
#include "simulator/context.h"
#include "simulator/key_template.h"
#include "simulator/label.h"
#include "simulator/mechanism_table.h"
#include "simulator/own_calls.h"
#include "simulator/record_store.h"
#include "simulator/session_table.h"
#include "simulator/softhsm_calls.h"
#include "simulator/template.h"

/* What C_GenerateKeyPair is given, copied, and makes. */
struct pair {
    CK_SESSION_HANDLE session;
    CK_MECHANISM *mechanism;
    CK_ATTRIBUTE *public_template;
    CK_ULONG public_count;
    CK_ATTRIBUTE *private_template;
    CK_ULONG private_count;
    CK_OBJECT_HANDLE public_key;
    CK_OBJECT_HANDLE private_key;
};

/* ---- What SKA keys can be --------------------------------------------------------------- */

static CK_RV check_rsa(const struct pair *pair)
{
    const CK_ATTRIBUTE *bits =
        sim_template_find(pair->public_template, pair->public_count, CKA_MODULUS_BITS);
    CK_ULONG value = 0;

    if (bits == NULL)
        return CKR_TEMPLATE_INCOMPLETE;
    if (bits->ulValueLen != sizeof(value))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    memcpy(&value, bits->pValue, sizeof(value));
    return value >= 2048 && value <= 4096 ? CKR_OK : CKR_KEY_SIZE_RANGE;
}

static CK_RV check_curve(const struct pair *pair, CK_KEY_TYPE key_type)
{
    const CK_ATTRIBUTE *params =
        sim_template_find(pair->public_template, pair->public_count, CKA_EC_PARAMS);

    if (params == NULL)
        return CKR_TEMPLATE_INCOMPLETE;
    return sim_curve_find(key_type, ska_span(params->pValue, params->ulValueLen)) != NULL
               ? CKR_OK
               : CKR_CURVE_NOT_SUPPORTED;
}

static CK_RV check_algorithm(const struct pair *pair, const struct sim_generation *generation)
{
    if (pair->mechanism->pParameter != NULL || pair->mechanism->ulParameterLen != 0)
        return CKR_MECHANISM_PARAM_INVALID;
    return generation->key_type == CKK_RSA ? check_rsa(pair)
                                           : check_curve(pair, generation->key_type);
}

/* ---- SKA pairs -------------------------------------------------------------------------- */

static CK_RV generate_in_softhsm(struct pair *pair, const struct sim_generation *generation,
                                 struct sim_key_template *template)
{
    CK_MECHANISM mechanism = {generation->ordinary, NULL, 0};

    return softhsm()->C_GenerateKeyPair(pair->session, &mechanism, pair->public_template,
                                        pair->public_count, template->attributes, template->count,
                                        &pair->public_key, &pair->private_key);
}

/*
 * A public key that is to stay secret exists for a moment as a private object of the session, since
 * SoftHSM makes no private key without one.
 */
static CK_RV generate_without_public(struct pair *pair, const struct sim_generation *generation,
                                     struct sim_key_template *template)
{
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    struct pair other = *pair;
    CK_RV rv = CKR_HOST_MEMORY;

    other.public_template = calloc(pair->public_count + 2, sizeof(*other.public_template));
    if (other.public_template == NULL)
        return rv;
    other.public_count = 0;
    for (CK_ULONG i = 0; i < pair->public_count; i++) {
        if (pair->public_template[i].type != CKA_TOKEN &&
            pair->public_template[i].type != CKA_PRIVATE)
            other.public_template[other.public_count++] = pair->public_template[i];
    }
    other.public_template[other.public_count++] = (CK_ATTRIBUTE){CKA_TOKEN, &no, sizeof(no)};
    other.public_template[other.public_count++] = (CK_ATTRIBUTE){CKA_PRIVATE, &yes, sizeof(yes)};
    rv = generate_in_softhsm(&other, generation, template);
    if (rv == CKR_OK) {
        softhsm()->C_DestroyObject(other.session, other.public_key);
        pair->private_key = other.private_key;
    }
    free(other.public_template);
    return rv;
}

/* The rules are complete in the token before there is a key that could be used without them. */
static CK_RV make_ska_pair(struct pair *pair, const struct sim_generation *generation,
                           struct sim_key_template *template)
{
    CK_RV rv = sim_label_unused(pair->session, ska_span_of(&template->label));

    if (rv != CKR_OK)
        return rv;
    rv = sim_store_write(pair->session, template->id, &template->record);
    if (rv != CKR_OK)
        return rv;
    rv = sim_fault("rules-written");
    if (rv == CKR_OK && template->record.sensitive_public_key)
        rv = generate_without_public(pair, generation, template);
    else if (rv == CKR_OK)
        rv = generate_in_softhsm(pair, generation, template);
    if (rv != CKR_OK) {
        sim_store_destroy(pair->session, template->id);
        return rv;
    }
    return sim_fault("key-generated");
}

/* ---- Timestamp pairs -------------------------------------------------------------------- */

/* From what SoftHSM holds of it: modulus and exponent, or curve and point. */
static bool make_public_key(CK_KEY_TYPE type, struct ska_span first, struct ska_span second,
                            EVP_PKEY **key)
{
    const unsigned char *next = second.data;
    ASN1_OCTET_STRING *holder = NULL;
    ASN1_OBJECT *curve = NULL;
    struct ska_span point = {NULL, 0};
    bool done = false;

    if (type == CKK_RSA)
        return ska_evp_make_rsa(sim_libctx(), SKA_KEY_RSA, first, second, key);
    holder = d2i_ASN1_OCTET_STRING(NULL, &next, (long)second.length);
    if (holder == NULL)
        return false;
    point = ska_span(ASN1_STRING_get0_data(holder), (size_t)ASN1_STRING_length(holder));
    next = first.data;
    if (type == CKK_EC)
        curve = d2i_ASN1_OBJECT(NULL, &next, (long)first.length);
    if (curve != NULL)
        done = ska_evp_make_ec(sim_libctx(), OBJ_obj2nid(curve), point, key);
    else if (type == CKK_EC_EDWARDS)
        done = ska_evp_make_edwards(
            sim_libctx(), point.length == 32 ? SKA_KEY_ED25519 : SKA_KEY_ED448, point, key);
    ASN1_OBJECT_free(curve);
    ASN1_OCTET_STRING_free(holder);
    return done;
}

/* A public key object as a SubjectPublicKeyInfo. */
static CK_RV read_public_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle,
                             struct ska_bytes *spki)
{
    struct ska_bytes first = {NULL, 0};
    struct ska_bytes second = {NULL, 0};
    EVP_PKEY *key = NULL;
    CK_KEY_TYPE type = 0;
    CK_RV rv = sim_read_ulong(session, handle, CKA_KEY_TYPE, &type);

    if (rv == CKR_OK)
        rv = sim_read_bytes(session, handle, type == CKK_RSA ? CKA_MODULUS : CKA_EC_PARAMS, &first);
    if (rv == CKR_OK)
        rv = sim_read_bytes(session, handle, type == CKK_RSA ? CKA_PUBLIC_EXPONENT : CKA_EC_POINT,
                            &second);
    if (rv == CKR_OK && (!make_public_key(type, ska_span_of(&first), ska_span_of(&second), &key) ||
                         !ska_evp_encode(key, spki, NULL)))
        rv = CKR_FUNCTION_FAILED;
    EVP_PKEY_free(key);
    ska_bytes_free(&first);
    ska_bytes_free(&second);
    return rv;
}

/*
 * The record holds the public key, by which timestamps are verified, so here it comes last: a key
 * without it counts as absent.
 */
static CK_RV make_timestamp_pair(struct pair *pair, const struct sim_generation *generation,
                                 struct sim_key_template *template)
{
    CK_RV rv = sim_label_unused(pair->session, ska_span_of(&template->label));

    if (rv == CKR_OK)
        rv = generate_in_softhsm(pair, generation, template);
    if (rv != CKR_OK)
        return rv;
    rv = read_public_key(pair->session, pair->public_key, &template->record.public_key);
    if (rv == CKR_OK)
        rv = sim_store_write(pair->session, template->id, &template->record);
    if (rv != CKR_OK) {
        softhsm()->C_DestroyObject(pair->session, pair->private_key);
        softhsm()->C_DestroyObject(pair->session, pair->public_key);
    }
    return rv;
}

/* ---- Pairs with a record ---------------------------------------------------------------- */

static CK_RV generate_marked(struct pair *pair, enum sim_kind kind,
                             const struct sim_generation *generation)
{
    struct sim_key_template template = {0};
    CK_RV rv = sim_session_writable(pair->session);

    if (rv == CKR_OK)
        rv = check_algorithm(pair, generation);
    if (rv == CKR_OK)
        rv = sim_key_template_read(&template, kind, generation->key_type, pair->private_template,
                                   pair->private_count);
    if (rv == CKR_OK)
        rv = sim_lock();
    if (rv == CKR_OK) {
        rv = kind == SIM_SKA ? make_ska_pair(pair, generation, &template)
                             : make_timestamp_pair(pair, generation, &template);
        sim_unlock();
    }
    sim_key_template_clear(&template);
    return rv;
}

/* ---- Ordinary pairs --------------------------------------------------------------------- */

/* What an attribute says of timestamps: 1 yes, 0 no, -1 nothing or nonsense. */
static int says_of_timestamps(const CK_ATTRIBUTE *attribute)
{
    CK_BBOOL value = 2;

    if (attribute->type == CKA_SKA_TIMESTAMP_SIGN && attribute->pValue != NULL &&
        attribute->ulValueLen == sizeof(value))
        memcpy(&value, attribute->pValue, sizeof(value));
    return value == CK_TRUE ? 1 : value == CK_FALSE ? 0 : -1;
}

static bool asks_for_timestamps(const CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    for (CK_ULONG i = 0; i < count; i++) {
        if (says_of_timestamps(&attributes[i]) == 1)
            return true;
    }
    return false;
}

/*
 * The private template for SoftHSM, which does not know what is SKA's; it would refuse that, but
 * leave half an object behind.
 */
static CK_RV leave_ska_out(struct pair *pair)
{
    CK_ULONG count = 0;

    for (CK_ULONG i = 0; i < pair->private_count; i++) {
        const CK_ATTRIBUTE *attribute = &pair->private_template[i];

        if (!sim_attribute_is_ska(attribute->type))
            pair->private_template[count++] = *attribute;
        else if (says_of_timestamps(attribute) != 0) /* "no" is what an ordinary key is */
            return CKR_ATTRIBUTE_TYPE_INVALID;
    }
    pair->private_count = count;
    return CKR_OK;
}

static CK_RV generate_ordinary(struct pair *pair)
{
    bool claimed = false;
    CK_RV rv = leave_ska_out(pair);

    if (rv == CKR_OK &&
        sim_template_has_class(pair->private_template, pair->private_count, CKO_SKA_PRIVATE_KEY))
        rv = CKR_TEMPLATE_INCONSISTENT;
    if (rv == CKR_OK)
        rv = sim_label_claim(pair->session, true, pair->private_template, pair->private_count,
                             &claimed);
    if (rv == CKR_OK)
        rv = softhsm()->C_GenerateKeyPair(
            pair->session, pair->mechanism, pair->public_template, pair->public_count,
            pair->private_template, pair->private_count, &pair->public_key, &pair->private_key);
    sim_label_release(claimed);
    return rv;
}

static CK_RV generate_pair(struct pair *pair)
{
    const struct sim_generation *generation = sim_generation_find(pair->mechanism->mechanism);

    if (sim_template_forges(pair->public_template, pair->public_count))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    if (generation != NULL && generation->ska == pair->mechanism->mechanism)
        return generate_marked(pair, SIM_SKA, generation);
    if (!asks_for_timestamps(pair->private_template, pair->private_count))
        return generate_ordinary(pair);
    return generation == NULL ? CKR_MECHANISM_INVALID
                              : generate_marked(pair, SIM_TIMESTAMP, generation);
}

static CK_RV copy_pair(struct pair *pair)
{
    CK_RV rv = sim_copy_mechanism(&pair->mechanism);

    if (rv == CKR_OK)
        rv = sim_copy_template(&pair->public_template, pair->public_count);
    if (rv == CKR_OK)
        rv = sim_copy_template(&pair->private_template, pair->private_count);
    return rv;
}

/* The caller gets the handles at the end: until then it could put others in their place. */
CK_RV sim_C_GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                            CK_ATTRIBUTE_PTR public_template, CK_ULONG public_count,
                            CK_ATTRIBUTE_PTR private_template, CK_ULONG private_count,
                            CK_OBJECT_HANDLE_PTR public_key, CK_OBJECT_HANDLE_PTR private_key)
{
    struct pair pair = {session,          mechanism,     public_template,   public_count,
                        private_template, private_count, CK_INVALID_HANDLE, CK_INVALID_HANDLE};
    CK_RV rv = CKR_ARGUMENTS_BAD;

    if (mechanism == NULL || public_key == NULL || private_key == NULL ||
        (public_template == NULL && public_count != 0) ||
        (private_template == NULL && private_count != 0))
        return rv;
    rv = copy_pair(&pair);
    if (rv == CKR_OK)
        rv = generate_pair(&pair);
    if (rv == CKR_OK) {
        *public_key = pair.public_key;
        *private_key = pair.private_key;
    }
    return rv;
}
