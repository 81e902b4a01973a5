/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approvers whose keys the broker makes and keeps. All of it is called within a transaction; false:
 * the database does not do it.
 */
#ifndef SKATSB_APPROVER_STORE_H
#define SKATSB_APPROVER_STORE_H

#include "simulator/tsb/approver_key.h"
#include "simulator/tsb/database.h"

/* How often a wrong code may be given before the right one does not count any more. */
#define TSB_CODE_ATTEMPTS 5

struct tsb_approver {
    char *name;
    struct tsb_approver_key key;
    char *code; /* with which it can be fetched once; NULL: it has been */
    int64_t attempts;
    bool onboarded;
};

void tsb_approver_clear(struct tsb_approver *approver);

/* A new one, or what has changed. */
bool tsb_approver_save(struct tsb_database *database,
                       const struct tsb_approver *approver) SKA_MUST_CHECK;
bool tsb_approver_load(struct tsb_database *database, const char *name,
                       struct tsb_approver *approver, bool *found) SKA_MUST_CHECK;
bool tsb_approver_delete(struct tsb_database *database, const char *name) SKA_MUST_CHECK;

/* Called for each, by name; false ends it. */
typedef bool tsb_approver_visitor(void *arg, const char *name, struct ska_span certificate,
                                  bool onboarded);
bool tsb_approver_visit(struct tsb_database *database, tsb_approver_visitor *visit,
                        void *arg) SKA_MUST_CHECK;

#endif
