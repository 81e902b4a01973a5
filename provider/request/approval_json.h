/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approvals as JSON: alone in a file of an approvals directory, or inside a bundle.
 */
#ifndef SKA_REQUEST_APPROVAL_JSON_H
#define SKA_REQUEST_APPROVAL_JSON_H

#include "provider/base/json.h"
#include "provider/request/request.h"

/* Frees what the approval holds, not the struct itself, and empties it. */
void ska_approval_clear(struct ska_approval *approval);

/*
 * Reads the elements of the member "approvals", which may be absent, and appends them. What was
 * read before a failure is the caller's too.
 */
bool ska_approvals_read(const struct ska_json_place *place, struct ska_approval **approvals,
                        size_t *count) SKA_MUST_CHECK;

/* NULL: out of memory (no error raised). */
cJSON *ska_approval_to_json(const struct ska_approval *approval);

#endif
