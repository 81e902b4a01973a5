/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 and hexadecimal; libcrypto does the work, strictness is added here. */
#include "provider/base/bytes.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

static const char hex_digits[] = "0123456789abcdef";

bool ska_hex_encode(struct ska_span from, char **to, const struct ska_errors *errors)
{
    char *text = malloc(from.length * 2 + 1);

    if (text == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu bytes as hexadecimal", from.length);
    for (size_t i = 0; i < from.length; i++) {
        text[2 * i] = hex_digits[from.data[i] >> 4];
        text[2 * i + 1] = hex_digits[from.data[i] & 15];
    }
    text[from.length * 2] = 0;
    *to = text;
    return true;
}

void ska_buffer_hex(struct ska_buffer *buffer, struct ska_span bytes)
{
    for (size_t i = 0; i < bytes.length; i++) {
        const char digits[] = {hex_digits[bytes.data[i] >> 4], hex_digits[bytes.data[i] & 15]};

        ska_buffer_add(buffer, digits, sizeof(digits));
    }
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

bool ska_hex_decode(const char *text, struct ska_bytes *to)
{
    size_t length = strlen(text);
    uint8_t *data = NULL;

    if (length % 2 != 0 || (data = malloc(length / 2 + 1)) == NULL)
        return false;
    for (size_t i = 0; i < length / 2; i++) {
        int high = hex_value(text[2 * i]);
        int low = hex_value(text[2 * i + 1]);

        if (high < 0 || low < 0) {
            free(data);
            return false;
        }
        data[i] = (uint8_t)(high << 4 | low);
    }
    data[length / 2] = 0;
    to->data = data;
    to->length = length / 2;
    return true;
}

bool ska_decimal_decode(const char *text, uint64_t most, uint64_t *number)
{
    uint64_t value = 0;

    if (text[0] == 0)
        return false;
    for (; *text != 0; text++) {
        uint64_t digit = (uint64_t)(*text - '0');

        if (*text < '0' || *text > '9' || digit > most || value > (most - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}

bool ska_base64_encode(struct ska_span from, char **to, const struct ska_errors *errors)
{
    char *text = NULL;

    if (from.length > INT_MAX / 2)
        return ska_fail(errors, SKA_R_BAD_INPUT_LENGTH, "%zu bytes as base64", from.length);
    text = malloc((from.length + 2) / 3 * 4 + 1);
    if (text == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu bytes as base64", from.length);
    text[0] = 0;
    if (from.length > 0)
        EVP_EncodeBlock((unsigned char *)text, from.data, (int)from.length);
    *to = text;
    return true;
}

/*
 * EVP_DecodeBlock() takes padding anywhere, as zeros: what is no data must be zero. White space
 * around the text makes what it returns shorter.
 */
bool ska_base64_decode(const char *text, struct ska_bytes *to)
{
    size_t length = strlen(text);
    size_t data_length = strcspn(text, "=") * 3 / 4;
    size_t padding = length / 4 * 3 - data_length;
    uint8_t *data = NULL;

    if (length % 4 != 0 || length > INT_MAX / 2 || padding > 2 ||
        strspn(text + length - padding, "=") != padding ||
        (data = malloc(length / 4 * 3 + 1)) == NULL)
        return false;
    if ((length > 0 && EVP_DecodeBlock(data, (const unsigned char *)text, (int)length) !=
                           (int)(length / 4 * 3)) ||
        (padding > 0 && data[data_length] != 0)) {
        free(data);
        return false;
    }
    data[data_length] = 0;
    *to = (struct ska_bytes){data, data_length};
    return true;
}

bool ska_base64_decode_file(struct ska_span content, struct ska_bytes *to)
{
    char *text = malloc(content.length + 1);
    size_t length = 0;
    bool done = false;

    if (text == NULL)
        return false;
    for (size_t i = 0; i < content.length; i++)
        if (!isspace(content.data[i]) && content.data[i] != 0)
            text[length++] = (char)content.data[i];
    text[length] = 0;
    done = length > 0 && ska_base64_decode(text, to);
    free(text);
    return done;
}

/* One block, and nothing behind it: what is not read must not come along unseen. */
bool ska_base64_decode_pem(const char *text, struct ska_bytes *to)
{
    static const char dashes[] = "-----";
    static const char begin[] = "-----BEGIN ";
    static const char end[] = "-----END ";
    const bool is_pem = strncmp(text, begin, strlen(begin)) == 0;
    const char *label = text + (is_pem ? strlen(begin) : 0);
    const char *body = is_pem ? strstr(label, dashes) : NULL;
    const char *last = body == NULL ? NULL : strstr(body + strlen(dashes), end);
    const char *rest = NULL;
    size_t length = 0;

    if (!is_pem)
        return ska_base64_decode(text, to);
    if (last == NULL)
        return false;
    length = (size_t)(body - label);
    body += strlen(dashes);
    rest = last + strlen(end);
    if (strncmp(rest, label, length) != 0 || strncmp(rest + length, dashes, strlen(dashes)) != 0)
        return false;
    rest += length + strlen(dashes);
    return rest[strspn(rest, "\r\n \t")] == 0 &&
           memmem(label, length, "PRIVATE KEY", strlen("PRIVATE KEY")) == NULL &&
           ska_base64_decode_file(ska_span(body, (size_t)(last - body)), to);
}
