/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKA_HSM_SOFTHSM_H
#define SKA_HSM_SOFTHSM_H

#include "provider/base/bytes.h"

struct hsm_module;

/*
 * Adds to a message about a token or a module that cannot be had: as which user, and for SoftHSM
 * and the simulator which file or directory this user may not read.
 */
void hsm_explain_access(const struct hsm_module *module, struct ska_buffer *text);

#endif
