/* SPDX-License-Identifier: Apache-2.0 */
/* New requests: who asks, for what, with which key; the token comes from the HSM. */
#include "provider/sign/sign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "provider/request/algorithm.h"
#include "provider/sign/draft.h"
#include "provider/sign/explain.h"
#include "provider/sign/hsm_time.h"
#include "provider/rule/rule_codec.h"

static bool copy_text(char **to, const char *from, const struct ska_errors *errors)
{
    *to = strdup(from);
    return *to != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a request");
}

/* Names that anybody may have chosen; JSON takes UTF-8 only. */
static bool copy_printable(char **to, const char *from, const struct ska_errors *errors)
{
    *to = ska_printable(ska_span_text(from), 200);
    return *to != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a request");
}

static bool describe_key(struct ska_request *request, struct hsm_key *key,
                         const struct ska_errors *errors)
{
    struct ska_span spki = {NULL, 0};

    return hsm_key_spki(key, &spki, errors) && ska_bytes_copy(&request->public_key, spki, errors) &&
           ska_bytes_copy(&request->key_id, hsm_key_id(key), errors) &&
           copy_text(&request->token_label, hsm_token_label(hsm_key_token(key)), errors) &&
           copy_text(&request->key_label, hsm_key_label(key), errors);
}

static bool describe_requester(struct ska_request *request, const struct ska_errors *errors)
{
    char host[256] = "";
    char utc[32] = "";
    time_t now = time(NULL);
    struct tm parts;

    if (gethostname(host, sizeof(host) - 1) != 0)
        host[0] = 0;
    if (gmtime_r(&now, &parts) != NULL)
        strftime(utc, sizeof(utc), "%Y-%m-%dT%H:%M:%SZ", &parts);
    request->has_requester = true;
    request->requester_uid = geteuid();
    return copy_printable(&request->requester_host, host, errors) &&
           copy_printable(&request->requester_program, program_invocation_short_name, errors) &&
           copy_text(&request->created, utc, errors);
}

static bool describe_payload(struct ska_request *request, const struct ska_request_options *options,
                             const struct ska_errors *errors)
{
    struct ska_span digest = {NULL, 0};
    enum ska_digest inside = SKA_DIGEST_NONE;

    if (options->operation != SKA_OPERATION_SIGN)
        return ska_bytes_copy(&request->payload, options->payload, errors);
    request->mechanism = *options->mechanism;
    if (!ska_bytes_copy(&request->payload, options->payload, errors))
        return false;
    if (request->mechanism.form != SKA_PAYLOAD_DIGEST)
        return true;
    if (!ska_payload_digest(&request->mechanism, ska_span_of(&request->payload), &inside, &digest))
        return ska_fail(errors, SKA_R_INTERNAL, "no digest in a digest payload");
    request->digest = inside != SKA_DIGEST_NONE ? inside : request->mechanism.digest;
    return ska_bytes_copy(&request->digest_value, digest, errors);
}

bool ska_draft_make(struct hsm_key *key, const struct ska_request_options *options,
                    struct ska_request **draft, const struct ska_errors *errors)
{
    struct ska_request *request = calloc(1, sizeof(*request));

    if (request == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a request");
    request->operation = options->operation;
    if (!describe_key(request, key, errors) || !describe_requester(request, errors) ||
        !describe_payload(request, options, errors) ||
        (options->description != NULL &&
         !copy_text(&request->description, options->description, errors)) ||
        !ska_request_identify(request, options->libctx, errors)) {
        ska_request_free(request);
        return false;
    }
    *draft = request;
    return true;
}

/* The rules that the request shows: that of its operation, all four for a modification. */
static bool add_rules(struct ska_request *request, struct hsm_key *key,
                      const struct ska_errors *errors)
{
    enum ska_rule_kind needed = ska_rule_kind_of(request->operation);
    struct hsm_key_state state = {0};

    if (!hsm_key_state(key, &state, errors))
        return false;
    for (size_t i = 0; i < SKA_RULE_COUNT; i++) {
        ska_rule_clear(&request->rules[i]);
        request->has_rule[i] =
            (i == needed || request->operation == SKA_OPERATION_MODIFY) &&
            state.rules[i].data != NULL &&
            ska_rule_decode(ska_span_of(&state.rules[i]), &request->rules[i], NULL);
    }
    hsm_key_state_clear(&state);
    return true;
}

static bool set_time(char **text, uint64_t seconds, const struct ska_errors *errors)
{
    char shown[32];

    free(*text);
    *text = NULL;
    if (seconds == 0 || seconds == UINT64_MAX)
        return true;
    return copy_text(text, ska_time_text(seconds, shown), errors);
}

static bool describe_timestamp(struct ska_request *request, struct ska_made_timestamp *made,
                               const struct ska_errors *errors)
{
    enum ska_rule_kind kind = ska_rule_kind_of(request->operation);
    struct ska_window window = {0, UINT64_MAX};

    ska_bytes_free(&request->timestamp_key);
    request->timestamp_key = made->public_key;
    memset(&made->public_key, 0, sizeof(made->public_key));
    if (request->has_rule[kind])
        window = ska_window_of_rule(&request->rules[kind], made->seconds);
    return set_time(&request->not_before, window.opens, errors) &&
           set_time(&request->not_after, window.closes, errors);
}

/* A rule that cannot be read may have time limits: a timestamp is made whenever that is possible.
 */
static bool needs_timestamp(const struct ska_request *request, const char *timestamp_key)
{
    enum ska_rule_kind kind = ska_rule_kind_of(request->operation);

    return request->has_rule[kind] ? ska_rule_has_time_limit(&request->rules[kind])
                                   : timestamp_key != NULL;
}

bool ska_draft_add_token(struct ska_request *request, struct hsm_key *key,
                         const struct ska_request_options *options, const struct ska_errors *errors)
{
    struct ska_span payload = ska_span_of(&request->payload);
    struct ska_made_timestamp made = {0};
    struct hsm_timestamp timestamp = {0};
    bool done = false;

    if (needs_timestamp(request, options->timestamp_key)) {
        if (!ska_hsm_timestamp(options->libctx, key, options->timestamp_key, request->operation,
                               payload, &made, errors) ||
            !describe_timestamp(request, &made, errors))
            goto out;
        timestamp.block = ska_span_of(&made.block);
        timestamp.signature = ska_span_of(&made.signature);
    }
    ska_bytes_free(&request->approval_token);
    done = hsm_ska_create_token(key, request->operation, payload, &timestamp,
                                &request->approval_token, errors) &&
           ska_approval_token_check(ska_span_of(&request->approval_token), key, request->operation,
                                    payload, errors);
out:
    ska_made_timestamp_clear(&made);
    return done;
}

bool ska_approval_token_check(struct ska_span encoded, struct hsm_key *key,
                              enum ska_operation operation, struct ska_span payload,
                              const struct ska_errors *errors)
{
    struct ska_approval_token token;
    char *name = NULL;

    if (!ska_approval_token_decode(encoded, &token, errors))
        return false;
    if (token.operation != operation)
        return ska_fail(errors, SKA_R_OPERATION_MISMATCH,
                        "the approval token allows another operation with key '%s' than this one",
                        hsm_key_label(key));
    if (!ska_span_equal(token.key_name, ska_span_text(hsm_key_label(key)))) {
        name = ska_printable(token.key_name, 80);
        ska_fail(errors, SKA_R_KEY_MISMATCH, "the approval token is for key '%s', not for '%s'",
                 name == NULL ? "?" : name, hsm_key_label(key));
        free(name);
        return false;
    }
    if (!ska_span_equal(token.payload, payload))
        return ska_fail(errors, SKA_R_PAYLOAD_MISMATCH,
                        "the approval token is for other data than what key '%s' is to sign now: "
                        "make a new request for these data",
                        hsm_key_label(key));
    return true;
}

bool ska_draft_complete(struct ska_request *draft, struct hsm_key *key,
                        const struct ska_request_options *options, const struct ska_errors *errors)
{
    return add_rules(draft, key, errors) && ska_draft_add_token(draft, key, options, errors);
}

bool ska_request_make(struct hsm_key *key, const struct ska_request_options *options,
                      struct ska_request **request, const struct ska_errors *errors)
{
    struct ska_request *draft = NULL;

    if (!ska_draft_make(key, options, &draft, errors))
        return false;
    if (!ska_draft_complete(draft, key, options, errors)) {
        ska_request_free(draft);
        return false;
    }
    *request = draft;
    return true;
}

bool ska_request_check_key(const struct ska_request *request, struct hsm_key *key,
                           const struct ska_errors *errors)
{
    struct ska_span spki = {NULL, 0};
    char *name = NULL;

    if (!hsm_key_spki(key, &spki, errors))
        return false;
    if (ska_span_equal(spki, ska_span_of(&request->public_key)) &&
        strcmp(request->key_label, hsm_key_label(key)) == 0)
        return ska_approval_token_check(ska_span_of(&request->approval_token), key,
                                        request->operation, ska_span_of(&request->payload), errors);
    if (strcmp(request->key_label, hsm_key_label(key)) == 0)
        return ska_fail(errors, SKA_R_KEY_MISMATCH,
                        "request %.16s is for a key '%s' with another public key than the one on "
                        "token '%s': the key was replaced, or it is another token. Make a new "
                        "request for the key that is there now",
                        request->id, hsm_key_label(key), hsm_token_label(hsm_key_token(key)));
    name = ska_printable(ska_span_text(request->key_label), 80);
    ska_fail(errors, SKA_R_KEY_MISMATCH, "request %.16s is for key '%s', not for '%s'", request->id,
             name == NULL ? "?" : name, hsm_key_label(key));
    free(name);
    return false;
}

bool ska_request_settle(struct ska_request *request, struct hsm_key *key, OSSL_LIB_CTX *libctx,
                        const struct ska_errors *errors)
{
    free(request->token_label);
    request->token_label = NULL;
    return copy_text(&request->token_label, hsm_token_label(hsm_key_token(key)), errors) &&
           ska_request_identify(request, libctx, errors);
}
