/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key URIs, read by p11-kit. Its uri.h brings Cryptoki types of its own, so this file
 * must not include what includes <pkcs11.h>.
 */
#include "provider/hsm/uri.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include "provider/hsm/uri_scan.h"

/* ---- Reading --------------------------------------------------------------------------------- */

/*
 * The URI as p11-kit is to see it: its own scheme and its own attributes. The PIN is left out,
 * since p11-kit would leave copies of it in memory; ours are decoded here.
 */
static bool standard_form(const struct hsm_uri_scan *scan, struct ska_bytes *form,
                          const struct ska_errors *errors)
{
    struct ska_buffer text = {0};
    const char *separator = "";

    ska_buffer_text(&text, "pkcs11:");
    for (size_t i = 0; i <= HSM_URI_MODULE_PATH; i++) {
        if (i == HSM_URI_PIN_SOURCE)
            separator = "?";
        if (scan->values[i].data == NULL || i == HSM_URI_PIN_VALUE)
            continue;
        ska_buffer_format(&text, "%s%s=", separator, hsm_uri_names[i]);
        ska_buffer_add(&text, scan->values[i].data, scan->values[i].length);
        separator = i < HSM_URI_PIN_SOURCE ? ";" : "&";
    }
    return ska_buffer_finish(&text, form, errors);
}

static bool copy_text(char **to, const char *from, size_t length)
{
    *to = strndup(from, length);
    return *to != NULL;
}

/* A blank-padded field of Cryptoki; unset when it starts with NUL. */
static bool take_field(char **to, const unsigned char *field, size_t size)
{
    return field[0] == 0 || copy_text(to, (const char *)field, p11_kit_space_strlen(field, size));
}

static bool take_object(struct hsm_uri *uri, P11KitUri *parsed)
{
    CK_ATTRIBUTE *label = p11_kit_uri_get_attribute(parsed, CKA_LABEL);
    CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(parsed, CKA_ID);

    return (label == NULL || copy_text(&uri->object, label->pValue, label->ulValueLen)) &&
           (id == NULL || ska_bytes_copy(&uri->id, ska_span(id->pValue, id->ulValueLen), NULL));
}

static bool take_standard(struct hsm_uri *uri, P11KitUri *parsed)
{
    const CK_TOKEN_INFO *info = p11_kit_uri_get_token_info(parsed);
    const char *pin_source = p11_kit_uri_get_pin_source(parsed);
    const char *module_path = p11_kit_uri_get_module_path(parsed);

    return take_field(&uri->token, info->label, sizeof(info->label)) &&
           take_field(&uri->serial, info->serialNumber, sizeof(info->serialNumber)) &&
           take_field(&uri->manufacturer, info->manufacturerID, sizeof(info->manufacturerID)) &&
           take_field(&uri->model, info->model, sizeof(info->model)) && take_object(uri, parsed) &&
           (pin_source == NULL || copy_text(&uri->pin_source, pin_source, strlen(pin_source))) &&
           (module_path == NULL || copy_text(&uri->module_path, module_path, strlen(module_path)));
}

/* Only what has a use here. */
static bool take_type(struct hsm_uri *uri, P11KitUri *parsed)
{
    CK_ATTRIBUTE *class_ = p11_kit_uri_get_attribute(parsed, CKA_CLASS);
    CK_OBJECT_CLASS value = 0;

    if (class_ == NULL)
        return true;
    if (class_->ulValueLen != sizeof(value))
        return false;
    memcpy(&value, class_->pValue, sizeof(value));
    uri->type = value == CKO_PRIVATE_KEY   ? HSM_OBJECT_PRIVATE
                : value == CKO_PUBLIC_KEY  ? HSM_OBJECT_PUBLIC
                : value == CKO_CERTIFICATE ? HSM_OBJECT_CERTIFICATE
                                           : HSM_OBJECT_ANY;
    return uri->type != HSM_OBJECT_ANY;
}

/* The PIN, and what p11-kit does not know. */
static bool take_ours(struct hsm_uri *uri, const struct hsm_uri_scan *scan)
{
    const struct {
        enum hsm_uri_attribute attribute;
        char **to;
    } ours[] = {{HSM_URI_PIN_VALUE, &uri->pin_value},
                {HSM_URI_APPROVALS_FILE, &uri->approvals_file},
                {HSM_URI_APPROVALS_DIR, &uri->approvals_dir},
                {HSM_URI_APPROVALS_TIMEOUT, &uri->approvals_timeout},
                {HSM_URI_AGENT, &uri->agent},
                {HSM_URI_PAYLOAD, &uri->payload}};

    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        struct ska_span value = scan->values[ours[i].attribute];

        if (value.data == NULL)
            continue;
        *ours[i].to = malloc(value.length + 1);
        if (*ours[i].to == NULL)
            return false;
        hsm_uri_decode(value, *ours[i].to);
    }
    return true;
}

/* p11-kit marks what it did not take: a type that it does not know, or a name that is too long. */
static bool parse_standard(struct hsm_uri *uri, const char *form, const struct ska_errors *errors)
{
    P11KitUri *parsed = p11_kit_uri_new();
    int result = P11_KIT_URI_UNEXPECTED;
    bool done = false;

    if (parsed != NULL)
        result = p11_kit_uri_parse(form, P11_KIT_URI_FOR_OBJECT_ON_TOKEN, parsed);
    if (result == P11_KIT_URI_UNEXPECTED)
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a URI");
    else if (result != P11_KIT_URI_OK)
        ska_fail(errors, SKA_R_BAD_URI, "%s", p11_kit_uri_message(result));
    else if (p11_kit_uri_any_unrecognized(parsed) || !take_type(uri, parsed))
        ska_fail(errors, SKA_R_BAD_URI,
                 "type is not private, public or cert; or token or manufacturer is longer than 32 "
                 "bytes, or serial or model than 16");
    else if (!take_standard(uri, parsed))
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a URI");
    else
        done = true;
    p11_kit_uri_free(parsed);
    return done;
}

bool hsm_uri_parse(const char *text, struct hsm_uri **uri, const struct ska_errors *errors)
{
    struct ska_bytes form = {NULL, 0};
    struct hsm_uri *made = NULL;
    struct hsm_uri_scan scan;
    bool done = false;

    if (!hsm_uri_scan(text, &scan, errors) || !standard_form(&scan, &form, errors))
        return false;
    made = calloc(1, sizeof(*made));
    if (made == NULL || !take_ours(made, &scan))
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a URI");
    else
        done = parse_standard(made, (const char *)form.data, errors);
    ska_bytes_free(&form);
    if (!done) {
        hsm_uri_free(made);
        return false;
    }
    *uri = made;
    return true;
}

static bool copy_optional(char **to, const char *from)
{
    return from == NULL || copy_text(to, from, strlen(from));
}

struct hsm_uri *hsm_uri_copy(const struct hsm_uri *from)
{
    struct hsm_uri *to = calloc(1, sizeof(*to));

    if (to == NULL)
        return NULL;
    to->type = from->type;
    if (!copy_optional(&to->token, from->token) || !copy_optional(&to->serial, from->serial) ||
        !copy_optional(&to->manufacturer, from->manufacturer) ||
        !copy_optional(&to->model, from->model) || !copy_optional(&to->object, from->object) ||
        (from->id.data != NULL && !ska_bytes_copy(&to->id, ska_span_of(&from->id), NULL)) ||
        !copy_optional(&to->module_path, from->module_path) ||
        !copy_optional(&to->pin_source, from->pin_source) ||
        !copy_optional(&to->approvals_file, from->approvals_file) ||
        !copy_optional(&to->approvals_dir, from->approvals_dir) ||
        !copy_optional(&to->approvals_timeout, from->approvals_timeout) ||
        !copy_optional(&to->agent, from->agent) || !copy_optional(&to->payload, from->payload)) {
        hsm_uri_free(to);
        return NULL;
    }
    return to;
}

void hsm_uri_free(struct hsm_uri *uri)
{
    if (uri == NULL)
        return;
    if (uri->pin_value != NULL)
        OPENSSL_cleanse(uri->pin_value, strlen(uri->pin_value));
    free(uri->token);
    free(uri->serial);
    free(uri->manufacturer);
    free(uri->model);
    free(uri->object);
    ska_bytes_free(&uri->id);
    free(uri->module_path);
    free(uri->pin_source);
    free(uri->pin_value);
    free(uri->approvals_file);
    free(uri->approvals_dir);
    free(uri->approvals_timeout);
    free(uri->agent);
    free(uri->payload);
    free(uri);
}
