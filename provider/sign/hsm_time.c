/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/hsm_time.h"

#include <string.h>
#include <time.h>

#include <openssl/x509.h>

#include "provider/backend/backend_key.h"
#include "provider/backend/broker.h"
#include "provider/request/approval_token.h"
#include "provider/request/approver_signature.h"

static bool find_timestamp_key(struct backend_key *key, const char *label,
                               struct backend_key **found, const struct ska_errors *errors)
{
    /* No label would help there, so it says what does. */
    if (label == NULL && !backend_key_has_broker(key))
        return ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                        "the rule of key '%s' has time limits, so a request needs a timestamp of "
                        "the HSM: set timestamp-key in the configuration to the label of a "
                        "timestamp key (skatool keygen --timestamp)",
                        backend_key_label(key));
    if (!backend_timestamp_key(key, label, found, errors))
        return false;
    if (backend_key_is_timestamp(*found))
        return true;
    ska_fail(errors, SKA_R_BAD_CONFIGURATION, "timestamp-key '%s' does not make timestamps",
             backend_key_label(*found));
    backend_key_free(*found);
    *found = NULL;
    return false;
}

static bool timestamp_public_key(struct backend_key *key, struct ska_bytes *public_key,
                                 const struct ska_errors *errors)
{
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(backend_key_public(key), &der);
    bool done =
        length > 0 ? ska_bytes_copy(public_key, ska_span(der, (size_t)length), errors)
                   : ska_fail(errors, SKA_R_INTERNAL, "public key of '%s'", backend_key_label(key));

    OPENSSL_free(der);
    return done;
}

bool ska_hsm_timestamp(struct backend_key *key, const char *label, enum ska_operation operation,
                       struct ska_span payload, struct ska_made_timestamp *made,
                       const struct ska_errors *errors)
{
    struct backend_key *timestamp_key = NULL;
    struct ska_bytes plain = {NULL, 0};
    struct ska_timestamp decoded;
    bool done = false;

    memset(made, 0, sizeof(*made));
    if (label != NULL && !ska_timestamp_fits(payload.length, ska_span_text(label), errors))
        return false;
    if (!find_timestamp_key(key, label, &timestamp_key, errors))
        return false;
    done =
        backend_timestamp_make(timestamp_key, operation, payload, &made->block, &plain, errors) &&
        timestamp_public_key(timestamp_key, &made->public_key, errors) &&
        ska_signature_to_der(ska_span_of(&made->public_key), "SHA-256", ska_span_of(&plain),
                             &made->signature, errors) &&
        ska_timestamp_decode(ska_span_of(&made->block), &decoded, errors);
    if (done && (decoded.modify != (operation == SKA_OPERATION_MODIFY) ||
                 !ska_span_equal(decoded.payload, payload) ||
                 !ska_span_equal(decoded.key_name, ska_span_text(label))))
        done = ska_fail(errors, SKA_R_BAD_TOKEN,
                        "the timestamp that the HSM's library made is not for what was asked of "
                        "key '%s', or not by timestamp key '%s'",
                        backend_key_label(key), label);
    if (done)
        made->seconds = decoded.seconds;
    ska_bytes_free(&plain);
    backend_key_free(timestamp_key);
    return done;
}

bool ska_hsm_timestamp_genuine(OSSL_LIB_CTX *libctx, struct backend_key *key, const char *label,
                               const struct ska_approval_token *token, struct ska_bytes *public_key)
{
    struct backend_key *timestamp_key = NULL;
    struct ska_bytes plain = {NULL, 0};
    const char *digest = NULL;
    bool genuine = false;

    /* Without a label no timestamp is of ours. */
    if (!token->has_timestamp || label == NULL ||
        !ska_span_equal(token->timestamp.key_name, ska_span_text(label)) ||
        !find_timestamp_key(key, label, &timestamp_key, NULL))
        return false;
    genuine = timestamp_public_key(timestamp_key, public_key, NULL) &&
              ska_signature_from_der(token->timestamp_signature, &digest, &plain, NULL) &&
              ska_signature_verify(libctx, ska_span_of(public_key), digest, ska_span_of(&plain),
                                   token->timestamp.block);
    ska_bytes_free(&plain);
    backend_key_free(timestamp_key);
    return genuine;
}

void ska_made_timestamp_clear(struct ska_made_timestamp *made)
{
    ska_bytes_free(&made->block);
    ska_bytes_free(&made->signature);
    ska_bytes_free(&made->public_key);
}

bool ska_hsm_now(struct backend_key *key, const char *label, uint64_t *now,
                 const struct ska_errors *errors)
{
    static const uint8_t nothing[] = "time";
    struct ska_made_timestamp made;
    bool done = ska_hsm_timestamp(key, label, SKA_OPERATION_SIGN,
                                  ska_span(nothing, sizeof(nothing) - 1), &made, errors);

    *now = made.seconds;
    ska_made_timestamp_clear(&made);
    return done;
}

void ska_ballot_ask_time(struct ska_ballot *ballot, struct backend_key *key)
{
    struct ska_bytes label = {NULL, 0};
    uint64_t now = 0;

    if (ballot->rule == NULL || !ballot->token.has_timestamp)
        return;
    /* Without limits only one from the future matters. */
    if (!ska_rule_has_time_limit(ballot->rule) &&
        ballot->token.timestamp.seconds <= ska_ballot_now(ballot))
        return;
    if (ska_bytes_copy(&label, ballot->token.timestamp.key_name, NULL) &&
        ska_hsm_now(key, (const char *)label.data, &now, NULL))
        ska_ballot_set_time(ballot, now, true);
    ska_bytes_free(&label);
}
