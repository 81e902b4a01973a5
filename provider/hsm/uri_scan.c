/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/uri_scan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "provider/hsm/uri.h"

const char *const hsm_uri_names[HSM_URI_ATTRIBUTE_COUNT] = {
    [HSM_URI_TOKEN] = "token",
    [HSM_URI_SERIAL] = "serial",
    [HSM_URI_MANUFACTURER] = "manufacturer",
    [HSM_URI_MODEL] = "model",
    [HSM_URI_OBJECT] = "object",
    [HSM_URI_ID] = "id",
    [HSM_URI_TYPE] = "type",
    [HSM_URI_PIN_SOURCE] = "pin-source",
    [HSM_URI_PIN_VALUE] = "pin-value",
    [HSM_URI_MODULE_PATH] = "module-path",
    [HSM_URI_APPROVALS_FILE] = "approvals-file",
    [HSM_URI_APPROVALS_DIR] = "approvals-dir",
    [HSM_URI_APPROVALS_TIMEOUT] = "approvals-timeout",
    [HSM_URI_AGENT] = "agent",
    [HSM_URI_PAYLOAD] = "payload",
};

#define FIRST_QUERY HSM_URI_PIN_SOURCE

/* How much of an unknown name a message repeats. */
#define SHOWN_NAME 40

/* Length of "ska:" or "pkcs11:" at the start of the text, else 0. */
static size_t scheme_length(const char *text)
{
    if (strncasecmp(text, "ska:", 4) == 0)
        return 4;
    return strncasecmp(text, "pkcs11:", 7) == 0 ? 7 : 0;
}

bool hsm_uri_is_ours(const char *text)
{
    return scheme_length(text) > 0;
}

/* ---- Values -------------------------------------------------------------------------------------
 */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t hsm_uri_decode(struct ska_span value, char *to)
{
    const char *from = (const char *)value.data;
    size_t length = 0;

    for (size_t i = 0; i < value.length; i++) {
        if (from[i] == '%') {
            to[length++] = (char)(hex_digit(from[i + 1]) << 4 | hex_digit(from[i + 2]));
            i += 2;
        } else {
            to[length++] = from[i];
        }
    }
    to[length] = 0;
    return length;
}

/* NULL, or what is wrong with the encoding. */
static const char *encoding_fault(struct ska_span value)
{
    const char *from = (const char *)value.data;

    if (value.length == 0)
        return "is empty";
    for (size_t i = 0; i < value.length; i++) {
        if (from[i] != '%') {
            if ((unsigned char)from[i] <= 0x20 || from[i] == 0x7F || from[i] == '#')
                return "has a blank, a control character or a # that is not percent-encoded";
            continue;
        }
        if (value.length - i < 3 || hex_digit(from[i + 1]) < 0 || hex_digit(from[i + 2]) < 0)
            return "has a % without two hexadecimal digits";
        if (from[i + 1] == '0' && from[i + 2] == '0')
            return "contains %00";
        i += 2;
    }
    return NULL;
}

static bool check_value(enum hsm_uri_attribute attribute, struct ska_span value,
                        const struct ska_errors *errors)
{
    const char *fault = encoding_fault(value);

    if (fault == NULL && attribute != HSM_URI_ID) {
        char *decoded = malloc(value.length + 1);
        size_t length = 0;

        if (decoded == NULL)
            return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a URI");
        length = hsm_uri_decode(value, decoded);
        if (!ska_utf8_valid(ska_span(decoded, length)))
            fault = "is not valid UTF-8";
        else if (attribute <= HSM_URI_MODEL && strspn(decoded, " ") == length)
            fault = "is blank"; /* Cryptoki pads these with blanks, so this says nothing */
        OPENSSL_cleanse(decoded, length); /* it may be the PIN */
        free(decoded);
    }
    return fault == NULL ||
           ska_fail(errors, SKA_R_BAD_URI, "%s %s", hsm_uri_names[attribute], fault);
}

/* ---- Attributes ------------------------------------------------------------------------------ */

/* "token, serial, ... before the "?", pin-source, ... after it" */
static void raise_list(const char *shown, const struct ska_errors *errors)
{
    struct ska_buffer text = {0};
    struct ska_bytes list = {NULL, 0};

    for (size_t i = 0; i < HSM_URI_ATTRIBUTE_COUNT; i++)
        ska_buffer_format(&text, "%s%s",
                          i == 0                    ? ""
                          : i == HSM_URI_PIN_SOURCE ? " before the \"?\", "
                                                    : ", ",
                          hsm_uri_names[i]);
    if (ska_buffer_finish(&text, &list, errors))
        ska_fail(errors, SKA_R_BAD_URI, "unknown attribute %s: there are %s after it", shown,
                 (const char *)list.data);
    ska_bytes_free(&list);
}

static bool raise_unknown(struct ska_span name, bool query, const struct ska_errors *errors)
{
    char *shown = ska_printable(name, SHOWN_NAME);
    bool known = false;

    for (size_t i = 0; i < HSM_URI_ATTRIBUTE_COUNT; i++)
        known = known || ska_span_equal(name, ska_span_text(hsm_uri_names[i]));
    if (known)
        ska_fail(errors, SKA_R_BAD_URI, "attribute %s belongs %s the \"?\"",
                 shown == NULL ? "" : shown, query ? "before" : "after");
    else
        raise_list(shown == NULL ? "" : shown, errors);
    free(shown);
    return false;
}

/* One "name=value". What stands there without a "=" is not repeated: it might be a secret. */
static bool scan_attribute(struct ska_span part, bool query, struct hsm_uri_scan *scan,
                           const struct ska_errors *errors)
{
    const uint8_t *equals = memchr(part.data, '=', part.length);
    size_t first = query ? FIRST_QUERY : 0;
    size_t last = query ? HSM_URI_ATTRIBUTE_COUNT : FIRST_QUERY;
    struct ska_span name = {NULL, 0};
    struct ska_span value = {NULL, 0};

    if (part.length == 0)
        return ska_fail(errors, SKA_R_BAD_URI, "an attribute is empty");
    if (equals == NULL || equals == part.data)
        return ska_fail(errors, SKA_R_BAD_URI, "an attribute is not of the form name=value%s",
                        query ? ""
                              : ": the label of a key is written object=LABEL, as in "
                                "ska:object=seal");
    name = ska_span(part.data, (size_t)(equals - part.data));
    value = ska_span(equals + 1, part.length - name.length - 1);
    for (size_t i = first; i < last; i++) {
        if (!ska_span_equal(name, ska_span_text(hsm_uri_names[i])))
            continue;
        if (scan->values[i].data != NULL)
            return ska_fail(errors, SKA_R_BAD_URI, "attribute %s is given twice", hsm_uri_names[i]);
        scan->values[i] = value;
        return check_value((enum hsm_uri_attribute)i, value, errors);
    }
    return raise_unknown(name, query, errors);
}

/* Attributes between separators; nothing at all is fine. */
static bool scan_part(struct ska_span part, char separator, bool query, struct hsm_uri_scan *scan,
                      const struct ska_errors *errors)
{
    const uint8_t *end = NULL;

    if (part.length == 0)
        return true;
    while ((end = memchr(part.data, separator, part.length)) != NULL) {
        size_t length = (size_t)(end - part.data);

        if (!scan_attribute(ska_span(part.data, length), query, scan, errors))
            return false;
        part = ska_span(end + 1, part.length - length - 1);
    }
    return scan_attribute(part, query, scan, errors);
}

bool hsm_uri_scan(const char *text, struct hsm_uri_scan *scan, const struct ska_errors *errors)
{
    size_t scheme = scheme_length(text);
    const char *path = text + scheme;
    const char *question = strchr(path, '?');

    memset(scan, 0, sizeof(*scan));
    if (scheme == 0)
        return ska_fail(errors, SKA_R_BAD_URI, "a key URI starts with ska: or pkcs11:");
    if (strnlen(text, HSM_URI_LIMIT + 1) > HSM_URI_LIMIT)
        return ska_fail(errors, SKA_R_BAD_URI, "longer than %d bytes", HSM_URI_LIMIT);
    if (question == NULL)
        return scan_part(ska_span_text(path), ';', false, scan, errors);
    return scan_part(ska_span(path, (size_t)(question - path)), ';', false, scan, errors) &&
           scan_part(ska_span_text(question + 1), '&', true, scan, errors);
}
