/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/bundle.h"

#include <string.h>

#include "provider/base/error_capture.h"
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
                    "request %.16s is for %s with a salt of %zu bytes, but this signature uses %s "
                    "with a salt of %zu bytes",
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

/* Whether anyone but the HSM gets to see the bundle: approvers, or readers of audit log and
 * evidence. */
static bool is_shown(const struct ska_job *job)
{
    return job->sources.directory != NULL || job->sources.agent != NULL ||
           ska_audit_log_is_kept(&job->audit_log) || job->evidence_dir != NULL;
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

/*
 * Who wrote a key reference may have named any file in it that the signer can read, the one with
 * the PIN too, and may read what the program says: not even where in it something was expected is
 * told.
 */
static bool parse_untold(const struct ska_job *job, struct ska_span text, const char *path,
                         struct ska_request **bundle)
{
    struct ska_error_capture fault = {0};
    const struct ska_errors to_fault = ska_error_capture(&fault);
    struct ska_job silent = *job;
    bool done = false;

    silent.errors = &to_fault;
    done = parse_bundle(&silent, text, path, bundle);
    if (!done)
        ska_fail(job->errors,
                 /* Those from there on are of the form. */
                 fault.reason < SKA_R_BAD_JSON ? fault.reason : SKA_R_BAD_REQUEST,
                 "%s: not the bundle for this signature; the content of a file that a key "
                 "reference names is not repeated here: skatool inspect shows it",
                 path);
    ska_error_capture_clear(&fault);
    return done;
}

/* Copies of one request, with approvals in each, are one. Takes over what was read. */
static bool bundle_merge(const struct ska_job *job, struct ska_request **into, const char *before,
                         struct ska_request *copy, const char *shown)
{
    bool done = true;

    if (*into == NULL) {
        *into = copy;
        return true;
    }
    done = ska_request_has_same_token(*into, copy)
               ? ska_request_merge(*into, copy, job->libctx, job->errors)
               : ska_fail(job->errors, SKA_R_BAD_REQUEST, "%s and %s hold different requests",
                          before, shown);
    ska_request_free(copy);
    return done;
}

static bool read_bundle_file(const struct ska_job *job, const char *path,
                             struct ska_request **request)
{
    const struct ska_sources *sources = &job->sources;
    struct ska_request *copy = NULL;
    struct ska_bytes text = {NULL, 0};
    bool done =
        ska_file_read(path, SKA_JSON_LIMIT, &text, job->errors) &&
        (sources->by_data_file ? parse_untold : parse_bundle)(job, ska_span_of(&text), path, &copy);

    ska_bytes_free(&text);
    if (!done)
        return false;
    return sources->bundle != NULL
               ? bundle_merge(job, request, SKA_PARAM_APPROVALS, copy, SKA_PARAM_APPROVALS_FILE)
               : bundle_merge(job, request, sources->bundle_files[0], copy, path);
}

bool ska_bundles_read(const struct ska_job *job, struct ska_request **request)
{
    const struct ska_sources *sources = &job->sources;

    if (sources->bundle != NULL &&
        !parse_bundle(job, ska_span_text(sources->bundle), SKA_PARAM_APPROVALS, request))
        return false;
    for (size_t i = 0; sources->bundle_files != NULL && sources->bundle_files[i] != NULL; i++)
        if (!read_bundle_file(job, sources->bundle_files[i], request))
            return false;
    return true;
}
