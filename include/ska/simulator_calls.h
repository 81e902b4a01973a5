/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ska/simulator_calls.h: what the simulator exports for decrypting and unwrapping with an SKA
 * key. The vendor publishes the names of its calls for both, but not their arguments, so these have
 * names of their own.
 */
#ifndef SKA_SIMULATOR_CALLS_H
#define SKA_SIMULATOR_CALLS_H

#include <pkcs11.h>

/*
 * Decrypts the payload of the token, with CKM_RSA_PKCS, CKM_RSA_X_509 or CKM_RSA_PKCS_OAEP, if the
 * approvals satisfy the key's use rule. NULL for `data` asks for the length.
 */
extern CK_RV C_SkasimDecrypt(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                             CK_OBJECT_HANDLE key, CK_BYTE_PTR token, CK_ULONG tokenLen,
                             CK_SKA_APPROVAL *approvals, CK_ULONG approvalCount, CK_BYTE_PTR data,
                             CK_ULONG_PTR dataLen);

/*
 * Unwraps the key in the payload of the token, a container with element 0x100C, if the
 * approvals satisfy the use rule; mechanisms as above, template as for C_UnwrapKey().
 */
extern CK_RV C_SkasimUnwrap(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                            CK_OBJECT_HANDLE key, CK_BYTE_PTR token, CK_ULONG tokenLen,
                            CK_SKA_APPROVAL *approvals, CK_ULONG approvalCount,
                            CK_ATTRIBUTE_PTR attributes, CK_ULONG attributeCount,
                            CK_OBJECT_HANDLE_PTR newKey);

/* The wrapped key in such a payload, as in the vendor's samples. */
#define SKASIM_WIRE_WRAPPED_KEY 0x100C

#endif
