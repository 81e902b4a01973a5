/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKA_HSM_SOFTHSM_H
#define SKA_HSM_SOFTHSM_H

struct hsm_module;

/*
 * For a message about a token or a module that cannot be had, " (as uid ...)": as which user, and
 * for SoftHSM and the simulator which file or directory this user may not read. Free with free();
 * NULL when memory runs out.
 */
char *hsm_explain_access(const struct hsm_module *module);

#endif
