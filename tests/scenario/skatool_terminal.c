/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A person at a terminal: skatool_terminal [PROMPT ANSWER]... -- COMMAND [ARGUMENT]...
 *
 * Runs the command on a terminal of its own, with /dev/null as standard input; waits until each
 * PROMPT appears and types its ANSWER ("^C": the interrupt key), or, when that is "!COMMAND", has
 * the shell run it meanwhile, or, when it is "@COLUMNS", makes the terminal that wide. At first it
 * has 80 columns. An ANSWER "*TEXT" is typed whenever its PROMPT appears, until the command ends;
 * once more when nothing comes of it, since what is typed before a question is no answer. What the
 * terminal shows goes to standard output; the exit status is the command's, 97 when a prompt does
 * not come.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 60000
#define SHOWN_SIZE (4 * 1024 * 1024)
/* After this an answer is typed again. */
#define AGAIN_MS 20

struct shown {
    char text[SHOWN_SIZE];
    size_t length;
    size_t answered; /* up to where prompts have been found */
};

static int give_up(const char *why, const char *what)
{
    fprintf(stderr, "skatool_terminal: %s '%s'\n", why, what);
    return 97;
}

/* Shows what comes; false at the end of the terminal. */
static bool take(int terminal, struct shown *shown)
{
    struct pollfd ready = {.fd = terminal, .events = POLLIN};
    ssize_t got = 0;

    if (poll(&ready, 1, PATIENCE_MS) <= 0)
        return false;
    if (shown->length == sizeof(shown->text) - 1)
        return false;
    got = read(terminal, shown->text + shown->length, sizeof(shown->text) - 1 - shown->length);
    if (got <= 0)
        return false;
    fwrite(shown->text + shown->length, 1, (size_t)got, stdout);
    shown->length += (size_t)got;
    shown->text[shown->length] = 0;
    return true;
}

static bool wait_for(int terminal, struct shown *shown, const char *prompt)
{
    const char *found = NULL;

    while ((found = strstr(shown->text + shown->answered, prompt)) == NULL)
        if (!take(terminal, shown))
            return false;
    shown->answered = (size_t)(found - shown->text) + strlen(prompt);
    return true;
}

static bool resize(int terminal, const char *columns)
{
    struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)atoi(columns)};

    return ioctl(terminal, TIOCSWINSZ, &size) == 0;
}

/* An answer before the echo is off would be thrown away, so a moment passes. */
static bool type(int terminal, const char *answer)
{
    char line[4000];
    int length = snprintf(line, sizeof(line), "%s", strcmp(answer, "^C") == 0 ? "\003" : answer);

    if (strcmp(answer, "^C") != 0)
        length += snprintf(line + length, sizeof(line) - (size_t)length, "\n");
    if (answer[0] == '!')
        return system(answer + 1) == 0;
    if (answer[0] == '@')
        return resize(terminal, answer + 1);
    usleep(200 * 1000);
    return write(terminal, line, (size_t)length) == length;
}

/* Types the answer to each prompt until the command ends. */
static bool answer_each(int terminal, struct shown *shown, const char *prompt, const char *answer)
{
    struct pollfd ready = {.fd = terminal, .events = POLLIN};

    while (wait_for(terminal, shown, prompt)) {
        do {
            if (dprintf(terminal, "%s\n", answer) < 0)
                return true; /* it has ended */
            while (poll(&ready, 1, AGAIN_MS) > 0 && take(terminal, shown) &&
                   strstr(shown->text + shown->answered, prompt) == NULL)
                ;
        } while (poll(&ready, 1, 0) == 0 && strstr(shown->text + shown->answered, prompt) == NULL);
    }
    return true;
}

static void run(char **command)
{
    int null = open("/dev/null", O_RDONLY);

    dup2(null, STDIN_FILENO);
    execvp(command[0], command);
    fprintf(stderr, "%s: %s\n", command[0], strerror(errno));
    _exit(96);
}

int main(int argc, char **argv)
{
    static struct shown shown;
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    int terminal = -1;
    int status = 0;
    int next = 1;
    pid_t child = 0;

    while (next < argc && strcmp(argv[next], "--") != 0)
        next += 2;
    if (next + 1 >= argc)
        return give_up("no command in", argv[0]);
    child = forkpty(&terminal, NULL, NULL, &size);
    if (child < 0)
        return give_up("no terminal:", strerror(errno));
    if (child == 0)
        run(argv + next + 1);
    for (int i = 1; i < next; i += 2)
        if (argv[i + 1][0] == '*')
            (void)answer_each(terminal, &shown, argv[i], argv[i + 1] + 1);
        else if (!wait_for(terminal, &shown, argv[i]) || !type(terminal, argv[i + 1])) {
            kill(child, SIGKILL);
            return give_up("there was no prompt", argv[i]);
        }
    while (take(terminal, &shown))
        ;
    if (waitpid(child, &status, 0) != child)
        return give_up("lost", argv[next + 1]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
