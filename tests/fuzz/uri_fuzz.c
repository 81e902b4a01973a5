/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key URIs: what is read is what the text says, and what is written of it reads the same. A failure
 * is raised exactly once, and never shows the PIN.
 */
#include <stdarg.h>
#include <string.h>

#include "provider/hsm/uri.h"

#include "fuzz.h"

static void raise(void *arg, enum ska_reason reason, const char *file, int line,
                  const char *function, const char *format, va_list args)
{
    char message[512];

    (void)file;
    (void)line;
    (void)function;
    PROMISE(reason == SKA_R_BAD_URI);
    PROMISE(vsnprintf(message, sizeof(message), format, args) > 0);
    for (const char *at = message; *at != 0; at++)
        PROMISE((unsigned char)*at >= ' ');
    ++*(int *)arg;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void write_and_read(const struct hsm_uri *uri)
{
    struct hsm_uri *again = NULL;
    char *copy = NULL;
    char *text =
        hsm_uri_format(uri->token, ska_span_of(&uri->object), ska_span_of(&uri->id), uri->type);

    PROMISE(text != NULL && hsm_uri_is_ours(text));
    /* Every byte may take three when it is written. */
    if (strlen(text) <= HSM_URI_LIMIT) {
        PROMISE(hsm_uri_parse(text, &again, NULL));
        PROMISE(same_text(again->token, uri->token));
        PROMISE(ska_span_equal(ska_span_of(&again->object), ska_span_of(&uri->object)));
        PROMISE(ska_span_equal(ska_span_of(&again->id), ska_span_of(&uri->id)));
        PROMISE(again->type == uri->type);
        PROMISE(again->serial == NULL && again->pin == NULL && again->payload == NULL);
    }
    hsm_uri_free(again);
    free(text);
    /* All of it: what is written of what was written is the same. */
    text = hsm_uri_write(uri);
    PROMISE(text != NULL);
    again = hsm_uri_copy(uri);
    PROMISE(again != NULL && again->ignored == NULL);
    copy = hsm_uri_write(again);
    PROMISE(same_text(copy, text));
    hsm_uri_free(again);
    free(copy);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int raised = 0;
    struct ska_errors errors = {raise, &raised};
    struct ska_bytes text = {NULL, 0};
    struct hsm_uri *uri = NULL;

    PROMISE(ska_bytes_copy(&text, ska_span(data, size), NULL));
    if (hsm_uri_parse((const char *)text.data, &uri, &errors)) {
        PROMISE(raised == 0);
        PROMISE(hsm_uri_is_ours((const char *)text.data));
        PROMISE(uri->id.data == NULL || uri->id.length > 0);
        PROMISE(uri->object.data == NULL || uri->object.length > 0);
        PROMISE(uri->agent == NULL || ska_utf8_valid(ska_span_text(uri->agent)));
        PROMISE(uri->pin == NULL || uri->pin->value[0] != 0);
        write_and_read(uri);
        hsm_uri_free(uri);
    } else {
        PROMISE(raised == 1 && uri == NULL);
    }
    ska_bytes_free(&text);
    return 0;
}
