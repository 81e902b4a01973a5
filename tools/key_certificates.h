/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates that are on the token with a key.
 */
#ifndef SKA_TOOLS_KEY_CERTIFICATES_H
#define SKA_TOOLS_KEY_CERTIFICATES_H

#include "tools/certificate_end.h"
#include "tools/tool.h"

/*
 * When those end that are for this key, by its id or its label and with its public key. `uri` is
 * what it was found by. Of one that cannot be read nothing is said; behind a broker there are none.
 */
void key_certificates_say_ends(const struct tool *tool, const struct hsm_uri *uri,
                               const struct backend_key *key, const struct certificate_ends *ends);

#endif
