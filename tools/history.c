/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/history.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/error_capture.h"
#include "provider/base/file.h"
#include "provider/base/json.h"
#include "provider/base/printable.h"
#include "provider/rule/window.h"
#include "tools/document.h"
#include "tools/show/modification.h"
#include "tools/show/request_text.h"
#include "tools/show/unshown.h"

#define FOLDER "ska"
#define FILE_NAME "history.jsonl"
/* Of a longer file only the end is read. */
#define READ_LIMIT ((off_t)16 * 1024 * 1024)
#define LINE_LIMIT ((size_t)1024 * 1024)
/* So many approvers are remembered of one request, the new ones first. */
#define APPROVERS_MOST 2000
#define KEY_NAME_LIMIT 1000
#define DESCRIPTION_LIMIT 1000
/* How often, each hundredth of a second, the lock is tried. */
#define LOCK_TRIES 200

static const char *const answers[] = {
    [HISTORY_APPROVED] = "approved", [HISTORY_REFUSED] = "refused"};

bool history_is_refusal(const char *answer)
{
    return strcmp(answer, answers[HISTORY_REFUSED]) == 0;
}

/* ---- Where it is ----------------------------------------------------------------------------- */

/* A folder; NULL: nobody says where this user's files are. */
static const char *find_home(const char **below)
{
    const char *state = secure_getenv("XDG_STATE_HOME");
    const char *home = secure_getenv("HOME");
    const struct passwd *user = NULL;

    *below = "";
    if (state != NULL && state[0] == '/')
        return state;
    *below = "/.local/state";
    if (home != NULL && home[0] == '/')
        return home;
    user = getpwuid(geteuid());
    return user == NULL ? NULL : user->pw_dir;
}

/* With all folders on the way; one that is there stays as it is. */
static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        bool made = false;

        if (slash != NULL)
            *slash = 0;
        made = mkdir(path, 0700) == 0 || errno == EEXIST;
        if (slash == NULL || !made)
            return made;
        *slash = '/';
    }
}

static bool is_ours_alone(int fd, mode_t type)
{
    struct stat status;

    return fstat(fd, &status) == 0 && (status.st_mode & S_IFMT) == type &&
           status.st_uid == geteuid() && (status.st_mode & 022) == 0;
}

/* -1 for what is not there. */
struct history_place {
    char *folder_path;
    char *file_path;
    int folder;
    int file;
};

static void close_place(struct history_place *place)
{
    if (place->file >= 0)
        close(place->file); /* and with it goes the lock */
    if (place->folder >= 0)
        close(place->folder);
    free(place->folder_path);
    free(place->file_path);
}

static bool name_place(struct history_place *place, const struct ska_errors *errors)
{
    const char *below = NULL;
    const char *home = find_home(&below);

    if (home == NULL)
        return ska_fail(errors, SKA_R_FILE_FAILURE,
                        "where this user's files are is not known (HOME is not set)");
    if (asprintf(&place->folder_path, "%s%s/" FOLDER, home, below) < 0)
        place->folder_path = NULL;
    else if (asprintf(&place->file_path, "%s/" FILE_NAME, place->folder_path) < 0)
        place->file_path = NULL;
    return place->file_path != NULL ||
           ska_fail(errors, SKA_R_OUT_OF_MEMORY, "the path of the history");
}

static bool open_history_folder(struct history_place *place, bool make,
                                const struct ska_errors *errors)
{
    if (make && !make_folders(place->folder_path))
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", place->folder_path, strerror(errno));
    place->folder = open(place->folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place->folder < 0)
        return (errno == ENOENT && !make) ||
               ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", place->folder_path, strerror(errno));
    return is_ours_alone(place->folder, S_IFDIR) ||
           ska_fail(errors, SKA_R_FILE_FAILURE, "%s: others may write there", place->folder_path);
}

/* With O_CREAT it is there afterwards, or that is a failure. Close the place in any case. */
static bool open_history(struct history_place *place, int flags, const struct ska_errors *errors)
{
    bool make = (flags & O_CREAT) != 0;

    *place = (struct history_place){NULL, NULL, -1, -1};
    if (!name_place(place, errors) || !open_history_folder(place, make, errors))
        return false;
    if (place->folder < 0)
        return true;
    place->file = openat(place->folder, FILE_NAME,
                         flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
    if (place->file < 0)
        return (errno == ENOENT && !make) ||
               ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", place->file_path, strerror(errno));
    return is_ours_alone(place->file, S_IFREG) ||
           ska_fail(errors, SKA_R_FILE_FAILURE, "%s: others may write to it", place->file_path);
}

/* ---- Writing --------------------------------------------------------------------------------- */

static bool add_history_approvers(cJSON *array, const struct named_keys *keys, bool fresh,
                                  size_t *count)
{
    for (size_t i = 0; i < keys->count && *count < APPROVERS_MOST; i++, (*count)++) {
        cJSON *item = cJSON_CreateObject();

        if (!ska_json_add_item(array, NULL, item) ||
            !ska_json_add_text(item, "name", keys->list[i].name) ||
            !ska_json_add_text(item, "sha256", keys->list[i].sha256) ||
            (fresh && cJSON_AddTrueToObject(item, "new") == NULL))
            return false;
    }
    return true;
}

/* Of the rules that are asked for, and of those that hold now as the requester says. */
static bool collect_history_approvers(const struct history_record *record, struct named_keys *fresh,
                                      struct named_keys *stated, const struct ska_errors *errors)
{
    struct modification modification;
    bool done = modification_read(record->request, &modification, errors);

    for (int i = 0; done && i < SKA_RULE_COUNT; i++)
        done =
            (named_keys_add_rule(fresh, record->libctx, modification.known[i], NAMED_KEY_NEW) &&
             named_keys_add_rule(stated, record->libctx,
                                 record->request->has_rule[i] ? &record->request->rules[i] : NULL,
                                 NAMED_KEY_SEEN)) ||
            ska_fail(errors, SKA_R_OUT_OF_MEMORY, "approvers of a request");
    modification_clear(&modification);
    named_keys_sort(fresh);
    named_keys_sort(stated);
    return done;
}

bool history_subject_of(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                        struct ska_span key_name, struct history_subject *subject)
{
    struct ska_span digest = {NULL, 0};

    *subject = (struct history_subject){.operation = ska_operation_names[request->operation],
                                        .key = ska_printable(key_name, KEY_NAME_LIMIT)};
    return subject->key != NULL &&
           named_key_hash(libctx, ska_span_of(&request->payload), subject->payload_sha256) &&
           (request->operation != SKA_OPERATION_SIGN || !document_fingerprint(request, &digest) ||
            ska_hex_encode(digest, &subject->document_digest, NULL));
}

void history_subject_clear(struct history_subject *subject)
{
    free(subject->key);
    free(subject->document_digest);
    memset(subject, 0, sizeof(*subject));
}

/* "": nothing is said; NULL: out of memory. */
static char *describe(const struct ska_request *request)
{
    char *unshown = request->unshown == NULL ? NULL : unshown_description(request);
    char *description =
        request->unshown != NULL && unshown == NULL
            ? NULL
            : ska_printable(ska_span_text(unshown == NULL ? request->description : unshown),
                            DESCRIPTION_LIMIT);

    free(unshown);
    return description;
}

static bool add_history_members(cJSON *json, const struct history_record *record,
                                const struct named_keys *fresh, const struct named_keys *stated)
{
    const struct ska_request *request = record->request;
    struct history_subject subject;
    char *description = describe(request);
    char key[NAMED_KEY_HASH_SIZE];
    char approver[NAMED_KEY_HASH_SIZE];
    char now[32];
    cJSON *array = cJSON_CreateArray();
    size_t count = 0;
    bool done =
        history_subject_of(record->libctx, request, record->key_name, &subject) &&
        description != NULL &&
        (request->public_key.length == 0 ||
         named_key_hash(record->libctx, ska_span_of(&request->public_key), key)) &&
        named_key_hash(record->libctx, record->public_key, approver) &&
        ska_json_add_text(json, "time", ska_time_text((uint64_t)time(NULL), now)) &&
        ska_json_add_text(json, "answer", answers[record->answer]) &&
        ska_json_add_text(json, "operation", subject.operation) &&
        ska_json_add_text(json, "requestId", request->id) &&
        (request->stated_id[0] == 0 || ska_json_add_text(json, "statedId", request->stated_id)) &&
        (record->broker_id == NULL ||
         ska_json_add_untrusted(json, "brokerId", ska_span_text(record->broker_id))) &&
        ska_json_add_text(json, "key", subject.key) &&
        /* Which key it is a broker does not tell approvers. */
        (request->public_key.length == 0 || ska_json_add_text(json, "keySha256", key)) &&
        ska_json_add_text(json, "approverSha256", approver) &&
        (description[0] == 0 || ska_json_add_text(json, "description", description)) &&
        (subject.document_digest == NULL ||
         ska_json_add_text(json, "digest", subject.document_digest)) &&
        ska_json_add_text(json, "payloadSha256", subject.payload_sha256) &&
        (record->reason == NULL ||
         ska_json_add_untrusted(json, "reason", ska_span_text(record->reason)));

    /* The array is the tree's, or deleted, from here on. */
    done = ska_json_add_item(json, "approvers", array) && done &&
           add_history_approvers(array, fresh, true, &count) &&
           add_history_approvers(array, stated, false, &count);
    history_subject_clear(&subject);
    free(description);
    return done;
}

static bool make_history_line(const struct history_record *record, struct ska_bytes *line,
                              const struct ska_errors *errors)
{
    struct named_keys fresh = {NULL, 0};
    struct named_keys stated = {NULL, 0};
    cJSON *json = cJSON_CreateObject();
    bool done = collect_history_approvers(record, &fresh, &stated, errors) &&
                ((json != NULL && add_history_members(json, record, &fresh, &stated)) ||
                 ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a line of the history")) &&
                ska_json_print_line(json, line, errors);

    cJSON_Delete(json);
    named_keys_clear(&fresh);
    named_keys_clear(&stated);
    return done;
}

/* Whoever else adds a line has done so in a moment. */
static bool lock_history(int fd)
{
    const struct timespec pause = {0, 10000000};

    for (int tries = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; tries++) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || tries == LOCK_TRIES)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

/* A line that somebody could not write to its end is ended first, and is broken then. */
static bool append_line(int fd, struct ska_span line)
{
    struct stat status;
    char last = '\n';
    off_t end = 0;

    if (fstat(fd, &status) != 0)
        return false;
    end = status.st_size;
    if (end > 0 && pread(fd, &last, 1, end - 1) != 1)
        return false;
    if ((last == '\n' || ska_write_all(fd, ska_span_text("\n"))) && ska_write_all(fd, line) &&
        fsync(fd) == 0)
        return true;
    if (ftruncate(fd, end) != 0)
        return false; /* so that a part of it stays: it is broken, and passed over */
    return false;
}

bool history_add(const struct history_record *record, const struct ska_errors *errors)
{
    struct history_place place;
    struct ska_bytes line = {NULL, 0};
    bool done = open_history(&place, O_RDWR | O_APPEND | O_CREAT, errors) &&
                make_history_line(record, &line, errors);

    if (done && !lock_history(place.file))
        done = ska_fail(errors, SKA_R_FILE_FAILURE, "%s: another process keeps it locked",
                        place.file_path);
    if (done && !append_line(place.file, ska_span_of(&line)))
        done = ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", place.file_path, strerror(errno));
    close_place(&place);
    ska_bytes_free(&line);
    return done;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static bool is_sha256(const char *text)
{
    return strlen(text) == NAMED_KEY_HASH_SIZE - 1 &&
           strspn(text, "0123456789abcdef") == NAMED_KEY_HASH_SIZE - 1;
}

bool history_take_sha256(const struct ska_json_place *place, const char *name, const char **sha256)
{
    return ska_json_text(place, name, SKA_JSON_REQUIRED, sha256) &&
           (is_sha256(*sha256) || ska_json_fail_value(place, name, *sha256, "a SHA-256"));
}

bool history_take_time(const struct ska_json_place *place, const char **text, uint64_t *seconds)
{
    return ska_json_text(place, "time", SKA_JSON_REQUIRED, text) &&
           ((ska_time_read(*text, seconds) && *seconds > 0) ||
            ska_json_fail_value(place, "time", *text, "a time"));
}

/* Whatever else it were would be counted as the one or the other. */
bool history_take_answer(const struct ska_json_place *place, const char **answer)
{
    return ska_json_text(place, "answer", SKA_JSON_REQUIRED, answer) &&
           (strcmp(*answer, answers[HISTORY_APPROVED]) == 0 || history_is_refusal(*answer) ||
            ska_json_fail_value(place, "answer", *answer, "approved or refused"));
}

bool history_parse_line(struct ska_span line, const char *shown, cJSON **json,
                        struct ska_json_place *top, const struct ska_errors *errors)
{
    *json = NULL;
    if (line.length > LINE_LIMIT)
        return ska_fail(errors, SKA_R_BAD_JSON, "%s: %zu bytes are too many", shown, line.length);
    if (!ska_json_parse(line, shown, json, errors))
        return false;
    ska_json_top(top, *json, shown, SKA_R_BAD_JSON, errors);
    if (cJSON_IsObject(*json))
        return true;
    cJSON_Delete(*json);
    *json = NULL;
    return ska_fail(errors, SKA_R_BAD_JSON, "%s: not an object", shown);
}

static bool take_approver(const struct ska_json_place *place, bool approved, uint64_t seconds,
                          struct history *history, const struct ska_errors *errors)
{
    const char *name = NULL;
    const char *sha256 = NULL;
    bool fresh = false;

    return ska_json_text(place, "name", SKA_JSON_REQUIRED, &name) &&
           history_take_sha256(place, "sha256", &sha256) &&
           ska_json_bool(place, "new", SKA_JSON_OPTIONAL, &fresh) &&
           (named_keys_add(&history->approvers, name, sha256,
                           approved && fresh ? NAMED_KEY_ACCEPTED : NAMED_KEY_SEEN, seconds) ||
            ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a line of the history"));
}

static bool take_approvers(const struct ska_json_place *top, bool approved, uint64_t seconds,
                           struct history *history, const struct ska_errors *errors)
{
    struct ska_json_place array;
    const cJSON *item = NULL;
    size_t index = 0;
    bool done = ska_json_array(top, "approvers", SKA_JSON_REQUIRED, &array);

    for (item = done ? array.value->child : NULL; done && item != NULL; item = item->next) {
        struct ska_json_place place;

        ska_json_element(&array, item, index++, &place);
        done = take_approver(&place, approved, seconds, history, errors);
    }
    return done;
}

/* What is of another key is looked at as far as to see that. */
static bool take_entry(const struct ska_json_place *top, const char *wanted,
                       struct history *history, const struct ska_errors *errors)
{
    const char *answer = NULL;
    const char *time = NULL;
    const char *key = NULL;
    const char *sha256 = NULL;
    size_t before = history->approvers.count;
    uint64_t seconds = 0;

    if (!ska_json_text(top, "key", SKA_JSON_REQUIRED, &key) ||
        !history_take_time(top, &time, &seconds) || !history_take_answer(top, &answer) ||
        !ska_json_text(top, "keySha256", SKA_JSON_OPTIONAL, &sha256))
        return false;
    if (sha256 != NULL && !is_sha256(sha256))
        return ska_json_fail_value(top, "keySha256", sha256, "a SHA-256");
    if (strcmp(key, wanted) != 0)
        return true;
    if (!take_approvers(top, strcmp(answer, answers[HISTORY_APPROVED]) == 0, seconds, history,
                        errors)) {
        while (history->approvers.count > before)
            free(history->approvers.list[--history->approvers.count].name);
        return false;
    }
    history->requests++;
    if (sha256 != NULL && seconds >= history->key_seconds) {
        history->key_seconds = seconds;
        memcpy(history->key_sha256, sha256, NAMED_KEY_HASH_SIZE);
    }
    return true;
}

bool history_take_line(struct ska_span line, const char *shown, struct ska_span key_name,
                       struct history *history, const struct ska_errors *errors)
{
    char *wanted = ska_printable(key_name, KEY_NAME_LIMIT);
    struct ska_json_place top;
    cJSON *json = NULL;
    bool done = wanted != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "the name of a key");

    done = done && history_parse_line(line, shown, &json, &top, errors) &&
           take_entry(&top, wanted, history, errors);
    cJSON_Delete(json);
    free(wanted);
    return done;
}

/* Nobody is to rely on what is not looked at any more. */
static void tell_of_length(const struct history_place *place, const struct ska_errors *broken)
{
    ska_fail(broken, SKA_R_BAD_INPUT_LENGTH,
             "%s has more than %d MiB: only the end of it is read, so there is no warning of names "
             "that had other keys earlier; move lines that are not needed to another file",
             place->file_path, (int)(READ_LIMIT / 1024 / 1024));
}

/* Of a very long file only the end, from the next line on. */
static bool read_end(const struct history_place *place, struct ska_bytes *content,
                     const struct ska_errors *broken, const struct ska_errors *errors)
{
    struct stat status;
    off_t start = 0;
    size_t length = 0;

    if (fstat(place->file, &status) != 0)
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", place->file_path, strerror(errno));
    start = status.st_size > READ_LIMIT ? status.st_size - READ_LIMIT : 0;
    if (start > 0)
        tell_of_length(place, broken);
    content->data = malloc((size_t)(status.st_size - start) + 1);
    if (content->data == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", place->file_path);
    while (length < (size_t)(status.st_size - start)) {
        ssize_t got = pread(place->file, content->data + length,
                            (size_t)(status.st_size - start) - length, start + (off_t)length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", place->file_path,
                            strerror(errno));
        if (got == 0)
            break;
        length += (size_t)got;
    }
    content->length = length;
    if (start > 0) {
        const uint8_t *end = memchr(content->data, '\n', length);
        size_t dropped = end == NULL ? length : (size_t)(end - content->data) + 1;

        content->length -= dropped;
        memmove(content->data, content->data + dropped, content->length);
    }
    return true;
}

/* A broken line says nothing, and hides no other. False: out of memory. */
static bool take_or_pass_over(struct ska_span line, const char *shown, struct ska_span key_name,
                              struct history *history, const struct ska_errors *broken)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    bool known = false;

    if (!history_take_line(line, shown, key_name, history, &quiet)) {
        known = failure.reason != SKA_R_OUT_OF_MEMORY;
        history->broken += known;
        if (known)
            ska_error_capture_raise(&failure, broken);
    } else {
        known = true;
    }
    ska_error_capture_clear(&failure);
    return known;
}

/* False: out of memory. */
static bool take_lines(const struct history_place *place, struct ska_span content,
                       struct ska_span key_name, struct history *history,
                       const struct ska_errors *broken)
{
    bool done = true;

    for (size_t number = 1; done && content.length > 0; number++) {
        const uint8_t *end = memchr(content.data, '\n', content.length);
        size_t length = end == NULL ? content.length : (size_t)(end - content.data);
        char *shown = NULL;

        done = asprintf(&shown, "%s: line %zu", place->file_path, number) >= 0;
        if (done) {
            done =
                take_or_pass_over(ska_span(content.data, length), shown, key_name, history, broken);
            free(shown);
        }
        length += end != NULL;
        content = ska_span(content.data + length, content.length - length);
    }
    return done;
}

bool history_read(struct ska_span key_name, struct history *history,
                  const struct ska_errors *broken, const struct ska_errors *errors)
{
    struct history_place place;
    struct ska_bytes content = {NULL, 0};
    bool done = open_history(&place, O_RDONLY, errors);

    memset(history, 0, sizeof(*history));
    if (done && place.file >= 0)
        done = read_end(&place, &content, broken, errors) &&
               (take_lines(&place, ska_span_of(&content), key_name, history, broken) ||
                ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", place.file_path));
    close_place(&place);
    ska_bytes_free(&content);
    return done;
}

bool history_open_to_read(int *file, char **path, const struct ska_errors *errors)
{
    struct history_place place;
    bool done = open_history(&place, O_RDONLY, errors);

    *file = done ? place.file : -1;
    *path = place.file_path;
    place.file_path = NULL;
    if (done)
        place.file = -1;
    close_place(&place);
    return done;
}

void history_clear(struct history *history)
{
    named_keys_clear(&history->approvers);
    memset(history, 0, sizeof(*history));
}
