/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state-dir: a directory of the signer's own, for what must outlive a process, in small files. It
 * is not the approvals directory, where others may write.
 */
#ifndef SKA_RECORD_STATE_DIR_H
#define SKA_RECORD_STATE_DIR_H

#include "provider/base/bytes.h"

/*
 * Opens a file in it for reading and writing, and creates it (0600, its name brought to the disk)
 * where there is none. SKA_R_DIRECTORY_UNSAFE where the directory is another user's, where others
 * may enter it, or where they may change the way to it. -1: raised.
 */
int ska_state_open(const char *state_dir, const char *name, const struct ska_errors *errors);

/* The directory itself, for reading; refused as above. -1: raised. */
int ska_state_dir_open(const char *state_dir, const struct ska_errors *errors);

/* Whether there is a file of this name in it. */
bool ska_state_has(const char *state_dir, const char *name, bool *has,
                   const struct ska_errors *errors) SKA_MUST_CHECK;

/* Removes it; that there is none is no failure. */
bool ska_state_remove(const char *state_dir, const char *name,
                      const struct ska_errors *errors) SKA_MUST_CHECK;

/* Whether the directory can be used, for skatool check-config. */
bool ska_state_dir_check(const char *state_dir, const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
