/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that ask libcrypto for the RSA or EC_KEY inside of an EVP_PKEY (EVP_PKEY_get0_RSA() and
 * its kin). libcrypto then has the key exported whole, to a callback of its own, and many programs
 * do not look whether that came to anything before they use the result. They are given the public
 * part: an object without a private value, with which all that needs one fails with an error
 * (legacy_method.h says what it can be allowed to do).
 *
 * libcrypto asks for everything also to learn whether another provider could do an operation, and
 * that has to be refused, as must whoever exports a key by himself. All three look the same but for
 * the address of the callback. Which one makes legacy objects is learnt once in a process, with a
 * provider and keys that are made for it, in a library context of its own.
 *
 * Limits: the address is that of the libcrypto that this provider is linked with. A program with
 * another one inside, whose symbols it does not export, gets a refusal, as does every callback that
 * was not learnt. There are no such objects of Ed25519 and Ed448.
 */
#ifndef SKA_PROVIDER_LEGACY_IMPORT_H
#define SKA_PROVIDER_LEGACY_IMPORT_H

#include <openssl/core_dispatch.h>

#include "provider/base/mechanism.h"

/*
 * Learning takes longer than a signature, so it is put off where that is not needed: before it
 * looks whether another provider could do an operation libcrypto asks the key what it calls that
 * operation, in the same thread, and afterwards it begins it with us.
 */
void ska_legacy_operation_named(void);
void ska_legacy_operation_begun(void);

/* Whether libcrypto makes a legacy object of what this callback is given for a key of this type. */
bool ska_is_legacy_import(enum ska_key_type type, OSSL_CALLBACK *callback);

#endif
