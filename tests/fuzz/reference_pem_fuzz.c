/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key references as PEM, among other things: what is read is exactly the base64 between the two
 * lines, and is read again when it is written; all else is refused, once.
 */
#include <stdarg.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>

#include "provider/hsm/reference.h"

#include "fuzz.h"

static void raise(void *arg, enum ska_reason reason, const char *file, int line,
                  const char *function, const char *format, va_list args)
{
    char message[512];

    (void)file;
    (void)line;
    (void)function;
    PROMISE(reason == SKA_R_BAD_REFERENCE);
    PROMISE(vsnprintf(message, sizeof(message), format, args) > 0);
    ++*(int *)arg;
}

/* Where the stream of `whole` stands. */
static struct ska_span rest_of(BIO *in, struct ska_span whole)
{
    size_t left = BIO_ctrl_pending(in);

    PROMISE(left <= whole.length);
    return ska_span(whole.data + whole.length - left, left);
}

/* The base64 of what was read stands in `text`, with nothing else but blanks before the END. */
static void is_text_of(struct ska_span der, struct ska_span text)
{
    static const char end[] = "-----END ";
    char *base64 = NULL;
    size_t i = 0, j = 0;

    PROMISE(ska_base64_encode(der, &base64, NULL));
    for (; base64[j] != 0; i++) {
        PROMISE(i < text.length);
        if (text.data[i] == (uint8_t)base64[j])
            j++;
        else
            PROMISE(text.data[i] != 0 && strchr(" \t\r\n", text.data[i]) != NULL);
    }
    while (i < text.length && text.data[i] != 0 && strchr(" \t\r\n", text.data[i]) != NULL)
        i++;
    PROMISE(text.length - i > strlen(end) && memcmp(text.data + i, end, strlen(end)) == 0);
    free(base64);
}

static void is_read_again(struct ska_span der)
{
    struct ska_bytes pem = {NULL, 0};
    struct ska_bytes again = {NULL, 0};
    BIO *in = NULL;

    PROMISE(hsm_reference_pem_write(HSM_REFERENCE_LABEL, der, &pem, NULL));
    in = BIO_new_mem_buf(pem.data, (int)pem.length);
    PROMISE(in != NULL && hsm_reference_pem_begins(in) && hsm_reference_pem_read(in, &again, NULL));
    PROMISE(ska_span_equal(ska_span_of(&again), der) && BIO_ctrl_pending(in) == 0);
    BIO_free(in);
    ska_bytes_free(&pem);
    ska_bytes_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ska_span whole = ska_span(data, size);
    BIO *in = BIO_new_mem_buf(size == 0 ? (const uint8_t *)"" : data, (int)size);

    PROMISE(in != NULL);
    while (BIO_ctrl_pending(in) > 0) {
        int raised = 0;
        struct ska_errors errors = {raise, &raised};
        struct ska_bytes der = {NULL, 0};
        struct ska_span text;

        if (!hsm_reference_pem_begins(in))
            continue;
        text = rest_of(in, whole);
        if (hsm_reference_pem_read(in, &der, &errors)) {
            PROMISE(raised == 0);
            is_text_of(ska_span_of(&der), text);
            if (der.length > 0) /* which libcrypto does not write as PEM */
                is_read_again(ska_span_of(&der));
            ska_bytes_free(&der);
        } else {
            PROMISE(raised == 1 && der.data == NULL);
        }
    }
    BIO_free(in);
    PROMISE(ERR_peek_error() == 0);
    return 0;
}
