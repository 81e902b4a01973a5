/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON from others, as trees of cJSON. Refused are, besides what is no JSON: nesting above 16,
 * invalid UTF-8, "\u0000", doubled members, anything behind the value, more than 1 MiB.
 */
#ifndef SKA_BASE_JSON_H
#define SKA_BASE_JSON_H

#include <cjson/cJSON.h>

#include "provider/base/bytes.h"
#include "provider/base/error_place.h"

#define SKA_JSON_LIMIT ((size_t)1024 * 1024)
#define SKA_JSON_DEPTH 16

/*
 * `shown` names the text in messages (a path, "ska-approvals"); it may be anything. Errors:
 * SKA_R_BAD_JSON with the reason, line and column. Free with cJSON_Delete(); what is duplicated or
 * taken out of the tree does not outlive it.
 */
bool ska_json_parse(struct ska_span text, const char *shown, cJSON **json,
                    const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * A value and where it stands. What is raised into place->at.errors gets the place in front, as
 * "file: a.b[0]: ...".
 */
struct ska_json_place {
    struct ska_error_place at;
    const cJSON *value;     /* NULL: absent */
    enum ska_reason reason; /* of what is raised here */
};

/* The value that a whole text holds. */
void ska_json_top(struct ska_json_place *place, const cJSON *value, const char *shown,
                  enum ska_reason reason, const struct ska_errors *errors);
/* A member, of any type, and an element. */
void ska_json_member(const struct ska_json_place *place, const char *name,
                     struct ska_json_place *inside);
void ska_json_element(const struct ska_json_place *place, const cJSON *value, size_t index,
                      struct ska_json_place *inside);

/*
 * Members of an object. Absent (or null): true with *value untouched, unless required; of another
 * type: false. Errors are raised with the reason of the place.
 */
enum ska_json_need { SKA_JSON_OPTIONAL, SKA_JSON_REQUIRED };

bool ska_json_text(const struct ska_json_place *place, const char *name, enum ska_json_need need,
                   const char **value) SKA_MUST_CHECK; /* borrowed from the tree */
bool ska_json_uint(const struct ska_json_place *place, const char *name, enum ska_json_need need,
                   uint64_t *value) SKA_MUST_CHECK; /* whole, from 0, below 2^53 */
bool ska_json_bool(const struct ska_json_place *place, const char *name, enum ska_json_need need,
                   bool *value) SKA_MUST_CHECK;
/* Strict base64; *value is owned by the caller. */
bool ska_json_base64(const struct ska_json_place *place, const char *name, enum ska_json_need need,
                     struct ska_bytes *value) SKA_MUST_CHECK;
/* The same of a key or certificate, which may have lines of PEM around it. */
bool ska_json_base64_pem(const struct ska_json_place *place, const char *name,
                         enum ska_json_need need, struct ska_bytes *value) SKA_MUST_CHECK;
/* As a place of its own, whose value is NULL when the member is absent. */
bool ska_json_object(const struct ska_json_place *place, const char *name, enum ska_json_need need,
                     struct ska_json_place *inside) SKA_MUST_CHECK;
bool ska_json_array(const struct ska_json_place *place, const char *name, enum ska_json_need need,
                    struct ska_json_place *inside) SKA_MUST_CHECK;

/* Refuses members of other names. The list ends with NULL. */
bool ska_json_only(const struct ska_json_place *place, const char *const *names) SKA_MUST_CHECK;

/* Raise for a member: "what", "'value' is not wanted". Return false. */
bool ska_json_fail(const struct ska_json_place *place, const char *name, const char *what);
bool ska_json_fail_value(const struct ska_json_place *place, const char *name, const char *value,
                         const char *wanted);

/*
 * Adding members; false only when memory runs out (no error raised). Empty spans add "", a NULL
 * text adds nothing.
 */
/* To an object, or to an array (name NULL). An item that cannot be added is deleted; NULL cannot.
 */
bool ska_json_add_item(cJSON *parent, const char *name, cJSON *item) SKA_MUST_CHECK;
bool ska_json_add_text(cJSON *object, const char *name, const char *value) SKA_MUST_CHECK;
/* A text of others of any bytes; escaped as ska_printable() does where JSON cannot hold it. */
bool ska_json_add_untrusted(cJSON *object, const char *name,
                            struct ska_span untrusted) SKA_MUST_CHECK;
bool ska_json_add_base64(cJSON *object, const char *name, struct ska_span value) SKA_MUST_CHECK;
bool ska_json_add_hex(cJSON *object, const char *name, struct ska_span value) SKA_MUST_CHECK;

/* Indented, ended by a newline. Refuses what ska_json_parse() would refuse for length or UTF-8. */
bool ska_json_print(const cJSON *json, struct ska_bytes *text,
                    const struct ska_errors *errors) SKA_MUST_CHECK;
/* The same on one line. */
bool ska_json_print_line(const cJSON *json, struct ska_bytes *text,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
