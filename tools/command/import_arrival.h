/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What came by mail: files as they came, what they are worth for a request, and what is said of
 * those that are not taken. Into a directory or into one file is decided by import.c.
 */
#ifndef SKA_TOOLS_COMMAND_IMPORT_ARRIVAL_H
#define SKA_TOOLS_COMMAND_IMPORT_ARRIVAL_H

#include "provider/base/error_capture.h"
#include "provider/sign/ballot.h"
#include "provider/sign/directory.h"
#include "tools/output.h"
#include "tools/tool.h"

/* Starts with the command line filled in and the rest zero. */
struct import {
    struct tool *tool;
    const char *path; /* of the directory */
    struct ska_directory *directory;
    struct output output;
    bool requests; /* whole requests are wanted */
    size_t not_taken;
    struct ska_buffer list; /* of what was not taken */
};

/* A file as it came: a request with answers in it, or one answer alone. */
struct import_arrival {
    const char *path;
    struct ska_bytes text;
    struct ska_request *request;  /* NULL: an answer alone, which is: */
    struct ska_approval *answers; /* the one element */
    size_t answer_count;
};

/* A request that answers are for. */
struct import_target {
    const char *path; /* of the file that it is from; NULL: the directory */
    struct ska_request *request;
    uid_t owner;
    struct ska_ballot ballot;
};

void import_target_clear(struct import_target *target);
void import_arrival_clear(struct import_arrival *arrival);

/* Says something of a file that is no failure. */
void import_note(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Named as it is met; the exit status tells of it at the end. True: it goes on. */
bool import_not_taken(struct import *import, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Raises what was not taken, if anything. */
bool import_conclude(struct import *import) SKA_MUST_CHECK;

/* *arrived is false for what is not taken, which is named to `tell`. Clear it in any case. */
bool import_read(struct import *import, const char *path, bool tell, struct import_arrival *arrival,
                 bool *arrived) SKA_MUST_CHECK;

/* ---- Answers --------------------------------------------------------------------------------- */

/*
 * Takes answers for a request, those that count: into files of their own, or into the request that
 * is written. Others are named.
 */
bool import_answers(struct import *import, const char *path, struct import_target *target,
                    struct ska_approval *answers, size_t count) SKA_MUST_CHECK;

/* Among which requests the one is looked for that an answer alone is for. */
struct import_search {
    bool found;    /* it was one of them, and the answer is done with */
    size_t tried;  /* requests */
    size_t listed; /* of those, by rules that list who answers */
};

/* Tries this one. Only a signature over it tells. */
bool import_alone(struct import *import, struct import_arrival *arrival,
                  struct import_target *target, struct import_search *search) SKA_MUST_CHECK;

/* The two things that can be done with what came; paths end with NULL. */
bool import_into_directory(struct import *import, const char *const *paths) SKA_MUST_CHECK;
bool import_into_file(struct import *import, const char *const *paths) SKA_MUST_CHECK;

#endif
