/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message is signed, or becomes a request that the application takes out to have it approved.
 */
#include "provider/signature.h"

#include <stdlib.h>
#include <string.h>

#include "provider/backend/broker.h"
#include "provider/base/error_place.h"
#include "provider/binding.h"
#include "provider/hsm/key.h"
#include "provider/hsm/reference.h"
#include "provider/record/audit.h"
#include "provider/request/algorithm.h"
#include "provider/sign/make_request.h"
#include "provider/sign/sign.h"

static enum ska_scheme scheme_of(const struct ska_signature *signature)
{
    if (ska_key_is_edwards(signature->key))
        return SKA_SCHEME_EDDSA;
    if (!ska_key_is_rsa(signature->key))
        return SKA_SCHEME_ECDSA;
    return signature->scheme.pss ? SKA_SCHEME_PSS : SKA_SCHEME_PKCS1;
}

/* One that was not looked for yet is known by nothing but its public key. */
enum backend_input ska_signature_input(const struct ska_signature *signature)
{
    struct backend_key *hsm = atomic_load_explicit(&signature->key->hsm, memory_order_acquire);

    return hsm == NULL || backend_key_is_ska(hsm)
               ? BACKEND_INPUT_DIGEST
               : backend_key_input(hsm, scheme_of(signature), signature->scheme.digest);
}

enum ska_payload_form ska_signature_form(const struct ska_signature *signature)
{
    struct ska_key *key = signature->key;

    if (ska_key_is_edwards(key))
        return SKA_PAYLOAD_MESSAGE;
    if (!ska_key_is_ska(key) && signature->started)
        return signature->hash != NULL ? SKA_PAYLOAD_DIGEST : SKA_PAYLOAD_MESSAGE;
    if (!ska_key_is_ska(key))
        return ska_signature_input(signature) == BACKEND_INPUT_MESSAGE ? SKA_PAYLOAD_MESSAGE
                                                                       : SKA_PAYLOAD_DIGEST;
    if (signature->approvals.payload_set)
        return signature->approvals.payload;
    if (key->payload_set)
        return key->payload;
    return signature->provider->settings.payload;
}

static bool resolve_salt(const struct ska_signature *signature, size_t digest_length,
                         size_t *length)
{
    /* RFC 8017, 9.1.1: emLen >= hLen + sLen + 2, emLen from one bit less than the modulus has. */
    size_t encoded = (signature->key->bits - 1 + 7) / 8;
    size_t longest = encoded < digest_length + 2 ? 0 : encoded - digest_length - 2;

    switch (signature->scheme.salt) {
    case SKA_SALT_DIGEST:
        *length = digest_length;
        break;
    case SKA_SALT_MAX:
        *length = longest;
        break;
    case SKA_SALT_AUTO_DIGEST_MAX:
        *length = digest_length < longest ? digest_length : longest;
        break;
    case SKA_SALT_BYTES:
        *length = signature->scheme.salt_bytes;
        break;
    }
    if (encoded < digest_length + 2 || *length > longest)
        return ska_fail(ska_signature_errors(signature), SKA_R_BAD_PARAMETER,
                        "a PSS salt of %zu bytes does not fit: this key takes at most %zu", *length,
                        longest);
    return true;
}

bool ska_signature_mechanism(const struct ska_signature *signature, struct ska_mechanism *mechanism)
{
    const struct ska_signature_scheme *scheme = &signature->scheme;

    memset(mechanism, 0, sizeof(*mechanism));
    mechanism->form = ska_signature_form(signature);
    mechanism->digest = scheme->digest;
    mechanism->scheme = scheme_of(signature);
    if (mechanism->scheme != SKA_SCHEME_PSS)
        return true;
    mechanism->mgf1_digest = scheme->mgf1_set ? scheme->mgf1_digest : scheme->digest;
    mechanism->any_salt = !scheme->salt_fixed;
    return resolve_salt(signature, ska_digest_length(scheme->digest), &mechanism->salt_length);
}

static const char *const *files_of(const char *const *files)
{
    return files[0] == NULL ? NULL : files;
}

/*
 * The sources of the highest level that names any. Where that is a reference, which may be
 * anybody's, `own` tells what is its own choice.
 */
static struct ska_sources choose_sources(const struct ska_signature *signature,
                                         struct hsm_reference_sources *own)
{
    const struct ska_signature_approvals *approvals = &signature->approvals;
    const struct ska_key *key = signature->key;
    const struct ska_settings *settings = &signature->provider->settings;
    struct ska_sources parameters = {approvals->bundle,
                                     files_of((const char *const *)approvals->bundle_files),
                                     approvals->directory, approvals->agent, false};
    struct ska_sources uri = {NULL, files_of(key->approvals_files), key->approvals_dir, key->agent,
                              key->reference_uri != NULL};
    struct ska_sources configuration = {NULL, NULL, settings->approvals_dir, settings->agent,
                                        false};

    if (ska_sources_any(&parameters))
        return parameters;
    if (!ska_sources_any(&uri))
        return configuration;
    if (key->reference_uri != NULL)
        *own = hsm_reference_sources(key->uri, settings);
    return uri;
}

static unsigned int choose_timeout(const struct ska_signature *signature)
{
    if (signature->approvals.timeout_set)
        return signature->approvals.timeout;
    if (signature->key->timeout_set)
        return signature->key->approvals_timeout;
    return signature->provider->settings.approvals_timeout;
}

/* The longest DigestInfo, and more than any digest. */
#define MADE_LIMIT 128

/*
 * What is signed or requested: the input itself, or what is made of a digest. Nothing to be freed:
 * a signature that waits in an ASYNC job may never be resumed.
 */
struct payload {
    struct ska_mechanism mechanism;
    uint8_t made[MADE_LIMIT];
    struct ska_span span; /* into what was made, or the input */
};

static bool make_of_digest(const struct ska_signature *signature, struct ska_span digest,
                           struct payload *payload)
{
    const struct ska_errors *errors = ska_signature_errors(signature);
    struct ska_bytes made = {NULL, 0};
    bool fits = false;

    if (!ska_payload_from_digest(&payload->mechanism, digest, &made, errors))
        return false;
    fits = made.length <= sizeof(payload->made) ||
           ska_fail(errors, SKA_R_INTERNAL, "a payload of %zu bytes", made.length);
    if (fits) {
        memcpy(payload->made, made.data, made.length);
        payload->span = ska_span(payload->made, made.length);
    }
    ska_bytes_free(&made);
    return fits;
}

static bool signature_make_payload(const struct ska_signature *signature, struct ska_span input,
                                   struct payload *payload)
{
    memset(payload, 0, sizeof(*payload));
    if (!ska_signature_mechanism(signature, &payload->mechanism))
        return false;
    payload->span = input;
    return payload->mechanism.form == SKA_PAYLOAD_MESSAGE ||
           make_of_digest(signature, input, payload);
}

/* What can be refused here is refused before anybody is asked. */
static bool signature_check_payload(const struct ska_signature *signature,
                                    const struct payload *payload)
{
    const struct ska_key *key = signature->key;

    return ska_payload_check(&payload->mechanism, key->type, key->bits, payload->span,
                             ska_signature_errors(signature));
}

/* What is asked of the key, and with what. */
static struct ska_job job_of(const struct ska_signature *signature, struct backend_key *key,
                             const struct payload *payload)
{
    const struct ska_provider *provider = signature->provider;
    struct ska_job job = {
        .libctx = ska_private_libctx(),
        .approver_keys = provider->approver_keys,
        .key = key,
        .operation = SKA_OPERATION_SIGN,
        .mechanism = payload->mechanism,
        .payload = payload->span,
        .content = ska_span(signature->hashed.data, signature->hashed.length),
        .no_content = signature->no_content,
        .request_content = provider->settings.request_content,
        .description = signature->approvals.description,
        .timestamp_key = provider->settings.timestamp_key,
        .audit_log = {provider->settings.audit_log, provider->settings.state_dir,
                      provider->system_log},
        .evidence_dir = provider->settings.evidence_dir,
        .errors = ska_signature_errors(signature),
    };

    if (key != NULL && !backend_key_has_broker(key))
        job.mechanism.any_salt = false; /* a token is told */
    return job;
}

/* For a token that refuses the digest; data == NULL: none is kept. */
static struct ska_span kept_message(const struct ska_signature *signature)
{
    if (!signature->keeps_message)
        return ska_span(NULL, 0);
    return ska_span(signature->hashed.length == 0 ? (const uint8_t *)"" : signature->hashed.data,
                    signature->hashed.length);
}

static bool sign_payload(const struct ska_signature *signature, const struct payload *payload,
                         uint8_t *out, size_t *length)
{
    struct backend_key *key = ska_key_hsm(signature->key);
    struct ska_job job = job_of(signature, key, payload);
    struct hsm_reference_sources own = {""};
    struct ska_error_place place;

    if (key == NULL)
        return false;
    if (!backend_key_is_ska(key))
        return backend_key_sign(key, &payload->mechanism, payload->span, kept_message(signature),
                                out, length, job.errors);
    job.sources = choose_sources(signature, &own);
    if (own.text[0] != 0) {
        ska_error_place_init(&place, job.errors, own.text);
        job.errors = &place.errors;
    }
    job.timeout = choose_timeout(signature);
    job.prepared = signature->prepared == NULL ? NULL : signature->prepared->request;
    job.progress = signature->provider->settings.progress;
    job.signature = out;
    job.signature_length = length;
    return signature_check_payload(signature, payload) && ska_sign(&job);
}

bool ska_signature_finish(const struct ska_signature *signature, struct ska_span input,
                          uint8_t *out, size_t *length, size_t size)
{
    struct payload payload;
    size_t written = size;
    bool done = false;

    if (size < signature->key->signature_size)
        return ska_fail(ska_signature_errors(signature), SKA_R_BAD_PARAMETER,
                        "the buffer has %zu bytes, %zu are needed", size,
                        signature->key->signature_size);
    done = signature_make_payload(signature, input, &payload) &&
           sign_payload(signature, &payload, out, &written);
    if (done)
        *length = written;
    return done;
}

/* ---- Requests that the application has approved --------------------------------------------- */

/* Takes over the request. */
static bool make_prepared(struct ska_request *request, struct ska_prepared **prepared,
                          const struct ska_errors *errors)
{
    struct ska_prepared *made = calloc(1, sizeof(*made));

    if (made == NULL) {
        ska_request_free(request);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a request");
    }
    atomic_init(&made->references, 1);
    made->request = request;
    if (!ska_request_print(request, &made->text, errors)) {
        ska_prepared_free(made);
        return false;
    }
    *prepared = made;
    return true;
}

struct ska_prepared *ska_prepared_up_ref(struct ska_prepared *prepared)
{
    if (prepared != NULL)
        atomic_fetch_add_explicit(&prepared->references, 1, memory_order_relaxed);
    return prepared;
}

void ska_prepared_free(struct ska_prepared *prepared)
{
    if (prepared == NULL ||
        atomic_fetch_sub_explicit(&prepared->references, 1, memory_order_acq_rel) != 1)
        return;
    ska_request_free(prepared->request);
    ska_bytes_free(&prepared->text);
    free(prepared);
}

static bool is_same_description(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Whether the request that was made is still for this: padding, salt and words may have changed. */
static bool is_prepared(const struct ska_signature *signature, const struct payload *payload)
{
    const struct ska_request *request =
        signature->prepared == NULL ? NULL : signature->prepared->request;

    return request != NULL &&
           is_same_description(request->description, signature->approvals.description) &&
           ska_algorithm_same(&request->mechanism, &payload->mechanism) &&
           ska_span_equal(ska_span_of(&request->payload), payload->span);
}

static bool make_request(struct ska_signature *signature, const struct payload *payload)
{
    struct backend_key *key = ska_key_hsm(signature->key);
    const struct ska_job job = job_of(signature, key, payload);
    struct ska_audit_entry entry = {SKA_AUDIT_REQUEST, NULL, NULL, "made for the application"};
    struct ska_request *request = NULL;

    if (key == NULL || !signature_check_payload(signature, payload) ||
        !ska_request_make(&job, &request))
        return false;
    entry.request = request;
    if (!ska_audit_append(&job.audit_log, job.libctx, &entry, job.errors)) {
        ska_request_free(request);
        return false;
    }
    ska_prepared_free(signature->prepared);
    signature->prepared = NULL;
    return make_prepared(request, &signature->prepared, job.errors);
}

static bool prepare_request(struct ska_signature *signature, struct ska_span input)
{
    const struct backend_key *key = ska_key_hsm(signature->key);
    struct payload payload;

    if (key == NULL)
        return false;
    if (!backend_key_is_ska(key))
        return ska_fail(ska_signature_errors(signature), SKA_R_WRONG_USE,
                        "key '%s' is %s key: it needs no approvals", backend_key_label(key),
                        backend_key_is_timestamp(key) ? "a timestamp" : "an ordinary");
    return signature_make_payload(signature, input, &payload) &&
           (is_prepared(signature, &payload) || make_request(signature, &payload));
}

/* The digest of what has been fed in so far; feeding may go on. */
static bool digest_so_far(const struct ska_signature *signature,
                          unsigned char digest[EVP_MAX_MD_SIZE], unsigned int *length)
{
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    bool done = copy != NULL && EVP_MD_CTX_copy_ex(copy, signature->hash) &&
                EVP_DigestFinal_ex(copy, digest, length);

    EVP_MD_CTX_free(copy);
    return done || ska_fail(ska_signature_errors(signature), SKA_R_INTERNAL, "hashing failed");
}

/* `digest` is room for it. */
static bool input_so_far(const struct ska_signature *signature,
                         unsigned char digest[EVP_MAX_MD_SIZE], struct ska_span *input)
{
    unsigned int length = 0;

    if (!signature->started)
        return ska_fail(ska_signature_errors(signature), SKA_R_WRONG_USE,
                        SKA_PARAM_APPROVAL_REQUEST
                        ": there is nothing to sign yet, call EVP_DigestSignUpdate() first");
    *input = ska_span(signature->message.data, signature->message.length);
    if (signature->hash == NULL)
        return true;
    if (!digest_so_far(signature, digest, &length))
        return false;
    *input = ska_span(digest, length);
    return true;
}

bool ska_signature_request(struct ska_signature *signature)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    struct ska_span input;

    return input_so_far(signature, digest, &input) && prepare_request(signature, input);
}

/* What it will be handed in as. */
static bool identify_for_broker(struct ska_signature *signature, struct ska_span input,
                                char id[SKA_REQUEST_ID_LENGTH + 1])
{
    struct ska_request *draft = NULL;
    struct payload payload;
    struct ska_job job;

    if (!signature_make_payload(signature, input, &payload))
        return false;
    job = job_of(signature, ska_key_hsm(signature->key), &payload);
    if (!signature_check_payload(signature, &payload) || !ska_draft_make(&job, &draft))
        return false;
    memcpy(id, draft->id, SKA_REQUEST_ID_LENGTH + 1);
    ska_request_free(draft);
    return true;
}

bool ska_signature_request_id(struct ska_signature *signature, char id[SKA_REQUEST_ID_LENGTH + 1])
{
    const struct backend_key *key = ska_key_hsm(signature->key);
    unsigned char digest[EVP_MAX_MD_SIZE];
    struct ska_span input;

    if (key == NULL || !input_so_far(signature, digest, &input))
        return false;
    /* A broker may make the token itself, which nobody can ask for beforehand. */
    if (backend_key_is_ska(key) && backend_key_has_broker(key))
        return identify_for_broker(signature, input, id);
    if (!prepare_request(signature, input))
        return false;
    memcpy(id, signature->prepared->request->id, SKA_REQUEST_ID_LENGTH + 1);
    return true;
}
