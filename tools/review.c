/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/review.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provider/base/evp_key.h"
#include "provider/sign/ballot_text.h"
#include "provider/rule/quorum.h"
#include "tools/input.h"
#include "provider/base/printable.h"
#include "provider/rule/rule_text.h"
#include "tools/show/request_text.h"
#include "tools/show/terminal.h"

/* ---- Reading --------------------------------------------------------------------------------- */

bool review_check_id(struct tool *tool, const struct ska_request *request, const char *shown)
{
    bool same = false;

    if (!ska_request_check_id(request, tool->libctx, &same, &tool->errors))
        return false;
    return same ||
           ska_fail(&tool->errors, SKA_R_BAD_REQUEST,
                    "%s: its id is not that of what it asks for; somebody has changed it", shown);
}

bool review_read_again(struct tool *tool, struct review *review)
{
    struct ska_request *now = NULL;
    bool same = false;

    if (!request_source_read(tool, &review->source, &now))
        return false;
    same = ska_span_equal(ska_span_of(&now->approval_token),
                          ska_span_of(&review->request->approval_token));
    if (same && review->source.directory == NULL) {
        ska_ballot_close(&review->ballot); /* this and the next point into the request that goes */
        review->listed = NULL;
        ska_request_free(review->request);
        review->request = now;
        return true;
    }
    ska_request_free(now);
    return same || ska_fail(&tool->errors, SKA_R_BAD_REQUEST,
                            "%s was replaced by another request while it was shown: nothing was "
                            "written",
                            review->source.what);
}

/* ---- The approver ---------------------------------------------------------------------------- */

/* So many keys are decoded to be compared. */
#define DECODED_MOST 100
/* So many of a group are named to who is not one of them. */
#define NAMED_MOST 5

const struct ska_approver *review_find_listed(OSSL_LIB_CTX *libctx, const struct ska_rule *rule,
                                              struct ska_span public_key)
{
    const struct ska_approver *listed = ska_rule_find_approver(rule, public_key);

    if (listed != NULL)
        return listed;
    /* Keys are compared as keys: a rule may hold another encoding than libcrypto writes. */
    for (size_t i = 0; i < DECODED_MOST; i++) {
        listed = ska_rule_approver_at(rule, i);
        if (listed == NULL || ska_evp_equal(libctx, ska_span_of(&listed->public_key), public_key))
            return listed;
    }
    return NULL;
}

static bool fail_not_listed(struct tool *tool, const struct review *review,
                            const struct ska_rule *rule)
{
    struct ska_buffer names = {0};

    ska_rule_text(rule, NAMED_MOST, &names);
    ska_fail(&tool->errors, SKA_R_APPROVER_NOT_LISTED,
             "the key %s is not one of those who may approve this request: %s", review->key.shown,
             ska_buffer_string(&names));
    ska_buffer_free(&names);
    return false;
}

static bool review_find_place(struct tool *tool, struct review *review)
{
    const struct ska_rule *rule = request_stated_rule(review->request);

    if (rule == NULL) {
        report_warning("the request does not say who may approve: whether this counts is not "
                       "known");
        return true;
    }
    review->listed = review_find_listed(tool->libctx, rule, ska_span_of(&review->key.public_key));
    return review->listed != NULL || fail_not_listed(tool, review, rule);
}

struct ska_span review_key(const struct review *review)
{
    return ska_span_of(review->listed != NULL ? &review->listed->public_key
                                              : &review->key.public_key);
}

bool review_open_key(struct tool *tool, struct review *review)
{
    return approver_open(tool, &review->key, review->approver, review->certificate) &&
           review_find_place(tool, review) && review_count(tool, review);
}

bool review_count(struct tool *tool, struct review *review)
{
    const struct ska_rule *rule = request_stated_rule(review->request);

    if (review->listed == NULL && rule != NULL && review->key.public_key.data != NULL)
        review->listed =
            review_find_listed(tool->libctx, rule, ska_span_of(&review->key.public_key));
    ska_ballot_close(&review->ballot);
    review->ballot =
        (struct ska_ballot){.libctx = tool->libctx, .request = review->request, .rule = rule};
    if (!request_source_count(tool, &review->source, &review->ballot))
        return false;
    review->chance = ska_ballot_chance(&review->ballot, review_key(review));
    return true;
}

void review_close(struct review *review)
{
    ska_ballot_close(&review->ballot);
    request_source_close(&review->source);
    approver_close(&review->key);
    ska_request_free(review->request);
    review->request = NULL;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

/* The briefing is shown where the question is asked, so that nobody answers without having seen it.
 */
bool review_ask(struct tool *tool, const struct review *review,
                const struct review_question *question)
{
    const struct briefing briefing = {
        .libctx = tool->libctx,
        .request = review->request,
        .listed = review->listed,
        .ballot = &review->ballot,
        .chance = review->chance,
        .document = question->document,
        .owner = review->source.directory == NULL ? NULL : &review->source.owner,
        .refusing = question->refusing};
    struct ska_bytes text = {NULL, 0};
    bool yes = question->yes;
    bool asked = true;

    if (!briefing_make(&briefing, &text, &tool->errors))
        return false;
    if (question->yes)
        fwrite(text.data, 1, text.length, question->to_stderr ? stderr : stdout);
    else
        asked = terminal_ask(ska_span_of(&text), question->question, &yes);
    ska_bytes_free(&text);
    if (!asked)
        return ska_fail(&tool->errors, SKA_R_DECLINED,
                        "no terminal to show the request and to ask on; with --yes you are not "
                        "asked");
    return yes || ska_fail(&tool->errors, SKA_R_DECLINED, "%s: the answer was not \"yes\"",
                           question->declined);
}

/* ---- In words -------------------------------------------------------------------------------- */

void review_name(const struct review *review, struct ska_buffer *text)
{
    if (review->listed != NULL) {
        ska_approver_text(request_stated_rule(review->request), review->listed, text);
        return;
    }
    ska_buffer_text(text, "the key ");
    ska_buffer_name(text, ska_span_text(review->key.shown));
}
