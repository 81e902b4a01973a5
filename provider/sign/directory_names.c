/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies in an approvals directory, by names: all of it, the ids that people type, and what is
 * removed of a request.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/listing.h"
#include "provider/sign/directory.h"
#include "provider/sign/new_file.h"

bool ska_directory_names_add(struct ska_directory_names *names, const char *name,
                             const struct ska_errors *errors)
{
    char *copy = NULL;

    if (names->count == names->room) {
        size_t more = names->room == 0 ? 16 : names->room * 2;
        char **grown = reallocarray(names->names, more, sizeof(*grown));

        if (grown == NULL)
            return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu files", names->count);
        names->names = grown;
        names->room = more;
    }
    copy = strdup(name);
    if (copy == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu files", names->count);
    names->names[names->count++] = copy;
    return true;
}

static int names_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void ska_directory_names_sort(struct ska_directory_names *names)
{
    if (names->count > 0)
        qsort(names->names, names->count, sizeof(*names->names), names_compare);
}

bool ska_directory_list(const struct ska_directory *directory, struct ska_directory_names *names,
                        const struct ska_errors *errors)
{
    const struct dirent *entry = NULL;
    struct ska_listing listing;
    bool done = true;

    ska_listing_start_at(&listing, ska_directory_fd(directory));
    while (done && (entry = ska_listing_next(&listing)) != NULL)
        if (ska_file_kind_of(entry->d_name) != SKA_FILE_OTHER)
            done = ska_directory_names_add(names, entry->d_name, errors);
    if (!ska_listing_end(&listing))
        return ska_fail(errors, SKA_R_APPROVALS_DIRECTORY, "%s: %s", ska_directory_path(directory),
                        strerror(errno));
    if (done)
        ska_directory_names_sort(names);
    return done;
}

void ska_directory_names_free(struct ska_directory_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
    free(names->names);
    *names = (struct ska_directory_names){.names = NULL};
}

void ska_directory_names_of(const struct ska_directory_names *names, const char *id, size_t *first,
                            size_t *end)
{
    size_t low = 0;
    size_t high = names->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strncmp(names->names[middle], id, SKA_REQUEST_ID_LENGTH) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *first = low;
    while (low < names->count && strncmp(names->names[low], id, SKA_REQUEST_ID_LENGTH) == 0)
        low++;
    *end = low;
}

/* How many digits two ids begin alike with. */
static size_t count_common(const char *a, const char *b)
{
    size_t length = 0;

    while (length < SKA_REQUEST_ID_LENGTH && a[length] == b[length])
        length++;
    return length;
}

/* Names are sorted, so that those most alike stand next to each other. */
size_t ska_directory_names_unique(const struct ska_directory_names *names, const char *id)
{
    size_t first = 0;
    size_t end = 0;
    size_t common = 0;

    ska_directory_names_of(names, id, &first, &end);
    for (size_t i = first; i-- > 0;)
        if (ska_file_kind_of(names->names[i]) == SKA_FILE_REQUEST) {
            common = count_common(names->names[i], id);
            break;
        }
    for (size_t i = end; i < names->count; i++)
        if (ska_file_kind_of(names->names[i]) == SKA_FILE_REQUEST) {
            size_t other = count_common(names->names[i], id);

            common = other > common ? other : common;
            break;
        }
    common = common < SKA_REQUEST_ID_LENGTH ? common + 1 : common;
    return common < SKA_REQUEST_ID_SHORT ? SKA_REQUEST_ID_SHORT : common;
}

static size_t find_requests(const struct ska_directory_names *names, const char *start,
                            char id[SKA_REQUEST_ID_LENGTH + 1])
{
    size_t found = 0;

    for (size_t i = 0; i < names->count; i++) {
        if (strncmp(names->names[i], start, strlen(start)) != 0 ||
            ska_file_kind_of(names->names[i]) != SKA_FILE_REQUEST)
            continue;
        memcpy(id, names->names[i], SKA_REQUEST_ID_LENGTH);
        id[SKA_REQUEST_ID_LENGTH] = 0;
        found++;
    }
    return found;
}

/* At most this many are shown; somebody may have made thousands. */
#define SHOWN_MOST 5

/* Raises which requests start so, each with as many digits as tell it from the others. */
static bool fail_ambiguous(const struct ska_directory_names *names, const char *given, size_t found,
                           const struct ska_errors *errors)
{
    struct ska_buffer text = {0};
    size_t shown = 0;

    for (size_t i = 0; i < names->count && shown < SHOWN_MOST; i++)
        if (strncmp(names->names[i], given, strlen(given)) == 0 &&
            ska_file_kind_of(names->names[i]) == SKA_FILE_REQUEST)
            ska_buffer_format(&text, "%s%.*s", shown++ == 0 ? "" : ", ",
                              (int)ska_directory_names_unique(names, names->names[i]),
                              names->names[i]);
    ska_fail(errors, SKA_R_WRONG_USE, "%zu requests start with %s, give more digits: %s%s", found,
             given, ska_buffer_string(&text), found > shown ? ", ..." : "");
    ska_buffer_free(&text);
    return false;
}

/* The one id that starts so. */
static bool complete_id(const struct ska_directory *directory,
                        const struct ska_directory_names *names, const char *given,
                        char id[SKA_REQUEST_ID_LENGTH + 1], const struct ska_errors *errors)
{
    size_t found = find_requests(names, given, id);

    if (found == 0)
        return ska_directory_fail_not_open(directory, given, NULL, errors);
    return found == 1 || fail_ambiguous(names, given, found, errors);
}

bool ska_request_id_take(const char *given, char digits[SKA_REQUEST_ID_LENGTH + 1])
{
    static const char capitals[] = "ABCDEF";
    static const char letters[] = "abcdef";
    size_t length = strlen(given);

    digits[0] = 0;
    if (strspn(given, "0123456789abcdefABCDEF") != length || length < SKA_REQUEST_ID_LEAST ||
        length > SKA_REQUEST_ID_LENGTH)
        return false;
    for (size_t i = 0; i < length; i++) {
        const char *capital = strchr(capitals, given[i]);

        digits[i] = given[i];
        if (capital != NULL)
            digits[i] = letters[capital - capitals];
    }
    digits[length] = 0;
    return true;
}

/* What cannot be looked at is no request that is not open: reading it says why. */
static bool check_stands(const struct ska_directory *directory, const char *id,
                         const struct ska_errors *errors)
{
    char name[SKA_FILE_NAME_SIZE];
    struct stat status;

    ska_file_name(id, NULL, SKA_FILE_REQUEST, name);
    return fstatat(ska_directory_fd(directory), name, &status, AT_SYMLINK_NOFOLLOW) == 0 ||
           errno != ENOENT || ska_directory_fail_not_open(directory, id, NULL, errors);
}

bool ska_directory_find_id(const struct ska_directory *directory, const char *given,
                           char id[SKA_REQUEST_ID_LENGTH + 1], const struct ska_errors *errors)
{
    struct ska_directory_names names = {0};
    char digits[SKA_REQUEST_ID_LENGTH + 1];
    bool done = false;

    if (!ska_request_id_take(given, digits))
        return ska_fail(errors, SKA_R_WRONG_USE,
                        "'%s' is not a request id: 64 digits and letters from a to f, or the first "
                        "%d of them or more (skatool requests shows them)",
                        given, SKA_REQUEST_ID_LEAST);
    memcpy(id, digits, sizeof(digits));
    if (strlen(digits) == SKA_REQUEST_ID_LENGTH)
        return check_stands(directory, id, errors);
    done = ska_directory_list(directory, &names, errors) &&
           complete_id(directory, &names, digits, id, errors);
    ska_directory_names_free(&names);
    return done;
}

/* ---- Removing -------------------------------------------------------------------------------- */

void ska_directory_note_leftover(const struct ska_directory *directory, const char *name,
                                 struct ska_leftovers *left)
{
    struct stat status;

    if (left == NULL ||
        fstatat(ska_directory_fd(directory), name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    left->count++;
    left->owner = status.st_uid;
}

static void remove_answer(const struct ska_directory *directory, const char *name, const char *id,
                          struct ska_leftovers *left)
{
    if (!ska_file_is_answer(name, id))
        ska_new_file_clean(ska_directory_fd(directory), name, id);
    else if (unlinkat(ska_directory_fd(directory), name, 0) != 0)
        ska_directory_note_leftover(directory, name, left);
}

void ska_directory_remove_answers(const struct ska_directory *directory, const char *id,
                                  const struct ska_directory_names *answers,
                                  struct ska_leftovers *left)
{
    const struct dirent *entry = NULL;
    struct ska_listing listing;

    for (size_t i = 0; answers != NULL && i < answers->count; i++)
        remove_answer(directory, answers->names[i], id, left);
    if (answers != NULL)
        return;
    ska_listing_start_at(&listing, ska_directory_fd(directory));
    while ((entry = ska_listing_next(&listing)) != NULL)
        remove_answer(directory, entry->d_name, id, left);
    (void)!ska_listing_end(&listing); /* what stays there is of a request that is closed */
}
