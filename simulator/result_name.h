/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Result codes as text, for the call log and for faults.
 */
#ifndef SKASIM_RESULT_NAME_H
#define SKASIM_RESULT_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include <pkcs11.h>

#define SIM_RESULT_TEXT_SIZE 48

/* The code's name, or its number in hexadecimal. */
const char *sim_result_text(CK_RV rv, char text[SIM_RESULT_TEXT_SIZE]);

/* From a name (CKR_...) or a number; false for anything else and for CKR_OK. */
bool sim_result_parse(const char *text, size_t length, CK_RV *rv);

#endif
