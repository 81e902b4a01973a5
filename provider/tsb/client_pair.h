/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate that shows a broker who calls, and its key.
 */
#ifndef SKA_TSB_CLIENT_PAIR_H
#define SKA_TSB_CLIENT_PAIR_H

#include "provider/base/bytes.h"
#include "provider/base/error.h"

/* By what PEM says. NULL: no. */
bool tsb_client_key_is_encrypted(const char *key);

/*
 * The password of an encrypted key, from the file `source`, to be freed with
 * ska_bytes_clear_free(); nothing for a key that needs none. SKA_R_BAD_CONFIGURATION: it is not
 * configured.
 */
bool tsb_client_password(const char *key, const char *source, struct ska_bytes *password,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Whether the key in one file is that of the certificate in the other, as HTTP clients do not say
 * clearly. SKA_R_BAD_CONFIGURATION: it is not. What cannot be read is left for the HTTP client to
 * complain of. Both NULL: fits.
 */
bool tsb_client_pair_fits(const char *certificate, const char *key, const char *password,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
