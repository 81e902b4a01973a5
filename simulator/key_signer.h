/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing inside the simulator with keys that no application may sign with.
 */
#ifndef SKASIM_KEY_SIGNER_H
#define SKASIM_KEY_SIGNER_H

#include <pkcs11.h>

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"
#include "simulator/mechanism_table.h"
#include "simulator/object_kind.h"
#include "simulator/session_table.h"

/* One signature, in a session of the simulator's own. */
struct sim_signer {
    const struct sim_signing *scheme;
    struct sim_own_session own;
    enum ska_digest pss_digest; /* the digest that raw PSS takes */
    CK_ULONG length;            /* of the signature */
};

/*
 * Checks that the key may be used with the mechanism, and makes SoftHSM ready to sign, which tells
 * the length. Nothing is signed yet. To be closed in any case; `signer` is all zero before.
 */
CK_RV sim_signer_open(CK_SESSION_HANDLE session, const struct sim_object *key,
                      CK_MECHANISM *mechanism, struct sim_signer *signer);
void sim_signer_close(struct sim_signer *signer);

/* Signs; the buffer is large enough. CKR_DATA_LEN_RANGE for data that the mechanism cannot sign. */
CK_RV sim_signer_sign(const struct sim_signer *signer, struct ska_span data, CK_BYTE_PTR signature,
                      CK_ULONG_PTR signature_len);

#endif
