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

/*
 * The same, and where in the text the value of a member of the outermost object stands; *value is
 * empty when there is no such member.
 */
bool ska_json_scan_for(struct ska_span text, const char *shown, const char *member,
                       struct ska_span *value, const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
