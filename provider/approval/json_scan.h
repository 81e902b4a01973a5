/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The look at a JSON text before cJSON sees it.
 */
#ifndef SKA_APPROVAL_JSON_SCAN_H
#define SKA_APPROVAL_JSON_SCAN_H

#include "../base/bytes.h"

/*
 * True for exactly one JSON value (RFC 8259) that keeps to what json.h promises. Does not recurse,
 * and takes n log n time for n members. The message says line and column (in bytes, from 1).
 * `shown` is harmless on a terminal.
 */
bool ska_json_scan(struct ska_span text, const char *shown,
                   const struct ska_errors *errors) SKA_MUST_CHECK;

/* Members of the outermost object that nobody wants, and where their values stand in the text. */
#define SKA_JSON_UNWANTED 2
struct ska_json_unwanted {
    const char *names[SKA_JSON_UNWANTED]; /* NULL: no more */
    struct ska_span values[SKA_JSON_UNWANTED];
    size_t count; /* of the values, in the order of the text */
};

/* The same, and finds those members. */
bool ska_json_scan_for(struct ska_span text, const char *shown, struct ska_json_unwanted *unwanted,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
