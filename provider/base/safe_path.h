/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether what a path names is this user's alone to decide: a file is no safer than the directories
 * on the way to it, as who may write in one of them can put something else in its place.
 */
#ifndef SKA_BASE_SAFE_PATH_H
#define SKA_BASE_SAFE_PATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "provider/base/bytes.h"

/*
 * Goes the way from the root to the last component, which need not exist. Each directory on it, and
 * each symbolic link that it leads through (one at the end too), must belong to root or to this
 * user; none may be writable by others, unless it has the sticky bit and what is named in it
 * belongs to root or to this user. Then nobody else can change where the path leads, now or later.
 * *resolved (NULL: not wanted) is the absolute path without links, to be freed. `what` names the
 * path in messages, which show no more of it than directories that exist. SKA_R_DIRECTORY_UNSAFE,
 * SKA_R_FILE_FAILURE.
 */
bool ska_path_is_safe(const char *what, const char *path, char **resolved,
                      const struct ska_errors *errors) SKA_MUST_CHECK;

/* An open file: a regular one, of root or of this user, that others may not write. */
bool ska_file_is_safe(int fd, const char *what, const char *path,
                      const struct ska_errors *errors) SKA_MUST_CHECK;

/* Likewise, and others may not read it either, nor hold a lock on it therefore. */
bool ska_file_is_private(int fd, const char *what, const char *path,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The end of a message about what belongs to a user who is not this one: "it must be owned by root
 * or by uid 1000" (`by_root`), or "by uid 1000"; as root, whose files others' mostly should not
 * become, as which user to run the program instead.
 */
#define SKA_OWNER_ADVICE_SIZE 128
const char *ska_owner_advice(uid_t owner, bool by_root, char text[SKA_OWNER_ADVICE_SIZE]);

#endif
