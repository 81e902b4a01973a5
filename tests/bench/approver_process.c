/* SPDX-License-Identifier: Apache-2.0 */
#include "approver_process.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void verify(EVP_PKEY *key, struct ska_span token, struct ska_span signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    must(context != NULL);
    must(EVP_DigestVerifyInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL) == 1);
    must(EVP_DigestVerify(context, signature.data, signature.length, token.data, token.length) ==
         1);
    EVP_MD_CTX_free(context);
}

/* Tokens are small: each comes and goes in one piece. */
static void serve(int socket, EVP_PKEY *key)
{
    unsigned char token[4096];

    for (;;) {
        ssize_t length = recv(socket, token, sizeof(token), 0);
        struct ska_bytes signature = {NULL, 0};

        if (length <= 0)
            return;
        signature = sign_token(key, ska_span(token, (size_t)length));
        must(send(socket, signature.data, signature.length, MSG_NOSIGNAL) ==
             (ssize_t)signature.length);
        ska_bytes_free(&signature);
    }
}

void approver_process_start(struct approver_process *process, EVP_PKEY *key)
{
    int ends[2] = {-1, -1};

    must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    process->key = key;
    process->pid = fork();
    must(process->pid >= 0);
    if (process->pid == 0) {
        close(ends[0]);
        serve(ends[1], key);
        _exit(0);
    }
    close(ends[1]);
    process->socket = ends[0];
}

void approver_process_stop(struct approver_process *process)
{
    int status = 0;

    close(process->socket);
    must(waitpid(process->pid, &status, 0) == process->pid && status == 0);
}

struct ska_bytes approver_process_sign(const struct approver_process *process,
                                       struct ska_span token)
{
    unsigned char signature[256];
    struct ska_bytes copy = {NULL, 0};
    ssize_t length = 0;

    must(send(process->socket, token.data, token.length, MSG_NOSIGNAL) == (ssize_t)token.length);
    length = recv(process->socket, signature, sizeof(signature), 0);
    must(length > 0);
    verify(process->key, token, ska_span(signature, (size_t)length));
    must(ska_bytes_copy(&copy, ska_span(signature, (size_t)length), NULL));
    return copy;
}
