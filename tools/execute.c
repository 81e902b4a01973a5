/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool execute: sends an approved request to the HSM.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "../provider/approval/json.h"
#include "../provider/approval/signing.h"
#include "../provider/base/file.h"
#include "options.h"

#define SIGNATURE_MODE 0644

static bool execute(struct tool *tool, struct hsm_key *key, const struct ska_request *request,
                    const char *path)
{
    int size = EVP_PKEY_get_size(hsm_key_public(key));
    size_t length = size > 0 ? (size_t)size : 0;
    uint8_t *signature = malloc(length + 1);
    bool done = false;

    if (signature == NULL)
        return ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "for a signature");
    done = ska_request_execute(tool->libctx, key, request, signature, &length, &tool->errors) &&
           ska_file_write(path, ska_span(signature, length), SIGNATURE_MODE, &tool->errors);
    free(signature);
    return done;
}

bool execute_command(struct tool *tool, int argc, char **argv)
{
    const char *uri = NULL;
    const char *path = NULL;
    const char *output = NULL;
    const struct option_entry options[] = {
        {"key", 0, "URI", "the key that the request is for", &uri, NULL, true},
        {"output", 'o', "FILE", "write the signature there, not to standard output", &output, NULL,
         false},
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "--key URI REQUEST [-o FILE]",
        .help = "Sends a request with its approvals to the HSM, which decides. The signature is\n"
                "that which `openssl dgst -sign` would write.",
        .options = options,
        .operands = &path,
        .operands_needed = 1,
        .operands_allowed = 1,
    };
    struct ska_request *request = NULL;
    struct ska_bytes text = {NULL, 0};
    struct hsm_key *key = NULL;
    bool done = false;

    if (!options_parse(tool, &line, argc, argv))
        return false;
    if (output == NULL && isatty(STDOUT_FILENO))
        return options_wrong(tool, "a signature is no text for a terminal: give -o FILE");
    if (ska_file_read(path, SKA_JSON_LIMIT, &text, &tool->errors) &&
        ska_request_parse(ska_span_of(&text), path, &request, &tool->errors) &&
        tool_open_ska_key(tool, uri, NULL, &key))
        done = execute(tool, key, request, output == NULL ? "-" : output);
    ska_bytes_free(&text);
    ska_request_free(request);
    hsm_key_free(key);
    return done;
}
