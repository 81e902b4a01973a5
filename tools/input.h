/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be signed: files of any length, or standard input. And requests in files.
 */
#ifndef SKA_TOOLS_INPUT_H
#define SKA_TOOLS_INPUT_H

#include <stdio.h>

#include <openssl/types.h>

#include "provider/base/file.h"
#include "provider/request/request.h"
#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

struct input {
    int fd;
    const char *shown; /* for messages; borrowed */
};

/* NULL or "-": standard input. Close with input_close(), which leaves standard input alone. */
bool input_open(struct input *input, const char *path,
                const struct ska_errors *errors) SKA_MUST_CHECK;
void input_close(struct input *input);

/*
 * Only one block of the input is in memory at a time, and what is kept: all of it, when it has at
 * most `limit` bytes, else nothing (NULL).
 */
bool input_digest(const struct input *input, OSSL_LIB_CTX *libctx, enum ska_digest digest,
                  struct ska_bytes *value, size_t limit, struct ska_bytes *kept,
                  const struct ska_errors *errors) SKA_MUST_CHECK;

/* To where it can be read from anywhere. */
bool input_copy(const struct input *input, FILE *to,
                const struct ska_errors *errors) SKA_MUST_CHECK;

/* The whole input; more than `limit` bytes: SKA_R_BAD_INPUT_LENGTH. */
bool input_read(const struct input *input, size_t limit, struct ska_bytes *content,
                const struct ska_errors *errors) SKA_MUST_CHECK;

/* A request or bundle; a text that is none is told with what to do about it. */
bool input_read_request(const char *path, struct ska_request **request,
                        const struct ska_errors *errors) SKA_MUST_CHECK;
/* The same of a file that will be written in its place: a link is not followed. */
bool input_read_request_at(const struct ska_file_place *place, struct ska_request **request,
                           const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
