/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading requests and bundles. What is outside the token is for people; where the token says the
 * same it must say the same.
 */
#include <stdlib.h>
#include <string.h>

#include "provider/request/algorithm.h"
#include "provider/request/request.h"
#include "provider/request/signed_content.h"
#include "provider/base/spki.h"
#include "provider/rule/policy_json.h"

#define VERSION 1

struct parser {
    struct ska_json_place place; /* of the whole */
    bool to_send;                /* see ska_request_parse_to_send() */
    bool draft;                  /* see ska_request_parse_draft() */
    struct ska_request *request;
    struct ska_approval_token token; /* points into request->token */
};

/* A copy of a text member; *value stays as it is when there is none. */
static bool parse_text(const struct ska_json_place *place, const char *name,
                       enum ska_json_need need, char **value)
{
    const char *text = NULL;

    if (!ska_json_text(place, name, need, &text))
        return false;
    if (text == NULL)
        return true;
    *value = strdup(text);
    return *value != NULL || ska_fail(&place->at.errors, SKA_R_OUT_OF_MEMORY, "%s", name);
}

static bool parse_bytes(const struct ska_json_place *place, const char *name,
                        struct ska_bytes *value)
{
    return ska_json_base64(place, name, SKA_JSON_REQUIRED, value) &&
           (value->length > 0 || ska_json_fail(place, name, "empty"));
}

/* ---- Version, id, operation ----------------------------------------------------------------- */

static bool parse_version(const struct ska_json_place *place)
{
    uint64_t version = 0;

    return ska_json_uint(place, "version", SKA_JSON_REQUIRED, &version) &&
           (version == VERSION ||
            ska_json_fail(place, "version", "only version 1 is known; a newer skatool may help"));
}

static bool parse_id(const struct ska_json_place *place, char *id)
{
    static const char wanted[] = "64 hexadecimal digits";
    const char *text = NULL;
    struct ska_bytes bytes = {NULL, 0};

    if (!ska_json_text(place, "requestId", SKA_JSON_REQUIRED, &text))
        return false;
    if (strlen(text) != SKA_REQUEST_ID_LENGTH || !ska_hex_decode(text, &bytes))
        return ska_json_fail_value(place, "requestId", text, wanted);
    ska_bytes_free(&bytes);
    memcpy(id, text, SKA_REQUEST_ID_LENGTH + 1);
    for (; *id != 0; id++)
        if (*id >= 'A' && *id <= 'F')
            *id = (char)(*id - 'A' + 'a');
    return true;
}

static bool parse_operation(const struct ska_json_place *place, enum ska_operation *operation)
{
    const char *text = NULL;

    if (!ska_json_text(place, "operation", SKA_JSON_REQUIRED, &text))
        return false;
    for (size_t i = 0; i <= SKA_OPERATION_MODIFY; i++)
        if (strcmp(text, ska_operation_names[i]) == 0) {
            *operation = (enum ska_operation)i;
            return true;
        }
    return ska_json_fail_value(place, "operation", text, "SIGN, BLOCK, UNBLOCK or MODIFY");
}

/* ---- Key ------------------------------------------------------------------------------------ */

static bool parse_key_id(const struct ska_json_place *place, struct ska_bytes *id)
{
    const char *text = NULL;

    return ska_json_text(place, "id", SKA_JSON_OPTIONAL, &text) &&
           (text == NULL || ska_hex_decode(text, id) ||
            ska_json_fail(place, "id", "hexadecimal digits expected"));
}

static bool parse_key(const struct parser *parser, enum ska_key_type *type)
{
    struct ska_request *request = parser->request;
    struct ska_json_place key;

    return ska_json_object(&parser->place, "key", SKA_JSON_REQUIRED, &key) &&
           parse_text(&key, "token", SKA_JSON_OPTIONAL, &request->token_label) &&
           parse_text(&key, "label", SKA_JSON_REQUIRED, &request->key_label) &&
           parse_key_id(&key, &request->key_id) &&
           parse_bytes(&key, "publicKey", &request->public_key) &&
           (ska_spki_key_type(ska_span_of(&request->public_key), type) ||
            ska_json_fail(&key, "publicKey",
                          "not a public key (SubjectPublicKeyInfo in DER) of RSA, EC, Ed25519 "
                          "or Ed448"));
}

/* ---- Token ---------------------------------------------------------------------------------- */

static bool parse_token(struct parser *parser)
{
    struct ska_bytes *token = &parser->request->approval_token;
    struct ska_error_place place;

    ska_error_place_inside(&place, &parser->place.at, "approvalToBeSigned", 0);
    return parse_bytes(&parser->place, "approvalToBeSigned", token) &&
           ska_approval_token_decode(ska_span_of(token), &parser->token, &place.errors);
}

static bool compare_key_name(const struct parser *parser)
{
    struct ska_span outside = ska_span_text(parser->request->key_label);
    struct ska_span inside = parser->token.key_name;
    char *outside_shown = NULL;
    char *inside_shown = NULL;

    /* An approval of a token without a key name would be good for any key. */
    if (inside.length == 0)
        return ska_fail(&parser->place.at.errors, SKA_R_KEY_MISMATCH,
                        "the approval token is not bound to a key");
    if (ska_span_equal(outside, inside))
        return true;
    outside_shown = ska_printable(outside, 64);
    inside_shown = ska_printable(inside, 64);
    ska_fail(&parser->place.at.errors, SKA_R_KEY_MISMATCH,
             "it says key '%s', but its approval token is for key '%s'",
             outside_shown == NULL ? "" : outside_shown, inside_shown == NULL ? "" : inside_shown);
    free(outside_shown);
    free(inside_shown);
    return false;
}

/* Payload outside, if it is there, and inside; the request gets that of the token. */
static bool parse_payload(const struct parser *parser)
{
    enum ska_json_need need =
        parser->request->operation == SKA_OPERATION_SIGN ? SKA_JSON_REQUIRED : SKA_JSON_OPTIONAL;
    struct ska_bytes *payload = &parser->request->payload;

    if (!ska_json_base64(&parser->place, "payload", need, payload))
        return false;
    if (payload->data == NULL)
        return ska_bytes_copy(payload, parser->token.payload, parser->place.at.sink);
    return ska_span_equal(ska_span_of(payload), parser->token.payload) ||
           ska_fail(&parser->place.at.errors, SKA_R_PAYLOAD_MISMATCH,
                    "its payload is not the one in its approval token");
}

static bool compare_token(const struct parser *parser)
{
    if (parser->token.operation != parser->request->operation)
        return ska_fail(&parser->place.at.errors, SKA_R_OPERATION_MISMATCH,
                        "it says %s, but its approval token is for %s",
                        ska_operation_names[parser->request->operation],
                        ska_operation_names[parser->token.operation]);
    return compare_key_name(parser) && parse_payload(parser);
}

static bool parse_draft_payload(const struct parser *parser)
{
    enum ska_operation operation = parser->request->operation;
    bool needed = operation == SKA_OPERATION_SIGN || operation == SKA_OPERATION_MODIFY;

    return ska_json_base64(&parser->place, "payload",
                           needed ? SKA_JSON_REQUIRED : SKA_JSON_OPTIONAL,
                           &parser->request->payload);
}

/* ---- Signing -------------------------------------------------------------------------------- */

static bool parse_pss(const struct ska_json_place *place, struct ska_mechanism *mechanism)
{
    uint64_t salt_length = 0;
    const char *mgf1 = NULL;

    if (!ska_json_uint(place, "saltLength", SKA_JSON_REQUIRED, &salt_length) ||
        !ska_json_bool(place, "anySaltLength", SKA_JSON_OPTIONAL, &mechanism->any_salt) ||
        !ska_json_text(place, "mgf1Digest", SKA_JSON_REQUIRED, &mgf1))
        return false;
    /* The longest key that anyone uses has 2048 bytes. */
    if (salt_length > 2048)
        return ska_json_fail(place, "saltLength", "too long");
    if (!ska_digest_from_name(mgf1, &mechanism->mgf1_digest))
        return ska_json_fail_value(place, "mgf1Digest", mgf1, "SHA1 or SHA224 to SHA512");
    mechanism->salt_length = (size_t)salt_length;
    return true;
}

static bool compare_form(const struct ska_json_place *place, const struct ska_mechanism *mechanism)
{
    const char *form = mechanism->form == SKA_PAYLOAD_DIGEST ? "DIGEST" : "MESSAGE";
    const char *text = NULL;

    if (!ska_json_text(place, "payloadForm", SKA_JSON_REQUIRED, &text))
        return false;
    if (strcmp(text, "DIGEST") != 0 && strcmp(text, "MESSAGE") != 0)
        return ska_json_fail_value(place, "payloadForm", text, "DIGEST or MESSAGE");
    return strcmp(text, form) == 0 ||
           ska_json_fail(place, "payloadForm", "does not fit \"signatureAlgorithm\"");
}

static bool parse_mechanism(const struct parser *parser, enum ska_key_type type)
{
    const struct ska_json_place *place = &parser->place;
    struct ska_mechanism *mechanism = &parser->request->mechanism;
    struct ska_error_place algorithm;
    const char *name = NULL;

    if (!ska_json_text(place, "signatureAlgorithm", SKA_JSON_REQUIRED, &name))
        return false;
    if (!ska_algorithm_from_name(name, mechanism))
        return ska_json_fail_value(place, "signatureAlgorithm", name,
                                   "an algorithm that this version knows");
    if ((mechanism->scheme == SKA_SCHEME_PSS && !parse_pss(place, mechanism)) ||
        !compare_form(place, mechanism))
        return false;
    ska_error_place_inside(&algorithm, &place->at, "signatureAlgorithm", 0);
    return ska_algorithm_fits(mechanism, type, &algorithm.errors);
}

/* "digest" tells people which digest the payload is; the payload may know better. */
static bool compare_digest(const struct ska_json_place *place, const struct ska_request *request)
{
    enum ska_digest digest = SKA_DIGEST_NONE;
    struct ska_span value = {NULL, 0};

    if (request->mechanism.form != SKA_PAYLOAD_DIGEST)
        return request->digest == SKA_DIGEST_NONE ||
               ska_json_fail(place, "digest", "not expected with \"payloadForm\": \"MESSAGE\"");
    if (!ska_payload_digest(&request->mechanism, ska_span_of(&request->payload), &digest, &value))
        return ska_json_fail(place, "payload", "not the digest that \"signatureAlgorithm\" needs");
    if (request->digest == SKA_DIGEST_NONE)
        return true;
    /* No two digests have the same length. */
    if (ska_digest_length(request->digest) != value.length ||
        !ska_span_equal(value, ska_span_of(&request->digest_value)))
        return ska_fail(&place->at.errors, SKA_R_PAYLOAD_MISMATCH,
                        "its digest is not the one in its payload");
    return true;
}

static bool parse_digest(const struct parser *parser)
{
    struct ska_json_place digest;
    const char *name = NULL;

    if (!ska_json_object(&parser->place, "digest", SKA_JSON_OPTIONAL, &digest))
        return false;
    if (digest.value != NULL &&
        (!ska_json_text(&digest, "algorithm", SKA_JSON_REQUIRED, &name) ||
         !(ska_digest_from_name(name, &parser->request->digest) ||
           ska_json_fail_value(&digest, "algorithm", name, "SHA1 or SHA224 to SHA512")) ||
         !parse_bytes(&digest, "value", &parser->request->digest_value)))
        return false;
    return compare_digest(&parser->place, parser->request);
}

static bool parse_no_content(const struct ska_json_place *place, enum ska_no_content *why)
{
    const char *text = NULL;

    if (!ska_json_text(place, "noSignedContent", SKA_JSON_OPTIONAL, &text))
        return false;
    if (text == NULL)
        return true;
    for (size_t i = SKA_NO_CONTENT_NO_STRUCTURE; i <= SKA_NO_CONTENT_DIGEST_GIVEN; i++)
        if (strcmp(text, ska_no_content_names[i]) == 0) {
            *why = (enum ska_no_content)i;
            return true;
        }
    return ska_json_fail_value(place, "noSignedContent", text,
                               "NO_STRUCTURE, TOO_LONG or DIGEST_GIVEN");
}

/* Whether it has the digest is for those to find out who show it. */
static bool parse_content(const struct parser *parser)
{
    const struct ska_json_place *place = &parser->place;
    struct ska_bytes *content = &parser->request->signed_content;

    if (!ska_json_base64(place, "signedContent", SKA_JSON_OPTIONAL, content) ||
        !parse_no_content(place, &parser->request->no_content))
        return false;
    if (content->length > 0 && parser->request->mechanism.form != SKA_PAYLOAD_DIGEST)
        return ska_json_fail(place, "signedContent",
                             "not expected with \"payloadForm\": \"MESSAGE\"");
    return content->length <= SKA_CONTENT_LIMIT ||
           ska_json_fail(place, "signedContent", "longer than 65536 bytes");
}

/* ---- What is for people --------------------------------------------------------------------- */

static bool parse_one_rule(const struct ska_json_place *place, const char *name,
                           enum ska_rule_kind kind, struct ska_request *request)
{
    struct ska_json_place rule;

    ska_json_member(place, name, &rule);
    if (rule.value == NULL)
        return true;
    request->has_rule[kind] = ska_rule_read(&rule, NULL, &request->rules[kind]);
    return request->has_rule[kind];
}

static bool parse_rules(const struct parser *parser)
{
    static const enum ska_rule_kind kinds[] = {[SKA_OPERATION_SIGN] = SKA_RULE_USE,
                                               [SKA_OPERATION_BLOCK] = SKA_RULE_BLOCK,
                                               [SKA_OPERATION_UNBLOCK] = SKA_RULE_UNBLOCK};
    struct ska_json_place rules;

    if (parser->request->operation != SKA_OPERATION_MODIFY)
        return parse_one_rule(&parser->place, "rule", kinds[parser->request->operation],
                              parser->request);
    if (!ska_json_object(&parser->place, "rule", SKA_JSON_OPTIONAL, &rules))
        return false;
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        if (!parse_one_rule(&rules, ska_rule_members[i], (enum ska_rule_kind)i, parser->request))
            return false;
    return true;
}

static bool parse_requester(const struct parser *parser)
{
    struct ska_request *request = parser->request;
    struct ska_json_place requester;

    if (!ska_json_object(&parser->place, "requester", SKA_JSON_OPTIONAL, &requester))
        return false;
    if (requester.value == NULL)
        return true;
    request->has_requester =
        ska_json_uint(&requester, "uid", SKA_JSON_REQUIRED, &request->requester_uid) &&
        parse_text(&requester, "host", SKA_JSON_OPTIONAL, &request->requester_host) &&
        parse_text(&requester, "program", SKA_JSON_OPTIONAL, &request->requester_program);
    return request->has_requester;
}

static bool parse_importer(const struct parser *parser)
{
    struct ska_request *request = parser->request;
    struct ska_json_place importer;

    if (!ska_json_object(&parser->place, "importer", SKA_JSON_OPTIONAL, &importer))
        return false;
    if (importer.value == NULL)
        return true;
    request->is_imported =
        ska_json_uint(&importer, "uid", SKA_JSON_REQUIRED, &request->importer_uid);
    return request->is_imported;
}

/* ISO-8601 as far as that it can be nothing else. */
static bool parse_time(const struct ska_json_place *place, const char *name, char **value)
{
    if (!parse_text(place, name, SKA_JSON_OPTIONAL, value))
        return false;
    if (*value == NULL)
        return true;
    if (strlen(*value) > 40 || strspn(*value, "0123456789") != 4 || (*value)[4] != '-' ||
        (*value)[strspn(*value, "0123456789-:.+TZ")] != 0)
        return ska_json_fail_value(place, name, *value, "a time as in 2025-01-31T12:00:00Z");
    return true;
}

static bool parse_rest(const struct parser *parser)
{
    const struct ska_json_place *place = &parser->place;
    struct ska_request *request = parser->request;

    return (parser->to_send || (parse_rules(parser) && parse_requester(parser))) &&
           parse_importer(parser) &&
           ska_json_base64(place, "timestampKey", SKA_JSON_OPTIONAL, &request->timestamp_key) &&
           parse_text(place, "description", SKA_JSON_OPTIONAL, &request->description) &&
           parse_time(place, "created", &request->created) &&
           parse_time(place, "notBefore", &request->not_before) &&
           parse_time(place, "notAfter", &request->not_after) &&
           (parser->draft
                ? ska_json_bool(place, "part", SKA_JSON_OPTIONAL, &request->is_part)
                : ska_approvals_read(place, &request->approvals, &request->approval_count)) &&
           ska_json_base64(place, "signature", SKA_JSON_OPTIONAL, &request->signature) &&
           parse_time(place, "executed", &request->executed);
}

/* ---- All of it ------------------------------------------------------------------------------ */

static bool parse_request(struct parser *parser)
{
    enum ska_key_type type = SKA_KEY_RSA;

    if (!parse_version(&parser->place) || !parse_id(&parser->place, parser->request->id) ||
        !ska_json_uint(&parser->place, "attempt", SKA_JSON_OPTIONAL, &parser->request->attempt) ||
        !parse_operation(&parser->place, &parser->request->operation) ||
        !parse_key(parser, &type) ||
        !(parser->draft ? parse_draft_payload(parser)
                        : parse_token(parser) && compare_token(parser)))
        return false;
    if (parser->request->operation == SKA_OPERATION_SIGN &&
        (!parse_mechanism(parser, type) || !parse_digest(parser) || !parse_content(parser)))
        return false;
    return parse_rest(parser);
}

static bool parse_text_of_request(struct ska_span text, const char *shown, struct parser parser,
                                  struct ska_request **request, const struct ska_errors *errors)
{
    cJSON *json = NULL;
    bool done = false;

    if (!ska_json_parse(text, shown, &json, errors))
        return false;
    ska_json_top(&parser.place, json, shown, SKA_R_BAD_REQUEST, errors);
    parser.request = calloc(1, sizeof(*parser.request));
    if (parser.request == NULL)
        ska_fail(&parser.place.at.errors, SKA_R_OUT_OF_MEMORY, "a request");
    else if (!cJSON_IsObject(json))
        ska_fail(&parser.place.at.errors, SKA_R_BAD_REQUEST, "a request or bundle expected");
    else
        done = parse_request(&parser);
    if (done)
        *request = parser.request;
    else
        ska_request_free(parser.request);
    cJSON_Delete(json);
    return done;
}

bool ska_request_parse(struct ska_span text, const char *shown, struct ska_request **request,
                       const struct ska_errors *errors)
{
    const struct parser parser = {.to_send = false};

    return parse_text_of_request(text, shown, parser, request, errors);
}

bool ska_request_parse_to_send(struct ska_span text, const char *shown,
                               struct ska_request **request, const struct ska_errors *errors)
{
    const struct parser parser = {.to_send = true};

    return parse_text_of_request(text, shown, parser, request, errors);
}

bool ska_request_parse_draft(struct ska_span text, const char *shown, struct ska_request **draft,
                             const struct ska_errors *errors)
{
    const struct parser parser = {.draft = true};

    return parse_text_of_request(text, shown, parser, draft, errors);
}
