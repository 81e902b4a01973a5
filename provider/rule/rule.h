/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule of an SKA key as plain data. A rule is satisfied when one of its alternatives is; an
 * alternative when all of its groups are and the time lies in its window; a group when at least
 * `quorum` distinct approvers of it have approved. A rule without alternatives can never be
 * satisfied.
 */
#ifndef SKA_RULE_RULE_H
#define SKA_RULE_RULE_H

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

enum ska_approver_type {
    SKA_APPROVER_PUBLIC_KEY,
    SKA_APPROVER_CERTIFICATE,
    /*
     * Known by name to a broker, which puts the certificate there when the key is made: without
     * data and public_key. Only policy files have such approvers, neither keys nor requests do.
     */
    SKA_APPROVER_ONBOARDED
};

/* name.data == NULL: unnamed. Names are counted strings of any bytes; see ska_printable(). */
struct ska_approver {
    enum ska_approver_type type;
    struct ska_bytes name;
    struct ska_bytes data;       /* SubjectPublicKeyInfo or certificate, DER */
    struct ska_bytes public_key; /* SubjectPublicKeyInfo DER; what identifies the approver */
};

struct ska_group {
    struct ska_bytes name;
    uint32_t quorum;
    struct ska_approver *approvers;
    size_t approver_count;
};

struct ska_alternative {
    struct ska_bytes name;
    uint64_t timelock; /* seconds; not before timestamp + timelock */
    uint64_t timeout;  /* seconds that approvals stay usable after that; 0: forever */
    struct ska_group *groups;
    size_t group_count;
};

struct ska_rule {
    struct ska_alternative *alternatives;
    size_t alternative_count;
};

/* "use", "block", "unblock", "modify". */
extern const char *const ska_rule_names[SKA_RULE_COUNT];

/* The rule that an operation needs. */
enum ska_rule_kind ska_rule_kind_of(enum ska_operation operation);

/* The rule that is always satisfied, as the vendor writes it: one token, one group, quorum 0. */
bool ska_rule_make_empty(struct ska_rule *rule, const struct ska_errors *errors) SKA_MUST_CHECK;

/* Frees what the rule holds, not the struct itself, and empties it. */
void ska_rule_clear(struct ska_rule *rule);

/*
 * The approvers of all groups one after the other, by their number from 0; NULL: there are no more.
 * One who is listed in several groups comes several times.
 */
const struct ska_approver *ska_rule_approver_at(const struct ska_rule *rule, size_t number);

/* The first whom it only names (SKA_APPROVER_ONBOARDED); NULL: it is a rule as keys have it. */
const struct ska_approver *ska_rule_find_onboarded(const struct ska_rule *rule);

/* True when some alternative is satisfied without any approval (time aside). */
bool ska_rule_is_empty(const struct ska_rule *rule);

/* Whether it has a timelock or a timeout. */
bool ska_alternative_is_limited(const struct ska_alternative *alternative);

/* True when some alternative has a timelock or a timeout, so that requests need a timestamp. */
bool ska_rule_has_time_limit(const struct ska_rule *rule);

#endif
