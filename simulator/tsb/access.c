/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/access.h"

#include <string.h>
#include <strings.h>

#include "simulator/tsb/text_list.h"
#include "simulator/tsb/time_text.h"

#define TOKEN_LIMIT 16384

/* ---- JSON web tokens ------------------------------------------------------------------------- */

/* base64url without padding as base64. */
static bool decode_part(const char *part, size_t length, struct ska_bytes *decoded)
{
    struct ska_buffer text = {0};
    bool done = false;

    for (size_t i = 0; i < length; i++) {
        if (part[i] == '-')
            ska_buffer_text(&text, "+");
        else if (part[i] == '_')
            ska_buffer_text(&text, "/");
        else
            ska_buffer_add(&text, &part[i], 1);
    }
    while (text.length % 4 != 0 && !text.failed)
        ska_buffer_text(&text, "=");
    done = ska_base64_decode(ska_buffer_string(&text), decoded);
    ska_buffer_free(&text);
    return done;
}

/* A token that is none, or does not say, does not expire. */
bool tsb_jwt_expired(const char *token, int64_t now)
{
    const char *payload = strchr(token, '.');
    size_t length = payload == NULL ? 0 : strcspn(payload + 1, ".");
    struct ska_bytes decoded = {NULL, 0};
    const cJSON *expiry = NULL;
    cJSON *json = NULL;
    bool expired = false;

    if (payload == NULL || strlen(token) > TOKEN_LIMIT ||
        !decode_part(payload + 1, length, &decoded))
        return false;
    if (ska_json_parse(ska_span_of(&decoded), "", &json, NULL)) {
        expiry = cJSON_GetObjectItemCaseSensitive(json, "exp");
        expired = cJSON_IsNumber(expiry) && expiry->valuedouble <= (double)now;
    }
    cJSON_Delete(json);
    ska_bytes_free(&decoded);
    return expired;
}

static bool check_access_token(struct tsb_exchange *exchange)
{
    static const char scheme[] = "Bearer ";
    const char *token = exchange->authorization;

    if (exchange->server->config.access_tokens == NULL)
        return true;
    if (token == NULL || strncasecmp(token, scheme, strlen(scheme)) != 0)
        return tsb_refuse(&exchange->answer, TSB_MISSING_ACCESS_TOKEN,
                          "Authorization: Bearer is missing");
    token += strlen(scheme);
    if (!tsb_list_has(exchange->server->config.access_tokens, token))
        return tsb_refuse(&exchange->answer, TSB_INVALID_ACCESS_TOKEN,
                          "the access token is not valid");
    return !tsb_jwt_expired(token, tsb_now() / 1000) ||
           tsb_refuse(&exchange->answer, TSB_INVALID_ACCESS_TOKEN, "the access token has expired");
}

/* ---- API keys -------------------------------------------------------------------------------- */

static bool check_api_key(struct tsb_exchange *exchange, enum tsb_access access)
{
    const char *listed = exchange->server->config.api_keys[access];

    if (tsb_fault_happens(&exchange->server->faults, TSB_FAULT_API_KEY_MISSING, exchange->path) ||
        (listed != NULL && exchange->api_key == NULL))
        return tsb_refuse(&exchange->answer, TSB_MISSING_API_KEY,
                          "X-API-KEY is missing: this call needs the %s", tsb_access_names[access]);
    return listed == NULL || tsb_list_has(listed, exchange->api_key) ||
           tsb_refuse(&exchange->answer, TSB_INVALID_API_KEY,
                      "the API key is not valid for this call, which needs the %s",
                      tsb_access_names[access]);
}

bool tsb_access_allowed(struct tsb_exchange *exchange, enum tsb_access access)
{
    return (access == TSB_APPROVER || check_access_token(exchange)) &&
           check_api_key(exchange, access);
}

bool tsb_access_licensed(struct tsb_exchange *exchange, const char *flag)
{
    return tsb_list_has(exchange->server->config.licence, flag) ||
           tsb_refuse(&exchange->answer, TSB_CLIENT_SUBSCRIPTION,
                      "the subscription has no %s, which this call needs", flag);
}
