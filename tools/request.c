/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool request: writes a request for approval of a signature over INPUT.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "../provider/approval/algorithm.h"
#include "../provider/approval/signing.h"
#include "../provider/base/file.h"
#include "input.h"
#include "options.h"
#include "text.h"

#define REQUEST_MODE 0640

struct request {
    const char *key;
    const char *operation;
    const char *digest;
    const char *padding;
    const char *salt_length;
    const char *payload;
    const char *description;
    const char *output;
    const char *input; /* NULL: standard input */
};

/* URI before configuration before the default. */
static bool choose_form(struct tool *tool, const struct request *request, const struct hsm_uri *uri,
                        enum ska_payload_form *form)
{
    const struct ska_settings *settings = &tool->configuration.settings;
    const char *text = request->payload != NULL ? request->payload : uri->payload;

    if (text == NULL) {
        *form = settings->payload_set ? settings->payload : SKA_PAYLOAD_DIGEST;
        return true;
    }
    return ska_payload_form_from_text(text, form) ||
           ska_fail(&tool->errors, SKA_R_BAD_PARAMETER, "payload '%s': digest or message", text);
}

static bool choose_padding(struct tool *tool, const struct request *request, enum ska_key_type type,
                           enum ska_scheme *scheme)
{
    *scheme = type == SKA_KEY_RSA_PSS ? SKA_SCHEME_PSS : SKA_SCHEME_PKCS1;
    if (request->padding == NULL)
        return true;
    if (strcasecmp(request->padding, "pss") == 0)
        *scheme = SKA_SCHEME_PSS;
    else if (strcasecmp(request->padding, "pkcs1") == 0)
        *scheme = SKA_SCHEME_PKCS1;
    else
        return options_wrong(tool, "--padding '%s' is unknown: pkcs1 or pss", request->padding);
    return true;
}

/* EdDSA leaves nothing to choose. */
static bool choose_eddsa(struct tool *tool, const struct request *request,
                         struct ska_mechanism *mechanism)
{
    if (request->digest != NULL)
        return options_wrong(tool, "--digest: this key signs messages as they are, without one");
    if (request->payload != NULL && mechanism->form == SKA_PAYLOAD_DIGEST)
        return options_wrong(tool, "--payload digest: this key signs messages only");
    mechanism->scheme = SKA_SCHEME_EDDSA;
    mechanism->digest = SKA_DIGEST_NONE;
    mechanism->form = SKA_PAYLOAD_MESSAGE;
    return true;
}

static bool choose_pss(struct tool *tool, const struct request *request,
                       struct ska_mechanism *mechanism)
{
    unsigned long salt = ska_digest_length(mechanism->digest);

    if (request->salt_length != NULL && mechanism->scheme != SKA_SCHEME_PSS)
        return options_wrong(tool, "--salt-length is for --padding pss");
    if (mechanism->scheme != SKA_SCHEME_PSS)
        return true;
    if (request->salt_length != NULL && strcmp(request->salt_length, "digest") != 0 &&
        !options_number(request->salt_length, 4096, &salt))
        return options_wrong(tool, "--salt-length '%s': a number of bytes is needed",
                             request->salt_length);
    mechanism->mgf1_digest = mechanism->digest;
    mechanism->salt_length = salt;
    return true;
}

/* What is left out is what `openssl dgst -sign` would do with this key. */
static bool choose_mechanism(struct tool *tool, const struct request *request,
                             const struct hsm_key *key, const struct hsm_uri *uri,
                             struct ska_mechanism *mechanism)
{
    enum ska_key_type type = hsm_key_type(key);
    bool rsa = type == SKA_KEY_RSA || type == SKA_KEY_RSA_PSS;

    memset(mechanism, 0, sizeof(*mechanism));
    if (!choose_form(tool, request, uri, &mechanism->form))
        return false;
    if (!rsa && (request->padding != NULL || request->salt_length != NULL))
        return options_wrong(tool, "--padding and --salt-length are for RSA keys");
    if (type == SKA_KEY_ED25519 || type == SKA_KEY_ED448)
        return choose_eddsa(tool, request, mechanism);
    mechanism->digest = SKA_DIGEST_SHA256;
    if (request->digest != NULL && !ska_digest_from_name(request->digest, &mechanism->digest))
        return options_wrong(tool, "--digest '%s' is unknown: SHA256, SHA384, SHA512 or the like",
                             request->digest);
    mechanism->scheme = SKA_SCHEME_ECDSA;
    if (rsa && !choose_padding(tool, request, type, &mechanism->scheme))
        return false;
    return choose_pss(tool, request, mechanism) &&
           ska_algorithm_fits(mechanism, type, &tool->errors);
}

static bool read_payload(struct tool *tool, const struct input *input,
                         const struct ska_mechanism *mechanism, struct ska_bytes *payload)
{
    struct ska_bytes digest = {NULL, 0};
    bool done = false;

    if (mechanism->form == SKA_PAYLOAD_MESSAGE)
        return input_read(input, SKA_PAYLOAD_LIMIT, payload, &tool->errors);
    done = input_digest(input, tool->libctx, mechanism->digest, &digest, &tool->errors) &&
           ska_payload_from_digest(mechanism, ska_span_of(&digest), payload, &tool->errors);
    ska_bytes_free(&digest);
    return done;
}

static bool write_request(struct tool *tool, const struct ska_request *request, const char *path)
{
    struct ska_bytes text = {NULL, 0};
    bool done =
        ska_request_print(request, &text, &tool->errors) &&
        ska_file_write(path == NULL ? "-" : path, ska_span_of(&text), REQUEST_MODE, &tool->errors);

    ska_bytes_free(&text);
    if (done && path != NULL && strcmp(path, "-") != 0)
        report_note("wrote request %s to %s", request->id, path);
    return done;
}

static bool make(struct tool *tool, const struct request *request, const struct input *input)
{
    struct hsm_uri *uri = NULL;
    struct hsm_key *key = NULL;
    struct ska_mechanism mechanism;
    struct ska_bytes payload = {NULL, 0};
    struct ska_request *made = NULL;
    struct ska_request_options options = {.libctx = tool->libctx,
                                          .operation = SKA_OPERATION_SIGN,
                                          .mechanism = &mechanism,
                                          .description = request->description};
    bool done = false;

    if (!tool_open_ska_key(tool, request->key, &uri, &key) ||
        !choose_mechanism(tool, request, key, uri, &mechanism) ||
        !read_payload(tool, input, &mechanism, &payload))
        goto out;
    options.payload = ska_span_of(&payload);
    done = ska_payload_check(&mechanism, hsm_key_type(key),
                             (unsigned int)EVP_PKEY_get_bits(hsm_key_public(key)), options.payload,
                             &tool->errors) &&
           ska_request_make(key, &options, &made, &tool->errors) &&
           write_request(tool, made, request->output);
out:
    ska_request_free(made);
    ska_bytes_free(&payload);
    hsm_key_free(key);
    hsm_uri_free(uri);
    return done;
}

static bool check_operation(struct tool *tool, const char *operation)
{
    static const char *const later[] = {"block", "unblock", "modify"};

    if (operation == NULL || strcmp(operation, "sign") == 0)
        return true;
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
        if (strcmp(operation, later[i]) == 0)
            return ska_fail(&tool->errors, SKA_R_UNSUPPORTED,
                            "--operation %s is not supported by this version", operation);
    return options_wrong(tool, "--operation '%s' is unknown", operation);
}

bool request_command(struct tool *tool, int argc, char **argv)
{
    struct request request = {0};
    const struct option_entry options[] = {
        {"key", 0, "URI", "the key that is to sign", &request.key, NULL, true},
        {"operation", 0, "NAME", "sign", &request.operation, NULL, false},
        {"digest", 0, "NAME", "SHA256 if not given", &request.digest, NULL, false},
        {"padding", 0, "NAME", "RSA: pkcs1 (if not given) or pss", &request.padding, NULL, false},
        {"salt-length", 0, "N", "PSS: as long as the digest if not given", &request.salt_length,
         NULL, false},
        {"payload", 0, "FORM", "what is approved: digest (if not given) or message",
         &request.payload, NULL, false},
        {"description", 0, "TEXT", "a line for the approvers; the HSM does not protect it",
         &request.description, NULL, false},
        {"output", 'o', "FILE", "write the request there, not to standard output", &request.output,
         NULL, false},
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "--key URI [OPTION...] [INPUT]",
        .help = "Writes a request for approval of a signature over INPUT (a file; else standard\n"
                "input). What is left out is what `openssl dgst -sign` would do with this key.\n"
                "Hand the request to the approvers; they add to it with `skatool approve`.",
        .options = options,
        .operands = &request.input,
        .operands_allowed = 1,
    };
    struct input input = {0};
    bool done = false;

    /* The input is opened first: nobody shall type a PIN only to hear of a wrong file name. */
    if (!options_parse(tool, &line, argc, argv) || !check_operation(tool, request.operation) ||
        !input_open(&input, request.input, &tool->errors))
        return false;
    done = make(tool, &request, &input);
    input_close(&input);
    return done;
}
