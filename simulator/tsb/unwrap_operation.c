/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unwrapping a key.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "provider/base/wire.h"
#include "simulator/tsb/body_member.h"
#include "simulator/tsb/key_parts.h"
#include "simulator/tsb/key_store.h"
#include "simulator/tsb/operation_steps.h"

const char *const tsb_unwrap_members[] = {"wrappedKey", "label",  "id",       "attributes",
                                          "wrapMethod", "policy", "password", NULL};

/* ---- What is approved ------------------------------------------------------------------------ */

/* The vendor's types; of the bits no more is public than that all seven uses are 0x7F. */
enum {
    WIRE_OBJECT_KIND = 0x0007,
    WIRE_ACCESS = 0x001B,
    WIRE_CAPABILITIES = 0x001C,
};

static uint32_t bits_of(const bool *flags, size_t count)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < count; i++)
        bits |= flags[i] ? 1U << i : 0;
    return bits;
}

static bool make_unwrap_payload(const struct tsb_operation *wanted, struct ska_bytes *payload)
{
    const struct tsb_key_plan *plan = &wanted->new_key.plan;
    const bool uses[] = {plan->encrypt, plan->decrypt, plan->verify, plan->sign,
                         plan->wrap,    plan->unwrap,  plan->derive};
    const bool access[] = {plan->sensitive, plan->extractable, plan->modifiable, plan->destroyable,
                           plan->copyable};
    struct ska_buffer buffer = {0};
    size_t begin = ska_wire_begin(&buffer);

    ska_wire_add_u32(&buffer, WIRE_OBJECT_KIND, 3);
    ska_wire_add_u32(&buffer, WIRE_CAPABILITIES, bits_of(uses, sizeof(uses)));
    ska_wire_add_u32(&buffer, WIRE_ACCESS, bits_of(access, sizeof(access)));
    ska_wire_add(&buffer, SKASIM_WIRE_WRAPPED_KEY, ska_span_of(&wanted->wrapped));
    ska_wire_add(&buffer, SKA_WIRE_NAME, ska_span_text(plan->label));
    ska_wire_end(&buffer, begin);
    return ska_buffer_finish(&buffer, payload, NULL);
}

/* ---- Members --------------------------------------------------------------------------------- */

bool tsb_unwrap_read(struct tsb_exchange *exchange, const struct ska_json_place *inner,
                     struct tsb_operation *wanted)
{
    struct tsb_new_key *key = &wanted->new_key;

    if (!tsb_need_base64(inner, "wrappedKey", &wanted->wrapped) ||
        !tsb_new_key_label_read(&exchange->answer, inner, key) ||
        !tsb_read_password(inner, "password", &key->password) ||
        !tsb_new_key_flags_read(inner, SKA_JSON_REQUIRED, key) ||
        !tsb_wrap_method_read(&exchange->answer, inner, &wanted->method) ||
        !tsb_new_key_policy_read(exchange, inner, key))
        return false;
    key->plan.type = wanted->method->wrapped_type;
    return tsb_new_key_drop_policy(&exchange->answer, "unwrapped keys", key) &&
           (make_unwrap_payload(wanted, &wanted->payload) ||
            ska_json_fail(inner, "wrappedKey", "too long"));
}

bool tsb_unwrap_prepare(struct tsb_exchange *exchange, struct tsb_operation *wanted)
{
    if (wanted->method->wrapping_type != wanted->key.type)
        return tsb_refuse(&exchange->answer, TSB_ALGORITHM_NOT_SUPPORTED_BY_KEY,
                          "key %s cannot do %s", wanted->key_name, wanted->method->name);
    if (!wanted->again && (!tsb_new_key_check(&exchange->answer, &wanted->new_key) ||
                           !tsb_new_key_is_new(exchange, &wanted->new_key)))
        return false;
    return ska_bytes_copy(&wanted->data, ska_span_of(&wanted->payload), NULL) ||
           tsb_refuse(&exchange->answer, TSB_IMPLEMENTATION, "out of memory");
}

/* ---- Doing it -------------------------------------------------------------------------------- */

/* As an object of the session, which can be read and made a key of. */
static CK_RV unwrap_into_session(struct tsb_device *device, struct tsb_operation *wanted,
                                 const struct tsb_authority *by, struct tsb_key *temporary)
{
    CK_MECHANISM mechanism = tsb_wrap_mechanism(wanted->method);
    CK_OBJECT_CLASS class = wanted->method->secret ? CKO_SECRET_KEY : CKO_PRIVATE_KEY;
    struct tsb_template template = {.count = 0};

    temporary->session = wanted->key.session;
    temporary->secret = wanted->method->secret;
    tsb_template_put(&template, CKA_CLASS, &class, sizeof(class));
    tsb_template_put(&template, CKA_KEY_TYPE, &wanted->method->wrapped_type,
                     sizeof(wanted->method->wrapped_type));
    tsb_template_put_flag(&template, CKA_TOKEN, false);
    tsb_template_put_flag(&template, CKA_PRIVATE, true);
    tsb_template_put_flag(&template, CKA_SENSITIVE, false);
    tsb_template_put_flag(&template, CKA_EXTRACTABLE, true);
    return wanted->key.ska
               ? tsb_ska_unwrap(device, &wanted->key, &mechanism, by, &template,
                                &temporary->private_key)
               : tsb_key_unwrap(device, &wanted->key, &mechanism, ska_span_of(&wanted->wrapped),
                                &template, &temporary->private_key);
}

static CK_RV import_unwrapped(struct tsb_device *device, struct tsb_new_key *key, bool secret,
                              struct ska_span value)
{
    EVP_PKEY *pair = NULL;
    CK_RV rv = CKR_WRAPPED_KEY_INVALID;

    if (secret)
        return tsb_key_import_secret(device, &key->plan, value);
    pair = tsb_private_key_decode(tsb_device_libctx(device), value);
    if (pair != NULL && tsb_key_curve(pair, &key->parameters)) {
        key->plan.parameters = ska_span_of(&key->parameters);
        rv = tsb_key_import(device, &key->plan, pair, false);
    }
    EVP_PKEY_free(pair);
    return rv;
}

CK_RV tsb_unwrap_run(struct tsb_device *device, struct tsb_operation *wanted,
                     const struct tsb_authority *by, struct ska_bytes *made)
{
    struct tsb_key temporary = {.private_key = CK_INVALID_HANDLE};
    struct ska_bytes value = {NULL, 0};
    CK_RV rv = tsb_unwrap_is_done(device, wanted)
                   ? CKR_ATTRIBUTE_VALUE_INVALID /* another key has the label meanwhile */
                   : unwrap_into_session(device, wanted, by, &temporary);

    (void)made;
    if (rv == CKR_OK)
        rv = tsb_key_extract(device, &temporary, &value);
    if (rv == CKR_OK)
        rv = import_unwrapped(device, &wanted->new_key, temporary.secret, ska_span_of(&value));
    if (temporary.private_key != CK_INVALID_HANDLE)
        tsb_device_calls(device)->C_DestroyObject(temporary.session, temporary.private_key);
    ska_bytes_clear_free(&value);
    return rv;
}

bool tsb_unwrap_finish(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                       struct ska_bytes *made, char **text)
{
    (void)made;
    *text = NULL;
    return tsb_key_record_insert(exchange->server->database, exchange->server->libctx,
                                 wanted->new_key.plan.label, wanted->new_key.plan.id,
                                 ska_span_of(&wanted->new_key.password));
}

/* Whether a key of this label is there. */
bool tsb_unwrap_is_done(struct tsb_device *device, struct tsb_operation *wanted)
{
    struct tsb_key there;
    CK_RV rv = tsb_key_open_stored(device, wanted->new_key.plan.label, &there);

    tsb_key_close(device, &there);
    return rv == CKR_OK;
}
