/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/policy_body.h"

#include <stdlib.h>
#include <string.h>

#include "provider/rule/policy_json.h"
#include "provider/rule/rule_check.h"
#include "simulator/tsb/approver_store.h"
#include "simulator/tsb/body_member.h"

/* ---- Members, before rules are read ---------------------------------------------------------- */

typedef bool check_element(struct tsb_exchange *exchange, const struct ska_json_place *place);

/* Each element of an array that may be missing. */
static bool check_elements(struct tsb_exchange *exchange, const struct ska_json_place *place,
                           const char *name, check_element *check)
{
    struct ska_json_place array;
    const cJSON *item = NULL;
    size_t index = 0;

    if (!ska_json_array(place, name, SKA_JSON_OPTIONAL, &array))
        return false;
    cJSON_ArrayForEach(item, array.value)
    {
        struct ska_json_place element;

        ska_json_element(&array, item, index++, &element);
        if (!cJSON_IsObject(item))
            return ska_fail(&element.at.errors, place->reason, "object expected");
        if (!check(exchange, &element))
            return false;
    }
    return true;
}

/* Becomes one that is listed by his certificate, in the body itself. */
static bool put_certificate(const struct ska_json_place *place, struct ska_span certificate)
{
    cJSON *approval = (cJSON *)(uintptr_t)place->value;
    char *value = NULL;
    bool done = ska_base64_encode(certificate, &value, NULL);

    cJSON_DeleteItemFromObjectCaseSensitive(approval, "value");
    done = done &&
           cJSON_ReplaceItemInObjectCaseSensitive(approval, "type",
                                                  cJSON_CreateString("certificate")) &&
           ska_json_add_text(approval, "value", value);
    free(value);
    return done || ska_json_fail(place, "type", "out of memory");
}

static bool resolve_onboarded(struct tsb_exchange *exchange, const struct ska_json_place *place,
                              const char *name)
{
    struct tsb_database *database = exchange->server->database;
    struct tsb_approver approver = {.name = NULL};
    bool found = false;
    bool done = name != NULL && tsb_database_begin(database);

    if (done)
        done = tsb_database_end(database, tsb_approver_load(database, name, &approver, &found));
    else if (name != NULL)
        return tsb_exchange_fail_storage(exchange);
    if (!found)
        done = tsb_refuse(&exchange->answer, TSB_APPROVER_NOT_EXISTENT,
                          "no approver '%s' is onboarded", name == NULL ? "" : name);
    else if (!approver.onboarded)
        done = tsb_refuse(&exchange->answer, TSB_APPROVER_NOT_ONBOARDED,
                          "approver '%s' has not fetched their key yet", name);
    done = done && put_certificate(place, ska_span_of(&approver.key.certificate));
    tsb_approver_clear(&approver);
    return done;
}

static bool check_body_approval(struct tsb_exchange *exchange, const struct ska_json_place *place)
{
    static const char *const names[] = {"type", "name", "value", NULL};
    static const char onboarded[] = "onboarded_approver_certificate";
    static const char *const types[] = {"public_key", "certificate", onboarded, NULL};
    const char *type = NULL;
    const char *name = NULL;
    const char *value = NULL;

    if (!ska_json_only(place, names) || !ska_json_text(place, "type", SKA_JSON_REQUIRED, &type) ||
        !ska_json_text(place, "name", SKA_JSON_OPTIONAL, &name) ||
        !tsb_read_base64_text(place, "value", &value))
        return false;
    if (!ska_text_is_among(types, type))
        return ska_json_fail_value(place, "type", type,
                                   "\"public_key\", \"certificate\" or "
                                   "\"onboarded_approver_certificate\"");
    return strcmp(type, onboarded) != 0 || resolve_onboarded(exchange, place, name);
}

static bool check_body_group(struct tsb_exchange *exchange, const struct ska_json_place *place)
{
    static const char *const names[] = {"name", "quorum", "approvals", NULL};
    const cJSON *approvals = cJSON_GetObjectItemCaseSensitive(place->value, "approvals");

    if (!ska_json_only(place, names))
        return false;
    if (!cJSON_IsArray(approvals) || cJSON_GetArraySize(approvals) == 0)
        return tsb_refuse(&exchange->answer, TSB_MISSING_APPROVAL, "a group without approvals");
    return check_elements(exchange, place, "approvals", check_body_approval);
}

static bool check_minutes(const struct ska_json_place *place, const char *name)
{
    uint64_t seconds = 0;

    return ska_json_uint(place, name, SKA_JSON_REQUIRED, &seconds) &&
           (seconds % 60 == 0 || ska_json_fail(place, name, "a multiple of 60 expected"));
}

static bool check_body_token(struct tsb_exchange *exchange, const struct ska_json_place *place)
{
    static const char *const names[] = {"name", "timelock", "timeout", "groups", NULL};
    const cJSON *groups = cJSON_GetObjectItemCaseSensitive(place->value, "groups");

    if (!ska_json_only(place, names) || !check_minutes(place, "timelock") ||
        !check_minutes(place, "timeout"))
        return false;
    if (cJSON_IsArray(groups) && cJSON_GetArraySize(groups) == 0)
        return tsb_refuse(&exchange->answer, TSB_MISSING_APPROVAL,
                          "a token with an empty list of groups; one that needs nobody has null");
    return check_elements(exchange, place, "groups", check_body_group);
}

/* Clients that leave out what is null leave out the tokens of a rule that is never satisfied. */
static bool check_body_rule(struct tsb_exchange *exchange, const struct ska_json_place *place)
{
    static const char *const names[] = {"tokens", NULL};
    cJSON *rule = (cJSON *)(uintptr_t)place->value;

    if (cJSON_GetObjectItemCaseSensitive(rule, "tokens") == NULL &&
        cJSON_AddNullToObject(rule, "tokens") == NULL)
        return ska_json_fail(place, "tokens", "out of memory");
    return ska_json_only(place, names) &&
           check_elements(exchange, place, "tokens", check_body_token);
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* The HSM wants a group in each token: one that names nobody where the call has none. */
static bool fill_groups(struct ska_rule *rule, const struct ska_errors *errors)
{
    for (size_t i = 0; i < rule->alternative_count; i++) {
        struct ska_alternative *token = &rule->alternatives[i];

        if (token->group_count > 0)
            continue;
        token->groups = calloc(1, sizeof(*token->groups));
        if (token->groups == NULL)
            return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a group");
        token->group_count = 1;
    }
    return true;
}

static bool read_one_rule(struct tsb_exchange *exchange, const struct ska_json_place *place,
                          int kind, struct ska_rule *rule)
{
    struct ska_json_place inside;

    ska_json_member(place, ska_rule_members[kind], &inside);
    if (inside.value == NULL || cJSON_IsNull(inside.value))
        return ska_rule_make_empty(rule, place->at.sink);
    if (!cJSON_IsObject(inside.value))
        return ska_json_fail(place, ska_rule_members[kind], "object expected");
    /* NULL for the directory: nothing of this may name a file. */
    return check_body_rule(exchange, &inside) && ska_rule_read(&inside, NULL, rule) &&
           fill_groups(rule, place->at.sink) &&
           ska_rule_check(rule, ska_rule_members[kind], place->at.sink);
}

static bool read_status(const struct ska_json_place *place, bool *blocked)
{
    static const char *const names[] = {"blocked", NULL};
    struct ska_json_place status;

    return ska_json_object(place, "keyStatus", SKA_JSON_OPTIONAL, &status) &&
           (status.value == NULL ||
            (ska_json_only(&status, names) &&
             ska_json_bool(&status, "blocked", SKA_JSON_OPTIONAL, blocked)));
}

bool tsb_policy_read(struct tsb_exchange *exchange, const struct ska_json_place *place,
                     bool with_status, struct tsb_policy *policy)
{
    static const char *const names[] = {"ruleUse",    "ruleBlock", "ruleUnblock",
                                        "ruleModify", "keyStatus", NULL};
    static const char *const rules_only[] = {"ruleUse", "ruleBlock", "ruleUnblock", "ruleModify",
                                             NULL};
    bool done = false;

    memset(policy, 0, sizeof(*policy));
    done = ska_json_only(place, with_status ? names : rules_only) &&
           (!with_status || read_status(place, &policy->blocked));
    for (int i = 0; done && i < SKA_RULE_COUNT; i++)
        done = read_one_rule(exchange, place, i, &policy->rules[i]);
    if (!done)
        tsb_policy_clear(policy);
    return done;
}

void tsb_policy_clear(struct tsb_policy *policy)
{
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        ska_rule_clear(&policy->rules[i]);
}

/* ---- Writing --------------------------------------------------------------------------------- */

static bool names_nobody(const struct ska_alternative *token)
{
    return token->group_count == 1 && token->groups[0].quorum == 0 &&
           token->groups[0].approver_count == 0;
}

/* A group that names nobody is the HSM's; what was asked for has none. */
static bool remove_groups(cJSON *tokens, const struct ska_rule *rule)
{
    bool done = true;

    for (size_t i = 0; done && i < rule->alternative_count; i++)
        done = !names_nobody(&rule->alternatives[i]) ||
               cJSON_ReplaceItemInObjectCaseSensitive(cJSON_GetArrayItem(tokens, (int)i), "groups",
                                                      cJSON_CreateNull());
    return done;
}

/* Policy files leave out a name that is missing; answers have all members. `inside`: the lists. */
static bool write_names(cJSON *list, const char *const *inside)
{
    cJSON *item = NULL;

    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_GetObjectItemCaseSensitive(item, "name") == NULL &&
            cJSON_AddNullToObject(item, "name") == NULL)
            return false;
        if (*inside != NULL &&
            !write_names(cJSON_GetObjectItemCaseSensitive(item, *inside), inside + 1))
            return false;
    }
    return true;
}

static cJSON *rule_to_json(const struct ska_rule *rule)
{
    static const char *const inside[] = {"groups", "approvals", NULL};
    cJSON *json = ska_rule_to_json(rule);
    cJSON *tokens = cJSON_GetObjectItemCaseSensitive(json, "tokens");

    if (tokens == NULL || (remove_groups(tokens, rule) && write_names(tokens, inside)))
        return json;
    cJSON_Delete(json);
    return NULL;
}

cJSON *tsb_policy_to_json(const struct tsb_policy *policy)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *status = NULL;
    bool done = json != NULL;

    for (int i = 0; done && i < SKA_RULE_COUNT; i++)
        done = ska_json_add_item(json, ska_rule_members[i], rule_to_json(&policy->rules[i]));
    status = done ? cJSON_AddObjectToObject(json, "keyStatus") : NULL;
    if (status != NULL && cJSON_AddBoolToObject(status, "blocked", policy->blocked) != NULL)
        return json;
    cJSON_Delete(json);
    return NULL;
}

void tsb_xml_text(struct ska_span text, struct ska_buffer *xml)
{
    for (size_t i = 0; i < text.length; i++) {
        if (strchr("<>&\"'", text.data[i]) != NULL || text.data[i] < 0x20)
            ska_buffer_format(xml, "&#%u;", text.data[i]);
        else
            ska_buffer_add(xml, &text.data[i], 1);
    }
}

static void approver_to_xml(const struct ska_approver *approver, struct ska_buffer *xml)
{
    char *value = NULL;

    ska_buffer_format(xml, "<approval type=\"%s\" name=\"",
                      approver->type == SKA_APPROVER_CERTIFICATE ? "certificate" : "public_key");
    tsb_xml_text(ska_span_of(&approver->name), xml);
    if (!ska_base64_encode(ska_span_of(&approver->data), &value, NULL))
        xml->failed = true;
    ska_buffer_format(xml, "\">%s</approval>", value == NULL ? "" : value);
    free(value);
}

static void alternative_to_xml(const struct ska_alternative *alternative, struct ska_buffer *xml)
{
    ska_buffer_text(xml, "<token name=\"");
    tsb_xml_text(ska_span_of(&alternative->name), xml);
    ska_buffer_format(xml, "\"><timelock>%llu</timelock><timeout>%llu</timeout>",
                      (unsigned long long)alternative->timelock,
                      (unsigned long long)alternative->timeout);
    for (size_t i = 0; i < alternative->group_count; i++) {
        const struct ska_group *group = &alternative->groups[i];

        ska_buffer_text(xml, "<group name=\"");
        tsb_xml_text(ska_span_of(&group->name), xml);
        ska_buffer_format(xml, "\"><quorum>%lu</quorum>", (unsigned long)group->quorum);
        for (size_t j = 0; j < group->approver_count; j++)
            approver_to_xml(&group->approvers[j], xml);
        ska_buffer_text(xml, "</group>");
    }
    ska_buffer_text(xml, "</token>");
}

void tsb_policy_to_xml(const struct tsb_policy *policy, struct ska_buffer *xml)
{
    static const char *const names[SKA_RULE_COUNT] = {
        [SKA_RULE_USE] = "rule_use",
        [SKA_RULE_BLOCK] = "rule_block",
        [SKA_RULE_UNBLOCK] = "rule_unblock",
        [SKA_RULE_MODIFY] = "rule_modify",
    };

    ska_buffer_format(xml, "<policy><key_status><blocked>%s</blocked></key_status>",
                      policy->blocked ? "true" : "false");
    for (int i = 0; i < SKA_RULE_COUNT; i++) {
        ska_buffer_format(xml, "<%s>", names[i]);
        for (size_t j = 0; j < policy->rules[i].alternative_count; j++)
            alternative_to_xml(&policy->rules[i].alternatives[j], xml);
        ska_buffer_format(xml, "</%s>", names[i]);
    }
    ska_buffer_text(xml, "</policy>");
}
