/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HSM of the broker: the simulator's PKCS#11 module, loaded by its path, with one token logged
 * in. Keys, tokens, timestamps and everything that a rule allows or forbids are its business; what
 * it answers is handed on. All functions may be called by several threads.
 */
#ifndef SKATSB_DEVICE_H
#define SKATSB_DEVICE_H

#include <openssl/types.h>

#include <pkcs11.h>

#include "provider/base/bytes.h"
#include "ska/simulator_calls.h"
#include "simulator/tsb/tsb_config.h"

struct tsb_device;

/* `beside` is where the module is looked for when the configuration names none. */
bool tsb_device_open(const struct tsb_config *config, const char *beside, OSSL_LIB_CTX *libctx,
                     struct tsb_device **device, const struct ska_errors *errors) SKA_MUST_CHECK;
void tsb_device_close(struct tsb_device *device);

/* What the module exports. */
const CK_FUNCTION_LIST *tsb_device_calls(const struct tsb_device *device);

struct tsb_vendor_calls {
    __typeof__(&C_SerializePolicy) serialize_policy;
    __typeof__(&C_CreateModifyPayload) create_modify_payload;
    __typeof__(&C_GetTimestamp) get_timestamp;
    __typeof__(&C_CreateApprovalToken) create_approval_token;
    __typeof__(&C_SKASign) sign;
    __typeof__(&C_SKABlock) block;
    __typeof__(&C_SKAUnblock) unblock;
    __typeof__(&C_SKAModify) modify;
    __typeof__(&C_SkasimDecrypt) decrypt;
    __typeof__(&C_SkasimUnwrap) unwrap;
};
const struct tsb_vendor_calls *tsb_device_vendor_calls(const struct tsb_device *device);

OSSL_LIB_CTX *tsb_device_libctx(const struct tsb_device *device);

/* A session of the pool, for one operation; given back in any case. */
CK_RV tsb_session_take(struct tsb_device *device, CK_SESSION_HANDLE *session);
void tsb_session_give(struct tsb_device *device, CK_SESSION_HANDLE session);

/* "CKR_...", or the number; for messages. Into `text`. */
const char *tsb_device_result(CK_RV rv, char text[64]);

#endif
