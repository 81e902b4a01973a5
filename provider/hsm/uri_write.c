/* SPDX-License-Identifier: Apache-2.0 */
/* Key URIs, from their parts to their text. */
#include "provider/hsm/uri.h"

#include <string.h>

#define UNRESERVED                                                                                 \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"                                                                   \
    "abcdefghijklmnopqrstuvwxyz"                                                                   \
    "0123456789_-."

/* What else is written as it is: the text after "?" is mostly paths, for people to read. */
#define IN_PATH UNRESERVED
#define IN_QUERY UNRESERVED "/:,"
#define NOTHING ""

struct writer {
    struct ska_buffer text;
    const char *separator; /* before the next attribute */
};

static void add_attribute(struct writer *writer, const char *name, struct ska_span value,
                          const char *verbatim)
{
    ska_buffer_format(&writer->text, "%s%s=", writer->separator, name);
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] != 0 && strchr(verbatim, value.data[i]) != NULL)
            ska_buffer_add(&writer->text, &value.data[i], 1);
        else
            ska_buffer_format(&writer->text, "%%%02x", value.data[i]);
    }
}

static void add_path(struct writer *writer, const char *name, const char *value)
{
    if (value == NULL || value[0] == 0)
        return;
    add_attribute(writer, name, ska_span_text(value), IN_PATH);
    writer->separator = ";";
}

static void add_query(struct writer *writer, const char *name, const char *value)
{
    if (value == NULL)
        return;
    add_attribute(writer, name, ska_span_text(value), IN_QUERY);
    writer->separator = "&";
}

static void add_id(struct writer *writer, struct ska_span id)
{
    if (id.length == 0 || memchr(id.data, 0, id.length) != NULL)
        return;
    add_attribute(writer, "id", id, NOTHING);
    writer->separator = ";";
}

static void add_object(struct writer *writer, const char *object)
{
    if (object != NULL && ska_utf8_valid(ska_span_text(object)))
        add_path(writer, "object", object);
}

char *hsm_uri_write(const struct hsm_uri *uri)
{
    static const char *const types[] = {
        [HSM_OBJECT_ANY] = NULL,
        [HSM_OBJECT_PRIVATE] = "private",
        [HSM_OBJECT_PUBLIC] = "public",
        [HSM_OBJECT_CERTIFICATE] = "cert",
    };
    struct writer writer = {{0}, ""};
    struct ska_bytes text = {NULL, 0};

    ska_buffer_text(&writer.text, "ska:");
    add_path(&writer, "token", uri->token);
    add_path(&writer, "serial", uri->serial);
    add_path(&writer, "manufacturer", uri->manufacturer);
    add_path(&writer, "model", uri->model);
    add_id(&writer, ska_span_of(&uri->id));
    add_object(&writer, uri->object);
    add_path(&writer, "type", types[uri->type]);
    writer.separator = "?";
    add_query(&writer, "pin-source", uri->pin_source);
    add_query(&writer, "module-path", uri->module_path);
    add_query(&writer, "approvals-file", uri->approvals_file);
    add_query(&writer, "approvals-dir", uri->approvals_dir);
    add_query(&writer, "approvals-timeout", uri->approvals_timeout);
    add_query(&writer, "agent", uri->agent);
    add_query(&writer, "payload", uri->payload);
    return ska_buffer_finish(&writer.text, &text, NULL) ? (char *)text.data : NULL;
}

char *hsm_uri_format(const char *token, const char *object, struct ska_span id,
                     enum hsm_object_type type)
{
    /* Borrowed, and only read. */
    struct hsm_uri uri = {
        .token = (char *)(uintptr_t)token,
        .object = (char *)(uintptr_t)object,
        .id = {(uint8_t *)(uintptr_t)id.data, id.length},
        .type = type,
    };

    return hsm_uri_write(&uri);
}
