/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file is that somebody took for an answer, for people who have picked the wrong attachment.
 */
#ifndef SKA_TOOLS_COMMAND_IMPORT_KIND_H
#define SKA_TOOLS_COMMAND_IMPORT_KIND_H

#include "provider/base/bytes.h"

/* What to do about it. */
#define IMPORT_WANTED                                                                              \
    "what an approver sends back is a file in JSON that skatool approve or skatool reject has "    \
    "written"

/*
 * "a certificate, in PEM": a literal. NULL: it may be meant as an answer, and the failure to read
 * it says more.
 */
const char *import_what_it_is(const char *path, struct ska_span text);

#endif
