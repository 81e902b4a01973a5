/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ska/pkcs11.h: standard Cryptoki (from p11-kit) and the vendor's Smart Key Attributes extensions.
 *
 * It replaces the vendor's own header of this name, which is not public: programs written
 * for that one compile with this one and run against the simulator. Structures and
 * calls have the form of the vendor's published examples. The numbers come in two kinds:
 *
 *   [published]  named by third parties that say they read the vendor's header; not confirmed
 *   [ours]       not public at all; the value is a placeholder that only the simulator knows
 *
 * A build against this header therefore makes SKA calls only to the simulator. For a
 * real HSM build with -DSKA_VENDOR_INCLUDE_DIR=<directory of the vendor's pkcs11.h>.
 *
 * These numbers are defined nowhere else.
 */
#ifndef SKA_PKCS11_H
#define SKA_PKCS11_H

#include <stdbool.h>

#include <p11-kit/pkcs11.h>

#include "simulator.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Says that the SKA numbers below are not the vendor's. */
#define SKA_PLACEHOLDER_NUMBERS 1

/* ---- Mechanisms: generation of SKA key pairs ------------------------------------------------ */

#define CKM_SKA_RSA_PKCS_KEY_PAIR_GEN 0x80002100UL   /* [published] */
#define CKM_SKA_DSA_KEY_PAIR_GEN 0x80002101UL        /* [published] */
#define CKM_SKA_EC_KEY_PAIR_GEN 0x80002102UL         /* [published] */
#define CKM_SKA_EC_EDWARDS_KEY_PAIR_GEN 0x80002103UL /* [published] */
#define CKM_SKA_EC_SLIP10_KEY_PAIR_GEN 0x80002104UL  /* [ours] */

/* Attestation keys and SLIP-10: declared for completeness; nothing in this project uses them. */
#define CKM_RKS_RSA_PKCS_KEY_PAIR_GEN 0x80002200UL /* [published] */
#define CKM_RKS_EC_KEY_PAIR_GEN 0x80002201UL       /* [published] */
#define CKM_SLIP10_CHILD_DERIVE 0x80000E01UL       /* [published] */
#define CKM_EC_SLIP10_KEY_PAIR_GEN 0x80000E02UL    /* [published] */
#define CKK_EC_SLIP10 0x80000014UL                 /* [published] */

/* ---- Object class --------------------------------------------------------------------------- */

#define CKO_SKA_PRIVATE_KEY 0x8000534BUL /* [ours] class of an SKA private key */

/* ---- Attributes of SKA private keys --------------------------------------------------------- */

#define CKA_SKA_BLOCKED 0x80000001UL              /* [published] CK_BBOOL, default false */
#define CKA_SKA_SENSITIVE_PUBLIC_KEY 0x80000002UL /* [published] CK_BBOOL: no public key object */
#define CKA_SKA_USAGE_ACCESS_BLOB 0x80000011UL    /* [published] bytes: serialized rule */
#define CKA_SKA_BLOCK_ACCESS_BLOB 0x80000012UL    /* [published] bytes: serialized rule */
#define CKA_SKA_UNBLOCK_ACCESS_BLOB 0x80000013UL  /* [published] bytes: serialized rule */
#define CKA_SKA_MODIFY_ACCESS_BLOB 0x80000014UL   /* [published] bytes: serialized rule */
#define CKA_SKA_CRYPTO_CURRENCY_TYPE 0x80000003UL /* [ours] CK_CRYPTOCURRENCY, unset by default */

/* Attribute of an ordinary private key: signs HSM timestamps and nothing else (CKA_SIGN false). */
#define CKA_SKA_TIMESTAMP_SIGN 0x80000004UL /* [ours] CK_BBOOL, default false */

#define CKA_RKS_ATTESTATION_SIGN 0x80000021UL  /* [published] */
#define CKA_RKS_CERTIFICATE_CHAIN 0x80000022UL /* [published] */
#define CKA_SLIP10_CHAIN_CODE 0x80001100UL     /* [published] */

/* What the vendor's examples write for CK_BBOOL. */
typedef CK_BBOOL CK_BOOL;

typedef CK_ULONG CK_CRYPTOCURRENCY;
#define CKCC_BITCOIN 1UL /* [ours] */

/* ---- Operations that an approval token can allow -------------------------------------------- */

#define CK_SKA_SIGN 0x00000001UL    /* [ours] */
#define CK_SKA_DECRYPT 0x00000002UL /* [ours] */
#define CK_SKA_UNWRAP 0x00000003UL  /* [ours] */
#define CK_SKA_BLOCK 0x00000004UL   /* [ours] */
#define CK_SKA_UNBLOCK 0x00000005UL /* [ours] */
#define CK_SKA_MODIFY 0x00000006UL  /* [ours] */

/* ---- Types of approvers and approvals ------------------------------------------------------- */

#define CKAP_NOT_SPECIFIED 0x00000000UL /* [ours] */
#define CKAP_SIGNATURE 0x00000001UL     /* [ours] data is a SubjectPublicKeyInfo, DER */
#define CKAP_CERTIFICATE 0x00000002UL   /* [ours] data is an X.509 certificate, DER or PEM */

/* One approver of a group. A certificate approver has no name: its subject is the name. */
typedef struct CK_SKA_APPROVER {
    CK_CHAR_PTR pName; /* counted, without NUL; may be NULL */
    CK_ULONG nameLen;
    CK_ULONG type; /* CKAP_*; only the low 32 bits are read */
    CK_BYTE_PTR pData;
    CK_ULONG dataLen;
} CK_SKA_APPROVER;
typedef CK_SKA_APPROVER *CK_SKA_APPROVER_PTR;

/* Satisfied when at least `quorum` distinct approvers in it have approved. */
typedef struct CK_SKA_GROUP {
    CK_CHAR_PTR pName;
    CK_ULONG nameLen;
    CK_ULONG quorum;
    CK_SKA_APPROVER *pApprovers;
    CK_ULONG approverCount;
} CK_SKA_GROUP;
typedef CK_SKA_GROUP *CK_SKA_GROUP_PTR;

/* Satisfied when all groups are, between delay and delay + timeout after the timestamp. */
typedef struct CK_SKA_TOKEN {
    CK_CHAR_PTR pName;
    CK_ULONG nameLen;
    CK_ULONG delay;   /* seconds; the timelock */
    CK_ULONG timeout; /* seconds; 0: no end */
    CK_SKA_GROUP *pGroups;
    CK_ULONG groupCount;
} CK_SKA_TOKEN;
typedef CK_SKA_TOKEN *CK_SKA_TOKEN_PTR;

/* One rule: satisfied when one of its tokens is; never when it has none. */
typedef struct CK_SKA_POLICY {
    CK_SKA_TOKEN *pTokens;
    CK_ULONG tokenCount;
} CK_SKA_POLICY;
typedef CK_SKA_POLICY *CK_SKA_POLICY_PTR;

/* An approver's signature over a whole approval token. */
typedef struct CK_SKA_APPROVAL {
    CK_ULONG type;          /* CKAP_* */
    CK_BYTE_PTR pSignature; /* DER: SEQUENCE { AlgorithmIdentifier, BIT STRING } */
    CK_ULONG signatureLen;
    CK_BYTE_PTR pSignerInfo; /* SubjectPublicKeyInfo or certificate, DER */
    CK_ULONG signerInfoLen;
} CK_SKA_APPROVAL;
typedef CK_SKA_APPROVAL *CK_SKA_APPROVAL_PTR;

/* Parameters of CKM_SLIP10_CHILD_DERIVE; hardened indexes have bit 31 set. */
typedef struct CK_SLIP10_CHILD_DERIVE_PARAMS {
    CK_ULONG_PTR pulPathIndexes;
    CK_ULONG ulIndexCount;
} CK_SLIP10_CHILD_DERIVE_PARAMS;
typedef CK_SLIP10_CHILD_DERIVE_PARAMS *CK_SLIP10_CHILD_DERIVE_PARAMS_PTR;

/* ---- Calls ------------------------------------------------------------------------------------
 *
 * Exported symbols of the module, like the standard ones, not members of CK_FUNCTION_LIST. A NULL
 * output buffer asks for the length; a buffer that is too small gives CKR_BUFFER_TOO_SMALL and the
 * length.
 */

/* Serializes one rule, the value of a CKA_SKA_*_ACCESS_BLOB. Needs no session and no C_Initialize.
 */
extern CK_RV C_SerializePolicy(CK_SKA_POLICY *policy, CK_BYTE_PTR buffer, CK_ULONG_PTR bufferLen);

/*
 * Serializes new rules for a key, the payload of a CK_SKA_MODIFY token. NULL leaves a rule as it
 * is. Needs no session and no C_Initialize.
 */
extern CK_RV C_CreateModifyPayload(CK_SKA_POLICY *usage, CK_SKA_POLICY *block,
                                   CK_SKA_POLICY *unblock, CK_SKA_POLICY *modify,
                                   CK_BYTE_PTR buffer, CK_ULONG_PTR bufferLen);

/*
 * A timestamp of the HSM over an operation's payload, signed with a timestamp key (an ordinary one
 * made with CKA_SKA_TIMESTAMP_SIGN). The signature is raw; C_CreateApprovalToken expects it as
 * DER, see CK_SKA_APPROVAL. If either output is NULL, both lengths are returned and nothing is
 * signed.
 */
extern CK_RV C_GetTimestamp(CK_SESSION_HANDLE session, CK_ULONG operation,
                            CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE timestampKey,
                            CK_BYTE_PTR payload, CK_ULONG payloadLen, CK_BYTE_PTR timestamp,
                            CK_ULONG_PTR timestampLen, CK_BYTE_PTR signature,
                            CK_ULONG_PTR signatureLen);

/*
 * Makes the token that approvers sign: operation, name of the key, payload and, if given, an HSM
 * timestamp (the block that the HSM made, and its signature as DER, see CK_SKA_APPROVAL).
 */
extern CK_RV C_CreateApprovalToken(CK_SESSION_HANDLE session, CK_ULONG operation,
                                   CK_OBJECT_HANDLE key, CK_BYTE_PTR payload, CK_ULONG payloadLen,
                                   CK_BYTE_PTR timestamp, CK_ULONG timestampLen,
                                   CK_BYTE_PTR timestampSignature, CK_ULONG timestampSignatureLen,
                                   CK_BYTE_PTR token, CK_ULONG_PTR tokenLen);

/*
 * Signs the payload in the token, if the approvals satisfy the key's use rule. The last two
 * arguments are not documented and always NULL.
 */
extern CK_RV C_SKASign(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key,
                       CK_BYTE_PTR token, CK_ULONG tokenLen, CK_SKA_APPROVAL *approvals,
                       CK_ULONG approvalCount, CK_BYTE_PTR signature, CK_ULONG_PTR signatureLen,
                       void *reserved, CK_ULONG_PTR reservedLen);

/*
 * An approver's signature, for debugging: real approvers sign where their key is. The algorithm is
 * the AlgorithmIdentifier of the key, the key its value (the content of a PrivateKeyInfo, or a
 * complete one), both BER. `approver` is as in the rule, `type` is its type. `approval` has the
 * caller's two buffers and their sizes; NULL asks for the length.
 */
extern CK_RV C_SignApprovalToken(CK_BYTE_PTR keyAlgorithm, CK_ULONG keyAlgorithmLen,
                                 CK_BYTE_PTR privateKey, CK_ULONG privateKeyLen,
                                 CK_SKA_APPROVER *approver, CK_BYTE_PTR token, CK_ULONG tokenLen,
                                 CK_ULONG type, CK_SKA_APPROVAL *approval);

/*
 * Blocks a key, unblocks it, or gives it the rules in the token, if the approvals satisfy
 * the rule for that. The handle is passed by address, since the key may get another one.
 */
extern CK_RV C_SKABlock(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key, CK_BYTE_PTR token,
                        CK_ULONG tokenLen, CK_SKA_APPROVAL *approvals, CK_ULONG approvalCount);
extern CK_RV C_SKAUnblock(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key, CK_BYTE_PTR token,
                          CK_ULONG tokenLen, CK_SKA_APPROVAL *approvals, CK_ULONG approvalCount);
extern CK_RV C_SKAModify(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key, CK_BYTE_PTR token,
                         CK_ULONG tokenLen, CK_SKA_APPROVAL *approvals, CK_ULONG approvalCount);

/* SLIP-10 derivation and attestation: the simulator answers CKR_MECHANISM_INVALID. */
extern CK_RV C_DeriveKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                             CK_OBJECT_HANDLE parent, CK_ATTRIBUTE_PTR publicTemplate,
                             CK_ULONG publicCount, CK_ATTRIBUTE_PTR privateTemplate,
                             CK_ULONG privateCount, CK_OBJECT_HANDLE_PTR publicKey,
                             CK_OBJECT_HANDLE_PTR privateKey);
extern CK_RV C_RKSAttestKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                            CK_OBJECT_HANDLE attestationKey, CK_OBJECT_HANDLE key, CK_BYTE_PTR xml,
                            CK_ULONG_PTR xmlLen, CK_BYTE_PTR signature, CK_ULONG_PTR signatureLen);

#ifdef __cplusplus
}
#endif

#endif
