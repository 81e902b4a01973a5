/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_process.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "rows.h"

static void write_key(const char *path, EVP_PKEY *key)
{
    FILE *file = fopen(path, "w");

    must(file != NULL);
    must(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);
    must(fclose(file) == 0);
}

static bool listens(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected = false;

    must(fd >= 0 && strlen(path) < sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path));
    connected = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return connected;
}

pid_t agent_process_start(const struct bench *bench, const char *socket, EVP_PKEY *approver)
{
    struct path key = token_path(bench, "approver.pem");
    const char *arguments[] = {"agent",
                               "--socket",
                               socket,
                               "--approver",
                               key.text,
                               "--allow",
                               "key=" KEY_LABEL ",payload=any",
                               NULL};
    const struct timespec moment = {0, 1000000};
    pid_t agent = 0;

    write_key(key.text, approver);
    agent = skatool_start(bench, arguments);
    for (int tries = 0; !listens(socket); tries++) {
        must(tries < 10000);
        nanosleep(&moment, NULL);
    }
    return agent;
}

void agent_process_stop(pid_t agent)
{
    int status = 0;

    must(kill(agent, SIGTERM) == 0 && waitpid(agent, &status, 0) == agent);
}
