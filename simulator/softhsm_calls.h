/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of SoftHSMv2, which is loaded once per process and never unloaded.
 *
 * It keeps threads apart that SoftHSM does not. SoftHSM 2.6.1 re-reads an object's file whenever
 * anything looks at the object. A thread that looks while another one makes or changes it reads
 * half of it, and the object counts as broken for both. So calls that write objects have SoftHSM
 * for themselves: many may read, one may write.
 */
#ifndef SKASIM_SOFTHSM_CALLS_H
#define SKASIM_SOFTHSM_CALLS_H

#include <stdbool.h>

#include <pkcs11.h>

/*
 * Loads the module, or the distribution's when path is NULL. False, with a line on standard error,
 * when it cannot be loaded. To be called before any other thread can be in softhsm().
 */
bool softhsm_load(const char *path);

/* Its calls. Each of them must run between sim_enter() and sim_leave(). */
const CK_FUNCTION_LIST *softhsm(void);

/* Around fork(): no thread reads or writes objects meanwhile. */
void softhsm_before_fork(void);
void softhsm_after_fork(void);
void softhsm_after_fork_in_child(void);

#endif
