/* SPDX-License-Identifier: Apache-2.0 */
#include "signing.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/file.h"
#include "algorithm.h"
#include "directory.h"
#include "draft.h"
#include "explain.h"
#include "hsm_time.h"
#include "json.h"
#include "rule.h"
#include "signature.h"
#include "token.h"

bool ska_sources_any(const struct ska_sources *sources)
{
    return sources->bundle != NULL || sources->bundle_file != NULL || sources->directory != NULL ||
           sources->agent != NULL;
}

/* Where a signature goes to; *length is the size of the buffer, then the length of the signature.
 */
struct output {
    uint8_t *signature;
    size_t *length;
};

/* ---- The one call ---------------------------------------------------------------------------- */

static void free_packed(struct ska_bytes *signatures, struct hsm_approval *approvals, size_t count)
{
    for (size_t i = 0; signatures != NULL && i < count; i++)
        ska_bytes_free(&signatures[i]);
    free(signatures);
    free(approvals);
}

/* Approvals in the form that the HSM takes. The signatures are owned by *signatures. */
static bool pack_approvals(const struct ska_request *request, struct ska_bytes **signatures,
                           struct hsm_approval **approvals, const struct ska_errors *errors)
{
    size_t count = request->approval_count;

    *signatures = calloc(count + 1, sizeof(**signatures));
    *approvals = calloc(count + 1, sizeof(**approvals));
    if (*signatures == NULL || *approvals == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for %zu approvals", count);
    for (size_t i = 0; i < count; i++) {
        const struct ska_approval *approval = &request->approvals[i];

        if (!ska_signature_to_der(ska_span_of(&approval->public_key), approval->digest,
                                  ska_span_of(&approval->signature), &(*signatures)[i], errors))
            return false;
        (*approvals)[i].certificate = approval->certificate;
        (*approvals)[i].signer = ska_span_of(&approval->signer);
        (*approvals)[i].signature = ska_span_of(&(*signatures)[i]);
    }
    return true;
}

/* output == NULL: a request to change the key. */
static enum hsm_answer ask_hsm(struct hsm_key *key, const struct ska_request *request,
                               const struct output *output, struct hsm_refusal *refusal,
                               const struct ska_errors *errors)
{
    struct ska_span token = ska_span_of(&request->token);
    struct ska_bytes *signatures = NULL;
    struct hsm_approval *approvals = NULL;
    size_t count = request->approval_count;
    enum hsm_answer answer = HSM_FAILED;

    if (pack_approvals(request, &signatures, &approvals, errors))
        answer = output != NULL ? hsm_ska_sign(key, &request->mechanism, token, approvals, count,
                                               output->signature, output->length, refusal, errors)
                                : hsm_ska_change(key, request->operation, token, approvals, count,
                                                 refusal, errors);
    free_packed(signatures, approvals, count);
    return answer;
}

static bool send_request(OSSL_LIB_CTX *libctx, struct hsm_key *key,
                         const struct ska_request *request, const struct output *output,
                         const struct ska_errors *errors)
{
    struct hsm_refusal refusal = {0};

    switch (ask_hsm(key, request, output, &refusal, errors)) {
    case HSM_DONE:
        return true;
    case HSM_REFUSED:
        return ska_explain_refusal(libctx, key, request, &refusal, errors);
    case HSM_FAILED:
        break;
    }
    return false;
}

bool ska_request_execute(OSSL_LIB_CTX *libctx, struct hsm_key *key,
                         const struct ska_request *request, uint8_t *signature,
                         size_t *signature_length, const struct ska_errors *errors)
{
    const struct output output = {signature, signature_length};

    if (request->operation != SKA_OPERATION_SIGN)
        return ska_fail(errors, SKA_R_OPERATION_MISMATCH, "not a request to sign");
    return ska_request_check_key(request, key, errors) &&
           send_request(libctx, key, request, &output, errors);
}

bool ska_request_change(OSSL_LIB_CTX *libctx, struct hsm_key *key,
                        const struct ska_request *request, const struct ska_errors *errors)
{
    if (request->operation == SKA_OPERATION_SIGN)
        return ska_fail(errors, SKA_R_OPERATION_MISMATCH, "a request to sign changes no key");
    return ska_request_check_key(request, key, errors) &&
           send_request(libctx, key, request, NULL, errors);
}

/* ---- Without sources -------------------------------------------------------------------------
 */

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
static bool sign_freely(const struct ska_signing *signing, const struct output *output,
                        const struct ska_errors *errors)
{
    const struct hsm_timestamp none = {0};
    struct ska_request request = {0};
    bool done = false;

    request.operation = SKA_OPERATION_SIGN;
    request.mechanism = signing->mechanism;
    done = hsm_ska_create_token(signing->key, SKA_OPERATION_SIGN, signing->payload, &none,
                                &request.token, errors) &&
           ska_token_check(ska_span_of(&request.token), signing->key, SKA_OPERATION_SIGN,
                           signing->payload, errors) &&
           send_request(signing->libctx, signing->key, &request, output, errors);
    ska_bytes_free(&request.token);
    return done;
}

static struct ska_request_options options_of(const struct ska_signing *signing)
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

static bool sign_without_sources(const struct ska_signing *signing, const struct output *output,
                                 const struct ska_errors *errors)
{
    const struct ska_request_options options = options_of(signing);
    struct ska_request *request = NULL;
    struct ska_rule rule = {0};
    bool known = false;
    bool done = false;

    if (needed_nobody(signing->key))
        return sign_freely(signing, output, errors);
    if (!ska_current_rule(signing->key, SKA_RULE_USE, &rule, &known, errors))
        return false;
    if (known && !ska_rule_is_empty(&rule))
        ska_explain_no_sources(signing->key, &rule, errors);
    else
        done = ska_request_make(signing->key, &options, &request, errors) &&
               send_request(signing->libctx, signing->key, request, output, errors);
    ska_request_free(request);
    ska_rule_clear(&rule);
    return done;
}

/* ---- Bundles --------------------------------------------------------------------------------- */

/* The token does not carry the mechanism, so it is held to what the approvers were shown. */
static bool check_mechanism(const struct ska_request *request, const struct ska_signing *signing,
                            const struct ska_errors *errors)
{
    const char *approved = ska_algorithm_name(&request->mechanism);
    const char *asked = ska_algorithm_name(&signing->mechanism);

    if (ska_algorithm_same(&request->mechanism, &signing->mechanism))
        return true;
    return ska_fail(errors, SKA_R_PAYLOAD_MISMATCH,
                    "request %.16s is for %s with a salt of %zu bytes, asked for now is %s with a "
                    "salt of %zu bytes",
                    request->id, approved == NULL ? "?" : approved, request->mechanism.salt_length,
                    asked == NULL ? "?" : asked, signing->mechanism.salt_length);
}

/* A bundle for anything else is refused here, before the HSM hears of it. */
static bool parse_bundle(const struct ska_signing *signing, struct ska_span text, const char *shown,
                         struct ska_request **bundle, const struct ska_errors *errors)
{
    struct ska_request *parsed = NULL;

    if (!ska_request_parse(text, shown, &parsed, errors))
        return false;
    if (parsed->operation != SKA_OPERATION_SIGN) {
        ska_fail(errors, SKA_R_OPERATION_MISMATCH, "%s: not a request to sign", shown);
    } else if (!ska_span_equal(ska_span_of(&parsed->payload), signing->payload)) {
        ska_fail(errors, SKA_R_PAYLOAD_MISMATCH,
                 "%s: request %.16s is for other data than these: make a new request for them",
                 shown, parsed->id);
    } else if (ska_request_check_key(parsed, signing->key, errors) &&
               check_mechanism(parsed, signing, errors)) {
        parsed->mechanism = signing->mechanism;
        *bundle = parsed;
        return true;
    }
    ska_request_free(parsed);
    return false;
}

/* The same token twice, with approvals in both: one request. */
static bool merge(struct ska_request *into, struct ska_request *from,
                  const struct ska_errors *errors)
{
    if (!ska_span_equal(ska_span_of(&into->token), ska_span_of(&from->token)))
        return ska_fail(errors, SKA_R_BAD_REQUEST,
                        "ska-approvals and ska-approvals-file hold different requests");
    for (size_t i = 0; i < from->approval_count; i++)
        if (!ska_request_add_approval(into, &from->approvals[i], errors))
            return false;
    return true;
}

static bool read_bundles(const struct ska_signing *signing, struct ska_request **request,
                         const struct ska_errors *errors)
{
    const struct ska_sources *sources = &signing->sources;
    struct ska_request *second = NULL;
    struct ska_bytes text = {NULL, 0};
    bool done = true;

    if (sources->bundle != NULL && !parse_bundle(signing, ska_span_text(sources->bundle),
                                                 SKA_PARAM_APPROVALS, request, errors))
        return false;
    if (sources->bundle_file == NULL)
        return true;
    if (!ska_file_read(sources->bundle_file, SKA_JSON_LIMIT, &text, errors))
        return false;
    done = parse_bundle(signing, ska_span_of(&text), sources->bundle_file,
                        *request == NULL ? request : &second, errors) &&
           (second == NULL || merge(*request, second, errors));
    ska_request_free(second);
    ska_bytes_free(&text);
    return done;
}

/* ---- Approvals directory --------------------------------------------------------------------- */

/* A request, whether it stands in the directory already, and what it replaces there. */
struct open_request {
    struct ska_request *request;
    struct ska_request *superseded;
    bool published;
    int hold; /* see ska_directory_hold() */
};

static bool is_expired(const struct ska_signing *signing, const struct ska_request *request,
                       const struct ska_rule *rule)
{
    struct ska_time_limits limits;

    return rule != NULL &&
           ska_time_limits_of(signing->libctx, signing->key, rule, ska_span_of(&request->token),
                              &limits) &&
           ska_window_state(&limits.window, limits.now) == SKA_WINDOW_CLOSED;
}

static bool is_same_rule(const struct ska_rule *a, const struct ska_rule *b)
{
    struct ska_bytes encoded_a = {NULL, 0};
    struct ska_bytes encoded_b = {NULL, 0};
    bool same = ska_rule_encode(a, &encoded_a, NULL) && ska_rule_encode(b, &encoded_b, NULL) &&
                ska_span_equal(ska_span_of(&encoded_a), ska_span_of(&encoded_b));

    ska_bytes_free(&encoded_a);
    ska_bytes_free(&encoded_b);
    return same;
}

/*
 * Others may write into the directory: what stands there is taken up only if it is what we would
 * have written, token and rule, so that nobody is shown or approves something useless.
 */
static bool is_ours(const struct ska_signing *signing, const struct ska_request *request,
                    const struct ska_rule *rule)
{
    bool timed = rule != NULL ? ska_rule_has_time_limit(rule) : signing->timestamp_key != NULL;
    struct ska_token token;

    if (request->has_rule[SKA_RULE_USE] != (rule != NULL) ||
        (rule != NULL && !is_same_rule(&request->rules[SKA_RULE_USE], rule)) ||
        !ska_token_check(ska_span_of(&request->token), signing->key, SKA_OPERATION_SIGN,
                         signing->payload, NULL) ||
        !ska_token_decode(ska_span_of(&request->token), &token, NULL) ||
        token.has_timestamp != timed)
        return false;
    return !timed ||
           ska_hsm_timestamp_genuine(signing->libctx, signing->key, signing->timestamp_key, &token);
}

/* The request for this signature: the bundle's, the one that stands there, or a new one. */
static bool find_or_draft(const struct ska_signing *signing, const struct ska_directory *directory,
                          const struct ska_rule *rule, struct open_request *open,
                          const struct ska_errors *errors)
{
    const struct ska_request_options options = options_of(signing);
    struct ska_request *draft = NULL;

    if (open->request != NULL)
        return true;
    if (!ska_draft_make(signing->key, &options, &draft, errors))
        return false;
    open->hold = ska_directory_hold(directory, draft->id);
    if (!ska_directory_find(directory, draft, &open->request, errors)) {
        ska_request_free(draft);
        return false;
    }
    if (open->request != NULL &&
        (!is_ours(signing, open->request, rule) || is_expired(signing, open->request, rule))) {
        open->superseded = open->request;
        open->request = NULL;
    }
    open->published = open->request != NULL;
    if (open->published) {
        ska_request_free(draft);
        return true;
    }
    open->request = draft;
    return ska_draft_complete(draft, signing->key, &options, errors);
}

/* Another process may have been faster: its request is then the one that approvers see. */
static bool publish(const struct ska_directory *directory, struct open_request *open,
                    const struct ska_errors *errors)
{
    struct ska_request *standing = NULL;

    if (open->published)
        return true;
    if (!ska_directory_publish(directory, open->request, open->superseded, &standing, errors))
        return false;
    ska_request_free(standing);
    open->published = true;
    return true;
}

/* Leaves only the approvals that count: the others would make the HSM refuse all of them. */
static void drop_uncounted(struct ska_request *request, const struct ska_progress *progress)
{
    size_t kept = 0;

    for (size_t i = 0; i < request->approval_count; i++) {
        struct ska_approval approval = request->approvals[i];

        memset(&request->approvals[i], 0, sizeof(approval));
        if (progress->states[i] == SKA_APPROVAL_COUNTS) {
            request->approvals[kept++] = approval;
        } else {
            ska_bytes_free(&approval.signer);
            ska_bytes_free(&approval.public_key);
            ska_bytes_free(&approval.signature);
        }
    }
    request->approval_count = kept;
}

/* Enough approvals are there: record, sign, record again, close. */
static bool sign_with_evidence(const struct ska_signing *signing,
                               const struct ska_directory *directory, struct open_request *open,
                               const struct output *output, const struct ska_errors *errors)
{
    struct ska_request *request = open->request;
    struct ska_evidence *evidence = NULL;

    if (!ska_evidence_begin(directory, request, &evidence, errors))
        return false;
    if (!send_request(signing->libctx, signing->key, request, output, errors)) {
        ska_evidence_abandon(evidence);
        return false;
    }
    if (!ska_evidence_finish(evidence, request, ska_span(output->signature, *output->length),
                             errors))
        return false;
    ska_directory_finish(directory, request, open->hold);
    open->hold = -1;
    return true;
}

/* `rule` is NULL where the HSM does not tell it: then any valid approval is worth an attempt. */
static bool sign_or_leave(const struct ska_signing *signing, const struct ska_directory *directory,
                          struct open_request *open, const struct ska_rule *rule,
                          const struct output *output, const struct ska_errors *errors)
{
    struct ska_request *request = open->request;
    struct ska_progress progress = {0};
    struct ska_buffer notes = {0};
    bool done = false;

    /* What has expired, or was never ours, goes first, and its approvals with it. */
    if (open->superseded != NULL && !publish(directory, open, errors))
        return false;
    if (!ska_directory_collect(directory, request, signing->libctx, rule, &notes, errors) ||
        !ska_progress_find(signing->libctx, rule, ska_span_of(&request->token), request->approvals,
                           request->approval_count, &progress, errors))
        goto out;
    if (progress.satisfied || (rule == NULL && progress.key_count > 0)) {
        drop_uncounted(request, &progress);
        done = sign_with_evidence(signing, directory, open, output, errors);
    } else if (publish(directory, open, errors)) {
        ska_explain_pending(request, ska_directory_path(directory), rule, &progress, &notes,
                            errors);
    }
out:
    ska_progress_clear(&progress);
    ska_buffer_free(&notes);
    return done;
}

/* Takes over the bundle's request, which may be NULL. */
static bool sign_with_directory(const struct ska_signing *signing, struct ska_request *bundle,
                                const struct output *output, const struct ska_errors *errors)
{
    struct open_request open = {bundle, NULL, false, -1};
    struct ska_directory *directory = NULL;
    struct ska_rule rule = {0};
    bool known = false;
    bool done = false;

    if (!ska_current_rule(signing->key, SKA_RULE_USE, &rule, &known, errors))
        goto out;
    if (bundle == NULL && known && ska_rule_is_empty(&rule))
        done = sign_without_sources(signing, output, errors);
    else if (known && rule.token_count == 0)
        ska_explain_no_sources(signing->key, &rule, errors);
    else
        done = ska_directory_open(signing->sources.directory, &directory, errors) &&
               find_or_draft(signing, directory, known ? &rule : NULL, &open, errors) &&
               sign_or_leave(signing, directory, &open, known ? &rule : NULL, output, errors);
out:
    ska_directory_close(directory);
    ska_request_free(open.request);
    ska_request_free(open.superseded);
    if (open.hold >= 0)
        close(open.hold);
    ska_rule_clear(&rule);
    return done;
}

bool ska_sign(const struct ska_signing *signing, uint8_t *signature, size_t *signature_length,
              const struct ska_errors *errors)
{
    const struct output output = {signature, signature_length};
    struct ska_request *request = NULL;
    bool done = false;

    if (hsm_key_label(signing->key)[0] == 0)
        return ska_fail(errors, SKA_R_KEY_MISMATCH,
                        "the key has no label, and approvals bind to the label");
    if (!ska_sources_any(&signing->sources))
        return sign_without_sources(signing, &output, errors);
    if (!read_bundles(signing, &request, errors))
        goto out;
    if (signing->sources.directory != NULL)
        return sign_with_directory(signing, request, &output, errors);
    done = send_request(signing->libctx, signing->key, request, &output, errors);
out:
    ska_request_free(request);
    return done;
}
