/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded by scenarios, and part of unit tests: the socket that SYSTEM_LOG names, in the place of
 * /dev/log.
 */
#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    const struct sockaddr_un *local = (const struct sockaddr_un *)(const void *)address;
    const char *path = getenv("SYSTEM_LOG");
    struct sockaddr_un other = {.sun_family = AF_UNIX};

    if (path != NULL && strlen(path) < sizeof(other.sun_path) && address->sa_family == AF_UNIX &&
        strcmp(local->sun_path, "/dev/log") == 0) {
        strcpy(other.sun_path, path);
        address = (const struct sockaddr *)(const void *)&other;
        length = sizeof(other);
    }
    return (int)syscall(SYS_connect, fd, address, length);
}
