/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An approvals directory as approvers see it: requests to read, approvals and refusals to put in.
 * The directory belongs to the signer, who has checks of his own (provider/sign/directory.h).
 * Everything goes through one descriptor, links are not followed, regular files only.
 */
#ifndef SKA_TOOLS_MAILBOX_H
#define SKA_TOOLS_MAILBOX_H

#include <sys/types.h>

#include "provider/request/request.h"

struct mailbox {
    int fd;
    const char *path; /* borrowed */
    bool folder;      /* no approvals directory */
};

/* Refused (SKA_R_DIRECTORY_UNSAFE) when anybody could replace what others have put there. */
bool mailbox_open(struct mailbox *mailbox, const char *path,
                  const struct ska_errors *errors) SKA_MUST_CHECK;
/* Any folder, for what lies beside a file; fd is -1 when it cannot be read. */
void mailbox_open_folder(struct mailbox *mailbox, const char *path);
void mailbox_close(struct mailbox *mailbox);

/* The names of all files that belong to a request, sorted, so that those of one stand together. */
struct mailbox_names {
    char **names;
    size_t count;
};
bool mailbox_list(const struct mailbox *mailbox, struct mailbox_names *names,
                  const struct ska_errors *errors) SKA_MUST_CHECK;
void mailbox_names_free(struct mailbox_names *names);
/* Where those of a request begin and end. */
void mailbox_names_of(const struct mailbox_names *names, const char *id, size_t *first,
                      size_t *end);

enum mailbox_kind { MAILBOX_REQUEST, MAILBOX_APPROVAL, MAILBOX_REFUSAL, MAILBOX_OTHER };
/* What a name in the list stands for, by its end. */
enum mailbox_kind mailbox_kind_of(const char *name);

/*
 * The id of an open request, from the whole of it or from its first digits, at least
 * MAILBOX_ID_SHORT of them. SKA_R_WRONG_USE for anything else: nothing else may become part of a
 * file name.
 */
#define MAILBOX_ID_SHORT 16
bool mailbox_find_id(const struct mailbox *mailbox, const char *given,
                     char id[SKA_REQUEST_ID_LENGTH + 1],
                     const struct ska_errors *errors) SKA_MUST_CHECK;

/* The open request with this id, and who has put it there (by the file system). */
bool mailbox_read_request(const struct mailbox *mailbox, const char *id,
                          struct ska_request **request, uid_t *owner,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

/* Whether the request is still open. */
bool mailbox_stands(const struct mailbox *mailbox, const char *id);

/*
 * Puts an approval or a refusal there, so that it appears as a whole. `name` (NULL: not wanted)
 * receives what it is called. Where the request was closed meanwhile nothing stays.
 */
#define MAILBOX_NAME_SIZE (SKA_REQUEST_ID_LENGTH + 80)
bool mailbox_put(const struct mailbox *mailbox, const char *id, enum mailbox_kind kind,
                 const struct ska_approval *approval, char name[MAILBOX_NAME_SIZE],
                 const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
