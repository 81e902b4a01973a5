/* SPDX-License-Identifier: Apache-2.0 */
/* From a label to a key, and the table of what such a key can be asked to do. */
#include "provider/tsb/broker_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "provider/backend/signature_form.h"
#include "provider/request/approval_token.h"
#include "provider/tsb/broker_call.h"
#include "provider/tsb/key_description.h"

/* ---- Asking the broker ----------------------------------------------------------------------- */

/* Short enough for a message, harmless on a terminal. */
struct shown_label {
    char text[200];
};

static struct shown_label show_label(const char *label)
{
    struct shown_label shown = {""};
    char *text = ska_printable(ska_span_text(label), 80);

    if (text != NULL)
        snprintf(shown.text, sizeof(shown.text), "key '%.190s'", text);
    free(text);
    return shown;
}

static bool make_label_body(struct tsb_connection *connection, const char *label,
                            struct ska_bytes *body, const struct ska_errors *errors)
{
    cJSON *members = cJSON_CreateObject();

    if (members == NULL || !ska_json_add_text(members, "label", label)) {
        cJSON_Delete(members);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a key");
    }
    return tsb_body_make(connection, NULL, members, body, errors);
}

static bool ask_attributes(struct tsb_connection *connection, const char *label, cJSON **json,
                           const struct ska_errors *errors)
{
    struct ska_bytes body = {NULL, 0};
    struct tsb_refusal refusal;
    enum tsb_outcome outcome = TSB_FAILED;

    *json = NULL;
    if (make_label_body(connection, label, &body, errors)) {
        const struct tsb_call call = {.api = TSB_KEY_MANAGEMENT,
                                      .method = SKA_HTTP_POST,
                                      .path = "/v1/key/attributes",
                                      .body = ska_span_of(&body)};

        outcome = tsb_call(connection, &call, json, &refusal, errors);
    }
    ska_bytes_clear_free(&body);
    if (outcome == TSB_REFUSED)
        tsb_fail_refused_key(connection, label, &refusal, errors);
    return outcome == TSB_DONE;
}

/* ---- What the table has ---------------------------------------------------------------------- */

static void key_free(struct backend_key *key)
{
    EVP_PKEY_CTX_free(atomic_load_explicit(&tsb_key_of(key)->verifier, memory_order_acquire));
    backend_key_clear(key);
    free(key);
}

static void *key_connection(struct backend_key *key)
{
    return tsb_key_of(key)->connection;
}

static const char *connection_name(const void *connection)
{
    return tsb_connection_url(connection);
}

/* A broker has no tokens that a URI could name. */
static const char *token_label(const struct backend_key *key)
{
    (void)key;
    return "";
}

bool tsb_state_read(const struct tsb_connection *connection, const char *label, const cJSON *json,
                    struct backend_key_state *state, const struct ska_errors *errors)
{
    struct tsb_description description = {0};
    struct ska_json_place place;
    bool done = false;

    tsb_answer_top(&place, connection, json, errors);
    done = tsb_description_read(&place, label, NULL, &description);
    if (done) {
        state->blocked = description.blocked;
        memcpy(state->rules, description.rules, sizeof(state->rules));
        memset(description.rules, 0, sizeof(description.rules));
    }
    tsb_description_clear(&description);
    return done;
}

static bool key_state(struct backend_key *key, struct backend_key_state *state,
                      const struct ska_errors *errors)
{
    struct tsb_connection *connection = tsb_key_of(key)->connection;
    cJSON *json = NULL;
    bool done = ask_attributes(connection, backend_key_label(key), &json, errors) &&
                tsb_state_read(connection, backend_key_label(key), json, state, errors);

    cJSON_Delete(json);
    return done;
}

/* Documents stay where they are: the broker has names for digests of every kind that it signs. */
static enum backend_input key_input(struct backend_key *key, enum ska_scheme scheme,
                                    enum ska_digest digest)
{
    (void)key;
    (void)scheme;
    (void)digest;
    return BACKEND_INPUT_DIGEST;
}

static bool fail_timestamp(const struct ska_errors *errors)
{
    return ska_fail(errors, SKA_R_UNSUPPORTED,
                    "a rule with time limits needs timestamps, which a broker makes only for "
                    "requests that are submitted to it, so no request can be made here: submit it "
                    "(skatool request without --output; a program that signs does so itself)");
}

static bool timestamp_key(struct backend_key *key, const char *label, struct backend_key **found,
                          const struct ska_errors *errors)
{
    (void)key;
    (void)label;
    *found = NULL;
    return fail_timestamp(errors);
}

static bool timestamp_make(struct backend_key *key, enum ska_operation operation,
                           struct ska_span payload, struct ska_bytes *block,
                           struct ska_bytes *signature, const struct ska_errors *errors)
{
    (void)key;
    (void)operation;
    (void)payload;
    (void)block;
    (void)signature;
    return fail_timestamp(errors);
}

/* The broker makes none for us, and the form is known. */
static bool create_token(struct backend_key *key, enum ska_operation operation,
                         struct ska_span payload, const struct backend_timestamp *timestamp,
                         struct ska_bytes *token, const struct ska_errors *errors)
{
    const struct ska_approval_token made = {.operation = operation,
                                            .key_name = ska_span_of(&key->label),
                                            .has_payload = operation == SKA_OPERATION_SIGN ||
                                                           operation == SKA_OPERATION_MODIFY,
                                            .payload = payload};

    if (timestamp->block.length > 0)
        return fail_timestamp(errors);
    return ska_approval_token_encode(&made, token, errors);
}

static const struct broker tsb_broker = {
    .hand_in = tsb_hand_in,
    .look = tsb_look,
    .connection = key_connection,
    .withdraw = tsb_withdraw,
    .name = connection_name,
};

static const struct backend tsb_backend = {
    .broker = &tsb_broker,
    .word = BACKEND_WORD_OF_BROKER,
    .key_free = key_free,
    .token_label = token_label,
    .key_state = key_state,
    .key_input = key_input,
    .key_sign = tsb_key_sign,
    .timestamp_key = timestamp_key,
    .timestamp_make = timestamp_make,
    .create_token = create_token,
    .modify_payload = tsb_modify_payload,
    .ska_sign = tsb_ska_sign,
    .ska_change = tsb_ska_change,
};

/* ---- Finding --------------------------------------------------------------------------------- */

static bool check_usable(const char *label, const struct tsb_description *description,
                         const struct ska_errors *errors)
{
    unsigned int bits = (unsigned int)EVP_PKEY_get_bits(description->public_key);

    if (!description->signs)
        return ska_fail(errors, SKA_R_WRONG_USE, "%s is not for signing (its attribute sign)",
                        show_label(label).text);
    return backend_raw_length(description->type, bits) <= BACKEND_SIGNATURE_LIMIT ||
           ska_fail(errors, SKA_R_UNSUPPORTED, "%s has %u bits", show_label(label).text, bits);
}

/* Takes over what was read. */
static bool key_new(struct tsb_connection *connection, const char *label, OSSL_LIB_CTX *libctx,
                    struct tsb_description *description, struct backend_key **key,
                    const struct ska_errors *errors)
{
    struct tsb_key *made = calloc(1, sizeof(*made));

    if (made == NULL || !ska_bytes_copy(&made->base.label, ska_span_text(label), NULL)) {
        free(made);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a key");
    }
    made->base.backend = &tsb_backend;
    made->base.libctx = libctx;
    made->base.type = description->type;
    made->base.bits = (unsigned int)EVP_PKEY_get_bits(description->public_key);
    made->base.ska = description->ska;
    made->base.never_signs = !description->signs;
    made->base.public_key = description->public_key;
    made->base.use_rule = description->rules[SKA_RULE_USE];
    made->base.was_blocked = description->blocked == BACKEND_YES;
    made->connection = connection;
    description->public_key = NULL;
    memset(&description->rules[SKA_RULE_USE], 0, sizeof(description->rules[SKA_RULE_USE]));
    *key = &made->base;
    return true;
}

static bool read_key(struct tsb_connection *connection, const char *label, const cJSON *json,
                     bool any_use, OSSL_LIB_CTX *libctx, struct backend_key **key,
                     const struct ska_errors *errors)
{
    struct tsb_description description = {0};
    struct ska_json_place place;
    bool done = false;

    tsb_answer_top(&place, connection, json, errors);
    done = tsb_description_read(&place, label, libctx, &description) &&
           (any_use || check_usable(label, &description, errors)) &&
           key_new(connection, label, libctx, &description, key, errors);
    tsb_description_clear(&description);
    return done;
}

bool tsb_key_read(struct tsb_connection *connection, const char *label, const cJSON *json,
                  OSSL_LIB_CTX *libctx, struct backend_key **key, const struct ska_errors *errors)
{
    return read_key(connection, label, json, false, libctx, key, errors);
}

bool tsb_key_find(struct tsb_connection *connection, struct ska_span label, bool any_use,
                  OSSL_LIB_CTX *libctx, struct backend_key **key, const struct ska_errors *errors)
{
    struct ska_bytes text = {NULL, 0};
    cJSON *json = NULL;
    bool done = false;

    if (!ska_utf8_valid(label) || memchr(label.data, 0, label.length) != NULL)
        return ska_fail(errors, SKA_R_BAD_URI,
                        "object: the label of a key behind a broker is UTF-8");
    done = ska_bytes_copy(&text, label, errors) &&
           ask_attributes(connection, (const char *)text.data, &json, errors) &&
           read_key(connection, (const char *)text.data, json, any_use, libctx, key, errors);
    cJSON_Delete(json);
    ska_bytes_free(&text);
    return done;
}

/* ---- Listing --------------------------------------------------------------------------------- */

static bool visit_labels(struct tsb_connection *connection, const cJSON *json,
                         tsb_label_visit *visit, void *arg, const struct ska_errors *errors)
{
    const cJSON *item = NULL;

    if (!cJSON_IsArray(json))
        return ska_fail(errors, SKA_R_SERVER_FAILURE, "%s: a list of labels expected",
                        tsb_connection_url(connection));
    cJSON_ArrayForEach(item, json)
    {
        if (!cJSON_IsString(item))
            return ska_fail(errors, SKA_R_SERVER_FAILURE, "%s: a list of labels expected",
                            tsb_connection_url(connection));
        if (!visit(arg, ska_span_text(item->valuestring)))
            break;
    }
    return true;
}

bool tsb_key_list(struct tsb_connection *connection, tsb_label_visit *visit, void *arg,
                  const struct ska_errors *errors)
{
    static const struct tsb_call call = {
        .api = TSB_KEY_MANAGEMENT, .method = SKA_HTTP_GET, .path = "/v1/key"};
    struct tsb_refusal refusal;
    cJSON *json = NULL;
    enum tsb_outcome outcome = tsb_call(connection, &call, &json, &refusal, errors);
    bool done = outcome == TSB_DONE && visit_labels(connection, json, visit, arg, errors);

    if (outcome == TSB_REFUSED)
        tsb_fail_refused(connection, "the list of keys", &refusal, errors);
    cJSON_Delete(json);
    return done;
}
