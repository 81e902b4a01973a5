/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "provider/base/json.h"
#include "provider/request/request_errors.h"
#include "provider/base/file.h"
#include "tools/report.h"

bool input_open(struct input *input, const char *path, const struct ska_errors *errors)
{
    input->fd = STDIN_FILENO;
    input->shown = "standard input";
    if (path == NULL || strcmp(path, "-") == 0) {
        if (isatty(STDIN_FILENO))
            report_note("reading what is to be signed from the terminal; end it with Ctrl-D");
        return true;
    }
    input->shown = path;
    input->fd = open(path, O_RDONLY | O_CLOEXEC);
    return input->fd >= 0 || ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", path, strerror(errno));
}

void input_close(struct input *input)
{
    if (input->fd > STDIN_FILENO)
        close(input->fd);
    input->fd = -1;
}

/* read() that goes on after a signal; -1: failed, raised. */
static ssize_t read_some(const struct input *input, uint8_t *data, size_t size,
                         const struct ska_errors *errors)
{
    ssize_t got = 0;

    do
        got = read(input->fd, data, size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", input->shown, strerror(errno));
    return got;
}

/* Once it is too long it stays empty. */
static void keep_block(struct ska_buffer *buffer, bool *too_long, size_t limit,
                       struct ska_span block)
{
    *too_long = *too_long || block.length > limit - buffer->length;
    if (*too_long)
        ska_buffer_free(buffer);
    else
        ska_buffer_add(buffer, block.data, block.length);
}

bool input_digest(const struct input *input, OSSL_LIB_CTX *libctx, enum ska_digest digest,
                  struct ska_bytes *value, size_t limit, struct ska_bytes *kept,
                  const struct ska_errors *errors)
{
    struct ska_buffer buffer = {0};
    bool too_long = false;
    EVP_MD *md = EVP_MD_fetch(libctx, ska_digest_name(digest), NULL);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t block[16384];
    unsigned char hashed[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    ssize_t got = 0;
    bool done = md != NULL && context != NULL && EVP_DigestInit_ex2(context, md, NULL) == 1;

    while (done && (got = read_some(input, block, sizeof(block), errors)) > 0) {
        done = EVP_DigestUpdate(context, block, (size_t)got) == 1;
        keep_block(&buffer, &too_long, limit, ska_span(block, (size_t)got));
    }
    done = done && (got < 0 || EVP_DigestFinal_ex(context, hashed, &length) == 1);
    EVP_MD_CTX_free(context);
    EVP_MD_free(md);
    if (!done)
        ska_fail(errors, SKA_R_INTERNAL, "libcrypto cannot hash with %s", ska_digest_name(digest));
    done = done && got == 0 && (too_long || ska_buffer_finish(&buffer, kept, errors)) &&
           ska_bytes_copy(value, ska_span(hashed, length), errors);
    ska_buffer_free(&buffer);
    return done;
}

bool input_copy(const struct input *input, FILE *to, const struct ska_errors *errors)
{
    uint8_t block[16384];
    ssize_t got = 0;

    while ((got = read_some(input, block, sizeof(block), errors)) > 0)
        if (fwrite(block, 1, (size_t)got, to) != (size_t)got)
            return ska_fail(errors, SKA_R_FILE_FAILURE, "keeping %s: %s", input->shown,
                            strerror(errno));
    return got == 0;
}

bool input_read(const struct input *input, size_t limit, struct ska_bytes *content,
                const struct ska_errors *errors)
{
    struct ska_buffer buffer = {0};
    uint8_t block[16384];
    ssize_t got = 0;

    while (buffer.length <= limit && (got = read_some(input, block, sizeof(block), errors)) > 0)
        ska_buffer_add(&buffer, block, (size_t)got);
    if (got < 0 || buffer.length > limit) {
        ska_buffer_free(&buffer);
        return got >= 0 && ska_fail(errors, SKA_R_BAD_INPUT_LENGTH,
                                    "%s: longer than %zu bytes, the most that can be approved as a "
                                    "message; let a digest of it be signed",
                                    input->shown, limit);
    }
    return ska_buffer_finish(&buffer, content, errors);
}

static bool parse_request(struct ska_bytes *text, const char *path, struct ska_request **request,
                          const struct ska_errors *errors)
{
    struct ska_request_errors advised;
    bool done = false;

    ska_request_errors_init(&advised, errors, ska_span_of(text));
    done = ska_request_parse(ska_span_of(text), path, request, &advised.errors);
    ska_bytes_free(text);
    return done;
}

bool input_read_request(const char *path, struct ska_request **request,
                        const struct ska_errors *errors)
{
    struct ska_bytes text = {NULL, 0};

    return ska_file_read(path, SKA_JSON_LIMIT, &text, errors) &&
           parse_request(&text, path, request, errors);
}

bool input_read_request_at(const struct ska_file_place *place, struct ska_request **request,
                           const struct ska_errors *errors)
{
    struct ska_bytes text = {NULL, 0};

    return ska_file_read_at(place->directory, place->name, place->path, SKA_JSON_LIMIT, &text,
                            errors) &&
           parse_request(&text, place->path, request, errors);
}
