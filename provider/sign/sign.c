/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/sign.h"

#include "provider/sign/draft.h"
#include "provider/sign/explain.h"
#include "provider/sign/gather.h"
#include "provider/rule/rule_codec.h"

bool ska_sources_any(const struct ska_sources *sources)
{
    return sources->bundle != NULL || sources->bundle_file != NULL || sources->directory != NULL ||
           sources->agent != NULL;
}

struct ska_request_options ska_signing_options(const struct ska_signing *signing)
{
    struct ska_request_options options = {
        .libctx = signing->libctx,
        .operation = SKA_OPERATION_SIGN,
        .mechanism = &signing->mechanism,
        .payload = signing->payload,
        .description = signing->description,
        .timestamp_key = signing->timestamp_key,
    };

    return options;
}

struct ska_sender ska_signing_sender(const struct ska_signing *signing)
{
    struct ska_sender sender = {signing->libctx, signing->approver_keys, signing->key,
                                signing->audit_log};

    return sender;
}

/* Whether the rule, as far as it was read with the key, asks for nobody and at any time. */
static bool needed_nobody(struct hsm_key *key)
{
    struct ska_span encoded = hsm_key_use_rule(key);
    struct ska_rule rule = {0};
    bool empty = encoded.data != NULL && ska_rule_decode(encoded, &rule, NULL) &&
                 ska_rule_is_empty(&rule) && !ska_rule_has_time_limit(&rule);

    ska_rule_clear(&rule);
    return empty;
}

/*
 * An always satisfied rule. What was read with the key spares reading it again for each signature;
 * the HSM decides by what holds now.
 */
static bool sign_freely(const struct ska_signing *signing, const struct ska_output *output,
                        const struct ska_errors *errors)
{
    const struct ska_sender sender = ska_signing_sender(signing);
    const struct hsm_timestamp none = {0};
    struct ska_request request = {0};
    bool done = false;

    request.operation = SKA_OPERATION_SIGN;
    request.mechanism = signing->mechanism;
    done = hsm_ska_create_token(signing->key, SKA_OPERATION_SIGN, signing->payload, &none,
                                &request.approval_token, errors) &&
           ska_approval_token_check(ska_span_of(&request.approval_token), signing->key,
                                    SKA_OPERATION_SIGN, signing->payload, errors) &&
           ska_send(&sender, &request, SKA_REQUEST_MADE, output, errors);
    ska_bytes_free(&request.approval_token);
    return done;
}

bool ska_sign_alone(const struct ska_signing *signing, const struct ska_output *output,
                    const struct ska_errors *errors)
{
    const struct ska_sender sender = ska_signing_sender(signing);
    const struct ska_request_options options = ska_signing_options(signing);
    struct ska_request *request = NULL;
    struct ska_rule rule = {0};
    bool known = false;
    bool done = false;

    /* The audit log wants to know more of a request than its token. */
    if (signing->audit_log == NULL && needed_nobody(signing->key))
        return sign_freely(signing, output, errors);
    if (!ska_current_rule(signing->key, SKA_RULE_USE, &rule, &known, errors))
        return false;
    if (known && !ska_rule_is_empty(&rule))
        ska_explain_no_sources(signing->key, &rule, errors);
    else
        done = ska_request_make(signing->key, &options, &request, errors) &&
               ska_send(&sender, request, SKA_REQUEST_MADE, output, errors);
    ska_request_free(request);
    ska_rule_clear(&rule);
    return done;
}

bool ska_sign(const struct ska_signing *signing, uint8_t *signature, size_t *signature_length,
              const struct ska_errors *errors)
{
    const struct ska_sender sender = ska_signing_sender(signing);
    const struct ska_output output = {signature, signature_length};
    struct ska_request *bundle = NULL;
    bool done = false;

    if (hsm_key_label(signing->key)[0] == 0)
        return ska_fail(errors, SKA_R_KEY_MISMATCH,
                        "the key has no label, and approvals bind to the label");
    if (!ska_sources_any(&signing->sources))
        return ska_sign_alone(signing, &output, errors);
    if (!ska_bundles_read(signing, &bundle, errors)) {
        ska_request_free(bundle);
        return false;
    }
    if (signing->sources.directory != NULL || signing->sources.agent != NULL)
        return ska_sign_gathering(signing, bundle, &output, errors);
    done = ska_send(&sender, bundle, SKA_REQUEST_HANDED_IN, &output, errors);
    ska_request_free(bundle);
    return done;
}
