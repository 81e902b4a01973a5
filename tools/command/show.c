/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool show: one key.
 */
#include <stdlib.h>
#include <time.h>

#include "provider/base/evp_key.h"
#include "provider/base/json.h"
#include "provider/backend/broker.h"
#include "provider/hsm/token.h"
#include "provider/rule/policy_json.h"
#include "provider/rule/rule_codec.h"
#include "tools/certificate_end.h"
#include "tools/certificate_file.h"
#include "tools/key_certificates.h"
#include "tools/options.h"
#include "tools/show/text.h"

/* Where it is. */
static void add_place(struct ska_buffer *text, struct backend_key *key)
{
    const struct broker_place place = broker_place_of(key);

    if (place.broker != NULL)
        text_row(text, "broker", broker_name(&place));
    else
        text_row(text, "token", backend_key_token_label(key));
    if (backend_key_word(key) != BACKEND_WORD_OF_HSM)
        text_row(text, "source", "the broker; the HSM was not asked, and nothing confirms it");
}

static bool print_text(struct tool *tool, struct backend_key *key,
                       const struct backend_key_state *state)
{
    struct ska_buffer text = {0};
    char algorithm[TEXT_ALGORITHM_SIZE];
    char *id = NULL;
    char *uri = tool_key_uri(key);

    text_key_algorithm(backend_key_type(key), backend_key_public(key), algorithm);
    ska_buffer_format(&text, "%s\n", uri == NULL ? "" : uri);
    add_place(&text, key);
    text_row(&text, "label", backend_key_label(key));
    if (backend_key_id(key).length > 0 && ska_hex_encode(backend_key_id(key), &id, NULL))
        text_row(&text, "id", id);
    text_row(&text, "algorithm", algorithm);
    text_row(&text, "kind",
             backend_key_is_ska(key)         ? "SKA"
             : backend_key_is_timestamp(key) ? "timestamp: signs nothing but timestamps of the HSM"
                                             : "ordinary: signs without approvals");
    if (backend_key_is_ska(key)) {
        text_row(&text, "blocked", text_told(state->blocked));
        text_row(&text, "SAM-approved", text_told(state->sam_approved));
        for (int i = 0; i < SKA_RULE_COUNT; i++) {
            text_name(&text, ska_rule_names[i]);
            text_encoded_rule(&text, ska_span_of(&state->rules[i]));
            ska_buffer_text(&text, "\n");
        }
    }
    if (!text_public_key(&text, backend_key_public(key)))
        report_warning("the public key cannot be written");
    free(uri);
    free(id);
    return text_print(&text, &tool->errors);
}

/* {"ruleUse": RULE, ...}: null for an always satisfied rule, left out for one that is not known. */
static bool add_key_rules(cJSON *object, const struct backend_key_state *state)
{
    for (int i = 0; i < SKA_RULE_COUNT; i++) {
        struct ska_rule rule = {NULL, 0};
        bool done = false;

        if (state->rules[i].data == NULL ||
            !ska_rule_decode(ska_span_of(&state->rules[i]), &rule, NULL))
            continue;
        done = ska_json_add_item(object, ska_rule_members[i], ska_rule_to_json(&rule));
        ska_rule_clear(&rule);
        if (!done)
            return false;
    }
    return true;
}

static bool print_key_json(struct tool *tool, const struct backend_key *key,
                           const struct backend_key_state *state)
{
    cJSON *object = cJSON_CreateObject();
    struct ska_bytes spki = {NULL, 0};
    char algorithm[TEXT_ALGORITHM_SIZE];
    char *uri = tool_key_uri(key);
    char *id = NULL;
    bool done = false;

    text_key_algorithm(backend_key_type(key), backend_key_public(key), algorithm);
    done = object != NULL && uri != NULL && ska_hex_encode(backend_key_id(key), &id, NULL) &&
           ska_evp_encode(backend_key_public(key), &spki, &tool->errors) &&
           cJSON_AddStringToObject(object, "uri", uri) != NULL &&
           ska_json_add_untrusted(object, "token", ska_span_text(backend_key_token_label(key))) &&
           ska_json_add_untrusted(object, "label", ska_span_text(backend_key_label(key))) &&
           cJSON_AddStringToObject(object, "id", id) != NULL &&
           cJSON_AddStringToObject(object, "algorithm", algorithm) != NULL &&
           ska_json_add_base64(object, "publicKey", ska_span_of(&spki)) &&
           cJSON_AddBoolToObject(object, "toldByHsm",
                                 backend_key_word(key) == BACKEND_WORD_OF_HSM) != NULL &&
           cJSON_AddBoolToObject(object, "ska", backend_key_is_ska(key)) != NULL &&
           cJSON_AddBoolToObject(object, "timestamp", backend_key_is_timestamp(key)) != NULL;
    if (done && backend_key_is_ska(key))
        done = text_add_told(object, "blocked", state->blocked) &&
               text_add_told(object, "samApproved", state->sam_approved) &&
               add_key_rules(object, state);
    if (!done) {
        cJSON_Delete(object);
        object = NULL;
    }
    ska_bytes_free(&spki);
    free(uri);
    free(id);
    return text_print_json(object, &tool->errors);
}

static void warn_of_end(void *arg, const char *sentence)
{
    (void)arg;
    report_warning("%s", sentence);
}

static void warn_of_ends(const struct tool *tool, const struct hsm_uri *uri,
                         const struct backend_key *key, const struct backend_key_state *state,
                         STACK_OF(X509) * known)
{
    const struct certificate_ends ends = {time(NULL), known, warn_of_end, NULL};

    certificate_ends_say_known(&ends);
    key_certificates_say_ends(tool, uri, key, &ends);
    certificate_ends_say_encoded(&ends, state->rules);
}

static bool read_certs(struct tool *tool, const char *path, STACK_OF(X509) * *known)
{
    if (path != NULL)
        *known = certificate_file_read(tool->libctx, path, &tool->errors);
    return path == NULL || *known != NULL;
}

bool show_command(struct tool *tool, int argc, char **argv)
{
    const char *uri = NULL;
    const char *certs = NULL;
    bool json = false;
    const struct option_entry options[] = {
        OPTION_NEEDED("key", "URI", "the key", &uri),
        OPTION_TEXT("certs", "FILE", "CA certificates in PEM, to check their expiry, too", &certs),
        OPTION_FLAG("json", "as JSON, for machines", &json),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "--key URI [--certs FILE] [--json]",
        .help = "Shows one key: algorithm, flags, who may use, block, unblock and modify it, and\n"
                "its public key in PEM.",
        .options = options,
    };
    struct hsm_uri *parsed = NULL;
    struct backend_key *key = NULL;
    struct backend_key_state state = {0};
    STACK_OF(X509) *known = NULL;
    bool done = false;

    if (!options_parse(tool, &line, argc, argv) || !read_certs(tool, certs, &known))
        return false;
    if (!tool_open_key(tool, uri, &parsed, &key)) {
        certificates_free(known);
        return false;
    }
    if (!backend_key_is_ska(key) || backend_key_state(key, &state, &tool->errors))
        done = json ? print_key_json(tool, key, &state) : print_text(tool, key, &state);
    if (done)
        warn_of_ends(tool, parsed, key, &state, known);
    certificates_free(known);
    hsm_uri_free(parsed);
    backend_key_state_clear(&state);
    backend_key_free(key);
    return done;
}
