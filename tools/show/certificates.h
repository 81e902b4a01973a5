/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates of approvers: which ones a policy names, where they come from, and what may be why
 * an HSM does not take them.
 */
#ifndef SKA_TOOLS_SHOW_CERTIFICATES_H
#define SKA_TOOLS_SHOW_CERTIFICATES_H

#include "provider/base/error_capture.h"
#include "provider/rule/rule.h"
#include "tools/tool.h"

/*
 * Who the approvers in the rules (NULL: a rule that is not given) really are, each once, on lines
 * indented as a value: name, certificate, SHA-256 of the key. Names are only what somebody wrote.
 */
void approvers_text(OSSL_LIB_CTX *libctx, const struct ska_rule *const rules[SKA_RULE_COUNT],
                    struct ska_buffer *text);
void approver_text(OSSL_LIB_CTX *libctx, const struct ska_approver *approver,
                   struct ska_buffer *text);

/*
 * Says for each certificate in the rules (NULL: a rule that is not given) which one it is and, with
 * a PEM file of CAs, to which of them it chains now; one that does not is refused.
 */
bool certificates_check(struct tool *tool, const struct ska_rule *const rules[SKA_RULE_COUNT],
                        const char *ca_path) SKA_MUST_CHECK;

/*
 * Raises what the HSM said of these rules. When it may have refused them for what they hold, what
 * can be found here goes with it, with the names of the approvers. Returns false.
 */
bool certificates_fail(struct tool *tool, const struct ska_error_capture *failure,
                       const struct ska_rule *const rules[SKA_RULE_COUNT]);

#endif
