/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is signed of an OCSP response.
 */
#ifndef SKA_TOOLS_SHOW_CONTENT_OCSP_H
#define SKA_TOOLS_SHOW_CONTENT_OCSP_H

#include "tools/show/content_rows.h"

/* False, without an error raised: it cannot be read, or memory ran out. */
bool content_read_ocsp(struct ska_span content,
                       const struct content_listener *listener) SKA_MUST_CHECK;

#endif
