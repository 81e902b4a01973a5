/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SKA_DEBUG=FILE[:LEVEL]: a line for each call into a module, for those who have to find out what a
 * module answers. Level 1: the call, its answer, how long it took; level 2: handles, mechanisms,
 * types of attributes and lengths too. Never what is signed, a value of an attribute, or a PIN.
 */
#ifndef SKA_HSM_CALL_LOG_H
#define SKA_HSM_CALL_LOG_H

#include "provider/hsm/cryptoki.h"
#include "provider/hsm/state.h"

/*
 * Opens the file when it is first called; ignored in setuid and setgid programs.
 * SKA_R_BAD_CONFIGURATION: the level; SKA_R_FILE_FAILURE: the file cannot be opened, or is somebody
 * else's.
 */
bool hsm_call_log_open(const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Puts calls that write to the log in the place of the module's own, once for each module. Without
 * a log everything stays as it is, so that it costs nothing.
 */
void hsm_call_log_module(const char *path, const CK_FUNCTION_LIST **calls,
                         struct hsm_ska_calls *ska);

/* For a call that somebody else makes for us. Starts with the first, when there is a log. */
struct hsm_logged_call {
    const char *name; /* NULL: there is no log */
    unsigned int module;
    struct timespec began;
};
struct hsm_logged_call hsm_logged_call_begin(const CK_FUNCTION_LIST *calls, const char *name);
void hsm_logged_call_end(const struct hsm_logged_call *call, CK_RV rv);

#endif
