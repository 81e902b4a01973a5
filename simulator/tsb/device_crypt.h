/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ordinary keys do, as Cryptoki has it. The answers are the module's.
 */
#ifndef SKATSB_DEVICE_CRYPT_H
#define SKATSB_DEVICE_CRYPT_H

#include "simulator/tsb/device_key.h"
#include "simulator/tsb/device_template.h"

/* With a private or a secret key. */
CK_RV tsb_key_sign(struct tsb_device *device, const struct tsb_key *key, CK_MECHANISM *mechanism,
                   struct ska_span data, struct ska_bytes *signature);
CK_RV tsb_key_decrypt(struct tsb_device *device, const struct tsb_key *key, CK_MECHANISM *mechanism,
                      struct ska_span data, struct ska_bytes *plain);

/* With a public or a secret key. CKR_SIGNATURE_INVALID: no signature of this key. */
CK_RV tsb_key_verify(struct tsb_device *device, const struct tsb_key *key, CK_MECHANISM *mechanism,
                     struct ska_span data, struct ska_span signature);
CK_RV tsb_key_encrypt(struct tsb_device *device, const struct tsb_key *key, CK_MECHANISM *mechanism,
                      struct ska_span data, struct ska_bytes *encrypted);
CK_RV tsb_key_wrap(struct tsb_device *device, const struct tsb_key *key, CK_MECHANISM *mechanism,
                   const struct tsb_key *wrapped, struct ska_bytes *bytes);

/* Into an object of the key's session. */
CK_RV tsb_key_unwrap(struct tsb_device *device, const struct tsb_key *key, CK_MECHANISM *mechanism,
                     struct ska_span wrapped, struct tsb_template *template,
                     CK_OBJECT_HANDLE *object);

/*
 * What an extractable key holds: PrivateKeyInfo, or the value of a secret.
 * CKR_KEY_UNEXTRACTABLE: it does not leave the HSM.
 */
CK_RV tsb_key_extract(struct tsb_device *device, const struct tsb_key *key,
                      struct ska_bytes *value);

CK_RV tsb_device_random(struct tsb_device *device, size_t length, struct ska_bytes *bytes);

#endif
