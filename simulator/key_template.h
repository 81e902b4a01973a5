/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private template of a pair that is more than an ordinary one, taken apart: what goes into its
 * record, and what SoftHSM is to make.
 */
#ifndef SKASIM_KEY_TEMPLATE_H
#define SKASIM_KEY_TEMPLATE_H

#include <stdbool.h>

#include <pkcs11.h>

#include "simulator/object_kind.h"

/* SoftHSM's limit is 32, with four of its own. */
#define SIM_PRIVATE_LIMIT 28

struct sim_key_template {
    enum sim_kind kind; /* SIM_SKA or SIM_TIMESTAMP */
    char id[SIM_ID_SIZE];
    struct ska_bytes label; /* never empty */
    struct ska_bytes mark;
    struct sim_record record;
    bool sign, decrypt, unwrap;
    CK_ATTRIBUTE
    attributes[SIM_PRIVATE_LIMIT]; /* for SoftHSM; point into the above and the caller's */
    CK_ULONG count;
};

/*
 * Reads and checks a private template for a key of this type. Strict: an attribute that it does not
 * know, one given twice, or a value that contradicts what such a key is, is refused. Without a
 * label one is made. Free with sim_key_template_clear() in any case.
 */
CK_RV sim_key_template_read(struct sim_key_template *to, enum sim_kind kind, CK_KEY_TYPE key_type,
                            const CK_ATTRIBUTE *attributes, CK_ULONG count);
void sim_key_template_clear(struct sim_key_template *template);

#endif
