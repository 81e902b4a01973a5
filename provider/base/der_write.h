/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DER, written from the inside out: what belongs into an element is put into a buffer, and this
 * into the buffer of what is around it. Like a buffer itself, a failure is remembered to the end.
 */
#ifndef SKA_BASE_DER_WRITE_H
#define SKA_BASE_DER_WRITE_H

#include "provider/base/bytes.h"

/* An element; `identifier` as in der.h. */
void ska_der_put(struct ska_buffer *to, uint8_t identifier, struct ska_span content);
/* The same around what a buffer holds, which is freed. */
void ska_der_wrap(struct ska_buffer *to, uint8_t identifier, struct ska_buffer *content);

void ska_der_put_number(struct ska_buffer *to, uint64_t number);
/* The OBJECT IDENTIFIER with libcrypto's number `nid`. */
void ska_der_put_object(struct ska_buffer *to, int nid);

/*
 * A SET OF, which DER wants sorted. The elements are in buffers of their own, of which each holds
 * one; they are sorted and freed.
 */
void ska_der_wrap_set(struct ska_buffer *to, uint8_t identifier, struct ska_buffer *elements,
                      size_t count);

#endif
