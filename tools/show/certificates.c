/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/certificates.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "provider/base/evp_key.h"
#include "provider/base/printable.h"
#include "provider/rule/rule.h"
#include "provider/rule/approver_name.h"
#include "provider/rule/rule_text.h"
#include "provider/rule/window.h"
#include "tools/certificate_end.h"
#include "tools/certificate_file.h"
#include "tools/show/text.h"

/* libcrypto's level of 112 bits: RSA with 2048, SHA-2. */
#define SECURITY_LEVEL 2
#define SMALLEST_RSA_BITS 2048
#define SMALLEST_SECURITY_BITS 112 /* RSA 2048 */
#define SMALLEST_EC_BITS 256

/* ---- One certificate ------------------------------------------------------------------------- */

/* NULL: no certificate. Its key is decoded in libctx. */
static X509 *decode_certificate(OSSL_LIB_CTX *libctx, struct ska_span der)
{
    const unsigned char *next = der.data;
    X509 *certificate = der.length > LONG_MAX ? NULL : X509_new_ex(libctx, NULL);

    ERR_set_mark();
    if (certificate != NULL && d2i_X509(&certificate, &next, (long)der.length) == NULL)
        certificate = NULL; /* d2i_X509() has freed it */
    ERR_pop_to_mark();
    return certificate;
}

static void add_x509_name(struct ska_buffer *text, const X509_NAME *name)
{
    char *shown = ska_x509_name_shown(name, TEXT_LIMIT);

    ska_buffer_text(text, shown == NULL ? "(no name)" : shown);
    free(shown);
}

/* "CN=Alice, issued by CN=Approver CA, valid from ... until ..."; of any bytes. */
static void certificate_text(OSSL_LIB_CTX *libctx, struct ska_span certificate,
                             struct ska_buffer *text)
{
    X509 *x509 = decode_certificate(libctx, certificate);

    if (x509 == NULL) {
        ska_buffer_text(text, "(no certificate that can be read)");
        return;
    }
    add_x509_name(text, X509_get_subject_name(x509));
    ska_buffer_text(text, ", issued by ");
    add_x509_name(text, X509_get_issuer_name(x509));
    ska_buffer_text(text, ", valid from ");
    certificate_time_text(X509_get0_notBefore(x509), text);
    ska_buffer_text(text, " until ");
    certificate_time_text(X509_get0_notAfter(x509), text);
    X509_free(x509);
}

/* ---- The approvers of a policy --------------------------------------------------------------- */

/* Each once, however often the rules list it; one of two names twice. */
struct approvers {
    const struct ska_approver **list;
    size_t count;
};

static bool is_collected(const struct approvers *approvers, const struct ska_approver *approver)
{
    for (size_t i = 0; i < approvers->count; i++)
        if (approvers->list[i]->type == approver->type &&
            ska_span_equal(ska_span_of(&approvers->list[i]->data), ska_span_of(&approver->data)) &&
            ska_span_equal(ska_span_of(&approvers->list[i]->name), ska_span_of(&approver->name)))
            return true;
    return false;
}

static bool collect_approver(struct approvers *approvers, const struct ska_approver *approver,
                             const struct ska_errors *errors)
{
    const struct ska_approver **grown = NULL;

    if (is_collected(approvers, approver))
        return true;
    grown = reallocarray(approvers->list, approvers->count + 1, sizeof(*approvers->list));
    if (grown == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "approvers of a policy");
    grown[approvers->count++] = approver;
    approvers->list = grown;
    return true;
}

static bool collect_approvers(struct approvers *approvers,
                              const struct ska_rule *const rules[SKA_RULE_COUNT],
                              const struct ska_errors *errors)
{
    const struct ska_approver *approver = NULL;

    for (int kind = 0; kind < SKA_RULE_COUNT; kind++)
        for (size_t i = 0;
             rules[kind] != NULL && (approver = ska_rule_approver_at(rules[kind], i)) != NULL; i++)
            if (!collect_approver(approvers, approver, errors))
                return false;
    return true;
}

void approver_text(OSSL_LIB_CTX *libctx, const struct ska_approver *approver,
                   struct ska_buffer *text)
{
    char *name = approver->name.length > 0 ? NULL : ska_listed_approver_shown(approver);

    if (approver->name.length > 0)
        ska_buffer_quoted(text, ska_span_of(&approver->name), SKA_NAME_SHOWN);
    else if (name == NULL)
        text->failed = true;
    else
        text_quoted(text, ska_span_text(name));
    free(name);
    ska_buffer_text(text, ", ");
    if (approver->type == SKA_APPROVER_ONBOARDED) {
        ska_buffer_text(text, "the certificate that the broker has under this name");
        return;
    }
    if (approver->type == SKA_APPROVER_CERTIFICATE) {
        ska_buffer_text(text, "certificate of ");
        certificate_text(libctx, ska_span_of(&approver->data), text);
        ska_buffer_text(text, ",");
        ska_buffer_text(text, TEXT_NEXT_LINE);
    }
    ska_buffer_text(text, "key SHA-256 ");
    text_fingerprint(libctx, ska_span_of(&approver->public_key), text);
}

void approvers_text(OSSL_LIB_CTX *libctx, const struct ska_rule *const rules[SKA_RULE_COUNT],
                    struct ska_buffer *text)
{
    struct approvers approvers = {NULL, 0};

    if (!collect_approvers(&approvers, rules, NULL))
        text->failed = true;
    for (size_t i = 0; i < approvers.count; i++) {
        if (i > 0)
            ska_buffer_text(text, TEXT_NEXT_LINE);
        approver_text(libctx, approvers.list[i], text);
    }
    free(approvers.list);
}

/* ---- CAs ------------------------------------------------------------------------------------- */

/* NULL: raised. */
static X509_STORE *open_ca_store(struct tool *tool, const char *path)
{
    STACK_OF(X509) *cas = certificate_file_read(tool->libctx, path, &tool->errors);
    X509_STORE *store = cas == NULL ? NULL : X509_STORE_new();
    bool done = store != NULL;

    for (int i = 0; done && i < sk_X509_num(cas); i++)
        done = X509_STORE_add_cert(store, sk_X509_value(cas, i)) == 1;
    if (cas != NULL && !done)
        ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "the CAs of %s", path);
    certificates_free(cas);
    if (done)
        return store;
    X509_STORE_free(store);
    return NULL;
}

/* NULL: it chains, and the subject of the CA is appended; else why it does not. */
static const char *check_ca_chain(struct tool *tool, X509_STORE *store, X509 *certificate,
                                  struct ska_buffer *ca)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new_ex(tool->libctx, NULL);
    const STACK_OF(X509) *chain = NULL;
    X509_VERIFY_PARAM *param = NULL;
    const char *fault = "out of memory";

    ERR_set_mark();
    if (context != NULL && X509_STORE_CTX_init(context, store, certificate, NULL) == 1) {
        param = X509_STORE_CTX_get0_param(context);
        X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY);
        X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
        /* A CA that is trusted may be an intermediate one. */
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
        fault = X509_verify_cert(context) == 1
                    ? NULL
                    : X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
        chain = X509_STORE_CTX_get0_chain(context);
    }
    if (fault == NULL && chain != NULL && sk_X509_num(chain) > 0)
        add_x509_name(ca, X509_get_subject_name(sk_X509_value(chain, sk_X509_num(chain) - 1)));
    ERR_pop_to_mark();
    X509_STORE_CTX_free(context);
    return fault;
}

/* There is nothing that could be looked at before the key is made. */
static bool check_onboarded(struct tool *tool, const X509_STORE *store,
                            const struct ska_approver *approver)
{
    char *name = ska_listed_approver_shown(approver);
    bool done = store == NULL;

    if (!done)
        ska_fail(&tool->errors, SKA_R_BAD_POLICY,
                 "approver '%s' is given only by name (onboarded_approver_certificate): whether "
                 "the certificate that the broker has chains to a CA of --ca cannot be seen",
                 name == NULL ? "" : name);
    free(name);
    return done;
}

static bool check_approver(struct tool *tool, X509_STORE *store,
                           const struct ska_approver *approver)
{
    X509 *certificate = decode_certificate(tool->libctx, ska_span_of(&approver->data));
    struct ska_buffer line = {0};
    struct ska_buffer ca = {0};
    const char *fault = NULL;

    ska_buffer_text(&line, "approver ");
    ska_approver_text(NULL, approver, &line);
    ska_buffer_text(&line, ": certificate of ");
    certificate_text(tool->libctx, ska_span_of(&approver->data), &line);
    if (store != NULL)
        fault = certificate == NULL ? "it cannot be read"
                                    : check_ca_chain(tool, store, certificate, &ca);
    if (fault != NULL)
        ska_fail(&tool->errors, SKA_R_BAD_POLICY, "%s, does not chain to a CA of --ca: %s",
                 ska_buffer_string(&line), fault);
    else if (store != NULL)
        report_note("%s; chains to %s", ska_buffer_string(&line), ska_buffer_string(&ca));
    else
        report_note("%s", ska_buffer_string(&line));
    X509_free(certificate);
    ska_buffer_free(&line);
    ska_buffer_free(&ca);
    return fault == NULL;
}

bool certificates_check(struct tool *tool, const struct ska_rule *const rules[SKA_RULE_COUNT],
                        const char *ca_path)
{
    struct approvers approvers = {NULL, 0};
    X509_STORE *store = NULL;
    bool done = true;

    if (ca_path != NULL) {
        store = open_ca_store(tool, ca_path);
        done = store != NULL;
    }
    done = done && collect_approvers(&approvers, rules, &tool->errors);
    for (size_t i = 0; done && i < approvers.count; i++)
        if (approvers.list[i]->type == SKA_APPROVER_CERTIFICATE)
            done = check_approver(tool, store, approvers.list[i]);
        else if (approvers.list[i]->type == SKA_APPROVER_ONBOARDED)
            done = check_onboarded(tool, store, approvers.list[i]);
    free(approvers.list);
    X509_STORE_free(store);
    return done;
}

/* ---- What SAM mode may mind ------------------------------------------------------------------ */

static const char *key_fault(X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);

    if (key == NULL)
        return "has a key that cannot be read";
    if (EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) < SMALLEST_RSA_BITS)
        return "has an RSA key of less than 2048 bits";
    if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) < SMALLEST_EC_BITS)
        return "has an EC key of less than 256 bits";
    return NULL;
}

static const char *signature_fault(X509 *certificate)
{
    int digest = NID_undef;

    if (X509_get_signature_info(certificate, &digest, NULL, NULL, NULL) != 1)
        return "is signed with an algorithm that is not known here";
    if (digest == NID_sha1)
        return "is signed with SHA-1";
    if (digest == NID_md5 || digest == NID_md4 || digest == NID_md5_sha1)
        return "is signed with MD4 or MD5";
    return NULL;
}

static const char *use_fault(X509 *certificate)
{
    if (X509_check_ca(certificate) != 0)
        return "is that of a CA";
    if ((X509_get_key_usage(certificate) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
        return "has a key usage without signatures";
    return NULL;
}

struct findings {
    struct ska_buffer text;
    size_t count;
};

static void start_finding(struct findings *findings)
{
    if (findings->count++ > 0)
        ska_buffer_text(&findings->text, "; ");
}

static void add_certificate_fault(struct findings *findings, const struct ska_approver *approver,
                                  const char *fault)
{
    if (fault == NULL)
        return;
    start_finding(findings);
    ska_buffer_text(&findings->text, "the certificate of ");
    ska_approver_text(NULL, approver, &findings->text);
    ska_buffer_format(&findings->text, " %s", fault);
}

static void find_in_certificate(struct tool *tool, const struct ska_approver *approver,
                                struct findings *findings)
{
    enum { BEFORE = -1, SAME = 0, AFTER = 1 }; /* what the comparison of times says */
    X509 *certificate = decode_certificate(tool->libctx, ska_span_of(&approver->data));
    int compared = 0;

    if (certificate == NULL) {
        add_certificate_fault(findings, approver, "cannot be read");
        return;
    }
    ERR_set_mark();
    /* A time that cannot be read is neither before now nor after. */
    compared = ASN1_TIME_cmp_time_t(X509_get0_notBefore(certificate), time(NULL));
    if (compared != BEFORE && compared != SAME) {
        add_certificate_fault(findings, approver, "is not valid before ");
        certificate_time_text(X509_get0_notBefore(certificate), &findings->text);
    }
    compared = ASN1_TIME_cmp_time_t(X509_get0_notAfter(certificate), time(NULL));
    if (compared != AFTER && compared != SAME) {
        add_certificate_fault(findings, approver, "expired at ");
        certificate_time_text(X509_get0_notAfter(certificate), &findings->text);
    }
    if (X509_self_signed(certificate, 0) == 1)
        add_certificate_fault(findings, approver, "is self-signed");
    add_certificate_fault(findings, approver, key_fault(certificate));
    add_certificate_fault(findings, approver, signature_fault(certificate));
    add_certificate_fault(findings, approver, use_fault(certificate));
    ERR_pop_to_mark();
    X509_free(certificate);
}

static void find_in_approver(struct tool *tool, const struct ska_approver *approver,
                             struct findings *findings)
{
    if (approver->type == SKA_APPROVER_CERTIFICATE) {
        find_in_certificate(tool, approver, findings);
        return;
    }
    start_finding(findings);
    ska_approver_text(NULL, approver, &findings->text);
    ska_buffer_text(&findings->text, " is a raw public key without a certificate");
}

/* Nothing is wrong that can be seen from here: then it is the CA, or the HSM's clock. */
static void add_issuers(struct tool *tool, const struct approvers *approvers,
                        struct findings *findings)
{
    ska_buffer_text(&findings->text, "nothing was found here; does the HSM know these CAs, and is "
                                     "its clock right?");
    for (size_t i = 0; i < approvers->count; i++) {
        X509 *certificate =
            decode_certificate(tool->libctx, ska_span_of(&approvers->list[i]->data));

        if (certificate != NULL) {
            ska_buffer_text(&findings->text, i == 0 ? " " : ", ");
            ska_approver_text(NULL, approvers->list[i], &findings->text);
            ska_buffer_text(&findings->text, " has a certificate of ");
            add_x509_name(&findings->text, X509_get_issuer_name(certificate));
        }
        X509_free(certificate);
    }
}

/* In SAM mode or not. */
static void find_weak_key(struct tool *tool, const struct ska_approver *approver,
                          struct findings *findings)
{
    EVP_PKEY *key = ska_evp_decode(tool->libctx, ska_span_of(&approver->public_key));

    if (key != NULL && EVP_PKEY_get_security_bits(key) < SMALLEST_SECURITY_BITS) {
        start_finding(findings);
        ska_approver_text(NULL, approver, &findings->text);
        ska_buffer_format(&findings->text, " has a key of %s with %d bits, which is too small",
                          EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
    }
    EVP_PKEY_free(key);
}

/* What only an HSM in SAM mode minds; whether this one is cannot be asked. */
static void find_for_sam(struct tool *tool, const struct ska_rule *use,
                         const struct approvers *approvers, struct findings *findings)
{
    ska_buffer_text(&findings->text,
                    "if the HSM is in SAM mode (every approver needs a certificate of a CA that is "
                    "configured there, and the use rule needs an approver), ");
    if (use != NULL && ska_rule_is_empty(use)) {
        start_finding(findings);
        ska_buffer_text(&findings->text, "the use rule needs no approval");
    }
    for (size_t i = 0; i < approvers->count; i++)
        find_in_approver(tool, approvers->list[i], findings);
    if (findings->count == 0)
        add_issuers(tool, approvers, findings);
}

bool certificates_fail(struct tool *tool, const struct ska_error_capture *failure,
                       const struct ska_rule *const rules[SKA_RULE_COUNT])
{
    const char *details = ska_error_capture_text(failure);
    struct approvers approvers = {NULL, 0};
    struct findings findings = {{0}, 0};

    if (failure->reason != SKA_R_BAD_POLICY && failure->reason != SKA_R_HSM_REFUSED)
        return ska_error_capture_raise(failure, &tool->errors);
    if (collect_approvers(&approvers, rules, &tool->errors)) {
        for (size_t i = 0; i < approvers.count; i++)
            find_weak_key(tool, approvers.list[i], &findings);
        if (findings.count == 0)
            find_for_sam(tool, rules[SKA_RULE_USE], &approvers, &findings);
    }
    free(approvers.list);
    ska_fail(&tool->errors, failure->reason, "%s. Possible reasons: %s", details,
             ska_buffer_string(&findings.text));
    ska_buffer_free(&findings.text);
    return false;
}
