/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request that an application takes out of a signature context to have it approved by its own
 * means: made once for what has been fed in so far, shared by duplicates of the context.
 */
#ifndef SKA_PROVIDER_SIGNATURE_REQUEST_H
#define SKA_PROVIDER_SIGNATURE_REQUEST_H

#include "provider/request/request.h"

/* Immutable, reference counted. */
struct ska_prepared;
struct ska_prepared *ska_prepared_up_ref(struct ska_prepared *prepared); /* NULL is fine */
void ska_prepared_free(struct ska_prepared *prepared);                   /* NULL is fine */

/* Takes over the request. */
bool ska_prepared_new(struct ska_request *request, struct ska_prepared **prepared,
                      const struct ska_errors *errors) SKA_MUST_CHECK;

const struct ska_request *ska_prepared_request(const struct ska_prepared *prepared);
const char *ska_prepared_text(const struct ska_prepared *prepared); /* JSON */

#endif
