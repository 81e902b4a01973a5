/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a request stands, by the rule, the answers so far and the time. It says when the HSM is to
 * be asked; whether the rule is satisfied is for the HSM to decide.
 */
#ifndef SKATSB_LIFE_CYCLE_H
#define SKATSB_LIFE_CYCLE_H

#include "provider/rule/rule.h"

enum tsb_status {
    TSB_PENDING,
    TSB_APPROVED,
    TSB_EXECUTED,
    TSB_FAILED,
    TSB_REJECTED,
    TSB_EXPIRED,
    TSB_CANCELLED,
    TSB_STATUS_COUNT
};

/* "PENDING", ... */
extern const char *const tsb_status_names[TSB_STATUS_COUNT];

/* Public keys of the approvers who have answered; borrowed. */
struct tsb_answers {
    const struct ska_span *approved;
    size_t approved_count;
    const struct ska_span *rejected;
    size_t rejected_count;
};

struct tsb_outlook {
    enum tsb_status status; /* PENDING, APPROVED, REJECTED or EXPIRED */
    bool ready;             /* APPROVED, and no timelock is in the way */
    uint64_t next;          /* the next second of change by time alone; UINT64_MAX: none */
};

/* Seconds of the HSM: of the request's timestamp, and of now. */
void tsb_judge(const struct ska_rule *rule, const struct tsb_answers *answers, uint64_t stamp,
               uint64_t now, struct tsb_outlook *outlook);

#endif
