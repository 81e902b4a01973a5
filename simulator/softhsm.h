/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SoftHSMv2 beneath: loaded once per process and never unloaded.
 */
#ifndef SKASIM_SOFTHSM_H
#define SKASIM_SOFTHSM_H

#include <stdbool.h>

#include <pkcs11.h>

/*
 * Loads the module, or the distribution's when path is NULL. False, with a line on standard error,
 * when it cannot be loaded. To be called before any other thread can be in softhsm().
 */
bool softhsm_load(const char *path);

/* Its calls. Each of them must run between sim_enter() and sim_leave(). */
const CK_FUNCTION_LIST *softhsm(void);

#endif
