/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The call log: one line for each vendor call.
 */
#ifndef SKASIM_CALL_LOG_H
#define SKASIM_CALL_LOG_H

#include <stdbool.h>

#include <pkcs11.h>

#include "provider/base/bytes.h"

/*
 * Appends "NAME LABEL RESULT" with one write. A query for a length is written as "NAME(length)", so
 * that real calls can be counted. An empty label is written as "-". Does nothing without a
 * call-log.
 */
void sim_log_call(const char *name, bool length_only, struct ska_span label, CK_RV rv);

#endif
