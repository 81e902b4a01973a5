/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing inside the simulator with keys that no application may sign with.
 */
#ifndef SKASIM_KEY_SIGNER_H
#define SKASIM_KEY_SIGNER_H

#include <pkcs11.h>

#include "provider/base/bytes.h"
#include "simulator/mechanism_table.h"
#include "simulator/object_kind.h"

/* Larger than any signature. */
#define SIM_SIGNATURE_LIMIT 1024

/* How a key is to sign. */
struct sim_signer {
    const struct sim_signing *scheme;
    CK_RSA_PKCS_PSS_PARAMS pss; /* of a PSS mechanism */
    CK_ULONG length;            /* of the signature */
};

/*
 * Whether the key may be used with the mechanism, and what length the signature will have. SoftHSM
 * hears nothing of it: no session is ready to sign before it is decided that there will be a
 * signature.
 */
CK_RV sim_signer_prepare(const struct sim_object *key, const CK_MECHANISM *mechanism,
                         struct sim_signer *signer);

/*
 * Signs, in a session of the simulator's own. To be called when all is decided.
 * CKR_DATA_LEN_RANGE for data that the mechanism cannot sign.
 */
CK_RV sim_signer_sign(CK_SESSION_HANDLE session, const struct sim_object *key,
                      struct sim_signer *signer, struct ska_span data,
                      CK_BYTE signature[SIM_SIGNATURE_LIMIT]);

#endif
