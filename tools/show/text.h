/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts that texts for people are made of. Everything that comes from files, from the HSM or
 * from other people goes through ska_printable() on its way.
 */
#ifndef SKA_TOOLS_SHOW_TEXT_H
#define SKA_TOOLS_SHOW_TEXT_H

#include <cjson/cJSON.h>
#include <openssl/types.h>

#include "provider/backend/backend_key.h"
#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"
#include "provider/rule/rule.h"
#include "provider/rule/window.h"

/* The longest text of others that is shown whole. */
#define TEXT_LIMIT 1000

void text_printable(struct ska_buffer *text, struct ska_span untrusted);
/* The same in single quotes. */
void text_quoted(struct ska_buffer *text, struct ska_span untrusted);

/* "    name            " at the start of a line of a list of names and values. */
void text_name(struct ska_buffer *text, const char *name);
/* A whole such line; nothing when the value is NULL. */
void text_row(struct ska_buffer *text, const char *name, const char *untrusted);

/* Hexadecimal digits in groups of four, as they are read aloud; sixteen bytes on a line. */
void text_digits(struct ska_buffer *text, struct ska_span bytes, const char *new_line);

/* A new line, indented as a value. */
#define TEXT_NEXT_LINE "\n                    "

/* ska_rule_list_text(), indented as a value. */
void text_rule(struct ska_buffer *text, const struct ska_rule *rule);
/* The same for a serialized rule; one that does not decode is shown as far as it can be. */
void text_encoded_rule(struct ska_buffer *text, struct ska_span encoded);

/* ska_time_shown() */
#define TEXT_TIME_SIZE SKA_TIME_SHOWN_SIZE
const char *text_time(uint64_t seconds, char text[TEXT_TIME_SIZE]);

/* The same of one that a file states; what is no such time is shown as a name. */
void text_stated_time(struct ska_buffer *text, const char *stated);
/* A whole line of it; nothing when it is NULL. */
void text_stated_time_row(struct ska_buffer *text, const char *name, const char *stated);

/* "EC P-256", "RSA 3072", "ED25519" */
#define TEXT_ALGORITHM_SIZE 64
void text_key_algorithm(enum ska_key_type type, const EVP_PKEY *key,
                        char algorithm[TEXT_ALGORITHM_SIZE]);

/* A path that is written to, as ska_buffer_name() shows it. */
void text_output_path(const char *path, struct ska_buffer *text);

/* SHA-256 of something in hexadecimal, to tell keys apart. */
void text_fingerprint(OSSL_LIB_CTX *libctx, struct ska_span of, struct ska_buffer *text);

/* The public key in PEM, appended. */
bool text_public_key(struct ska_buffer *text, const EVP_PKEY *key);

/* "yes", "no", "not told"; in JSON true, false, and no member at all. */
const char *text_told(enum backend_told told);
bool text_add_told(cJSON *object, const char *name, enum backend_told told) SKA_MUST_CHECK;

/* "sign", "block", ... */
const char *text_operation(enum ska_operation operation);
/* The one with this name; false: there is none. */
bool text_read_operation(const char *name, enum ska_operation *operation);

/*
 * Prints and empties the buffer, on a terminal in lines that fit (see fold.h); false, with errors
 * raised, when memory ran out on the way.
 */
bool text_print(struct ska_buffer *text, const struct ska_errors *errors) SKA_MUST_CHECK;

/* Prints a JSON tree, indented, and deletes it; NULL means that memory ran out. */
bool text_print_json(cJSON *json, const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
