/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Showing tokens, timestamps, rules and modify payloads to people, whatever is in them. Tolerant:
 * known elements by name, unknown ones in hexadecimal, broken ones where they break. Decides
 * nothing. All text is harmless on a terminal.
 */
#ifndef SKA_TOOLS_SHOW_WIRE_DUMP_H
#define SKA_TOOLS_SHOW_WIRE_DUMP_H

#include "provider/base/bytes.h"

/* One line for each element, indented by nesting (at most five deep; deeper is shown in hex). */
void wire_dump(struct ska_span encoded, struct ska_buffer *text);

#endif
