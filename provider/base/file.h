/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing whole files.
 */
#ifndef SKA_BASE_FILE_H
#define SKA_BASE_FILE_H

#include <sys/stat.h>

#include "provider/base/bytes.h"

/*
 * Reads a regular file of at most `limit` bytes; a longer one, a directory, a device or a FIFO is
 * an error (SKA_R_FILE_FAILURE) that names the path and the reason. A FIFO does not block.
 */
bool ska_file_read(const char *path, size_t limit, struct ska_bytes *content,
                   const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The same for a file whose content decides something for this user: it and the way to it must be
 * safe (safe_path.h). `what` names it in messages, `shown` stands there for the path, which may be
 * a secret. What was read is wiped where it is not handed out.
 */
bool ska_file_read_safe(const char *what, const char *path, const char *shown, size_t limit,
                        struct ska_bytes *content, const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The same for one name in an open directory; symbolic links are not followed. `shown` is the path
 * that messages name.
 */
bool ska_file_read_at(int directory, const char *name, const char *shown, size_t limit,
                      struct ska_bytes *content, const struct ska_errors *errors) SKA_MUST_CHECK;

/* The same for what is open already, of which this is the first reading. */
bool ska_file_read_descriptor(int fd, const char *shown, size_t limit, struct ska_bytes *content,
                              const struct ska_errors *errors) SKA_MUST_CHECK;

/* The open descriptor that a path names: 1 for "-" and /dev/stdout, 3 for /dev/fd/3; -1: none. */
int ska_file_descriptor(const char *path);

/*
 * The same descriptor above standard error: a program may have closed that, and print all the same.
 * Takes over `fd`; -1, with errno, where that is -1 or there are no more.
 */
int ska_above_standard(int fd);

/*
 * A descriptor that is kept for as long as the process lives. A program may close what it does not
 * know, as daemons do, and have something else there: it is known again by device and inode.
 */
struct ska_kept_descriptor {
    int fd; /* -1: none */
    dev_t device;
    ino_t inode;
};

/* Takes over `fd`, also -1. */
void ska_descriptor_keep(struct ska_kept_descriptor *kept, int fd);
/* Whether it is still there. */
bool ska_descriptor_is_kept(const struct ska_kept_descriptor *kept);
/* Closes it, and nothing that has come in its place. */
void ska_descriptor_close(struct ska_kept_descriptor *kept);

/* Writes all of it to an open descriptor, whatever interrupts; false: errno says why. */
bool ska_write_all(int fd, struct ska_span content) SKA_MUST_CHECK;

/* The same for a new file, which has this mode then, whatever the umask, and is on the disk. */
bool ska_write_synced(int fd, struct ska_span content, unsigned int mode) SKA_MUST_CHECK;

/* ---- A name in a directory ------------------------------------------------------------------- */

/*
 * A file that is to be written, looked for once: whatever others do to the path afterwards, it is
 * this directory, and the name in it, never what a link of this name leads to.
 */
struct ska_file_place {
    int directory;    /* AT_FDCWD: the path is a name */
    const char *name; /* in the directory; borrowed from the path */
    const char *path; /* borrowed, for messages */
};

bool ska_file_place_open(struct ska_file_place *place, const char *path,
                         const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_file_place_close(struct ska_file_place *place);

/* What has the name, a link itself and not where it leads; st_mode 0: nothing. */
bool ska_file_place_look(const struct ska_file_place *place, struct stat *status,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Makes a new file, as a whole: who finds the name finds all of it. `taken`: something has the name
 * already, which is not raised.
 */
bool ska_file_place_create(const struct ska_file_place *place, struct ska_span content,
                           unsigned int mode, bool *taken,
                           const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Puts a file there in the place of what has the name, as a whole (written beside it under a
 * temporary name, then renamed), so that no reader ever sees half of it. Owner and group of a file
 * stay as far as this user may set them.
 */
bool ska_file_place_replace(const struct ska_file_place *place, struct ska_span content,
                            unsigned int mode, const struct ska_errors *errors) SKA_MUST_CHECK;

/* Writes to a device or a FIFO, and to nothing else that came in its place since it was `seen`. */
bool ska_file_place_write_to(const struct ska_file_place *place, const struct stat *seen,
                             struct ska_span content,
                             const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
