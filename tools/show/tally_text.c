/* SPDX-License-Identifier: Apache-2.0 */
/* What a tally says in words. */
#include <stdlib.h>

#include "provider/base/printable.h"
#include "provider/rule/quorum.h"
#include "provider/rule/rule_text.h"
#include "tools/tally.h"

/* How many people are named who have approved or refused. */
#define NAMED_MOST 10

typedef void say_of_rule(const struct ska_rule *rule, const struct ska_responses *responses,
                         struct ska_buffer *text);

static void say_with_responses(const struct tally *tally, say_of_rule *say, struct ska_buffer *text)
{
    struct ska_span *refused = calloc(tally->refusal_count + 1, sizeof(*refused));
    const struct ska_responses responses = {tally->progress.keys, tally->progress.key_count,
                                            refused, tally->refusal_count};

    for (size_t i = 0; refused != NULL && i < tally->refusal_count; i++)
        refused[i] = ska_span_of(&tally->refusals[i].public_key);
    if (refused == NULL)
        text->failed = true;
    else
        say(tally->rule, &responses, text);
    free(refused);
}

void tally_count_text(const struct tally *tally, struct ska_buffer *text)
{
    say_with_responses(tally, ska_rule_count_text, text);
}

void tally_needed_text(const struct tally *tally, struct ska_buffer *text)
{
    say_with_responses(tally, ska_rule_needed_text, text);
}

void tally_text(const struct tally *tally, struct ska_buffer *text)
{
    say_with_responses(tally, ska_rule_progress_text, text);
}

/* ---- Who has said what ----------------------------------------------------------------------- */

/* By the rule, else by what stands in the approval. */
static void add_signer(const struct tally *tally, const struct ska_approval *approval,
                       struct ska_buffer *text)
{
    const struct ska_approver *listed =
        tally->rule == NULL
            ? NULL
            : ska_rule_find_approver(tally->rule, ska_span_of(&approval->public_key));
    char *shown = NULL;

    if (listed != NULL) {
        ska_approver_text(tally->rule, listed, text);
        return;
    }
    shown = ska_approver_shown(tally->rule, approval);
    if (shown == NULL)
        text->failed = true;
    else
        ska_buffer_name(text, ska_span_text(shown));
    free(shown);
}

static void add_one(const struct tally *tally, const struct ska_approval *approval, size_t *count,
                    struct ska_buffer *text)
{
    if ((*count)++ >= NAMED_MOST)
        return;
    if (*count > 1)
        ska_buffer_text(text, ", ");
    add_signer(tally, approval, text);
}

static void add_rest(size_t count, struct ska_buffer *text)
{
    if (count > NAMED_MOST)
        ska_buffer_format(text, " and %zu more", count - NAMED_MOST);
}

void tally_approved_text(const struct tally *tally, struct ska_buffer *text)
{
    size_t count = 0;

    for (size_t i = 0; i < tally->request->approval_count; i++)
        if (tally->progress.states[i] == SKA_APPROVAL_COUNTS)
            add_one(tally, &tally->request->approvals[i], &count, text);
    add_rest(count, text);
}

void tally_refused_text(const struct tally *tally, struct ska_buffer *text)
{
    size_t count = 0;

    for (size_t i = 0; i < tally->refusal_count; i++)
        add_one(tally, &tally->refusals[i], &count, text);
    add_rest(count, text);
}
