/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PINs that a program writes: one line on its standard output.
 */
#ifndef SKA_HSM_PIN_COMMAND_H
#define SKA_HSM_PIN_COMMAND_H

#include "provider/hsm/pin_memory.h"

/*
 * `command` is an absolute path and arguments, separated by blanks; no shell reads it. The program
 * has no signals blocked or ignored, /dev/null as input and for its complaints, and no descriptor
 * of ours; it has ten seconds. Refused where libcrypto would not trust its environment either
 * (setuid, setgid). It works though the application ignores SIGCHLD or waits for all children.
 * NULL: raised; the arguments are in no message.
 */
struct hsm_pin *hsm_pin_from_command(const char *command, const struct ska_errors *errors);

/*
 * Whether this process, or one that has started it, is such a program: the variable SKA_PIN_COMMAND
 * tells. One that reads the configuration, too, must not start itself.
 */
bool hsm_pin_in_command(void);

#endif
