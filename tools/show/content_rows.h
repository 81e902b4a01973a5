/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in signed content, one row after the other, for whoever shows it.
 */
#ifndef SKA_TOOLS_SHOW_CONTENT_ROWS_H
#define SKA_TOOLS_SHOW_CONTENT_ROWS_H

#include <openssl/types.h>

#include "provider/base/bytes.h"

/* So many bytes of a value are shown. */
#define CONTENT_VALUE_SHOWN 4000

struct content_listener {
    /* `name` is harmless, `untrusted` is what others wrote; both are gone afterwards. */
    void (*row)(void *arg, const char *name, struct ska_span untrusted);
    /* What is signed and not shown: its name, with the object identifier, and how long it is. */
    void (*unshown)(void *arg, const char *name, size_t length);
    void *arg;
};

/* Each row is whole: of what is longer than CONTENT_VALUE_SHOWN the rest is told as not shown. */
void content_row(const struct content_listener *listener, const char *name, const char *untrusted);
void content_row_span(const struct content_listener *listener, const char *name,
                      struct ska_span untrusted);
/* What is in the buffer, which is emptied; false when memory ran out. */
bool content_row_of(const struct content_listener *listener, const char *name,
                    struct ska_buffer *value) SKA_MUST_CHECK;
bool content_row_hex(const struct content_listener *listener, const char *name,
                     struct ska_span bytes) SKA_MUST_CHECK;
/* False: no time, or no memory. */
bool content_row_time(const struct content_listener *listener, const char *name,
                      const ASN1_TIME *time) SKA_MUST_CHECK;
bool content_row_name(const struct content_listener *listener, const char *name,
                      const X509_NAME *value) SKA_MUST_CHECK;
/* False: its name would have to be cut. */
bool content_row_object(const struct content_listener *listener, const char *name,
                        const ASN1_OBJECT *object) SKA_MUST_CHECK;

/* What is not taken apart: "`what` NAME (1.2.3)", or without `what` "NAME (1.2.3)". */
bool content_unshown(const struct content_listener *listener, const char *what,
                     const ASN1_OBJECT *object, size_t length) SKA_MUST_CHECK;

/* The name that libcrypto has for it, and its numbers; false: they are too long, or none. */
#define CONTENT_OBJECT_SIZE 400
bool content_object_name(const ASN1_OBJECT *object, char name[CONTENT_OBJECT_SIZE]) SKA_MUST_CHECK;

#endif
