/* SPDX-License-Identifier: Apache-2.0 */
/*
 * early_load STEP...: a server that gives up its root directory and its user, in the order that
 * the steps say.
 *
 *     start      libcrypto reads its configuration
 *     key=FILE   the private key is loaded
 *     root=DIR   chroot
 *     user=UID   all of root's rights are given up, for ever
 *     fork       what follows is done in a child; this process ends as it does
 *     close      all descriptors from 3 on are closed, as daemons do
 *     sign       signs what stands on standard input, to standard output
 *     try=N      tries that so often, of a fixed text, and has no word for what fails
 *     syslog     is the system's log in the place of /dev/log; at the end what it got is written to
 *                standard error, a line each
 */
#include "application.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

static EVP_PKEY *key;

static void load(const char *file)
{
    BIO *in = BIO_new_file(file, "r");

    must(in != NULL);
    key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    must(key != NULL);
    BIO_free(in);
}

static void become(uid_t uid)
{
    must(setgroups(0, NULL) == 0);
    must(setresgid(uid, uid, uid) == 0);
    must(setresuid(uid, uid, uid) == 0);
}

static void go_on_in_child(void)
{
    int status = 0;
    const pid_t child = fork();

    must(child >= 0);
    if (child == 0)
        return;
    must(waitpid(child, &status, 0) == child);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static void sign(void)
{
    static unsigned char message[4096];
    unsigned char signature[1024];
    size_t size = sizeof(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const ssize_t length = read(STDIN_FILENO, message, sizeof(message));

    must(length > 0);
    must(context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key));
    must(EVP_DigestSign(context, signature, &size, message, (size_t)length));
    must(write(STDOUT_FILENO, signature, size) == (ssize_t)size);
    EVP_MD_CTX_free(context);
}

static void try(unsigned long times)
{
    static const unsigned char message[] = "a message";
    unsigned char signature[1024];

    for (; times > 0; times--) {
        size_t size = sizeof(signature);
        EVP_MD_CTX *context = EVP_MD_CTX_new();

        must(context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key));
        (void)EVP_DigestSign(context, signature, &size, message, sizeof(message));
        EVP_MD_CTX_free(context);
        ERR_clear_error();
    }
}

/* ---- The system's log ------------------------------------------------------------------------ */

static int system_log = -1;
static struct sockaddr_un system_log_address = {.sun_family = AF_UNIX};

/* In the place of libc's. */
__attribute__((visibility("default"))) int connect(int fd, const struct sockaddr *address,
                                                   socklen_t length)
{
    const struct sockaddr_un *local = (const struct sockaddr_un *)(const void *)address;

    if (address->sa_family == AF_UNIX && strcmp(local->sun_path, "/dev/log") == 0) {
        address = (const struct sockaddr *)(const void *)&system_log_address;
        length = sizeof(system_log_address);
    }
    return (int)syscall(SYS_connect, fd, address, length);
}

static void be_system_log(void)
{
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    strcpy(system_log_address.sun_path, "system.log");
    (void)unlink(system_log_address.sun_path);
    must(fd >= 0 &&
         bind(fd, (struct sockaddr *)&system_log_address, sizeof(system_log_address)) == 0);
    system_log = fd;
}

static void show_system_log(void)
{
    char text[4096];
    ssize_t length = 0;

    while (system_log >= 0 && (length = recv(system_log, text, sizeof(text), 0)) > 0)
        fprintf(stderr, "%.*s\n", (int)length, text);
}

static void take_step(const char *step)
{
    if (strcmp(step, "start") == 0)
        must(OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL));
    else if (strncmp(step, "key=", 4) == 0)
        load(step + 4);
    else if (strncmp(step, "root=", 5) == 0)
        must(chroot(step + 5) == 0 && chdir("/") == 0);
    else if (strncmp(step, "user=", 5) == 0)
        become((uid_t)strtoul(step + 5, NULL, 10));
    else if (strcmp(step, "fork") == 0)
        go_on_in_child();
    else if (strcmp(step, "close") == 0)
        must(close_range(3, ~0U, 0) == 0);
    else if (strcmp(step, "sign") == 0)
        sign();
    else if (strncmp(step, "try=", 4) == 0)
        try(strtoul(step + 4, NULL, 10));
    else if (strcmp(step, "syslog") == 0)
        be_system_log();
    else
        must(0);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        take_step(argv[i]);
    EVP_PKEY_free(key);
    show_system_log();
    return 0;
}
