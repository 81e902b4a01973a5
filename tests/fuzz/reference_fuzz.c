/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key references: what is read names no code and holds no secret, in whatever words, and is written
 * byte for byte the same; all else is refused, once.
 */
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "reference_fuzz.h"

/* By the text itself, not by our parser: no attribute after the first "?" has such a name. */
static void names_no_code_or_secret(const char *uri)
{
    static const char *const names[] = {"pin-value", "module-path", "module-name", "tsb-url"};
    const char *at = strchr(uri, '?');

    while (at != NULL) {
        at++;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            PROMISE(strncasecmp(at, names[i], strlen(names[i])) != 0);
        at = strpbrk(at, "&;");
    }
}

/* No PIN file but a configured one. */
static void names_no_other_pin_file(const struct hsm_uri *uri)
{
    const struct ska_settings none = {0};
    struct ska_settings listed = {.pin_source = (char[]){"file:/etc/ska/pin"}};
    const char *path = uri->pin_source;

    PROMISE(hsm_reference_check_pin_source(uri, &none, NULL) == (path == NULL));
    if (path != NULL && strncmp(path, "file:", 5) == 0)
        path += 5;
    PROMISE(hsm_reference_check_pin_source(uri, &listed, NULL) ==
            (path == NULL || strcmp(path, "/etc/ska/pin") == 0));
}

/* What people are told of it is a line, whatever stands in it. */
static void shows_its_sources(const struct hsm_uri *uri)
{
    const struct ska_settings none = {0};
    const struct hsm_reference_sources sources = hsm_reference_sources(uri, &none);

    PROMISE((sources.text[0] == 0) ==
            (uri->approvals_file == NULL && uri->approvals_dir == NULL && uri->agent == NULL));
    for (const char *at = sources.text; *at != 0; at++)
        PROMISE((unsigned char)*at >= ' ' && *at != 0x7F);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static OSSL_LIB_CTX *libctx;
    int raised = 0;
    struct ska_errors errors = {reference_raise, &raised};
    struct hsm_reference reference = {0};
    struct ska_bytes again = {NULL, 0};

    if (libctx == NULL)
        libctx = reference_context();
    if (hsm_reference_decode(ska_span(data, size), libctx, &reference, &errors)) {
        PROMISE(raised == 0);
        PROMISE(reference.uri->pin == NULL && reference.uri->module_path == NULL);
        names_no_code_or_secret(reference.text);
        names_no_other_pin_file(reference.uri);
        shows_its_sources(reference.uri);
        PROMISE(reference.uri->object.data != NULL || reference.uri->id.data != NULL);
        PROMISE(strlen(reference.text) <= HSM_URI_LIMIT);
        PROMISE(
            hsm_reference_encode(reference.text, reference.public_key, libctx, &again, &errors));
        PROMISE(ska_span_equal(ska_span_of(&again), ska_span(data, size)));
        hsm_reference_clear(&reference);
        ska_bytes_free(&again);
    } else {
        PROMISE(raised == 1 && reference.uri == NULL && reference.public_key == NULL);
    }
    PROMISE(ERR_peek_error() == 0);
    return 0;
}
