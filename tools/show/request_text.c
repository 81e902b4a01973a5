/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/request_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "provider/base/evp_key.h"
#include "provider/request/algorithm.h"
#include "provider/sign/explain.h"
#include "provider/rule/rule.h"
#include "provider/rule/rule_codec.h"
#include "provider/rule/rule_text.h"
#include "tools/show/certificates.h"
#include "tools/show/modification.h"
#include "tools/show/content.h"
#include "tools/show/rule_compare.h"
#include "tools/show/text.h"

/* Of a message so much is shown as text and in hexadecimal. */
#define MESSAGE_HEX_LIMIT 256

const struct ska_rule *request_stated_rule(const struct ska_request *request)
{
    enum ska_rule_kind kind = ska_rule_kind_of(request->operation);

    return request->has_rule[kind] ? &request->rules[kind] : NULL;
}

bool request_document_digest(const struct ska_request *request, enum ska_digest *digest,
                             struct ska_span *value)
{
    if (request->operation != SKA_OPERATION_SIGN || request->mechanism.form != SKA_PAYLOAD_DIGEST ||
        !ska_payload_digest(&request->mechanism, ska_span_of(&request->payload), digest, value))
        return false;
    /* The bare digest of ECDSA does not tell which one it is; the request may. */
    if (*digest == SKA_DIGEST_NONE && ska_digest_length(request->digest) == value->length)
        *digest = request->digest;
    return true;
}

enum ska_key_type request_key_type(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                                   enum ska_key_type otherwise)
{
    EVP_PKEY *key = ska_evp_decode(libctx, ska_span_of(&request->public_key));
    enum ska_key_type type = otherwise;

    if (key != NULL && !ska_evp_type(key, &type))
        type = otherwise;
    EVP_PKEY_free(key);
    return type;
}

bool request_is_digest_in_disguise(OSSL_LIB_CTX *libctx, const struct ska_request *request)
{
    /* A key that cannot be read is taken for one of the kinds that make it dangerous. */
    return request->operation == SKA_OPERATION_SIGN &&
           request->mechanism.form == SKA_PAYLOAD_MESSAGE &&
           ska_payload_looks_like_digest(request_key_type(libctx, request, SKA_KEY_RSA),
                                         ska_span_of(&request->payload));
}

static void add_digest_payload(const struct ska_request *request, struct ska_buffer *text)
{
    enum ska_digest digest = SKA_DIGEST_NONE;
    struct ska_span value = {NULL, 0};

    text_name(text, "payload");
    if (!request_document_digest(request, &digest, &value)) {
        ska_buffer_format(text, "%zu bytes that are not a digest\n", request->payload.length);
        text_name(text, "");
        text_digits(text, ska_span_of(&request->payload), TEXT_NEXT_LINE);
    } else {
        ska_buffer_format(text, "the %s%sdigest of %s\n",
                          digest == SKA_DIGEST_NONE ? "" : ska_digest_name(digest),
                          digest == SKA_DIGEST_NONE ? "" : " ",
                          request->signed_content.length > 0
                              ? "the signed content below"
                              : "a document, which is not in this request");
        text_name(text, "");
        text_digits(text, value, TEXT_NEXT_LINE);
    }
    ska_buffer_text(text, "\n");
}

static void add_message_payload(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                                struct ska_buffer *text)
{
    struct ska_span message = ska_span_of(&request->payload);
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t length = 0;

    text_name(text, "payload");
    ska_buffer_format(text, "a message of %zu bytes, which is what will be signed:\n",
                      message.length);
    text_name(text, "  as text");
    text_printable(text, message);
    ska_buffer_text(text, "\n");
    text_name(text, "  as bytes");
    text_digits(text,
                ska_span(message.data,
                         message.length < MESSAGE_HEX_LIMIT ? message.length : MESSAGE_HEX_LIMIT),
                TEXT_NEXT_LINE);
    ska_buffer_text(text, message.length > MESSAGE_HEX_LIMIT ? " ...\n" : "\n");
    /* Only the request says that the key is of a kind that signs messages; the token does not. */
    if (ska_payload_looks_like_digest(SKA_KEY_EC, message))
        text_row(text, "  caution", "if the key is RSA or EC, this is the digest of a document");
    if (EVP_Q_digest(libctx, "SHA256", NULL, message.data, message.length, digest, &length) != 1)
        text->failed = true;
    text_name(text, "  as SHA-256");
    text_digits(text, ska_span(digest, length), TEXT_NEXT_LINE);
    ska_buffer_text(text, "\n");
}

static const char *const who_may[] = {[SKA_RULE_USE] = "who may use",
                                      [SKA_RULE_BLOCK] = "who may block",
                                      [SKA_RULE_UNBLOCK] = "who may unblock",
                                      [SKA_RULE_MODIFY] = "who may modify"};

static void add_new_rule(struct ska_span encoded, struct ska_buffer *text)
{
    if (encoded.data == NULL) {
        ska_buffer_text(text, "unchanged\n");
        return;
    }
    ska_buffer_text(text, "from now on:");
    ska_buffer_text(text, TEXT_NEXT_LINE);
    text_encoded_rule(text, encoded);
    ska_buffer_text(text, "\n");
}

/* The new rules, whole, as the HSM will have them; what is not named it leaves alone. */
static void add_new_rules(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                          struct ska_buffer *text)
{
    struct modification modification;

    if (!modification_read(request, &modification, NULL)) {
        text->failed = true;
    } else if (!modification.readable) {
        text_row(text, "new rules", "NOT UNDERSTOOD by this version");
    } else {
        for (int i = 0; i < SKA_RULE_COUNT; i++) {
            text_name(text, who_may[i]);
            add_new_rule(modification.named.rules[i], text);
        }
        text_name(text, "these are");
        approvers_text(libctx, modification.known, text);
        ska_buffer_text(text, "\n");
    }
    modification_clear(&modification);
}

static void add_payload_rows(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                             struct ska_buffer *text)
{
    switch (request->operation) {
    case SKA_OPERATION_SIGN:
        if (request->mechanism.form == SKA_PAYLOAD_MESSAGE)
            add_message_payload(libctx, request, text);
        else
            add_digest_payload(request, text);
        break;
    case SKA_OPERATION_MODIFY:
        add_new_rules(libctx, request, text);
        break;
    case SKA_OPERATION_BLOCK:
    case SKA_OPERATION_UNBLOCK:
        if (request->payload.length > 0)
            ska_buffer_format(text, "    payload         %zu bytes, without a meaning here\n",
                              request->payload.length);
        break;
    }
}

static void add_time_row(const struct ska_timestamp *timestamp, struct ska_buffer *text)
{
    char shown[SKA_TIME_SHOWN_SIZE] = "";

    text_name(text, "HSM time");
    ska_buffer_format(text, "%s (%" PRIu64 "), signed by ",
                      ska_time_shown(timestamp->seconds, shown), timestamp->seconds);
    text_quoted(text, timestamp->key_name);
    ska_buffer_text(text, "\n");
}

void request_text_protected(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                            struct ska_buffer *text)
{
    static const char *const meanings[] = {
        [SKA_OPERATION_SIGN] = "sign",
        [SKA_OPERATION_BLOCK] = "block: stop this key from signing until it is unblocked",
        [SKA_OPERATION_UNBLOCK] = "unblock: let this key sign again, with approvals as its use "
                                  "rule says",
        [SKA_OPERATION_MODIFY] = "modify: give this key other rules"};
    struct ska_approval_token token;

    memset(&token, 0, sizeof(token));
    if (!ska_approval_token_decode(ska_span_of(&request->approval_token), &token, NULL))
        return;
    text_row(text, "operation", meanings[token.operation]);
    text_name(text, "key name");
    if (token.key_name.length == 0)
        ska_buffer_text(text, "(none: the approval holds for ANY key whose rule lists you)");
    else
        text_quoted(text, token.key_name);
    ska_buffer_text(text, "\n");
    add_payload_rows(libctx, request, text);
    if (token.has_timestamp)
        add_time_row(&token.timestamp, text);
    else
        text_row(text, "HSM time", "none: an approval does not expire");
}

static void add_pss(const struct ska_mechanism *mechanism, struct ska_buffer *text)
{
    const char *mgf1 =
        mechanism->mgf1_digest == SKA_DIGEST_NONE ? "?" : ska_digest_name(mechanism->mgf1_digest);

    text_name(text, "PSS");
    if (mechanism->any_salt)
        ska_buffer_format(text, "salt of any length, MGF1 with %s\n", mgf1);
    else
        ska_buffer_format(text, "salt of %zu bytes, MGF1 with %s\n", mechanism->salt_length, mgf1);
}

static void add_algorithm(const struct ska_request *request, struct ska_buffer *text)
{
    const struct ska_mechanism *mechanism = &request->mechanism;

    text_row(text, "algorithm", ska_algorithm_name(mechanism));
    if (mechanism->scheme == SKA_SCHEME_PSS)
        add_pss(mechanism, text);
    text_row(text, "payload form", mechanism->form == SKA_PAYLOAD_DIGEST ? "digest" : "message");
    if (request->digest != SKA_DIGEST_NONE) {
        text_name(text, "digest");
        ska_buffer_format(text, "%s ", ska_digest_name(request->digest));
        text_digits(text, ska_span_of(&request->digest_value), TEXT_NEXT_LINE);
        ska_buffer_text(text, "\n");
    }
}

static void add_content(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                        struct ska_buffer *text)
{
    static const char *const why[] = {
        [SKA_NO_CONTENT_UNSAID] = NULL,
        [SKA_NO_CONTENT_NO_STRUCTURE] = "not here: it is a document, or data of unknown form",
        [SKA_NO_CONTENT_TOO_LONG] = "not here: more than 64 KiB were hashed",
        [SKA_NO_CONTENT_DIGEST_GIVEN] = "not here: the application has hashed it by itself"};

    if (request->signed_content.length == 0) {
        text_row(text, "signed content", why[request->no_content]);
        return;
    }
    text_name(text, "signed content");
    content_text(libctx, ska_span_of(&request->signed_content), text);
    ska_buffer_text(text, "\n");
}

static void add_requester_row(const struct ska_request *request, struct ska_buffer *text)
{
    if (!request->has_requester)
        return;
    text_name(text, "requester");
    ska_buffer_format(text, "user id %" PRIu64, request->requester_uid);
    if (request->requester_host != NULL) {
        ska_buffer_text(text, " on host ");
        text_quoted(text, ska_span_text(request->requester_host));
    }
    if (request->requester_program != NULL) {
        ska_buffer_text(text, ", program ");
        text_quoted(text, ska_span_text(request->requester_program));
    }
    ska_buffer_text(text, "\n");
}

static void add_importer_row(const struct ska_request *request, struct ska_buffer *text)
{
    if (!request->is_imported)
        return;
    text_name(text, "imported");
    ska_buffer_format(text, "from a file, by user id %" PRIu64 "\n", request->importer_uid);
}

static void add_rule_rows(const struct ska_request *request, struct ska_buffer *text)
{
    bool any = false;

    for (int i = 0; i < SKA_RULE_COUNT; i++) {
        if (!request->has_rule[i])
            continue;
        any = true;
        text_name(text, who_may[i]);
        text_rule(text, &request->rules[i]);
        ska_buffer_text(text, "\n");
    }
    if (!any)
        text_row(text, "who may approve", "not said");
}

/* When, by the rule as the requester says it; the HSM's time itself is protected. */
static void add_usable(const struct ska_request *request, struct ska_buffer *text)
{
    const struct ska_rule *rule = request_stated_rule(request);
    struct ska_approval_token token;

    memset(&token, 0, sizeof(token));
    if (rule == NULL || !ska_rule_has_time_limit(rule) ||
        !ska_approval_token_decode(ska_span_of(&request->approval_token), &token, NULL))
        return;
    text_name(text, "usable");
    for (size_t i = 0; i < rule->alternative_count; i++) {
        const struct ska_alternative *alternative = &rule->alternatives[i];

        if (i > 0)
            ska_buffer_text(text, TEXT_NEXT_LINE);
        if (alternative->name.length > 0) {
            text_quoted(text, ska_span_of(&alternative->name));
            ska_buffer_text(text, ": ");
        } else if (rule->alternative_count > 1) {
            ska_buffer_format(text, "alternative %zu: ", i + 1);
        }
        ska_alternative_window_text(alternative,
                                    token.has_timestamp ? &token.timestamp.seconds : NULL, text);
    }
    ska_buffer_text(text, "\n");
}

static void add_difference(OSSL_LIB_CTX *libctx, const struct ska_rule *before,
                           const struct ska_rule *after, struct ska_buffer *text)
{
    struct rule_changes changes;

    if (!rule_compare(libctx, before, after, &changes)) {
        text->failed = true;
        return;
    }
    if (changes.count == 0)
        ska_buffer_text(text, "named, but the same as before");
    for (size_t i = 0; i < changes.count; i++) {
        ska_buffer_text(text, i > 0 ? TEXT_NEXT_LINE : "");
        ska_buffer_add(text, changes.list[i].line.data, changes.list[i].line.length);
    }
    rule_changes_clear(&changes);
}

static void add_rule_change(OSSL_LIB_CTX *libctx, const struct ska_rule *before,
                            const struct modification *modification, int kind,
                            struct ska_buffer *text)
{
    text_name(text, ska_rule_names[kind]);
    if (modification->named.rules[kind].data == NULL)
        ska_buffer_text(text, "unchanged");
    else if (before == NULL)
        ska_buffer_text(text, "new; what it was before is not said");
    else if (modification->known[kind] == NULL)
        ska_buffer_text(text, "new; it is not understood by this version");
    else
        add_difference(libctx, before, modification->known[kind], text);
    ska_buffer_text(text, "\n");
}

/* By whoever else was asked. A broker's word is as good as the requester's. */
static void add_told_changes(OSSL_LIB_CTX *libctx, const struct key_rules *rules,
                             const struct modification *modification, struct ska_buffer *text)
{
    const char *teller = backend_word_text(rules->word);

    if (!rules->told) {
        ska_buffer_text(text, "\nThe present rules, according to the HSM: it could not be asked\n");
        text_row(text, "because",
                 rules->why_not != NULL ? rules->why_not
                                        : "the configuration has no pkcs11-module with pin-source");
        return;
    }
    ska_buffer_format(text, "\nThe present rules, according to %s, which was asked%s:\n", teller,
                      key_rules_are_certain(rules) ? "" : "; nothing confirms it");
    for (int i = 0; i < SKA_RULE_COUNT; i++) {
        text_name(text, who_may[i]);
        if (rules->known[i] != NULL)
            text_rule(text, rules->known[i]);
        else
            ska_buffer_text(text, "(not known, or not understood by this version)");
        ska_buffer_text(text, "\n");
    }
    if (rules->other_key) {
        text_name(text, "caution");
        ska_buffer_format(text, "%s's key of this name is NOT the public key given here\n", teller);
    }
    ska_buffer_format(text, "\nWhat changes, compared with what %s says:\n", teller);
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        add_rule_change(libctx, rules->known[i], modification, i, text);
}

/* The old rules are the requester's word: somebody may want to hide what changes. */
static void add_changes(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                        const struct key_rules *rules, struct ska_buffer *text)
{
    struct modification modification;

    if (!modification_read(request, &modification, NULL)) {
        text->failed = true;
    } else if (modification.readable) {
        ska_buffer_text(text,
                        "\nThe rules before, as the requester says; nothing protects them:\n");
        add_rule_rows(request, text);
        ska_buffer_text(text, "\nWhat changes, if that is so:\n");
        for (int i = 0; i < SKA_RULE_COUNT; i++)
            add_rule_change(libctx, request->has_rule[i] ? &request->rules[i] : NULL, &modification,
                            i, text);
        add_told_changes(libctx, rules, &modification, text);
    }
    modification_clear(&modification);
}

static void add_public_key_row(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                               struct ska_buffer *text)
{
    EVP_PKEY *key = ska_evp_decode(libctx, ska_span_of(&request->public_key));
    enum ska_key_type type = SKA_KEY_RSA;
    char algorithm[TEXT_ALGORITHM_SIZE] = "unknown";

    if (key != NULL && ska_evp_type(key, &type))
        text_key_algorithm(type, key, algorithm);
    EVP_PKEY_free(key);
    text_name(text, "public key");
    ska_buffer_format(text, "%s, SHA-256 ", algorithm);
    text_fingerprint(libctx, ska_span_of(&request->public_key), text);
    ska_buffer_text(text, "\n");
}

/* The rest of the key; its label and its rule say what people know it by. */
static void add_key_rows(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                         struct ska_buffer *text)
{
    char *id = NULL;

    text_row(text, "key label", request->key_label);
    if (request->key_id.length > 0 && !ska_hex_encode(ska_span_of(&request->key_id), &id, NULL))
        text->failed = true;
    text_row(text, "key id", id);
    free(id);
    add_public_key_row(libctx, request, text);
}

void request_text_unprotected(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                              const struct key_rules *rules, struct ska_buffer *text)
{
    char attempt[24] = "";

    if (request->attempt > 0) {
        snprintf(attempt, sizeof(attempt), "%" PRIu64, request->attempt);
        text_row(text, "attempt", attempt);
    }
    text_row(text, "description", request->description);
    add_requester_row(request, text);
    add_importer_row(request, text);
    text_stated_time_row(text, "created", request->created);
    text_stated_time_row(text, "not before", request->not_before);
    text_stated_time_row(text, "not after", request->not_after);
    text_row(text, "token", request->token_label);
    add_key_rows(libctx, request, text);
    if (request->operation == SKA_OPERATION_SIGN)
        add_algorithm(request, text);
    add_content(libctx, request, text);
    add_usable(request, text);
    if (request->operation == SKA_OPERATION_MODIFY)
        add_changes(libctx, request, rules, text);
    else
        add_rule_rows(request, text);
}

const char *request_shown_id(const struct ska_request *request)
{
    return request->stated_id[0] != 0 ? request->stated_id : request->id;
}

bool request_is_called(const struct ska_request *request, const char *begin)
{
    size_t length = strlen(begin);

    return strncasecmp(request->id, begin, length) == 0 ||
           strncasecmp(request->stated_id, begin, length) == 0;
}

const char *request_what(const struct ska_request *request)
{
    if (request->unshown_kind != NULL)
        return strchr(request->unshown_kind, ' ') + 1;
    return request->unshown != NULL && request->key_label == NULL
               ? "?"
               : text_operation(request->operation);
}

static void add_unshown_name(const struct ska_request *request, struct ska_buffer *text)
{
    ska_buffer_format(text, "request %.16s, ", request_shown_id(request));
    if (request->unshown_kind != NULL)
        ska_buffer_format(text, "which is %s, according to the broker", request->unshown_kind);
    else
        ska_buffer_format(text, "to %s",
                          request->key_label == NULL ? "do something that it does not say"
                                                     : text_operation(request->operation));
    if (request->key_label != NULL) {
        ska_buffer_text(text, ", with key ");
        text_quoted(text, ska_span_text(request->key_label));
    }
}

void request_text_name(const struct ska_request *request, struct ska_buffer *text)
{
    if (request->unshown != NULL) {
        add_unshown_name(request, text);
        return;
    }
    ska_buffer_format(text, "request %.16s to %s%s key ", request_shown_id(request),
                      text_operation(request->operation),
                      request->operation == SKA_OPERATION_SIGN ? " with" : "");
    text_quoted(text, ska_span_text(request->key_label));
}
