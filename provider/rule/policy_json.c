/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/rule/policy_json.h"

#include <stdlib.h>
#include <string.h>

#include "provider/rule/approver_file.h"
#include "provider/rule/rule_codec.h"

const char *const ska_rule_members[SKA_RULE_COUNT] = {
    [SKA_RULE_USE] = "ruleUse",
    [SKA_RULE_BLOCK] = "ruleBlock",
    [SKA_RULE_UNBLOCK] = "ruleUnblock",
    [SKA_RULE_MODIFY] = "ruleModify",
};

static const char *const approver_types[] = {
    [SKA_APPROVER_PUBLIC_KEY] = "public_key",
    [SKA_APPROVER_CERTIFICATE] = "certificate",
    [SKA_APPROVER_ONBOARDED] = "onboarded_approver_certificate",
};

/* ---- Reading -------------------------------------------------------------------------------- */

/* An object, in a policy file with members of these names only. */
static bool json_is_object(const struct ska_json_place *place, const char *directory,
                           const char *const *names)
{
    if (!cJSON_IsObject(place->value))
        return ska_fail(&place->at.errors, place->reason, "object expected");
    return directory == NULL || ska_json_only(place, names);
}

/* An empty name is none. */
static bool json_read_name(const struct ska_json_place *place, struct ska_bytes *name)
{
    const char *text = NULL;

    if (!ska_json_text(place, "name", SKA_JSON_OPTIONAL, &text))
        return false;
    return text == NULL || text[0] == 0 ||
           ska_bytes_copy(name, ska_span_text(text), place->at.sink);
}

typedef bool read_element(const struct ska_json_place *place, const char *directory, void *element);

/* Reads each element of an array into memory for it; *count is what must be cleared. */
static bool json_read_elements(const struct ska_json_place *place, const char *name,
                               const char *directory, read_element *read, size_t size,
                               void **elements, size_t *count)
{
    struct ska_json_place array;
    const cJSON *item = NULL;
    size_t length = 0;

    if (!ska_json_array(place, name, SKA_JSON_OPTIONAL, &array))
        return false;
    length = array.value == NULL ? 0 : (size_t)cJSON_GetArraySize(array.value);
    if (length == 0)
        return true;
    *elements = calloc(length, size);
    if (*elements == NULL)
        return ska_fail(&array.at.errors, SKA_R_OUT_OF_MEMORY, "%zu elements", length);
    *count = 0;
    cJSON_ArrayForEach(item, array.value)
    {
        struct ska_json_place element;

        ska_json_element(&array, item, *count, &element);
        if (!read(&element, directory, (char *)*elements + (*count)++ * size))
            return false;
    }
    return true;
}

/* The bytes of an approver, in the file itself or in another. */
static bool json_read_data(const struct ska_json_place *place, const char *directory,
                           struct ska_approver *approver)
{
    const char *value = NULL;
    const char *file = NULL;
    struct ska_error_place at_file;
    struct ska_buffer buffer = {0};
    struct ska_bytes path = {NULL, 0};
    bool done = false;

    if (!ska_json_text(place, "value", SKA_JSON_OPTIONAL, &value) ||
        (directory != NULL && !ska_json_text(place, "file", SKA_JSON_OPTIONAL, &file)))
        return false;
    if (value == NULL && file == NULL)
        return ska_json_fail(place, "value", "missing");
    if (value != NULL && file != NULL)
        return ska_json_fail(place, "file", "either \"value\" or \"file\", not both");
    if (value != NULL)
        return ska_json_base64_pem(place, "value", SKA_JSON_REQUIRED, &approver->data) &&
               (!ska_der_is_private_key(ska_span_of(&approver->data)) ||
                ska_json_fail(place, "value", "a private key, which must stay with its approver"));
    if (file[0] == 0)
        return ska_json_fail(place, "file", "empty");
    ska_error_place_inside(&at_file, &place->at, "file", 0);
    ska_buffer_format(&buffer, "%s%s", file[0] == '/' ? "" : directory, file);
    done = ska_buffer_finish(&buffer, &path, place->at.sink) &&
           ska_approver_file_read((const char *)path.data, approver->type, &approver->data,
                                  &at_file.errors);
    ska_bytes_free(&path);
    return done;
}

static bool json_identify_approver(const struct ska_json_place *place,
                                   struct ska_approver *approver)
{
    struct ska_error_place named;

    ska_error_place_inside(&named, place->at.outer, NULL, place->at.index);
    named.called = ska_span_of(&approver->name);
    return ska_approver_identify(approver, &named.errors);
}

/* Whose approval counts is not known by a name: only who gives a rule to a broker may say that. */
static bool json_read_type(const struct ska_json_place *place, const char *directory,
                           enum ska_approver_type *type)
{
    bool policy = directory != NULL;
    size_t count = policy ? SKA_APPROVER_ONBOARDED + 1 : SKA_APPROVER_ONBOARDED;
    const char *said = NULL;

    if (!ska_json_text(place, "type", SKA_JSON_REQUIRED, &said))
        return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp(said, approver_types[i]) == 0) {
            *type = (enum ska_approver_type)i;
            return true;
        }
    return ska_json_fail_value(place, "type", said,
                               policy ? "\"public_key\", \"certificate\" or, at a broker, "
                                        "\"onboarded_approver_certificate\""
                                      : "\"public_key\" or \"certificate\"");
}

static bool json_check_onboarded(const struct ska_json_place *place,
                                 const struct ska_approver *approver)
{
    static const char *const names[] = {"type", "name", NULL};

    return (approver->name.length > 0 ||
            ska_json_fail(place, "name", "missing; the broker knows the certificate by it")) &&
           ska_json_only(place, names);
}

static bool json_read_approver(const struct ska_json_place *place, const char *directory,
                               void *element)
{
    static const char *const names[] = {"type", "name", "value", "file", NULL};
    struct ska_approver *approver = element;

    if (!json_is_object(place, directory, names) ||
        !json_read_type(place, directory, &approver->type) ||
        !json_read_name(place, &approver->name))
        return false;
    if (approver->type == SKA_APPROVER_ONBOARDED)
        return json_check_onboarded(place, approver);
    return json_read_data(place, directory, approver) && json_identify_approver(place, approver);
}

static bool json_read_group(const struct ska_json_place *place, const char *directory,
                            void *element)
{
    static const char *const names[] = {"name", "quorum", "approvals", NULL};
    struct ska_group *group = element;
    uint64_t quorum = 0;
    void *approvers = NULL;
    bool done = false;

    if (!json_is_object(place, directory, names) || !json_read_name(place, &group->name) ||
        !ska_json_uint(place, "quorum", SKA_JSON_REQUIRED, &quorum))
        return false;
    if (quorum > UINT32_MAX)
        return ska_json_fail(place, "quorum", "too large");
    group->quorum = (uint32_t)quorum;
    done = json_read_elements(place, "approvals", directory, json_read_approver,
                              sizeof(*group->approvers), &approvers, &group->approver_count);
    group->approvers = approvers;
    return done;
}

static bool json_read_alternative(const struct ska_json_place *place, const char *directory,
                                  void *element)
{
    static const char *const names[] = {"name", "timelock", "timeout", "groups", NULL};
    struct ska_alternative *alternative = element;
    void *groups = NULL;
    bool done = false;

    if (!json_is_object(place, directory, names) || !json_read_name(place, &alternative->name) ||
        !ska_json_uint(place, "timelock", SKA_JSON_OPTIONAL, &alternative->timelock) ||
        !ska_json_uint(place, "timeout", SKA_JSON_OPTIONAL, &alternative->timeout))
        return false;
    done = json_read_elements(place, "groups", directory, json_read_group,
                              sizeof(*alternative->groups), &groups, &alternative->group_count);
    alternative->groups = groups;
    return done;
}

/* A rule without tokens can never be satisfied, so that must have been written. */
static bool json_read_rule(const struct ska_json_place *place, const char *directory,
                           struct ska_rule *rule)
{
    static const char *const names[] = {"tokens", NULL};
    void *tokens = NULL;
    bool done = false;

    if (!json_is_object(place, directory, names))
        return false;
    if (cJSON_GetObjectItemCaseSensitive(place->value, "tokens") == NULL)
        return ska_json_fail(place, "tokens",
                             "missing; a rule that is always satisfied is null, one that never is "
                             "has \"tokens\": []");
    done = json_read_elements(place, "tokens", directory, json_read_alternative,
                              sizeof(*rule->alternatives), &tokens, &rule->alternative_count);
    rule->alternatives = tokens;
    return done;
}

bool ska_rule_read(const struct ska_json_place *place, const char *directory, struct ska_rule *rule)
{
    memset(rule, 0, sizeof(*rule));
    if (cJSON_IsNull(place->value))
        return ska_rule_make_empty(rule, place->at.sink);
    if (json_read_rule(place, directory, rule))
        return true;
    ska_rule_clear(rule);
    return false;
}

/* ---- Writing -------------------------------------------------------------------------------- */

/* Names are any bytes; JSON is UTF-8 and, here, without NUL. */
static bool json_add_name(cJSON *object, const struct ska_bytes *name)
{
    struct ska_span span = ska_span_of(name);
    char *shown = NULL;
    bool done = false;

    if (name->data == NULL)
        return true;
    if (ska_utf8_valid(span) && memchr(name->data, 0, name->length) == NULL)
        return ska_json_add_text(object, "name", (const char *)name->data);
    shown = ska_printable(span, name->length);
    done = shown != NULL && ska_json_add_text(object, "name", shown);
    free(shown);
    return done;
}

/* A new element at the end of an array; NULL when memory runs out. */
static cJSON *json_append_object(cJSON *array)
{
    cJSON *object = cJSON_CreateObject();

    return ska_json_add_item(array, NULL, object) ? object : NULL;
}

static bool json_add_approver(cJSON *array, const struct ska_approver *approver)
{
    cJSON *object = json_append_object(array);

    return object != NULL && ska_json_add_text(object, "type", approver_types[approver->type]) &&
           json_add_name(object, &approver->name) &&
           (approver->type == SKA_APPROVER_ONBOARDED ||
            ska_json_add_base64(object, "value", ska_span_of(&approver->data)));
}

static bool json_add_group(cJSON *array, const struct ska_group *group)
{
    cJSON *object = json_append_object(array);
    cJSON *approvals = NULL;

    if (object == NULL || !json_add_name(object, &group->name) ||
        cJSON_AddNumberToObject(object, "quorum", group->quorum) == NULL)
        return false;
    approvals = cJSON_AddArrayToObject(object, "approvals");
    if (approvals == NULL)
        return false;
    for (size_t i = 0; i < group->approver_count; i++)
        if (!json_add_approver(approvals, &group->approvers[i]))
            return false;
    return true;
}

static bool json_add_alternative(cJSON *array, const struct ska_alternative *alternative)
{
    cJSON *object = json_append_object(array);
    cJSON *groups = NULL;

    if (object == NULL || !json_add_name(object, &alternative->name) ||
        cJSON_AddNumberToObject(object, "timelock", (double)alternative->timelock) == NULL ||
        cJSON_AddNumberToObject(object, "timeout", (double)alternative->timeout) == NULL)
        return false;
    groups = cJSON_AddArrayToObject(object, "groups");
    if (groups == NULL)
        return false;
    for (size_t i = 0; i < alternative->group_count; i++)
        if (!json_add_group(groups, &alternative->groups[i]))
            return false;
    return true;
}

/* Nothing but names is lost when it is written as null. */
static bool is_plain_empty(const struct ska_rule *rule)
{
    return rule->alternative_count == 1 && ska_rule_is_empty(rule) &&
           !ska_rule_has_time_limit(rule) &&
           (rule->alternatives[0].group_count == 0 ||
            (rule->alternatives[0].group_count == 1 &&
             rule->alternatives[0].groups[0].approver_count == 0));
}

cJSON *ska_rule_to_json(const struct ska_rule *rule)
{
    cJSON *json = NULL;
    cJSON *tokens = NULL;

    if (is_plain_empty(rule))
        return cJSON_CreateNull();
    json = cJSON_CreateObject();
    tokens = json == NULL ? NULL : cJSON_AddArrayToObject(json, "tokens");
    if (tokens == NULL)
        goto err;
    for (size_t i = 0; i < rule->alternative_count; i++)
        if (!json_add_alternative(tokens, &rule->alternatives[i]))
            goto err;
    return json;
err:
    cJSON_Delete(json);
    return NULL;
}
