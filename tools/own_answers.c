/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/own_answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "provider/base/error_capture.h"
#include "tools/history.h"
#include "tools/history_entries.h"
#include "tools/show/named_keys.h"

/* Texts are owned; NULL: the line has none. */
struct own_rejection {
    char *time;
    char *id;
    char *operation;
    char *key;
    char *payload;  /* its SHA-256 */
    char *document; /* its digest */
};

struct reading {
    struct own_rejections *rejections;
    char approver_sha256[NAMED_KEY_HASH_SIZE];
    const struct ska_errors *errors;
};

static bool is_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* ---- The same -------------------------------------------------------------------------------- */

static bool is_about(const struct own_rejection *rejection, const char *operation, const char *key)
{
    return is_text(rejection->operation, operation) && is_text(rejection->key, key);
}

/* What is signed as a message has the digest of the message for a payload that is its SHA-256. */
static bool is_of(const struct own_rejection *rejection, const char *operation, const char *key,
                  const char *payload, const char *document)
{
    return is_about(rejection, operation, key) &&
           (is_text(rejection->payload, payload) || is_text(rejection->document, document) ||
            is_text(rejection->payload, document) || is_text(rejection->document, payload));
}

/* False: out of memory. */
static bool compare_file(const char *rejected, const struct own_subject *subject, bool *same,
                         const struct ska_errors *errors)
{
    struct ska_bytes digest = {NULL, 0};
    bool done = rejected == NULL || !ska_hex_decode(rejected, &digest) ||
                document_folder_compare(subject->folder, subject->document, ska_span_of(&digest),
                                        same, errors);

    ska_bytes_free(&digest);
    return done;
}

/* Asked for by another digest, or as a message, it has another payload. */
static bool is_of_file(const struct own_rejection *rejection, const char *operation,
                       const char *key, const struct own_subject *subject, bool *same,
                       const struct ska_errors *errors)
{
    *same = false;
    return !is_about(rejection, operation, key) || subject->document == NULL ||
           subject->folder == NULL || subject->request->operation != SKA_OPERATION_SIGN ||
           (compare_file(rejection->document, subject, same, errors) &&
            (*same || compare_file(rejection->payload, subject, same, errors)));
}

bool own_rejections_have_task(const struct own_rejections *rejections, const char *id)
{
    for (size_t i = 0; i < rejections->count; i++)
        if (is_text(rejections->list[i].id, id))
            return true;
    return false;
}

const char *own_rejections_time(const struct own_rejections *rejections, struct tool *tool,
                                const struct own_subject *subject)
{
    const struct ska_request *request = subject->request;
    struct history_subject one;
    const char *time = NULL;

    if (rejections->count == 0)
        return NULL;
    if (!history_subject_of(tool->libctx, request, ska_span_text(request->key_label), &one))
        time = "";
    for (size_t i = 0; time == NULL && i < rejections->count; i++) {
        const struct own_rejection *rejection = &rejections->list[i];
        bool same =
            is_of(rejection, one.operation, one.key, one.payload_sha256, one.document_digest);

        if (!same && !is_of_file(rejection, one.operation, one.key, subject, &same, &tool->errors))
            time = "";
        else if (same)
            time = rejection->time;
    }
    history_subject_clear(&one);
    return time;
}

/* ---- What cannot be read --------------------------------------------------------------------- */

/* NULL: out of memory. A line may stay broken for ever, so that there is a way on without it. */
static char *describe_unread(const char *lead, const struct ska_error_capture *failure,
                             const struct ska_error_capture *broken)
{
    bool failed = failure->reason != 0;
    char *text = NULL;

    if (asprintf(&text, "%s: %s: %s", lead, ska_error_capture_text(failed ? failure : broken),
                 failed ? "repair this file, or move it away"
                        : "repair or remove this line (skatool history names each such line)") < 0)
        return NULL;
    return text;
}

/*
 * Goes through the history. *unread: that not all of it could be read, as a sentence that begins
 * with `lead`, to be freed; NULL: all was. False: out of memory, or the visitor says so, raised.
 */
static bool visit_history(history_visit *visit, void *arg, const char *lead, char **unread,
                          const struct ska_errors *errors)
{
    struct ska_error_capture failure = {0};
    struct ska_error_capture broken = {0};
    const struct ska_errors to_failure = ska_error_capture(&failure);
    const struct ska_errors to_broken = ska_error_capture(&broken);
    bool done = history_visit_entries(visit, arg, &to_broken, &to_failure);

    *unread = NULL;
    if (failure.reason == SKA_R_OUT_OF_MEMORY) {
        ska_error_capture_raise(&failure, errors);
    } else if (failure.reason != 0 || broken.reason != 0) {
        *unread = describe_unread(lead, &failure, &broken);
        done = (done || failure.reason != 0) &&
               (*unread != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", lead));
    }
    if (*unread != NULL)
        report_warning("%s", *unread);
    ska_error_capture_clear(&failure);
    ska_error_capture_clear(&broken);
    return done;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static void rejection_clear(struct own_rejection *rejection)
{
    free(rejection->time);
    free(rejection->id);
    free(rejection->operation);
    free(rejection->key);
    free(rejection->payload);
    free(rejection->document);
}

static bool copy_text(char **to, const char *text)
{
    *to = text == NULL ? NULL : strdup(text);
    return text == NULL || *to != NULL;
}

static bool add_rejection(struct reading *reading, const struct history_entry *entry)
{
    struct own_rejections *rejections = reading->rejections;
    struct own_rejection *grown =
        reallocarray(rejections->list, rejections->count + 1, sizeof(*grown));
    struct own_rejection *added = NULL;

    if (grown != NULL) {
        rejections->list = grown;
        added = &grown[rejections->count++];
        memset(added, 0, sizeof(*added));
        if (copy_text(&added->time, entry->time) && copy_text(&added->id, entry->request_id) &&
            copy_text(&added->operation, entry->operation) && copy_text(&added->key, entry->key) &&
            copy_text(&added->payload, entry->payload_sha256) &&
            copy_text(&added->document, entry->digest))
            return true;
    }
    return ska_fail(reading->errors, SKA_R_OUT_OF_MEMORY, "answers to a broker");
}

/*
 * Who has approved the same later has thought better of it. That it has the same id says nothing: a
 * broker calls its tasks as it likes.
 */
static void drop_rejections(struct own_rejections *rejections, const struct history_entry *entry)
{
    size_t kept = 0;

    for (size_t i = 0; i < rejections->count; i++) {
        struct own_rejection *rejection = &rejections->list[i];

        if (is_of(rejection, entry->operation, entry->key, entry->payload_sha256, entry->digest))
            rejection_clear(rejection);
        else
            rejections->list[kept++] = *rejection;
    }
    rejections->count = kept;
}

/* A history_visit. */
static bool take_answer(void *arg, const struct history_entry *entry)
{
    struct reading *reading = arg;

    if (!is_text(entry->approver_sha256, reading->approver_sha256))
        return true;
    if (history_is_refusal(entry->answer))
        return add_rejection(reading, entry);
    drop_rejections(reading->rejections, entry);
    return true;
}

bool own_rejections_read(struct tool *tool, struct ska_span public_key,
                         struct own_rejections *rejections)
{
    struct reading reading = {.rejections = rejections, .errors = &tool->errors};

    own_rejections_clear(rejections);
    return (named_key_hash(tool->libctx, public_key, reading.approver_sha256) ||
            ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "a public key")) &&
           visit_history(take_answer, &reading,
                         "what you have rejected before cannot be read, and may be asked again",
                         &rejections->unread, &tool->errors);
}

void own_rejections_clear(struct own_rejections *rejections)
{
    for (size_t i = 0; i < rejections->count; i++)
        rejection_clear(&rejections->list[i]);
    free(rejections->list);
    free(rejections->unread);
    memset(rejections, 0, sizeof(*rejections));
}

/* ---- One answer ------------------------------------------------------------------------------ */

struct looking {
    const char *given;
    char approver_sha256[NAMED_KEY_HASH_SIZE];
    struct own_answer *answer;
};

static bool begins(const char *id, const char *begin)
{
    return id != NULL && strncasecmp(id, begin, strlen(begin)) == 0;
}

/* A history_visit. */
static bool look_at_answer(void *arg, const struct history_entry *entry)
{
    const struct looking *looking = arg;
    struct own_answer *answer = looking->answer;

    if (!is_text(entry->approver_sha256, looking->approver_sha256) ||
        (!begins(entry->request_id, looking->given) && !begins(entry->stated_id, looking->given) &&
         (entry->broker_id == NULL || strcasecmp(entry->broker_id, looking->given) != 0)))
        return true;
    answer->found = true;
    answer->refused = history_is_refusal(entry->answer);
    answer->seconds = entry->seconds;
    return true;
}

void own_answer_find(OSSL_LIB_CTX *libctx, struct ska_span public_key, const char *given,
                     struct own_answer *answer)
{
    struct looking looking = {.given = given, .answer = answer};
    char *unread = NULL;

    memset(answer, 0, sizeof(*answer));
    if (!named_key_hash(libctx, public_key, looking.approver_sha256) ||
        !visit_history(look_at_answer, &looking, "what you have answered before cannot be read",
                       &unread, NULL))
        answer->found = false;
    free(unread);
}
