/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keccak as it was before it became SHA-3, which libcrypto 3.0 does not have: the same but for the
 * padding.
 */
#ifndef SKATSB_KECCAK_H
#define SKATSB_KECCAK_H

#include "provider/base/bytes.h"

#define TSB_KECCAK_MOST 64

/* `length` is 28, 32, 48 or 64. */
void tsb_keccak(struct ska_span data, uint8_t *hash, size_t length);

#endif
