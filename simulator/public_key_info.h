/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A public key object as a SubjectPublicKeyInfo.
 */
#ifndef SKASIM_PUBLIC_KEY_INFO_H
#define SKASIM_PUBLIC_KEY_INFO_H

#include <pkcs11.h>

#include "provider/base/bytes.h"

/* For RSA, EC on a named curve, Ed25519 and Ed448. */
CK_RV sim_public_key_read(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, struct ska_bytes *info);

#endif
