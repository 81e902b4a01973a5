/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/request_difference.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "provider/base/json.h"

static const char *const members[] = {"version",
                                      "requestId",
                                      "attempt",
                                      "operation",
                                      "key",
                                      "rule",
                                      "payload",
                                      "payloadForm",
                                      "description",
                                      "requester",
                                      "created",
                                      "notBefore",
                                      "notAfter",
                                      "digest",
                                      "signedContent",
                                      "timestampKey",
                                      "mgf1Digest",
                                      "saltLength",
                                      "anySaltLength",
                                      "approvalToBeSigned",
                                      "signatureAlgorithm",
                                      "noSignedContent",
                                      NULL};
/* What copies may differ in. */
static const char *const own[] = {"approvals", "signature", "executed", "importer", NULL};

static cJSON *print_as_json(const struct ska_request *request, const struct ska_errors *errors)
{
    struct ska_bytes text = {NULL, 0};
    cJSON *json = NULL;

    if (ska_request_print(request, &text, errors) &&
        !ska_json_parse(ska_span_of(&text), "a request", &json, errors))
        json = NULL;
    ska_bytes_free(&text);
    return json;
}

/* Written out, so that no member is forgotten: one that is not known here is called a member. */
static const char *find_other(const cJSON *json, const cJSON *other)
{
    const cJSON *member = NULL;

    cJSON_ArrayForEach(member, json)
    {
        const char *const *name = members;

        if (ska_text_is_among(own, member->string) ||
            cJSON_Compare(member, cJSON_GetObjectItemCaseSensitive(other, member->string), true))
            continue;
        while (*name != NULL && strcmp(*name, member->string) != 0)
            name++;
        return *name == NULL ? "a member" : *name;
    }
    return NULL;
}

bool request_find_difference(const struct ska_request *request, const struct ska_request *copy,
                             const char **difference, const struct ska_errors *errors)
{
    cJSON *one = print_as_json(request, errors);
    cJSON *other = one == NULL ? NULL : print_as_json(copy, errors);
    bool done = other != NULL;

    *difference = NULL;
    if (done)
        *difference = find_other(one, other);
    if (done && *difference == NULL)
        *difference = find_other(other, one);
    cJSON_Delete(one);
    cJSON_Delete(other);
    return done;
}
