/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "provider/base/file.h"

/* More than any token has. */
#define FILE_LIMIT ((size_t)64 * 1024)

static void free_line(char *line)
{
    if (line != NULL)
        OPENSSL_cleanse(line, strlen(line));
    free(line);
}

void tsb_credentials_clear(struct tsb_credentials *credentials)
{
    free_line(credentials->token);
    for (size_t i = 0; i < credentials->api_key_count; i++)
        free_line(credentials->api_keys[i]);
    memset(credentials, 0, sizeof(*credentials));
}

/* The next line of a text, without what is blank at its end. */
static struct ska_span next_line(struct ska_span *text)
{
    const uint8_t *end = text->length == 0 ? NULL : memchr(text->data, '\n', text->length);
    struct ska_span line =
        ska_span(text->data, end == NULL ? text->length : (size_t)(end - text->data));
    size_t whole = end == NULL ? text->length : line.length + 1;

    *text = ska_span(text->data + whole, text->length - whole);
    while (line.length > 0 && strchr(" \t\r", line.data[line.length - 1]) != NULL &&
           line.data[line.length - 1] != 0)
        line.length--;
    return line;
}

/* What can stand in a header: one word of letters, digits and signs. */
static bool is_word(struct ska_span line)
{
    for (size_t i = 0; i < line.length; i++)
        if (line.data[i] <= ' ' || line.data[i] >= 0x7F)
            return false;
    return line.length > 0;
}

bool tsb_secret_read(const char *what, const char *path, struct ska_bytes *secret,
                     const struct ska_errors *errors)
{
    struct ska_bytes content = {NULL, 0};
    struct ska_span rest;
    struct ska_span line;
    bool done = false;

    if (!ska_file_read_safe(what, path, path, FILE_LIMIT, &content, errors))
        return false;
    rest = ska_span_of(&content);
    line = next_line(&rest);
    if (line.length == 0 || memchr(line.data, 0, line.length) != NULL ||
        next_line(&rest).length > 0)
        ska_fail(errors, SKA_R_BAD_CONFIGURATION, "%s: %s: one line expected", what, path);
    else
        done = ska_bytes_copy(secret, line, errors);
    ska_bytes_clear_free(&content);
    return done;
}

/* "NAME: VALUE". NULL: raised. */
static char *make_line(const char *before, struct ska_span value, const struct ska_errors *errors)
{
    size_t length = strlen(before);
    char *line = malloc(length + value.length + 1);

    if (line == NULL) {
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a header");
        return NULL;
    }
    memcpy(line, before, length);
    memcpy(line + length, value.data, value.length);
    line[length + value.length] = 0;
    return line;
}

static bool read_token(const char *path, struct tsb_credentials *credentials,
                       const struct ska_errors *errors)
{
    struct ska_bytes token = {NULL, 0};
    bool done = tsb_secret_read("tsb-token-source", path, &token, errors);

    if (done && !is_word(ska_span_of(&token)))
        done = ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                        "tsb-token-source: %s: a token is one word, without blanks", path);
    if (done)
        credentials->token = make_line("Authorization: Bearer ", ska_span_of(&token), errors);
    ska_bytes_clear_free(&token);
    return done && credentials->token != NULL;
}

static bool take_api_keys(struct ska_span rest, const char *path,
                          struct tsb_credentials *credentials, const struct ska_errors *errors)
{
    while (rest.length > 0) {
        struct ska_span line = next_line(&rest);
        char *header = NULL;

        if (line.length == 0)
            continue;
        if (!is_word(line))
            return ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                            "tsb-api-key-source: %s: an API key is one word on a line", path);
        if (credentials->api_key_count == TSB_API_KEYS_MOST)
            return ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                            "tsb-api-key-source: %s: more than %d API keys", path,
                            TSB_API_KEYS_MOST);
        header = make_line("X-API-KEY: ", line, errors);
        if (header == NULL)
            return false;
        credentials->api_keys[credentials->api_key_count++] = header;
    }
    return credentials->api_key_count > 0 ||
           ska_fail(errors, SKA_R_BAD_CONFIGURATION, "tsb-api-key-source: %s: no API key in it",
                    path);
}

static bool read_api_keys(const char *path, struct tsb_credentials *credentials,
                          const struct ska_errors *errors)
{
    struct ska_bytes content = {NULL, 0};
    bool done = ska_file_read_safe("tsb-api-key-source", path, path, FILE_LIMIT, &content, errors);

    done = done && take_api_keys(ska_span_of(&content), path, credentials, errors);
    ska_bytes_clear_free(&content);
    return done;
}

bool tsb_credentials_read(const struct tsb_sources *sources, struct tsb_credentials *credentials,
                          const struct ska_errors *errors)
{
    memset(credentials, 0, sizeof(*credentials));
    if ((sources->token == NULL || read_token(sources->token, credentials, errors)) &&
        (sources->api_keys == NULL || read_api_keys(sources->api_keys, credentials, errors)))
        return true;
    tsb_credentials_clear(credentials);
    return false;
}
