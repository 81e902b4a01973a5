/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/reference.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>

#define BEGIN_MARK "-----BEGIN "
#define BEGIN_LINE BEGIN_MARK HSM_REFERENCE_LABEL "-----"
#define END_LINE "-----END " HSM_REFERENCE_LABEL "-----"

/* The most base64 that is kept. */
#define TEXT_LIMIT ((size_t)HSM_REFERENCE_LIMIT / 3 * 4 + 4)

/* A line, or a part of one that is longer than this. */
struct line {
    char text[256];
    bool starts; /* it is the first part */
    bool ends;   /* it is the last part */
    bool zero;   /* there was a zero byte in it, at which its text ends */
};

/* Without what is blank at its end. */
static void trim(char *text)
{
    size_t length = strlen(text);

    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        text[--length] = 0;
}

/* `line` is the one before, {.ends = true} at first. */
static bool next_line(BIO *in, struct line *line)
{
    int length = BIO_gets(in, line->text, sizeof(line->text));

    if (length <= 0)
        return false;
    line->starts = line->ends;
    line->ends = line->text[length - 1] == '\n';
    line->zero = memchr(line->text, 0, (size_t)length) != NULL;
    trim(line->text);
    return true;
}

static bool is_whole(const struct line *line, const char *text)
{
    return line->starts && !line->zero && strcmp(line->text, text) == 0;
}

bool hsm_reference_pem_begins(BIO *in)
{
    struct line line = {.ends = true};

    while (next_line(in, &line))
        if (line.starts && strncmp(line.text, BEGIN_MARK, strlen(BEGIN_MARK)) == 0)
            return is_whole(&line, BEGIN_LINE);
    return false;
}

/* The base64 of the block, in one piece. */
static bool read_body(BIO *in, struct ska_bytes *body, const struct ska_errors *errors)
{
    struct ska_buffer text = {0};
    struct line line = {.ends = true};
    bool ended = false;
    bool zero = false;

    while (!ended && next_line(in, &line)) {
        ended = is_whole(&line, END_LINE);
        zero = zero || line.zero;
        if (!ended && text.length <= TEXT_LIMIT)
            ska_buffer_text(&text, line.text);
    }
    if (ended && !zero && text.length <= TEXT_LIMIT)
        return ska_buffer_finish(&text, body, errors);
    ska_buffer_free(&text);
    if (!ended)
        return ska_fail(errors, SKA_R_BAD_REFERENCE, "its PEM has no line \"" END_LINE "\"");
    if (zero)
        return ska_fail(errors, SKA_R_BAD_REFERENCE, "its PEM is not base64: a zero byte");
    return ska_fail(errors, SKA_R_BAD_REFERENCE,
                    "its PEM is too long: a key reference has at most %d bytes",
                    HSM_REFERENCE_LIMIT);
}

bool hsm_reference_pem_read(BIO *in, struct ska_bytes *der, const struct ska_errors *errors)
{
    struct ska_bytes body = {NULL, 0};
    bool done = false;

    if (!read_body(in, &body, errors))
        return false;
    done = ska_base64_decode((const char *)body.data, der) ||
           ska_fail(errors, SKA_R_BAD_REFERENCE, "its PEM is not base64");
    ska_bytes_free(&body);
    return done;
}

/* Without the provider a program says of such a file no more than that it is not supported. */
static const char comment[] =
    "# This says where a private key is. The key itself stays in an HSM.\n"
    "# To use this, OpenSSL 3 needs the provider ska: see ska-provider(7).\n";

bool hsm_reference_pem_write(const char *label, struct ska_span der, struct ska_bytes *pem,
                             const struct ska_errors *errors)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long length = 0;
    bool done = false;

    if (bio != NULL && BIO_puts(bio, comment) > 0 &&
        PEM_write_bio(bio, label, "", der.data, (long)der.length) > 0) {
        length = BIO_get_mem_data(bio, &text);
        done = ska_bytes_copy(pem, ska_span(text, (size_t)length), errors);
    } else {
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a key reference as PEM");
    }
    BIO_free(bio);
    return done;
}
