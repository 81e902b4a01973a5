/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tasks of a broker an approver has rejected, by this user's own history: a broker takes a
 * rejection without a trace that it would show to the approver, and may ask for the same again.
 */
#ifndef SKA_TOOLS_REJECTED_TASKS_H
#define SKA_TOOLS_REJECTED_TASKS_H

#include <openssl/types.h>

#include "provider/base/bytes.h"

/* Starts as {0}; free with rejected_tasks_clear(). */
struct rejected_tasks {
    char **ids;
    size_t count;
};

/*
 * Those whose last answer by this key (SubjectPublicKeyInfo) was a rejection. Lines that are none
 * are raised into `broken` and passed over.
 */
bool rejected_tasks_read(OSSL_LIB_CTX *libctx, struct ska_span public_key,
                         struct rejected_tasks *rejected, const struct ska_errors *broken,
                         const struct ska_errors *errors) SKA_MUST_CHECK;
bool rejected_tasks_have(const struct rejected_tasks *rejected, const char *id);
void rejected_tasks_clear(struct rejected_tasks *rejected);

#endif
