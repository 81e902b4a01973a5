/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loops that sign: through libcrypto, and by the raw calls into the module. Both hash the same
 * message; of EdDSA keys both sign it as it is.
 */
#ifndef SKA_BENCH_SIGNING_H
#define SKA_BENCH_SIGNING_H

#include "measure.h"
#include "provider/base/bytes.h"
#include "token.h"

extern const char message[];

struct approver_process;

struct evp_signing {
    OSSL_LIB_CTX *libctx;
    EVP_PKEY *key;
    bool reused;           /* one context, begun again for each signature; else a fresh one */
    const char *approvals; /* a bundle as JSON text, or NULL */
    const char *agent;     /* path of a socket, or NULL */
};
struct loop evp_loop(const struct evp_signing *signing);

/* What a key hashes with; NULL: nothing, it is one for EdDSA. */
const char *evp_digest(const EVP_PKEY *key);

/*
 * One signature, so that nobody measures how fast nothing is done. It is verified with the key of
 * `verifier`, the same one: not every provider verifies with a private key.
 */
void evp_try(const struct evp_signing *signing, const struct evp_signing *verifier);
/* Whether a context can be used again without naming the key anew; not every provider does that. */
bool evp_reuses(const struct evp_signing *signing);

enum raw_kind { RAW_RSA, RAW_EC, RAW_EDWARDS };
/* By the name of the algorithm: "RSA:2048", "EC:P-256", "ED25519". */
enum raw_kind raw_kind_of(const char *algorithm);
/* As libcrypto calls it. */
const char *raw_name(const char *algorithm);

/* Each thread with a session of its own, kept open. */
struct raw_signing {
    const struct token *token;
    CK_OBJECT_HANDLE key;
    enum raw_kind kind;
    bool ska;                 /* C_SKASign; else C_SignInit and C_Sign */
    struct ska_span approved; /* the approval token; empty: one is made for each signature */
    CK_SKA_APPROVAL *approvals;
    size_t approval_count;
    EVP_PKEY *approver; /* signs the token for each signature, as approvals[0]; or NULL */
    const struct approver_process *process; /* where he does it; NULL: here */
};
struct loop raw_loop(const struct raw_signing *signing);

#endif
