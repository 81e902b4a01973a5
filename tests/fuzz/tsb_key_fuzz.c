/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a broker says of a key: of what is read the rules decode, and a key that is refused leaves
 * nothing behind.
 */
#include <string.h>

#include <openssl/err.h>
#include <openssl/provider.h>

#include "provider/base/json.h"
#include "provider/rule/rule_codec.h"
#include "provider/tsb/key_description.h"

#include "fuzz.h"

static OSSL_LIB_CTX *make_context(void)
{
    OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();

    PROMISE(context != NULL && OSSL_PROVIDER_load(context, "default") != NULL);
    return context;
}

static void rules_decode(const struct tsb_description *description)
{
    for (size_t i = 0; i < SKA_RULE_COUNT; i++) {
        struct ska_rule rule;

        PROMISE(description->ska || description->rules[i].data == NULL);
        if (description->rules[i].data == NULL)
            continue;
        PROMISE(ska_rule_decode(ska_span_of(&description->rules[i]), &rule, NULL));
        ska_rule_clear(&rule);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static OSSL_LIB_CTX *libctx;
    struct tsb_description description;
    struct ska_json_place place;
    cJSON *json = NULL;

    if (libctx == NULL)
        libctx = make_context();
    if (!ska_json_parse(ska_span(data, size), "broker", &json, NULL))
        return 0;
    ska_json_top(&place, json, "broker", SKA_R_SERVER_FAILURE, NULL);
    /* Once for the state alone. */
    for (int i = 0; i < 2; i++)
        if (tsb_description_read(&place, "seal", i == 0 ? libctx : NULL, &description)) {
            PROMISE((description.public_key != NULL) == (i == 0));
            rules_decode(&description);
            tsb_description_clear(&description);
        } else {
            PROMISE(description.public_key == NULL && description.rules[SKA_RULE_USE].data == NULL);
        }
    cJSON_Delete(json);
    PROMISE(ERR_peek_error() == 0);
    return 0;
}
