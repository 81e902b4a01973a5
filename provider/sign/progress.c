/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/progress.h"

#include <stdlib.h>
#include <string.h>

#include "provider/rule/quorum.h"
#include "provider/rule/rule_text.h"

/* ---- Finding -------------------------------------------------------------------------------- */

static bool is_counted(const struct ska_progress *progress, struct ska_span key)
{
    for (size_t i = 0; i < progress->key_count; i++)
        if (ska_span_equal(progress->keys[i], key))
            return true;
    return false;
}

/*
 * Keys of strangers are not even verified with. A second approval of the same approver is, since
 * the HSM refuses a whole request for one invalid approval, and then that must be told.
 */
static enum ska_approval_state find_state(OSSL_LIB_CTX *libctx, const struct ska_rule *rule,
                                          struct ska_span token,
                                          const struct ska_approval *approval,
                                          const struct ska_progress *progress)
{
    struct ska_span key = ska_span_of(&approval->public_key);

    if (rule != NULL && ska_rule_find_approver(rule, key) == NULL)
        return SKA_APPROVAL_NOT_LISTED;
    if (!approval->verified && !ska_approval_verify(libctx, approval, token))
        return SKA_APPROVAL_INVALID;
    return is_counted(progress, key) ? SKA_APPROVAL_DOUBLED : SKA_APPROVAL_COUNTS;
}

bool ska_progress_find(OSSL_LIB_CTX *libctx, const struct ska_rule *rule, struct ska_span token,
                       const struct ska_approval *approvals, size_t count,
                       struct ska_progress *progress, const struct ska_errors *errors)
{
    memset(progress, 0, sizeof(*progress));
    progress->states = calloc(count + 1, sizeof(*progress->states));
    progress->keys = calloc(count + 1, sizeof(*progress->keys));
    if (progress->states == NULL || progress->keys == NULL) {
        ska_progress_clear(progress);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu approvals", count);
    }
    for (size_t i = 0; i < count; i++) {
        progress->states[i] = find_state(libctx, rule, token, &approvals[i], progress);
        if (progress->states[i] == SKA_APPROVAL_COUNTS)
            progress->keys[progress->key_count++] = ska_span_of(&approvals[i].public_key);
    }
    progress->satisfied =
        rule != NULL && ska_rule_satisfied(rule, progress->keys, progress->key_count);
    return true;
}

void ska_progress_clear(struct ska_progress *progress)
{
    free(progress->states);
    free(progress->keys);
    memset(progress, 0, sizeof(*progress));
}

/* ---- Telling -------------------------------------------------------------------------------- */

void ska_progress_missing(const struct ska_rule *rule, const struct ska_progress *progress,
                          struct ska_buffer *text)
{
    const struct ska_responses responses = {progress->keys, progress->key_count, NULL, 0};

    ska_rule_progress_text(rule, &responses, text);
}
