/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making keys behind a broker.
 */
#ifndef SKA_TSB_KEY_CREATE_H
#define SKA_TSB_KEY_CREATE_H

#include "provider/backend/backend.h"
#include "provider/backend/backend_key_template.h"
#include "provider/tsb/connection.h"

/*
 * Whether a broker can make such a key at all; nobody is asked. SKA_R_UNSUPPORTED; SKA_R_BAD_POLICY
 * for times that are no whole minutes.
 */
bool tsb_key_check(const struct backend_key_template *wanted,
                   const struct ska_errors *errors) SKA_MUST_CHECK;

/* Makes the key. The rest as tsb_key_find(). SKA_R_LABEL_IN_USE. */
bool tsb_key_create(struct tsb_connection *connection, const struct backend_key_template *wanted,
                    OSSL_LIB_CTX *libctx, struct backend_key **key,
                    const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
