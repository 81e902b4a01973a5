/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKATSB_KEY_ANSWER_H
#define SKATSB_KEY_ANSWER_H

#include "simulator/tsb/exchange.h"

/* Answers with the attributes of a key and their attestation. */
void tsb_answer_key(struct tsb_exchange *exchange, unsigned int status, const char *label);

#endif
