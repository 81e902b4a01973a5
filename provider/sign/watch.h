/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's notification of what arrives in an approvals directory. It may be missing or lost
 * (file systems of other machines), so whoever waits looks once a second all the same.
 */
#ifndef SKA_SIGN_WATCH_H
#define SKA_SIGN_WATCH_H

#include "provider/sign/directory.h"

/* A descriptor that is readable when something has happened; -1: there is no notification. */
int ska_watch_open(const struct ska_directory *directory);

/* Reads what has happened; true when it may concern the request with this id. */
bool ska_watch_read(int watch, const char *id);

#endif
