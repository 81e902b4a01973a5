/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that -o names: a new one, or with --force one that is replaced.
 */
#ifndef SKA_TOOLS_OUTPUT_H
#define SKA_TOOLS_OUTPUT_H

#include "provider/base/file.h"
#include "tools/tool.h"

/* -o FILE and --force. */
struct output {
    const char *path; /* NULL: standard output, or what the command has instead */
    bool force;
};

/* For the table of a command's options; `words` say what is written there. */
#define OPTION_OUTPUT(output, words)                                                               \
    {"output", 'o', "FILE", (words), &(output)->path, NULL, false},                                \
    {                                                                                              \
        "force", 0, NULL, "replace FILE if it exists", NULL, &(output)->force, false               \
    }

/* Whether both are there and one file or directory, by whatever name. */
bool output_is_same_file(const char *path, const char *other);

/* Whether standard output is named: what the command says must go elsewhere. */
bool output_is_stdout(const struct output *output);

/*
 * Whether the file may be written, to be asked before anybody types a PIN or a passphrase: none of
 * this name is there, or with --force a regular file of this user, but never the one that `input`
 * names (NULL: none). Descriptors ("-", /dev/stdout), devices and pipes are written to. Raises
 * SKA_R_WRONG_USE with what to do.
 */
bool output_check(struct tool *tool, const struct output *output, const char *input) SKA_MUST_CHECK;

/*
 * The same of a file that is there and is replaced as it is, by ska_file_place_replace(); what to
 * do instead is -o.
 */
bool output_check_in_place(struct tool *tool, const struct ska_file_place *place) SKA_MUST_CHECK;

/*
 * Writes all of it, to standard output without a path. A new file is made only where nothing has
 * its name, another one replaced by renaming, so that what output_check() has said holds also of
 * what came meanwhile. On failure what was there before is as it was. The umask takes its part of
 * `mode` away.
 */
bool output_write(struct tool *tool, const struct output *output, struct ska_span content,
                  unsigned int mode) SKA_MUST_CHECK;

#endif
