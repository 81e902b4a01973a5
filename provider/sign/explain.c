/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/explain.h"

#include <stdlib.h>
#include <string.h>

#include "provider/rule/policy.h"
#include "provider/rule/quorum.h"
#include "provider/rule/rule_codec.h"
#include "provider/request/approval_token.h"
#include "provider/sign/hsm_time.h"

/* libcrypto keeps about 1000 characters of a message; what must not be lost comes first in it. */
#define TEXT_LIMIT 800

enum ska_rule_kind ska_rule_kind_of(enum ska_operation operation)
{
    static const enum ska_rule_kind kinds[] = {
        [SKA_OPERATION_SIGN] = SKA_RULE_USE,
        [SKA_OPERATION_BLOCK] = SKA_RULE_BLOCK,
        [SKA_OPERATION_UNBLOCK] = SKA_RULE_UNBLOCK,
        [SKA_OPERATION_MODIFY] = SKA_RULE_MODIFY,
    };

    return kinds[operation];
}

bool ska_current_rule(struct hsm_key *key, enum ska_rule_kind kind, struct ska_rule *rule,
                      bool *known, const struct ska_errors *errors)
{
    struct hsm_key_state state = {0};
    const struct ska_bytes *encoded = &state.rules[kind];

    *known = false;
    if (!hsm_key_state(key, &state, errors))
        return false;
    /* A rule that does not decode here may be fine for the HSM: it is not known, not wrong. */
    if (encoded->data != NULL)
        *known = ska_rule_decode(ska_span_of(encoded), rule, NULL);
    hsm_key_state_clear(&state);
    return true;
}

bool ska_time_limits_of(OSSL_LIB_CTX *libctx, struct hsm_key *key, const struct ska_rule *rule,
                        struct ska_span token, struct ska_time_limits *limits)
{
    struct ska_approval_token decoded;
    char label[256];

    if (!ska_rule_has_time_limit(rule) || !ska_approval_token_decode(token, &decoded, NULL) ||
        !decoded.has_timestamp || decoded.timestamp.key_name.length >= sizeof(label))
        return false;
    memcpy(label, decoded.timestamp.key_name.data, decoded.timestamp.key_name.length);
    label[decoded.timestamp.key_name.length] = 0;
    limits->timestamp = decoded.timestamp.seconds;
    limits->window = ska_window_of_rule(rule, limits->timestamp);
    limits->now = ska_hsm_now(libctx, key, label);
    return true;
}

/* The text of a buffer, cut to what a message can hold; "" when there is none. */
static char *text_of(struct ska_buffer *buffer)
{
    struct ska_bytes text = {NULL, 0};

    if (buffer->length > TEXT_LIMIT) {
        buffer->length = TEXT_LIMIT;
        ska_buffer_text(buffer, "...");
    }
    if (!ska_buffer_finish(buffer, &text, NULL))
        return NULL;
    return (char *)text.data;
}

static const char *shown(const char *text)
{
    return text == NULL ? "" : text;
}

static bool is_impossible(const struct ska_rule *rule)
{
    return rule->alternative_count == 0;
}

static bool fail_impossible(struct hsm_key *key, enum ska_rule_kind kind,
                            const struct ska_errors *errors)
{
    return ska_fail(errors, SKA_R_RULE_IMPOSSIBLE,
                    "the %s rule of key '%s' has no alternatives, so nobody can satisfy it; only "
                    "a modification of the key can change that",
                    ska_rule_names[kind], hsm_key_label(key));
}

bool ska_explain_no_sources(struct hsm_key *key, const struct ska_rule *rule,
                            const struct ska_errors *errors)
{
    struct ska_progress none = {0};
    struct ska_buffer missing = {0};
    char *text = NULL;

    if (is_impossible(rule))
        return fail_impossible(key, SKA_RULE_USE, errors);
    ska_progress_missing(rule, &none, &missing);
    text = text_of(&missing);
    ska_fail(errors, SKA_R_APPROVALS_MISSING,
             "key '%s' signs with approvals only: %s. Give them by ska-approvals-file:FILE, or set "
             "ska-approvals-dir:DIR (or approvals-dir in the configuration) to ask for them",
             hsm_key_label(key), shown(text));
    free(text);
    return false;
}

/* What is told of one approval that does not count; the reason that weighs most names the failure.
 */
static enum ska_reason tell_approval(const struct ska_rule *rule,
                                     const struct ska_approval *approval,
                                     enum ska_approval_state state, struct ska_buffer *text)
{
    char *name = ska_approver_shown(rule, approval);
    enum ska_reason reason = SKA_R_APPROVALS_MISSING;
    const char *finding = "";

    switch (state) {
    case SKA_APPROVAL_INVALID:
        reason = SKA_R_APPROVAL_INVALID;
        finding = "the signature of %s does not verify over this approval token (changed, or made "
                  "for other data or another key)";
        break;
    case SKA_APPROVAL_NOT_LISTED:
        reason = SKA_R_APPROVER_NOT_LISTED;
        finding = "%s is not an approver of this key";
        break;
    case SKA_APPROVAL_DOUBLED:
        reason = SKA_R_APPROVER_DOUBLED;
        finding = "%s approved twice and counts once";
        break;
    case SKA_APPROVAL_COUNTS:
        break;
    }
    if (state != SKA_APPROVAL_COUNTS) {
        const char *rest = strstr(finding, "%s");

        if (text->length > 0)
            ska_buffer_text(text, "; ");
        ska_buffer_add(text, finding, (size_t)(rest - finding));
        ska_buffer_text(text, name == NULL ? "an approver" : name);
        ska_buffer_text(text, rest + 2);
    }
    free(name);
    return reason;
}

static enum ska_reason tell_approvals(const struct ska_rule *rule,
                                      const struct ska_request *request,
                                      const struct ska_progress *progress, struct ska_buffer *text)
{
    static const enum ska_reason weight[] = {SKA_R_APPROVALS_MISSING, SKA_R_APPROVER_DOUBLED,
                                             SKA_R_APPROVER_NOT_LISTED, SKA_R_APPROVAL_INVALID};
    size_t heaviest = 0;

    for (size_t i = 0; i < request->approval_count; i++) {
        enum ska_reason reason =
            tell_approval(rule, &request->approvals[i], progress->states[i], text);

        for (size_t w = 0; w < sizeof(weight) / sizeof(weight[0]); w++)
            if (weight[w] == reason && w > heaviest)
                heaviest = w;
    }
    return weight[heaviest];
}

/*
 * The window that matters now of those alternatives that have their approvals: an open one, else
 * the next to open, else the last to close.
 */
static struct ska_window nearest_window(const struct ska_rule *rule,
                                        const struct ska_progress *progress, uint64_t timestamp,
                                        uint64_t now)
{
    static const int rank[] = {
        [SKA_WINDOW_OPEN] = 2, [SKA_WINDOW_NOT_YET] = 1, [SKA_WINDOW_CLOSED] = 0};
    struct ska_window nearest = {0, 0};

    for (size_t i = 0; i < rule->alternative_count; i++) {
        struct ska_window window = ska_window_of(&rule->alternatives[i], timestamp);
        enum ska_window_state state = ska_window_state(&window, now);
        enum ska_window_state nearest_state = ska_window_state(&nearest, now);

        if (!ska_alternative_satisfied(&rule->alternatives[i], progress->keys, progress->key_count))
            continue;
        if (rank[state] > rank[nearest_state] ||
            (state == nearest_state &&
             (state == SKA_WINDOW_NOT_YET ? window.opens < nearest.opens
                                          : window.closes > nearest.closes)))
            nearest = window;
    }
    return nearest;
}

/* A request from before the rule had time limits: it can never be used any more. */
static bool lacks_timestamp(const struct ska_request *request, const struct ska_rule *rule)
{
    struct ska_approval_token token;

    return ska_rule_has_time_limit(rule) &&
           ska_approval_token_decode(ska_span_of(&request->approval_token), &token, NULL) &&
           !token.has_timestamp;
}

/* Enough have approved, and still the HSM says no: is it the time? */
static bool explain_time(OSSL_LIB_CTX *libctx, struct hsm_key *key,
                         const struct ska_request *request, const struct ska_rule *rule,
                         const struct ska_progress *progress, const struct ska_errors *errors)
{
    struct ska_time_limits limits;
    char opens[32];
    char closes[32];
    char now[32];

    if (lacks_timestamp(request, rule)) {
        ska_fail(errors, SKA_R_EXPIRED,
                 "key '%s', request %.16s: the rule has a time limit, and the request holds no "
                 "time of the HSM. Make a new request",
                 hsm_key_label(key), request->id);
        return true;
    }
    if (!ska_time_limits_of(libctx, key, rule, ska_span_of(&request->approval_token), &limits))
        return false;
    limits.window = nearest_window(rule, progress, limits.timestamp, limits.now);
    ska_time_text(limits.window.opens, opens);
    ska_time_text(limits.window.closes, closes);
    ska_time_text(limits.now, now);
    switch (ska_window_state(&limits.window, limits.now)) {
    case SKA_WINDOW_NOT_YET:
        ska_fail(errors, SKA_R_TOO_EARLY,
                 "key '%s', request %.16s: the approvals count, but not before %s; the HSM's "
                 "clock says %s",
                 hsm_key_label(key), request->id, opens, now);
        return true;
    case SKA_WINDOW_CLOSED:
        ska_fail(errors, SKA_R_EXPIRED,
                 "key '%s', request %.16s: the approvals expired at %s; the HSM's clock says %s. "
                 "Make a new request",
                 hsm_key_label(key), request->id, closes, now);
        return true;
    case SKA_WINDOW_OPEN:
        break;
    }
    ska_fail(errors, SKA_R_EXPIRED,
             "key '%s', request %.16s: by its rule usable from %s until %s, the HSM's clock says "
             "%s: perhaps the HSM counts the timeout from the timestamp on. Make a new request",
             hsm_key_label(key), request->id, opens, closes, now);
    return true;
}

static bool explain_with_rule(OSSL_LIB_CTX *libctx, struct hsm_key *key,
                              const struct ska_request *request, const struct ska_rule *rule,
                              const struct ska_progress *progress,
                              const struct hsm_refusal *refusal, const struct ska_errors *errors)
{
    struct ska_buffer wrong = {0};
    struct ska_buffer missing = {0};
    enum ska_reason reason = tell_approvals(rule, request, progress, &wrong);
    char *wrong_text = NULL;
    char *missing_text = NULL;

    if (progress->satisfied && reason == SKA_R_APPROVALS_MISSING) {
        ska_buffer_free(&wrong);
        if (refusal->unsatisfied && explain_time(libctx, key, request, rule, progress, errors))
            return false;
        reason = SKA_R_HSM_REFUSED;
    }
    if (!progress->satisfied)
        ska_progress_missing(rule, progress, &missing);
    wrong_text = text_of(&wrong);
    missing_text = text_of(&missing);
    if (progress->satisfied)
        ska_fail(errors, reason, "key '%s', request %.16s: %s%sthe HSM said %s", hsm_key_label(key),
                 request->id, shown(wrong_text),
                 wrong_text != NULL && wrong_text[0] != 0 ? "; " : "", refusal->code);
    else
        ska_fail(errors, reason, "key '%s', request %.16s: %s%s%s; skatool status tells more",
                 hsm_key_label(key), request->id, shown(wrong_text),
                 wrong_text != NULL && wrong_text[0] != 0 ? "; " : "", shown(missing_text));
    free(wrong_text);
    free(missing_text);
    return false;
}

/* A blocked key, and by what right it can be unblocked. */
static bool explain_blocked(struct hsm_key *key, const struct ska_errors *errors)
{
    struct ska_progress none = {0};
    struct ska_buffer missing = {0};
    struct ska_rule rule = {0};
    char *text = NULL;
    bool known = false;

    if (!ska_current_rule(key, SKA_RULE_UNBLOCK, &rule, &known, errors))
        return false;
    if (known && is_impossible(&rule))
        ska_buffer_text(&missing, "nobody can unblock it");
    else if (known && ska_rule_is_empty(&rule))
        ska_buffer_text(&missing, "unblocking needs no approval");
    else if (known) {
        ska_buffer_text(&missing, "to unblock it: ");
        ska_progress_missing(&rule, &none, &missing);
    }
    text = text_of(&missing);
    ska_fail(errors, SKA_R_KEY_BLOCKED,
             "key '%s' is blocked: no approval makes it sign until it is unblocked%s%s%s",
             hsm_key_label(key), known ? " (" : "", shown(text), known ? ")" : "");
    free(text);
    ska_rule_clear(&rule);
    return false;
}

bool ska_is_blocked(struct hsm_key *key)
{
    struct hsm_key_state state = {0};
    bool blocked = hsm_key_state(key, &state, NULL) && state.blocked;

    hsm_key_state_clear(&state);
    return blocked;
}

bool ska_check_not_blocked(struct hsm_key *key, const struct ska_errors *errors)
{
    return !ska_is_blocked(key) || explain_blocked(key, errors);
}

bool ska_explain_refusal(OSSL_LIB_CTX *libctx, struct hsm_key *key,
                         const struct ska_request *request, const struct hsm_refusal *refusal,
                         const struct ska_errors *errors)
{
    enum ska_rule_kind kind = ska_rule_kind_of(request->operation);
    struct ska_rule rule = {0};
    struct ska_progress progress = {0};
    bool known = false;

    if (refusal->blocked)
        return explain_blocked(key, errors);
    if (!ska_current_rule(key, kind, &rule, &known, errors))
        return false;
    if (known && is_impossible(&rule)) {
        fail_impossible(key, kind, errors);
    } else if (ska_progress_find(libctx, known ? &rule : NULL,
                                 ska_span_of(&request->approval_token), request->approvals,
                                 request->approval_count, &progress, errors)) {
        if (known)
            explain_with_rule(libctx, key, request, &rule, &progress, refusal, errors);
        else
            ska_fail(errors, SKA_R_HSM_REFUSED,
                     "key '%s', request %.16s: %zu of %zu approvals have a valid signature; the "
                     "HSM said %s and does not tell the rule",
                     hsm_key_label(key), request->id, progress.key_count, request->approval_count,
                     refusal->code);
    }
    ska_progress_clear(&progress);
    ska_rule_clear(&rule);
    return false;
}

/* What the requester can do about it. */
static void tell_remedy(const struct ska_pending *pending, struct ska_buffer *text)
{
    const struct ska_request *request = pending->request;

    if (pending->reason == SKA_R_EXPIRED)
        ska_buffer_format(text,
                          "request %.16s: the time for approvals is over; sign again, for a "
                          "new request: ",
                          request->id);
    else if (pending->reason == SKA_R_REJECTED)
        ska_buffer_format(text, "request %s: ", request->id);
    else if (pending->directory != NULL)
        ska_buffer_format(text,
                          "skatool approve --approver KEY --dir %s %s, and then the same command "
                          "again%s%s: ",
                          pending->directory, request->id,
                          request->not_after != NULL ? ", before " : "",
                          request->not_after != NULL ? request->not_after : "");
    else
        ska_buffer_format(text, "key '%s', request %.16s: ", request->key_label, request->id);
}

bool ska_explain_pending(const struct ska_pending *pending, const struct ska_errors *errors)
{
    struct ska_buffer text = {0};
    char *shown_text = NULL;

    tell_remedy(pending, &text);
    if (pending->rule == NULL)
        ska_buffer_format(&text, "%zu valid approvals so far", pending->progress->key_count);
    else
        ska_progress_missing(pending->rule, pending->progress, &text);
    if (pending->request->approval_count > pending->progress->key_count) {
        ska_buffer_text(&text, "; ");
        tell_approvals(pending->rule, pending->request, pending->progress, &text);
    }
    if (pending->notes->length > 0)
        ska_buffer_add(&text, pending->notes->data, pending->notes->length);
    shown_text = text_of(&text);
    ska_fail(errors, pending->reason, "%s", shown(shown_text));
    free(shown_text);
    return false;
}
