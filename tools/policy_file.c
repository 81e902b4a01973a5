/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/policy_file.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/file.h"
#include "provider/base/json.h"
#include "provider/rule/policy_json.h"
#include "provider/rule/rule_check.h"

bool ska_policy_read_rules(const struct ska_json_place *place, const char *directory,
                           struct ska_policy *policy)
{
    for (size_t i = 0; i < SKA_RULE_COUNT; i++) {
        struct ska_json_place rule;

        ska_json_member(place, ska_rule_members[i], &rule);
        if (rule.value == NULL)
            continue;
        if (!ska_rule_read(&rule, directory, &policy->rules[i]) ||
            !ska_rule_check(&policy->rules[i], ska_rule_members[i], &place->at.errors))
            return false;
        policy->named[i] = true;
    }
    return true;
}

cJSON *ska_policy_rules_to_json(const struct ska_policy *policy)
{
    cJSON *json = cJSON_CreateObject();

    for (size_t i = 0; json != NULL && i < SKA_RULE_COUNT; i++) {
        if (!policy->named[i] ||
            ska_json_add_item(json, ska_rule_members[i], ska_rule_to_json(&policy->rules[i])))
            continue;
        cJSON_Delete(json);
        json = NULL;
    }
    return json;
}

static bool read_key_status(const struct ska_json_place *place, bool *blocked)
{
    static const char *const names[] = {"blocked", NULL};
    struct ska_json_place status;

    return ska_json_object(place, "keyStatus", SKA_JSON_OPTIONAL, &status) &&
           ska_json_only(&status, names) &&
           ska_json_bool(&status, "blocked", SKA_JSON_OPTIONAL, blocked);
}

static bool parse_policy(const struct ska_json_place *place, const char *directory,
                         struct ska_policy *policy)
{
    static const char *const names[] = {"ruleUse",    "ruleBlock", "ruleUnblock",
                                        "ruleModify", "keyStatus", NULL};

    if (!cJSON_IsObject(place->value))
        return ska_fail(&place->at.errors, SKA_R_BAD_POLICY, "object expected");
    return ska_json_only(place, names) && ska_policy_read_rules(place, directory, policy) &&
           read_key_status(place, &policy->blocked);
}

/* The directory of a file with its '/', "" for one without. */
static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? strdup("") : strndup(path, (size_t)(slash - path) + 1);
}

/* Who names another file by mistake is not helped by what JSON misses in it. */
static bool looks_like_policy(const char *path, const struct ska_bytes *content,
                              const struct ska_errors *errors)
{
    size_t start = 0;

    while (start < content->length && memchr(" \t\r\n", content->data[start], 4) != NULL)
        start++;
    return (start < content->length && content->data[start] == '{') ||
           ska_fail(errors, SKA_R_BAD_POLICY,
                    "%s: not a policy: a JSON object is expected, with ruleUse, ruleBlock, "
                    "ruleUnblock and ruleModify",
                    path);
}

bool ska_policy_read(const char *path, struct ska_policy *policy, const struct ska_errors *errors)
{
    char *directory = directory_of(path);
    struct ska_bytes content = {NULL, 0};
    struct ska_json_place place;
    cJSON *json = NULL;
    bool done = false;

    memset(policy, 0, sizeof(*policy));
    if (directory == NULL)
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "policy file");
    else if (ska_file_read(path, SKA_JSON_LIMIT, &content, errors) &&
             looks_like_policy(path, &content, errors) &&
             ska_json_parse(ska_span_of(&content), path, &json, errors)) {
        ska_json_top(&place, json, path, SKA_R_BAD_POLICY, errors);
        done = parse_policy(&place, directory, policy);
    }
    if (!done)
        ska_policy_clear(policy);
    cJSON_Delete(json);
    ska_bytes_free(&content);
    free(directory);
    return done;
}

void ska_policy_clear(struct ska_policy *policy)
{
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        ska_rule_clear(&policy->rules[i]);
    memset(policy, 0, sizeof(*policy));
}
