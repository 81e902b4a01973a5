/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a modification changes about a rule, in plain words.
 */
#ifndef SKA_TOOLS_SHOW_DIFFERENCE_H
#define SKA_TOOLS_SHOW_DIFFERENCE_H

#include <openssl/types.h>

#include "provider/request/request.h"

/*
 * A line for each change, indented as a value: "quorum lowered from 2 to 1", "added: dave", ...;
 * how many. 0: the rules ask for the same. Approvers are told apart by their keys, not by names.
 */
size_t difference_text(OSSL_LIB_CTX *libctx, const struct ska_rule *before,
                       const struct ska_rule *after, struct ska_buffer *text);

/*
 * Nobody approves, or sends to the HSM, what cannot be shown: a modification that names no rule, or
 * one that cannot be decoded, is refused with SKA_R_BAD_RULE. True for other operations.
 */
bool difference_can_be_shown(const struct ska_request *request,
                             const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
