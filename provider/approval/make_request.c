/* SPDX-License-Identifier: Apache-2.0 */
/* New requests: who asks, for what, with which key; the token comes from the HSM. */
#include "signing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/x509.h>

#include "algorithm.h"
#include "draft.h"
#include "explain.h"

static bool copy_text(char **to, const char *from, const struct ska_errors *errors)
{
    *to = strdup(from);
    return *to != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a request");
}

static bool describe_key(struct ska_request *request, struct hsm_key *key,
                         const struct ska_errors *errors)
{
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(hsm_key_public(key), &der);
    bool done = false;

    if (length <= 0)
        return ska_fail(errors, SKA_R_INTERNAL, "public key of '%s'", hsm_key_label(key));
    done = ska_bytes_copy(&request->public_key, ska_span(der, (size_t)length), errors) &&
           ska_bytes_copy(&request->key_id, hsm_key_id(key), errors) &&
           copy_text(&request->token_label, hsm_token_label(hsm_key_token(key)), errors) &&
           copy_text(&request->key_label, hsm_key_label(key), errors);
    OPENSSL_free(der);
    return done;
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
    return copy_text(&request->requester_host, host, errors) &&
           copy_text(&request->requester_program, program_invocation_short_name, errors) &&
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

static bool add_use_rule(struct ska_request *request, struct hsm_key *key,
                         const struct ska_errors *errors)
{
    struct ska_rule rule = {0};
    bool known = false;

    if (!ska_use_rule_read(key, &rule, &known, errors))
        return false;
    if (known && ska_rule_has_time_limit(&rule)) {
        ska_rule_clear(&rule);
        return ska_fail(errors, SKA_R_UNSUPPORTED,
                        "key '%s' has a rule with time limits, which this version cannot ask for",
                        hsm_key_label(key));
    }
    request->has_rule[SKA_RULE_USE] = known;
    request->rules[SKA_RULE_USE] = rule;
    return true;
}

bool ska_token_check(struct ska_span encoded, struct hsm_key *key, enum ska_operation operation,
                     struct ska_span payload, const struct ska_errors *errors)
{
    struct ska_token token;
    char *name = NULL;

    if (!ska_token_decode(encoded, &token, errors))
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
    if (!token.has_payload || !ska_span_equal(token.payload, payload))
        return ska_fail(errors, SKA_R_PAYLOAD_MISMATCH,
                        "the approval token is for other data than what key '%s' is to sign now: "
                        "make a new request for these data",
                        hsm_key_label(key));
    return true;
}

bool ska_draft_complete(struct ska_request *draft, struct hsm_key *key,
                        const struct ska_errors *errors)
{
    const struct hsm_timestamp none = {0};

    ska_bytes_free(&draft->token);
    return (draft->operation != SKA_OPERATION_SIGN || add_use_rule(draft, key, errors)) &&
           hsm_ska_create_token(key, draft->operation, ska_span_of(&draft->payload), &none,
                                &draft->token, errors) &&
           ska_token_check(ska_span_of(&draft->token), key, draft->operation,
                           ska_span_of(&draft->payload), errors);
}

bool ska_request_make(struct hsm_key *key, const struct ska_request_options *options,
                      struct ska_request **request, const struct ska_errors *errors)
{
    struct ska_request *draft = NULL;

    if (!ska_draft_make(key, options, &draft, errors))
        return false;
    if (!ska_draft_complete(draft, key, errors)) {
        ska_request_free(draft);
        return false;
    }
    *request = draft;
    return true;
}

bool ska_request_check_key(const struct ska_request *request, struct hsm_key *key,
                           const struct ska_errors *errors)
{
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(hsm_key_public(key), &der);
    bool same = length > 0 &&
                ska_span_equal(ska_span(der, (size_t)length), ska_span_of(&request->public_key));
    char *name = NULL;

    OPENSSL_free(der);
    if (same && strcmp(request->key_label, hsm_key_label(key)) == 0)
        return ska_token_check(ska_span_of(&request->token), key, request->operation,
                               ska_span_of(&request->payload), errors);
    name = ska_printable(ska_span_text(request->key_label), 80);
    ska_fail(errors, SKA_R_KEY_MISMATCH, "request %.16s is for key '%s'%s, not for '%s'",
             request->id, name == NULL ? "?" : name,
             strcmp(request->key_label, hsm_key_label(key)) == 0 ? " with another public key" : "",
             hsm_key_label(key));
    free(name);
    return false;
}
