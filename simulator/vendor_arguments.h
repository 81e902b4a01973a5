/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inputs and outputs of the vendor's calls.
 */
#ifndef SKASIM_VENDOR_ARGUMENTS_H
#define SKASIM_VENDOR_ARGUMENTS_H

#include <stdbool.h>

#include <pkcs11.h>

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

/* Whether an input is what it says: nothing, or at most as much as an element can hold. */
bool sim_input_given(const CK_BYTE *data, CK_ULONG length);

/*
 * What an approval token can be made for, in the vendor's numbers. False for a number that is none
 * of those that the simulator knows.
 */
bool sim_operation_from(CK_ULONG number, enum ska_operation *operation);

/* The answer of a call with an output buffer: its length, CKR_BUFFER_TOO_SMALL, or the output. */
CK_RV sim_output(struct ska_span output, CK_BYTE_PTR buffer, CK_ULONG_PTR buffer_len);

#endif
