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

/* The most files that are remembered; more are not looked at. */
#define FILES_LIMIT 100000
/* Verifying takes time: who puts so many wrong answers into a file is not heard further. */
#define WRONG_LIMIT 100
/* At most this much is told of what does not count. */
#define NOTES_LIMIT 600

/* Of one owner, all requests together. */
#define OWNER_FILES 5000
#define OWNER_BYTES ((size_t)64 * 1024 * 1024)
#define OWNER_WRONG 500

struct ska_allowance *ska_budget_of(struct ska_budget *budget, uid_t owner)
{
    struct ska_allowance *allowance = budget->owners;

    for (size_t i = 0; i < budget->count; i++, allowance++)
        if (allowance->owner == owner)
            return allowance;
    if (budget->count == SKA_BUDGET_OWNERS) {
        budget->exhausted = true;
        return NULL;
    }
    budget->count++;
    *allowance = (struct ska_allowance){owner, OWNER_FILES, OWNER_BYTES, OWNER_WRONG, 0};
    return allowance;
}

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
    answers->files = NULL;
    answers->file_count = 0;
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
static bool take_answer(struct ska_ballot *ballot, const char *shown, struct ska_approval *answer,
                        bool refusal, const struct ska_listener *listener,
                        const struct ska_errors *wrong, enum ska_answer_state *state,
                        const struct ska_errors *errors)
{
    struct ska_error_capture fault = {0};
    const struct ska_errors to_fault = ska_error_capture(&fault);
    struct ska_heard heard = {ballot, answer, refusal, shown, NULL};
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

        done =
            take_answer(ballot, shown, &approvals[i], false, listener, &to_fault, &state, errors);
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

static struct answer_file *remember_file(struct ska_answers *answers, const char *name)
{
    struct answer_file *file = NULL;

    if (answers->file_count >= FILES_LIMIT || (file = calloc(1, sizeof(*file))) == NULL)
        return NULL;
    file->name = strdup(name);
    if (file->name == NULL || tsearch(file, &answers->files, compare_answer_files) == NULL) {
        free_file(file);
        return NULL;
    }
    answers->file_count++;
    return file;
}

/* The file to be looked at, marked as it is now; NULL: it is as it was, or there are too many. */
static struct answer_file *find_news(struct ska_answers *answers, const char *name,
                                     const struct stat *status)
{
    struct answer_file wanted = {.name = (char *)(uintptr_t)name};
    struct answer_file **node = tfind(&wanted, &answers->files, compare_answer_files);
    struct answer_file *file = node == NULL ? NULL : *node;

    if (file != NULL && file->inode == status->st_ino && file->size == status->st_size &&
        is_same_time(file->modified, status->st_mtim) &&
        is_same_time(file->changed, status->st_ctim))
        return NULL;
    if (file == NULL && (file = remember_file(answers, name)) == NULL)
        return NULL;
    file->inode = status->st_ino;
    file->size = status->st_size;
    file->modified = status->st_mtim;
    file->changed = status->st_ctim;
    free(file->note);
    file->note = NULL;
    return file;
}

/* It will be looked at once more. */
static void forget_look(struct answer_file *file)
{
    file->changed = (struct timespec){0, 0};
}

/* Takes one more file of this owner from the budget; false: nothing is left for it. */
static bool afford(struct ska_budget *budget, const struct stat *status,
                   struct ska_allowance **allowance)
{
    size_t size = S_ISREG(status->st_mode) && (size_t)status->st_size <= SKA_JSON_LIMIT
                      ? (size_t)status->st_size
                      : 0;

    *allowance = NULL;
    if (budget == NULL)
        return true;
    *allowance = ska_budget_of(budget, status->st_uid);
    if (*allowance == NULL)
        return false;
    if ((*allowance)->files == 0 || (*allowance)->bytes < size || (*allowance)->wrong == 0) {
        budget->exhausted = true;
        return false;
    }
    (*allowance)->files--;
    (*allowance)->bytes -= size;
    return true;
}

/* One file that is looked at. */
struct reading {
    const struct ska_look *look;
    struct ska_ballot *ballot;
    struct answer_file *file;
    struct ska_allowance *allowance; /* NULL: no budget */
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
        forget_look(reading->file);
    done = done && ska_approvals_parse(ska_span_of(&text), reading->shown,
                                       ska_span_of(&reading->ballot->request->approval_token),
                                       answers, count, reading->wrong);
    ska_bytes_free(&text);
    return done;
}

static bool take_answers_of_file(const struct reading *reading, struct ska_approval *answers,
                                 size_t count, const struct ska_errors *errors)
{
    bool refusal = ska_file_kind_of(reading->file->name) == SKA_FILE_REFUSAL;
    size_t wrong = 0;

    for (size_t i = 0; i < count && wrong < WRONG_LIMIT; i++) {
        enum ska_answer_state state = SKA_ANSWER_UNSEEN;

        if (ska_clock_ms() >= reading->look->until) {
            forget_look(reading->file);
            return true;
        }
        if (reading->allowance != NULL && reading->allowance->wrong == 0) {
            reading->look->budget->exhausted = true;
            return true;
        }
        if (!take_answer(reading->ballot, reading->shown, &answers[i], refusal,
                         reading->look->listener, reading->wrong, &state, errors))
            return false;
        wrong += state != SKA_ANSWER_COUNTS;
        if (reading->allowance != NULL && state == SKA_ANSWER_INVALID)
            reading->allowance->wrong--;
    }
    return true;
}

static bool look_at_file(struct reading *reading, const struct ska_errors *errors)
{
    struct ska_error_capture fault = {0};
    const struct ska_errors to_fault = ska_error_capture(&fault);
    char *shown = ska_printable(ska_span_text(reading->file->name), 255);
    struct ska_approval *answers = NULL;
    size_t count = 0;
    bool done = true;

    reading->shown = shown;
    reading->wrong = reading->look->wrong != NULL ? reading->look->wrong : &to_fault;
    if (shown != NULL && read_answers(reading, &answers, &count))
        done = take_answers_of_file(reading, answers, count, errors);
    if (fault.reason != 0)
        reading->file->note = strdup(ska_error_capture_text(&fault));
    reading->shown = NULL;
    reading->wrong = NULL;
    ska_approvals_free(answers, count);
    ska_error_capture_clear(&fault);
    free(shown);
    return done;
}

/* Many bad files cannot hide a good one: each is looked at once. */
static bool look_at_names(struct ska_answers *answers, const struct ska_look *look,
                          const struct ska_directory_names *names, struct ska_ballot *ballot,
                          const struct ska_errors *errors)
{
    size_t first = 0;
    size_t end = 0;
    bool done = true;

    ska_directory_names_of(names, ballot->request->id, &first, &end);
    for (size_t i = first; done && i < end && ska_clock_ms() < look->until; i++) {
        struct reading reading = {.look = look, .ballot = ballot};
        enum ska_file_kind kind = ska_file_kind_of(names->names[i]);
        struct stat status;

        if (kind == SKA_FILE_REQUEST ||
            (kind == SKA_FILE_APPROVAL && !ska_directory_holds_approvals(look->directory)) ||
            fstatat(ska_directory_fd(look->directory), names->names[i], &status,
                    AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        reading.file = find_news(answers, names->names[i], &status);
        if (reading.file != NULL && afford(look->budget, &status, &reading.allowance))
            done = look_at_file(&reading, errors);
    }
    return done;
}

bool ska_answers_look(struct ska_answers *answers, const struct ska_look *look,
                      struct ska_ballot *ballot, const struct ska_errors *errors)
{
    struct ska_directory_names names = {NULL, 0};
    bool done = true;

    if (look->names != NULL)
        return look_at_names(answers, look, look->names, ballot, errors);
    done = ska_directory_list(look->directory, &names, errors) &&
           look_at_names(answers, look, &names, ballot, errors);
    ska_directory_names_free(&names);
    return done;
}
