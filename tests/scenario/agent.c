/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the scenario does to approver agents:
 *
 * agent ask SOCKET [FILE]...
 *     sends each file as one line and shows each answer, all on one connection
 * agent send SOCKET
 *     sends standard input as it is and nothing behind it, shows all that comes back
 * agent leave SOCKET FILE
 *     sends the file as one line and hangs up before the answer
 * agent hold SOCKET COUNT
 *     opens so many connections that send nothing, says "held" and keeps them until it is killed
 * agent inherit SOCKET MODE COMMAND [ARGUMENT]...
 *     makes the socket and hands it to the command, as systemd does
 * agent fake SOCKET TEXT
 *     an agent that says this to the first who asks, and hangs up
 * agent tls13 CONTEXT LENGTH
 *     writes what a TLS 1.3 peer signs with this context string and a hash of this length
 *
 * Exit status: 0, 1 for wrong use and failures of the system, 2 when an answer is missing.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_INHERITED 3
#define NO_ANSWER 2

static void must(bool done, const char *what)
{
    if (done)
        return;
    fprintf(stderr, "agent: %s: %s\n", what, strerror(errno));
    exit(1);
}

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    must(strlen(path) < sizeof(address.sun_path), path);
    memcpy(address.sun_path, path, strlen(path));
    return address;
}

static int call(const char *path)
{
    struct sockaddr_un address = address_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    must(fd >= 0, "socket");
    must(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, path);
    return fd;
}

static int serve(const char *path, mode_t mode)
{
    struct sockaddr_un address = address_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    must(fd >= 0, "socket");
    must(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, path);
    must(chmod(path, mode) == 0 && listen(fd, 5) == 0, path);
    return fd;
}

/* What cannot be sent any more is for the answer to explain. */
static void send_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);

        if (sent <= 0)
            return;
        data += sent;
        length -= (size_t)sent;
    }
}

static char *read_file(const char *path, size_t *length)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    size_t capacity = 4 * 1024 * 1024;
    char *data = malloc(capacity);

    must(file != NULL && data != NULL, path);
    *length = fread(data, 1, capacity, file);
    must(!ferror(file), path);
    if (file != stdin)
        fclose(file);
    return data;
}

/* Shows what comes, up to the end of a line or of the connection. */
static bool show_answer(int fd, bool only_line)
{
    char next = 0;
    bool any = false;

    while (recv(fd, &next, 1, 0) == 1) {
        any = true;
        putchar(next);
        if (only_line && next == '\n')
            break;
    }
    fflush(stdout);
    return any;
}

/* Between the parts of JSON, which is where they are, ends of lines are spaces. */
static void send_line(int fd, const char *file)
{
    size_t length = 0;
    char *line = read_file(file, &length);

    for (size_t i = 0; i < length; i++)
        if (line[i] == '\n')
            line[i] = ' ';
    send_all(fd, line, length);
    send_all(fd, "\n", 1);
    free(line);
}

static int ask(const char *path, char **files)
{
    int fd = call(path);
    int status = 0;

    for (; *files != NULL; files++) {
        send_line(fd, *files);
        if (!show_answer(fd, true))
            status = NO_ANSWER;
    }
    close(fd);
    return status;
}

static int leave(const char *path, const char *file)
{
    int fd = call(path);

    send_line(fd, file);
    close(fd);
    return 0;
}

static int send_input(const char *path)
{
    int fd = call(path);
    size_t length = 0;
    char *data = read_file("-", &length);
    bool answered = false;

    send_all(fd, data, length);
    free(data);
    (void)shutdown(fd, SHUT_WR);
    answered = show_answer(fd, false);
    close(fd);
    return answered ? 0 : NO_ANSWER;
}

static int hold(const char *path, int count)
{
    struct rlimit limit;

    must(getrlimit(RLIMIT_NOFILE, &limit) == 0, "limit");
    limit.rlim_cur = limit.rlim_max;
    must(setrlimit(RLIMIT_NOFILE, &limit) == 0, "limit");
    for (int i = 0; i < count; i++)
        (void)call(path);
    puts("held");
    fflush(stdout);
    pause();
    return 0;
}

static int inherit(const char *path, const char *mode, char **command)
{
    char pid[32];
    int fd = serve(path, (mode_t)strtoul(mode, NULL, 8));

    must(fd == FIRST_INHERITED || dup2(fd, FIRST_INHERITED) == FIRST_INHERITED, "descriptor");
    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    execvp(command[0], command);
    must(false, command[0]);
    return 1;
}

static int fake(const char *path, const char *text)
{
    int listener = serve(path, 0600);
    int fd = -1;
    char part[4096];
    ssize_t got = 0;

    puts("listening");
    fflush(stdout);
    fd = accept(listener, NULL, NULL);
    must(fd >= 0, "accept");
    while ((got = recv(fd, part, sizeof(part), 0)) > 0 && part[got - 1] != '\n')
        ;
    send_all(fd, text, strlen(text));
    close(fd);
    unlink(path);
    return 0;
}

static int write_tls13(const char *context, size_t hash_length)
{
    for (int i = 0; i < 64; i++)
        putchar(' ');
    fputs(context, stdout);
    putchar(0);
    for (size_t i = 0; i < hash_length; i++)
        putchar((int)(0xA0 + i) & 0xFF);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc < 3 ? "" : argv[1];

    if (strcmp(what, "ask") == 0)
        return ask(argv[2], argv + 3);
    if (strcmp(what, "send") == 0)
        return send_input(argv[2]);
    if (strcmp(what, "leave") == 0 && argc == 4)
        return leave(argv[2], argv[3]);
    if (strcmp(what, "hold") == 0 && argc == 4)
        return hold(argv[2], atoi(argv[3]));
    if (strcmp(what, "inherit") == 0 && argc > 4)
        return inherit(argv[2], argv[3], argv + 4);
    if (strcmp(what, "fake") == 0 && argc == 4)
        return fake(argv[2], argv[3]);
    if (strcmp(what, "tls13") == 0 && argc == 4)
        return write_tls13(argv[2], strtoul(argv[3], NULL, 10));
    fprintf(stderr, "agent: wrong use; see the top of agent.c\n");
    return 1;
}
