/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was sent to show who calls must not come back into messages and logs by the words of a
 * broker, or of what stands before it, that repeats it.
 */
#ifndef SKA_TSB_MASK_H
#define SKA_TSB_MASK_H

#include <cjson/cJSON.h>

#include "provider/base/bytes.h"

/* All that one call sends; borrowed. */
#define TSB_SECRETS_MOST 3
struct tsb_secrets {
    struct ska_span list[TSB_SECRETS_MOST];
    size_t count;
};

/* Words that are to be shown: each secret, and whatever longer piece of one, becomes asterisks. */
void tsb_mask_text(const struct tsb_secrets *secrets, char *text); /* NULL is fine */

/* All texts of an answer in which a whole secret stands that is too long to be there by chance. */
void tsb_mask_json(const struct tsb_secrets *secrets, cJSON *json); /* NULL is fine */

#endif
