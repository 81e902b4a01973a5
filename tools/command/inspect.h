/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What skatool inspect shows of each kind of file. All of it can come from strangers.
 */
#ifndef SKA_TOOLS_COMMAND_INSPECT_H
#define SKA_TOOLS_COMMAND_INSPECT_H

#include <cjson/cJSON.h>

#include "tools/tool.h"
#include "tools/verify.h"

/* Whatever it is; `path` names it, and where to look for what belongs to it. */
bool inspect_content(struct tool *tool, struct ska_span content, const char *path) SKA_MUST_CHECK;

/*
 * A folder of evidence, which one of the audit logs (paths, ended by NULL; rotated ones, the oldest
 * first) may know.
 */
bool inspect_folder(struct tool *tool, int folder, const char *shown,
                    const char *const *audit_logs) SKA_MUST_CHECK;

/* The evidence below a directory that is of a signature, which stands in a file of any kind. */
bool inspect_signature_of(struct tool *tool, const char *signature, const char *place,
                          const char *const *audit_logs) SKA_MUST_CHECK;

/* An approval token, a rule, a modify payload, a timestamp, a serialized approval. */
bool inspect_container(struct tool *tool, struct ska_span encoded,
                       const char *shown) SKA_MUST_CHECK;
void inspect_add_token(struct ska_buffer *text, struct ska_span token);
/*
 * Elements that this version does not know are no fault of the token: it is shown, and that is all
 * that can be said. Known elements in wrong places are a fault.
 */
bool inspect_has_unknown_elements(struct ska_span token);

/*
 * A request or a bundle: printed, and what can be verified goes to `verification`, also that it
 * does not hold together. `content` is the text of `json`.
 */
bool inspect_request(struct tool *tool, struct ska_span content, const cJSON *json,
                     const char *shown, struct verification *verification) SKA_MUST_CHECK;

/*
 * A request in evidence that a broker was asked for, and what it has `told`: shown and verified as
 * far as that goes without the token.
 */
bool inspect_told_request(struct tool *tool, struct ska_span content, struct ska_span told,
                          const char *shown, struct verification *verification) SKA_MUST_CHECK;

/* One approval, or one refusal, for the request beside it in an approvals directory. */
bool inspect_approval(struct tool *tool, struct ska_span content, const cJSON *json,
                      const char *path) SKA_MUST_CHECK;

/* A key reference in PEM. */
bool inspect_is_reference(struct ska_span content);
bool inspect_reference(struct tool *tool, struct ska_span content,
                       const char *shown) SKA_MUST_CHECK;

/* Members of an object whose names are not among these; nothing when there are none. */
void inspect_add_others(struct ska_buffer *text, const cJSON *json, const char *const *known);
/* "    name            3045..." */
void inspect_add_hex(struct ska_buffer *text, const char *name, struct ska_span bytes);

/* What an approval of any kind is made of, in rows. */
void inspect_add_signature(OSSL_LIB_CTX *libctx, struct ska_buffer *text,
                           const struct ska_approval *approval);

#endif
