/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/cryptoki.h"

#include <string.h>

const CK_MECHANISM_TYPE hsm_pss_mechanisms[HSM_PSS_COUNT] = {
    CKM_RSA_PKCS_PSS, CKM_SHA224_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS_PSS, CKM_SHA384_RSA_PKCS_PSS,
    CKM_SHA512_RSA_PKCS_PSS};

/* By digest: the mechanisms that hash themselves, and what PSS parameters need. */
static const struct {
    CK_MECHANISM_TYPE hash;
    CK_ULONG mgf;
    CK_MECHANISM_TYPE pkcs1;
    CK_MECHANISM_TYPE pss;
    CK_MECHANISM_TYPE ecdsa;
} by_digest[SKA_DIGEST_COUNT] = {
    [SKA_DIGEST_SHA1] = {CKM_SHA_1, CKG_MGF1_SHA1, CKM_SHA1_RSA_PKCS, CKM_SHA1_RSA_PKCS_PSS,
                         CKM_ECDSA_SHA1},
    [SKA_DIGEST_SHA224] = {CKM_SHA224, CKG_MGF1_SHA224, CKM_SHA224_RSA_PKCS,
                           CKM_SHA224_RSA_PKCS_PSS, CKM_ECDSA_SHA224},
    [SKA_DIGEST_SHA256] = {CKM_SHA256, CKG_MGF1_SHA256, CKM_SHA256_RSA_PKCS,
                           CKM_SHA256_RSA_PKCS_PSS, CKM_ECDSA_SHA256},
    [SKA_DIGEST_SHA384] = {CKM_SHA384, CKG_MGF1_SHA384, CKM_SHA384_RSA_PKCS,
                           CKM_SHA384_RSA_PKCS_PSS, CKM_ECDSA_SHA384},
    [SKA_DIGEST_SHA512] = {CKM_SHA512, CKG_MGF1_SHA512, CKM_SHA512_RSA_PKCS,
                           CKM_SHA512_RSA_PKCS_PSS, CKM_ECDSA_SHA512},
    /* These are hashed here, always; PSS has no parameters for the short ones. */
    [SKA_DIGEST_SHA3_224] = {CKM_SHA3_224, CKG_MGF1_SHA3_224, 0, 0, 0},
    [SKA_DIGEST_SHA3_256] = {CKM_SHA3_256, CKG_MGF1_SHA3_256, 0, 0, 0},
    [SKA_DIGEST_SHA3_384] = {CKM_SHA3_384, CKG_MGF1_SHA3_384, 0, 0, 0},
    [SKA_DIGEST_SHA3_512] = {CKM_SHA3_512, CKG_MGF1_SHA3_512, 0, 0, 0},
};

static bool scheme_fits(enum ska_scheme scheme, enum ska_key_type type)
{
    switch (scheme) {
    case SKA_SCHEME_PKCS1:
        return type == SKA_KEY_RSA;
    case SKA_SCHEME_PSS:
        return type == SKA_KEY_RSA || type == SKA_KEY_RSA_PSS;
    case SKA_SCHEME_ECDSA:
        return type == SKA_KEY_EC;
    case SKA_SCHEME_EDDSA:
        return type == SKA_KEY_ED25519 || type == SKA_KEY_ED448;
    }
    return false;
}

CK_MECHANISM_TYPE hsm_raw_mechanism(enum ska_scheme scheme)
{
    switch (scheme) {
    case SKA_SCHEME_PKCS1:
        return CKM_RSA_PKCS;
    case SKA_SCHEME_PSS:
        return CKM_RSA_PKCS_PSS;
    case SKA_SCHEME_ECDSA:
        return CKM_ECDSA;
    case SKA_SCHEME_EDDSA:
        break;
    }
    return CKM_EDDSA;
}

bool hsm_hashing_mechanism(enum ska_scheme scheme, enum ska_digest digest, CK_MECHANISM_TYPE *type)
{
    *type = scheme == SKA_SCHEME_PKCS1   ? by_digest[digest].pkcs1
            : scheme == SKA_SCHEME_PSS   ? by_digest[digest].pss
            : scheme == SKA_SCHEME_ECDSA ? by_digest[digest].ecdsa
                                         : CKM_EDDSA;
    return *type != 0;
}

/* EdDSA takes the message; PSS must name its digests, and so must whoever lets the HSM hash. */
static bool is_mechanism_sound(const struct ska_mechanism *mechanism)
{
    bool message = mechanism->form == SKA_PAYLOAD_MESSAGE;

    if (mechanism->scheme == SKA_SCHEME_EDDSA)
        return message;
    if (mechanism->scheme == SKA_SCHEME_PSS)
        return mechanism->digest != SKA_DIGEST_NONE && mechanism->mgf1_digest != SKA_DIGEST_NONE;
    return !message || mechanism->digest != SKA_DIGEST_NONE;
}

bool hsm_mechanism_from(const struct ska_mechanism *mechanism, enum ska_key_type type,
                        struct hsm_mechanism *to, const struct ska_errors *errors)
{
    bool message = mechanism->form == SKA_PAYLOAD_MESSAGE;
    enum ska_digest digest = mechanism->digest;

    if (!scheme_fits(mechanism->scheme, type) || !is_mechanism_sound(mechanism))
        return ska_fail(errors, SKA_R_UNSUPPORTED,
                        "a key of this type cannot sign with this padding and digest");
    memset(to, 0, sizeof(*to));
    to->cryptoki.mechanism = hsm_raw_mechanism(mechanism->scheme);
    if ((message && !hsm_hashing_mechanism(mechanism->scheme, digest, &to->cryptoki.mechanism)) ||
        (mechanism->scheme == SKA_SCHEME_PSS &&
         (by_digest[digest].hash == 0 || by_digest[mechanism->mgf1_digest].mgf == 0)))
        return ska_fail(errors, SKA_R_UNSUPPORTED, "no mechanism of PKCS#11 is this with %s",
                        ska_digest_name(digest));
    if (mechanism->scheme == SKA_SCHEME_PSS) {
        to->pss.hashAlg = by_digest[digest].hash;
        to->pss.mgf = by_digest[mechanism->mgf1_digest].mgf;
        to->pss.sLen = (CK_ULONG)mechanism->salt_length;
        to->cryptoki.pParameter = &to->pss;
        to->cryptoki.ulParameterLen = sizeof(to->pss);
    }
    return true;
}

bool hsm_oaep_from(enum ska_digest digest, enum ska_digest mgf1_digest, struct hsm_oaep *to)
{
    /* Without names: headers differ in those of the members. */
    const CK_RSA_PKCS_OAEP_PARAMS parameters = {by_digest[digest].hash, by_digest[mgf1_digest].mgf,
                                                CKZ_DATA_SPECIFIED, NULL, 0};

    to->parameters = parameters;
    to->cryptoki = (CK_MECHANISM){CKM_RSA_PKCS_OAEP, &to->parameters, sizeof(to->parameters)};
    return by_digest[digest].hash != 0 && by_digest[mgf1_digest].mgf != 0;
}

CK_ULONG hsm_operation_number(enum ska_operation operation)
{
    switch (operation) {
    case SKA_OPERATION_SIGN:
        return CK_SKA_SIGN;
    case SKA_OPERATION_BLOCK:
        return CK_SKA_BLOCK;
    case SKA_OPERATION_UNBLOCK:
        return CK_SKA_UNBLOCK;
    case SKA_OPERATION_MODIFY:
        return CK_SKA_MODIFY;
    }
    return CK_SKA_SIGN;
}
