/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures that agents approve, such as those of a TLS server, by the rule that was read with the
 * key: reading it each time is a question to the HSM more. It only tells how far the approvals are;
 * the HSM decides by what holds now. Where it comes to no signature the rule is read again, and
 * when it has changed signing goes by what the HSM tells from then on; it is tried once more at
 * once, unless the HSM itself has failed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "provider/sign/gather.h"
#include "provider/rule/quorum.h"
#include "provider/rule/rule_codec.h"

/* A failure that is not told yet. */
struct held {
    struct ska_errors errors; /* to hand to what may fail */
    enum ska_reason reason;   /* 0: none */
    const char *file;
    int line;
    const char *function;
    char *text;
};

static void hold(void *arg, enum ska_reason reason, const char *file, int line,
                 const char *function, const char *format, va_list args)
    __attribute__((format(printf, 6, 0)));

static void hold(void *arg, enum ska_reason reason, const char *file, int line,
                 const char *function, const char *format, va_list args)
{
    struct held *held = arg;

    free(held->text);
    if (vasprintf(&held->text, format, args) < 0)
        held->text = NULL;
    held->reason = reason;
    held->file = file;
    held->line = line;
    held->function = function;
}

static bool tell(const struct held *held, const struct ska_errors *errors)
{
    if (held->reason == 0 || held->text == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a failure");
    return ska_fail_at(errors, held->reason, held->file, held->line, held->function, "%s",
                       held->text);
}

/*
 * What people do takes minutes, and a rule with time limits asks the HSM for its clock anyway: only
 * agents, and a rule that they can satisfy. The audit log is to name approvers as the rule does
 * now, and a request that was prepared shows a rule that is newer.
 */
static bool remember_rule(const struct ska_signing *signing, const struct ska_request *bundle,
                          struct ska_rule *rule)
{
    struct ska_span encoded = hsm_key_use_rule(signing->key);

    if (bundle != NULL || signing->sources.directory != NULL || signing->audit_log != NULL ||
        signing->prepared != NULL || encoded.data == NULL || !ska_rule_decode(encoded, rule, NULL))
        return false;
    if (rule->alternative_count > 0 && !ska_rule_is_empty(rule) && !ska_rule_has_time_limit(rule))
        return true;
    ska_rule_clear(rule);
    return false;
}

/*
 * Whether another rule may be why. Where the HSM itself fails it may have signed, and is not asked
 * to do so twice.
 */
static bool is_about_approvals(enum ska_reason reason)
{
    switch (reason) {
    case SKA_R_APPROVALS_MISSING:
    case SKA_R_APPROVAL_INVALID:
    case SKA_R_APPROVER_NOT_LISTED:
    case SKA_R_APPROVER_DOUBLED:
    case SKA_R_RULE_IMPOSSIBLE:
    case SKA_R_TOO_EARLY:
    case SKA_R_EXPIRED:
    case SKA_R_HSM_REFUSED:
    case SKA_R_REJECTED:
    case SKA_R_AGENT_REFUSED:
    case SKA_R_AGENT_FAILURE:
        return true;
    default:
        return false;
    }
}

static bool has_changed(struct hsm_key *key)
{
    struct hsm_key_state state = {0};
    bool changed = hsm_key_state(key, &state, NULL) &&
                   !ska_span_equal(ska_span_of(&state.rules[SKA_RULE_USE]), hsm_key_use_rule(key));

    hsm_key_state_clear(&state);
    return changed;
}

bool ska_sign_gathering(const struct ska_signing *signing, struct ska_request *bundle,
                        const struct ska_output *output, const struct ska_errors *errors)
{
    struct ska_rule remembered = {0};
    struct held held = {.errors = {hold, &held}};
    bool changed = false;
    bool again = false;
    bool done = false;

    if (!remember_rule(signing, bundle, &remembered))
        return ska_gather_and_sign(signing, bundle, NULL, output, errors);
    done = ska_gather_and_sign(signing, NULL, &remembered, output, &held.errors);
    ska_rule_clear(&remembered);
    changed = !done && held.reason != SKA_R_INTERRUPTED && has_changed(signing->key);
    again = changed && is_about_approvals(held.reason);
    if (changed)
        hsm_key_forget_use_rule(signing->key);
    if (!done && !again)
        tell(&held, errors);
    free(held.text);
    if (!again)
        return done;
    return ska_gather_and_sign(signing, NULL, NULL, output, errors);
}
