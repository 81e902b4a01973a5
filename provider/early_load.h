/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `load = early`: for programs that change their user or their root directory before they sign.
 */
#ifndef SKA_PROVIDER_EARLY_LOAD_H
#define SKA_PROVIDER_EARLY_LOAD_H

#include "provider/provider_context.h"

/*
 * Where the settings say so: reads the PIN that the configuration names, and loads and initializes
 * its module. Nobody is logged in. What fails goes to the log and stops nothing: the first use
 * tries again. Not in a process that has another's rights (setuid, setgid).
 */
void ska_early_load(struct ska_provider *provider);

#endif
