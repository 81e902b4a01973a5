/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An approvals directory as a place of requests.
 */
#ifndef SKA_TOOLS_DIRECTORY_PLACE_H
#define SKA_TOOLS_DIRECTORY_PLACE_H

#include "provider/sign/answers.h"
#include "tools/request_place.h"

/* The path is borrowed. */
bool directory_place_open(struct tool *tool, const char *path,
                          struct request_place **place) SKA_MUST_CHECK;

/* The answers that one look finds. */
bool request_answers_take(const struct ska_look *look, struct ska_ballot *ballot,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Takes the answers in a directory for the request of the ballot: all, or the refusals beside a
 * file. `what` is how the request was called; `quiet`: what is wrong is not named.
 */
bool directory_answers_count(struct ska_directory *directory, const char *what,
                             struct ska_ballot *ballot, bool quiet,
                             const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * After another refusal by this key was put there, in the file `kept`: removes those before, and
 * warns where one stays.
 */
void directory_replace_refusals(const struct ska_directory *directory, const char *id,
                                struct ska_span public_key, const char *kept);

#endif
