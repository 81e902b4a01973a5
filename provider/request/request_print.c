/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing requests and bundles, members in the order in which the interface lists them.
 */
#include "provider/request/algorithm.h"
#include "provider/request/request.h"
#include "provider/rule/policy_json.h"

static bool print_key(cJSON *json, const struct ska_request *request)
{
    cJSON *key = cJSON_AddObjectToObject(json, "key");

    return key != NULL && ska_json_add_text(key, "token", request->token_label) &&
           ska_json_add_text(key, "label", request->key_label) &&
           (request->key_id.length == 0 ||
            ska_json_add_hex(key, "id", ska_span_of(&request->key_id))) &&
           ska_json_add_base64(key, "publicKey", ska_span_of(&request->public_key));
}

static bool print_digest(cJSON *json, const struct ska_request *request)
{
    cJSON *digest = NULL;

    if (request->digest == SKA_DIGEST_NONE)
        return true;
    digest = cJSON_AddObjectToObject(json, "digest");
    return digest != NULL &&
           ska_json_add_text(digest, "algorithm", ska_digest_name(request->digest)) &&
           ska_json_add_base64(digest, "value", ska_span_of(&request->digest_value));
}

static bool print_content(cJSON *json, const struct ska_request *request)
{
    if (request->signed_content.length > 0)
        return ska_json_add_base64(json, "signedContent", ska_span_of(&request->signed_content));
    return request->no_content == SKA_NO_CONTENT_UNSAID ||
           ska_json_add_text(json, "noSignedContent", ska_no_content_names[request->no_content]);
}

static bool add_mechanism(cJSON *json, const struct ska_request *request)
{
    const struct ska_mechanism *mechanism = &request->mechanism;

    return ska_json_add_text(json, "signatureAlgorithm", ska_algorithm_name(mechanism)) &&
           (mechanism->scheme != SKA_SCHEME_PSS ||
            (cJSON_AddNumberToObject(json, "saltLength", (double)mechanism->salt_length) != NULL &&
             (!mechanism->any_salt || cJSON_AddTrueToObject(json, "anySaltLength") != NULL) &&
             ska_json_add_text(json, "mgf1Digest", ska_digest_name(mechanism->mgf1_digest)))) &&
           ska_json_add_text(json, "payloadForm",
                             mechanism->form == SKA_PAYLOAD_DIGEST ? "DIGEST" : "MESSAGE");
}

static bool print_rule(cJSON *object, const char *name, const struct ska_rule *rule)
{
    return ska_json_add_item(object, name, ska_rule_to_json(rule));
}

static bool print_rules(cJSON *json, const struct ska_request *request)
{
    static const enum ska_rule_kind kinds[] = {[SKA_OPERATION_SIGN] = SKA_RULE_USE,
                                               [SKA_OPERATION_BLOCK] = SKA_RULE_BLOCK,
                                               [SKA_OPERATION_UNBLOCK] = SKA_RULE_UNBLOCK};
    cJSON *object = NULL;

    if (request->operation != SKA_OPERATION_MODIFY) {
        enum ska_rule_kind kind = kinds[request->operation];

        return !request->has_rule[kind] || print_rule(json, "rule", &request->rules[kind]);
    }
    object = cJSON_AddObjectToObject(json, "rule");
    if (object == NULL)
        return false;
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        if (request->has_rule[i] && !print_rule(object, ska_rule_members[i], &request->rules[i]))
            return false;
    return true;
}

static bool print_requester(cJSON *json, const struct ska_request *request)
{
    cJSON *requester = NULL;

    if (!request->has_requester)
        return true;
    requester = cJSON_AddObjectToObject(json, "requester");
    return requester != NULL &&
           cJSON_AddNumberToObject(requester, "uid", (double)request->requester_uid) != NULL &&
           ska_json_add_text(requester, "host", request->requester_host) &&
           ska_json_add_text(requester, "program", request->requester_program);
}

static bool print_importer(cJSON *json, const struct ska_request *request)
{
    cJSON *importer = NULL;

    if (!request->is_imported)
        return true;
    importer = cJSON_AddObjectToObject(json, "importer");
    return importer != NULL &&
           cJSON_AddNumberToObject(importer, "uid", (double)request->importer_uid) != NULL;
}

static bool print_approvals(cJSON *json, const struct ska_request *request)
{
    cJSON *array = cJSON_AddArrayToObject(json, "approvals");

    if (array == NULL)
        return false;
    for (size_t i = 0; i < request->approval_count; i++)
        if (!ska_json_add_item(array, NULL, ska_approval_to_json(&request->approvals[i])))
            return false;
    return true;
}

static bool add_bytes(cJSON *json, const char *name, const struct ska_bytes *value)
{
    return value->length == 0 || ska_json_add_base64(json, name, ska_span_of(value));
}

static bool print_all(cJSON *json, const struct ska_request *request)
{
    bool sign = request->operation == SKA_OPERATION_SIGN;

    return cJSON_AddNumberToObject(json, "version", 1) != NULL &&
           ska_json_add_text(json, "requestId", request->id) &&
           (request->attempt == 0 ||
            cJSON_AddNumberToObject(json, "attempt", (double)request->attempt) != NULL) &&
           ska_json_add_text(json, "operation", ska_operation_names[request->operation]) &&
           print_key(json, request) && (!sign || add_mechanism(json, request)) &&
           (sign ? ska_json_add_base64(json, "payload", ska_span_of(&request->payload))
                 : add_bytes(json, "payload", &request->payload)) &&
           print_digest(json, request) && print_content(json, request) &&
           print_rules(json, request) && add_bytes(json, "timestampKey", &request->timestamp_key) &&
           print_requester(json, request) && print_importer(json, request) &&
           ska_json_add_text(json, "description", request->description) &&
           ska_json_add_text(json, "created", request->created) &&
           ska_json_add_text(json, "notBefore", request->not_before) &&
           ska_json_add_text(json, "notAfter", request->not_after) &&
           add_bytes(json, "approvalToBeSigned", &request->approval_token) &&
           print_approvals(json, request) && add_bytes(json, "signature", &request->signature) &&
           ska_json_add_text(json, "executed", request->executed) &&
           (!request->is_part || cJSON_AddTrueToObject(json, "part") != NULL);
}

typedef bool print_json(const cJSON *json, struct ska_bytes *text, const struct ska_errors *errors);

static bool print_with(const struct ska_request *request, print_json *print_tree,
                       struct ska_bytes *text, const struct ska_errors *errors)
{
    cJSON *json = NULL;
    bool done = false;

    if (request->operation == SKA_OPERATION_SIGN && ska_algorithm_name(&request->mechanism) == NULL)
        return ska_fail(errors, SKA_R_UNSUPPORTED, "a request for this kind of signature");
    json = cJSON_CreateObject();
    if (json != NULL && print_all(json, request))
        done = print_tree(json, text, errors);
    else
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "writing a request");
    cJSON_Delete(json);
    return done;
}

bool ska_request_print(const struct ska_request *request, struct ska_bytes *text,
                       const struct ska_errors *errors)
{
    return print_with(request, ska_json_print, text, errors);
}

bool ska_request_print_line(const struct ska_request *request, struct ska_bytes *text,
                            const struct ska_errors *errors)
{
    return print_with(request, ska_json_print_line, text, errors);
}
