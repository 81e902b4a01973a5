/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request that somebody gave on the command line: a file, several copies of it in files, or an id
 * in a place of requests; and the answers that are there for it.
 */
#ifndef SKA_TOOLS_REQUEST_SOURCE_H
#define SKA_TOOLS_REQUEST_SOURCE_H

#include "provider/base/file.h"
#include "tools/place_options.h"

/* So many copies of a request may be given. */
#define REQUEST_COPIES_MOST 200

/* Starts with the command line filled in and the rest zero. */
struct request_source {
    struct place_options where;
    const char *what; /* REQUEST or ID */
    bool by_id;       /* it is an ID */
    /* Further copies of REQUEST, whose approvals are added in memory; ended by NULL. NULL: none. */
    const char *const *copies;
    bool in_place; /* the file REQUEST is to be written, so a link is not followed */

    char id[SKA_REQUEST_ID_LENGTH + 1];
    struct request_origin origin;
    /* by_id: opened where it is not open yet, so that several requests can be read of one. */
    struct request_place *place;
    bool place_is_lent;           /* and closed by somebody else */
    struct ska_directory *folder; /* that the file lies in; NULL when that cannot be read */
    struct ska_file_place file; /* in_place: REQUEST, for reading and writing; path NULL: not yet */
    bool told;                  /* wrong files have been named */
};

/*
 * Takes the operands of a command, as many as there are (ended by NULL): REQUEST..., or with --dir
 * or --tsb ID. What is an id and no file is one of the place that the configuration names; what is
 * neither is refused.
 */
bool request_source_take(struct tool *tool, struct request_source *source,
                         const char *const *operands) SKA_MUST_CHECK;

/* Whether it could be an ID, by its letters. */
bool request_source_is_id(const char *what);

/*
 * Adds the approvals of further copies (ended by NULL; NULL: none) to a request, which is that of
 * the file `what`; another request is refused.
 */
bool request_copies_add(struct tool *tool, struct ska_request *request, const char *what,
                        const char *const *copies) SKA_MUST_CHECK;

/*
 * The approvals directory that the file of a request lies in, to be freed: that of the
 * configuration, or one that is known by the file's name, its owner and what else lies there. NULL:
 * none.
 */
bool request_find_directory(struct tool *tool, const char *path, char **directory) SKA_MUST_CHECK;

/*
 * Reads the request, also again; to be freed by the caller. `key` is for places where only who
 * shows a key sees requests (see place_options.h); NULL: nobody answers.
 */
bool request_source_read(struct tool *tool, struct request_source *source,
                         const struct place_key *key, struct ska_request **request) SKA_MUST_CHECK;

/*
 * Opens the ballot, whose members are set, and takes the answers that are in the place, or the
 * refusals beside the file. What is wrong with files of others is warned of, once.
 */
bool request_source_count(struct tool *tool, struct request_source *source,
                          struct ska_ballot *ballot) SKA_MUST_CHECK;

void request_source_close(struct request_source *source);

#endif
