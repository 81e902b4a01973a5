/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates that belong to keys: given, asked for, taken away. How they are made:
 * certificate_operation.c.
 */
#include <stdlib.h>

#include <openssl/x509.h>

#include "provider/base/certificate.h"
#include "simulator/tsb/body_member.h"
#include "simulator/tsb/calls.h"
#include "simulator/tsb/certificate_build.h"
#include "simulator/tsb/certificate_store.h"
#include "simulator/tsb/derived_key.h"
#include "simulator/tsb/device_ska.h"

static bool fail_certificate(struct tsb_exchange *exchange, CK_RV rv, const char *label)
{
    if (rv == CKR_OBJECT_HANDLE_INVALID)
        return tsb_refuse(&exchange->answer, TSB_KEY_NOT_EXISTENT,
                          "Certificate with name %s not found", label);
    return tsb_exchange_fail_device(exchange, rv);
}

static void answer_certificate(struct tsb_exchange *exchange, unsigned int status,
                               const char *label, struct ska_span der)
{
    cJSON *json = cJSON_CreateObject();
    char *pem = NULL;

    if (json != NULL &&
        !(tsb_pem_write("CERTIFICATE", der, &pem) && ska_json_add_text(json, "label", label) &&
          ska_json_add_text(json, "certificate", pem))) {
        cJSON_Delete(json);
        json = NULL;
    }
    free(pem);
    tsb_answer_json(&exchange->answer, status, json);
}

/* It stays with its key, so there must be one, and it must be that key's. */
static bool check_key(struct tsb_exchange *exchange, const char *label, struct ska_span der)
{
    struct tsb_device *device = exchange->server->device;
    struct ska_bytes spki = {NULL, 0};
    struct tsb_key key;
    CK_RV rv = tsb_key_open(device, label, &key);
    bool fits = false;

    if (rv == CKR_OK && tsb_ska_is_own_key(label))
        rv = CKR_KEY_FUNCTION_NOT_PERMITTED;
    if (rv == CKR_OK && !key.secret)
        rv = tsb_key_spki(device, &key, &spki);
    tsb_key_close(device, &key);
    fits = rv == CKR_OK && tsb_certificate_fits(exchange->server->libctx, der, ska_span_of(&spki));
    ska_bytes_free(&spki);
    if (rv != CKR_OK)
        return tsb_fail_key(exchange, rv, label);
    return fits || tsb_refuse(&exchange->answer, TSB_INPUT_VALIDATION,
                              "'certificate': that of another key, not of key %s", label);
}

static bool import_certificate(struct tsb_exchange *exchange, const char *label,
                               struct ska_span der)
{
    X509_NAME *subject = ska_certificate_subject(der);
    bool readable = subject != NULL;
    CK_RV rv = CKR_OK;

    X509_NAME_free(subject);
    if (!readable)
        return tsb_refuse(&exchange->answer, TSB_INVALID_CERTIFICATE_FORMAT,
                          "the certificate cannot be read");
    if (!check_key(exchange, label, der))
        return false;
    rv = tsb_certificate_put(exchange->server->device, label, der);
    return rv == CKR_OK || tsb_exchange_fail_device(exchange, rv);
}

/* As base64 of DER, as the vendor's page has it. */
void tsb_import_certificate(struct tsb_exchange *exchange)
{
    static const char *const names[] = {"label", "certificate", NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct ska_bytes der = {NULL, 0};
    const char *label = NULL;
    struct ska_json_place top;

    tsb_exchange_top(exchange, &errors, &top);
    if (ska_json_only(&top, names) && tsb_need_text(&top, "label", &label) &&
        tsb_need_base64(&top, "certificate", &der) &&
        import_certificate(exchange, label, ska_span_of(&der)))
        answer_certificate(exchange, 201, label, ska_span_of(&der));
    ska_bytes_free(&der);
}

void tsb_read_certificate(struct tsb_exchange *exchange)
{
    struct ska_bytes der = {NULL, 0};
    CK_RV rv = tsb_certificate_get(exchange->server->device, exchange->argument, &der);

    if (rv == CKR_OK)
        answer_certificate(exchange, 200, exchange->argument, ska_span_of(&der));
    else
        fail_certificate(exchange, rv, exchange->argument);
    ska_bytes_free(&der);
}

void tsb_delete_certificate(struct tsb_exchange *exchange)
{
    CK_RV rv = tsb_certificate_delete(exchange->server->device, exchange->argument);

    if (rv == CKR_OK)
        tsb_answer_empty(&exchange->answer, 200);
    else
        fail_certificate(exchange, rv, exchange->argument);
}
