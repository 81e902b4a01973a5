/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool request: writes a request for approval of a signature over INPUT, or of a change of the
 * key.
 */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "provider/backend/broker.h"
#include "provider/request/algorithm.h"
#include "provider/request/signed_content.h"
#include "provider/sign/current_rule.h"
#include "provider/sign/make_request.h"
#include "tools/broker_request.h"
#include "tools/command/request_directory.h"
#include "tools/input.h"
#include "provider/rule/rule_check.h"
#include "provider/rule/rule_codec.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/policy_file.h"
#include "tools/publish.h"
#include "tools/show/certificates.h"
#include "tools/show/text.h"

#define REQUEST_MODE 0640

struct request {
    const char *key;
    const char *operation_name; /* NULL: sign */
    enum ska_operation operation;
    const char *digest;
    const char *padding;
    const char *salt_length;
    const char *payload;
    const char *policy;
    const char *ca_path;
    const char *description;
    const char *timestamp_key;
    const char *directory; /* NULL: to a file */
    struct output output;
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
                       const struct backend_key *key, struct ska_mechanism *mechanism)
{
    uint64_t salt = ska_digest_length(mechanism->digest);

    if (request->salt_length != NULL && mechanism->scheme != SKA_SCHEME_PSS)
        return options_wrong(tool, "--salt-length needs --padding pss");
    if (mechanism->scheme != SKA_SCHEME_PSS)
        return true;
    if (request->salt_length != NULL && strcmp(request->salt_length, "digest") != 0 &&
        !ska_decimal_decode(request->salt_length, 4096, &salt))
        return options_wrong(tool, "--salt-length '%s': a number of bytes is needed",
                             request->salt_length);
    mechanism->mgf1_digest = mechanism->digest;
    mechanism->salt_length = salt;
    mechanism->any_salt = request->salt_length == NULL && backend_key_has_broker(key);
    return true;
}

/* What is left out is what `openssl dgst -sign` would do with this key. */
static bool choose_request_mechanism(struct tool *tool, const struct request *request,
                                     const struct backend_key *key, const struct hsm_uri *uri,
                                     struct ska_mechanism *mechanism)
{
    enum ska_key_type type = backend_key_type(key);
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
        return options_wrong(tool,
                             "--digest '%s' cannot be used: SHA256, SHA384, SHA512 or the like",
                             request->digest);
    mechanism->scheme = SKA_SCHEME_ECDSA;
    if (rsa && !choose_padding(tool, request, type, &mechanism->scheme))
        return false;
    return choose_pss(tool, request, key, mechanism) &&
           ska_algorithm_fits(mechanism, type, &tool->errors);
}

/* What is to be signed, and the job about it. */
struct signing {
    struct ska_job job;
    struct ska_bytes payload;
    struct ska_bytes hashed; /* what job.content points to */
};

static void signing_clear(struct signing *signing)
{
    ska_bytes_free(&signing->payload);
    ska_bytes_free(&signing->hashed);
    backend_key_free(signing->job.key);
}

static bool read_request_payload(struct tool *tool, const struct input *input,
                                 struct signing *signing)
{
    struct ska_mechanism *mechanism = &signing->job.mechanism;
    struct ska_bytes digest = {NULL, 0};
    bool done = false;

    if (mechanism->form == SKA_PAYLOAD_MESSAGE)
        return input_read(input, SKA_PAYLOAD_LIMIT, &signing->payload, &tool->errors);
    done =
        input_digest(input, tool->libctx, mechanism->digest, &digest, SKA_CONTENT_LIMIT,
                     &signing->hashed, &tool->errors) &&
        ska_payload_from_digest(mechanism, ska_span_of(&digest), &signing->payload, &tool->errors);
    ska_bytes_free(&digest);
    signing->job.content = ska_span_of(&signing->hashed);
    signing->job.no_content =
        signing->hashed.data == NULL ? SKA_NO_CONTENT_TOO_LONG : SKA_NO_CONTENT_UNSAID;
    signing->job.request_content = tool->configuration.settings.request_content;
    return done;
}

static bool write_request_file(struct tool *tool, const struct ska_request *request,
                               const struct output *output)
{
    struct ska_bytes text = {NULL, 0};
    bool done = ska_request_print(request, &text, &tool->errors) &&
                output_write(tool, output, ska_span_of(&text), REQUEST_MODE);

    ska_bytes_free(&text);
    if (done && output->path != NULL && strcmp(output->path, "-") != 0)
        report_note("wrote request %s to %s", request->id, output->path);
    return done;
}

/* It may be unblocked before the approvals are there: a warning is enough. */
static void warn_of_blocked(struct backend_key *key)
{
    if (ska_key_is_blocked(key))
        report_warning("%skey '%s' is blocked: approvals are useless until it is unblocked",
                       backend_word_lead(backend_key_word(key)), backend_key_label(key));
}

/* Only what a program that signs puts there has a name by which it is seen there. */
static void warn_of_directory(const struct tool *tool, const struct output *output)
{
    const char *directory = tool->configuration.settings.approvals_dir;
    char *path = NULL;

    if (output->path == NULL || output_is_stdout(output) || directory == NULL)
        return;
    path = strdup(output->path);
    if (path != NULL && output_is_same_file(directory, dirname(path)))
        report_warning("%s is in the approvals directory, where approvers see only what has its "
                       "name there: use --dir, or send them this file itself",
                       output->path);
    free(path);
}

/* What every request has in common, whatever it asks for. */
static bool make_and_write(struct tool *tool, const struct request *request, struct ska_job *job)
{
    struct ska_request *made = NULL;
    bool done = false;

    job->operation = request->operation;
    job->description = request->description;
    job->timestamp_key = request->timestamp_key;
    publish_fill_job(tool, job);
    if (request->directory != NULL)
        done = request_put(tool, job, request->directory);
    else if (backend_key_has_broker(job->key) && request->output.path == NULL)
        done = broker_request_put(tool, job);
    else
        done = ska_request_make(job, &made) && write_request_file(tool, made, &request->output);
    if (done && request->operation == SKA_OPERATION_SIGN)
        warn_of_blocked(job->key);
    if (done)
        warn_of_directory(tool, &request->output);
    ska_request_free(made);
    return done;
}

static bool make_signing(struct tool *tool, const struct request *request,
                         const struct input *input)
{
    struct signing signing = {0};
    struct ska_job *job = &signing.job;
    struct hsm_uri *uri = NULL;
    bool done = false;

    if (tool_open_ska_key(tool, request->key, &uri, &job->key) &&
        choose_request_mechanism(tool, request, job->key, uri, &job->mechanism) &&
        read_request_payload(tool, input, &signing)) {
        job->payload = ska_span_of(&signing.payload);
        done = ska_payload_check(&job->mechanism, backend_key_type(job->key),
                                 (unsigned int)EVP_PKEY_get_bits(backend_key_public(job->key)),
                                 job->payload, &tool->errors) &&
               make_and_write(tool, request, job);
    }
    signing_clear(&signing);
    hsm_uri_free(uri);
    return done;
}

/* ---- Changes of the key ---------------------------------------------------------------------- */

/* The rules that the policy file names; the others stay as they are. */
static bool choose_rules(struct tool *tool, const struct request *request,
                         const struct ska_policy *policy,
                         const struct ska_rule *rules[SKA_RULE_COUNT])
{
    size_t named = 0;

    if (policy->blocked)
        return ska_fail(
            &tool->errors, SKA_R_BAD_POLICY,
            "%s: keyStatus: a modification does not block a key; --operation block does",
            request->policy);
    for (int i = 0; i < SKA_RULE_COUNT; i++) {
        rules[i] = policy->named[i] ? &policy->rules[i] : NULL;
        named += policy->named[i];
    }
    return named > 0 || ska_fail(&tool->errors, SKA_R_BAD_POLICY,
                                 "%s: it names no rule, so that nothing would change: ruleUse, "
                                 "ruleBlock, ruleUnblock or ruleModify",
                                 request->policy);
}

static bool open_key_to_change(struct tool *tool, const struct request *request,
                               struct backend_key **key)
{
    if (tool_open_ska_key(tool, request->key, NULL, key))
        return true;
    if (request->directory == NULL)
        request_note_order(tool, request->key, request->operation);
    return false;
}

static bool would_change(const struct ska_rule *wanted, struct ska_span now)
{
    struct ska_bytes encoded = {NULL, 0};
    bool same =
        ska_rule_encode(wanted, &encoded, NULL) && ska_span_equal(ska_span_of(&encoded), now);

    ska_bytes_free(&encoded);
    return !same;
}

/* Where the rules of now cannot be read, nobody can say. */
static bool has_rules_already(struct backend_key *key,
                              const struct ska_rule *const rules[SKA_RULE_COUNT])
{
    struct backend_key_state state = {0};
    bool changes = !backend_key_state(key, &state, NULL);

    for (int i = 0; i < SKA_RULE_COUNT && !changes; i++)
        changes = rules[i] != NULL && would_change(rules[i], ska_span_of(&state.rules[i]));
    backend_key_state_clear(&state);
    return !changes;
}

static bool make_modification(struct tool *tool, const struct request *request,
                              const struct ska_rule *const rules[SKA_RULE_COUNT])
{
    struct ska_bytes payload = {NULL, 0};
    struct ska_job job = {0};
    bool has_them = false;
    bool done = false;

    if (open_key_to_change(tool, request, &job.key) &&
        backend_modify_payload(job.key, rules, &payload, &tool->errors)) {
        job.payload = ska_span_of(&payload);
        /* Before it is made, which may be all that is needed to have it executed. */
        has_them = has_rules_already(job.key, rules);
        done = make_and_write(tool, request, &job);
        if (done && has_them)
            report_note("%skey '%s' has these rules already: the request would change nothing",
                        backend_word_lead(backend_key_word(job.key)), backend_key_label(job.key));
    }
    ska_bytes_free(&payload);
    backend_key_free(job.key);
    return done;
}

static bool ask_to_modify(struct tool *tool, const struct request *request, bool by_order)
{
    const struct ska_rule *rules[SKA_RULE_COUNT] = {NULL};
    struct ska_policy policy;
    const struct request_order order = {request->key, request->operation, &policy,
                                        request->description};
    bool done = false;

    memset(&policy, 0, sizeof(policy));
    if (!ska_policy_read(request->policy, &policy, &tool->errors))
        return false;
    if (choose_rules(tool, request, &policy, rules) &&
        ska_modification_check(rules, &tool->errors) &&
        certificates_check(tool, rules, request->ca_path))
        done = by_order ? request_put_order(tool, &order, request->directory)
                        : make_modification(tool, request, rules);
    ska_policy_clear(&policy);
    return done;
}

static bool ask_to_change(struct tool *tool, const struct request *request)
{
    const struct request_order order = {request->key, request->operation, NULL,
                                        request->description};
    struct ska_job job = {0};
    bool can = true;
    bool done = false;

    if (request->directory != NULL &&
        !request_can_be_made(tool, request->key, request->directory, &can))
        return false;
    if (request->operation == SKA_OPERATION_MODIFY)
        return ask_to_modify(tool, request, !can);
    if (!can)
        return request_put_order(tool, &order, request->directory);
    done = open_key_to_change(tool, request, &job.key) && make_and_write(tool, request, &job);
    backend_key_free(job.key);
    return done;
}

/* ---- The command ----------------------------------------------------------------------------- */

static bool choose_operation(struct tool *tool, struct request *request)
{
    request->operation = SKA_OPERATION_SIGN;
    return request->operation_name == NULL ||
           text_read_operation(request->operation_name, &request->operation) ||
           options_wrong(tool, "--operation '%s' is unknown: sign, block, unblock or modify",
                         request->operation_name);
}

static bool check_request_options(struct tool *tool, struct request *request)
{
    bool signing = false;

    if (!choose_operation(tool, request))
        return false;
    signing = request->operation == SKA_OPERATION_SIGN;
    if (request->directory != NULL && request->output.path != NULL)
        return options_wrong(tool, "--dir and --output cannot be used together");
    if (!signing && request->input != NULL)
        return options_wrong(tool,
                             "'%s' is an unexpected argument: a request to %s a key has no input",
                             request->input, request->operation_name);
    if (!signing && (request->digest != NULL || request->padding != NULL ||
                     request->salt_length != NULL || request->payload != NULL))
        return options_wrong(tool, "--digest, --padding, --salt-length and --payload are for "
                                   "--operation sign");
    if (request->operation == SKA_OPERATION_MODIFY)
        return request->policy != NULL ||
               options_wrong(tool, "--operation modify: --policy FILE is missing, with the new "
                                   "rules");
    return (request->policy == NULL && request->ca_path == NULL) ||
           options_wrong(tool, "--policy and --ca are for --operation modify");
}

/* Of what is signed. NULL: nothing is. */
static const char *input_path(const struct request *request)
{
    if (request->operation != SKA_OPERATION_SIGN)
        return NULL;
    return request->input == NULL || strcmp(request->input, "-") == 0 ? "/dev/stdin"
                                                                      : request->input;
}

bool request_command(struct tool *tool, int argc, char **argv)
{
    struct request request = {0};
    const struct option_entry options[] = {
        OPTION_NEEDED("key", "URI", "the key to sign with or to change", &request.key),
        OPTION_TEXT("operation", "NAME", "sign (default), block, unblock or modify",
                    &request.operation_name),
        OPTION_TEXT("digest", "NAME", "default: SHA256", &request.digest),
        OPTION_TEXT("padding", "NAME", "RSA: pkcs1 (default) or pss", &request.padding),
        OPTION_TEXT("salt-length", "N", "PSS; default: as long as the digest; a broker chooses",
                    &request.salt_length),
        OPTION_TEXT("payload", "FORM", "what is approved: digest (default) or message",
                    &request.payload),
        OPTION_TEXT(
            "policy", "FILE",
            "modify: the rules to change; others stay the same, but a broker needs all four",
            &request.policy),
        OPTION_TEXT("ca", "FILE", "modify: CAs in PEM that certificates of approvers must chain to",
                    &request.ca_path),
        OPTION_TEXT("timestamp-key", "LABEL",
                    "key that makes the timestamp; default: as configured", &request.timestamp_key),
        OPTION_TEXT("description", "TEXT", "a line for the approvers; the HSM does not protect it",
                    &request.description),
        OPTION_TEXT("dir", "DIR", "put it into an approvals directory", &request.directory),
        OPTION_OUTPUT(&request.output, "write the request there, not to standard output"),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "--key URI [OPTION...] [INPUT]\n"
                 "       skatool request --key URI --operation block | unblock [OPTION...]\n"
                 "       skatool request --key URI --operation modify --policy FILE [OPTION...]",
        .help = "Writes a request for approval of a signature over INPUT (a file; default:\n"
                "standard input), with the defaults of `openssl dgst -sign` for this key; or of\n"
                "a change of the key: to block it, to unblock it, or to give it other rules.\n"
                "Send the request to the approvers, who add to it with `skatool approve`. With\n"
                "--dir it is put where programs that sign put theirs. To block, unblock or\n"
                "modify a key you need no login to the HSM for that: without one an order is\n"
                "left there, which the signer (`skatool execute --dir`) turns into a request.\n"
                "Behind a broker the request is submitted there, unless -o names a file.",
        .options = options,
        .operands = &request.input,
        .operands_allowed = 1,
    };
    struct input input = {0};
    bool done = false;

    /* The files first: nobody shall type a PIN only to hear of a wrong file name. */
    if (!options_parse(tool, &line, argc, argv) || !check_request_options(tool, &request) ||
        !output_check(tool, &request.output, input_path(&request)))
        return false;
    if (request.operation != SKA_OPERATION_SIGN)
        return ask_to_change(tool, &request);
    if (!input_open(&input, request.input, &tool->errors))
        return false;
    done = make_signing(tool, &request, &input);
    input_close(&input);
    return done;
}
