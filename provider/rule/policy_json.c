/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/rule/policy_json.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/error_place.h"
#include "provider/base/json.h"
#include "provider/rule/approver_file.h"
#include "provider/rule/rule_codec.h"

const char *const ska_rule_members[SKA_RULE_COUNT] = {
    [SKA_RULE_USE] = "ruleUse",
    [SKA_RULE_BLOCK] = "ruleBlock",
    [SKA_RULE_UNBLOCK] = "ruleUnblock",
    [SKA_RULE_MODIFY] = "ruleModify",
};

static const char *const approver_types[] = {
    [SKA_APPROVER_PUBLIC_KEY] = "public_key", [SKA_APPROVER_CERTIFICATE] = "certificate"};

/* ---- Reading -------------------------------------------------------------------------------- */

static struct ska_json_place place_of(const struct ska_rule_reader *reader, const cJSON *json,
                                      const char *where)
{
    return (struct ska_json_place){json, where, reader->reason, reader->errors};
}

/* An object with members of these names. */
static bool json_is_object(const struct ska_rule_reader *reader, const cJSON *json,
                           const char *where, const char *const *names)
{
    struct ska_json_place place = place_of(reader, json, where);

    if (!cJSON_IsObject(json))
        return ska_fail(reader->errors, reader->reason, "%s: object expected", where);
    return !reader->policy_file || ska_json_only(&place, names);
}

/* An empty name is none. */
static bool json_read_name(const struct ska_json_place *place, struct ska_bytes *name)
{
    const char *text = NULL;

    if (!ska_json_text(place, "name", SKA_JSON_OPTIONAL, &text))
        return false;
    return text == NULL || text[0] == 0 || ska_bytes_copy(name, ska_span_text(text), place->errors);
}

typedef bool read_element(const struct ska_rule_reader *reader, const cJSON *json,
                          const char *where, void *element);

/* Reads each element of an array into memory for it; *count is what must be cleared. */
static bool json_read_elements(const struct ska_rule_reader *reader,
                               const struct ska_json_place *place, const char *name,
                               read_element *read, size_t size, void **elements, size_t *count)
{
    const cJSON *array = NULL;
    const cJSON *item = NULL;
    char *where = NULL;
    size_t length = 0;
    bool done = false;

    if (!ska_json_array(place, name, SKA_JSON_OPTIONAL, &array))
        return false;
    length = array == NULL ? 0 : (size_t)cJSON_GetArraySize(array);
    if (length == 0)
        return true;
    where = ska_json_where(place, name);
    if (where == NULL)
        return false;
    *elements = calloc(length, size);
    if (*elements == NULL) {
        ska_fail(place->errors, SKA_R_OUT_OF_MEMORY, "%s: %zu elements", where, length);
        goto out;
    }
    *count = 0;
    cJSON_ArrayForEach(item, array)
    {
        char *here = ska_json_where_index(where, *count, place->errors);

        done = here != NULL && read(reader, item, here, (char *)*elements + (*count)++ * size);
        free(here);
        if (!done)
            goto out;
    }
out:
    free(where);
    return done;
}

/* The bytes of an approver, in the file itself or in another. */
static bool json_read_data(const struct ska_rule_reader *reader, const struct ska_json_place *place,
                           struct ska_approver *approver)
{
    const char *value = NULL;
    const char *file = NULL;
    char *where = NULL;
    struct ska_buffer buffer = {0};
    struct ska_bytes path = {NULL, 0};
    bool done = false;

    if (!ska_json_text(place, "value", SKA_JSON_OPTIONAL, &value) ||
        (reader->policy_file && !ska_json_text(place, "file", SKA_JSON_OPTIONAL, &file)))
        return false;
    if (value == NULL && file == NULL)
        return ska_json_fail(place, "value", "missing");
    if (value != NULL && file != NULL)
        return ska_json_fail(place, "file", "either \"value\" or \"file\", not both");
    if (value != NULL)
        return ska_json_base64(place, "value", SKA_JSON_REQUIRED, &approver->data) &&
               (!ska_der_is_private_key(ska_span_of(&approver->data)) ||
                ska_json_fail(place, "value", "a private key, which must stay with its approver"));
    if (file[0] == 0)
        return ska_json_fail(place, "file", "empty");
    where = ska_json_where(place, "file");
    ska_buffer_format(&buffer, "%s%s", file[0] == '/' ? "" : reader->directory, file);
    done = where != NULL && ska_buffer_finish(&buffer, &path, reader->errors) &&
           ska_approver_file_read((const char *)path.data, approver->type, where, &approver->data,
                                  reader->errors);
    ska_buffer_free(&buffer);
    ska_bytes_free(&path);
    free(where);
    return done;
}

static bool json_identify_approver(const struct ska_rule_reader *reader, const char *where,
                                   struct ska_approver *approver)
{
    char *name = ska_printable(ska_span_of(&approver->name), 64);
    struct ska_buffer text = {0};
    struct ska_error_place place;
    bool done = false;

    ska_buffer_text(&text, where);
    if (approver->name.length > 0 && name != NULL)
        ska_buffer_format(&text, " ('%s')", name);
    ska_error_place_init(&place, reader->errors, ska_buffer_string(&text));
    done = ska_approver_identify(approver, &place.errors);
    ska_buffer_free(&text);
    free(name);
    return done;
}

static bool json_read_approver(const struct ska_rule_reader *reader, const cJSON *json,
                               const char *where, void *element)
{
    static const char *const names[] = {"type", "name", "value", "file", NULL};
    struct ska_approver *approver = element;
    struct ska_json_place place = place_of(reader, json, where);
    const char *type = NULL;

    if (!json_is_object(reader, json, where, names) ||
        !ska_json_text(&place, "type", SKA_JSON_REQUIRED, &type) ||
        !json_read_name(&place, &approver->name))
        return false;
    if (strcmp(type, approver_types[SKA_APPROVER_PUBLIC_KEY]) == 0)
        approver->type = SKA_APPROVER_PUBLIC_KEY;
    else if (strcmp(type, approver_types[SKA_APPROVER_CERTIFICATE]) == 0)
        approver->type = SKA_APPROVER_CERTIFICATE;
    else
        return ska_json_fail_value(&place, "type", type, "\"public_key\" or \"certificate\"");
    return json_read_data(reader, &place, approver) &&
           json_identify_approver(reader, where, approver);
}

static bool json_read_group(const struct ska_rule_reader *reader, const cJSON *json,
                            const char *where, void *element)
{
    static const char *const names[] = {"name", "quorum", "approvals", NULL};
    struct ska_group *group = element;
    struct ska_json_place place = place_of(reader, json, where);
    uint64_t quorum = 0;
    void *approvers = NULL;
    bool done = false;

    if (!json_is_object(reader, json, where, names) || !json_read_name(&place, &group->name) ||
        !ska_json_uint(&place, "quorum", SKA_JSON_REQUIRED, &quorum))
        return false;
    if (quorum > UINT32_MAX)
        return ska_json_fail(&place, "quorum", "too large");
    group->quorum = (uint32_t)quorum;
    done = json_read_elements(reader, &place, "approvals", json_read_approver,
                              sizeof(*group->approvers), &approvers, &group->approver_count);
    group->approvers = approvers;
    return done;
}

static bool json_read_alternative(const struct ska_rule_reader *reader, const cJSON *json,
                                  const char *where, void *element)
{
    static const char *const names[] = {"name", "timelock", "timeout", "groups", NULL};
    struct ska_alternative *alternative = element;
    struct ska_json_place place = place_of(reader, json, where);
    void *groups = NULL;
    bool done = false;

    if (!json_is_object(reader, json, where, names) ||
        !json_read_name(&place, &alternative->name) ||
        !ska_json_uint(&place, "timelock", SKA_JSON_OPTIONAL, &alternative->timelock) ||
        !ska_json_uint(&place, "timeout", SKA_JSON_OPTIONAL, &alternative->timeout))
        return false;
    done = json_read_elements(reader, &place, "groups", json_read_group,
                              sizeof(*alternative->groups), &groups, &alternative->group_count);
    alternative->groups = groups;
    return done;
}

/* A rule without tokens can never be satisfied, so that must have been written. */
static bool json_read_rule(const struct ska_rule_reader *reader, const cJSON *json,
                           const char *where, struct ska_rule *rule)
{
    static const char *const names[] = {"tokens", NULL};
    struct ska_json_place place = place_of(reader, json, where);
    void *tokens = NULL;
    bool done = false;

    if (!json_is_object(reader, json, where, names))
        return false;
    if (cJSON_GetObjectItemCaseSensitive(json, "tokens") == NULL)
        return ska_json_fail(&place, "tokens",
                             "missing; a rule that is always satisfied is null, one that never is "
                             "has \"tokens\": []");
    done = json_read_elements(reader, &place, "tokens", json_read_alternative,
                              sizeof(*rule->alternatives), &tokens, &rule->alternative_count);
    rule->alternatives = tokens;
    return done;
}

bool ska_rule_read(const struct ska_rule_reader *reader, const cJSON *json, const char *where,
                   struct ska_rule *rule)
{
    memset(rule, 0, sizeof(*rule));
    if (cJSON_IsNull(json))
        return ska_rule_make_empty(rule, reader->errors);
    if (json_read_rule(reader, json, where, rule))
        return true;
    ska_rule_clear(rule);
    return false;
}

bool ska_rule_from_json(const cJSON *json, const char *where, struct ska_rule *rule,
                        const struct ska_errors *errors)
{
    struct ska_rule_reader reader = {false, "", SKA_R_BAD_REQUEST, errors};

    return ska_rule_read(&reader, json, where, rule);
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
           ska_json_add_base64(object, "value", ska_span_of(&approver->data));
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
