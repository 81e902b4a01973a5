/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/seal/sealing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#include "provider/base/evp_verify.h"
#include "provider/base/file.h"
#include "provider/backend/backend_key.h"
#include "provider/backend/broker.h"
#include "provider/request/algorithm.h"
#include "provider/request/signed_content.h"
#include "provider/rule/rule_text.h"
#include "provider/sign/sign.h"
#include "tools/input.h"
#include "tools/interruption.h"
#include "tools/output.h"
#include "tools/report.h"
#include "tools/seal/signed_attributes.h"
#include "tools/seal/cms.h"
#include "tools/seal/kept_signature.h"
#include "tools/seal/other_requests.h"
#include "tools/seal/pending.h"
#include "tools/seal/timestamp.h"
#include "tools/show/text.h"

#define SEAL_MODE 0644

bool sealing_open(struct sealing *sealing, const struct seal_call *call, const char *document,
                  char *out)
{
    const char *name = strrchr(document, '/');

    memset(sealing, 0, sizeof(*sealing));
    sealing->call = call;
    sealing->document = document;
    sealing->out = out;
    ska_error_place_init(&sealing->place, &call->tool->errors, document);
    name = call->description != NULL ? call->description : name == NULL ? document : name + 1;
    sealing->description = ska_printable(ska_span_text(name), 200);
    if (out != NULL && sealing->description != NULL &&
        asprintf(&sealing->pending, "%s" SEAL_PENDING_SUFFIX, out) >= 0)
        return true;
    sealing->pending = NULL;
    return ska_fail(&call->tool->errors, SKA_R_OUT_OF_MEMORY, "%s", document);
}

void sealing_clear(struct sealing *sealing)
{
    free(sealing->out);
    free(sealing->pending);
    free(sealing->description);
    ska_bytes_free(&sealing->digest);
    ska_bytes_free(&sealing->attributes);
    ska_bytes_free(&sealing->payload);
    ska_bytes_free(&sealing->signature);
    ska_bytes_free(&sealing->timestamp);
    ska_error_capture_clear(&sealing->failure);
    memset(sealing, 0, sizeof(*sealing));
}

static const struct ska_errors *sealing_errors(struct sealing *sealing)
{
    return &sealing->place.errors;
}

/* ---- What is signed -------------------------------------------------------------------------- */

static bool digest_document(struct sealing *sealing)
{
    struct tool *tool = sealing->call->tool;
    struct ska_bytes kept = {NULL, 0};
    struct input input = {0};
    bool done = false;

    if (!input_open(&input, sealing->document, &tool->errors))
        return false;
    done = (fstat(input.fd, &sealing->seen) == 0 ||
            ska_fail(sealing_errors(sealing), SKA_R_FILE_FAILURE, "%s", strerror(errno))) &&
           input_digest(&input, tool->libctx, sealing->call->signer.digest, &sealing->digest, 0,
                        &kept, &tool->errors);
    ska_bytes_free(&kept);
    input_close(&input);
    return done;
}

static bool make_payload(struct sealing *sealing)
{
    const struct ska_mechanism *mechanism = &sealing->call->signer.mechanism;
    struct ska_span attributes = ska_span_of(&sealing->attributes);
    unsigned char hash[EVP_MAX_MD_SIZE];
    size_t length = 0;

    ska_bytes_free(&sealing->payload);
    if (mechanism->form == SKA_PAYLOAD_MESSAGE)
        return ska_bytes_copy(&sealing->payload, attributes, sealing_errors(sealing));
    if (EVP_Q_digest(sealing->call->tool->libctx, ska_digest_name(mechanism->digest), NULL,
                     attributes.data, attributes.length, hash, &length) != 1)
        return ska_fail(sealing_errors(sealing), SKA_R_INTERNAL, "hashing failed");
    return ska_payload_from_digest(mechanism, ska_span(hash, length), &sealing->payload,
                                   sealing_errors(sealing));
}

static bool is_signature_right(const struct sealing *sealing, struct ska_span signature)
{
    const struct seal_signer *signer = &sealing->call->signer;

    return ska_spki_verifies(sealing->call->tool->libctx, ska_span_of(&signer->public_key),
                             &signer->mechanism, ska_span_of(&sealing->payload), signature);
}

/* ---- How it is signed ------------------------------------------------------------------------ */

/* The same way as that of every signature (sign/sign.c). */
static struct ska_job sealing_job(const struct sealing *sealing, const struct ska_errors *errors)
{
    const struct seal_call *call = sealing->call;
    const struct ska_settings *settings = &call->tool->configuration.settings;
    struct ska_job job = {
        .libctx = call->tool->libctx,
        .approver_keys = call->approver_keys,
        .key = call->key,
        .operation = SKA_OPERATION_SIGN,
        .mechanism = call->signer.mechanism,
        .payload = ska_span_of(&sealing->payload),
        .content = ska_span_of(&sealing->attributes),
        .request_content = settings->request_content,
        .content_is_kept = true,
        .same_document_told = true,
        .description = sealing->description,
        .timestamp_key = settings->timestamp_key,
        .audit_log = tool_audit_log(call->tool),
        .evidence_dir = settings->evidence_dir,
        .errors = errors,
        .sources = call->sources,
        .timeout = call->timeout,
        .interrupted = interruption_seen,
        .progress = call->alone ? settings->progress : SKA_PROGRESS_NO,
    };

    return job;
}

/* ---- A seal that is there -------------------------------------------------------------------- */

/* Whether it is this document's, by this signer. */
static bool take_seal(struct sealing *sealing, struct ska_span der, const char **difference)
{
    struct seal_parts parts = {0};

    *difference = "it is not a seal that this command makes with this certificate";
    if (!seal_cms_read(&sealing->call->signer, der, &parts, &sealing->attributes) ||
        !seal_attributes_compare(sealing->call->tool->libctx, &sealing->call->signer,
                                 ska_span_of(&sealing->digest), parts.attributes, difference) ||
        !make_payload(sealing))
        return false;
    *difference = "its signature is wrong";
    return is_signature_right(sealing, parts.signature) &&
           ska_bytes_copy(&sealing->signature, parts.signature, NULL) &&
           (parts.timestamp.length == 0 ||
            ska_bytes_copy(&sealing->timestamp, parts.timestamp, NULL));
}

static void forget_seal(struct sealing *sealing)
{
    ska_bytes_free(&sealing->attributes);
    ska_bytes_free(&sealing->payload);
    ska_bytes_free(&sealing->signature);
    ska_bytes_free(&sealing->timestamp);
}

static bool read_seal(struct sealing *sealing, const struct ska_file_place *place)
{
    const struct seal_call *call = sealing->call;
    const char *difference = NULL;
    struct ska_bytes der = {NULL, 0};

    if (!ska_file_read_at(place->directory, place->name, place->path, SEAL_CMS_LIMIT, &der,
                          sealing_errors(sealing)))
        return false;
    sealing->was_there =
        take_seal(sealing, ska_span_of(&der), &difference) && !(call->force && call->restart);
    ska_bytes_free(&der);
    if (sealing->was_there) {
        sealing->state = SEALING_WRITTEN;
        return true;
    }
    forget_seal(sealing);
    return call->force ||
           ska_fail(
               sealing_errors(sealing), SKA_R_WRONG_USE,
               "%s already exists, but %s: choose another name with -o, or replace it with --force",
               place->path, difference);
}

static bool look_for_seal(struct sealing *sealing)
{
    struct ska_file_place place;
    struct stat status;
    bool done = false;

    if (!ska_file_place_open(&place, sealing->out, sealing_errors(sealing)))
        return false;
    done = ska_file_place_look(&place, &status, sealing_errors(sealing));
    if (done && status.st_mode != 0)
        done = S_ISREG(status.st_mode)
                   ? read_seal(sealing, &place)
                   : ska_fail(sealing_errors(sealing), SKA_R_WRONG_USE,
                              "%s is not a regular file: choose another name with -o", place.path);
    ska_file_place_close(&place);
    return done;
}

/*
 * What was begun now may have been done a moment before, by the same command given twice: it writes
 * the seal before it removes what it has kept.
 */
static bool look_again(struct sealing *sealing)
{
    struct ska_bytes begun = sealing->attributes;
    bool done = false;

    if (sealing->begun)
        return true;
    memset(&sealing->attributes, 0, sizeof(sealing->attributes));
    done = look_for_seal(sealing);
    if (done && sealing->state == SEALING_OPEN)
        sealing->attributes = begun;
    else
        ska_bytes_free(&begun);
    return done;
}

/* Raises what can be refused before anybody is asked. */
static bool check_payload(struct sealing *sealing)
{
    const struct seal_call *call = sealing->call;

    return make_payload(sealing) &&
           ska_payload_check(&call->signer.mechanism, backend_key_type(call->key),
                             (unsigned int)EVP_PKEY_get_bits(backend_key_public(call->key)),
                             ska_span_of(&sealing->payload), sealing_errors(sealing));
}

/* Without state-dir nobody knows which request at the broker is that of what was begun. */
static bool is_asked_anew(const struct seal_call *call)
{
    return backend_key_is_ska(call->key) && backend_key_has_broker(call->key) &&
           call->tool->configuration.settings.state_dir == NULL;
}

/*
 * What was begun may be old, or have been put there by somebody: the time that it gives to the seal
 * is seen by whoever seals.
 */
static void say_begun(const struct sealing *sealing)
{
    int64_t begun = 0;
    int64_t now = time(NULL);
    struct ska_buffer age = {0};
    char shown[TEXT_TIME_SIZE];

    if (!ska_content_signing_time(ska_span_of(&sealing->attributes), &begun))
        return;
    ska_duration_text(now > begun ? (uint64_t)(now - begun) : 0, &age);
    text_time((uint64_t)begun, shown);
    if (is_asked_anew(sealing->call))
        report_note("%s: asks again for the approvals of the seal that was begun at %s, %s ago, "
                    "which stays its signing time: without state-dir an earlier request at the "
                    "broker is not known; --restart begins with the time of now",
                    sealing->document, shown, ska_buffer_string(&age));
    else
        report_note("%s: continues the seal that was begun at %s, %s ago, which stays its signing "
                    "time; --restart begins again, and has it approved again",
                    sealing->document, shown, ska_buffer_string(&age));
    ska_buffer_free(&age);
}

/* Those of an earlier call are still to be approved: it was begun again, or has another name. */
static void say_others(struct sealing *sealing)
{
    const struct ska_job job = sealing_job(sealing, NULL);

    if (backend_key_is_ska(job.key))
        seal_tell_other_requests(&job, sealing->document);
}

static bool prepare(struct sealing *sealing)
{
    const struct seal_call *call = sealing->call;

    if (!digest_document(sealing) || !look_for_seal(sealing))
        return false;
    if (sealing->state == SEALING_WRITTEN)
        return true;
    if (!seal_pending_take(call->tool, sealing->pending, &call->signer,
                           ska_span_of(&sealing->digest), call->restart, &sealing->begun,
                           &sealing->attributes, sealing_errors(sealing)) ||
        !look_again(sealing))
        return false;
    if (sealing->state == SEALING_WRITTEN)
        return true;
    if (sealing->begun)
        say_begun(sealing);
    if (!check_payload(sealing))
        return false;
    if (!sealing->begun)
        say_others(sealing);
    return true;
}

void sealing_prepare(struct sealing *sealing)
{
    if (!prepare(sealing))
        sealing->state = SEALING_FAILED;
}

/* ---- Signing --------------------------------------------------------------------------------- */

static bool ask_key(const struct sealing *sealing, struct ska_job *job)
{
    if (backend_key_is_ska(job->key))
        return ska_sign(job);
    return backend_key_sign(job->key, &job->mechanism, ska_span_of(&sealing->payload), job->content,
                            job->signature, job->signature_length, job->errors);
}

static bool sign_attributes(struct sealing *sealing, const struct ska_errors *errors)
{
    int size = EVP_PKEY_get_size(backend_key_public(sealing->call->key));
    size_t length = size > 0 ? (size_t)size : 0;
    struct ska_job job = sealing_job(sealing, errors);
    bool done = false;

    if (sealing->begun &&
        seal_find_kept_signature(&job, ska_span_of(&sealing->call->signer.public_key),
                                 &sealing->signature))
        return true;
    sealing->signature.data = malloc(length + 1);
    if (sealing->signature.data == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a signature");
    job.signature = sealing->signature.data;
    job.signature_length = &length;
    done = ask_key(sealing, &job);
    sealing->signature.length = done ? length : 0;
    return done;
}

/* What fails is raised by sealing_finish(): not on the small stack of an ASYNC job. */
void sealing_sign(struct sealing *sealing)
{
    const struct ska_errors to_failure = ska_error_capture(&sealing->failure);

    if (sealing->state != SEALING_OPEN)
        return;
    if (interruption_seen())
        (void)!ska_fail(&to_failure, SKA_R_INTERRUPTED, "nobody was asked to approve it");
    else if (sign_attributes(sealing, &to_failure))
        sealing->state = SEALING_SIGNED;
}

/* ---- The file -------------------------------------------------------------------------------- */

/* Days may have gone by: what somebody has put there meanwhile stays, but a seal of ours. */
static bool may_be_written(struct sealing *sealing, const struct ska_file_place *place)
{
    struct sealing other = {.call = sealing->call, .digest = sealing->digest};
    struct ska_bytes der = {NULL, 0};
    const char *difference = NULL;
    struct stat status;
    bool ours = false;

    if (!ska_file_place_look(place, &status, sealing_errors(sealing)))
        return false;
    if (status.st_mode == 0 || sealing->call->force)
        return true;
    ours =
        ska_file_read_at(place->directory, place->name, place->path, SEAL_CMS_LIMIT, &der, NULL) &&
        take_seal(&other, ska_span_of(&der), &difference);
    forget_seal(&other);
    ska_bytes_free(&der);
    return ours ||
           ska_fail(sealing_errors(sealing), SKA_R_WRONG_USE,
                    "%s exists by now, and is not a seal of this document: move it away, and run "
                    "the same command again, or replace it with --force",
                    place->path);
}

static bool write_seal(struct sealing *sealing)
{
    const struct seal_parts parts = {ska_span_of(&sealing->attributes),
                                     ska_span_of(&sealing->signature),
                                     ska_span_of(&sealing->timestamp)};
    struct ska_bytes der = {NULL, 0};
    struct ska_file_place place;
    bool done = false;

    if (!ska_file_place_open(&place, sealing->out, sealing_errors(sealing)))
        return false;
    done = seal_cms_write(&sealing->call->signer, &parts, &der, sealing_errors(sealing)) &&
           may_be_written(sealing, &place) &&
           ska_file_place_replace(&place, ska_span_of(&der), SEAL_MODE, sealing_errors(sealing));
    ska_bytes_free(&der);
    ska_file_place_close(&place);
    return done;
}

/* Approvals may take days. */
static void warn_of_change(const struct sealing *sealing)
{
    const struct stat *seen = &sealing->seen;
    struct stat now;

    if (stat(sealing->document, &now) != 0 || now.st_ino != seen->st_ino ||
        now.st_dev != seen->st_dev || now.st_size != seen->st_size ||
        now.st_mtim.tv_sec != seen->st_mtim.tv_sec || now.st_mtim.tv_nsec != seen->st_mtim.tv_nsec)
        report_warning("%s was written to while it was being sealed: the seal is of what it was "
                       "before",
                       sealing->document);
}

/* No signature is given out that does not verify. */
static bool write_signed(struct sealing *sealing)
{
    if (!is_signature_right(sealing, ska_span_of(&sealing->signature)))
        return ska_fail(sealing_errors(sealing), SKA_R_BAD_SIGNATURE,
                        "the HSM has made a signature that does not verify with the certificate's "
                        "key; there is no seal");
    if (!write_seal(sealing))
        return false;
    warn_of_change(sealing);
    sealing->state = SEALING_WRITTEN;
    return true;
}

/* ---- Time-stamps ----------------------------------------------------------------------------- */

static bool write_query(struct sealing *sealing, struct ska_span query)
{
    struct tool *tool = sealing->call->tool;
    const struct output output = {sealing->call->query, sealing->call->force};

    if (!output_write(tool, &output, query, SEAL_MODE))
        return false;
    report_note(
        "wrote the query for a time-stamp to %s: have it answered, and run the same command "
        "with --timestamp REPLY",
        output.path);
    return true;
}

static bool get_reply(struct sealing *sealing, struct ska_span query, struct ska_bytes *reply)
{
    const struct seal_call *call = sealing->call;

    return call->reply != NULL
               ? ska_file_read(call->reply, SEAL_REPLY_LIMIT, reply, sealing_errors(sealing))
               : seal_timestamp_ask(call->tsa, call->tsa_ca, query, reply, sealing_errors(sealing));
}

static bool add_timestamp(struct sealing *sealing, struct ska_span query)
{
    const struct seal_call *call = sealing->call;
    enum ska_reason wrong = call->reply != NULL ? SKA_R_BAD_SIGNATURE : SKA_R_SERVER_FAILURE;
    struct ska_bytes reply = {NULL, 0};
    struct ska_span token = {NULL, 0};
    bool done = get_reply(sealing, query, &reply) &&
                seal_timestamp_take(ska_span_of(&reply), query, call->tsa_ca, wrong, &token,
                                    sealing_errors(sealing)) &&
                ska_bytes_copy(&sealing->timestamp, token, sealing_errors(sealing)) &&
                write_seal(sealing);

    ska_bytes_free(&reply);
    return done;
}

static bool wants_timestamp(const struct seal_call *call)
{
    return call->tsa != NULL || call->reply != NULL;
}

static bool get_timestamp(struct sealing *sealing)
{
    const struct seal_call *call = sealing->call;
    struct ska_bytes query = {NULL, 0};
    bool done = seal_timestamp_query(call->tool->libctx, ska_span_of(&sealing->signature), &query,
                                     sealing_errors(sealing)) &&
                (wants_timestamp(call) ? add_timestamp(sealing, ska_span_of(&query))
                                       : write_query(sealing, ska_span_of(&query)));

    ska_bytes_free(&query);
    return done;
}

/*
 * Raises what is wrong with one that an earlier call, or somebody else, has put into the seal.
 * *its_own: it is one of the signature, whoever vouches for it.
 */
static bool check_timestamp(const struct sealing *sealing, bool *its_own,
                            const struct ska_errors *errors)
{
    const struct seal_call *call = sealing->call;
    struct ska_span token = ska_span_of(&sealing->timestamp);
    struct ska_span signature = ska_span_of(&sealing->signature);

    *its_own =
        seal_timestamp_verify(token, signature, SEAL_TIMESTAMP_OF_ANYBODY, call->tsa_ca, errors);
    return *its_own &&
           (!wants_timestamp(call) ||
            seal_timestamp_verify(token, signature, SEAL_TIMESTAMP_OF_CAS, call->tsa_ca, errors));
}

static bool fail_timestamp(struct sealing *sealing, bool its_own, const char *why)
{
    if (its_own)
        return ska_fail(
            sealing_errors(sealing), SKA_R_BAD_SIGNATURE,
            "the time-stamp in %s is for its signature, but %s. Look at --tsa-ca first: with the "
            "right CAs it may be good. If they are right, --force has another one put in its place",
            sealing->out, why);
    return ska_fail(sealing_errors(sealing), SKA_R_BAD_SIGNATURE,
                    "the time-stamp in %s is not for its signature: %s; --force removes it, and "
                    "keeps the signature",
                    sealing->out, why);
}

/* The file has it until another one is there, where the call says which. */
static bool give_timestamp_up(struct sealing *sealing, bool its_own, const char *why)
{
    const char *what = its_own ? "" : "it is not for its signature: ";

    ska_bytes_free(&sealing->timestamp);
    if (wants_timestamp(sealing->call)) {
        sealing->gives_up = true;
        report_note("the time-stamp in %s is to be replaced: %s%s", sealing->out, what, why);
        return true;
    }
    if (!write_seal(sealing))
        return false;
    report_note("removed the time-stamp from %s: %s%s", sealing->out, what, why);
    return true;
}

/* False: the one that is there is wrong, or that cannot be told, and stays. */
static bool settle_timestamp(struct sealing *sealing)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    bool its_own = false;
    bool done = sealing->timestamp.length == 0 || check_timestamp(sealing, &its_own, &quiet);

    if (!done && failure.reason != SKA_R_BAD_SIGNATURE)
        ska_error_capture_raise(&failure, sealing_errors(sealing));
    else if (!done)
        done = sealing->call->force
                   ? give_timestamp_up(sealing, its_own, ska_error_capture_text(&failure))
                   : fail_timestamp(sealing, its_own, ska_error_capture_text(&failure));
    ska_error_capture_clear(&failure);
    return done;
}

static void warn_of_end(void *document, bool is_missed, const char *sentence)
{
    (void)is_missed;
    report_warning("%s: the time-stamp: %s", (const char *)document, sentence);
}

/* Of those that were verified by CAs: anybody else could have put anything into one. */
static void warn_of_timestamp(const struct sealing *sealing)
{
    const struct seal_call *call = sealing->call;

    if (wants_timestamp(call))
        seal_timestamp_say_ends(call->tool->libctx, ska_span_of(&sealing->timestamp), call->tsa_ca,
                                warn_of_end, (void *)(uintptr_t)sealing->document);
}

/* ---- The end --------------------------------------------------------------------------------- */

static void say_sealed(const struct sealing *sealing, bool had_timestamp)
{
    const char *with = sealing->timestamp.length == 0 ? ""
                       : had_timestamp && !wants_timestamp(sealing->call)
                           ? ", with a time-stamp of this signature; who made it was not verified "
                             "(openssl ts -verify)"
                           : ", with a time-stamp";

    if (!sealing->was_there)
        report_message("%s: sealed: %s%s", sealing->document, sealing->out, with);
    else if (had_timestamp || sealing->timestamp.length == 0)
        report_message("%s: is sealed already: %s%s", sealing->document, sealing->out, with);
    else
        report_message("%s: is sealed, and has a time-stamp now: %s", sealing->document,
                       sealing->out);
}

/* What was to be done last has failed, and was raised. */
static void say_without_timestamp(const struct sealing *sealing)
{
    const struct seal_call *call = sealing->call;

    if (sealing->gives_up)
        report_note("%s: the seal is as it was: %s, with the time-stamp that was to be replaced",
                    sealing->document, sealing->out);
    else if (call->query != NULL)
        report_note("%s: the seal is there, without a time-stamp: %s", sealing->document,
                    sealing->out);
    else
        report_note("%s: the seal is there, without a time-stamp: %s; when the cause is fixed, "
                    "the same command adds it",
                    sealing->document, sealing->out);
}

static void finish_written(struct sealing *sealing)
{
    const struct seal_call *call = sealing->call;
    bool had_timestamp = false;

    seal_pending_remove(sealing->pending, ska_span_of(&sealing->attributes));
    if (!settle_timestamp(sealing)) {
        sealing->state = SEALING_FAILED;
        return;
    }
    had_timestamp = sealing->timestamp.length > 0;
    if (had_timestamp || (!wants_timestamp(call) && call->query == NULL) ||
        get_timestamp(sealing)) {
        say_sealed(sealing, had_timestamp);
        warn_of_timestamp(sealing);
        return;
    }
    say_without_timestamp(sealing);
    sealing->state = SEALING_FAILED;
}

void sealing_finish(struct sealing *sealing)
{
    if (sealing->state == SEALING_OPEN) {
        ska_error_capture_raise(&sealing->failure, sealing_errors(sealing));
        sealing->state = SEALING_FAILED;
    }
    if (sealing->state == SEALING_SIGNED && !write_signed(sealing))
        sealing->state = SEALING_FAILED;
    if (sealing->state == SEALING_WRITTEN)
        finish_written(sealing);
}
