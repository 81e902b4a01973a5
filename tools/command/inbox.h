/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool approve without REQUEST: all that waits for an approver in a place of requests, one
 * after the other, with one passphrase.
 */
#ifndef SKA_TOOLS_COMMAND_INBOX_H
#define SKA_TOOLS_COMMAND_INBOX_H

#include "tools/place_options.h"

/* From the command line; NULL where nothing was given. */
struct inbox {
    struct place_options where;
    const char *approver;
    const char *certificate;
    const char *documents; /* FOLDER */
    const char *key;       /* only of the key with this label */
    const char *operation; /* only to do this: "sign", "block", ... */
    const char *requester; /* only of this user, by the file system */
    bool yes;              /* with documents only */
};

/* Without a terminal, unless with `yes`, it lists what waits. */
bool inbox_run(struct tool *tool, const struct inbox *inbox) SKA_MUST_CHECK;

#endif
