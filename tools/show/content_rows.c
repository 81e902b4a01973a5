/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/content_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "provider/rule/approver_name.h"
#include "tools/show/text.h"

/* The longest name of a person or an organization that is shown. */
#define NAME_LIMIT 2000

void content_row(const struct content_listener *listener, const char *name, const char *untrusted)
{
    listener->row(listener->arg, name, ska_span_text(untrusted));
}

bool content_row_of(const struct content_listener *listener, const char *name,
                    struct ska_buffer *value)
{
    bool done = !value->failed;

    if (done)
        listener->row(listener->arg, name, ska_span(value->data, value->length));
    ska_buffer_free(value);
    return done;
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
    /* What lies before 1970 is shown as it stands there. */
    if (seconds < 0)
        listener->row(listener->arg, name,
                      ska_span(ASN1_STRING_get0_data(time), (size_t)ASN1_STRING_length(time)));
    else
        content_row(listener, name, text_time((uint64_t)seconds, shown));
    return true;
}

bool content_row_name(const struct content_listener *listener, const char *name,
                      const X509_NAME *value)
{
    char *shown = ska_x509_name_shown(value, NAME_LIMIT);

    /* An empty one is allowed. */
    content_row(listener, name, shown == NULL ? "" : shown);
    free(shown);
    return shown != NULL || X509_NAME_entry_count(value) == 0;
}

bool content_row_length(const struct content_listener *listener, const char *name, size_t length)
{
    struct ska_buffer value = {0};

    ska_buffer_format(&value, "%zu bytes that are not shown", length);
    return content_row_of(listener, name, &value);
}

void content_object_name(const ASN1_OBJECT *object, char name[CONTENT_OBJECT_SIZE])
{
    char numbers[80] = "";
    int nid = OBJ_obj2nid(object);

    if (OBJ_obj2txt(numbers, sizeof(numbers), object, 1) <= 0)
        snprintf(numbers, sizeof(numbers), "?");
    if (nid == NID_undef)
        snprintf(name, CONTENT_OBJECT_SIZE, "%s", numbers);
    else
        snprintf(name, CONTENT_OBJECT_SIZE, "%.70s (%s)", OBJ_nid2ln(nid), numbers);
}
