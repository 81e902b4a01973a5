/* SPDX-License-Identifier: Apache-2.0 */
/* Putting an answer into an approvals directory. */
#include <stdio.h>
#include <unistd.h>

#include "provider/sign/directory.h"
#include "provider/sign/new_file.h"

/* An answer is not secret, and the signer must be able to read it, whatever his groups are. */
#define ANSWER_MODE 0644

bool ska_directory_put(const struct ska_directory *directory, const char *id,
                       enum ska_file_kind kind, const struct ska_approval *answer,
                       char name[SKA_FILE_NAME_SIZE], const struct ska_errors *errors)
{
    char own_name[SKA_FILE_NAME_SIZE];
    struct ska_bytes text = {NULL, 0};
    struct ska_new_file file = {.group = (gid_t)-1};
    bool done = false;

    name = name == NULL ? own_name : name;
    if (!ska_approval_print(answer, &text, errors))
        return false;
    done = ska_new_file_write(&file, ska_directory_fd(directory), ska_directory_path(directory), id,
                              ska_span_of(&text), ANSWER_MODE, errors);
    ska_bytes_free(&text);
    if (!done)
        return false;
    ska_file_name(id, file.unique, kind, name);
    done =
        renameat(ska_directory_fd(directory), file.name, ska_directory_fd(directory), name) == 0 ||
        ska_directory_fail(directory, name, errors);
    /* Whoever closes a request removes it first and the answers then: what comes too late for that
     * is removed here. */
    if (done && ska_directory_holds_approvals(directory) &&
        !ska_directory_stands(directory, id, -1))
        unlinkat(ska_directory_fd(directory), name, 0);
    ska_new_file_end(&file);
    return done;
}
