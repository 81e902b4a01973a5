/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config --plan: the key, and the timestamp key.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provider/base/error_capture.h"
#include "provider/hsm/key_generate.h"
#include "provider/hsm/token.h"
#include "provider/keys/list_keys.h"
#include "provider/rule/policy_json.h"
#include "provider/rule/rule_codec.h"
#include "provider/rule/rule_equal.h"
#include "provider/sign/explain.h"
#include "provider/sign/hsm_time.h"
#include "tools/command/plan.h"

/* Seconds by which the clocks may differ without a word. */
#define CLOCK_TOLERANCE 60

/* ---- A key that is not there ----------------------------------------------------------------- */

static bool see_key(void *seen, const struct hsm_object *object)
{
    (void)object;
    *(bool *)seen = true;
    return false;
}

/*
 * Whether a key by this URI can be made: it can name one, and no private key has the label, with
 * whatever id.
 */
static bool can_be_made(const struct plan *plan, const struct hsm_uri *uri)
{
    const struct hsm_defaults defaults = tool_defaults(plan->tool);
    struct hsm_uri by_label = *uri; /* borrowed */
    struct backend_key_template named = {0};
    struct hsm_look_up wanted;
    bool seen = false;

    by_label.id = (struct ska_bytes){NULL, 0};
    wanted = tool_look_up(&by_label, &defaults);
    wanted.source.prompt = NULL;
    return hsm_key_template_name(&named, uri, NULL) &&
           keys_list(&plan->tool->configuration.settings, &wanted, see_key, &seen, NULL) && !seen;
}

static void plan_missing_key(struct plan *plan, const struct hsm_uri *uri, const char *shown,
                             const struct ska_error_capture *failure)
{
    plan_item(plan, PLAN_TO_DO, "key", "%s", ska_error_capture_text(failure));
    if (failure->reason == SKA_R_KEY_NOT_FOUND && can_be_made(plan, uri))
        plan_command("skatool keygen --key %s --algorithm EC --policy %s", shown,
                     plan->policy_path == NULL ? "policy.json" : plan->policy_path);
}

/* ---- A key that is there --------------------------------------------------------------------- */

/* What cannot be decoded here is not known. */
static bool read_key_rules(struct plan *plan, struct backend_key *key,
                           const struct ska_errors *errors)
{
    struct ska_policy *rules = &plan->key_rules;
    struct backend_key_state state = {0};

    if (!backend_key_state(key, &state, errors))
        return false;
    for (int kind = 0; kind < SKA_RULE_COUNT; kind++)
        rules->named[kind] =
            state.rules[kind].data != NULL &&
            ska_rule_decode(ska_span_of(&state.rules[kind]), &rules->rules[kind], NULL);
    backend_key_state_clear(&state);
    return true;
}

/* Adds ", ruleUse" for each rule of the policy that the key has otherwise, or does not tell. */
static void add_differences(const struct plan *plan, struct ska_buffer *other,
                            struct ska_buffer *untold)
{
    for (int kind = 0; kind < SKA_RULE_COUNT; kind++) {
        struct ska_buffer *to = plan->key_rules.named[kind] ? other : untold;

        if (!plan->policy->named[kind] ||
            (plan->key_rules.named[kind] &&
             ska_rule_equal(&plan->policy->rules[kind], &plan->key_rules.rules[kind])))
            continue;
        ska_buffer_format(to, "%s%s", to->length == 0 ? "" : ", ", ska_rule_members[kind]);
    }
}

static bool has_rules_of_policy(struct plan *plan, const char *label)
{
    struct ska_buffer other = {0};
    struct ska_buffer untold = {0};
    bool same = false;

    add_differences(plan, &other, &untold);
    same = other.length == 0 && untold.length == 0;
    if (other.length > 0)
        plan_item(plan, PLAN_TO_DO, "key",
                  "'%s' has other rules than %s (%s): correct the file, or change the key's rules "
                  "(skatool request --operation modify)",
                  label, plan->policy_path, ska_buffer_string(&other));
    else if (untold.length > 0)
        plan_item(plan, PLAN_ASK, "key",
                  "does '%s' have the rules in %s? The HSM does not tell: %s", label,
                  plan->policy_path, ska_buffer_string(&untold));
    ska_buffer_free(&other);
    ska_buffer_free(&untold);
    return same;
}

static bool can_sign(struct plan *plan, struct backend_key *key)
{
    struct ska_error_capture capture = {0};
    const struct ska_errors quiet = ska_error_capture(&capture);
    bool done = read_key_rules(plan, key, &quiet) && ska_check_not_blocked(key, &quiet);

    if (!done)
        plan_item(plan, PLAN_TO_DO, "key", "%s", ska_error_capture_text(&capture));
    ska_error_capture_clear(&capture);
    return done;
}

static void plan_rules_key(struct plan *plan, struct backend_key *key)
{
    const char *label = backend_key_label(key);
    const bool ready = can_sign(plan, key);

    if ((plan->policy == NULL || has_rules_of_policy(plan, label)) && ready)
        plan_item(plan, PLAN_DONE, "key", "'%s', with rules", label);
}

static void plan_ordinary_key(struct plan *plan, const struct backend_key *key)
{
    const char *label = backend_key_label(key);
    const char *kind = backend_key_is_timestamp(key) ? "a timestamp key" : "an ordinary key";

    if (plan->policy == NULL)
        plan_item(plan, PLAN_DONE, "key", "'%s', without rules (%s)", label, kind);
    else
        plan_item(plan, PLAN_TO_DO, "key",
                  "'%s' is %s, which can never get the rules in %s: create a key with another "
                  "label",
                  label, kind, plan->policy_path);
}

/* True: it has rules. */
static bool plan_key_of(struct plan *plan, const struct hsm_uri *uri, const char *shown)
{
    const struct hsm_defaults defaults = tool_defaults(plan->tool);
    struct hsm_look_up wanted = tool_look_up(uri, &defaults);
    struct ska_error_capture capture = {0};
    const struct ska_errors quiet = ska_error_capture(&capture);
    struct backend_key *key = NULL;
    bool has_rules = false;

    wanted.source.prompt = NULL;
    if (!keys_find(&plan->tool->configuration.settings, &wanted, plan->tool->libctx, &key, &quiet))
        plan_missing_key(plan, uri, shown, &capture);
    else if ((has_rules = backend_key_is_ska(key)))
        plan_rules_key(plan, key);
    else
        plan_ordinary_key(plan, key);
    ska_error_capture_clear(&capture);
    backend_key_free(key);
    return has_rules;
}

bool plan_key(struct plan *plan, bool can_look)
{
    struct ska_error_capture capture = {0};
    const struct ska_errors quiet = ska_error_capture(&capture);
    struct hsm_uri *uri = NULL;
    char *shown = NULL; /* without a PIN */
    bool has_rules = false;

    if (!hsm_uri_parse(plan->key, &uri, &quiet))
        plan_item(plan, PLAN_TO_DO, "key", "%s", ska_error_capture_text(&capture));
    else if ((shown = hsm_uri_write(uri)) == NULL)
        plan_item(plan, PLAN_TO_DO, "key", "out of memory");
    else if (!can_look)
        plan_item(plan, PLAN_ASK, "key", "%s: not looked for yet, see above", shown);
    else
        has_rules = plan_key_of(plan, uri, shown);
    ska_error_capture_clear(&capture);
    hsm_uri_free(uri);
    free(shown);
    return has_rules;
}

/* ---- The timestamp key ----------------------------------------------------------------------- */

static void plan_clock(struct plan *plan, uint64_t seconds)
{
    long long difference = (long long)seconds - (long long)time(NULL);

    if (llabs(difference) <= CLOCK_TOLERANCE)
        plan_item(plan, PLAN_DONE, "clocks", "HSM and computer agree");
    else
        plan_item(
            plan, PLAN_TO_DO, "clocks",
            "the HSM's clock is %lld seconds %s this computer's: the HSM's counts for time limits",
            llabs(difference), difference > 0 ? "ahead of" : "behind");
}

static void plan_no_timestamp_key(struct plan *plan, const char *label,
                                  const struct ska_error_capture *failure)
{
    const struct ska_span object = ska_span_text(label);
    const struct hsm_uri uri = {
        .object = {(uint8_t *)(uintptr_t)object.data, object.length}}; /* borrowed */
    char *shown = hsm_uri_write(&uri);

    plan_item(plan, PLAN_TO_DO, "timestamp key", "%s%s", ska_error_capture_text(failure),
              failure->reason == SKA_R_BAD_CONFIGURATION ? ": set timestamp-key to another label"
                                                         : "");
    if (failure->reason == SKA_R_KEY_NOT_FOUND && shown != NULL && can_be_made(plan, &uri))
        plan_command("skatool keygen --timestamp --key %s --algorithm EC", shown);
    free(shown);
}

static void plan_named_timestamp_key(struct plan *plan, const char *label, struct hsm_token *token)
{
    const struct hsm_key_match match = {ska_span_text(label), {NULL, 0}};
    struct ska_error_capture capture = {0};
    const struct ska_errors quiet = ska_error_capture(&capture);
    struct backend_key *key = NULL;
    uint64_t seconds = 0;

    if (hsm_key_find(token, &match, plan->tool->libctx, &key, &quiet) &&
        ska_hsm_now(key, label, &seconds, &quiet)) {
        plan_item(plan, PLAN_DONE, "timestamp key", "'%s'", label);
        plan_clock(plan, seconds);
    } else {
        plan_no_timestamp_key(plan, label, &capture);
    }
    ska_error_capture_clear(&capture);
    backend_key_free(key);
}

void plan_timestamp_key(struct plan *plan, struct hsm_token *token)
{
    const char *label = plan->tool->configuration.settings.timestamp_key;

    if (label != NULL && token != NULL)
        plan_named_timestamp_key(plan, label, token);
    else if (label != NULL)
        plan_item(plan, PLAN_ASK, "timestamp key", "'%s': not looked for without a login", label);
    else if (plan_has_time_limits(plan))
        plan_item(plan, PLAN_TO_DO, "timestamp key",
                  "set timestamp-key to its label, for example clock: the rules have time limits");
    else
        plan_item(plan, PLAN_UNSET, "timestamp key",
                  "timestamp-key is not set: rules with time limits, which limit how long an "
                  "approval can be used, need it");
}
