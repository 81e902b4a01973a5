/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The look at a JSON text before cJSON sees it.
 */
#ifndef SKA_BASE_JSON_SCAN_H
#define SKA_BASE_JSON_SCAN_H

#include "provider/base/bytes.h"

/*
 * True for exactly one JSON value (RFC 8259) that keeps to what json.h promises. Does not recurse,
 * and takes n log n time for n members. The message says line and column (in bytes, from 1).
 * `shown` is harmless on a terminal.
 */
bool ska_json_scan(struct ska_span text, const char *shown,
                   const struct ska_errors *errors) SKA_MUST_CHECK;

/* So many members of the outermost object can be unwanted. */
#define SKA_JSON_UNWANTED 2

/* Where values stand in the text, in its order. */
struct ska_json_values {
    struct ska_span list[SKA_JSON_UNWANTED];
    size_t count;
};

/* The same, and finds the values of the members with these names (NULL: no more). */
bool ska_json_scan_for(struct ska_span text, const char *shown,
                       const char *const names[SKA_JSON_UNWANTED], struct ska_json_values *values,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
