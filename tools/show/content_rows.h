/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in signed content, one row after the other, for whoever shows it.
 */
#ifndef SKA_TOOLS_SHOW_CONTENT_ROWS_H
#define SKA_TOOLS_SHOW_CONTENT_ROWS_H

#include <openssl/types.h>

#include "provider/base/bytes.h"

struct content_listener {
    /* `name` is harmless, `untrusted` is what others wrote; both are gone afterwards. */
    void (*row)(void *arg, const char *name, struct ska_span untrusted);
    void *arg;
};

void content_row(const struct content_listener *listener, const char *name, const char *untrusted);
/* What is in the buffer, which is emptied; false when memory ran out. */
bool content_row_of(const struct content_listener *listener, const char *name,
                    struct ska_buffer *value) SKA_MUST_CHECK;
/* False: no time, or no memory. */
bool content_row_time(const struct content_listener *listener, const char *name,
                      const ASN1_TIME *time) SKA_MUST_CHECK;
bool content_row_name(const struct content_listener *listener, const char *name,
                      const X509_NAME *value) SKA_MUST_CHECK;
/* What is not taken apart. */
bool content_row_length(const struct content_listener *listener, const char *name,
                        size_t length) SKA_MUST_CHECK;

/* The name that libcrypto has for it, and its numbers. */
#define CONTENT_OBJECT_SIZE 160
void content_object_name(const ASN1_OBJECT *object, char name[CONTENT_OBJECT_SIZE]);

#endif
