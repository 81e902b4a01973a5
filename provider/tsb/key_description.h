/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a broker says of a key.
 */
#ifndef SKA_TSB_KEY_DESCRIPTION_H
#define SKA_TSB_KEY_DESCRIPTION_H

#include <openssl/types.h>

#include "provider/backend/backend_key.h"
#include "provider/base/json.h"
#include "provider/rule/rule.h"

/* Starts as {0}; free with tsb_description_clear(). */
struct tsb_description {
    EVP_PKEY *public_key; /* NULL: only the state was read */
    enum ska_key_type type;
    bool ska;
    bool signs; /* its attributes allow it */
    enum backend_told blocked;
    struct ska_bytes rules[SKA_RULE_COUNT]; /* serialized; data == NULL: cannot be read */
};

/*
 * Of the answer to POST /v1/key/attributes, which must be for the key of this label. A rule that
 * cannot be read here, as it names approvers in a way that is not known, is none. `libctx` NULL:
 * the public key is not read. Errors have the reason of the place; SKA_R_BAD_KEY for a public key
 * that is none of ours.
 */
bool tsb_description_read(const struct ska_json_place *answer, const char *label,
                          OSSL_LIB_CTX *libctx, struct tsb_description *description) SKA_MUST_CHECK;
void tsb_description_clear(struct tsb_description *description);

#endif
