/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzzers of key references have in common. */
#ifndef SKA_FUZZ_REFERENCE_H
#define SKA_FUZZ_REFERENCE_H

#include <stdarg.h>

#include <openssl/provider.h>

#include "provider/hsm/reference.h"

#include "fuzz.h"

/* Counts what is raised, in the int that arg points to. */
static inline void reference_raise(void *arg, enum ska_reason reason, const char *file, int line,
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

/* With the default provider alone. */
static inline OSSL_LIB_CTX *reference_context(void)
{
    OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();

    PROMISE(context != NULL && OSSL_PROVIDER_load(context, "default") != NULL);
    return context;
}

#endif
