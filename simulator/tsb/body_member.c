/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/body_member.h"

#include <stdlib.h>
#include <string.h>

#include <pkcs11.h>

#include "provider/request/approver_signature.h"
#include "simulator/tsb/key_store.h"

bool tsb_read_choice(const struct ska_json_place *place, const char *name,
                     const char *const *choices, const char **value)
{
    return ska_json_text(place, name, SKA_JSON_OPTIONAL, value) &&
           (*value == NULL || ska_text_is_among(choices, *value) ||
            ska_json_fail_value(place, name, *value, "one of its values"));
}

bool tsb_need_text(const struct ska_json_place *place, const char *name, const char **value)
{
    return ska_json_text(place, name, SKA_JSON_REQUIRED, value) &&
           ((*value)[0] != '\0' || ska_json_fail(place, name, "empty"));
}

bool tsb_need_base64(const struct ska_json_place *place, const char *name, struct ska_bytes *value)
{
    return ska_json_base64(place, name, SKA_JSON_REQUIRED, value) &&
           (value->length > 0 || ska_json_fail(place, name, "empty"));
}

bool tsb_read_digest(const struct ska_json_place *place, const char *name, const char **digest)
{
    const char *said = NULL;

    if (!ska_json_text(place, name, SKA_JSON_REQUIRED, &said))
        return false;
    *digest = ska_signature_digest(said);
    return *digest != NULL || ska_json_fail_value(place, name, said, SKA_SIGNATURE_DIGESTS);
}

bool tsb_read_base64_text(const struct ska_json_place *place, const char *name, const char **value)
{
    struct ska_bytes decoded = {NULL, 0};
    bool done = ska_json_text(place, name, SKA_JSON_OPTIONAL, value) &&
                ska_json_base64(place, name, SKA_JSON_OPTIONAL, &decoded);

    ska_bytes_free(&decoded);
    return done;
}

bool tsb_check_uuid(struct tsb_exchange *exchange, char *text)
{
    char *shown = NULL;

    for (char *at = text; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'F')
            *at = (char)(*at - 'A' + 'a');
    if (tsb_uuid_valid(text))
        return true;
    shown = ska_printable(ska_span_text(text), 64);
    tsb_refuse(&exchange->answer, TSB_INVALID_UUID, "'%s' is not a UUID",
               shown == NULL ? "" : shown);
    free(shown);
    return false;
}

bool tsb_read_uuid(struct tsb_exchange *exchange, const struct ska_json_place *place,
                   const char *name, enum ska_json_need need, const char **value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(place->value, name);

    return ska_json_text(place, name, need, value) &&
           (*value == NULL || tsb_check_uuid(exchange, item->valuestring));
}

bool tsb_read_request_signature(const struct ska_json_place *top)
{
    static const char *const names[] = {"signature", "digestAlgorithm", "publicKey", NULL};
    struct ska_json_place signature;
    struct ska_bytes value = {NULL, 0};
    struct ska_bytes key = {NULL, 0};
    const char *digest = NULL;
    bool done = ska_json_object(top, "requestSignature", SKA_JSON_OPTIONAL, &signature);

    if (done && signature.value != NULL)
        done = ska_json_only(&signature, names) &&
               tsb_need_base64(&signature, "signature", &value) &&
               tsb_read_digest(&signature, "digestAlgorithm", &digest) &&
               tsb_need_base64(&signature, "publicKey", &key);
    ska_bytes_free(&value);
    ska_bytes_free(&key);
    return done;
}

bool tsb_read_root(const struct ska_json_place *top, const char *root, const char *const *members,
                   struct ska_json_place *inner)
{
    const char *const names[] = {root, "requestSignature", NULL};

    return ska_json_only(top, names) && ska_json_object(top, root, SKA_JSON_REQUIRED, inner) &&
           tsb_read_request_signature(top) && (members == NULL || ska_json_only(inner, members));
}

bool tsb_check_key_password(struct tsb_exchange *exchange, const struct ska_json_place *place,
                            const char *member, const char *label)
{
    struct tsb_server *server = exchange->server;
    struct ska_bytes password = {NULL, 0};
    bool fits = false;
    bool done = tsb_read_password(place, member, &password) &&
                (tsb_key_password_fits(server->database, server->libctx, label,
                                       ska_span_of(&password), &fits) ||
                 tsb_exchange_fail_storage(exchange)) &&
                (fits || tsb_refuse(&exchange->answer, TSB_KEY_PASSWORD,
                                    "the password of key %s is wrong", label));

    ska_bytes_clear_free(&password);
    return done;
}

bool tsb_read_key_label(struct tsb_exchange *exchange, const char **label)
{
    static const char *const names[] = {"label", "password", NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct ska_json_place top;

    tsb_exchange_top(exchange, &errors, &top);
    return ska_json_only(&top, names) && tsb_need_text(&top, "label", label) &&
           tsb_check_key_password(exchange, &top, "password", *label);
}

void tsb_answer_member(struct tsb_exchange *exchange, unsigned int status, const char *name,
                       const char *value)
{
    cJSON *json = cJSON_CreateObject();

    if (json != NULL && !ska_json_add_text(json, name, value)) {
        cJSON_Delete(json);
        json = NULL;
    }
    tsb_answer_json(&exchange->answer, status, json);
}

void tsb_answer_bytes(struct tsb_exchange *exchange, unsigned int status, const char *name,
                      struct ska_span value)
{
    char *text = NULL;

    if (ska_base64_encode(value, &text, NULL))
        tsb_answer_member(exchange, status, name, text);
    else
        tsb_answer_json(&exchange->answer, status, NULL);
    free(text);
}

void tsb_answer_flag(struct tsb_exchange *exchange, unsigned int status, const char *name,
                     bool value)
{
    cJSON *json = cJSON_CreateObject();

    if (json != NULL && cJSON_AddBoolToObject(json, name, value) == NULL) {
        cJSON_Delete(json);
        json = NULL;
    }
    tsb_answer_json(&exchange->answer, status, json);
}

bool tsb_fail_key(struct tsb_exchange *exchange, unsigned long rv, const char *label)
{
    if (rv == CKR_OBJECT_HANDLE_INVALID)
        return tsb_refuse(&exchange->answer, TSB_KEY_NOT_EXISTENT, "Key with name %s not found",
                          label);
    if (rv == CKR_MECHANISM_PARAM_INVALID && strchr(label, '/') != NULL)
        return tsb_refuse(&exchange->answer, TSB_INVALID_KEY_NAME,
                          "%s: the derivation path leads to no key", label);
    return tsb_exchange_fail_device(exchange, rv);
}
