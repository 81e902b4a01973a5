/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tokens and keys are looked for by. Members that are NULL match any.
 */
#ifndef SKA_HSM_MATCH_H
#define SKA_HSM_MATCH_H

#include "provider/base/bytes.h"

struct hsm_token_match {
    const char *label;
    const char *serial;
    const char *manufacturer;
    const char *model;
};

struct hsm_key_match {
    const char *label;  /* CKA_LABEL */
    struct ska_span id; /* CKA_ID; data == NULL: any */
};

#endif
