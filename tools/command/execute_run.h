/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One go of skatool execute --dir: what it was told, and what it has found in the directory.
 */
#ifndef SKA_TOOLS_COMMAND_EXECUTE_RUN_H
#define SKA_TOOLS_COMMAND_EXECUTE_RUN_H

#include "provider/sign/directory.h"
#include "tools/executed.h"
#include "tools/tool.h"

/* Who is not a person is told what to execute: an approval without time limits is good for ever. */
enum execute_what {
    EXECUTE_BY_HAND,    /* to unblock only within time limits, unless by its id */
    EXECUTE_BLOCK_ONLY, /* the unit */
    EXECUTE_ALL         /* the unit: to unblock and modify only within time limits */
};

/* A request to change a key that stands in the directory, in a file of this user's. */
struct change {
    char id[SKA_REQUEST_ID_LENGTH + 1];
    enum ska_operation operation;
    uid_t requester; /* by whose order, or this user */
};

/* Starts with the first four filled in and the rest zero. */
struct execute_run {
    struct tool *tool;
    const char *path; /* --dir, or approvals-dir */
    const char *uri;  /* --key; NULL: the keys that requests name, on the configured token */
    enum execute_what what;

    struct ska_directory *directory;
    bool own_directory; /* this user may remove what others have put there */
    struct executed executed;
    struct change *changes;
    size_t change_count;
    bool by_id;  /* one that a person has named */
    size_t news; /* requests that were made and executed */
    int goes;    /* through all of it, but for this one */
    int64_t rest_used_ms;
};

/*
 * For all requests together, what more than a share of each owner's files may take, where that was
 * not enough.
 */
#define EXECUTE_REST_MS 10000
/*
 * How long one request may take of that: half of what is left, so that whoever has flooded one
 * leaves something for the next.
 */
int64_t execute_rest_of_one(const struct execute_run *run);

/*
 * The key of this label and id (may be empty), unless --key names another one: then *key stays
 * NULL.
 */
bool execute_open_key(struct execute_run *run, const char *label, struct ska_span id,
                      struct backend_key **key) SKA_MUST_CHECK;

bool execute_add_change(struct execute_run *run, const char *id, enum ska_operation operation,
                        uid_t requester) SKA_MUST_CHECK;

/*
 * Calls `visit` for each request of this user's that stands there; false: it failed, raised. One
 * that cannot be looked at leaves the others: somebody may have put it there for that.
 */
typedef bool execute_visit(struct execute_run *run, struct ska_standing_request *standing,
                           const void *arg);
bool execute_visit_requests(struct execute_run *run, execute_visit *visit,
                            const void *arg) SKA_MUST_CHECK;

#endif
