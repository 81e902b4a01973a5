/* SPDX-License-Identifier: Apache-2.0 */
/* What is done at once: with ordinary keys, rules that need nobody, and approvals that are there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "provider/base/wire.h"
#include "provider/request/approval_token.h"
#include "provider/tsb/broker_call.h"
#include "provider/tsb/broker_key.h"
#include "provider/tsb/operation_call.h"
#include "provider/tsb/sign_body.h"
#include "provider/tsb/state_check.h"

/* ---- Approvals ------------------------------------------------------------------------------- */

/*
 * One approval as the broker takes it: the token, the signature with its algorithm, and who has
 * signed. How a certificate stands there the vendor does not say; the broker's simulator and ours
 * agree on the number that it has elsewhere.
 */
static bool serialize_approval(struct ska_span token, const struct backend_approval *approval,
                               struct ska_bytes *serialized, const struct ska_errors *errors)
{
    struct ska_buffer buffer = {0};
    size_t begin = ska_wire_begin(&buffer);

    ska_wire_add(&buffer, SKA_WIRE_APPROVAL_TOKEN, token);
    ska_wire_add(&buffer, SKA_WIRE_SIGNATURE, ska_span_of(&approval->signature));
    ska_wire_add(&buffer, approval->certificate ? SKA_WIRE_CERTIFICATE : SKA_WIRE_PUBLIC_KEY,
                 approval->signer);
    ska_wire_end(&buffer, begin);
    return ska_buffer_finish(&buffer, serialized, errors);
}

static bool add_approval(cJSON *array, struct ska_span token,
                         const struct backend_approval *approval, const struct ska_errors *errors)
{
    struct ska_bytes serialized = {NULL, 0};
    char *text = NULL;
    bool done = serialize_approval(token, approval, &serialized, errors) &&
                ska_base64_encode(ska_span_of(&serialized), &text, errors);

    if (done && !ska_json_add_item(array, NULL, cJSON_CreateString(text)))
        done = ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for approvals");
    free(text);
    ska_bytes_free(&serialized);
    return done;
}

static bool add_approvals(cJSON *members, struct ska_span token,
                          const struct backend_approval *approvals, size_t count,
                          const struct ska_errors *errors)
{
    cJSON *array = NULL;
    bool done = true;

    /* An element of the vendor's form has 16 bits of length. */
    if (count > 0 && token.length > UINT16_MAX)
        return ska_fail(errors, SKA_R_UNSUPPORTED,
                        "an approval token of %zu bytes: a broker accepts at most 65535",
                        token.length);
    if (count == 0)
        return true;
    array = cJSON_AddArrayToObject(members, "signedApprovals");
    if (array == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for approvals");
    for (size_t i = 0; done && i < count; i++)
        done = add_approval(array, token, &approvals[i], errors);
    return done;
}

/* ---- The call -------------------------------------------------------------------------------- */

#define UNCLEAR                                                                                    \
    "; whether the HSM has signed is not known: if it has, that signature is lost, and the same "  \
    "command makes another"

/* {"signature": text}; some brokers have another object around it. */
static bool read_signature(const struct tsb_key *key, const cJSON *json, const char **text,
                           const struct ska_errors *errors)
{
    struct ska_json_place top;
    struct ska_json_place inside;

    tsb_answer_top(&top, key->connection, json, errors);
    if (!cJSON_IsObject(json))
        return ska_fail(&top.at.errors, SKA_R_SERVER_FAILURE, "no signature in the answer");
    return ska_json_object(&top, "signResponse", SKA_JSON_OPTIONAL, &inside) &&
           ska_json_text(inside.value == NULL ? &top : &inside, "signature", SKA_JSON_REQUIRED,
                         text);
}

/* Takes over the members. */
static enum tsb_outcome get_signature(struct tsb_key *key, const struct ska_mechanism *mechanism,
                                      struct ska_span payload, cJSON *members, uint8_t *signature,
                                      size_t *signature_length, struct tsb_refusal *refusal,
                                      const struct ska_errors *errors)
{
    const char *text = NULL;
    cJSON *json = NULL;
    enum tsb_outcome outcome = tsb_operation_call(key, SKA_OPERATION_SIGN, TSB_AT_ONCE, members,
                                                  UNCLEAR, &json, refusal, errors);

    if (outcome == TSB_DONE &&
        (!read_signature(key, json, &text, errors) ||
         !tsb_signature_take(key, mechanism, payload, text, signature, signature_length, errors)))
        outcome = TSB_FAILED;
    cJSON_Delete(json);
    return outcome;
}

/* ---- Ordinary keys --------------------------------------------------------------------------- */

bool tsb_key_sign(struct backend_key *base, const struct ska_mechanism *mechanism,
                  struct ska_span input, struct ska_span message, uint8_t *signature,
                  size_t *signature_length, const struct ska_errors *errors)
{
    struct tsb_key *key = tsb_key_of(base);
    cJSON *members = tsb_sign_members(key, mechanism, input, errors);
    struct tsb_refusal refusal;
    enum tsb_outcome outcome = TSB_FAILED;

    (void)message; /* a broker that takes no digest says so */
    if (members == NULL)
        return false;
    outcome = get_signature(key, mechanism, input, members, signature, signature_length, &refusal,
                            errors);
    if (outcome == TSB_REFUSED)
        tsb_fail_refused_key(key->connection, backend_key_label(base), &refusal, errors);
    return outcome == TSB_DONE;
}

/* ---- Keys with rules ------------------------------------------------------------------------- */

/* The words of a refusal vary with the broker's version. */
static void judge_refusal(const struct tsb_refusal *refused, struct backend_refusal *refusal)
{
    refusal->blocked = strcasestr(refused->text, "blocked") != NULL;
    refusal->unsatisfied = !refusal->blocked && strcasestr(refused->text, "insufficient") != NULL;
    snprintf(refusal->code, sizeof(refusal->code), "%u: %.50s", refused->code, refused->text);
}

/* What the HSM has said no to its caller explains; what the broker has refused itself is told. */
static enum backend_answer conclude(const struct tsb_key *key, enum tsb_outcome outcome,
                                    const struct tsb_refusal *refused,
                                    struct backend_refusal *refusal,
                                    const struct ska_errors *errors)
{
    if (outcome == TSB_DONE)
        return BACKEND_DONE;
    if (outcome == TSB_REFUSED && refused->code == TSB_CODE_IN_HSM) {
        judge_refusal(refused, refusal);
        return BACKEND_REFUSED;
    }
    if (outcome == TSB_REFUSED)
        tsb_fail_refused_key(key->connection, backend_key_label(&key->base), refused, errors);
    return BACKEND_FAILED;
}

static bool open_token(struct ska_span encoded, struct ska_approval_token *token,
                       const struct ska_errors *errors)
{
    if (!ska_approval_token_decode(encoded, token, errors))
        return false;
    return !token->has_timestamp ||
           ska_fail(errors, SKA_R_UNSUPPORTED,
                    "the approvals are for a rule with time limits: a broker accepts those only if "
                    "it has gathered them itself; submit the request there instead (sign without "
                    "ska-approvals)");
}

/* What is asked for, with approvals; *payload is in the token. NULL: raised. */
static cJSON *approved_members(const struct tsb_key *key, enum ska_operation operation,
                               const struct ska_mechanism *mechanism, struct ska_span encoded,
                               const struct backend_approval *approvals, size_t approval_count,
                               struct ska_span *payload, const struct ska_errors *errors)
{
    struct ska_approval_token token;
    cJSON *members = NULL;

    if (!open_token(encoded, &token, errors))
        return NULL;
    *payload = token.payload;
    members = tsb_operation_members(key, operation, mechanism, token.payload, errors);
    if (members != NULL && add_approvals(members, encoded, approvals, approval_count, errors))
        return members;
    cJSON_Delete(members);
    return NULL;
}

enum backend_answer tsb_ska_sign(struct backend_key *base, const struct ska_mechanism *mechanism,
                                 struct ska_span encoded, const struct backend_approval *approvals,
                                 size_t approval_count, uint8_t *signature,
                                 size_t *signature_length, struct backend_refusal *refusal,
                                 const struct ska_errors *errors)
{
    struct tsb_key *key = tsb_key_of(base);
    struct ska_span payload;
    struct tsb_refusal refused;
    cJSON *members = approved_members(key, SKA_OPERATION_SIGN, mechanism, encoded, approvals,
                                      approval_count, &payload, errors);

    if (members == NULL)
        return BACKEND_FAILED;
    return conclude(key,
                    get_signature(key, mechanism, payload, members, signature, signature_length,
                                  &refused, errors),
                    &refused, refusal, errors);
}

/* ---- Changes of a key ------------------------------------------------------------------------ */

#define UNCLEAR_CHANGE "; whether it was done is not known: skatool show says"

enum backend_answer tsb_ska_change(struct backend_key *base, enum ska_operation operation,
                                   struct ska_span encoded,
                                   const struct backend_approval *approvals, size_t approval_count,
                                   struct backend_refusal *refusal, const struct ska_errors *errors)
{
    struct tsb_key *key = tsb_key_of(base);
    struct ska_span payload;
    struct tsb_refusal refused;
    cJSON *json = NULL;
    enum tsb_outcome outcome = TSB_FAILED;
    cJSON *members = approved_members(key, operation, NULL, encoded, approvals, approval_count,
                                      &payload, errors);

    if (members == NULL)
        return BACKEND_FAILED;
    outcome = tsb_operation_call(key, operation, TSB_AT_ONCE, members, UNCLEAR_CHANGE, &json,
                                 &refused, errors);
    cJSON_Delete(json);
    if (outcome == TSB_DONE && tsb_check_changed(key, operation, payload, errors) != BROKER_TOLD)
        outcome = TSB_FAILED;
    return conclude(key, outcome, &refused, refusal, errors);
}
