/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing inside the simulator with keys that no application may sign with.
 */
#ifndef SKASIM_SIGNING_H
#define SKASIM_SIGNING_H

#include <pkcs11.h>

#include "provider/base/bytes.h"
#include "simulator/mechanism.h"

/*
 * Makes SoftHSM ready to sign in a session of the simulator's own, which tells the length. Nothing
 * is signed yet.
 */
CK_RV sim_signing_begin(CK_SESSION_HANDLE own, const struct sim_signing *scheme,
                        CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_ULONG *length);

/* Signs; the buffer is large enough. */
CK_RV sim_signing_sign(CK_SESSION_HANDLE own, const struct sim_signing *scheme,
                       struct ska_span data, CK_BYTE_PTR signature, CK_ULONG_PTR signature_len);

#endif
