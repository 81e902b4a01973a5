/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/order.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/json.h"
#include "provider/request/request.h"

/* ---- Reading --------------------------------------------------------------------------------- */

static bool order_copy_text(char **to, const char *from, const struct ska_errors *errors)
{
    if (from == NULL)
        return true;
    *to = strdup(from);
    return *to != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for an order");
}

static bool read_version(const struct ska_json_place *place)
{
    uint64_t version = 0;

    return ska_json_uint(place, "version", SKA_JSON_REQUIRED, &version) &&
           (version == 1 || ska_json_fail(place, "version", "only 1 is known"));
}

static bool read_operation(const struct ska_json_place *place, enum ska_operation *operation)
{
    static const enum ska_operation all[] = {SKA_OPERATION_BLOCK, SKA_OPERATION_UNBLOCK,
                                             SKA_OPERATION_MODIFY};
    const char *text = NULL;

    if (!ska_json_text(place, "operation", SKA_JSON_REQUIRED, &text))
        return false;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(text, ska_operation_names[all[i]]) == 0) {
            *operation = all[i];
            return true;
        }
    return ska_json_fail_value(place, "operation", text, "BLOCK, UNBLOCK or MODIFY");
}

static bool read_id(const struct ska_json_place *place, struct ska_bytes *id)
{
    const char *text = NULL;

    return ska_json_text(place, "id", SKA_JSON_OPTIONAL, &text) &&
           (text == NULL || ska_hex_decode(text, id) ||
            ska_json_fail(place, "id", "hexadecimal digits expected"));
}

static bool read_key(const struct ska_json_place *place, struct order *order)
{
    static const char *const names[] = {"token", "label", "id", NULL};
    struct ska_json_place key;
    const char *token = NULL;
    const char *label = NULL;

    return ska_json_object(place, "key", SKA_JSON_REQUIRED, &key) && ska_json_only(&key, names) &&
           ska_json_text(&key, "token", SKA_JSON_OPTIONAL, &token) &&
           ska_json_text(&key, "label", SKA_JSON_REQUIRED, &label) &&
           (label[0] != 0 || ska_json_fail(&key, "label", "empty")) &&
           order_copy_text(&order->token_label, token, key.at.sink) &&
           order_copy_text(&order->key_label, label, key.at.sink) && read_id(&key, &order->key_id);
}

/* They come from somebody else: no file of this computer is read for them. */
static bool read_rules(const struct ska_json_place *place, struct order *order)
{
    static const char *const names[] = {"ruleUse", "ruleBlock", "ruleUnblock", "ruleModify", NULL};
    struct ska_json_place rules;
    size_t named = 0;

    if (!ska_json_object(place, "rules", SKA_JSON_OPTIONAL, &rules))
        return false;
    if (order->operation != SKA_OPERATION_MODIFY)
        return rules.value == NULL || ska_json_fail(place, "rules", "only to modify a key");
    if (rules.value == NULL)
        return ska_json_fail(place, "rules", "missing");
    if (!ska_json_only(&rules, names) || !ska_policy_read_rules(&rules, NULL, &order->policy))
        return false;
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        named += order->policy.named[i];
    return named > 0 || ska_json_fail(place, "rules", "it names none");
}

static bool read_words(const struct ska_json_place *place, struct order *order)
{
    const char *text = NULL;

    if (!ska_json_text(place, "description", SKA_JSON_OPTIONAL, &text))
        return false;
    if (text != NULL && strlen(text) > ORDER_WORDS_LIMIT)
        return ska_json_fail(place, "description", "too long");
    return order_copy_text(&order->description, text, place->at.sink);
}

static bool read_order(const struct ska_json_place *place, struct order *order)
{
    static const char *const names[] = {"version", "operation",   "key",
                                        "rules",   "description", NULL};

    if (!cJSON_IsObject(place->value))
        return ska_fail(&place->at.errors, SKA_R_BAD_REQUEST, "object expected");
    return ska_json_only(place, names) && read_version(place) &&
           read_operation(place, &order->operation) && read_key(place, order) &&
           read_rules(place, order) && read_words(place, order);
}

bool order_parse(struct ska_span text, const char *shown, struct order *order,
                 const struct ska_errors *errors)
{
    struct ska_json_place place;
    cJSON *json = NULL;
    bool done = false;

    memset(order, 0, sizeof(*order));
    if (text.length > ORDER_LIMIT)
        return ska_fail(errors, SKA_R_BAD_REQUEST, "%s: too long for an order", shown);
    if (!ska_json_parse(text, shown, &json, errors))
        return false;
    ska_json_top(&place, json, shown, SKA_R_BAD_REQUEST, errors);
    done = read_order(&place, order);
    if (!done)
        order_clear(order);
    cJSON_Delete(json);
    return done;
}

void order_clear(struct order *order)
{
    free(order->token_label);
    free(order->key_label);
    ska_bytes_free(&order->key_id);
    ska_policy_clear(&order->policy);
    free(order->description);
    memset(order, 0, sizeof(*order));
}

/* ---- Writing --------------------------------------------------------------------------------- */

static bool add_key(cJSON *json, const struct order *order)
{
    cJSON *key = cJSON_AddObjectToObject(json, "key");

    return key != NULL && ska_json_add_text(key, "token", order->token_label) &&
           ska_json_add_text(key, "label", order->key_label) &&
           (order->key_id.data == NULL || ska_json_add_hex(key, "id", ska_span_of(&order->key_id)));
}

bool order_print(const struct order *order, struct ska_bytes *text, const struct ska_errors *errors)
{
    cJSON *json = cJSON_CreateObject();
    bool done = json != NULL && cJSON_AddNumberToObject(json, "version", 1) != NULL &&
                ska_json_add_text(json, "operation", ska_operation_names[order->operation]) &&
                add_key(json, order) &&
                (order->operation != SKA_OPERATION_MODIFY ||
                 ska_json_add_item(json, "rules", ska_policy_rules_to_json(&order->policy))) &&
                ska_json_add_text(json, "description", order->description);

    done = done ? ska_json_print(json, text, errors)
                : ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for an order");
    cJSON_Delete(json);
    if (!done || text->length <= ORDER_LIMIT)
        return done;
    ska_bytes_free(text);
    return ska_fail(errors, SKA_R_BAD_REQUEST, "too long for an order: at most %zu KiB",
                    ORDER_LIMIT / 1024);
}
