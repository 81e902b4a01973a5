/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thing that is wanted of an SKA key: a signature, or a change of the key. It is filled in once
 * and handed along the whole way; each station reads what concerns it.
 */
#ifndef SKA_SIGN_JOB_H
#define SKA_SIGN_JOB_H

#include "provider/base/settings.h"
#include "provider/backend/backend_key.h"
#include "provider/record/audit_file.h"
#include "provider/request/request.h"

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

/* What is zero or NULL is not wanted. Everything is borrowed. */
struct ska_job {
    OSSL_LIB_CTX *libctx;                    /* for hashing and verifying */
    struct ska_approver_keys *approver_keys; /* kept from one signature to the next */
    struct backend_key *key;                 /* an SKA key */
    enum ska_operation operation;
    struct ska_mechanism mechanism; /* SKA_OPERATION_SIGN */
    struct ska_span payload; /* passed ska_payload_check(); MODIFY: see backend_modify_payload() */
    struct ska_span content; /* what was hashed; or nothing, and why */
    enum ska_no_content no_content; /* UNSAID with content: see request_content */
    enum ska_request_content request_content;
    const char *description;
    const char *timestamp_key; /* label; NULL: none is configured */
    struct ska_audit_log audit_log;
    const struct ska_errors *errors;

    /* Only for signing. */
    struct ska_sources sources;
    const struct ska_request *prepared; /* one that was made for this already */
    unsigned int timeout;               /* seconds that it may wait for people */
    enum ska_progress_when progress;
    uint8_t *signature;
    size_t *signature_length; /* size of the buffer, then the length of the signature */
};

#endif
