/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mechanisms, and C_GetMechanismList and C_GetMechanismInfo.
 */
#include "simulator/mechanism_table.h"

#include <string.h>

#include "simulator/own_calls.h"
#include "simulator/softhsm_calls.h"

static const struct sim_signing signings[] = {
    {CKM_RSA_PKCS, CKK_RSA, NULL, false},
    {CKM_SHA1_RSA_PKCS, CKK_RSA, "SHA1", false},
    {CKM_SHA224_RSA_PKCS, CKK_RSA, "SHA224", false},
    {CKM_SHA256_RSA_PKCS, CKK_RSA, "SHA256", false},
    {CKM_SHA384_RSA_PKCS, CKK_RSA, "SHA384", false},
    {CKM_SHA512_RSA_PKCS, CKK_RSA, "SHA512", false},
    {CKM_RSA_PKCS_PSS, CKK_RSA, NULL, true},
    {CKM_SHA1_RSA_PKCS_PSS, CKK_RSA, "SHA1", true},
    {CKM_SHA224_RSA_PKCS_PSS, CKK_RSA, "SHA224", true},
    {CKM_SHA256_RSA_PKCS_PSS, CKK_RSA, "SHA256", true},
    {CKM_SHA384_RSA_PKCS_PSS, CKK_RSA, "SHA384", true},
    {CKM_SHA512_RSA_PKCS_PSS, CKK_RSA, "SHA512", true},
    {CKM_ECDSA, CKK_EC, NULL, false},
    {CKM_ECDSA_SHA1, CKK_EC, "SHA1", false},
    {CKM_ECDSA_SHA224, CKK_EC, "SHA224", false},
    {CKM_ECDSA_SHA256, CKK_EC, "SHA256", false},
    {CKM_ECDSA_SHA384, CKK_EC, "SHA384", false},
    {CKM_ECDSA_SHA512, CKK_EC, "SHA512", false},
    {CKM_EDDSA, CKK_EC_EDWARDS, NULL, false},
};

static const struct {
    CK_MECHANISM_TYPE type;
    enum ska_digest digest;
} digests[] = {
    {CKM_SHA_1, SKA_DIGEST_SHA1},    {CKM_SHA224, SKA_DIGEST_SHA224},
    {CKM_SHA256, SKA_DIGEST_SHA256}, {CKM_SHA384, SKA_DIGEST_SHA384},
    {CKM_SHA512, SKA_DIGEST_SHA512},
};

static const struct sim_generation generations[] = {
    {CKM_SKA_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS_KEY_PAIR_GEN, CKK_RSA},
    {CKM_SKA_EC_KEY_PAIR_GEN, CKM_EC_KEY_PAIR_GEN, CKK_EC},
    {CKM_SKA_EC_EDWARDS_KEY_PAIR_GEN, CKM_EC_EDWARDS_KEY_PAIR_GEN, CKK_EC_EDWARDS},
};

static const struct sim_curve curves[] = {
    {CKK_EC, "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10, 64}, /* P-256 */
    {CKK_EC, "\x06\x05\x2b\x81\x04\x00\x22", 7, 96},              /* P-384 */
    {CKK_EC, "\x06\x05\x2b\x81\x04\x00\x23", 7, 132},             /* P-521 */
    {CKK_EC, "\x06\x05\x2b\x81\x04\x00\x0a", 7, 64},              /* secp256k1 */
    {CKK_EC_EDWARDS, "\x06\x03\x2b\x65\x70", 5, 64},              /* Ed25519 */
    {CKK_EC_EDWARDS, "\x06\x03\x2b\x65\x71", 5, 114},             /* Ed448 */
    {CKK_EC_EDWARDS,
     "\x13\x0c"
     "edwards25519",
     14, 64},
    {CKK_EC_EDWARDS,
     "\x13\x0a"
     "edwards448",
     12, 114},
};

#define CURVE_FLAGS (CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS)

/* What the simulator has beyond SoftHSM. */
static const struct {
    CK_MECHANISM_TYPE type;
    CK_MECHANISM_INFO info;
} supplied[] = {
    {CKM_ECDSA_SHA1, {112, 521, CKF_SIGN | CKF_VERIFY | CURVE_FLAGS}},
    {CKM_ECDSA_SHA224, {112, 521, CKF_SIGN | CKF_VERIFY | CURVE_FLAGS}},
    {CKM_ECDSA_SHA256, {112, 521, CKF_SIGN | CKF_VERIFY | CURVE_FLAGS}},
    {CKM_ECDSA_SHA384, {112, 521, CKF_SIGN | CKF_VERIFY | CURVE_FLAGS}},
    {CKM_ECDSA_SHA512, {112, 521, CKF_SIGN | CKF_VERIFY | CURVE_FLAGS}},
    {CKM_SKA_RSA_PKCS_KEY_PAIR_GEN, {2048, 4096, CKF_GENERATE_KEY_PAIR}},
    {CKM_SKA_EC_KEY_PAIR_GEN, {256, 521, CKF_GENERATE_KEY_PAIR | CURVE_FLAGS}},
    {CKM_SKA_EC_EDWARDS_KEY_PAIR_GEN, {256, 456, CKF_GENERATE_KEY_PAIR}},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct sim_signing *sim_signing_find(CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < COUNT(signings); i++) {
        if (signings[i].type == type)
            return &signings[i];
    }
    return NULL;
}

const char *sim_ecdsa_digest(CK_MECHANISM_TYPE type)
{
    const struct sim_signing *signing = sim_signing_find(type);

    return signing != NULL && signing->key_type == CKK_EC ? signing->digest : NULL;
}

enum ska_digest sim_digest_from(CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < COUNT(digests); i++) {
        if (digests[i].type == type)
            return digests[i].digest;
    }
    return SKA_DIGEST_NONE;
}

const struct sim_curve *sim_curve_find(CK_KEY_TYPE key_type, struct ska_span params)
{
    for (size_t i = 0; i < COUNT(curves); i++) {
        if (curves[i].key_type == key_type &&
            ska_span_equal(params, ska_span(curves[i].params, curves[i].params_length)))
            return &curves[i];
    }
    return NULL;
}

const struct sim_generation *sim_generation_find(CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < COUNT(generations); i++) {
        if (generations[i].ska == type || generations[i].ordinary == type)
            return &generations[i];
    }
    return NULL;
}

/* ---- Calls ------------------------------------------------------------------------------ */

CK_RV sim_C_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE_PTR list, CK_ULONG_PTR count)
{
    CK_ULONG space = 0;
    CK_ULONG inherited = 0;
    CK_ULONG all = 0;
    CK_RV rv = CKR_ARGUMENTS_BAD;

    if (count == NULL)
        return rv;
    rv = softhsm()->C_GetMechanismList(sim_slot(slot), NULL, &inherited);
    if (rv != CKR_OK)
        return rv;
    space = *count;
    all = inherited + COUNT(supplied);
    *count = all;
    if (list == NULL)
        return CKR_OK;
    if (space < all)
        return CKR_BUFFER_TOO_SMALL;
    rv = softhsm()->C_GetMechanismList(sim_slot(slot), list, &inherited);
    for (size_t i = 0; rv == CKR_OK && i < COUNT(supplied); i++)
        list[inherited + i] = supplied[i].type;
    return rv;
}

CK_RV sim_C_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR info)
{
    CK_ULONG count = 0;
    CK_RV rv = CKR_ARGUMENTS_BAD;

    if (info == NULL)
        return rv;
    for (size_t i = 0; i < COUNT(supplied); i++) {
        if (supplied[i].type != type)
            continue;
        rv = softhsm()->C_GetMechanismList(sim_slot(slot), NULL, &count); /* is there the slot? */
        if (rv == CKR_OK)
            *info = supplied[i].info;
        return rv;
    }
    memset(info, 0, sizeof(*info)); /* SoftHSM adds flags to what it finds there */
    return softhsm()->C_GetMechanismInfo(sim_slot(slot), type, info);
}
