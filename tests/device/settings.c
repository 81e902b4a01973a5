/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests/device/run takes from a configuration, read as the provider and skatool read it:
 *
 *     device_settings CONF
 *
 * prints pkcs11-module, pkcs11-init-args, token and pin-source, each with a NUL after it; one that
 * is not set is empty.
 */
#include <stdio.h>

#include "provider/base/error_capture.h"
#include "tools/configuration.h"

static bool fail(const char *path, const char *reason)
{
    fprintf(stderr, "tests/run --device: %s: %s\n", path, reason);
    return false;
}

static bool find_section(struct configuration *configuration, const char *path)
{
    struct ska_error_capture capture = {0};
    const struct ska_errors quiet = ska_error_capture(&capture);
    char missing[512];
    bool done = configuration_open(configuration, path, &quiet) &&
                configuration_apply(configuration, &quiet);

    if (!done)
        fail(path, ska_error_capture_text(&capture));
    ska_error_capture_clear(&capture);
    if (!done || configuration_entries(configuration) != NULL)
        return done;
    configuration_missing(configuration, missing, sizeof(missing));
    return fail(path, configuration->section == NULL ? missing : "the provider has no section");
}

static void print_setting(const char *value)
{
    printf("%s%c", value == NULL ? "" : value, 0);
}

int main(int argc, char **argv)
{
    struct configuration configuration = {0};
    const struct ska_settings *settings = &configuration.settings;
    bool done = argc == 2 && find_section(&configuration, argv[1]);

    if (done) {
        print_setting(settings->pkcs11_module);
        print_setting(settings->pkcs11_init_args);
        print_setting(settings->token);
        print_setting(settings->pin_source);
    }
    configuration_clear(&configuration);
    return done ? 0 : 1;
}
