/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timestamps of the HSM, made with C_GetTimestamp by a timestamp key.
 */
#ifndef SKA_HSM_SKA_TIMESTAMP_H
#define SKA_HSM_SKA_TIMESTAMP_H

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

struct hsm_key;

/*
 * A timestamp over an operation's payload (C_GetTimestamp with SHA-256), by a timestamp key. The
 * signature, over the whole block, is in OpenSSL's form (PKCS#1 v1.5, ECDSA as DER, raw EdDSA).
 * SKA_R_WRONG_USE: the key is none that makes timestamps.
 */
bool hsm_timestamp_make(struct hsm_key *timestamp_key, enum ska_operation operation,
                        struct ska_span payload, struct ska_bytes *block,
                        struct ska_bytes *signature,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
