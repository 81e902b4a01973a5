/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From how a signature is made, in our words, to a Cryptoki mechanism, and from what comes back to
 * what libcrypto's users expect.
 */
#ifndef SKA_HSM_MECHANISM_H
#define SKA_HSM_MECHANISM_H

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"
#include "provider/hsm/cryptoki.h"

/* The longest signature of any key, in bytes: RSA with 16384 bits. */
#define HSM_SIGNATURE_LIMIT 2048

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

/* The length of the signature that the HSM must give, for a key of this type and size. */
size_t hsm_raw_length(enum ska_key_type type, unsigned int bits);

/*
 * The HSM's signature in libcrypto's form: r||s becomes DER, all others stay. `raw` must have
 * exactly the length that hsm_raw_length() says: nothing else is ever handed out.
 */
bool hsm_signature_finish(enum ska_key_type type, unsigned int bits, struct ska_span raw,
                          uint8_t *signature, size_t *signature_length,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The same where it is not known in which form the HSM gives ECDSA signatures: DER that has been
 * made already stays as it is.
 */
bool hsm_signature_finish_either(enum ska_key_type type, unsigned int bits, struct ska_span given,
                                 uint8_t *signature, size_t *signature_length,
                                 const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
