/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SoftHSM's file of a token (label, PINs). SoftHSM 2.6.1 empties and rewrites it at each login, and
 * lets go of its lock before the new content is there. Another process that looks at that moment
 * finds no token, and one that dies there leaves none.
 *
 * So calls that read or write the file take turns, and there is a copy from which an empty file is
 * restored.
 */
#ifndef SKASIM_TOKEN_FILE_H
#define SKASIM_TOKEN_FILE_H

#include <stdbool.h>

#include <pkcs11.h>

/* Before and after a call of SoftHSM that touches the file. Only after CKR_OK is it to be ended. */
CK_RV sim_token_file_begin(void);

/* `changed`: the call has changed label or PINs, so the copy is made anew. */
void sim_token_file_end(bool changed);

#endif
