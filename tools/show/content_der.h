/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of parts of signed content as they stand there, in DER: object identifiers and algorithms.
 * Spans are the content of an element, without its header.
 */
#ifndef SKA_TOOLS_SHOW_CONTENT_DER_H
#define SKA_TOOLS_SHOW_CONTENT_DER_H

#include "tools/show/content_rows.h"

/* libcrypto's number for it; its own bytes are then no words of somebody. */
bool content_known_object(struct ska_span object, int *nid) SKA_MUST_CHECK;

/* All false without an error raised: it has another form, or memory ran out. */
bool content_row_object_der(const struct content_listener *listener, const char *name,
                            struct ska_span object) SKA_MUST_CHECK;
/* content_unshown() */
bool content_unshown_der(const struct content_listener *listener, const char *what,
                         struct ska_span object, size_t length) SKA_MUST_CHECK;
/* AlgorithmIdentifier, with its parameters in a row of their own, if there are any. */
bool content_row_algorithm(const struct content_listener *listener, const char *name,
                           struct ska_span algorithm) SKA_MUST_CHECK;
/* Takes a GeneralizedTime. */
bool content_row_take_time(const struct content_listener *listener, const char *name,
                           struct ska_span *from) SKA_MUST_CHECK;
/* A Name with its header. */
bool content_row_name_der(const struct content_listener *listener, const char *name,
                          struct ska_span der) SKA_MUST_CHECK;

#endif
