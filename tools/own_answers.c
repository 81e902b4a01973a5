/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/own_answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

static bool is_of(const struct own_rejection *rejection, const char *operation, const char *key,
                  const char *payload, const char *document)
{
    return is_text(rejection->operation, operation) && is_text(rejection->key, key) &&
           (is_text(rejection->payload, payload) || is_text(rejection->document, document));
}

bool own_rejections_have_task(const struct own_rejections *rejections, const char *id)
{
    for (size_t i = 0; i < rejections->count; i++)
        if (is_text(rejections->list[i].id, id))
            return true;
    return false;
}

const char *own_rejections_time(const struct own_rejections *rejections, OSSL_LIB_CTX *libctx,
                                const struct ska_request *request)
{
    struct history_subject subject;
    const char *time = NULL;

    if (rejections->count == 0)
        return NULL;
    if (!history_subject_of(libctx, request, ska_span_text(request->key_label), &subject))
        time = "";
    for (size_t i = 0; time == NULL && i < rejections->count; i++)
        if (is_of(&rejections->list[i], subject.operation, subject.key, subject.payload_sha256,
                  subject.document_digest))
            time = rejections->list[i].time;
    history_subject_clear(&subject);
    return time;
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

/* Who has approved later has thought better of it. */
static void drop_rejections(struct own_rejections *rejections, const struct history_entry *entry)
{
    for (size_t i = 0; i < rejections->count;) {
        struct own_rejection *rejection = &rejections->list[i];

        if (!is_text(rejection->id, entry->request_id) &&
            !is_of(rejection, entry->operation, entry->key, entry->payload_sha256, entry->digest)) {
            i++;
            continue;
        }
        rejection_clear(rejection);
        *rejection = rejections->list[--rejections->count];
    }
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

bool own_rejections_read(OSSL_LIB_CTX *libctx, struct ska_span public_key,
                         struct own_rejections *rejections, const struct ska_errors *broken,
                         const struct ska_errors *errors)
{
    struct reading reading = {.rejections = rejections, .errors = errors};

    own_rejections_clear(rejections);
    return (named_key_hash(libctx, public_key, reading.approver_sha256) ||
            ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a public key")) &&
           history_visit_entries(take_answer, &reading, broken, errors);
}

void own_rejections_clear(struct own_rejections *rejections)
{
    for (size_t i = 0; i < rejections->count; i++)
        rejection_clear(&rejections->list[i]);
    free(rejections->list);
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
         !is_text(entry->broker_id, looking->given)))
        return true;
    answer->found = true;
    answer->refused = history_is_refusal(entry->answer);
    snprintf(answer->time, sizeof(answer->time), "%s", entry->time);
    return true;
}

void own_answer_find(OSSL_LIB_CTX *libctx, struct ska_span public_key, const char *given,
                     struct own_answer *answer)
{
    struct looking looking = {.given = given, .answer = answer};

    memset(answer, 0, sizeof(*answer));
    if (!named_key_hash(libctx, public_key, looking.approver_sha256) ||
        !history_visit_entries(look_at_answer, &looking, NULL, NULL))
        answer->found = false;
}
