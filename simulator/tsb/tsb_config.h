/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of skatsb: a file in libcrypto's NCONF form, keys in its default section. Each
 * has a default but pin-source.
 */
#ifndef SKATSB_TSB_CONFIG_H
#define SKATSB_TSB_CONFIG_H

#include <openssl/types.h>

#include "provider/base/bytes.h"

/* Kinds of API keys: each opens other calls. */
enum tsb_access {
    TSB_KEY_MANAGEMENT,
    TSB_KEY_OPERATION,
    TSB_APPROVER,
    TSB_SERVICE,
    TSB_APPROVER_KEY_MANAGEMENT,
    TSB_ACCESS_COUNT
};

/* The vendor's names: "keyManagementToken", ... */
extern const char *const tsb_access_names[TSB_ACCESS_COUNT];

enum tsb_client_auth { TSB_CLIENT_NONE, TSB_CLIENT_WANT, TSB_CLIENT_NEED };

/* Texts are owned, NULL when not set; lists are separated by commas. */
struct tsb_config {
    char *module;     /* the simulator of the HSM; NULL: the one that is built with skatsb */
    char *token;      /* label; NULL: the only one */
    char *pin_source; /* "file:PATH" */
    char *api_keys[TSB_ACCESS_COUNT]; /* lists; NULL: this kind of calls needs none */
    char *access_tokens;              /* list of JWT; NULL: none is needed */
    char *licence;                    /* list of flags */
    char *version;                    /* what versionInfo answers */
    char *client_ca;                  /* PEM file: who may have issued client certificates */
    enum tsb_client_auth client_auth;
    char *timestamp_signers;  /* PEM file: certificates of notification services */
    char *call_log;           /* path: a line for each call; NULL: none */
    char *fault;              /* see faults.h; NULL: none */
    uint64_t execution_delay; /* milliseconds from the last condition to the HSM's call */
    uint64_t slow_answer;     /* milliseconds that the fault "slow" takes */
    uint64_t clock_back;      /* seconds that an approver's clock may be behind, */
    uint64_t clock_ahead;     /* and ahead */
};

/* SKA_R_BAD_CONFIGURATION names file and key. */
bool tsb_config_read(struct tsb_config *config, const char *path, OSSL_LIB_CTX *libctx,
                     const struct ska_errors *errors) SKA_MUST_CHECK;
void tsb_config_clear(struct tsb_config *config);

#endif
