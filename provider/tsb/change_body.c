/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/change_body.h"

#include "provider/rule/policy_json.h"
#include "provider/rule/rule_codec.h"
#include "provider/tsb/rule_body.h"

/* ---- The payload ----------------------------------------------------------------------------- */

/* A broker replaces all four rules, so those that stay are named too, as they are now. */
static bool complete_rules(struct backend_key *key, struct ska_bytes encoded[SKA_RULE_COUNT],
                           const struct ska_errors *errors)
{
    struct backend_key_state state = {0};
    bool done = backend_key_state(key, &state, errors);

    for (size_t i = 0; done && i < SKA_RULE_COUNT; i++) {
        if (encoded[i].data != NULL)
            continue;
        if (state.rules[i].data == NULL)
            done = ska_fail(errors, SKA_R_UNSUPPORTED,
                            "%s cannot be read as it is now, and a broker takes all four rules: "
                            "name it in the policy",
                            ska_rule_members[i]);
        else
            done = ska_bytes_copy(&encoded[i], ska_span_of(&state.rules[i]), errors);
    }
    backend_key_state_clear(&state);
    return done;
}

bool tsb_modify_payload(struct backend_key *key, const struct ska_rule *const rules[SKA_RULE_COUNT],
                        struct ska_bytes *payload, const struct ska_errors *errors)
{
    struct ska_bytes encoded[SKA_RULE_COUNT] = {{NULL, 0}};
    struct ska_modify modify = {.rules = {{NULL, 0}}};
    bool done = tsb_rules_check(rules, errors);

    for (size_t i = 0; done && i < SKA_RULE_COUNT; i++)
        done = rules[i] == NULL || ska_rule_encode(rules[i], &encoded[i], errors);
    done = done && complete_rules(key, encoded, errors);
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        modify.rules[i] = ska_span_of(&encoded[i]);
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
                              "the request leaves %s as it is: a broker takes all four rules",
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
