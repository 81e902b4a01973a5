/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several signatures at a time: all are asked for first, then they wait together. Each is in an
 * ASYNC job of libcrypto, as signatures of an event loop are.
 */
#ifndef SKA_TOOLS_SEAL_TOGETHER_H
#define SKA_TOOLS_SEAL_TOGETHER_H

#include "tools/seal/sealing.h"

/* Calls sealing_sign() for each, and sealing_finish() as soon as that is done. */
void seal_together(struct sealing *sealings, size_t count, const struct ska_errors *errors);

#endif
