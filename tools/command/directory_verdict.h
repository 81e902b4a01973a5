/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether an approvals directory does for who signs and for its group: the one judgement of
 * check-config and of its plan.
 */
#ifndef SKA_TOOLS_COMMAND_DIRECTORY_VERDICT_H
#define SKA_TOOLS_COMMAND_DIRECTORY_VERDICT_H

#include <sys/stat.h>

#include "provider/base/error.h"

enum directory_verdict {
    DIRECTORY_FAILED,  /* raised, with what would mend it */
    DIRECTORY_OTHERS,  /* likewise: another user's, where this one cannot leave requests */
    DIRECTORY_PRIVATE, /* only its owner and root can leave approvals there */
    DIRECTORY_SHARED,  /* with its group */
    DIRECTORY_BY_LIST  /* by an access list, which is not looked at */
};

/* What was seen of it. */
struct directory_view {
    struct stat place;
    char group[64]; /* "approvers", or its number */
};

/*
 * As this user, who signs. A shared one is tried: a request is left there, and is gone again.
 * `view` is filled unless the directory cannot be seen.
 */
enum directory_verdict directory_judge(const char *path, struct directory_view *view,
                                       const struct ska_errors *errors);

#endif
