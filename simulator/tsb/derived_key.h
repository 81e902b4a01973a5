/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys by name: stored in the HSM, or derived from one that is, "LABEL/44'/0'/0'". What a master
 * key was made of is kept beside it, as a private data object of the token.
 */
#ifndef SKATSB_DERIVED_KEY_H
#define SKATSB_DERIVED_KEY_H

#include "simulator/tsb/derivation.h"
#include "simulator/tsb/device_make.h"

/*
 * As tsb_key_open_stored(), also for what is derived as it is needed.
 * CKR_MECHANISM_PARAM_INVALID: no path that leads to a key.
 */
CK_RV tsb_key_open(struct tsb_device *device, const char *label, struct tsb_key *key);

/*
 * What a key was made of that is a master or derived. CKR_OBJECT_HANDLE_INVALID: it is neither. To
 * be wiped.
 */
CK_RV tsb_node_of(struct tsb_device *device, const char *label, struct tsb_node *node);

/* A master key; `seed` empty: any. CKR_DATA_LEN_RANGE: a seed or a curve that cannot be. */
CK_RV tsb_master_make(struct tsb_device *device, const struct tsb_key_plan *plan,
                      struct ska_span seed);

/* One that is derived, to stay; its label, in the plan, says of what and how. */
CK_RV tsb_derived_make(struct tsb_device *device, struct tsb_key_plan *plan);

/* With the key. */
void tsb_node_forget(struct tsb_device *device, const char *label);

#endif
