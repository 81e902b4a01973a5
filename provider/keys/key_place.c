/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/key_place.h"

const struct key_place *key_place_of(const struct ska_settings *settings, const struct hsm_uri *uri)
{
    return uri->module_path != NULL || (uri->tsb_url == NULL && settings->tsb_url == NULL)
               ? &key_place_tokens
               : &key_place_broker;
}
