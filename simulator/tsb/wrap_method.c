/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/wrap_method.h"

#include <string.h>

/*
 * Private keys are wrapped with padding whatever the name says: their length is any, and SoftHSM
 * has no other way.
 */
static const struct tsb_wrap_method methods[] = {
    {"AES_WRAP", CKK_AES, CKM_AES_KEY_WRAP, true, CKK_AES},
    {"AES_WRAP_RSA", CKK_AES, CKM_AES_KEY_WRAP_PAD, false, CKK_RSA},
    {"AES_WRAP_EC", CKK_AES, CKM_AES_KEY_WRAP_PAD, false, CKK_EC},
    {"AES_WRAP_PAD", CKK_AES, CKM_AES_KEY_WRAP_PAD, true, CKK_AES},
    {"AES_WRAP_PAD_RSA", CKK_AES, CKM_AES_KEY_WRAP_PAD, false, CKK_RSA},
    {"AES_WRAP_PAD_EC", CKK_AES, CKM_AES_KEY_WRAP_PAD, false, CKK_EC},
    {"RSA_WRAP_PAD", CKK_RSA, CKM_RSA_PKCS, true, CKK_AES},
    {"RSA_WRAP_OAEP", CKK_RSA, CKM_RSA_PKCS_OAEP, true, CKK_AES},
};

/* Of the broker, and not of the simulator of the HSM: SoftHSM wraps no key of an Edwards curve. */
static const char *const absent[] = {
    "AES_WRAP_DSA", "AES_WRAP_BLS", "AES_WRAP_PAD_DSA", "AES_WRAP_PAD_BLS", "ML-KEM-512",
    "ML-KEM-768",   "ML-KEM-1024",  "AES_WRAP_ED",      "AES_WRAP_PAD_ED",  NULL};

bool tsb_wrap_method_read(struct tsb_answer *answer, const struct ska_json_place *place,
                          const struct tsb_wrap_method **method)
{
    const char *name = NULL;

    if (!ska_json_text(place, "wrapMethod", SKA_JSON_REQUIRED, &name))
        return false;
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (strcmp(methods[i].name, name) != 0)
            continue;
        *method = &methods[i];
        return true;
    }
    return ska_text_is_among(absent, name)
               ? tsb_refuse(answer, TSB_NOT_IMPLEMENTED, "this simulator has no %s", name)
               : ska_json_fail_value(place, "wrapMethod", name, "a method of wrapping");
}

CK_MECHANISM tsb_wrap_mechanism(const struct tsb_wrap_method *method)
{
    /* SoftHSM knows no other. */
    static CK_RSA_PKCS_OAEP_PARAMS oaep = {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0};
    CK_MECHANISM mechanism = {method->mechanism, NULL, 0};

    if (method->mechanism == CKM_RSA_PKCS_OAEP) {
        mechanism.pParameter = &oaep;
        mechanism.ulParameterLen = sizeof(oaep);
    }
    return mechanism;
}
