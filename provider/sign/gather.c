/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/gather.h"

#include "provider/base/clock.h"
#include "provider/sign/explain.h"
#include "provider/sign/send.h"
#include "provider/sign/wait.h"

/* Before it is raised why there is no signature: whether the rule it was tried by still holds. */
static bool rule_has_changed(const struct ska_gathering *gathering)
{
    return gathering->current.remembered && ska_use_rule_has_changed(gathering->job->key);
}

static enum backend_answer send_what_counts(struct ska_gathering *gathering,
                                            struct backend_refusal *refusal)
{
    int64_t begun = ska_clock_ms();
    struct ska_leftovers left = {0, 0};
    enum backend_answer answer = BACKEND_FAILED;

    ska_progress_line_end(&gathering->line);
    ska_ballot_drop_uncounted(&gathering->ballot);
    gathering->tried = gathering->open.request->approval_count;
    if (!ska_gathering_audit_floods(gathering))
        return BACKEND_FAILED;
    answer = ska_send_gathered(gathering->job, gathering->open.request, gathering->open.directory,
                               gathering->handed_in > 0, refusal);
    /* The HSM's time is not the people's. */
    gathering->until += ska_clock_ms() - begun;
    if (answer != BACKEND_DONE || gathering->open.directory == NULL)
        return answer;
    ska_gathering_remove(gathering, &left);
    return ska_gathering_audit_left(gathering, &left) ? BACKEND_DONE : BACKEND_FAILED;
}

/* Where the rule is not known the HSM may say that it is not enough yet, and the wait goes on. */
static bool may_go_on(const struct ska_gathering *gathering, const struct backend_refusal *refusal)
{
    return !gathering->current.known && !refusal->blocked && gathering->open.directory != NULL &&
           ska_clock_ms() < gathering->until;
}

static enum ska_outcome gather_and_send(struct ska_gathering *gathering)
{
    struct backend_refusal refusal = {0};
    bool again = false;

    for (;;) {
        switch (ska_wait_for_people(gathering)) {
        case SKA_WAIT_ENOUGH:
            break;
        case SKA_WAIT_OVER:
            if (rule_has_changed(gathering))
                return SKA_RULE_HAS_CHANGED;
            if (!ska_gathering_verify(gathering, &again))
                return SKA_NOT_SIGNED;
            if (again)
                continue;
            ska_gathering_fail_pending(gathering);
            return SKA_NOT_SIGNED;
        case SKA_WAIT_FAILED:
            return SKA_NOT_SIGNED;
        }
        if (!ska_wait_for_hsm(gathering))
            return SKA_NOT_SIGNED;
        switch (send_what_counts(gathering, &refusal)) {
        case BACKEND_DONE:
            return SKA_SIGNED;
        case BACKEND_FAILED: /* it may have signed, and is not asked to do so twice */
            if (rule_has_changed(gathering))
                backend_key_forget_use_rule(gathering->job->key);
            return SKA_NOT_SIGNED;
        case BACKEND_REFUSED:
            break;
        }
        if (rule_has_changed(gathering))
            return SKA_RULE_HAS_CHANGED;
        if (!ska_gathering_verify(gathering, &again))
            return SKA_NOT_SIGNED;
        if (again || may_go_on(gathering, &refusal))
            continue;
        ska_explain_refusal(gathering->job, gathering->open.request, &refusal);
        return SKA_NOT_SIGNED;
    }
}

enum ska_outcome ska_gather_and_sign(const struct ska_job *job, struct ska_current_rule *current,
                                     struct ska_request *bundle)
{
    struct ska_gathering *gathering = NULL;
    enum ska_outcome outcome = SKA_NOT_SIGNED;

    if (ska_gathering_new(job, current, bundle, &gathering) && ska_gathering_begin(gathering))
        outcome = gather_and_send(gathering);
    ska_gathering_free(gathering);
    return outcome;
}
