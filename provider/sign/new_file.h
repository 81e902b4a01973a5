/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of an approvals directory while it is written: under a name of its own, created
 * exclusively, so that no reader sees half of it, and locked, so that what a killed process left
 * behind is told from what another one is writing now.
 */
#ifndef SKA_SIGN_NEW_FILE_H
#define SKA_SIGN_NEW_FILE_H

#include <sys/types.h>

#include "provider/request/request.h"

#define SKA_NEW_FILE_UNIQUE_LENGTH 24

struct ska_new_file {
    int directory; /* borrowed */
    gid_t group;   /* that it gets, where this user may give it away; (gid_t)-1: as it comes */
    int fd;
    char unique[SKA_NEW_FILE_UNIQUE_LENGTH + 1]; /* hexadecimal, of this file alone */
    char name[SKA_REQUEST_ID_LENGTH + SKA_NEW_FILE_UNIQUE_LENGTH + 8]; /* in the directory */
};

/*
 * Writes all of a file for the request with this id; `shown` is the directory's path. file->group
 * is set by the caller. Until all of it is right nobody else can open it.
 */
bool ska_new_file_write(struct ska_new_file *file, int directory, const char *shown, const char *id,
                        struct ska_span content, unsigned int mode,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

/* Ends what ska_new_file_write() began: removes the name, if it is still there, and the lock. */
void ska_new_file_end(struct ska_new_file *file);

/*
 * The same, but the file stays open and locked, since it has another name now: its descriptor, -1
 * where there is no lock.
 */
int ska_new_file_keep(struct ska_new_file *file);

/* Whether a name is that of a new file for this id, which has no other name yet. */
bool ska_new_file_is(const char *name, const char *id);
/* Removes the name if it is such a one whose writer is gone. */
void ska_new_file_clean(int directory, const char *name, const char *id);

#endif
