/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/change_body.h"

#include "provider/rule/policy_json.h"
#include "provider/rule/rule_codec.h"
#include "provider/tsb/rule_body.h"

/* ---- The payload ----------------------------------------------------------------------------- */

/*
 * A broker replaces all four rules. What those are that shall stay only it could say, and whoever
 * signs would give them again by its word.
 */
static bool check_all_named(const struct ska_rule *const rules[SKA_RULE_COUNT],
                            const struct ska_errors *errors)
{
    struct ska_buffer missing = {0};
    bool done = true;

    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        if (rules[i] == NULL)
            ska_buffer_format(&missing, "%s%s", missing.length > 0 ? ", " : "",
                              ska_rule_members[i]);
    if (missing.length > 0 || missing.failed)
        done = ska_fail(errors, SKA_R_BAD_POLICY,
                        "a broker replaces all four rules, so the policy has to name these too: %s "
                        "(null: needs nobody). What they are now, only the broker says (skatool "
                        "show --json): compare that with the policy that the key was given",
                        ska_buffer_string(&missing));
    ska_buffer_free(&missing);
    return done;
}

bool tsb_modify_payload(struct backend_key *key, const struct ska_rule *const rules[SKA_RULE_COUNT],
                        struct ska_bytes *payload, const struct ska_errors *errors)
{
    struct ska_bytes encoded[SKA_RULE_COUNT] = {{NULL, 0}};
    struct ska_modify modify = {.rules = {{NULL, 0}}};
    bool done = check_all_named(rules, errors) && tsb_rules_check(rules, errors);

    (void)key;
    for (size_t i = 0; done && i < SKA_RULE_COUNT; i++) {
        done = ska_rule_encode(rules[i], &encoded[i], errors);
        modify.rules[i] = ska_span_of(&encoded[i]);
    }
    done = done && ska_modify_encode(&modify, payload, errors);
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        ska_bytes_free(&encoded[i]);
    return done;
}

/* ---- The members ----------------------------------------------------------------------------- */

/* NULL: raised. */
static cJSON *policy_of(struct ska_span payload, const struct ska_errors *errors)
{
    struct ska_rule rules[SKA_RULE_COUNT] = {{NULL, 0}};
    const struct ska_rule *all[SKA_RULE_COUNT] = {NULL};
    struct ska_modify modify;
    cJSON *policy = NULL;
    bool done = ska_modify_decode(payload, &modify, errors);

    for (size_t i = 0; done && i < SKA_RULE_COUNT; i++) {
        done = modify.rules[i].data != NULL
                   ? ska_rule_decode(modify.rules[i], &rules[i], errors)
                   : ska_fail(errors, SKA_R_UNSUPPORTED,
                              "the request leaves %s as it is: a broker needs all four rules",
                              ska_rule_members[i]);
        all[i] = &rules[i];
    }
    if (done) {
        policy = tsb_rules_body(all);
        if (policy == NULL)
            ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a call");
    }
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        ska_rule_clear(&rules[i]);
    return policy;
}

cJSON *tsb_change_members(const struct tsb_key *key, enum ska_operation operation,
                          struct ska_span payload, const struct ska_errors *errors)
{
    static const char *const names[] = {[SKA_OPERATION_BLOCK] = "blockKeyName",
                                        [SKA_OPERATION_UNBLOCK] = "unblockKeyName",
                                        [SKA_OPERATION_MODIFY] = "modifyKeyName"};
    bool modify = operation == SKA_OPERATION_MODIFY;
    cJSON *policy = modify ? policy_of(payload, errors) : NULL;
    cJSON *members = NULL;

    if (modify && policy == NULL)
        return NULL;
    members = cJSON_CreateObject();
    if (members != NULL &&
        ska_json_add_text(members, names[operation], backend_key_label(&key->base)) &&
        (!modify || ska_json_add_item(members, "policy", policy)))
        return members;
    if (members == NULL)
        cJSON_Delete(policy);
    cJSON_Delete(members);
    ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a call");
    return NULL;
}
