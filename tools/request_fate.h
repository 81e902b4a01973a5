/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has become of a request that is not open any more, as far as this user can know it: by
 * evidence of a signature, and by state-dir.
 */
#ifndef SKA_TOOLS_REQUEST_FATE_H
#define SKA_TOOLS_REQUEST_FATE_H

#include "provider/sign/directory.h"
#include "tools/tool.h"

enum request_fate { REQUEST_FATE_UNKNOWN, REQUEST_SIGNED, REQUEST_EXECUTED, REQUEST_WITHDRAWN };

/*
 * Of this very token; appends "signed at ...", "executed at ...", "withdrawn at ...", and nothing
 * where it is not known.
 */
enum request_fate request_fate_find(const struct tool *tool, const struct ska_directory *directory,
                                    const struct ska_request *request, struct ska_buffer *text);
/* Of the last request whose id begins so. */
enum request_fate request_fate_find_digits(const struct tool *tool,
                                           const struct ska_directory *directory,
                                           const char *digits, struct ska_buffer *text);

/* ska_directory_find_id(), which also says what has become of one that is not open. */
bool request_fate_find_id(struct tool *tool, const struct ska_directory *directory,
                          const char *given, char id[SKA_REQUEST_ID_LENGTH + 1]) SKA_MUST_CHECK;

/* Raises that the request with this id, or its first digits, is not open, and why. Returns false.
 */
bool request_fate_fail(struct tool *tool, const struct ska_directory *directory,
                       const char *digits);

#endif
