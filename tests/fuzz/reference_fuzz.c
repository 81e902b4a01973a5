/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key references: what is read holds no secret and is written byte for byte the same; all else is
 * refused, once.
 */
#include <stdarg.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include "provider/hsm/reference.h"

#include "fuzz.h"

static void raise(void *arg, enum ska_reason reason, const char *file, int line,
                  const char *function, const char *format, va_list args)
{
    char message[512];

    (void)file;
    (void)line;
    (void)function;
    PROMISE(reason == SKA_R_BAD_REFERENCE || reason == SKA_R_BAD_URI);
    PROMISE(vsnprintf(message, sizeof(message), format, args) > 0);
    ++*(int *)arg;
}

static OSSL_LIB_CTX *make_context(void)
{
    OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();

    PROMISE(context != NULL && OSSL_PROVIDER_load(context, "default") != NULL);
    return context;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static OSSL_LIB_CTX *libctx;
    int raised = 0;
    struct ska_errors errors = {raise, &raised};
    struct hsm_reference reference = {0};
    struct ska_bytes again = {NULL, 0};

    if (libctx == NULL)
        libctx = make_context();
    if (hsm_reference_decode(ska_span(data, size), libctx, &reference, &errors)) {
        PROMISE(raised == 0);
        PROMISE(reference.uri->pin == NULL);
        PROMISE(reference.uri->object != NULL || reference.uri->id.data != NULL);
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
