/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thing that is wanted of an SKA key: a signature, or a change of the key. It is filled in once
 * and handed along the whole way; each station reads what concerns it.
 */
#ifndef SKA_SIGN_JOB_H
#define SKA_SIGN_JOB_H

#include <sys/types.h>

#include "provider/base/settings.h"
#include "provider/backend/backend_key.h"
#include "provider/record/audit_file.h"
#include "provider/request/request.h"

/*
 * Where approvals come from: those of the highest level that names any (signature parameters, the
 * key's URI, the configuration), used together. All members may be NULL.
 */
struct ska_sources {
    const char *bundle;              /* JSON text */
    const char *const *bundle_files; /* paths, ended by NULL */
    const char *directory;           /* path */
    const char *agent;               /* paths of sockets, separated by commas */
    bool by_data_file; /* a key reference names them: no message tells what is in such a file */
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
    bool content_is_kept; /* by the caller: the same command signs the same, with the times in it */
    bool same_document_told; /* which others are open for it (same_document.h), by the caller */
    const char *description;
    const uid_t *requester;    /* by the file system, who has ordered it; NULL: this user asks */
    const char *timestamp_key; /* label; NULL: none is configured */
    struct ska_audit_log audit_log;
    const char *evidence_dir; /* NULL: evidence is kept in approvals directories only */
    /* Who has rejected it, as far as that is known: named when it fails, and taken then. */
    struct ska_approval *refusals;
    size_t refusal_count;
    const struct ska_errors *errors;

    /* Only for signing. */
    struct ska_sources sources;
    const struct ska_request *prepared; /* one that was made for this already */
    unsigned int timeout;               /* seconds that it may wait for people */
    bool (*interrupted)(void); /* whether the caller wants no more; NULL: by signals it handles */
    enum ska_progress_when progress;
    uint8_t *signature;
    size_t *signature_length; /* size of the buffer, then the length of the signature */
};

#endif
