/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a broker shows approvers of a request, as JSON: the requester's words, which nobody vouches
 * for.
 */
#ifndef SKA_SIGN_META_DATA_H
#define SKA_SIGN_META_DATA_H

#include "provider/sign/job.h"

/* How much of what is hashed goes along, in bytes: the broker's limit is not public. */
#define SKA_META_CONTENT_LIMIT ((size_t)16 * 1024)

/* {"app", "time", "description", "digest", "value", "requester", "signedContent"} */
bool ska_meta_data_make(const struct ska_request *draft, struct ska_bytes *text,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
