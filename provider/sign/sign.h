/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of one signature: from a key, a mechanism and a payload to the one call that carries the
 * complete request to the HSM.
 */
#ifndef SKA_SIGN_SIGN_H
#define SKA_SIGN_SIGN_H

#include "provider/hsm/key.h"
#include "provider/request/request.h"
#include "provider/base/settings.h"

/*
 * Where approvals come from: those of the highest level that names any (signature parameters, the
 * key's URI, the configuration), used together. All members may be NULL.
 */
struct ska_sources {
    const char *bundle;      /* JSON text */
    const char *bundle_file; /* path */
    const char *directory;   /* path */
    const char *agent;       /* paths of sockets, separated by commas */
};

bool ska_sources_any(const struct ska_sources *sources);

struct ska_signing {
    OSSL_LIB_CTX *libctx;                    /* for hashing and verifying */
    struct ska_approver_keys *approver_keys; /* kept from one signature to the next */
    struct hsm_key *key;                     /* an SKA key */
    struct ska_mechanism mechanism;
    struct ska_span payload; /* passed ska_payload_check() */
    struct ska_sources sources;
    const struct ska_request *prepared; /* one that was made for this already; NULL: none */
    unsigned int timeout;               /* seconds that it may wait for people */
    const char *audit_log;              /* path; NULL: none */
    enum ska_progress_when progress;
    const char *description;   /* may be NULL */
    const char *timestamp_key; /* label; NULL: none is configured */
};

/*
 * Signs, or says why not. *signature_length: size of the buffer in, length out. The HSM's signing
 * call is reached at most once, and only with a token that was checked to be for this key, this
 * operation and exactly this payload.
 */
bool ska_sign(const struct ska_signing *signing, uint8_t *signature, size_t *signature_length,
              const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * A new request for an operation with a key: its token made by the HSM, no approvals yet. For
 * SKA_OPERATION_SIGN mechanism and payload are given. Free with ska_request_free().
 */
struct ska_request_options {
    OSSL_LIB_CTX *libctx;
    enum ska_operation operation;
    const struct ska_mechanism *mechanism; /* SKA_OPERATION_SIGN */
    struct ska_span payload;   /* MODIFY: see hsm_modify_payload(); BLOCK, UNBLOCK: empty */
    const char *description;   /* may be NULL */
    const char *timestamp_key; /* label; NULL: none is configured */
};
bool ska_request_make(struct hsm_key *key, const struct ska_request_options *options,
                      struct ska_request **request, const struct ska_errors *errors) SKA_MUST_CHECK;

/* That a request is for this key, and its token with it. */
bool ska_request_check_key(const struct ska_request *request, struct hsm_key *key,
                           const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Its id and the token's label become what they are, whatever a request for this key says of them
 * itself: directories and the audit log go by them.
 */
bool ska_request_settle(struct ska_request *request, struct hsm_key *key, OSSL_LIB_CTX *libctx,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

/* With whom and how a complete request is sent to the HSM. */
struct ska_sender {
    OSSL_LIB_CTX *libctx;
    struct ska_approver_keys *approver_keys; /* NULL: none are kept */
    struct hsm_key *key;
    const char *audit_log; /* path; NULL: none */
};

/* Sends a complete request for signing to the HSM, as ska_send() does. */
bool ska_request_execute(const struct ska_sender *sender, struct ska_request *request,
                         uint8_t *signature, size_t *signature_length,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

/* The same for a request to block, unblock or modify the key. */
bool ska_request_change(const struct ska_sender *sender, struct ska_request *request,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
