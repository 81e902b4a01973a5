/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a modification changes about a rule, in plain words.
 */
#ifndef SKA_TOOLS_DIFFERENCE_H
#define SKA_TOOLS_DIFFERENCE_H

#include <openssl/types.h>

#include "../provider/base/bytes.h"
#include "../provider/base/rule.h"

/*
 * A line for each change, indented as a value: "quorum lowered from 2 to 1", "added: dave", ...;
 * how many. 0: the rules ask for the same. Approvers are told apart by their keys, not by names.
 */
size_t difference_text(OSSL_LIB_CTX *libctx, const struct ska_rule *before,
                       const struct ska_rule *after, struct ska_buffer *text);

#endif
