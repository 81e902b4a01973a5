/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A secret in memory that is not swapped out nor written to core files.
 */
#ifndef SKA_HSM_SECRET_H
#define SKA_HSM_SECRET_H

#include "provider/base/bytes.h"

/* The longest secret, in bytes. */
#define HSM_SECRET_LIMIT 256

struct hsm_secret {
    size_t length;
    uint8_t data[HSM_SECRET_LIMIT];
};

/* NULL when memory runs out or the value is too long. */
struct hsm_secret *hsm_secret_new(struct ska_span value);
/* Again in a child process, which does not inherit that its memory is locked. */
void hsm_secret_lock(struct hsm_secret *secret);
void hsm_secret_free(struct hsm_secret *secret); /* NULL is fine; wipes */

#endif
