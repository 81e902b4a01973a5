/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mechanisms that the simulator knows something about: those of C_SKASign, those that it supplies
 * because SoftHSM lacks them, and those that make SKA keys.
 */
#ifndef SKASIM_MECHANISM_TABLE_H
#define SKASIM_MECHANISM_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include <pkcs11.h>

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

/* What C_SKASign may be asked for. Raw RSA is not among it: it is no signature scheme. */
struct sim_signing {
    CK_MECHANISM_TYPE type;
    CK_KEY_TYPE key_type;
    const char *digest; /* libcrypto's name of the digest that the mechanism hashes with, or NULL */
    bool pss;
};

/* NULL for any other mechanism. */
const struct sim_signing *sim_signing_find(CK_MECHANISM_TYPE type);

/*
 * The digest of an ECDSA mechanism that the simulator supplies (CKM_ECDSA_SHA256 and its kin); NULL
 * for any other mechanism.
 */
const char *sim_ecdsa_digest(CK_MECHANISM_TYPE type);

/* The digest that CKM_SHA256 and its kin stand for; SKA_DIGEST_NONE for any other mechanism. */
enum ska_digest sim_digest_from(CK_MECHANISM_TYPE type);

/* A curve that SKA keys and the keys of timestamps may be on. */
struct sim_curve {
    CK_KEY_TYPE key_type;
    const char *params; /* CKA_EC_PARAMS: an OBJECT IDENTIFIER, for Edwards curves or their name */
    size_t params_length;
    CK_ULONG signature_length;
};

/* NULL for any other curve. */
const struct sim_curve *sim_curve_find(CK_KEY_TYPE key_type, struct ska_span params);

/* How SKA key pairs of a type are made, and the keys of timestamps, by the ordinary mechanism. */
struct sim_generation {
    CK_MECHANISM_TYPE ska;
    CK_MECHANISM_TYPE ordinary;
    CK_KEY_TYPE key_type;
};

/* By the vendor's mechanism or by the ordinary one; NULL for any other. */
const struct sim_generation *sim_generation_find(CK_MECHANISM_TYPE type);

#endif
