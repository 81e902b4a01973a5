/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private keys that there are, wherever keys are.
 */
#ifndef SKA_KEYS_LIST_KEYS_H
#define SKA_KEYS_LIST_KEYS_H

#include "provider/hsm/list.h"
#include "provider/keys/find_key.h"

/*
 * Those that the URI in `wanted` names: of one token, which is logged in, or of a broker. Of a key
 * behind a broker no more than its label is known then.
 */
bool keys_list(const struct ska_settings *settings, const struct hsm_look_up *wanted,
               hsm_object_visit *visit, void *arg, const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
