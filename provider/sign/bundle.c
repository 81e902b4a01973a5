/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/bundle.h"

#include <string.h>

#include "provider/base/file.h"
#include "provider/request/algorithm.h"
#include "provider/base/json.h"
#include "provider/request/request_errors.h"
#include "provider/request/token_check.h"
#include "provider/sign/make_request.h"

/* The token does not carry the mechanism, so it is held to what the approvers were shown. */
static bool bundle_check_mechanism(const struct ska_request *request, const struct ska_job *job)
{
    const char *approved = ska_algorithm_name(&request->mechanism);
    const char *asked = ska_algorithm_name(&job->mechanism);

    if (ska_algorithm_same(&request->mechanism, &job->mechanism))
        return true;
    return ska_fail(job->errors, SKA_R_PAYLOAD_MISMATCH,
                    "request %.16s is for %s with a salt of %zu bytes, asked for now is %s with a "
                    "salt of %zu bytes",
                    request->id, approved == NULL ? "?" : approved, request->mechanism.salt_length,
                    asked == NULL ? "?" : asked, job->mechanism.salt_length);
}

/* ECDSA does not always tell its digest, but no two have the same length. */
static const char *digest_name(const struct ska_mechanism *mechanism, struct ska_span payload)
{
    enum ska_digest digest = mechanism->digest;

    for (int i = SKA_DIGEST_SHA1; digest == SKA_DIGEST_NONE && i <= SKA_DIGEST_SHA512; i++)
        if (mechanism->form == SKA_PAYLOAD_DIGEST &&
            ska_digest_length((enum ska_digest)i) == payload.length)
            digest = (enum ska_digest)i;
    return ska_digest_name(digest);
}

/* The same document by another digest is other data too, which nobody would guess. */
static bool fail_payload(const struct ska_request *request, const struct ska_job *job,
                         const char *shown)
{
    const struct ska_mechanism *approved = &request->mechanism;
    const struct ska_mechanism *asked = &job->mechanism;
    bool same_kind = approved->scheme == asked->scheme && approved->form == asked->form;
    const char *was = same_kind ? digest_name(approved, ska_span_of(&request->payload))
                                : ska_algorithm_name(approved);
    const char *is = same_kind ? digest_name(asked, job->payload) : ska_algorithm_name(asked);

    if (was != NULL && is != NULL && strcmp(was, is) != 0)
        return ska_fail(
            job->errors, SKA_R_PAYLOAD_MISMATCH,
            "%s: request %.16s is for %s, this signature uses %s: sign with %s, or make "
            "a new request",
            shown, request->id, was, is, was);
    return ska_fail(job->errors, SKA_R_PAYLOAD_MISMATCH,
                    "%s: request %.16s is for other data than these: make a new request for them",
                    shown, request->id);
}

static bool bundle_check_payload(const struct ska_request *request, const struct ska_job *job,
                                 const char *shown)
{
    return ska_span_equal(ska_span_of(&request->payload), job->payload) ||
           fail_payload(request, job, shown);
}

/* Whether anyone but the HSM gets to see the bundle: approvers, or readers of the audit log. */
static bool is_shown(const struct ska_job *job)
{
    return job->sources.directory != NULL || job->sources.agent != NULL ||
           job->audit_log.path != NULL;
}

/* A bundle for anything else is refused here, before the HSM hears of it. */
static bool parse_bundle(const struct ska_job *job, struct ska_span text, const char *shown,
                         struct ska_request **bundle)
{
    struct ska_request_errors advised;
    struct ska_request *parsed = NULL;

    ska_request_errors_init(&advised, job->errors, text);
    if (!(is_shown(job) ? ska_request_parse : ska_request_parse_to_send)(text, shown, &parsed,
                                                                         &advised.errors))
        return false;
    if (parsed->operation != SKA_OPERATION_SIGN) {
        ska_fail(job->errors, SKA_R_OPERATION_MISMATCH, "%s: not a request to sign", shown);
    } else if (ska_request_check_key(parsed, job->key, job->errors) &&
               bundle_check_payload(parsed, job, shown) && bundle_check_mechanism(parsed, job) &&
               (!is_shown(job) || ska_request_settle(parsed, job))) {
        parsed->mechanism = job->mechanism;
        *bundle = parsed;
        return true;
    }
    ska_request_free(parsed);
    return false;
}

/* The same token twice, with approvals in both: one request. */
static bool bundle_merge(struct ska_request *into, struct ska_request *from,
                         const struct ska_errors *errors)
{
    if (!ska_request_has_same_token(into, from))
        return ska_fail(errors, SKA_R_BAD_REQUEST,
                        "ska-approvals and ska-approvals-file hold different requests");
    for (size_t i = 0; i < from->approval_count; i++)
        if (!ska_request_add_approval(into, &from->approvals[i], errors))
            return false;
    return true;
}

bool ska_bundles_read(const struct ska_job *job, struct ska_request **request)
{
    const struct ska_sources *sources = &job->sources;
    struct ska_request *second = NULL;
    struct ska_bytes text = {NULL, 0};
    bool done = true;

    if (sources->bundle != NULL &&
        !parse_bundle(job, ska_span_text(sources->bundle), SKA_PARAM_APPROVALS, request))
        return false;
    if (sources->bundle_file == NULL)
        return true;
    if (!ska_file_read(sources->bundle_file, SKA_JSON_LIMIT, &text, job->errors))
        return false;
    done = parse_bundle(job, ska_span_of(&text), sources->bundle_file,
                        *request == NULL ? request : &second) &&
           (second == NULL || bundle_merge(*request, second, job->errors));
    ska_request_free(second);
    ska_bytes_free(&text);
    return done;
}
