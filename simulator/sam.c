/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SAM mode.
 */
#include "simulator/rule_acceptance.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "simulator/context.h"

/* Who refuses. */
#define SAM "SAM mode "

/* libcrypto's level of 112 bits: RSA with 2048, SHA-2. */
#define SECURITY_LEVEL 2

/* ---- The CAs ---------------------------------------------------------------------------- */

static X509_STORE *open_ca_store(const char *path)
{
    X509_STORE *store = X509_STORE_new();

    if (store != NULL && X509_STORE_load_file_ex(store, path, sim_libctx(), NULL) == 1)
        return store;
    fprintf(stderr, "SKA simulator: sam-ca: no certificates in %s\n", path);
    X509_STORE_free(store);
    return NULL;
}

bool sim_sam_ca_readable(const char *path)
{
    X509_STORE *store = open_ca_store(path);

    X509_STORE_free(store);
    return store != NULL;
}

/* ---- One approver ----------------------------------------------------------------------- */

/* NULL when the chain is good, else what is wrong with it. */
static const char *check_chain(X509_STORE *store, X509 *certificate)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new_ex(sim_libctx(), NULL);
    X509_VERIFY_PARAM *param = NULL;
    const char *reason = "no memory";

    if (context != NULL && X509_STORE_CTX_init(context, store, certificate, NULL) == 1) {
        param = X509_STORE_CTX_get0_param(context);
        X509_VERIFY_PARAM_set_time(param, (time_t)sim_now());
        X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
        /* A configured CA may be an intermediate one. */
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
        reason = X509_verify_cert(context) == 1
                     ? NULL
                     : X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
    }
    X509_STORE_CTX_free(context);
    return reason;
}

static const char *check_key(X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);

    if (key == NULL)
        return "its key cannot be read";
    if (EVP_PKEY_is_a(key, "RSA"))
        return EVP_PKEY_get_bits(key) >= 2048 ? NULL : "its RSA key is shorter than 2048 bits";
    if (EVP_PKEY_is_a(key, "EC"))
        return EVP_PKEY_get_bits(key) >= 256 ? NULL : "its EC key is shorter than 256 bits";
    return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448")
               ? NULL
               : "its key is neither RSA nor EC nor Edwards";
}

static const char *check_use(X509 *certificate)
{
    uint32_t usage = X509_get_key_usage(certificate); /* all bits when there is no extension */

    if ((X509_get_extension_flags(certificate) & EXFLAG_INVALID) != 0)
        return "its extensions cannot be read";
    if (X509_check_ca(certificate) != 0)
        return "it is a CA certificate";
    return (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0
               ? NULL
               : "its key usage does not allow signatures";
}

static const char *check_certificate(X509_STORE *store, X509 *certificate)
{
    const char *reason = check_key(certificate);

    if (reason == NULL)
        reason = check_use(certificate);
    if (reason == NULL)
        reason = check_chain(store, certificate);
    return reason;
}

static X509 *decode_certificate(struct ska_span der)
{
    const unsigned char *next = der.data;
    X509 *certificate = X509_new_ex(sim_libctx(), NULL);

    if (certificate == NULL)
        return NULL;
    if (d2i_X509(&certificate, &next, (long)der.length) == NULL)
        return NULL; /* which has freed it */
    return certificate;
}

static bool approver_good(X509_STORE *store, const struct ska_approver *approver)
{
    X509 *certificate = NULL;
    const char *reason = "it is a public key without a certificate";

    if (approver->type == SKA_APPROVER_CERTIFICATE) {
        certificate = decode_certificate(ska_span_of(&approver->data));
        reason = certificate == NULL ? "its certificate cannot be read"
                                     : check_certificate(store, certificate);
    }
    if (reason != NULL)
        sim_report_approver(SAM, approver, reason);
    X509_free(certificate);
    return reason == NULL;
}

/* ---- A rule ----------------------------------------------------------------------------- */

static bool approvers_good(X509_STORE *store, const struct ska_rule *rule)
{
    bool good = true;

    for (size_t i = 0; i < rule->alternative_count; i++) {
        for (size_t j = 0; j < rule->alternatives[i].group_count; j++) {
            const struct ska_group *group = &rule->alternatives[i].groups[j];

            for (size_t k = 0; good && k < group->approver_count; k++)
                good = approver_good(store, &group->approvers[k]);
        }
    }
    return good;
}

bool sim_sam_accepts(enum ska_rule_kind kind, const struct ska_rule *rule)
{
    X509_STORE *store = NULL;
    bool good = false;

    if (kind == SKA_RULE_USE && ska_rule_is_empty(rule)) {
        sim_report_rule(SAM, "a use rule that needs no approval");
        return false;
    }
    store = open_ca_store(sim_config()->sam_ca);
    good = store != NULL && approvers_good(store, rule);
    X509_STORE_free(store);
    return good;
}
