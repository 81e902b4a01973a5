/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_syslog SOCKET: the system's log, each message as it comes and a newline on standard output.
 * audit_syslog --fill SOCKET: writes to one that is stopped until it takes nothing more.
 */
#include "application.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void fill(int fd, const struct sockaddr_un *address)
{
    must(connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0);
    while (send(fd, "filling", 7, MSG_DONTWAIT) >= 0)
        ;
    must(errno == EAGAIN);
}

static void receive(int fd, const struct sockaddr_un *address)
{
    static char text[1 << 16];

    must(bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0);
    for (;;) {
        const ssize_t length = recv(fd, text, sizeof(text) - 1, 0);

        must(length >= 0);
        text[length] = '\n';
        must(write(STDOUT_FILENO, text, (size_t)length + 1) == length + 1);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    must(fd >= 0 && argc >= 2 && strlen(argv[argc - 1]) < sizeof(address.sun_path));
    strcpy(address.sun_path, argv[argc - 1]);
    if (argc == 3 && strcmp(argv[1], "--fill") == 0)
        fill(fd, &address);
    else
        receive(fd, &address);
    return 0;
}
