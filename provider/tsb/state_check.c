/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/state_check.h"

#include "provider/base/error_capture.h"
#include "provider/rule/rule_check.h"
#include "provider/rule/rule_codec.h"
#include "provider/rule/rule_equal.h"

/* ---- Rules ----------------------------------------------------------------------------------- */

static bool fail_rule(const struct backend_key *key, enum ska_rule_kind kind, const char *what,
                      const struct ska_errors *errors)
{
    return ska_fail(errors, SKA_R_SERVER_FAILURE,
                    "key '%s': the broker says that it is done, but the %s rule of the key is %s "
                    "(skatool show)",
                    backend_key_label(key), ska_rule_names[kind], what);
}

/* Where approvers were only named, whoever filled in their keys may have put in one for several. */
static bool check_filled_in(const struct backend_key *key, enum ska_rule_kind kind,
                            const struct ska_rule *rule, const struct ska_errors *errors)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    struct ska_buffer why = {0};
    bool done = ska_rule_check(rule, ska_rule_names[kind], &quiet);

    if (!done) {
        ska_buffer_format(&why, "not one that can be relied on: %s",
                          ska_error_capture_text(&failure));
        fail_rule(key, kind, ska_buffer_string(&why), errors);
    }
    ska_buffer_free(&why);
    ska_error_capture_clear(&failure);
    return done;
}

static bool check_rule(const struct backend_key *key, enum ska_rule_kind kind,
                       const struct ska_bytes *told, const struct ska_rule *wanted,
                       const struct ska_errors *errors)
{
    struct ska_rule rule = {NULL, 0};
    bool same = false;

    if (told->data == NULL || !ska_rule_decode(ska_span_of(told), &rule, NULL))
        return fail_rule(key, kind, "not given in a form that can be read here", errors);
    same = (ska_rule_equal(&rule, wanted) ||
            fail_rule(key, kind, "not the one that was asked for", errors)) &&
           (ska_rule_find_onboarded(wanted) == NULL || check_filled_in(key, kind, &rule, errors));
    ska_rule_clear(&rule);
    return same;
}

/* Those that are NULL are not looked at. */
static bool check_rules(const struct backend_key *key, const struct backend_key_state *state,
                        const struct ska_rule *const rules[SKA_RULE_COUNT],
                        const struct ska_errors *errors)
{
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        if (rules[i] != NULL &&
            !check_rule(key, (enum ska_rule_kind)i, &state->rules[i], rules[i], errors))
            return false;
    return true;
}

static bool check_modified(const struct backend_key *key, const struct backend_key_state *state,
                           struct ska_span payload, const struct ska_errors *errors)
{
    struct ska_rule rules[SKA_RULE_COUNT] = {{NULL, 0}};
    const struct ska_rule *wanted[SKA_RULE_COUNT] = {NULL};
    struct ska_modify modify;
    bool done = ska_modify_decode(payload, &modify, errors);

    for (int i = 0; done && i < SKA_RULE_COUNT; i++) {
        if (modify.rules[i].data == NULL)
            continue;
        done = ska_rule_decode(modify.rules[i], &rules[i], errors);
        wanted[i] = &rules[i];
    }
    done = done && check_rules(key, state, wanted, errors);
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        ska_rule_clear(&rules[i]);
    return done;
}

/* ---- Blocked or not -------------------------------------------------------------------------- */

static bool check_blocked(const struct backend_key *key, enum backend_told told,
                          enum backend_told wanted, const struct ska_errors *errors)
{
    return told == wanted ||
           ska_fail(errors, SKA_R_SERVER_FAILURE,
                    "key '%s': the broker says that it is done, but %s (skatool show)",
                    backend_key_label(key),
                    told == BACKEND_NOT_TOLD ? "does not say whether the key is blocked"
                    : told == BACKEND_YES    ? "the key is blocked"
                                             : "the key is not blocked");
}

/* ---- Of a new key ---------------------------------------------------------------------------- */

bool tsb_check_created(const struct backend_key *key, const struct backend_key_state *state,
                       const struct backend_key_template *wanted, const struct ska_errors *errors)
{
    bool ska = wanted->rules[SKA_RULE_USE] != NULL;

    if (backend_key_is_ska(key) != ska)
        return ska_fail(errors, SKA_R_SERVER_FAILURE,
                        "key '%s': the broker says that it is done, but the key has %s",
                        backend_key_label(key), ska ? "no rules" : "rules");
    if (!check_rules(key, state, wanted->rules, errors))
        return false;
    if (wanted->blocked)
        return check_blocked(key, state->blocked, BACKEND_YES, errors);
    return state->blocked == BACKEND_NOT_TOLD ||
           check_blocked(key, state->blocked, BACKEND_NO, errors);
}

/* ---- After a change -------------------------------------------------------------------------- */

static bool check_state(const struct backend_key *key, const struct backend_key_state *state,
                        enum ska_operation operation, struct ska_span payload,
                        const struct ska_errors *errors)
{
    switch (operation) {
    case SKA_OPERATION_BLOCK:
        return check_blocked(key, state->blocked, BACKEND_YES, errors);
    case SKA_OPERATION_UNBLOCK:
        return check_blocked(key, state->blocked, BACKEND_NO, errors);
    case SKA_OPERATION_MODIFY:
        return check_modified(key, state, payload, errors);
    case SKA_OPERATION_SIGN:
        break;
    }
    return true;
}

enum broker_answer tsb_check_changed(struct tsb_key *key, enum ska_operation operation,
                                     struct ska_span payload, const struct ska_errors *errors)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors to_failure = ska_error_capture(&failure);
    struct backend_key_state state = {0};
    enum broker_answer answer = BROKER_TOLD;

    if (!backend_key_state(&key->base, &state, &to_failure)) {
        ska_fail(errors, failure.reason,
                 "the broker says that it is done, but that cannot be confirmed: %s",
                 ska_error_capture_text(&failure));
        answer = BROKER_AWAY;
    } else if (!check_state(&key->base, &state, operation, payload, errors)) {
        answer = BROKER_WRONG;
    }
    backend_key_state_clear(&state);
    ska_error_capture_clear(&failure);
    return answer;
}
