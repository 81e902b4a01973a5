/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/answer_budget.h"

#include <stdlib.h>

struct ska_allowance *ska_budget_of(struct ska_budget *budget, uid_t owner)
{
    struct ska_allowance *allowance = budget->owners;

    for (size_t i = 0; i < budget->count; i++, allowance++)
        if (allowance->owner == owner)
            return allowance;
    if (budget->count == SKA_BUDGET_OWNERS) {
        budget->exhausted = true;
        return NULL;
    }
    budget->count++;
    *allowance = (struct ska_allowance){owner, budget->share.files, budget->share.bytes,
                                        budget->share.wrong, 0};
    return allowance;
}

void ska_budget_clear(struct ska_budget *budget)
{
    free(budget->wrong);
    *budget = (struct ska_budget){.share = budget->share};
}

/* FNV-1a: two of the same value share what they have, which harms nobody but the owner. */
static uint64_t number_of_key(struct ska_span key)
{
    uint64_t number = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < key.length; i++)
        number = (number ^ key.data[i]) * UINT64_C(0x100000001b3);
    return number;
}

/* NULL: there is no memory to count them. */
static struct ska_wrong_answers *wrong_answers_of(struct ska_budget *budget, uid_t owner,
                                                  struct ska_span key)
{
    uint64_t approver = number_of_key(key);
    struct ska_wrong_answers *grown = NULL;

    for (size_t i = 0; i < budget->wrong_count; i++)
        if (budget->wrong[i].owner == owner && budget->wrong[i].approver == approver)
            return &budget->wrong[i];
    grown = reallocarray(budget->wrong, budget->wrong_count + 1, sizeof(*grown));
    if (grown == NULL)
        return NULL;
    budget->wrong = grown;
    grown[budget->wrong_count] = (struct ska_wrong_answers){owner, approver, 0};
    return &grown[budget->wrong_count++];
}

bool ska_budget_take_file(struct ska_budget *budget, uid_t owner, size_t size)
{
    struct ska_allowance *allowance = ska_budget_of(budget, owner);

    if (allowance == NULL || allowance->files == 0 || allowance->bytes < size) {
        budget->exhausted = true;
        return false;
    }
    allowance->files--;
    allowance->bytes -= size;
    return true;
}

bool ska_budget_may_verify(struct ska_budget *budget, uid_t owner, struct ska_span key)
{
    const struct ska_allowance *allowance = ska_budget_of(budget, owner);
    const struct ska_wrong_answers *wrong = wrong_answers_of(budget, owner, key);

    if (allowance != NULL && allowance->wrong > 0 && wrong != NULL &&
        wrong->count < budget->share.wrong_one)
        return true;
    budget->exhausted = true;
    return false;
}

void ska_budget_take_wrong(struct ska_budget *budget, uid_t owner, struct ska_span key)
{
    struct ska_allowance *allowance = ska_budget_of(budget, owner);
    struct ska_wrong_answers *wrong = wrong_answers_of(budget, owner, key);

    if (allowance != NULL && allowance->wrong > 0)
        allowance->wrong--;
    if (wrong != NULL)
        wrong->count++;
}
