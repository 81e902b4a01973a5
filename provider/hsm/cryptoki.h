/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cryptoki's types and numbers: ours, or the vendor's header when the build was given it. Only the
 * files of this folder include it.
 */
#ifndef SKA_HSM_CRYPTOKI_H
#define SKA_HSM_CRYPTOKI_H

#include <string.h>

#include <pkcs11.h>

#include "ska/simulator.h"

#include "provider/base/error.h"

/* Of Cryptoki 3.0; a vendor's header may be older. */
#ifndef CKK_EC_EDWARDS
#define CKK_EC_EDWARDS 0x40UL
#endif
#ifndef CKM_EC_EDWARDS_KEY_PAIR_GEN
#define CKM_EC_EDWARDS_KEY_PAIR_GEN 0x1055UL
#endif
#ifndef CKM_EDDSA
#define CKM_EDDSA 0x1057UL
#endif
#ifndef CKA_ALLOWED_MECHANISMS
#define CKA_ALLOWED_MECHANISMS 0x40000600UL
#endif
#ifndef CK_UNAVAILABLE_INFORMATION
#define CK_UNAVAILABLE_INFORMATION ((CK_ULONG)-1)
#endif

/* Cryptoki's input pointers are not const, though nothing is written through them. */
static inline void *hsm_writable(const void *pointer)
{
    void *plain = NULL;

    memcpy(&plain, &pointer, sizeof(plain));
    return plain;
}

#endif
