/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An approvals directory as approvers see it: requests to read, approvals to put in. The directory
 * belongs to the signer, who has checks of his own (provider/approval/directory.h).
 */
#ifndef SKA_TOOLS_MAILBOX_H
#define SKA_TOOLS_MAILBOX_H

#include "../provider/approval/request.h"

struct mailbox {
    int fd;
    const char *path; /* borrowed */
};

/* Refused (SKA_R_DIRECTORY_UNSAFE) when anybody could replace what others have put there. */
bool mailbox_open(struct mailbox *mailbox, const char *path,
                  const struct ska_errors *errors) SKA_MUST_CHECK;
void mailbox_close(struct mailbox *mailbox);

/* Whether the text is a request id: nothing else may become part of a file name. */
bool mailbox_is_id(const char *id);

/* The text of the open request with this id. */
bool mailbox_read_request(const struct mailbox *mailbox, const char *id, struct ska_bytes *text,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

/* Whether a valid approval of this key for the request lies there already. */
bool mailbox_has_approval(const struct mailbox *mailbox, OSSL_LIB_CTX *libctx,
                          const struct ska_request *request, struct ska_span public_key);

/* Puts an approval there, so that it appears as a whole. */
bool mailbox_put_approval(const struct mailbox *mailbox, const char *id,
                          const struct ska_approval *approval,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
