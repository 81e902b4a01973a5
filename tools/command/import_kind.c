/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/command/import_kind.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "provider/base/certificate.h"
#include "provider/base/json.h"
#include "provider/request/approval_token.h"
#include "tools/order.h"
#include "tools/order_refusal.h"

static bool begins_with(struct ska_span text, const char *start)
{
    return text.length >= strlen(start) && memcmp(text.data, start, strlen(start)) == 0;
}

static const char *kind_of_pem(struct ska_span text)
{
    static const struct {
        const char *label;
        const char *kind;
    } kinds[] = {{"CERTIFICATE-----", "a certificate"},
                 {"PRIVATE KEY-----", "a private key, which nobody but its owner should have"},
                 {"PUBLIC KEY-----", "a public key"}};
    const uint8_t *end = memchr(text.data, '\n', text.length);
    size_t length = end == NULL ? text.length : (size_t)(end - text.data);

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (memmem(text.data, length, kinds[i].label, strlen(kinds[i].label)) != NULL)
            return kinds[i].kind;
    return "a file in PEM";
}

static const char *kind_of_binary(struct ska_span text)
{
    struct ska_bytes key = {NULL, 0};
    struct ska_approval_token token;

    if (ska_certificate_key(text, &key)) {
        ska_bytes_free(&key);
        return "a certificate";
    }
    if (ska_approval_token_decode(text, &token, NULL))
        return "an approval token, which approvers sign";
    return "a document or the like, and not JSON";
}

static const char *kind_of_json(struct ska_span text)
{
    struct order order = {0};
    struct order_refusal refusal = {0};
    bool is_order = order_parse(text, "", &order, NULL);
    bool is_refusal = !is_order && order_refusal_parse(text, "", &refusal, NULL);

    order_clear(&order);
    order_refusal_clear(&refusal);
    if (is_order)
        return "an order (skatool request --dir), which skatool execute --dir turns into a request";
    return is_refusal ? "what became of an order" : NULL;
}

/* A text that was cut off is none of these. */
static const char *kind_of_object(struct ska_span text)
{
    static const char *const members[] = {"\"approvalToBeSigned\"", "\"approverPublicKey\"",
                                          "\"approverCertificate\""};
    const char *kind = kind_of_json(text);
    cJSON *json = NULL;

    for (size_t i = 0; kind == NULL && i < sizeof(members) / sizeof(members[0]); i++)
        if (memmem(text.data, text.length, members[i], strlen(members[i])) != NULL)
            return NULL;
    if (kind == NULL && ska_json_parse(text, "", &json, NULL))
        kind = "JSON of something else";
    cJSON_Delete(json);
    return kind;
}

const char *import_what_it_is(const char *path, struct ska_span text)
{
    struct stat status;
    size_t at = 0;

    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return "a directory: name the files in it";
    if (stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
        (size_t)status.st_size > SKA_JSON_LIMIT)
        return "too long for an answer, more than 1 MiB";
    if (text.data == NULL)
        return NULL;
    while (at < text.length && isspace(text.data[at]))
        at++;
    if (at == text.length)
        return "empty: ask for it again";
    if (text.data[at] == '{')
        return kind_of_object(text);
    return begins_with(text, "-----BEGIN ") ? kind_of_pem(text) : kind_of_binary(text);
}
