/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates, and requests for them, as signatures over what they say.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "provider/base/certificate.h"
#include "provider/request/approval_token.h"
#include "simulator/tsb/certificate_build.h"
#include "simulator/tsb/certificate_store.h"
#include "simulator/tsb/operation_steps.h"
#include "simulator/tsb/signed_approval.h"

#define COMMON "signatureAlgorithm", "validity", "keyUsage", "extendedKeyUsage"

const char *const tsb_csr_members[] = {COMMON, "standardCertificateAttributes", NULL};
const char *const tsb_self_sign_members[] = {COMMON, "commonName", "certificateAuthority",
                                             "standardCertificateAttributes", NULL};
const char *const tsb_issue_members[] = {COMMON,
                                         "commonName",
                                         "certificateAuthority",
                                         "standardCertificateAttributes",
                                         "certificateSigningRequest",
                                         NULL};

/* ---- Members --------------------------------------------------------------------------------- */

/* In most bodies the subject is a commonName, or attributes. */
static bool has_attributes(const struct ska_json_place *inner)
{
    const cJSON *attributes =
        cJSON_GetObjectItemCaseSensitive(inner->value, "standardCertificateAttributes");

    return attributes != NULL && !cJSON_IsNull(attributes);
}

static bool read_common(struct tsb_exchange *exchange, const struct ska_json_place *inner,
                        enum ska_json_need validity, bool attributes, struct tsb_operation *wanted)
{
    if (!tsb_read_signature_algorithm(exchange, inner, wanted) ||
        !tsb_certificate_subject_read(inner, attributes, &wanted->certificate) ||
        !tsb_certificate_use_read(inner, validity, &wanted->certificate))
        return false;
    if (tsb_certificate_algorithm_absent(wanted->algorithm))
        return tsb_refuse(&exchange->answer, TSB_NOT_IMPLEMENTED,
                          "signatureAlgorithm: this simulator has no certificates with %s",
                          wanted->algorithm_name);
    return tsb_certificate_algorithm_fits(wanted->algorithm) ||
           ska_json_fail_value(inner, "signatureAlgorithm", wanted->algorithm_name,
                               "an algorithm of certificates");
}

bool tsb_csr_read(struct tsb_exchange *exchange, const struct ska_json_place *inner,
                  struct tsb_operation *wanted)
{
    return read_common(exchange, inner, SKA_JSON_OPTIONAL, true, wanted);
}

bool tsb_self_sign_read(struct tsb_exchange *exchange, const struct ska_json_place *inner,
                        struct tsb_operation *wanted)
{
    return read_common(exchange, inner, SKA_JSON_REQUIRED, has_attributes(inner), wanted);
}

bool tsb_issue_read(struct tsb_exchange *exchange, const struct ska_json_place *inner,
                    struct tsb_operation *wanted)
{
    return read_common(exchange, inner, SKA_JSON_OPTIONAL, has_attributes(inner), wanted) &&
           tsb_certificate_request_read(&exchange->answer, exchange->server->libctx, inner,
                                        &wanted->certificate);
}

/* ---- What is signed -------------------------------------------------------------------------- */

/* The subject of the key's certificate; where it has none, its label. To be freed. */
static X509_NAME *issuer_of(struct tsb_device *device, const char *label)
{
    struct ska_bytes certificate = {NULL, 0};
    X509_NAME *name = NULL;

    if (tsb_certificate_get(device, label, &certificate) == CKR_OK)
        name = ska_certificate_subject(ska_span_of(&certificate));
    ska_bytes_free(&certificate);
    if (name != NULL)
        return name;
    name = X509_NAME_new();
    if (name != NULL && X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                                   (const unsigned char *)label, -1, -1, 0) == 1)
        return name;
    X509_NAME_free(name);
    return NULL;
}

static bool build_issued(struct tsb_server *server, struct tsb_operation *wanted,
                         struct ska_span issuer_key)
{
    X509_NAME *issuer = issuer_of(server->device, wanted->key_name);
    unsigned char *der = NULL;
    int length = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(wanted->certificate.request), &der);
    bool done =
        issuer != NULL && length > 0 &&
        tsb_certificate_build(server->libctx, &wanted->certificate, ska_span(der, (size_t)length),
                              issuer, issuer_key, wanted->algorithm, &wanted->payload);

    OPENSSL_free(der);
    X509_NAME_free(issuer);
    return done;
}

static bool build(struct tsb_server *server, struct tsb_operation *wanted, struct ska_span spki)
{
    if (wanted->certificate.request != NULL)
        return build_issued(server, wanted, spki);
    if (wanted->kind->finish == tsb_csr_finish)
        return tsb_csr_build(server->libctx, &wanted->certificate, spki, &wanted->payload);
    return tsb_certificate_build(server->libctx, &wanted->certificate, spki, NULL, spki,
                                 wanted->algorithm, &wanted->payload);
}

/* Of a TBSCertificate; NULL: it is none. */
static X509 *parse_unsigned(OSSL_LIB_CTX *libctx, struct ska_span info,
                            const struct tsb_algorithm *algorithm, struct ska_span issuer_key)
{
    struct ska_bytes der = {NULL, 0};
    X509 *certificate = X509_new_ex(libctx, NULL);
    X509 *read = NULL;

    if (certificate != NULL &&
        tsb_signed_build(info, algorithm, issuer_key, ska_span(NULL, 0), &der)) {
        const unsigned char *next = der.data;

        read = d2i_X509(&certificate, &next, (long)der.length);
    }
    if (read == NULL)
        X509_free(certificate);
    ska_bytes_free(&der);
    return read;
}

static bool is_valid_for(const X509 *certificate, uint64_t wanted)
{
    int days = 0;
    int seconds = 0;

    return ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(certificate),
                          X509_get0_notAfter(certificate)) == 1 &&
           days >= 0 && (uint64_t)days == wanted && seconds == 0;
}

/*
 * What approvers have signed has a serial number and times in it, which no new certificate would
 * have. Whether the rest is what the call wants is seen where the approvals are used.
 */
static void take_approved(OSSL_LIB_CTX *libctx, struct tsb_operation *wanted, struct ska_span spki)
{
    const cJSON *first = wanted->approvals == NULL ? NULL : wanted->approvals->child;
    struct tsb_signed_approval approval;
    struct ska_approval_token token;
    X509 *certificate = NULL;

    if (!cJSON_IsString(first) || !tsb_signed_approval_read(first->valuestring, &approval))
        return;
    if (ska_approval_token_decode(approval.token, &token, NULL) && token.has_payload)
        certificate = parse_unsigned(libctx, token.payload, wanted->algorithm, spki);
    if (certificate != NULL && is_valid_for(certificate, wanted->certificate.days))
        wanted->certificate.approved = certificate;
    else
        X509_free(certificate);
    tsb_signed_approval_clear(&approval);
}

/* What has been approved is not made anew: it has a time and a number in it. */
bool tsb_certificate_prepare(struct tsb_exchange *exchange, struct tsb_operation *wanted)
{
    struct tsb_server *server = exchange->server;
    struct ska_bytes spki = {NULL, 0};
    bool done = true;

    if (!tsb_check_signature_algorithm(exchange, wanted))
        return false;
    if (wanted->payload.length == 0) {
        ska_bytes_free(&wanted->payload);
        done = tsb_key_spki(server->device, &wanted->key, &spki) == CKR_OK;
        if (done && wanted->key.ska)
            take_approved(server->libctx, wanted, ska_span_of(&spki));
        done = done && build(server, wanted, ska_span_of(&spki));
        ska_bytes_free(&spki);
    }
    if (!done)
        return tsb_refuse(&exchange->answer, TSB_IMPLEMENTATION, "the certificate cannot be made");
    return tsb_signing_prepare(wanted->algorithm, ska_span_of(&wanted->payload), &wanted->mechanism,
                               &wanted->data, &exchange->answer);
}

/* ---- What comes of it ------------------------------------------------------------------------ */

static bool finish_signed(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                          struct ska_bytes *made, struct ska_bytes *der)
{
    struct ska_bytes spki = {NULL, 0};
    bool done = tsb_signing_finish(wanted->algorithm, false, made) &&
                tsb_key_spki(exchange->server->device, &wanted->key, &spki) == CKR_OK &&
                tsb_signed_build(ska_span_of(&wanted->payload), wanted->algorithm,
                                 ska_span_of(&spki), ska_span_of(made), der);

    ska_bytes_free(&spki);
    return done;
}

static bool finish_as_pem(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                          struct ska_bytes *made, const char *name, char **text)
{
    struct ska_bytes der = {NULL, 0};
    bool done =
        finish_signed(exchange, wanted, made, &der) && tsb_pem_write(name, ska_span_of(&der), text);

    ska_bytes_free(&der);
    return done;
}

bool tsb_csr_finish(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                    struct ska_bytes *made, char **text)
{
    return finish_as_pem(exchange, wanted, made, "NEW CERTIFICATE REQUEST", text);
}

bool tsb_issue_finish(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                      struct ska_bytes *made, char **text)
{
    return finish_as_pem(exchange, wanted, made, "CERTIFICATE", text);
}

/* It stays with its key; a request says no more than that. */
bool tsb_self_sign_finish(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                          struct ska_bytes *made, char **text)
{
    struct ska_bytes der = {NULL, 0};
    bool done = finish_signed(exchange, wanted, made, &der) &&
                tsb_certificate_put(exchange->server->device, wanted->key_name,
                                    ska_span_of(&der)) == CKR_OK;

    if (done && wanted->synchronous)
        done = tsb_pem_write("CERTIFICATE", ska_span_of(&der), text);
    else if (done)
        done = (*text = strdup("true")) != NULL;
    ska_bytes_free(&der);
    return done;
}
