/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SKA private key that a vendor call works on, and the label that approvals must name.
 */
#ifndef SKASIM_SKA_KEY_H
#define SKASIM_SKA_KEY_H

#include <pkcs11.h>

#include "simulator/object.h"

struct sim_ska_key {
    struct sim_object object;
    struct ska_bytes label;
};

/* CKR_KEY_TYPE_INCONSISTENT for an object that is no SKA private key. Close in any case. */
CK_RV sim_ska_key_open(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, struct sim_ska_key *key);
void sim_ska_key_close(struct sim_ska_key *key);

#endif
