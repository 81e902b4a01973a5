/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/exit_status.h"
#include "tools/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provider/base/evp_verify.h"
#include "provider/request/algorithm.h"
#include "provider/sign/ballot_text.h"
#include "provider/request/approver_signature.h"
#include "tools/report.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"

void verify_add(struct verification *verification, enum verdict verdict, const char *format, ...)
{
    static const char *const words[] = {[VERIFY_OK] = "ok",
                                        [VERIFY_WRONG] = "WRONG",
                                        [VERIFY_MISSING] = "MISSING",
                                        [VERIFY_NOTHING] = "-"};
    struct ska_buffer text = {0};
    va_list args;

    va_start(args, format);
    ska_buffer_format_args(&text, format, args);
    va_end(args);
    /* A line that cannot be formed would be missed in the list, so there is none then. */
    verification->text.failed = verification->text.failed || text.failed;
    ska_buffer_format(&verification->text, "    %-7s ", words[verdict]);
    ska_buffer_append(&verification->text, &text);
    ska_buffer_text(&verification->text, "\n");
    if ((verdict == VERIFY_WRONG || verdict == VERIFY_MISSING) && verification->wrong++ == 0)
        ska_buffer_append(&verification->first, &text);
    ska_buffer_free(&text);
}

void verify_add_failure(struct verification *verification, const struct ska_error_capture *failure)
{
    bool input = exit_status(failure->reason) == exit_status(SKA_R_BAD_REQUEST);

    verify_add(verification, VERIFY_WRONG, "%s", ska_error_capture_text(failure));
    if (verification->reason == 0)
        verification->reason = input ? failure->reason : SKA_R_BAD_REQUEST;
}

void verify_clear(struct verification *verification)
{
    ska_buffer_free(&verification->text);
    ska_buffer_free(&verification->first);
}

/* ---- The end ----------------------------------------------------------------------------- */

/* "seal.json: the request id is not that of ...; 2 of the above are WRONG" */
static void fail_wrong(struct tool *tool, struct verification *verification, enum ska_reason reason,
                       const char *shown)
{
    const char *first = ska_buffer_string(&verification->first);
    bool named = strncmp(first, shown, strlen(shown)) == 0;
    char more[64] = "";

    if (verification->wrong > 1)
        snprintf(more, sizeof(more), "; %zu of the above are WRONG", verification->wrong);
    ska_fail(&tool->errors, verification->reason != 0 ? verification->reason : reason, "%s%s%s%s",
             named ? "" : shown, named ? "" : ": ", first, more);
}

bool verify_conclude(struct tool *tool, struct verification *verification, enum ska_reason reason,
                     const char *shown)
{
    struct ska_buffer text = {0};
    bool done = true;

    if (verification->text.length > 0)
        ska_buffer_text(&text, "\nVerified without an HSM:\n");
    ska_buffer_append(&text, &verification->text);
    done = text_print(&text, &tool->errors);
    if (done && verification->wrong > 0) {
        fail_wrong(tool, verification, reason, shown);
        done = false;
    }
    verify_clear(verification);
    return done;
}

/* ---- The request ----------------------------------------------------------------------------- */

/* The id stands for the content; another one in its place would be taken for another request. */
static bool verify_id(struct verification *verification, const struct ska_request *request,
                      const struct ska_errors *errors)
{
    bool same = false;

    if (!ska_request_check_id(request, verification->libctx, &same, errors))
        return false;
    verify_add(verification, same ? VERIFY_OK : VERIFY_WRONG,
               same ? "the request id is that of operation, key, algorithm and payload"
                    : "the request id is not that of operation, key, algorithm and payload");
    return true;
}

static void verify_digest(struct verification *verification, const struct ska_request *request)
{
    enum ska_digest digest = SKA_DIGEST_NONE;
    struct ska_span value = {NULL, 0};

    if (request->digest == SKA_DIGEST_NONE || !request_document_digest(request, &digest, &value))
        return;
    if (digest == request->digest && ska_span_equal(value, ska_span_of(&request->digest_value)))
        verify_add(verification, VERIFY_OK, "the digest is that in the payload");
    else
        verify_add(verification, VERIFY_WRONG, "the digest is not that in the payload");
}

static void verify_content(struct verification *verification, const struct ska_request *request)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors errors = ska_error_capture(&failure);

    if (request->signed_content.length == 0)
        return;
    if (ska_request_check_content(request, verification->libctx, &errors))
        verify_add(verification, VERIFY_OK, "the signed content has the digest in the payload");
    else
        verify_add_failure(verification, &failure);
    ska_error_capture_clear(&failure);
}

static void verify_timestamp(struct verification *verification, const struct ska_request *request)
{
    struct ska_approval_token token;
    struct ska_bytes plain = {NULL, 0};
    const char *digest = NULL;

    memset(&token, 0, sizeof(token));
    if (!ska_approval_token_decode(ska_span_of(&request->approval_token), &token, NULL) ||
        !token.has_timestamp)
        return;
    if (request->timestamp_key.length == 0) {
        verify_add(verification, VERIFY_NOTHING,
                   "HSM time: the timestamp key is not in the request");
        return;
    }
    if (ska_signature_from_der(token.timestamp_signature, &digest, &plain, NULL) &&
        ska_signature_verify(verification->libctx, ska_span_of(&request->timestamp_key), digest,
                             ska_span_of(&plain), token.timestamp.block))
        verify_add(verification, VERIFY_OK, "HSM time: signed by the timestamp key given");
    else
        verify_add(verification, VERIFY_WRONG, "HSM time: not signed by the timestamp key given");
    ska_bytes_free(&plain);
}

static void verify_approval_line(struct verification *verification, const struct ska_rule *rule,
                                 const struct ska_approval *approval)
{
    static const char *const texts[] = {
        [SKA_ANSWER_UNSEEN] = "was not looked at:",
        [SKA_ANSWER_COUNTS] = "is a signature over this token by",
        [SKA_ANSWER_INVALID] = "is NOT a signature over this token by",
        [SKA_ANSWER_NOT_LISTED] = "does not count: it is by somebody the rule does not list:",
        [SKA_ANSWER_DOUBLED] = "does not count a second time: it is also by",
        [SKA_ANSWER_TOO_MANY] = "is one too many:"};
    struct ska_buffer name = {0};

    ska_signer_text(rule, approval, &name);
    verification->text.failed = verification->text.failed || name.failed;
    verify_add(verification,
               approval->state == SKA_ANSWER_COUNTS    ? VERIFY_OK
               : approval->state == SKA_ANSWER_INVALID ? VERIFY_WRONG
                                                       : VERIFY_NOTHING,
               "approval: %s %s", texts[approval->state], ska_buffer_string(&name));
    ska_buffer_free(&name);
}

static void verify_sum(struct verification *verification, const struct ska_ballot *ballot)
{
    struct ska_buffer missing = {0};
    /* Evidence says that the HSM was content; then so must we be. */
    enum verdict lacking = ballot->request->signature.length > 0 ? VERIFY_WRONG : VERIFY_NOTHING;

    if (ballot->rule == NULL) {
        verify_add(verification, VERIFY_NOTHING, "rule: not in the request");
        return;
    }
    if (ska_ballot_judge(ballot).satisfied) {
        verify_add(verification, VERIFY_OK, "rule as given here: satisfied");
        return;
    }
    ska_ballot_progress_text(ballot, &missing);
    verification->text.failed = verification->text.failed || missing.failed;
    verify_add(verification, lacking, "rule as given here: not satisfied yet: %s",
               ska_buffer_string(&missing));
    ska_buffer_free(&missing);
}

/* ---- Times ----------------------------------------------------------------------------------- */

static void verify_stated_time(struct verification *verification, const char *name,
                               const char *stated, uint64_t expected)
{
    uint64_t seconds = 0;

    if (stated == NULL)
        return;
    if (!ska_time_read(stated, &seconds)) {
        verify_add(verification, VERIFY_NOTHING, "%s: not in a form that is known here", name);
        return;
    }
    verify_add(verification, seconds == expected ? VERIFY_OK : VERIFY_WRONG,
               "%s: %s what the rule makes of the HSM's time", name,
               seconds == expected ? "is" : "is NOT");
}

/* The clock of the signer's machine and that of the HSM may differ so much. */
#define CLOCKS_DIFFER 300

static enum ska_usable usable_at_time(const struct ska_ballot *ballot, uint64_t from, uint64_t to)
{
    return ska_ballot_judge_between(ballot, from, to).best.usable;
}

static void verify_executed(struct verification *verification, const struct ska_ballot *ballot)
{
    const struct ska_request *request = ballot->request;
    uint64_t executed = 0;
    uint64_t early = 0;

    if (request->signature.length == 0 || !ska_ballot_judge(ballot).satisfied)
        return;
    if (!ska_time_read(request->executed, &executed)) {
        verify_add(verification, VERIFY_NOTHING, "executed: the time is not given");
        return;
    }
    early = executed < CLOCKS_DIFFER ? 0 : executed - CLOCKS_DIFFER;
    if (usable_at_time(ballot, executed, executed) <= SKA_USABLE_NOW)
        verify_add(verification, VERIFY_OK, "executed: when the approvals could be used");
    else if (usable_at_time(ballot, early, executed + CLOCKS_DIFFER) <= SKA_USABLE_NOW)
        verify_add(verification, VERIFY_NOTHING,
                   "executed: when the approvals could be used, give or take a few minutes (by "
                   "the signer's clock, not the HSM's)");
    else
        verify_add(verification, VERIFY_WRONG, "executed: NOT when the approvals could be used, %s",
                   usable_at_time(ballot, executed, executed) == SKA_USABLE_LATER ? "too early"
                                                                                  : "too late");
}

/* What times outside of the token say must follow from the rule and the HSM's time inside. */
static void verify_times(struct verification *verification, const struct ska_ballot *ballot)
{
    struct ska_window window;

    if (ballot->rule == NULL || !ska_rule_has_time_limit(ballot->rule) ||
        !ballot->token.has_timestamp)
        return;
    window = ska_window_of_rule(ballot->rule, ballot->token.timestamp.seconds);
    verify_stated_time(verification, "notBefore", ballot->request->not_before, window.opens);
    verify_stated_time(verification, "notAfter", ballot->request->not_after, window.closes);
    verify_executed(verification, ballot);
}

/* ---- All of it ------------------------------------------------------------------------------- */

static bool verify_approvals(struct verification *verification, struct ska_request *request,
                             const struct ska_errors *errors)
{
    struct ska_ballot ballot = {
        .libctx = verification->libctx, .request = request, .rule = request_stated_rule(request)};
    bool done = ska_ballot_open(&ballot, errors);

    if (done) {
        for (size_t i = 0; i < request->approval_count; i++)
            verify_approval_line(verification, ballot.rule, &request->approvals[i]);
        if (request->approval_count == 0)
            verify_add(verification, VERIFY_NOTHING, "approvals: none yet");
        verify_sum(verification, &ballot);
        verify_times(verification, &ballot);
    }
    ska_ballot_close(&ballot);
    return done;
}

static void verify_add_signature(struct verification *verification,
                                 const struct ska_request *request)
{
    if (request->signature.length == 0) {
        verify_add(verification, VERIFY_NOTHING, "signature: none in here");
        return;
    }
    if (request->operation != SKA_OPERATION_SIGN)
        verify_add(verification, VERIFY_WRONG, "signature: there is one, but nothing to sign");
    else if (ska_spki_verifies(verification->libctx, ska_span_of(&request->public_key),
                               &request->mechanism, ska_span_of(&request->payload),
                               ska_span_of(&request->signature)))
        verify_add(verification, VERIFY_OK, "signature: by the key given here over the payload");
    else
        verify_add(verification, VERIFY_WRONG,
                   "signature: NOT by the key given here over the payload");
}

bool verify_request(struct verification *verification, struct ska_request *request,
                    const struct ska_errors *errors)
{
    /* ska_request_parse() has compared them. */
    verify_add(verification, VERIFY_OK,
               "operation, key label and payload outside are those in the token");
    if (!verify_id(verification, request, errors))
        return false;
    verify_digest(verification, request);
    verify_content(verification, request);
    verify_timestamp(verification, request);
    if (!verify_approvals(verification, request, errors))
        return false;
    verify_add_signature(verification, request);
    return true;
}

bool verify_told_request(struct verification *verification, const struct ska_request *request,
                         const struct ska_errors *errors)
{
    if (!verify_id(verification, request, errors))
        return false;
    verify_digest(verification, request);
    verify_content(verification, request);
    verify_add(verification, VERIFY_NOTHING,
               "approvals: a broker keeps them; only it says that there were any, and by whom; "
               "nothing here proves it");
    verify_add_signature(verification, request);
    if (request->signature.length == 0)
        verify_add(verification, VERIFY_MISSING, "signature: evidence has one");
    return true;
}
