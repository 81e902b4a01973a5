/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/key_answer.h"

#include "simulator/tsb/device_ska.h"
#include "simulator/tsb/key_attributes.h"

/* Takes the JSON over. */
static cJSON *attributes_answer(struct tsb_key_attributes *attributes)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *inner = attributes->json;

    attributes->json = NULL;
    if (json != NULL && ska_json_add_text(json, "xml", (const char *)attributes->xml.data) &&
        ska_json_add_item(json, "json", inner) &&
        ska_json_add_base64(json, "xmlSignature", ska_span_of(&attributes->signature)) &&
        ska_json_add_text(json, "attestationKeyName", TSB_ATTESTATION_KEY))
        return json;
    if (json == NULL)
        cJSON_Delete(inner);
    cJSON_Delete(json);
    return NULL;
}

void tsb_answer_key(struct tsb_exchange *exchange, unsigned int status, const char *label)
{
    struct tsb_key_attributes attributes;

    if (tsb_key_attributes_read(exchange, label, &attributes))
        tsb_answer_json(&exchange->answer, status, attributes_answer(&attributes));
    tsb_key_attributes_clear(&attributes);
}
