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
bool requests_text_start(struct requests_text *text,
                         const struct ska_errors *errors) SKA_MUST_CHECK;
bool requests_text_add(struct requests_text *text, const struct listed_request *listed,
                       const struct document *document,
                       const struct ska_errors *errors) SKA_MUST_CHECK;
bool requests_text_print(struct requests_text *text,
                         const struct ska_errors *errors) SKA_MUST_CHECK;
void requests_text_clear(struct requests_text *text);

/*
 * Prints those that are wanted, as a table or as JSON; with a folder (NULL: none) which file of it
 * each is about.
 */
bool requests_list(struct request_place *place, const struct request_filter *filter,
                   struct document_folder *folder, bool json) SKA_MUST_CHECK;

/* NULL: out of memory (no error raised). */
cJSON *requests_object(const struct listed_request *listed, const struct document *document);

#endif
