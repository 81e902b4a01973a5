/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of SKA keys in provider/hsm/ share: a token of the simulator, three approvers (the
 * third has a certificate), rules for them, and their approvals.
 */
#ifndef SKA_TEST_HSM_SKA_SUPPORT_H
#define SKA_TEST_HSM_SKA_SUPPORT_H

#define HSM_TEST_APPLICATION HSM_TEST_SIMULATOR
#include "hsm_support.h"

#include "provider/hsm/rule_serialize.h"

#include <openssl/x509.h>

#include "certificate_name.h"

#include "provider/base/file.h"
#include "provider/request/approval_token.h"
#include "provider/request/approver_signature.h"
#include "provider/rule/rule_codec.h"

#define APPROVERS 3

struct approver {
    EVP_PKEY *key;
    struct ska_bytes info; /* SubjectPublicKeyInfo, or a certificate */
};

static struct hsm_token *token;
static struct approver approvers[APPROVERS];
static struct ska_rule two_of_three;
static struct ska_rule always;
static struct ska_rule never;

/* ---- Approvers and rules --------------------------------------------------------------------- */

static inline void make_approver(struct approver *approver, bool certificate)
{
    unsigned char *der = NULL;
    int length = 0;

    approver->key = EVP_PKEY_Q_keygen(libctx, NULL, "EC", "P-256");
    assert_non_null(approver->key);
    if (certificate) {
        X509 *x509 = X509_new_ex(libctx, NULL);

        assert_true(X509_set_pubkey(x509, approver->key));
        assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x509), 0));
        assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x509), 86400));
        set_certificate_name(x509, "Carol");
        assert_true(X509_sign(x509, approver->key, EVP_sha256()) > 0);
        length = i2d_X509(x509, &der);
        X509_free(x509);
    } else {
        length = i2d_PUBKEY(approver->key, &der);
    }
    assert_true(length > 0);
    assert_true(ska_bytes_copy(&approver->info, ska_span(der, (size_t)length), &shown));
    OPENSSL_free(der);
}

static inline struct ska_bytes text(const char *value)
{
    struct ska_bytes copy = {NULL, 0};

    assert_true(ska_bytes_copy(&copy, ska_span_text(value), &shown));
    return copy;
}

/* One alternative with one group of the first `count` approvers; the third has a certificate. */
static inline struct ska_rule make_rule(uint32_t quorum, size_t count, uint64_t timelock,
                                        uint64_t timeout)
{
    struct ska_rule rule = {calloc(1, sizeof(struct ska_alternative)), 1};
    struct ska_alternative *alternative = rule.alternatives;
    struct ska_group *group = calloc(1, sizeof(*group));

    alternative->name = text("token");
    alternative->timelock = timelock;
    alternative->timeout = timeout;
    alternative->groups = group;
    alternative->group_count = 1;
    group->quorum = quorum;
    group->approver_count = count;
    group->approvers = calloc(count + 1, sizeof(*group->approvers));
    for (size_t i = 0; i < count; i++) {
        struct ska_approver *approver = &group->approvers[i];

        approver->type = i == 2 ? SKA_APPROVER_CERTIFICATE : SKA_APPROVER_PUBLIC_KEY;
        if (i == 0)
            approver->name = text("Alice");
        assert_true(ska_bytes_copy(&approver->data, ska_span_of(&approvers[i].info), &shown));
        assert_true(ska_approver_identify(approver, &shown));
    }
    return rule;
}

static inline void configure(const char *lines)
{
    char path[128];

    write_file("skasim.conf", lines, path);
    assert_int_equal(setenv("SKASIM_CONF", path, 1), 0);
}

static inline const char *call_log(void)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/calls", support_directory);
    return path;
}

static inline void forget_log(void)
{
    unlink(call_log());
}

/* How often the call log has this; then the log starts again. */
static inline size_t logged(const char *line)
{
    struct ska_bytes content = {NULL, 0};
    size_t count = 0;

    if (!ska_file_read(call_log(), 1000000, &content, NULL))
        return 0;
    for (const char *at = (const char *)content.data; (at = strstr(at, line)) != NULL; at++)
        count++;
    ska_bytes_free(&content);
    forget_log();
    return count;
}

/* Also makes the simulator read it, by finalizing the module: which must not matter. */
static inline void configure_fault(const char *fault)
{
    char lines[256];

    snprintf(lines, sizeof(lines), "call-log = %s/calls\n%s%s\n", support_directory,
             fault == NULL ? "" : "fault = ", fault == NULL ? "" : fault);
    configure(lines);
    assert_int_equal(application()->C_Finalize(NULL), CKR_OK);
    forget_log();
}

static inline int begin(void **state)
{
    char lines[256];

    support_begin(state);
    make_token("ska");
    snprintf(lines, sizeof(lines), "call-log = %s/calls\n", support_directory);
    configure(lines);
    for (size_t i = 0; i < APPROVERS; i++)
        make_approver(&approvers[i], i == 2);
    two_of_three = make_rule(2, 3, 0, 0);
    always = make_rule(0, 0, 0, 0);
    token = login_token(HSM_TEST_SIMULATOR, "ska");
    return 0;
}

static inline int end(void **state)
{
    ska_rule_clear(&two_of_three);
    ska_rule_clear(&always);
    for (size_t i = 0; i < APPROVERS; i++) {
        EVP_PKEY_free(approvers[i].key);
        ska_bytes_free(&approvers[i].info);
    }
    return support_end(state);
}

/* ---- Approvals ------------------------------------------------------------------------------- */

struct approvals {
    struct backend_approval list[APPROVERS];
    size_t count;
};

static inline void approve(struct approvals *approvals, size_t who, struct ska_span to_be_signed)
{
    struct approver *approver = &approvers[who];
    struct backend_approval *approval = &approvals->list[approvals->count];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char *spki = NULL;
    uint8_t plain[256];
    size_t length = sizeof(plain);
    int spki_length = i2d_PUBKEY(approver->key, &spki);

    assert_true(EVP_DigestSignInit_ex(context, NULL, "SHA256", libctx, NULL, approver->key, NULL));
    assert_true(EVP_DigestSign(context, plain, &length, to_be_signed.data, to_be_signed.length));
    assert_true(ska_signature_to_der(ska_span(spki, (size_t)spki_length), "SHA-256",
                                     ska_span(plain, length), &approval->signature, &shown));
    approval->certificate = who == 2;
    approval->signer = ska_span_of(&approver->info);
    approvals->count++;
    OPENSSL_free(spki);
    EVP_MD_CTX_free(context);
}

static inline void approvals_clear(struct approvals *approvals)
{
    for (size_t i = 0; i < approvals->count; i++)
        ska_bytes_free(&approvals->list[i].signature);
    approvals->count = 0;
}

#endif
