/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the vendor's calls share: outputs, a line in the call log for each.
 */
#ifndef SKASIM_VENDOR_CALL_H
#define SKASIM_VENDOR_CALL_H

#include <stdbool.h>

#include <pkcs11.h>

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

/*
 * What an approval token can be made for, in the vendor's numbers. False for a number that is none
 * of those that the simulator knows.
 */
bool sim_operation_from(CK_ULONG number, enum ska_operation *operation);

/* The answer of a call with an output buffer: its length, CKR_BUFFER_TOO_SMALL, or the output. */
CK_RV sim_output(struct ska_span output, CK_BYTE_PTR buffer, CK_ULONG_PTR buffer_len);

/*
 * The call log: appends "NAME LABEL RESULT" with one write. A query for a length is written as
 * "NAME(length)", so that real calls can be counted. An empty label is written as "-". Does nothing
 * without a call-log.
 */
void sim_log_call(const char *name, bool length_only, struct ska_span label, CK_RV rv);

#endif
