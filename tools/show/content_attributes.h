/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed attributes of CMS, which is what CAdES, S/MIME and most PDF signatures sign.
 */
#ifndef SKA_TOOLS_SHOW_CONTENT_ATTRIBUTES_H
#define SKA_TOOLS_SHOW_CONTENT_ATTRIBUTES_H

#include "provider/request/signed_content.h"
#include "tools/show/content_rows.h"

/* False, without an error raised: an attribute cannot be read, or memory ran out. */
bool content_read_attributes(struct ska_span content,
                             const struct content_listener *listener) SKA_MUST_CHECK;

#endif
