/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From how a signature is made, and what is done with a key, to the words of Cryptoki.
 */
#ifndef SKA_HSM_CRYPTOKI_MECHANISM_H
#define SKA_HSM_CRYPTOKI_MECHANISM_H

#include "provider/base/mechanism.h"
#include "provider/hsm/cryptoki.h"

/* What an RSA-PSS key is generated to allow. */
#define HSM_PSS_COUNT 5
extern const CK_MECHANISM_TYPE hsm_pss_mechanisms[HSM_PSS_COUNT];

struct hsm_mechanism {
    CK_MECHANISM cryptoki; /* points to pss where that is needed: do not copy */
    CK_RSA_PKCS_PSS_PARAMS pss;
};

/* SKA_R_UNSUPPORTED when keys of the type cannot do it, or no mechanism says it. */
bool hsm_mechanism_from(const struct ska_mechanism *mechanism, enum ska_key_type type,
                        struct hsm_mechanism *to, const struct ska_errors *errors) SKA_MUST_CHECK;

/* CK_SKA_SIGN and so on. */
CK_ULONG hsm_operation_number(enum ska_operation operation);

#endif
