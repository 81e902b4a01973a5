/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/content_rows.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "provider/rule/approver_name.h"
#include "tools/show/text.h"

/* ---- Values ---------------------------------------------------------------------------------- */

/* Not in the middle of a character, which is four bytes long at most. */
static size_t shown_of(struct ska_span value)
{
    size_t shown = CONTENT_VALUE_SHOWN;

    if (value.length <= CONTENT_VALUE_SHOWN)
        return value.length;
    while (shown > CONTENT_VALUE_SHOWN - 3 && (value.data[shown] & 0xC0) == 0x80)
        shown--;
    return shown;
}

void content_row_span(const struct content_listener *listener, const char *name,
                      struct ska_span untrusted)
{
    char rest[CONTENT_OBJECT_SIZE + 64];
    size_t shown = shown_of(untrusted);

    listener->row(listener->arg, name, ska_span(untrusted.data, shown));
    if (shown == untrusted.length)
        return;
    snprintf(rest, sizeof(rest), "%s, the rest of it", name);
    listener->unshown(listener->arg, rest, untrusted.length - shown);
}

void content_row(const struct content_listener *listener, const char *name, const char *untrusted)
{
    content_row_span(listener, name, ska_span_text(untrusted));
}

bool content_row_of(const struct content_listener *listener, const char *name,
                    struct ska_buffer *value)
{
    bool done = !value->failed;

    if (done)
        content_row_span(listener, name, ska_span(value->data, value->length));
    ska_buffer_free(value);
    return done;
}

bool content_row_hex(const struct content_listener *listener, const char *name,
                     struct ska_span bytes)
{
    struct ska_buffer value = {0};

    ska_buffer_hex(&value, bytes);
    return content_row_of(listener, name, &value);
}

/* YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ, without a part of a second and in no other zone. */
static bool is_plain_time(const ASN1_TIME *time)
{
    int length = ASN1_STRING_type(time) == V_ASN1_UTCTIME ? 13 : 15;

    return ASN1_STRING_length(time) == length && ASN1_STRING_get0_data(time)[length - 1] == 'Z';
}

bool content_row_time(const struct content_listener *listener, const char *name,
                      const ASN1_TIME *time)
{
    char shown[TEXT_TIME_SIZE];
    struct tm parts;
    time_t seconds = 0;

    if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1)
        return false;
    seconds = timegm(&parts);
    /* What lies before 1970, or says more than seconds, is shown as it stands there. */
    if (seconds < 0 || !is_plain_time(time))
        content_row_span(listener, name,
                         ska_span(ASN1_STRING_get0_data(time), (size_t)ASN1_STRING_length(time)));
    else
        content_row(listener, name, text_time((uint64_t)seconds, shown));
    return true;
}

/* ---- Names and object identifiers ------------------------------------------------------------ */

/* libcrypto cuts the numbers of what it has no name for. */
#define NUMBERS_WHOLE 80

static bool has_whole_types(const X509_NAME *name)
{
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const ASN1_OBJECT *type = X509_NAME_ENTRY_get_object(X509_NAME_get_entry(name, i));

        if (OBJ_obj2nid(type) == NID_undef && OBJ_obj2txt(NULL, 0, type, 1) >= NUMBERS_WHOLE)
            return false;
    }
    return true;
}

bool content_row_name(const struct content_listener *listener, const char *name,
                      const X509_NAME *value)
{
    struct ska_bytes text = {NULL, 0};

    if (!has_whole_types(value))
        return false;
    /* An empty one is allowed. */
    if (X509_NAME_entry_count(value) > 0 && !ska_x509_name_text(value, &text))
        return false;
    content_row_span(listener, name, ska_span_of(&text));
    ska_bytes_free(&text);
    return true;
}

bool content_object_name(const ASN1_OBJECT *object, char name[CONTENT_OBJECT_SIZE])
{
    char numbers[CONTENT_OBJECT_SIZE - 80] = "";
    int length = OBJ_obj2txt(numbers, sizeof(numbers), object, 1);
    int nid = OBJ_obj2nid(object);

    if (length <= 0 || (size_t)length >= sizeof(numbers))
        return false;
    if (nid == NID_undef)
        snprintf(name, CONTENT_OBJECT_SIZE, "%s", numbers);
    else
        snprintf(name, CONTENT_OBJECT_SIZE, "%.70s (%s)", OBJ_nid2ln(nid), numbers);
    return true;
}

bool content_row_object(const struct content_listener *listener, const char *name,
                        const ASN1_OBJECT *object)
{
    char shown[CONTENT_OBJECT_SIZE];

    if (!content_object_name(object, shown))
        return false;
    content_row(listener, name, shown);
    return true;
}

bool content_unshown(const struct content_listener *listener, const char *what,
                     const ASN1_OBJECT *object, size_t length)
{
    char name[CONTENT_OBJECT_SIZE];
    char whole[CONTENT_OBJECT_SIZE + 64];

    if (!content_object_name(object, name))
        return false;
    snprintf(whole, sizeof(whole), "%s%s%s", what == NULL ? "" : what, what == NULL ? "" : " ",
             name);
    listener->unshown(listener->arg, whole, length);
    return true;
}
