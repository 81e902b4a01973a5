/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/approver_proof.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "provider/base/certificate.h"
#include "provider/base/spki.h"
#include "provider/request/approver_signature.h"
#include "simulator/tsb/body_member.h"
#include "simulator/tsb/time_text.h"

void tsb_caller_clear(struct tsb_caller *caller)
{
    ska_bytes_free(&caller->data);
    ska_bytes_free(&caller->public_key);
    memset(caller, 0, sizeof(*caller));
}

/* ---- Who ------------------------------------------------------------------------------------- */

static bool identify_certificate(struct tsb_answer *answer, struct tsb_caller *caller)
{
    return ska_certificate_key(ska_span_of(&caller->data), &caller->public_key) ||
           tsb_refuse(answer, TSB_PARSING_CERTIFICATE, "the certificate cannot be read");
}

static bool identify_key(struct tsb_answer *answer, struct tsb_caller *caller)
{
    enum ska_spki_algorithm algorithm = SKA_SPKI_RSA;

    if (!ska_spki_algorithm(ska_span_of(&caller->data), &algorithm))
        return tsb_refuse(answer, TSB_PARSING_KEY, "approverPublicKey cannot be read");
    return ska_bytes_copy(&caller->public_key, ska_span_of(&caller->data), NULL) ||
           tsb_refuse(answer, TSB_IMPLEMENTATION, "out of memory");
}

bool tsb_caller_read(struct tsb_answer *answer, const struct ska_json_place *place,
                     struct tsb_caller *caller)
{
    struct ska_bytes certificate = {NULL, 0};

    memset(caller, 0, sizeof(*caller));
    if (!ska_json_base64(place, "approverPublicKey", SKA_JSON_OPTIONAL, &caller->data) ||
        !ska_json_base64(place, "approverCertificate", SKA_JSON_OPTIONAL, &certificate))
        return false;
    if (certificate.data == NULL)
        return caller->data.data == NULL || identify_key(answer, caller);
    if (caller->data.data != NULL) {
        ska_bytes_free(&certificate);
        return ska_json_fail(place, "approverCertificate",
                             "either approverPublicKey or approverCertificate expected");
    }
    caller->data = certificate;
    caller->certificate = true;
    return identify_certificate(answer, caller);
}

/* ---- Notification services ------------------------------------------------------------------- */

/* Whether a certificate, in DER, is one of a PEM file. */
static bool is_in_file(struct ska_span certificate, const char *path, OSSL_LIB_CTX *libctx)
{
    BIO *file = BIO_new_file(path, "r");
    bool found = false;

    while (file != NULL && !found) {
        X509 *listed = X509_new_ex(libctx, NULL);
        unsigned char *der = NULL;
        int length = 0;

        if (listed == NULL || PEM_read_bio_X509(file, &listed, NULL, NULL) == NULL) {
            X509_free(listed);
            break;
        }
        length = i2d_X509(listed, &der);
        found = length > 0 && ska_span_equal(certificate, ska_span(der, (size_t)length));
        OPENSSL_free(der);
        X509_free(listed);
    }
    BIO_free(file);
    return found;
}

/* Who is signed for, if nobody is named: everybody, by a service that may. */
static bool read_service(struct tsb_exchange *exchange, const struct ska_json_place *place,
                         struct tsb_caller *caller)
{
    const struct tsb_config *config = &exchange->server->config;
    struct ska_bytes certificate = {NULL, 0};

    if (!ska_json_base64(place, "timestampSigningCertificate", SKA_JSON_OPTIONAL, &certificate))
        return false;
    if (certificate.data == NULL)
        return caller->data.data != NULL ||
               ska_json_fail(place, "approverPublicKey",
                             "approverPublicKey or approverCertificate is missing");
    caller->by_service = true;
    caller->everybody = caller->data.data == NULL;
    ska_bytes_free(&caller->public_key);
    if (!ska_certificate_key(ska_span_of(&certificate), &caller->public_key))
        tsb_refuse(&exchange->answer, TSB_PARSING_CERTIFICATE,
                   "timestampSigningCertificate cannot be read");
    else if (config->timestamp_signers == NULL ||
             !is_in_file(ska_span_of(&certificate), config->timestamp_signers,
                         exchange->server->libctx))
        tsb_refuse(&exchange->answer, TSB_TIMESTAMP_SIGNER_NOT_ALLOWED,
                   "timestamps of this signer are not allowed");
    ska_bytes_free(&certificate);
    return exchange->answer.status == 0;
}

/* ---- When ------------------------------------------------------------------------------------ */

static bool check_time(struct tsb_exchange *exchange, const struct ska_json_place *place,
                       const char *timestamp)
{
    const struct tsb_config *config = &exchange->server->config;
    int64_t now = tsb_now();
    int64_t said = 0;

    if (!tsb_time_read(timestamp, &said))
        return ska_json_fail_value(place, "timestamp", timestamp,
                                   "a time like 2026-01-05T09:31:00Z");
    return (said >= now - (int64_t)config->clock_back * 1000 &&
            said <= now + (int64_t)config->clock_ahead * 1000) ||
           tsb_refuse(&exchange->answer, TSB_TIMESTAMP_DIFFERENCE,
                      "timestamp: %lld seconds away from the broker's clock",
                      (long long)(said - now) / 1000);
}

bool tsb_proof_read(struct tsb_exchange *exchange, const struct ska_json_place *place,
                    struct tsb_caller *caller)
{
    struct ska_bytes signature = {NULL, 0};
    const char *timestamp = NULL;
    const char *digest = NULL;
    bool done = tsb_caller_read(&exchange->answer, place, caller) &&
                ska_json_text(place, "timestamp", SKA_JSON_REQUIRED, &timestamp) &&
                tsb_need_base64(place, "timestampSignature", &signature) &&
                tsb_read_digest(place, "timestampDigestAlgorithm", &digest) &&
                read_service(exchange, place, caller) && check_time(exchange, place, timestamp);

    if (done)
        done = ska_signature_verify(exchange->server->libctx, ska_span_of(&caller->public_key),
                                    digest, ska_span_of(&signature), ska_span_text(timestamp)) ||
               tsb_refuse(&exchange->answer, TSB_INVALID_SIGNATURE,
                          "timestampSignature is not this approver's over the timestamp");
    ska_bytes_free(&signature);
    return done;
}
