/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that came by mail. What one says, and of which request, is told by its signature alone:
 * that its approver has answered something there before proves nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/request/approval.h"
#include "provider/request/refusal.h"
#include "provider/rule/approver_name.h"
#include "provider/rule/quorum.h"
#include "provider/sign/ballot_text.h"
#include "tools/command/import_arrival.h"
#include "tools/directory_place.h"
#include "tools/report.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"

/* What becomes of an answer. */
enum import_end {
    IMPORT_UNLISTED, /* its signer is no approver of this key */
    IMPORT_INVALID,  /* no signature over this request */
    IMPORT_TAKEN,
    IMPORT_REPLACED, /* a rejection, in the place of one that gave another reason */
    IMPORT_THERE,    /* the same is there already */
    IMPORT_NO_USE,   /* a rejection by somebody who has approved */
    IMPORT_NO_PLACE, /* a rejection, for a bundle */
    IMPORT_TOO_MANY
};

struct judged {
    enum import_end end;
    bool refusal;
    bool had_refused;                  /* an approval by somebody who had rejected it */
    const struct ska_approval *answer; /* where it is now */
};

/* ---- What it is worth ------------------------------------------------------------------------ */

static struct ska_approval *standing_refusal(struct ska_ballot *ballot, struct ska_span key)
{
    for (size_t i = 0; i < ballot->refusal_count; i++)
        if (ska_span_equal(ska_span_of(&ballot->refusals[i].public_key), key))
            return &ballot->refusals[i];
    return NULL;
}

/* What counts has moved, and is the last of its kind. */
static void take_note_of(struct ska_ballot *ballot, const struct ska_approval *taken,
                         struct judged *judged)
{
    judged->end = taken->state == SKA_ANSWER_UNSEEN ? IMPORT_TAKEN : IMPORT_TOO_MANY;
    if (judged->end == IMPORT_TAKEN)
        judged->answer = judged->refusal
                             ? &ballot->refusals[ballot->refusal_count - 1]
                             : &ballot->request->approvals[ballot->request->approval_count - 1];
}

static bool judge_approval(struct ska_ballot *ballot, struct ska_approval *answer,
                           struct judged *judged, const struct ska_errors *errors)
{
    struct ska_span key = ska_span_of(&answer->public_key);

    judged->end = IMPORT_THERE;
    if (ska_ballot_has_approved(ballot, key))
        return true;
    judged->had_refused = ska_ballot_has_refused(ballot, key);
    if (!ska_ballot_take_approval(ballot, answer, errors))
        return false;
    take_note_of(ballot, answer, judged);
    return true;
}

static bool gives_another_reason(const struct ska_approval *refusal,
                                 const struct ska_approval *standing)
{
    return refusal->reason != NULL &&
           (standing->reason == NULL || strcmp(refusal->reason, standing->reason) != 0);
}

static bool judge_refusal(struct ska_ballot *ballot, struct ska_approval *answer,
                          struct judged *judged, const struct ska_errors *errors)
{
    struct ska_approval *standing = standing_refusal(ballot, ska_span_of(&answer->public_key));

    judged->refusal = true;
    if (standing == NULL) {
        if (!ska_ballot_take_refusal(ballot, answer, errors))
            return false;
        take_note_of(ballot, answer, judged);
    } else if (gives_another_reason(answer, standing)) {
        struct ska_approval before = *standing;

        *standing = *answer;
        *answer = before;
        judged->end = IMPORT_REPLACED;
        judged->answer = standing;
    } else {
        judged->end = IMPORT_THERE;
    }
    return true;
}

/* Keys of strangers are not verified with. */
static bool import_judge(const struct import *import, struct import_target *target,
                         struct ska_approval *answer, struct judged *judged)
{
    OSSL_LIB_CTX *libctx = import->tool->libctx;
    struct ska_ballot *ballot = &target->ballot;
    struct ska_span key = ska_span_of(&answer->public_key);
    struct ska_span token = ska_span_of(&target->request->approval_token);

    *judged = (struct judged){.end = IMPORT_UNLISTED, .answer = answer};
    if (ballot->rule != NULL && ska_rule_find_approver(ballot->rule, key) == NULL)
        return true;
    if (ska_approval_verify(libctx, answer, token))
        return judge_approval(ballot, answer, judged, &import->tool->errors);
    judged->end = IMPORT_INVALID;
    if (!ska_refusal_verify(libctx, answer, token))
        return true;
    judged->end = import->directory == NULL              ? IMPORT_NO_PLACE
                  : ska_ballot_has_approved(ballot, key) ? IMPORT_NO_USE
                                                         : IMPORT_TAKEN;
    return judged->end != IMPORT_TAKEN ||
           judge_refusal(ballot, answer, judged, &import->tool->errors);
}

/* ---- What becomes of it ---------------------------------------------------------------------- */

/* What a request calls its approvers is its maker's word: the signer's, or a colleague's. */
static bool names_are_signers(const struct import *import, const struct import_target *target)
{
    struct stat place;

    return import->directory == NULL || target->owner == geteuid() ||
           (fstat(ska_directory_fd(import->directory), &place) == 0 && place.st_uid != 0 &&
            target->owner == place.st_uid);
}

static void add_signer(const struct import *import, const struct import_target *target,
                       const struct ska_approval *answer, struct ska_buffer *text)
{
    char *key = NULL;

    if (names_are_signers(import, target)) {
        ska_signer_text(target->ballot.rule, answer, text);
        return;
    }
    key = ska_key_shown(ska_span_of(&answer->public_key));
    text->failed = text->failed || key == NULL;
    ska_buffer_text(text, key == NULL ? "" : key);
    free(key);
}

/* The request, and whose it is where it is not the signer's. */
static void add_target(const struct import *import, const struct import_target *target,
                       const struct ska_approval *answer, struct ska_buffer *text)
{
    request_text_name(target->request, text);
    if (names_are_signers(import, target))
        return;
    ska_buffer_format(text, " (of uid %lu, who calls this approver ", (unsigned long)target->owner);
    ska_signer_text(target->ballot.rule, answer, text);
    ska_buffer_text(text, ")");
}

/* "alice's approval of request ..." */
static void name_answer(const struct import *import, const struct import_target *target,
                        const struct judged *judged, struct ska_buffer *text)
{
    add_signer(import, target, judged->answer, text);
    ska_buffer_format(text, "'s %s of ", judged->refusal ? "rejection" : "approval");
    add_target(import, target, judged->answer, text);
}

static void say_put(const struct import *import, const struct import_target *target,
                    const struct judged *judged)
{
    struct ska_buffer text = {0};

    ska_buffer_text(&text, "Put ");
    name_answer(import, target, judged, &text);
    ska_buffer_text(&text, " into ");
    text_output_path(import->path, &text);
    if (judged->end == IMPORT_REPLACED)
        ska_buffer_text(&text, ", in place of the one before");
    if (judged->had_refused)
        ska_buffer_text(&text, ", in place of the rejection, which no longer counts");
    ska_buffer_text(&text, " (");
    ska_ballot_progress_text(&target->ballot, &text);
    ska_buffer_text(&text, ")");
    report_message("%s", ska_buffer_string(&text));
    ska_buffer_free(&text);
}

static bool put_into_directory(struct import *import, const struct import_target *target,
                               const struct judged *judged)
{
    char name[SKA_FILE_NAME_SIZE];

    if (!ska_directory_put(import->directory, target->request->id,
                           judged->refusal ? SKA_FILE_REFUSAL : SKA_FILE_APPROVAL, judged->answer,
                           name, &import->tool->errors))
        return false;
    say_put(import, target, judged);
    if (judged->end == IMPORT_REPLACED)
        directory_replace_refusals(import->directory, target->request->id,
                                   ska_span_of(&judged->answer->public_key), name);
    return true;
}

/* Copies of one request have answers in common; in a directory the same came twice. */
static void say_there_already(const struct import *import, const char *path,
                              const struct import_target *target, const struct judged *judged)
{
    struct ska_buffer text = {0};

    if (import->directory == NULL)
        return;
    name_answer(import, target, judged, &text);
    import_note(path, "nothing new: %s is already there", ska_buffer_string(&text));
    ska_buffer_free(&text);
}

static void say_not_taken(struct import *import, const char *path,
                          const struct import_target *target, const struct judged *judged)
{
    static const struct {
        const char *before; /* the approver's name */
        const char *after;
        const char *more; /* the request's */
    } words[] = {
        [IMPORT_UNLISTED] = {"", " is not an approver of this key: ", ""},
        [IMPORT_INVALID] = {"the signature of ", " is not over ",
                            ": it was changed on the way, or made for another request"},
        [IMPORT_NO_USE] = {"", " has approved ",
                           " already, and this is a rejection: an approval cannot be taken back"},
        [IMPORT_NO_PLACE] = {"", " rejects ",
                             ", and a bundle has no place for rejections: import it into the "
                             "approvals directory (--dir), or tell the signer"},
        [IMPORT_TOO_MANY] = {"", " comes too late: there are as many answers as can be taken for ",
                             ""}};
    struct ska_buffer text = {0};

    ska_buffer_text(&text, words[judged->end].before);
    add_signer(import, target, judged->answer, &text);
    ska_buffer_text(&text, words[judged->end].after);
    request_text_name(target->request, &text);
    ska_buffer_text(&text, words[judged->end].more);
    import_not_taken(import, path, "%s", ska_buffer_string(&text));
    ska_buffer_free(&text);
}

static bool conclude_answer(struct import *import, const char *path,
                            const struct import_target *target, const struct judged *judged)
{
    switch (judged->end) {
    case IMPORT_TAKEN:
    case IMPORT_REPLACED:
        return import->directory == NULL || put_into_directory(import, target, judged);
    case IMPORT_THERE:
        say_there_already(import, path, target, judged);
        break;
    case IMPORT_UNLISTED:
    case IMPORT_INVALID:
    case IMPORT_NO_USE:
    case IMPORT_NO_PLACE:
    case IMPORT_TOO_MANY:
        say_not_taken(import, path, target, judged);
        break;
    }
    return true;
}

bool import_answers(struct import *import, const char *path, struct import_target *target,
                    struct ska_approval *answers, size_t count)
{
    bool done = true;

    for (size_t i = 0; done && i < count; i++) {
        struct judged judged;

        done = import_judge(import, target, &answers[i], &judged) &&
               conclude_answer(import, path, target, &judged);
    }
    return done;
}

bool import_alone(struct import *import, struct import_arrival *arrival,
                  struct import_target *target, struct import_search *search)
{
    struct judged judged;

    if (!import_judge(import, target, arrival->answers, &judged))
        return false;
    search->tried++;
    search->listed += judged.end != IMPORT_UNLISTED;
    search->found = judged.end != IMPORT_UNLISTED && judged.end != IMPORT_INVALID;
    return !search->found || conclude_answer(import, arrival->path, target, &judged);
}
