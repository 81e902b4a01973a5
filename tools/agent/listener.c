/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/agent/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/report.h"

#define SOCKET_MODE 0600
/* Of those who wait to be taken; the kernel sends others away until there is room. */
#define BACKLOG 128
/* The first descriptor that systemd hands down, see sd_listen_fds(3). */
#define FIRST_INHERITED 3

static bool fail_socket(const struct agent_listener *listener, const char *what,
                        const struct ska_errors *errors)
{
    return ska_fail(errors, SKA_R_FILE_FAILURE, "--socket %s: %s", listener->path, what);
}

static bool make_address(const struct agent_listener *listener, struct sockaddr_un *address,
                         const struct ska_errors *errors)
{
    size_t length = strlen(listener->path);

    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    if (length == 0 || length >= sizeof(address->sun_path))
        return ska_fail(errors, SKA_R_WRONG_USE,
                        "--socket: the path of a socket has 1 to %zu bytes, not %zu",
                        sizeof(address->sun_path) - 1, length);
    memcpy(address->sun_path, listener->path, length);
    return true;
}

/* ---- A socket of our own --------------------------------------------------------------------- */

/* Whether nobody listens any more on the socket that stands there. */
static bool check_stale(const struct agent_listener *listener, const struct sockaddr_un *address,
                        const struct ska_errors *errors)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int why =
        fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 ? errno : 0;

    if (fd >= 0)
        close(fd);
    /* EAGAIN: so many wait for it that it must be there. */
    if (why == 0 || why == EAGAIN)
        return fail_socket(listener, "an agent is already listening there", errors);
    return why == ECONNREFUSED || fail_socket(listener, strerror(why), errors);
}

static bool remove_stale(const struct agent_listener *listener, const struct sockaddr_un *address,
                         const struct ska_errors *errors)
{
    struct stat status;

    if (lstat(listener->path, &status) != 0)
        return errno == ENOENT || fail_socket(listener, strerror(errno), errors);
    if (!S_ISSOCK(status.st_mode))
        return fail_socket(listener, "what is there is not a socket; it is left alone", errors);
    if (status.st_uid != geteuid())
        return fail_socket(listener, "there is a socket of another user; it is left alone", errors);
    return check_stale(listener, address, errors) &&
           (unlink(listener->path) == 0 || errno == ENOENT ||
            fail_socket(listener, strerror(errno), errors));
}

/* The umask rather than chmod(): there is no moment in which others could connect. */
static bool bind_for_owner(const struct agent_listener *listener, const struct sockaddr_un *address,
                           const struct ska_errors *errors)
{
    mode_t before = umask(0777 & ~SOCKET_MODE);
    bool done = bind(listener->fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
    int why = errno;

    umask(before);
    return done || fail_socket(listener, strerror(why), errors);
}

/* Default access lists of a directory take the place of the umask. */
static bool check_mode(struct agent_listener *listener, const struct ska_errors *errors)
{
    struct stat status;

    if (lstat(listener->path, &status) != 0)
        return fail_socket(listener, strerror(errno), errors);
    listener->device = status.st_dev;
    listener->inode = status.st_ino;
    if (!S_ISSOCK(status.st_mode) || status.st_uid != geteuid() ||
        (status.st_mode & 0777 & ~SOCKET_MODE) != 0)
        return fail_socket(
            listener,
            "the socket can be reached by others as soon as it is made; choose another "
            "directory",
            errors);
    return true;
}

static bool make_socket(struct agent_listener *listener, const struct ska_errors *errors)
{
    struct sockaddr_un address;

    if (!make_address(listener, &address, errors) || !remove_stale(listener, &address, errors))
        return false;
    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd < 0)
        return fail_socket(listener, strerror(errno), errors);
    return bind_for_owner(listener, &address, errors) && check_mode(listener, errors) &&
           (listen(listener->fd, BACKLOG) == 0 || fail_socket(listener, strerror(errno), errors));
}

/* ---- A socket of systemd --------------------------------------------------------------------- */

static bool is_inherited(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    bool is = pid != NULL && count != NULL && strtol(pid, NULL, 10) == (long)getpid() &&
              strcmp(count, "1") == 0;

    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return is;
}

static int socket_option(int fd, int option)
{
    int value = 0;
    socklen_t length = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

static bool has_path(const struct agent_listener *listener)
{
    struct sockaddr_un address;
    socklen_t length = sizeof(address);

    memset(&address, 0, sizeof(address));
    return getsockname(listener->fd, (struct sockaddr *)&address, &length) == 0 &&
           length <= sizeof(address) &&
           strncmp(address.sun_path, listener->path, sizeof(address.sun_path)) == 0;
}

static void warn_of_mode(const struct agent_listener *listener)
{
    struct stat status;

    if (stat(listener->path, &status) == 0 && (status.st_mode & 0777 & ~SOCKET_MODE) != 0)
        report_warning("%s: its mode lets several users connect; the uid condition is all that "
                       "keeps others out",
                       listener->path);
}

static bool inherit_socket(struct agent_listener *listener, const struct ska_errors *errors)
{
    struct sockaddr_un address;
    int flags = 0;

    listener->inherited = true;
    listener->fd = FIRST_INHERITED;
    if (!make_address(listener, &address, errors))
        return false;
    flags = fcntl(listener->fd, F_GETFL);
    if (socket_option(listener->fd, SO_DOMAIN) != AF_UNIX ||
        socket_option(listener->fd, SO_TYPE) != SOCK_STREAM ||
        socket_option(listener->fd, SO_ACCEPTCONN) != 1 || !has_path(listener))
        return fail_socket(listener, "the socket in LISTEN_FDS is another one", errors);
    if (flags < 0 || fcntl(listener->fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(listener->fd, F_SETFD, FD_CLOEXEC) != 0)
        return fail_socket(listener, strerror(errno), errors);
    warn_of_mode(listener);
    return true;
}

/* ---- Both ------------------------------------------------------------------------------------ */

bool agent_listener_open(struct agent_listener *listener, const char *path,
                         const struct ska_errors *errors)
{
    listener->path = path;
    return is_inherited() ? inherit_socket(listener, errors) : make_socket(listener, errors);
}

void agent_listener_close(struct agent_listener *listener)
{
    struct stat status;

    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
    /* Not what somebody else has put there since. */
    if (listener->inode != 0 && lstat(listener->path, &status) == 0 &&
        status.st_dev == listener->device && status.st_ino == listener->inode)
        unlink(listener->path);
    listener->inode = 0;
}
