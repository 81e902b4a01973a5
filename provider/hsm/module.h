/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS#11 modules. Each lives as long as the process: it is loaded once, by its path, never
 * unloaded, and finalized only where the application or another provider cannot be using it, see
 * hsm_module_restart().
 */
#ifndef SKA_HSM_MODULE_H
#define SKA_HSM_MODULE_H

#include "provider/base/error.h"

struct hsm_module;

/*
 * `init_args`: the string that it wants at C_Initialize, or NULL; the first one counts. Errors:
 * SKA_R_MODULE_UNAVAILABLE with the path and the loader's words.
 */
bool hsm_module_open(const char *path, const char *init_args, struct hsm_module **module,
                     const struct ska_errors *errors) SKA_MUST_CHECK;
/* CK_INFO.manufacturerID without padding. */
const char *hsm_module_manufacturer(const struct hsm_module *module);

/*
 * Makes sure that the module is initialized in this process. `finalized` is the incarnation that
 * turned out to be over, 0 when none did.
 */
bool hsm_module_ready(struct hsm_module *module, unsigned long finalized,
                      const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * C_Finalize and C_Initialize, for modules that will not see otherwise that the device is back, or
 * that it has a new token. Only where nobody else is harmed: it was initialized here first, no
 * session is open but ours (or the device answers nobody), no call is under way, and not twice a
 * second. `incarnation` is that in which the module failed. True: it was initialized anew, by this
 * thread or another one.
 */
bool hsm_module_restart(struct hsm_module *module, unsigned long incarnation) SKA_MUST_CHECK;

/* The same, if the device answers with CKR_DEVICE_ERROR to whatever it is asked. */
bool hsm_module_revive(struct hsm_module *module, unsigned long incarnation) SKA_MUST_CHECK;

/*
 * Whether SKA calls may be made: the module exports them, and either this build has the vendor's
 * numbers or the module is the simulator. Otherwise SKA_R_PLACEHOLDER_NUMBERS or
 * SKA_R_MODULE_UNAVAILABLE, with what to do.
 */
bool hsm_module_supports_ska(struct hsm_module *module,
                             const struct ska_errors *errors) SKA_MUST_CHECK;

/* That it has a call that not all modules have: `there` is whether it was found. */
bool hsm_module_has_call(const struct hsm_module *module, bool there, const char *call,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * For a message about a token or a module that cannot be had, " (as uid ...)": as which user, and
 * for SoftHSM and the simulator which file or directory this user may not read. Free with free();
 * NULL when memory runs out.
 */
char *hsm_explain_access(const struct hsm_module *module);

#endif
