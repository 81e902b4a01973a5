/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that -o names. What stands there already is replaced only when nothing is lost by it.
 */
#ifndef SKA_TOOLS_OUTPUT_H
#define SKA_TOOLS_OUTPUT_H

#include "provider/request/request.h"
#include "tools/input.h"
#include "tools/tool.h"

/* Whether what is written goes to standard output, by its name; NULL: it does not. */
bool output_is_stdout(const char *path);

/*
 * Each raises SKA_R_WRONG_USE with what stands at `path` and what to do. No file (NULL), open
 * descriptors ("-"), devices, FIFOs and empty files are fine everywhere.
 */

/* What can be said before a person is asked for anything, of the two that follow. */
bool output_check_early(struct tool *tool, const char *path) SKA_MUST_CHECK;

/* A request takes the place of a request without approvals only. */
bool output_check_request(struct tool *tool, const char *path,
                          const struct ska_request *request) SKA_MUST_CHECK;
/* A bundle takes the place of requests and bundles only, and of approvals that it holds too. */
bool output_check_bundle(struct tool *tool, const char *path,
                         const struct ska_request *bundle) SKA_MUST_CHECK;

/* Nothing takes the place of what it is made from. */
bool output_check_input(struct tool *tool, const char *path,
                        const struct input *input) SKA_MUST_CHECK;

/* A key reference takes the place of a key reference, with nothing beside it, only. */
bool output_check_reference(struct tool *tool, const char *path) SKA_MUST_CHECK;

/* A refusal takes the place of refusals only, a signature that of what may be a signature only. */
bool output_check_refusal(struct tool *tool, const char *path) SKA_MUST_CHECK;
bool output_check_signature(struct tool *tool, const char *path) SKA_MUST_CHECK;

#endif
