/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/list_keys.h"

#include "provider/keys/key_place.h"

bool keys_list(const struct ska_settings *settings, const struct hsm_look_up *wanted,
               hsm_object_visit *visit, void *arg, const struct ska_errors *errors)
{
    return key_place_of(settings, wanted->uri)->list(settings, wanted, visit, arg, errors);
}
