/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/derived_key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "simulator/tsb/device_crypt.h"
#include "simulator/tsb/key_parts.h"

#define APPLICATION "skatsb master key"
#define SEED_LENGTH 32

/* ---- Data objects ---------------------------------------------------------------------------- */

static CK_RV find_node(struct tsb_device *device, CK_SESSION_HANDLE session, const char *label,
                       CK_OBJECT_HANDLE *object)
{
    CK_ULONG count = 0;
    CK_RV rv = tsb_objects_find(device, session, CKO_DATA, label, object, 1, &count);

    return rv == CKR_OK && count == 0 ? CKR_OBJECT_HANDLE_INVALID : rv;
}

static CK_RV read_node(struct tsb_device *device, const char *label, struct tsb_node *node)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    struct ska_bytes value = {NULL, 0};
    CK_RV rv = tsb_session_take(device, &session);

    if (rv == CKR_OK)
        rv = find_node(device, session, label, &object);
    if (rv == CKR_OK)
        rv = tsb_key_bytes(device, session, object, CKA_VALUE, &value);
    if (rv == CKR_OK && value.length == sizeof(*node))
        memcpy(node, value.data, sizeof(*node));
    else if (rv == CKR_OK)
        rv = CKR_OBJECT_HANDLE_INVALID;
    tsb_session_give(device, session);
    ska_bytes_clear_free(&value);
    return rv;
}

static CK_RV write_node(struct tsb_device *device, const char *label, const struct tsb_node *node)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    struct tsb_template template = {.count = 0};
    CK_RV rv = tsb_session_take(device, &session);

    tsb_template_put(&template, CKA_CLASS, &class, sizeof(class));
    tsb_template_put_flag(&template, CKA_TOKEN, true);
    tsb_template_put_flag(&template, CKA_PRIVATE, true);
    tsb_template_put(&template, CKA_APPLICATION, APPLICATION, strlen(APPLICATION));
    tsb_template_put(&template, CKA_LABEL, label, strlen(label));
    tsb_template_put(&template, CKA_VALUE, node, sizeof(*node));
    if (rv == CKR_OK)
        rv = tsb_device_calls(device)->C_CreateObject(session, template.list, template.count,
                                                      &object);
    tsb_session_give(device, session);
    return rv;
}

void tsb_node_forget(struct tsb_device *device, const char *label)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;

    if (tsb_session_take(device, &session) == CKR_OK &&
        find_node(device, session, label, &object) == CKR_OK)
        tsb_device_calls(device)->C_DestroyObject(session, object);
    tsb_session_give(device, session);
}

/* ---- Nodes ----------------------------------------------------------------------------------- */

CK_RV tsb_node_of(struct tsb_device *device, const char *label, struct tsb_node *node)
{
    const char *slash = strchr(label, '/');
    char *master = slash == NULL ? strdup(label) : strndup(label, (size_t)(slash - label));
    CK_RV rv = master == NULL ? CKR_HOST_MEMORY : read_node(device, master, node);

    free(master);
    if (rv == CKR_OK && slash != NULL &&
        !tsb_node_derive(tsb_device_libctx(device), slash + 1, node))
        rv = CKR_MECHANISM_PARAM_INVALID;
    return rv;
}

/* Makes a key of a node, for which `type` and parameters of the plan are set. */
static CK_RV import_node(struct tsb_device *device, const struct tsb_key_plan *plan,
                         const struct tsb_node *node, struct tsb_key *temporary)
{
    struct tsb_key_plan whole = *plan;
    struct ska_bytes parameters = {NULL, 0};
    EVP_PKEY *pair = tsb_node_key(tsb_device_libctx(device), node);
    CK_RV rv = CKR_FUNCTION_FAILED;

    whole.type = node->curve == NID_ED25519 ? CKK_EC_EDWARDS : CKK_EC;
    if (pair != NULL && tsb_key_curve(pair, &parameters)) {
        whole.parameters = ska_span_of(&parameters);
        rv = temporary == NULL ? tsb_key_import(device, &whole, pair, false)
                               : tsb_key_import_temporary(device, &whole, pair, temporary);
    }
    EVP_PKEY_free(pair);
    ska_bytes_free(&parameters);
    return rv;
}

static CK_RV open_derived(struct tsb_device *device, const char *label, struct tsb_key *key)
{
    static const struct tsb_key_plan plan = {.label = "", .sign = true, .sensitive = true};
    struct tsb_node node;
    CK_RV rv = tsb_node_of(device, label, &node);

    if (rv == CKR_OK)
        rv = tsb_session_take(device, &key->session);
    if (rv == CKR_OK)
        rv = import_node(device, &plan, &node, key);
    OPENSSL_cleanse(&node, sizeof(node));
    return rv;
}

CK_RV tsb_key_open(struct tsb_device *device, const char *label, struct tsb_key *key)
{
    CK_RV rv = tsb_key_open_stored(device, label, key);

    if (rv != CKR_OBJECT_HANDLE_INVALID || strchr(label, '/') == NULL)
        return rv;
    tsb_key_close(device, key);
    return open_derived(device, label, key);
}

/* ---- Making keys ----------------------------------------------------------------------------- */

/* libcrypto's number of the plan's curve. */
static int curve_of(const struct tsb_key_plan *plan)
{
    const unsigned char *next = plan->parameters.data;
    ASN1_OBJECT *object = d2i_ASN1_OBJECT(NULL, &next, (long)plan->parameters.length);
    int nid = object == NULL ? NID_undef : OBJ_obj2nid(object);

    ASN1_OBJECT_free(object);
    return nid;
}

CK_RV tsb_master_make(struct tsb_device *device, const struct tsb_key_plan *plan,
                      struct ska_span seed)
{
    struct ska_bytes random = {NULL, 0};
    struct tsb_node node;
    CK_RV rv = CKR_OK;

    if (seed.length == 0) {
        rv = tsb_device_random(device, SEED_LENGTH, &random);
        seed = ska_span_of(&random);
    }
    memset(&node, 0, sizeof(node));
    if (rv == CKR_OK && !tsb_node_from_seed(tsb_device_libctx(device), curve_of(plan), seed, &node))
        rv = CKR_DATA_LEN_RANGE;
    if (rv == CKR_OK)
        rv = import_node(device, plan, &node, NULL);
    if (rv == CKR_OK)
        rv = write_node(device, plan->label, &node);
    OPENSSL_cleanse(&node, sizeof(node));
    ska_bytes_clear_free(&random);
    return rv;
}

CK_RV tsb_derived_make(struct tsb_device *device, struct tsb_key_plan *plan)
{
    struct tsb_node node;
    CK_RV rv = tsb_node_of(device, plan->label, &node);

    if (rv == CKR_OK)
        rv = import_node(device, plan, &node, NULL);
    OPENSSL_cleanse(&node, sizeof(node));
    return rv;
}
