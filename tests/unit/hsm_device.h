/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS#11 module for tests: the simulator, behaving as the device may where the vendor's public
 * material leaves that open.
 */
#ifndef SKA_TEST_HSM_DEVICE_H
#define SKA_TEST_HSM_DEVICE_H

#include <stdatomic.h>
#include <stdbool.h>

#include <pkcs11.h>

struct hsm_device {
    atomic_bool moves;       /* a change gives the key another handle, and the old one is void */
    atomic_bool loses;       /* a change gives no handle, and the old one is void */
    atomic_bool der;         /* C_GetTimestamp gives ECDSA signatures as DER */
    atomic_bool cuts;        /* C_GetTimestamp gives a byte of the signature less */
    atomic_bool grows;       /* C_GetTimestamp, C_SerializePolicy: it is longer than was said */
    atomic_bool overlong;    /* C_CreateApprovalToken claims a byte more than there is room for */
    atomic_bool empty;       /* C_CreateApprovalToken claims a token of no bytes */
    atomic_ulong claims;     /* rules, times and tokens are so long, unless it is 0 */
    atomic_bool undisclosed; /* CKA_SKA_TIMESTAMP_SIGN is not shown */
    atomic_bool races;       /* somebody is faster than C_GenerateKeyPair, with the same label */
    /* Questions for this attribute alone are answered so, unless it is 0. */
    atomic_ulong asked;
    atomic_ulong answer;     /* CKR_OK: as if there were more of it than anybody reads */
    atomic_ulong no_writing; /* sessions for writing are answered with this, unless it is 0 */
    /* How often each was called. */
    atomic_int finds;
    atomic_int changes;
    atomic_int timestamps; /* queries left out */
};

/* Exported by the module under this name. */
typedef struct hsm_device *hsm_device_get(void);
extern struct hsm_device *hsm_device(void);

#endif
