/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket that an approver agent listens on: its own, which only its user may connect to, or one
 * that systemd has made for it.
 */
#ifndef SKA_TOOLS_AGENT_LISTENER_H
#define SKA_TOOLS_AGENT_LISTENER_H

#include <sys/types.h>

#include "provider/base/error.h"

/* Starts as {.fd = -1}; ended by agent_listener_close(), which removes a socket of its own. */
struct agent_listener {
    int fd; /* does not block */
    const char *path;
    bool inherited;
    dev_t device; /* of the socket at the path, when it is our own */
    ino_t inode;
};

/*
 * Makes the socket, mode 0600 from its first moment on. Where something stands already it is
 * replaced only when it is a socket of this user on which nobody listens any more. With LISTEN_FDS
 * the socket is the one that was handed down, which must have this path.
 */
bool agent_listener_open(struct agent_listener *listener, const char *path,
                         const struct ska_errors *errors) SKA_MUST_CHECK;
void agent_listener_close(struct agent_listener *listener);

#endif
