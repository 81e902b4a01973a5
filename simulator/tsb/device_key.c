/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/device_key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "provider/base/der.h"
#include "provider/base/evp_key.h"

/* ---- Finding --------------------------------------------------------------------------------- */

CK_RV tsb_objects_match(struct tsb_device *device, CK_SESSION_HANDLE session,
                        struct tsb_template *wanted, CK_OBJECT_HANDLE *objects, CK_ULONG room,
                        CK_ULONG *count)
{
    const CK_FUNCTION_LIST *calls = tsb_device_calls(device);
    CK_RV rv = calls->C_FindObjectsInit(session, wanted->list, wanted->count);

    *count = 0;
    if (rv != CKR_OK)
        return rv;
    rv = calls->C_FindObjects(session, objects, room, count);
    calls->C_FindObjectsFinal(session);
    return rv;
}

CK_RV tsb_objects_find(struct tsb_device *device, CK_SESSION_HANDLE session, CK_OBJECT_CLASS class,
                       const char *label, CK_OBJECT_HANDLE *objects, CK_ULONG room, CK_ULONG *count)
{
    struct tsb_template wanted = {.count = 0};

    tsb_template_put(&wanted, CKA_CLASS, &class, sizeof(class));
    if (label != NULL)
        tsb_template_put(&wanted, CKA_LABEL, label, strlen(label));
    return tsb_objects_match(device, session, &wanted, objects, room, count);
}

CK_RV tsb_object_match(struct tsb_device *device, CK_SESSION_HANDLE session,
                       struct tsb_template *wanted, CK_OBJECT_HANDLE *object)
{
    CK_ULONG count = 0;
    CK_RV rv = tsb_objects_match(device, session, wanted, object, 1, &count);

    return rv == CKR_OK && count == 0 ? CKR_OBJECT_HANDLE_INVALID : rv;
}

static CK_RV read_number(struct tsb_device *device, CK_SESSION_HANDLE session,
                         CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_ULONG *value)
{
    CK_ATTRIBUTE attribute = {type, value, sizeof(*value)};

    return tsb_device_calls(device)->C_GetAttributeValue(session, object, &attribute, 1);
}

bool tsb_key_flag(struct tsb_device *device, const struct tsb_key *key, CK_ATTRIBUTE_TYPE type)
{
    CK_BBOOL value = CK_FALSE;
    CK_ATTRIBUTE attribute = {type, &value, sizeof(value)};

    return tsb_device_calls(device)->C_GetAttributeValue(key->session, key->private_key, &attribute,
                                                         1) == CKR_OK &&
           attribute.ulValueLen == sizeof(value) && value == CK_TRUE;
}

CK_RV tsb_key_bytes(struct tsb_device *device, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                    CK_ATTRIBUTE_TYPE type, struct ska_bytes *value)
{
    const CK_FUNCTION_LIST *calls = tsb_device_calls(device);
    CK_ATTRIBUTE attribute = {type, NULL, 0};
    CK_RV rv = calls->C_GetAttributeValue(session, object, &attribute, 1);

    if (rv != CKR_OK)
        return rv;
    if (attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION || attribute.ulValueLen > 0x100000)
        return CKR_ATTRIBUTE_TYPE_INVALID;
    value->data = calloc(1, attribute.ulValueLen + 1);
    if (value->data == NULL)
        return CKR_HOST_MEMORY;
    attribute.pValue = value->data;
    rv = calls->C_GetAttributeValue(session, object, &attribute, 1);
    value->length = rv == CKR_OK ? attribute.ulValueLen : 0;
    if (rv != CKR_OK)
        ska_bytes_free(value);
    return rv;
}

/* Whether there is one object of a class and label; `object` is untouched where there is none. */
static CK_RV find_one(struct tsb_device *device, struct tsb_key *key, CK_OBJECT_CLASS class,
                      const char *label, CK_OBJECT_HANDLE *object, bool *found)
{
    CK_OBJECT_HANDLE first = CK_INVALID_HANDLE;
    CK_ULONG count = 0;
    CK_RV rv = tsb_objects_find(device, key->session, class, label, &first, 1, &count);

    *found = rv == CKR_OK && count > 0;
    if (*found)
        *object = first;
    return rv;
}

/* The first class that has the label says what the key is. */
static CK_RV find_key(struct tsb_device *device, const char *label, struct tsb_key *key)
{
    bool pair = false;
    bool public_key = false;
    CK_RV rv = find_one(device, key, CKO_SKA_PRIVATE_KEY, label, &key->private_key, &key->ska);

    pair = key->ska;
    if (rv == CKR_OK && !pair)
        rv = find_one(device, key, CKO_PRIVATE_KEY, label, &key->private_key, &pair);
    if (rv == CKR_OK && !pair)
        rv = find_one(device, key, CKO_SECRET_KEY, label, &key->private_key, &key->secret);
    key->public_key = key->secret ? key->private_key : CK_INVALID_HANDLE;
    if (rv == CKR_OK && !key->secret)
        rv = find_one(device, key, CKO_PUBLIC_KEY, label, &key->public_key, &public_key);
    if (rv == CKR_OK && !pair && !key->secret && !public_key)
        rv = CKR_OBJECT_HANDLE_INVALID;
    return rv;
}

static CK_RV look_at_key(struct tsb_device *device, const char *label, struct tsb_key *key)
{
    CK_RV rv = find_key(device, label, key);

    if (rv != CKR_OK)
        return rv;
    rv = read_number(device, key->session,
                     key->private_key == CK_INVALID_HANDLE ? key->public_key : key->private_key,
                     CKA_KEY_TYPE, &key->type);
    key->timestamps = !key->ska && !key->secret && key->private_key != CK_INVALID_HANDLE &&
                      tsb_key_flag(device, key, CKA_SKA_TIMESTAMP_SIGN);
    return rv;
}

CK_RV tsb_key_open_stored(struct tsb_device *device, const char *label, struct tsb_key *key)
{
    CK_RV rv = CKR_OK;

    memset(key, 0, sizeof(*key));
    if (label[0] == '\0')
        return CKR_OBJECT_HANDLE_INVALID;
    rv = tsb_session_take(device, &key->session);
    return rv == CKR_OK ? look_at_key(device, label, key) : rv;
}

void tsb_key_close(struct tsb_device *device, struct tsb_key *key)
{
    if (key->temporary)
        (void)tsb_key_destroy(device, key);
    ska_bytes_clear_free(&key->scalar);
    tsb_session_give(device, key->session);
    key->session = CK_INVALID_HANDLE;
    key->temporary = false;
}

CK_RV tsb_key_rule(struct tsb_device *device, const struct tsb_key *key, enum ska_rule_kind kind,
                   struct ska_bytes *rule)
{
    static const CK_ATTRIBUTE_TYPE types[SKA_RULE_COUNT] = {
        [SKA_RULE_USE] = CKA_SKA_USAGE_ACCESS_BLOB,
        [SKA_RULE_BLOCK] = CKA_SKA_BLOCK_ACCESS_BLOB,
        [SKA_RULE_UNBLOCK] = CKA_SKA_UNBLOCK_ACCESS_BLOB,
        [SKA_RULE_MODIFY] = CKA_SKA_MODIFY_ACCESS_BLOB,
    };

    return tsb_key_bytes(device, key->session, key->private_key, types[kind], rule);
}

/* One that vanishes meanwhile is none. */
static CK_RV add_labels(struct tsb_device *device, CK_SESSION_HANDLE session, CK_OBJECT_CLASS class,
                        CK_OBJECT_HANDLE *objects, char **texts, CK_ULONG room, size_t *count)
{
    CK_ULONG found = 0;
    CK_RV rv = tsb_objects_find(device, session, class, NULL, objects, room - *count, &found);

    for (CK_ULONG i = 0; rv == CKR_OK && i < found; i++) {
        struct ska_bytes label = {NULL, 0};

        if (tsb_key_bytes(device, session, objects[i], CKA_LABEL, &label) == CKR_OK)
            texts[(*count)++] = (char *)label.data;
    }
    return rv;
}

CK_RV tsb_key_labels(struct tsb_device *device, char ***labels, size_t *count)
{
    enum { ROOM = 4096 };
    CK_OBJECT_HANDLE *objects = calloc(ROOM, sizeof(*objects));
    char **texts = calloc(ROOM, sizeof(*texts));
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_RV rv =
        objects == NULL || texts == NULL ? CKR_HOST_MEMORY : tsb_session_take(device, &session);

    *count = 0;
    if (rv == CKR_OK)
        rv = add_labels(device, session, CKO_PRIVATE_KEY, objects, texts, ROOM, count);
    if (rv == CKR_OK)
        rv = add_labels(device, session, CKO_SECRET_KEY, objects, texts, ROOM, count);
    tsb_session_give(device, session);
    free(objects);
    *labels = texts;
    return rv;
}

void tsb_labels_free(char **labels, size_t count)
{
    for (size_t i = 0; labels != NULL && i < count; i++)
        free(labels[i]);
    free(labels);
}

/* ---- Public keys ----------------------------------------------------------------------------- */

static bool make_edwards(OSSL_LIB_CTX *libctx, struct ska_span point, EVP_PKEY **key)
{
    return ska_evp_make_edwards(libctx, point.length == 32 ? SKA_KEY_ED25519 : SKA_KEY_ED448, point,
                                key);
}

static bool make_point_key(OSSL_LIB_CTX *libctx, CK_KEY_TYPE type, struct ska_span parameters,
                           struct ska_span encoded, EVP_PKEY **key)
{
    const unsigned char *next = parameters.data;
    ASN1_OBJECT *curve = NULL;
    struct ska_span point = {NULL, 0};
    bool done = false;

    if (!ska_der_take(&encoded, SKA_DER_OCTET_STRING, &point))
        return false;
    if (type == CKK_EC_EDWARDS)
        return make_edwards(libctx, point, key);
    curve = d2i_ASN1_OBJECT(NULL, &next, (long)parameters.length);
    done = curve != NULL && ska_evp_make_ec(libctx, OBJ_obj2nid(curve), point, key);
    ASN1_OBJECT_free(curve);
    return done;
}

CK_RV tsb_key_spki(struct tsb_device *device, const struct tsb_key *key, struct ska_bytes *spki)
{
    OSSL_LIB_CTX *libctx = tsb_device_libctx(device);
    bool rsa = key->type == CKK_RSA;
    struct ska_bytes first = {NULL, 0};
    struct ska_bytes second = {NULL, 0};
    EVP_PKEY *made = NULL;
    bool done = false;
    CK_RV rv = key->public_key == CK_INVALID_HANDLE
                   ? CKR_OBJECT_HANDLE_INVALID
                   : tsb_key_bytes(device, key->session, key->public_key,
                                   rsa ? CKA_MODULUS : CKA_EC_PARAMS, &first);

    if (rv == CKR_OK)
        rv = tsb_key_bytes(device, key->session, key->public_key,
                           rsa ? CKA_PUBLIC_EXPONENT : CKA_EC_POINT, &second);
    if (rv == CKR_OK)
        done = rsa ? ska_evp_make_rsa(libctx, SKA_KEY_RSA, ska_span_of(&first),
                                      ska_span_of(&second), &made)
                   : make_point_key(libctx, key->type, ska_span_of(&first), ska_span_of(&second),
                                    &made);
    if (rv == CKR_OK && !(done && ska_evp_encode(made, spki, NULL)))
        rv = CKR_FUNCTION_FAILED;
    EVP_PKEY_free(made);
    ska_bytes_free(&first);
    ska_bytes_free(&second);
    return rv;
}

CK_RV tsb_key_destroy(struct tsb_device *device, const struct tsb_key *key)
{
    const CK_FUNCTION_LIST *calls = tsb_device_calls(device);
    CK_RV rv = CKR_OK;

    if (key->private_key != CK_INVALID_HANDLE)
        rv = calls->C_DestroyObject(key->session, key->private_key);
    if (rv == CKR_OK && key->public_key != CK_INVALID_HANDLE && !key->secret)
        rv = calls->C_DestroyObject(key->session, key->public_key);
    return rv;
}
