/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the RSA or EC_KEY that a program asks libcrypto for does with a key on a token (who asks is
 * told in legacy_import.h). Such an object has the public part only. Where the configuration says
 * legacy-methods = yes it signs digests all the same, RSA_sign() and ECDSA_sign(), in the way of
 * EVP_PKEY_sign(): rule, request, waiting and evidence are no others. Everything else that needs
 * the private key fails: RSA_private_encrypt(), by which RSA-PSS is made of an RSA, decryption,
 * ECDH. Without the setting signing fails, too, and says which setting it wants.
 *
 * Limits: libcrypto has methods like these until its version 3; other versions leave the objects
 * as they are. A program with a libcrypto of its own inside is not told from others, and gets none.
 */
#ifndef SKA_PROVIDER_LEGACY_METHOD_H
#define SKA_PROVIDER_LEGACY_METHOD_H

#include "provider/key.h"

/*
 * To be called when libcrypto has just made a legacy object of what was exported to it, of `key`, a
 * key on a token; arg: what it had handed over for its callback. The object keeps the key and this
 * provider for as long as it lives. What cannot be done leaves it without a method.
 */
void ska_legacy_method_give(struct ska_key *key, void *arg);

#endif
