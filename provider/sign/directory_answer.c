/* SPDX-License-Identifier: Apache-2.0 */
/* Putting an answer into an approvals directory, and another one in its place. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/file.h"
#include "provider/base/json.h"
#include "provider/sign/directory.h"
#include "provider/sign/new_file.h"

/* An answer is not secret, and the signer must be able to read it, whatever his groups are. */
#define ANSWER_MODE 0644

/* So that it is not closed now; -1: it is, or may not be read. */
static int hold_request(const struct ska_directory *directory, const char *id)
{
    char name[SKA_FILE_NAME_SIZE];
    int fd = -1;

    ska_file_name(id, NULL, SKA_FILE_REQUEST, name);
    fd = ska_directory_open_request(directory, name);
    if (fd < 0 || ska_directory_lock_moment(fd, LOCK_SH))
        return fd;
    close(fd);
    return -1;
}

bool ska_directory_put(const struct ska_directory *directory, const char *id,
                       enum ska_file_kind kind, const struct ska_approval *answer,
                       char name[SKA_FILE_NAME_SIZE], const struct ska_errors *errors)
{
    char own_name[SKA_FILE_NAME_SIZE];
    struct ska_bytes text = {NULL, 0};
    struct ska_new_file file = {.group = (gid_t)-1};
    bool done = false;
    int hold = -1;

    name = name == NULL ? own_name : name;
    if (!ska_approval_print(answer, &text, errors))
        return false;
    done = ska_new_file_write(&file, ska_directory_fd(directory), ska_directory_path(directory), id,
                              ska_span_of(&text), ANSWER_MODE, errors);
    ska_bytes_free(&text);
    if (!done)
        return false;
    ska_file_name(id, file.unique, kind, name);
    hold = hold_request(directory, id);
    done =
        renameat(ska_directory_fd(directory), file.name, ska_directory_fd(directory), name) == 0 ||
        ska_directory_fail(directory, name, errors);
    /* Whoever closes a request removes it first and the answers then: what comes too late for that
     * is removed here. */
    if (done && ska_directory_holds_approvals(directory) &&
        !ska_directory_stands(directory, id, -1))
        unlinkat(ska_directory_fd(directory), name, 0);
    ska_directory_let_go(hold);
    ska_new_file_end(&file);
    return done;
}

/* ---- In the place of another
 * --------------------------------------------------------------------- */

/* One refusal and nothing else is in a file that was written here. */
static bool is_refusal_by(const struct ska_directory *directory, const char *name,
                          struct ska_span public_key)
{
    struct ska_bytes text = {NULL, 0};
    struct ska_approval *refusals = NULL;
    size_t count = 0;
    bool is =
        ska_file_read_at(ska_directory_fd(directory), name, name, SKA_JSON_LIMIT, &text, NULL) &&
        ska_approvals_parse(ska_span_of(&text), name, ska_span(NULL, 0), &refusals, &count, NULL) &&
        count == 1 && ska_span_equal(ska_span_of(&refusals[0].public_key), public_key);

    ska_approvals_free(refusals, count);
    ska_bytes_free(&text);
    return is;
}

static bool remove_own(const struct ska_directory *directory, const char *name)
{
    int place = ska_directory_fd(directory);
    struct stat status;

    return fstatat(place, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) &&
           status.st_uid == geteuid() && unlinkat(place, name, 0) == 0;
}

bool ska_directory_remove_refusals(const struct ska_directory *directory, const char *id,
                                   struct ska_span public_key, const char *kept)
{
    struct ska_directory_names names = {0};
    size_t first = 0;
    size_t end = 0;
    bool done = ska_directory_list(directory, &names, NULL);

    ska_directory_names_of(&names, id, &first, &end);
    for (size_t i = first; i < end; i++)
        if (ska_file_kind_of(names.names[i]) == SKA_FILE_REFUSAL &&
            strcmp(names.names[i], kept) != 0 &&
            is_refusal_by(directory, names.names[i], public_key))
            done = remove_own(directory, names.names[i]) && done;
    ska_directory_names_free(&names);
    return done;
}
