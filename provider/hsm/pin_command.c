/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/pin_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "provider/hsm/pin_line.h"

#define ARGUMENT_LIMIT 64

extern char **environ;

/* In place. False: too many. */
static bool split_arguments(char *text, char *arguments[ARGUMENT_LIMIT + 1])
{
    char *rest = NULL;
    size_t count = 0;

    for (char *word = strtok_r(text, " \t", &rest); word != NULL;
         word = strtok_r(NULL, " \t", &rest)) {
        if (count == ARGUMENT_LIMIT)
            return false;
        arguments[count++] = word;
    }
    arguments[count] = NULL;
    return true;
}

static int set_descriptors(posix_spawn_file_actions_t *actions, int output)
{
    int failed = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
    if (failed == 0)
        failed = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (failed == 0)
        failed = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
    return failed;
}

static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    int failed = 0;

    sigemptyset(&none);
    sigfillset(&all);
    failed = posix_spawnattr_setsigmask(attributes, &none);
    if (failed == 0)
        failed = posix_spawnattr_setsigdefault(attributes, &all);
    if (failed == 0)
        failed =
            posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return failed;
}

/* ---- What it finds in its environment -------------------------------------------------------- */

#define IN_COMMAND "SKA_PIN_COMMAND"

bool hsm_pin_in_command(void)
{
    return getenv(IN_COMMAND) != NULL;
}

/* Ours, and that this is done for a PIN. NULL: out of memory; free with free(). */
static char **command_environment(void)
{
    static char mark[] = IN_COMMAND "=1";
    char **made = NULL;
    size_t count = 0;

    while (environ != NULL && environ[count] != NULL)
        count++;
    made = calloc(count + 2, sizeof(*made));
    if (made == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        made[i] = environ[i];
    made[count] = mark;
    return made;
}

/* ---- Running it ------------------------------------------------------------------------------ */

/* An error number, or 0. */
static int start_command(char *const arguments[], int output, pid_t *process)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char **environment = command_environment();
    int failed = environment == NULL ? ENOMEM : posix_spawn_file_actions_init(&actions);

    if (failed != 0) {
        free(environment);
        return failed;
    }
    failed = posix_spawnattr_init(&attributes);
    if (failed == 0) {
        failed = set_descriptors(&actions, output);
        if (failed == 0)
            failed = set_signals(&attributes);
        if (failed == 0)
            failed =
                posix_spawn(process, arguments[0], &actions, &attributes, arguments, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    free(environment);
    return failed;
}

/* Until it has ended, or the time is over. */
static void wait_for_end(int handle, int64_t end)
{
    for (;;) {
        struct pollfd wanted = {handle, POLLIN, 0};
        int64_t left = end - hsm_pin_now();

        if (poll(&wanted, 1, left < 0 ? 0 : (int)left) >= 0 || errno != EINTR)
            return;
    }
}

/*
 * By a descriptor of the process, since its number may be somebody else's when the application
 * waits for all its children. False: it is known to have failed.
 */
static bool end_command(pid_t process, int handle, bool kill_it, int64_t end)
{
    int status = 0;

    if (handle < 0)
        return waitpid(process, &status, WNOHANG) != process || status == 0;
    if (!kill_it)
        wait_for_end(handle, end);
    /* One that has ended is not killed by it. */
    (void)syscall(SYS_pidfd_send_signal, handle, SIGKILL, NULL, 0);
    wait_for_end(handle, end + 1000);
    return waitpid(process, &status, WNOHANG) != process || status == 0;
}

static struct hsm_pin *pin_of_command(pid_t process, int output, const char *name,
                                      const struct ska_errors *errors)
{
    const int64_t end = hsm_pin_line_end();
    const int handle = (int)syscall(SYS_pidfd_open, process, 0);
    struct hsm_pin *pin = hsm_pin_from_descriptor(output, end, name, errors);

    if (!end_command(process, handle, pin == NULL, end) && pin != NULL) {
        hsm_pin_wipe(pin);
        pin = NULL;
        ska_fail(errors, SKA_R_PIN_MISSING, "%s has failed", name);
    }
    if (handle >= 0)
        close(handle);
    return pin;
}

static struct hsm_pin *run_pin_command(char *const arguments[], const struct ska_errors *errors)
{
    struct hsm_pin *pin = NULL;
    pid_t process = -1;
    int ends[2] = {-1, -1};
    int failed = 0;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", arguments[0], strerror(errno));
        return NULL;
    }
    failed = start_command(arguments, ends[1], &process);
    close(ends[1]);
    if (failed == 0)
        pin = pin_of_command(process, ends[0], arguments[0], errors);
    else
        ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", arguments[0], strerror(failed));
    close(ends[0]);
    return pin;
}

struct hsm_pin *hsm_pin_from_command(const char *command, const struct ska_errors *errors)
{
    char *arguments[ARGUMENT_LIMIT + 1] = {NULL};
    char *text = strdup(command);
    struct hsm_pin *pin = NULL;

    if (text == NULL)
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a command");
    else if (getauxval(AT_SECURE) != 0)
        ska_fail(errors, SKA_R_PIN_MISSING,
                 "a program with another user's rights (setuid, setgid) cannot get the PIN from a "
                 "command");
    else if (!split_arguments(text, arguments) || arguments[0] == NULL || arguments[0][0] != '/')
        ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                 "pin-source: |/COMMAND ARGUMENT... expected, an absolute path");
    else
        pin = run_pin_command(arguments, errors);
    free(text);
    return pin;
}
