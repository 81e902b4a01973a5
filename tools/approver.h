/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The approver at this computer: a private key anywhere that libcrypto's OSSL_STORE reaches, and
 * perhaps a certificate.
 */
#ifndef SKA_TOOLS_APPROVER_H
#define SKA_TOOLS_APPROVER_H

#include <openssl/types.h>

#include "provider/request/request.h"
#include "tools/tool.h"

/* Starts as {0}; free with approver_close(). */
struct approver {
    OSSL_LIB_CTX *libctx;         /* of its own: other configured providers are loaded there */
    OSSL_PROVIDER *provider;      /* "default" */
    const char *not_loaded;       /* section of a configured provider; NULL: none; borrowed */
    char *shown;                  /* where it comes from, for messages, without a PIN */
    char *uri;                    /* with `locked`: where it is opened later */
    bool locked;                  /* a passphrase is needed, for which nobody has been asked yet */
    EVP_PKEY *key;                /* private, unless only the public one was asked for */
    bool dumpable_again;          /* the process was until the private key came */
    struct ska_bytes public_key;  /* SubjectPublicKeyInfo DER */
    struct ska_bytes certificate; /* DER; data == NULL: none */
};

/*
 * Opens a file or an OSSL_STORE URI; asks for a passphrase on the terminal when it needs one. From
 * then on until approver_close() processes of the same user can neither trace this one nor make it
 * write its memory to a file.
 * `certificate` is the file, PEM or DER, that is to stand in the approval; it must be of this key.
 * NULL: none. With one it is known whose key it is, so that nobody is asked for a passphrase before
 * there is something to sign: see approver_unlock().
 */
bool approver_open(struct tool *tool, struct approver *approver, const char *uri,
                   const char *certificate) SKA_MUST_CHECK;
/* Asks for the passphrase, if that is still to be done. Before approver_sign(). */
bool approver_unlock(struct approver *approver, OSSL_LIB_CTX *libctx,
                     const struct ska_errors *errors) SKA_MUST_CHECK;
/*
 * Only the public key, where nothing is to be signed: the URI may lead to a private key, a public
 * key or a certificate.
 */
bool approver_open_public(struct tool *tool, struct approver *approver,
                          const char *uri) SKA_MUST_CHECK;
void approver_close(struct approver *approver);

/* The approver of a rule with this key, however the rule encodes it; NULL: none. */
const struct ska_approver *approver_find_listed(OSSL_LIB_CTX *libctx, const struct ska_rule *rule,
                                                struct ska_span public_key);

/* For approver_open(). */
bool approver_read_certificate(struct approver *approver, OSSL_LIB_CTX *libctx, const char *path,
                               const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Signs the message (a token, or what a refusal signs). `listed` is the approver in the rule whose
 * key this is (NULL: not known): a listed certificate goes into the approval, and its very encoding
 * of the key, since that is what the HSM compares. The caller frees what the approval holds, also
 * after a failure, with ska_approval_clear().
 */
bool approver_sign(const struct approver *approver, const struct ska_approver *listed,
                   struct ska_span message, struct ska_approval *approval,
                   const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The same, and verifies, so that a person learns at once of a token that signs with another key;
 * in libctx, where no other provider interferes, as when certificates are compared.
 */
bool approver_sign_checked(const struct approver *approver, OSSL_LIB_CTX *libctx,
                           const struct ska_approver *listed, struct ska_span message,
                           struct ska_approval *approval,
                           const struct ska_errors *errors) SKA_MUST_CHECK;

/* Raises the latest error of libcrypto, in words where they help, and empties its queue. */
bool approver_fail(const struct ska_errors *errors, enum ska_reason reason, const char *what);

#endif
