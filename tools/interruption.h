/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signal that ends the program, where something has to be done before it ends.
 */
#ifndef SKA_TOOLS_INTERRUPTION_H
#define SKA_TOOLS_INTERRUPTION_H

#include <stdbool.h>

/*
 * From here on the first SIGINT, SIGTERM or SIGHUP is only noted, unless it is ignored; a second
 * one ends the program at once.
 */
void interruption_catch(void);

/* Whether there was one since. */
bool interruption_seen(void);

/* Ends the program by the signal that was noted; does nothing where there was none. */
void interruption_end(void);

#endif
