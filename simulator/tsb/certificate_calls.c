/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates that belong to keys: given, asked for, taken away. How they are made:
 * certificate_operation.c.
 */
#include <stdlib.h>

#include "simulator/tsb/body_member.h"
#include "simulator/tsb/calls.h"
#include "simulator/tsb/certificate_build.h"
#include "simulator/tsb/certificate_store.h"

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

/* As base64 of DER, as the vendor's page has it. */
void tsb_import_certificate(struct tsb_exchange *exchange)
{
    static const char *const names[] = {"label", "certificate", NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct ska_bytes der = {NULL, 0};
    const char *label = NULL;
    struct ska_json_place top;
    CK_RV rv = CKR_OK;

    tsb_exchange_top(exchange, &errors, &top);
    if (ska_json_only(&top, names) && ska_json_text(&top, "label", SKA_JSON_REQUIRED, &label) &&
        ska_json_base64(&top, "certificate", SKA_JSON_REQUIRED, &der)) {
        rv = tsb_certificate_put(exchange->server->device, label, ska_span_of(&der));
        if (rv == CKR_OK)
            answer_certificate(exchange, 201, label, ska_span_of(&der));
        else if (rv == CKR_ATTRIBUTE_VALUE_INVALID)
            tsb_refuse(&exchange->answer, TSB_INVALID_CERTIFICATE_FORMAT,
                       "the certificate cannot be read");
        else
            tsb_exchange_fail_device(exchange, rv);
    }
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
