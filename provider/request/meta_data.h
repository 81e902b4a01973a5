/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a broker shows approvers of a request, as JSON: the requester's words, which nobody vouches
 * for.
 */
#ifndef SKA_REQUEST_META_DATA_H
#define SKA_REQUEST_META_DATA_H

#include "provider/request/request.h"

/* How much of what is hashed goes along, in bytes: the broker's limit is not public. */
#define SKA_META_CONTENT_LIMIT ((size_t)16 * 1024)

/* {"app", "requestId", "publicKey", "time", "description", "digest", "requester", "signedContent"
 * or "noSignedContent"} */
bool ska_meta_data_make(const struct ska_request *draft, struct ska_bytes *text,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The words of others: those that are as above become the request's, and what is of another form
 * its description, as it stands, with request->words_fault where it claims to be as above. A
 * requestId is taken only if it is the one of a request for what the approval token allows, which
 * has been taken before, with the key that is stated. Digest and content are taken for a digest
 * payload only; whether they are those of the payload is for others to find out
 * (SKA_R_PAYLOAD_MISMATCH where the digest is another). Members that were set before stay where
 * nothing is said.
 */
bool ska_meta_data_take(struct ska_span text, struct ska_request *request,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
