/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request that somebody gave on the command line: a file, several copies of it in files, or an id
 * in an approvals directory; and the answers that lie there for it.
 */
#ifndef SKA_TOOLS_REQUEST_SOURCE_H
#define SKA_TOOLS_REQUEST_SOURCE_H

#include "provider/base/file.h"
#include "provider/sign/answers.h"
#include "tools/tool.h"

/* So many copies of a request may be given. */
#define REQUEST_COPIES_MOST 200

/* Starts with the command line filled in and the rest zero. */
struct request_source {
    const char *directory; /* --dir; NULL: `what` is a file */
    const char *what;      /* REQUEST or ID */
    /* Further copies of REQUEST, whose approvals are added in memory; ended by NULL. NULL: none. */
    const char *const *copies;
    bool in_place; /* the file REQUEST is to be written, so a link is not followed */

    char id[SKA_REQUEST_ID_LENGTH + 1];
    uid_t owner; /* who has put it into the directory */
    /* The directory; for a file the folder that it lies in, NULL when that cannot be read. */
    struct ska_directory *place;
    struct ska_file_place file; /* in_place: REQUEST, for reading and writing; path NULL: not yet */
    bool told;                  /* wrong files have been named */
};

/*
 * Takes the operands of a command, as many as there are (ended by NULL): REQUEST..., or with --dir
 * ID. What is an id and no file is one of the configuration's directory; what is neither is
 * refused.
 */
bool request_source_take(struct tool *tool, struct request_source *source,
                         const char *const *operands) SKA_MUST_CHECK;

/*
 * Adds the approvals of further copies (ended by NULL; NULL: none) to a request, which is that of
 * the file `what`; another request is refused.
 */
bool request_copies_add(struct tool *tool, struct ska_request *request, const char *what,
                        const char *const *copies) SKA_MUST_CHECK;

/* Whether the file lies in the approvals directory that the configuration names. */
bool request_lies_in_directory(struct tool *tool, const char *path, bool *lies) SKA_MUST_CHECK;

/* Reads the request, also again; to be freed by the caller. */
bool request_source_read(struct tool *tool, struct request_source *source,
                         struct ska_request **request) SKA_MUST_CHECK;

/*
 * Opens the ballot, whose members are set, and takes the answers that lie in the directory, or the
 * refusals beside the file. What is wrong with files of others is warned of, once.
 */
bool request_source_count(struct tool *tool, struct request_source *source,
                          struct ska_ballot *ballot) SKA_MUST_CHECK;

/* The answers that one look finds. */
bool request_answers_take(const struct ska_look *look, struct ska_ballot *ballot,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

void request_source_close(struct request_source *source);

#endif
