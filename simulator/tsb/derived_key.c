/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/derived_key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "simulator/tsb/device_crypt.h"
#include "simulator/tsb/device_data.h"
#include "simulator/tsb/key_parts.h"

#define SEED_LENGTH 32

/* ---- Data objects ---------------------------------------------------------------------------- */

static struct tsb_data node_data(const char *label)
{
    struct tsb_data data = {.application = "skatsb master key",
                            .name = label,
                            .private_object = true,
                            .modifiable = true,
                            .destroyable = true};

    return data;
}

static CK_RV read_node(struct tsb_device *device, const char *label, struct tsb_node *node)
{
    struct tsb_data data = node_data(label);
    struct ska_bytes value = {NULL, 0};
    CK_RV rv = tsb_data_read(device, &data, &value);

    if (rv == CKR_OK && value.length == sizeof(*node))
        memcpy(node, value.data, sizeof(*node));
    else if (rv == CKR_OK)
        rv = CKR_OBJECT_HANDLE_INVALID;
    ska_bytes_clear_free(&value);
    return rv;
}

static CK_RV write_node(struct tsb_device *device, const char *label, const struct tsb_node *node)
{
    const struct tsb_data data = node_data(label);

    return tsb_data_write(device, &data, ska_span(node, sizeof(*node)));
}

void tsb_node_forget(struct tsb_device *device, const char *label)
{
    const struct tsb_data data = node_data(label);

    (void)tsb_data_destroy(device, &data);
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
