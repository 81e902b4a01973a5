/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What skatool requests shows of each request: a line of a table or a paragraph for people, an
 * object for machines.
 */
#ifndef SKA_TOOLS_COMMAND_REQUESTS_H
#define SKA_TOOLS_COMMAND_REQUESTS_H

#include <cjson/cJSON.h>

#include "tools/document_folder.h"
#include "tools/request_place.h"
#include "tools/show/table.h"

/*
 * Both forms, of which the one is printed that fits the terminal. Starts with `documents` set,
 * whether it is said which file each is about, and the rest zero. `document` NULL: none.
 */
struct requests_text {
    bool documents;
    struct table table;
    struct ska_buffer paragraphs;
};
bool requests_text_add(struct requests_text *text, const struct listed_request *listed,
                       const struct document *document,
                       const struct ska_errors *errors) SKA_MUST_CHECK;
bool requests_text_print(struct requests_text *text,
                         const struct ska_errors *errors) SKA_MUST_CHECK;
void requests_text_clear(struct requests_text *text);

/* A line with words of somebody else, as a description; NULL: nothing. */
void requests_add_words(const char *words, struct ska_buffer *text);
/* "alice", "uid 1000" */
void requests_add_user(uid_t uid, struct ska_buffer *text);

/*
 * Prints those that are wanted, as a table or as JSON; with a folder (NULL: none) which file of it
 * each is about.
 */
bool requests_list(struct request_place *place, const struct request_filter *filter,
                   struct document_folder *folder, bool json) SKA_MUST_CHECK;

/*
 * Prints the orders that wait for the signer's side, and those that it has refused lately, of the
 * filter's key and requester.
 */
bool requests_show_orders(struct request_place *place,
                          const struct request_filter *filter) SKA_MUST_CHECK;

/* NULL: out of memory (no error raised). */
cJSON *requests_object(const struct listed_request *listed, const struct document *document);

#endif
