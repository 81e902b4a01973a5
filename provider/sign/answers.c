/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/answers.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "provider/base/clock.h"
#include "provider/base/error_capture.h"
#include "provider/base/file.h"
#include "provider/base/json.h"
#include "provider/base/listing.h"
#include "provider/base/printable.h"
#include "provider/sign/new_file.h"

/*
 * The most files that are remembered, about 50 MiB of memory. More are looked at again each time.
 */
#define FILES_LIMIT 200000
/* Verifying takes time: who puts so many wrong answers into a file is not heard further. */
#define WRONG_LIMIT 100
/* At most this much is told of what does not count, and of so many files. */
#define NOTES_LIMIT 600
#define NOTES_MOST 64

/* ---- Files that were looked at --------------------------------------------------------------- */

/* A file as it was when it was looked at, and what was wrong with it (NULL: nothing). */
struct answer_file {
    char *name;
    ino_t inode;
    off_t size;
    struct timespec modified;
    struct timespec changed;
    char *note;
};

struct ska_answers {
    void *files; /* struct answer_file by name, of tsearch(3) */
    size_t file_count;
    size_t note_count;
    size_t empty; /* files, in the last look */
    bool left;    /* something, in the last look, for want of time */
    bool again;   /* or for another reason: it is looked at once more */
    /* What is written, or was left half written: names that are no answer's yet. */
    struct ska_directory_names unfinished;
    bool unnamed; /* there are more than are remembered */
};

bool ska_answers_new(struct ska_answers **answers, const struct ska_errors *errors)
{
    *answers = calloc(1, sizeof(**answers));
    return *answers != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for approvals");
}

static void free_file(void *vfile)
{
    struct answer_file *file = vfile;

    free(file->name);
    free(file->note);
    free(file);
}

void ska_answers_restart(struct ska_answers *answers)
{
    tdestroy(answers->files, free_file);
    ska_directory_names_free(&answers->unfinished);
    *answers = (struct ska_answers){.files = NULL};
}

void ska_answers_free(struct ska_answers *answers)
{
    if (answers == NULL)
        return;
    ska_answers_restart(answers);
    free(answers);
}

/* ---- Telling --------------------------------------------------------------------------------- */

void ska_answers_note(struct ska_buffer *notes, const char *text)
{
    if (notes->length < NOTES_LIMIT)
        ska_buffer_format(notes, "; %s", text);
}

struct telling {
    struct ska_buffer *text;
    size_t start;
};

/* POSIX's twalk() has no argument to hand on; glibc's twalk_r() has. */
static void tell_file(const void *node, VISIT visit, void *vtelling)
{
    const struct answer_file *file = *(struct answer_file *const *)node;
    const struct telling *telling = vtelling;

    if ((visit == postorder || visit == leaf) && file->note != NULL &&
        telling->text->length - telling->start < NOTES_LIMIT)
        ska_buffer_format(telling->text, "; ignored: %s", file->note);
}

void ska_answers_tell(const struct ska_answers *answers, struct ska_buffer *text)
{
    struct telling telling = {text, text->length};

    twalk_r(answers->files, tell_file, &telling);
    if (answers->empty > 0)
        ska_buffer_format(text, "; ignored: %zu empty file%s", answers->empty,
                          answers->empty == 1 ? "" : "s");
    if (answers->left)
        ska_buffer_text(text, "; there are too many files: not all were looked at in the time");
}

/* ---- One answer ------------------------------------------------------------------------------ */

/* Raises why an answer does not count, naming its source and its approver. */
static void tell_fault(const struct ska_ballot *ballot, const char *shown,
                       const struct ska_approval *answer, bool refusal,
                       const struct ska_errors *wrong)
{
    struct ska_buffer name = {0};

    ska_signer_text(ballot->rule, answer, &name);
    ska_fail(wrong, SKA_R_APPROVAL_INVALID, "%s: %s %s", shown, ska_buffer_string(&name),
             ska_answer_fault(answer->state, refusal));
    ska_buffer_free(&name);
}

/* Takes it, and tells the listener and, of what does not count, `wrong`. */
static bool take_answer(struct ska_ballot *ballot, const char *shown, const uid_t *owner,
                        struct ska_approval *answer, bool refusal,
                        const struct ska_listener *listener, const struct ska_errors *wrong,
                        enum ska_answer_state *state, const struct ska_errors *errors)
{
    struct ska_error_capture fault = {0};
    const struct ska_errors to_fault = ska_error_capture(&fault);
    struct ska_heard heard = {ballot, answer, refusal, shown, owner, NULL};
    bool done = refusal ? ska_ballot_take_refusal(ballot, answer, errors)
                        : ska_ballot_take_approval(ballot, answer, errors);

    if (!done)
        return false;
    *state = answer->state;
    if (*state == SKA_ANSWER_UNSEEN) { /* it has moved, since it counts */
        *state = SKA_ANSWER_COUNTS;
        heard.answer = refusal ? &ballot->refusals[ballot->refusal_count - 1]
                               : &ballot->request->approvals[ballot->request->approval_count - 1];
    } else if (*state == SKA_ANSWER_DOUBLED && refusal) {
        return true; /* who says no twice has said no */
    } else {
        tell_fault(ballot, shown, answer, refusal, &to_fault);
        heard.fault = ska_error_capture_text(&fault);
        ska_error_capture_raise(&fault, wrong);
    }
    if (listener != NULL)
        done = listener->hear(listener->arg, &heard, errors);
    ska_error_capture_clear(&fault);
    return done;
}

bool ska_answers_hand_in(struct ska_ballot *ballot, const char *shown,
                         struct ska_approval *approvals, size_t count, struct ska_buffer *notes,
                         const struct ska_listener *listener, const struct ska_errors *errors)
{
    bool done = true;

    for (size_t i = 0; done && i < count; i++) {
        struct ska_error_capture fault = {0};
        const struct ska_errors to_fault = ska_error_capture(&fault);
        enum ska_answer_state state = SKA_ANSWER_UNSEEN;

        done = take_answer(ballot, shown, NULL, &approvals[i], false, listener, &to_fault, &state,
                           errors);
        if (fault.reason != 0 && notes->length < NOTES_LIMIT)
            ska_buffer_format(notes, "; ignored: %s", ska_error_capture_text(&fault));
        ska_error_capture_clear(&fault);
    }
    return done;
}

/* ---- Files ----------------------------------------------------------------------------------- */

static int compare_answer_files(const void *a, const void *b)
{
    return strcmp(((const struct answer_file *)a)->name, ((const struct answer_file *)b)->name);
}

static bool is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_as_it_was(const struct answer_file *file, const struct stat *status)
{
    return file->inode == status->st_ino && file->size == status->st_size &&
           is_same_time(file->modified, status->st_mtim) &&
           is_same_time(file->changed, status->st_ctim);
}

/* NULL: it was not looked at yet, or is not remembered. */
static struct answer_file *find_file(const struct ska_answers *answers, const char *name)
{
    struct answer_file wanted = {.name = (char *)(uintptr_t)name};
    struct answer_file **node = tfind(&wanted, &answers->files, compare_answer_files);

    return node == NULL ? NULL : *node;
}

static bool remember_file(struct ska_answers *answers, const char *name, struct answer_file **file,
                          const struct ska_errors *errors)
{
    struct answer_file *made = calloc(1, sizeof(*made));

    if (made == NULL || (made->name = strdup(name)) == NULL ||
        tsearch(made, &answers->files, compare_answer_files) == NULL) {
        if (made != NULL)
            free_file(made);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for %zu files of approvals",
                        answers->file_count);
    }
    answers->file_count++;
    *file = made;
    return true;
}

static void forget_note(struct ska_answers *answers, struct answer_file *file)
{
    answers->note_count -= file->note != NULL;
    free(file->note);
    file->note = NULL;
}

/* It is looked at now, as it is. */
static void mark_look(struct answer_file *file, const struct stat *status)
{
    file->inode = status->st_ino;
    file->size = status->st_size;
    file->modified = status->st_mtim;
    file->changed = status->st_ctim;
}

/* It will be looked at once more. */
static void forget_look(struct ska_answers *answers, struct answer_file *file)
{
    file->changed = (struct timespec){0, 0};
    answers->again = true;
}

static bool afford(struct ska_budget *budget, const struct stat *status)
{
    bool is_read = S_ISREG(status->st_mode) && (size_t)status->st_size <= SKA_JSON_LIMIT;

    return budget == NULL ||
           ska_budget_take_file(budget, status->st_uid, is_read ? (size_t)status->st_size : 0);
}

/* ---- One file -------------------------------------------------------------------------------- */

/* A look, and the file that is looked at in it. */
struct reading {
    struct ska_answers *answers;
    const struct ska_look *look;
    struct ska_ballot *ballot;
    struct answer_file *file;
    uid_t owner;
    const char *shown;
    const struct ska_errors *wrong;
};

/* False: it is no file with answers, or not now. */
static bool read_answers(const struct reading *reading, struct ska_approval **answers,
                         size_t *count)
{
    struct ska_bytes text = {NULL, 0};
    bool done = false;

    errno = 0;
    done = ska_file_read_at(ska_directory_fd(reading->look->directory), reading->file->name,
                            reading->shown, SKA_JSON_LIMIT, &text, reading->wrong);
    if (!done && ska_directory_failure_passes(errno))
        forget_look(reading->answers, reading->file);
    done = done && ska_approvals_parse(ska_span_of(&text), reading->shown,
                                       ska_span_of(&reading->ballot->request->approval_token),
                                       answers, count, reading->wrong);
    ska_bytes_free(&text);
    return done;
}

/* As whose its wrong answers count: without a rule anybody can have as many keys as they like. */
static struct ska_span budgeted_key(const struct reading *reading,
                                    const struct ska_approval *answer)
{
    return reading->ballot->rule == NULL ? ska_span(NULL, 0) : ska_span_of(&answer->public_key);
}

/* False: there were too many wrong answers of this approver, who could still be heard. */
static bool may_verify(const struct reading *reading, const struct ska_approval *answer,
                       bool refusal)
{
    struct ska_budget *budget = reading->look->budget;

    return budget == NULL ||
           !ska_ballot_would_verify(reading->ballot, ska_span_of(&answer->public_key), refusal) ||
           ska_budget_may_verify(budget, reading->owner, budgeted_key(reading, answer));
}

static bool take_answers_of_file(const struct reading *reading, struct ska_approval *answers,
                                 size_t count, const struct ska_errors *errors)
{
    bool refusal = ska_file_kind_of(reading->file->name) == SKA_FILE_REFUSAL;
    size_t wrong = 0;

    for (size_t i = 0; i < count && wrong < WRONG_LIMIT; i++) {
        enum ska_answer_state state = SKA_ANSWER_UNSEEN;

        if (ska_clock_ms() >= reading->look->until) {
            reading->answers->left = true;
            forget_look(reading->answers, reading->file);
            return true;
        }
        if (!may_verify(reading, &answers[i], refusal)) {
            forget_look(reading->answers, reading->file);
            continue;
        }
        if (!take_answer(reading->ballot, reading->shown, &reading->owner, &answers[i], refusal,
                         reading->look->listener, reading->wrong, &state, errors))
            return false;
        wrong += state != SKA_ANSWER_COUNTS;
        if (reading->look->budget != NULL && state == SKA_ANSWER_INVALID)
            ska_budget_take_wrong(reading->look->budget, reading->owner,
                                  budgeted_key(reading, &answers[i]));
    }
    return true;
}

static bool look_at_file(struct reading *reading, const struct ska_errors *errors)
{
    struct ska_error_capture fault = {0};
    const struct ska_errors to_fault = ska_error_capture(&fault);
    char *shown = ska_file_name_shown(reading->file->name);
    struct ska_approval *answers = NULL;
    size_t count = 0;
    bool done = shown != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for approvals");

    reading->shown = shown;
    reading->wrong = reading->look->wrong != NULL ? reading->look->wrong : &to_fault;
    if (done && read_answers(reading, &answers, &count))
        done = take_answers_of_file(reading, answers, count, errors);
    if (fault.reason != 0 && reading->answers->note_count < NOTES_MOST) {
        reading->file->note = strdup(ska_error_capture_text(&fault));
        reading->answers->note_count += reading->file->note != NULL;
    }
    reading->shown = NULL;
    reading->wrong = NULL;
    ska_approvals_free(answers, count);
    ska_error_capture_clear(&fault);
    free(shown);
    return done;
}

/* ---- A look ---------------------------------------------------------------------------------- */

/* Remembers it first, unless there are too many: nothing is left aside for want of memory. */
static bool look_at_news(struct reading *reading, const char *name, const struct stat *status,
                         const struct ska_errors *errors)
{
    struct answer_file once = {.name = (char *)(uintptr_t)name};
    bool done = true;

    if (reading->file == NULL && reading->answers->file_count < FILES_LIMIT &&
        !remember_file(reading->answers, name, &reading->file, errors))
        return false;
    if (reading->file == NULL) {
        reading->file = &once;
        reading->answers->unnamed = true;
    }
    forget_note(reading->answers, reading->file);
    mark_look(reading->file, status);
    reading->owner = status->st_uid;
    done = look_at_file(reading, errors);
    reading->file = NULL;
    forget_note(reading->answers, &once);
    return done;
}

/* Many bad files cannot hide a good one: each is looked at once. */
static bool look_at_name(struct reading *reading, const char *name, const struct ska_errors *errors)
{
    const struct ska_directory *directory = reading->look->directory;
    enum ska_file_kind kind = ska_file_kind_of(name);
    struct stat status;

    if (kind == SKA_FILE_REQUEST ||
        (kind == SKA_FILE_APPROVAL && !ska_directory_holds_approvals(directory)) ||
        fstatat(ska_directory_fd(directory), name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return true;
    /* When it gets its content it is another file. */
    if (S_ISREG(status.st_mode) && status.st_size == 0) {
        reading->answers->empty++;
        return true;
    }
    reading->file = find_file(reading->answers, name);
    if (reading->file != NULL && is_as_it_was(reading->file, &status))
        return true;
    if (!afford(reading->look->budget, &status)) {
        reading->answers->again = true;
        return true;
    }
    return look_at_news(reading, name, &status, errors);
}

#define UNFINISHED_MOST 100

static void note_unfinished(struct ska_answers *answers, const char *name)
{
    if (answers->unfinished.count == UNFINISHED_MOST ||
        !ska_directory_names_add(&answers->unfinished, name, NULL))
        answers->unnamed = true;
}

static bool look_at_names(struct reading *reading, const struct ska_directory_names *names,
                          const struct ska_errors *errors)
{
    const char *id = reading->ballot->request->id;
    size_t first = 0;
    size_t end = 0;
    bool done = true;

    for (size_t i = 0; i < names->count && ska_new_file_is(names->names[i], id); i++)
        note_unfinished(reading->answers, names->names[i]);
    ska_directory_names_of(names, id, &first, &end);
    for (size_t i = first; done && i < end; i++) {
        if (ska_clock_ms() >= reading->look->until) {
            reading->answers->left = true;
            break;
        }
        done = look_at_name(reading, names->names[i], errors);
    }
    return done;
}

/* Without a list of them all, which somebody could make long. */
static bool look_at_listing(struct reading *reading, const struct ska_errors *errors)
{
    const char *id = reading->ballot->request->id;
    const struct dirent *entry = NULL;
    struct ska_listing listing;
    bool done = true;

    ska_listing_start_at(&listing, ska_directory_fd(reading->look->directory));
    while (done && (entry = ska_listing_next(&listing)) != NULL) {
        if (ska_new_file_is(entry->d_name, id))
            note_unfinished(reading->answers, entry->d_name);
        if (!ska_file_is_answer(entry->d_name, id))
            continue;
        if (ska_clock_ms() >= reading->look->until) {
            reading->answers->left = true;
            break;
        }
        done = look_at_name(reading, entry->d_name, errors);
    }
    return ska_listing_end(&listing) ? done
                                     : ska_directory_fail(reading->look->directory, ".", errors);
}

bool ska_answers_look(struct ska_answers *answers, const struct ska_look *look,
                      struct ska_ballot *ballot, const struct ska_errors *errors)
{
    struct reading reading = {.answers = answers, .look = look, .ballot = ballot};

    bool done = true;

    answers->empty = 0;
    answers->left = false;
    answers->again = false;
    if (look->names == NULL)
        ska_directory_names_free(&answers->unfinished);
    done = look->names != NULL ? look_at_names(&reading, look->names, errors)
                               : look_at_listing(&reading, errors);
    if (answers->empty > 0 && look->wrong != NULL)
        ska_fail(look->wrong, SKA_R_BAD_REQUEST, "%zu empty file%s for request %.16s",
                 answers->empty, answers->empty == 1 ? "" : "s", ballot->request->id);
    return done;
}

bool ska_answers_are_complete(const struct ska_answers *answers)
{
    return answers->empty == 0 && !answers->left && !answers->again;
}

bool ska_answers_have_faults(const struct ska_answers *answers)
{
    return answers->note_count > 0;
}

/* ---- Their names ----------------------------------------------------------------------------- */

struct naming {
    struct ska_directory_names *names;
    bool complete;
};

static void name_file(const void *node, VISIT visit, void *vnaming)
{
    const struct answer_file *file = *(struct answer_file *const *)node;
    struct naming *naming = vnaming;

    if (visit == postorder || visit == leaf)
        naming->complete =
            ska_directory_names_add(naming->names, file->name, NULL) && naming->complete;
}

bool ska_answers_names(const struct ska_answers *answers, struct ska_directory_names *names)
{
    struct naming naming = {names, ska_answers_are_complete(answers) && !answers->unnamed};

    if (!naming.complete)
        return false;
    twalk_r(answers->files, name_file, &naming);
    for (size_t i = 0; i < answers->unfinished.count; i++)
        naming.complete =
            ska_directory_names_add(names, answers->unfinished.names[i], NULL) && naming.complete;
    return naming.complete;
}
