/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "provider/base/clock.h"
#include "provider/base/file.h"
#include "provider/record/audit.h"
#include "provider/base/json.h"
#include "provider/rule/quorum.h"
#include "provider/request/refusal.h"

/* The most files that are remembered; more are not looked at. */
#define FILES_LIMIT 100000
/* Verifying takes time: who puts so many wrong answers into a file is not heard further. */
#define WRONG_LIMIT 100
/* At most this much is told of what does not count. */
#define NOTES_LIMIT 600

/* A file as it was when it was looked at, and what was wrong with it (NULL: nothing). */
struct file {
    char *name;
    ino_t inode;
    off_t size;
    struct timespec modified;
    struct timespec changed;
    char *note;
};

struct ska_collection {
    struct ska_collecting options;
    void *files; /* struct file by name, of tsearch(3) */
    size_t file_count;
    struct ska_buffer notes; /* of what came from elsewhere */
    struct ska_approval *refusals;
    size_t refusal_count;
    size_t wrong; /* answers that do not count, so far */
};

bool ska_collection_new(const struct ska_collecting *options, struct ska_collection **collection,
                        const struct ska_errors *errors)
{
    struct ska_collection *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for approvals");
    made->options = *options;
    *collection = made;
    return true;
}

static void free_file(void *vfile)
{
    struct file *file = vfile;

    free(file->name);
    free(file->note);
    free(file);
}

void ska_collection_restart(struct ska_collection *collection)
{
    tdestroy(collection->files, free_file);
    collection->files = NULL;
    collection->file_count = 0;
    ska_approvals_free(collection->refusals, collection->refusal_count);
    collection->refusals = NULL;
    collection->refusal_count = 0;
}

void ska_collection_free(struct ska_collection *collection)
{
    if (collection == NULL)
        return;
    ska_collection_restart(collection);
    ska_buffer_free(&collection->notes);
    free(collection);
}

/* ---- Notes ----------------------------------------------------------------------------------- */

/* Takes a failure as a text instead of raising it; the first one counts. */
static void keep_note(void *arg, enum ska_reason reason, const char *file, int line,
                      const char *function, const char *format, va_list args)
{
    char **note = arg;
    char text[256];

    (void)reason;
    (void)file;
    (void)line;
    (void)function;
    if (*note != NULL)
        return;
    vsnprintf(text, sizeof(text), format, args);
    *note = strdup(text);
}

void ska_collection_note(struct ska_collection *collection, const char *text)
{
    if (collection->notes.length < NOTES_LIMIT)
        ska_buffer_format(&collection->notes, "; %s", text);
}

struct telling {
    struct ska_buffer *text;
    size_t start;
};

/* POSIX's twalk() has no argument to hand on; glibc's twalk_r() has. */
static void tell_file(const void *node, VISIT visit, void *vtelling)
{
    const struct file *file = *(struct file *const *)node;
    const struct telling *telling = vtelling;

    if ((visit == postorder || visit == leaf) && file->note != NULL &&
        telling->text->length - telling->start < NOTES_LIMIT)
        ska_buffer_format(telling->text, "; ignored: %s", file->note);
}

/* ---- Verifying ------------------------------------------------------------------------------- */

static bool has_approved(const struct ska_request *request, struct ska_span public_key)
{
    for (size_t i = 0; i < request->approval_count; i++)
        if (request->approvals[i].verified &&
            ska_span_equal(ska_span_of(&request->approvals[i].public_key), public_key))
            return true;
    return false;
}

static bool is_listed(const struct ska_collection *collection, const struct ska_approval *answer)
{
    return collection->options.rule == NULL ||
           ska_rule_find_approver(collection->options.rule, ska_span_of(&answer->public_key)) !=
               NULL;
}

/* NULL, or why the approval does not count. Keys of strangers are not even verified with. */
static const char *find_fault(const struct ska_collection *collection,
                              const struct ska_request *request,
                              const struct ska_approval *approval)
{
    if (!is_listed(collection, approval))
        return "is not an approver of this key";
    if (has_approved(request, ska_span_of(&approval->public_key)))
        return "approved twice and counts once";
    if (!ska_approval_verify_with(collection->options.libctx, collection->options.approver_keys,
                                  approval, ska_span_of(&request->approval_token)))
        return "has no valid signature over this request there (changed, or made for another)";
    return NULL;
}

static bool audit(const struct ska_collection *collection, enum ska_audit_event event,
                  const struct ska_request *request, const struct ska_approval *answer,
                  const char *detail, const struct ska_errors *errors)
{
    const struct ska_audit_entry entry = {event, request, answer, detail};

    return ska_audit_append(collection->options.audit_log, collection->options.libctx, &entry,
                            errors);
}

static void add_note(struct ska_collection *collection, const char *shown,
                     const struct ska_approval *answer, const char *fault, char **note)
{
    const struct ska_errors to_note = {keep_note, note};
    char *name = ska_approver_shown(collection->options.rule, answer);

    collection->wrong++;
    ska_fail(&to_note, SKA_R_APPROVAL_INVALID, "%s: %s %s", shown,
             name == NULL ? "an approver" : name, fault);
    free(name);
}

/* False only when it cannot go on; an approval that does not count goes into the note. */
static bool take_approval(struct ska_collection *collection, struct ska_request *request,
                          const char *shown, struct ska_approval *approval, char **note,
                          const struct ska_errors *errors)
{
    const char *fault = find_fault(collection, request, approval);

    if (request->approval_count >= SKA_APPROVALS_LIMIT)
        fault = "comes too late: there are enough";
    if (fault == NULL) {
        approval->verified = true;
        return audit(collection, SKA_AUDIT_APPROVAL, request, approval, shown, errors) &&
               ska_request_add_approval(request, approval, errors);
    }
    add_note(collection, shown, approval, fault, note);
    return audit(collection, SKA_AUDIT_APPROVAL_REFUSED, request, approval,
                 *note == NULL ? fault : *note, errors);
}

static bool has_refused(const struct ska_collection *collection, struct ska_span public_key)
{
    for (size_t i = 0; i < collection->refusal_count; i++)
        if (ska_span_equal(ska_span_of(&collection->refusals[i].public_key), public_key))
            return true;
    return false;
}

static bool keep_refusal(struct ska_collection *collection, struct ska_approval *refusal,
                         const struct ska_errors *errors)
{
    struct ska_approval *grown =
        realloc(collection->refusals, (collection->refusal_count + 1) * sizeof(*grown));

    if (grown == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a refusal");
    collection->refusals = grown;
    collection->refusals[collection->refusal_count++] = *refusal;
    memset(refusal, 0, sizeof(*refusal));
    return true;
}

static bool take_refusal(struct ska_collection *collection, struct ska_request *request,
                         const char *shown, struct ska_approval *refusal, char **note,
                         const struct ska_errors *errors)
{
    const char *fault = NULL;

    if (!is_listed(collection, refusal))
        fault = "is not an approver of this key";
    else if (!ska_refusal_verify(collection->options.libctx, refusal,
                                 ska_span_of(&request->approval_token)))
        fault = "has no valid refusal of this request there";
    if (fault != NULL) {
        add_note(collection, shown, refusal, fault, note);
        return true;
    }
    return has_refused(collection, ska_span_of(&refusal->public_key)) ||
           (audit(collection, SKA_AUDIT_REJECTION, request, refusal, shown, errors) &&
            keep_refusal(collection, refusal, errors));
}

bool ska_collection_take(struct ska_collection *collection, struct ska_request *request,
                         const char *shown, struct ska_approval *approvals, size_t count,
                         const struct ska_errors *errors)
{
    bool done = true;

    for (size_t i = 0; done && i < count; i++) {
        char *note = NULL;

        done = take_approval(collection, request, shown, &approvals[i], &note, errors);
        if (note != NULL && collection->notes.length < NOTES_LIMIT)
            ska_buffer_format(&collection->notes, "; ignored: %s", note);
        free(note);
    }
    return done;
}

/* ---- Files ----------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->name, ((const struct file *)b)->name);
}

static bool is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* The file to be looked at, marked as it is now; NULL: it is as it was, or there are too many. */
static struct file *find_news(struct ska_collection *collection,
                              const struct ska_directory *directory, const char *name)
{
    struct file wanted = {.name = (char *)(uintptr_t)name};
    struct file **node = tfind(&wanted, &collection->files, compare_names);
    struct file *file = node == NULL ? NULL : *node;
    struct stat status;

    if (fstatat(ska_directory_fd(directory), name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return NULL;
    if (file != NULL && file->inode == status.st_ino && file->size == status.st_size &&
        is_same_time(file->modified, status.st_mtim) && is_same_time(file->changed, status.st_ctim))
        return NULL;
    if (file == NULL) {
        if (collection->file_count >= FILES_LIMIT || (file = calloc(1, sizeof(*file))) == NULL)
            return NULL;
        file->name = strdup(name);
        if (file->name == NULL || tsearch(file, &collection->files, compare_names) == NULL) {
            free_file(file);
            return NULL;
        }
        collection->file_count++;
    }
    file->inode = status.st_ino;
    file->size = status.st_size;
    file->modified = status.st_mtim;
    file->changed = status.st_ctim;
    free(file->note);
    file->note = NULL;
    return file;
}

/* It will be looked at once more. */
static void forget_look(struct file *file)
{
    file->changed = (struct timespec){0, 0};
}

/* False: it is no file with answers, or not now. */
static bool read_text(const struct ska_directory *directory, struct file *file, const char *shown,
                      struct ska_bytes *text)
{
    const struct ska_errors to_note = {keep_note, &file->note};

    errno = 0;
    if (ska_file_read_at(ska_directory_fd(directory), file->name, shown, SKA_JSON_LIMIT, text,
                         &to_note))
        return true;
    if (ska_directory_failure_passes(errno))
        forget_look(file);
    return false;
}

static bool read_file(struct ska_collection *collection, const struct ska_directory *directory,
                      struct ska_request *request, struct file *file, int64_t until,
                      const struct ska_errors *errors)
{
    const struct ska_errors to_note = {keep_note, &file->note};
    enum ska_answer kind = ska_directory_answer(file->name, request->id);
    char *shown = ska_printable(ska_span_text(file->name), 160);
    struct ska_bytes text = {NULL, 0};
    struct ska_approval *answers = NULL;
    size_t count = 0;
    size_t most_wrong = collection->wrong + WRONG_LIMIT;
    bool done = true;

    if (shown != NULL && read_text(directory, file, shown, &text) &&
        ska_approvals_parse(ska_span_of(&text), shown, ska_span_of(&request->approval_token),
                            &answers, &count, &to_note)) {
        for (size_t i = 0; done && i < count && collection->wrong < most_wrong; i++) {
            if (ska_clock_ms() >= until) {
                forget_look(file);
                break;
            }
            done = kind == SKA_ANSWER_APPROVAL
                       ? take_approval(collection, request, shown, &answers[i], &file->note, errors)
                       : take_refusal(collection, request, shown, &answers[i], &file->note, errors);
        }
    }
    ska_approvals_free(answers, count);
    ska_bytes_free(&text);
    free(shown);
    return done;
}

bool ska_collection_look(struct ska_collection *collection, const struct ska_directory *directory,
                         struct ska_request *request, int64_t until,
                         const struct ska_errors *errors)
{
    DIR *listing = ska_directory_list(directory);
    const struct dirent *entry = NULL;
    bool done = true;

    if (listing == NULL)
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", ska_directory_path(directory),
                        strerror(errno));
    /* Many bad files cannot hide a good one: each is looked at once. */
    while (done && ska_clock_ms() < until && (entry = readdir(listing)) != NULL) {
        struct file *file = NULL;

        if (ska_directory_answer(entry->d_name, request->id) == SKA_ANSWER_NONE)
            continue;
        file = find_news(collection, directory, entry->d_name);
        if (file != NULL)
            done = read_file(collection, directory, request, file, until, errors);
    }
    closedir(listing);
    return done;
}

/* ---- Refusals -------------------------------------------------------------------------------- */

void ska_collection_tell(const struct ska_collection *collection, const struct ska_request *request,
                         struct ska_buffer *text)
{
    struct telling telling = {text, text->length};

    for (size_t i = 0; i < collection->refusal_count; i++) {
        const struct ska_approval *refusal = &collection->refusals[i];
        char *name = NULL;

        if (has_approved(request, ska_span_of(&refusal->public_key)))
            continue;
        name = ska_approver_shown(collection->options.rule, refusal);
        ska_buffer_format(text, "; %s has refused", name == NULL ? "an approver" : name);
        free(name);
    }
    if (collection->notes.length > 0)
        ska_buffer_add(text, collection->notes.data, collection->notes.length);
    twalk_r(collection->files, tell_file, &telling);
}

/* All who are listed, without those who have refused. */
static size_t list_willing(const struct ska_collection *collection,
                           const struct ska_request *request, struct ska_span *keys)
{
    const struct ska_rule *rule = collection->options.rule;
    size_t count = 0;

    for (size_t t = 0; t < rule->alternative_count; t++)
        for (size_t g = 0; g < rule->alternatives[t].group_count; g++) {
            const struct ska_group *group = &rule->alternatives[t].groups[g];

            for (size_t i = 0; i < group->approver_count; i++) {
                struct ska_span key = ska_span_of(&group->approvers[i].public_key);

                if (!has_refused(collection, key) || has_approved(request, key))
                    keys[count++] = key;
            }
        }
    return count;
}

static size_t count_entries(const struct ska_rule *rule)
{
    size_t count = 0;

    for (size_t t = 0; t < rule->alternative_count; t++)
        for (size_t g = 0; g < rule->alternatives[t].group_count; g++)
            count += rule->alternatives[t].groups[g].approver_count;
    return count;
}

bool ska_collection_hopeless(const struct ska_collection *collection,
                             const struct ska_request *request)
{
    const struct ska_rule *rule = collection->options.rule;
    struct ska_span *keys = NULL;
    bool hopeless = false;

    if (rule == NULL || collection->refusal_count == 0)
        return false;
    keys = calloc(count_entries(rule) + 1, sizeof(*keys));
    hopeless =
        keys != NULL && !ska_rule_satisfied(rule, keys, list_willing(collection, request, keys));
    free(keys);
    return hopeless;
}
