/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/request/token_check.h"

#include <stdlib.h>
#include <string.h>

bool ska_approval_token_check(struct ska_span encoded, struct backend_key *key,
                              enum ska_operation operation, struct ska_span payload,
                              const struct ska_errors *errors)
{
    struct ska_approval_token token;
    char *name = NULL;

    if (!ska_approval_token_decode(encoded, &token, errors))
        return false;
    if (token.operation != operation)
        return ska_fail(errors, SKA_R_OPERATION_MISMATCH,
                        "the approval token allows a different operation with key '%s'",
                        backend_key_label(key));
    if (!ska_span_equal(token.key_name, ska_span_text(backend_key_label(key)))) {
        name = ska_printable(token.key_name, 80);
        ska_fail(errors, SKA_R_KEY_MISMATCH, "the approval token is for key '%s', not for '%s'",
                 name == NULL ? "?" : name, backend_key_label(key));
        free(name);
        return false;
    }
    if (!ska_span_equal(token.payload, payload))
        return ska_fail(errors, SKA_R_PAYLOAD_MISMATCH,
                        "the approval token is for other data than what key '%s' is to sign now: "
                        "make a new request for these data",
                        backend_key_label(key));
    return true;
}

/* What the token must be. Whether a payload that means nothing is left out is up to the HSM. */
static bool encode_asked_for(const struct ska_approval_token *made, struct backend_key *key,
                             enum ska_operation operation, struct ska_span payload,
                             const struct backend_timestamp *timestamp, struct ska_bytes *encoded,
                             const struct ska_errors *errors)
{
    struct ska_approval_token wanted = {.operation = operation,
                                        .key_name = ska_span_text(backend_key_label(key)),
                                        .has_timestamp = timestamp->block.length > 0,
                                        .timestamp = {.block = timestamp->block},
                                        .timestamp_signature = timestamp->signature,
                                        .has_payload = made->has_payload || payload.length > 0,
                                        .payload = payload};

    return ska_approval_token_encode(&wanted, encoded, errors);
}

bool ska_approval_token_check_made(struct ska_span encoded, struct backend_key *key,
                                   enum ska_operation operation, struct ska_span payload,
                                   const struct backend_timestamp *timestamp,
                                   const struct ska_errors *errors)
{
    struct ska_approval_token made;
    struct ska_bytes wanted = {NULL, 0};
    bool same = false;

    /* What is most likely wrong has a message of its own. */
    if (!ska_approval_token_check(encoded, key, operation, payload, errors) ||
        !ska_approval_token_decode(encoded, &made, errors) ||
        !encode_asked_for(&made, key, operation, payload, timestamp, &wanted, errors))
        return false;
    same = ska_span_equal(encoded, ska_span_of(&wanted));
    ska_bytes_free(&wanted);
    if (same)
        return true;
    if (made.has_timestamp != (timestamp->block.length > 0))
        return ska_fail(errors, SKA_R_BAD_TOKEN,
                        "the approval token that the HSM's library made for key '%s' has %s",
                        backend_key_label(key),
                        made.has_timestamp ? "a timestamp that nobody asked for"
                                           : "no timestamp, but was given one");
    return ska_fail(errors, SKA_R_BAD_TOKEN,
                    "the approval token that the HSM's library made for key '%s' does not have the "
                    "timestamp that it was given",
                    backend_key_label(key));
}

bool ska_request_check_key(const struct ska_request *request, struct backend_key *key,
                           const struct ska_errors *errors)
{
    struct ska_span spki = {NULL, 0};
    char *name = NULL;

    if (!backend_key_spki(key, &spki, errors))
        return false;
    if (ska_span_equal(spki, ska_span_of(&request->public_key)) &&
        strcmp(request->key_label, backend_key_label(key)) == 0)
        return ska_approval_token_check(ska_span_of(&request->approval_token), key,
                                        request->operation, ska_span_of(&request->payload), errors);
    if (strcmp(request->key_label, backend_key_label(key)) == 0)
        return ska_fail(errors, SKA_R_KEY_MISMATCH,
                        "request %.16s is for a key '%s' whose public key differs from the one on "
                        "token '%s': the key was replaced, or it is another token. Make a new "
                        "request for the key that is there now",
                        request->id, backend_key_label(key), backend_key_token_label(key));
    name = ska_printable(ska_span_text(request->key_label), 80);
    ska_fail(errors, SKA_R_KEY_MISMATCH, "request %.16s is for key '%s', not for '%s'", request->id,
             name == NULL ? "?" : name, backend_key_label(key));
    free(name);
    return false;
}
