/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal_timestamps PORT COMMAND: a web server on 127.0.0.1 for one thing, a time-stamp authority.
 * What is posted is COMMAND's standard input, what it prints the answer; status 500 where it fails.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "application.h"

#define MOST 65536

static size_t read_request(int fd, char *head, char *body)
{
    const char *field = NULL;
    size_t length = 0;
    size_t wanted = 0;

    while (length < MOST - 1 && recv(fd, head + length, 1, 0) == 1) {
        head[++length] = 0;
        if (length >= 4 && strcmp(head + length - 4, "\r\n\r\n") == 0)
            break;
    }
    field = strcasestr(head, "\r\nContent-Length:");
    wanted = field == NULL ? 0 : strtoul(field + 17, NULL, 10);
    must(wanted < MOST);
    for (length = 0; length < wanted;) {
        ssize_t got = recv(fd, body + length, wanted - length, 0);

        if (got <= 0)
            return 0;
        length += (size_t)got;
    }
    return length;
}

/* By files: neither side waits for the other. */
static size_t run_command(const char *command, const char *body, size_t length, char *answer)
{
    char line[4096];
    FILE *file = fopen("authority.query", "wb");
    size_t got = 0;

    must(file != NULL && fwrite(body, 1, length, file) == length && fclose(file) == 0);
    snprintf(line, sizeof(line), "%s <authority.query >authority.answer", command);
    if (system(line) != 0)
        return 0;
    file = fopen("authority.answer", "rb");
    must(file != NULL);
    got = fread(answer, 1, MOST, file);
    fclose(file);
    return got;
}

static void serve_one(int fd, const char *command)
{
    static char head[MOST];
    static char body[MOST];
    static char answer[MOST];
    char fields[256];
    size_t length = read_request(fd, head, body);
    size_t got = length == 0 ? 0 : run_command(command, body, length, answer);

    must(length == 0 || strstr(head, "Content-Type: application/timestamp-query") != NULL);
    snprintf(fields, sizeof(fields),
             "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n"
             "Content-Type: application/timestamp-reply\r\n\r\n",
             got == 0 ? "500 Internal Server Error" : "200 OK", got);
    if (send(fd, fields, strlen(fields), MSG_NOSIGNAL) > 0 && got > 0)
        (void)!send(fd, answer, got, MSG_NOSIGNAL);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;

    must(argc == 3);
    address.sin_port = htons((uint16_t)atoi(argv[1]));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    must(bind(listener, (const struct sockaddr *)&address, sizeof(address)) == 0);
    must(listen(listener, 16) == 0);
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        must(fd >= 0);
        serve_one(fd, argv[2]);
        close(fd);
    }
}
