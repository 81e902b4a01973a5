/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a broker has said of a request that it had executed, as evidence has it (doc/formats.md).
 */
#ifndef SKA_SIGN_BROKER_TOLD_H
#define SKA_SIGN_BROKER_TOLD_H

#include "provider/backend/broker.h"

/* JSON text, ended by a newline. `broker` is its URL, `id` how it calls the request. */
bool ska_broker_told_make(const char *broker, const char *id, const struct broker_status *status,
                          struct ska_bytes *text, const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
