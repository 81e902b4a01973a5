/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool pem: a file that applications take for a private key's.
 */
#include <stdlib.h>

#include "provider/base/settings.h"
#include "provider/hsm/reference.h"
#include "tools/options.h"
#include "tools/output.h"

/* There is nothing secret in it. */
#define REFERENCE_MODE 0644

/* What the provider would refuse to load is not written. */
static bool check_query(const struct hsm_uri *uri, const struct ska_settings *settings,
                        const struct ska_errors *errors)
{
    enum ska_payload_form form = SKA_PAYLOAD_DIGEST;
    unsigned int timeout = 0;

    if (!hsm_reference_check_pin_source(uri, settings, errors))
        return false;
    if (uri->payload != NULL && !ska_payload_form_from_text(uri->payload, &form))
        return ska_fail(errors, SKA_R_BAD_URI, "payload: digest or message");
    return uri->approvals_timeout == NULL ||
           ska_timeout_from_text(uri->approvals_timeout, &timeout) ||
           ska_fail(errors, SKA_R_BAD_URI, "approvals-timeout: seconds, at most a year");
}

/* Whoever uses the file goes where it says, also those who only got it. */
static void say_sources(const struct hsm_uri *uri, const struct ska_settings *settings)
{
    const struct hsm_reference_sources sources = hsm_reference_sources(uri, settings);

    if (sources.text[0] != 0)
        report_note("%s: programs that sign with it look for approvals there", sources.text);
}

/* In the form that was asked for. */
static bool make_pem(struct tool *tool, struct ska_span der, bool pkcs8, struct ska_bytes *pem)
{
    struct ska_bytes wrapped = {NULL, 0};
    bool done = false;

    if (!pkcs8)
        return hsm_reference_pem_write(HSM_REFERENCE_LABEL, der, pem, &tool->errors);
    done = hsm_reference_pkcs8_encode(der, &wrapped, &tool->errors) &&
           hsm_reference_pem_write(HSM_REFERENCE_PKCS8_LABEL, ska_span_of(&wrapped), pem,
                                   &tool->errors);
    ska_bytes_free(&wrapped);
    return done;
}

bool pem_command(struct tool *tool, int argc, char **argv)
{
    const char *text = NULL;
    struct output output = {0};
    bool pkcs8 = false;
    const struct option_entry options[] = {
        OPTION_NEEDED("key", "URI", "the key", &text),
        OPTION_FLAG("pkcs8", "with the label PRIVATE KEY, for programs that look for it", &pkcs8),
        OPTION_OUTPUT(&output, "where to write it; default: standard output"),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "--key URI [--pkcs8] [-o FILE [--force]]",
        .help = "Writes a key reference: a PEM file for applications that expect a private key\n"
                "file. It contains the key's URI with everything after the \"?\" (never a PIN),\n"
                "and its public key.",
        .options = options,
    };
    struct hsm_uri *uri = NULL;
    struct backend_key *key = NULL;
    struct ska_bytes der = {NULL, 0};
    struct ska_bytes pem = {NULL, 0};
    bool done = false;

    /* First: nobody shall type a PIN only to hear of a wrong file name. */
    if (!options_parse(tool, &line, argc, argv) || !output_check(tool, &output, NULL) ||
        !tool_open_key(tool, text, &uri, &key))
        return false;
    done = check_query(uri, &tool->configuration.settings, &tool->errors) &&
           hsm_reference_for(key, uri, &der, &tool->errors) &&
           make_pem(tool, ska_span_of(&der), pkcs8, &pem) &&
           output_write(tool, &output, ska_span_of(&pem), REFERENCE_MODE);
    if (done)
        say_sources(uri, &tool->configuration.settings);
    ska_bytes_free(&der);
    ska_bytes_free(&pem);
    backend_key_free(key);
    hsm_uri_free(uri);
    return done;
}
