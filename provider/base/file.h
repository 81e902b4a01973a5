/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing whole files.
 */
#ifndef SKA_BASE_FILE_H
#define SKA_BASE_FILE_H

#include "provider/base/bytes.h"

/*
 * Reads a regular file of at most `limit` bytes; a longer one, a directory, a device or a FIFO is
 * an error (SKA_R_FILE_FAILURE) that names the path and the reason. A FIFO does not block.
 */
bool ska_file_read(const char *path, size_t limit, struct ska_bytes *content,
                   const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The same for one name in an open directory; symbolic links are not followed. `shown` is the path
 * that messages name.
 */
bool ska_file_read_at(int directory, const char *name, const char *shown, size_t limit,
                      struct ska_bytes *content, const struct ska_errors *errors) SKA_MUST_CHECK;

/* The same for what is open already, of which this is the first reading. */
bool ska_file_read_descriptor(int fd, const char *shown, size_t limit, struct ska_bytes *content,
                              const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Replaces a file as a whole (written beside it under a temporary name, then renamed), so that no
 * reader ever sees half of it. Devices and FIFOs are written to, and open descriptors by their
 * names
 * ("-", /dev/stdout, /dev/fd/3). A link at the end of the path leads to the file that is replaced,
 * if it is this user's or root's.
 */
bool ska_file_write(const char *path, struct ska_span content, unsigned int mode,
                    const struct ska_errors *errors) SKA_MUST_CHECK;

/* The open descriptor that a path names: 1 for "-" and /dev/stdout, 3 for /dev/fd/3; -1: none. */
int ska_file_descriptor(const char *path);

/* Writes all of it to an open descriptor, whatever interrupts; false: errno says why. */
bool ska_write_all(int fd, struct ska_span content) SKA_MUST_CHECK;

/* The same for a new file, which has this mode then, whatever the umask, and is on the disk. */
bool ska_write_synced(int fd, struct ska_span content, unsigned int mode) SKA_MUST_CHECK;

#endif
