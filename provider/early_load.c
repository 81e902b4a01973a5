/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/early_load.h"

#include <sys/auxv.h>

#include "provider/binding.h"
#include "provider/hsm/pin_command.h"
#include "provider/keys/key_place.h"

/* The configuration's source alone: what a URI or a reference names has not been said yet. */
static void read_early_pin(struct ska_provider *provider)
{
    const struct hsm_uri nothing = {0};
    const struct hsm_pin_source source = ska_pin_source(provider, &nothing);

    if (key_place_of(&provider->settings, &nothing)->has_pins && hsm_pin_is_named(&source))
        provider->early_pin = hsm_pin_read(&source, NULL, &provider->log_only);
}

/* What calls a broker may be out of reach later, too. */
static void open_back_end_early(const struct ska_provider *provider)
{
    const struct hsm_uri nothing = {0};

    (void)!key_place_of(&provider->settings, &nothing)
        ->prepare(&provider->settings, &provider->log_only);
}

void ska_early_load(struct ska_provider *provider)
{
    /* A command that gives the PIN may be a user of libcrypto, with the same configuration. */
    if (!provider->configured || !provider->settings.load_early || getauxval(AT_SECURE) != 0 ||
        hsm_pin_in_command())
        return;
    /* First: what the module makes for itself would not do for the files that we decode. */
    if (!ska_provider_prepare(provider))
        return;
    read_early_pin(provider);
    open_back_end_early(provider);
}
