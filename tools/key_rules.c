/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/key_rules.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/error_capture.h"
#include "provider/backend/backend_key.h"
#include "provider/keys/find_key.h"
#include "provider/rule/rule_codec.h"

/* What is read of the configuration for this is of no use but here, so its faults are answers. */
static bool can_ask(struct tool *tool, bool *configured, const struct ska_errors *errors)
{
    const struct ska_settings *settings = &tool->configuration.settings;

    if (!tool->configured) {
        struct ska_errors loud = tool->errors;

        tool->errors = *errors;
        tool->configured = tool_configure(tool);
        tool->errors = loud;
    }
    if (!tool->configured) {
        configuration_clear(&tool->configuration);
        return false;
    }
    *configured = keys_can_be_asked(settings);
    return *configured;
}

/*
 * On the configured token, or the only one: the requester does not choose who speaks as the HSM,
 * nor which token is given the PIN.
 */
static bool find_key(struct tool *tool, const struct ska_request *request, struct backend_key **key,
                     const struct ska_errors *errors)
{
    const struct hsm_defaults defaults = tool_defaults(tool);
    struct ska_span label = ska_span_text(request->key_label);
    const struct hsm_uri uri = {
        .object = {(uint8_t *)(uintptr_t)label.data, label.length}}; /* borrowed */
    const struct hsm_look_up wanted = {.uri = &uri,
                                       .defaults = &defaults,
                                       .source = hsm_locate_pin(&uri, &defaults),
                                       .private_key = true};

    if (request->key_label == NULL)
        return ska_fail(errors, SKA_R_KEY_NOT_FOUND, "the request names no key");
    return keys_find(&tool->configuration.settings, &wanted, tool->libctx, key, errors);
}

/* A broker's task names a key by its label only, which a key of another device may have, too. */
static bool may_be_another(const struct ska_request *request, const struct backend_key *key)
{
    return request->public_key.length == 0 && backend_key_word(key) == BACKEND_WORD_OF_HSM;
}

static bool read_rules(const struct ska_request *request, struct backend_key *key,
                       struct key_rules *rules, const struct ska_errors *errors)
{
    struct backend_key_state state = {0};
    struct ska_span spki = {NULL, 0};
    bool done =
        (!may_be_another(request, key) || ska_fail(errors, SKA_R_KEY_NOT_FOUND,
                                                   "the request does not name the public key, and "
                                                   "there may be other keys of its label")) &&
        backend_key_spki(key, &spki, errors) &&
        (backend_key_is_ska(key) || ska_fail(errors, SKA_R_WRONG_USE, "the key has no rules")) &&
        backend_key_state(key, &state, errors);

    for (int i = 0; done && i < SKA_RULE_COUNT; i++) {
        struct ska_error_capture failure = {0};
        const struct ska_errors quiet = ska_error_capture(&failure);

        if (state.rules[i].data != NULL &&
            ska_rule_decode(ska_span_of(&state.rules[i]), &rules->rules[i], &quiet))
            rules->known[i] = &rules->rules[i];
        done = failure.reason != SKA_R_OUT_OF_MEMORY || ska_error_capture_raise(&failure, errors);
        ska_error_capture_clear(&failure);
    }
    rules->word = backend_key_word(key);
    rules->blocked = done && state.blocked == BACKEND_YES;
    rules->other_key = done && request->public_key.length > 0 &&
                       !ska_span_equal(spki, ska_span_of(&request->public_key));
    backend_key_state_clear(&state);
    return done;
}

bool key_rules_are_certain(const struct key_rules *rules)
{
    return rules->told && rules->word == BACKEND_WORD_OF_HSM;
}

bool key_rules_ask(struct tool *tool, const struct ska_request *request, struct key_rules *rules)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    struct backend_key *key = NULL;
    bool configured = true;
    bool done = true;

    rules->told = can_ask(tool, &configured, &quiet) && find_key(tool, request, &key, &quiet) &&
                  read_rules(request, key, rules, &quiet);
    backend_key_free(key);
    if (!rules->told && configured) {
        rules->why_not = strdup(ska_error_capture_text(&failure));
        done = failure.reason != SKA_R_OUT_OF_MEMORY && rules->why_not != NULL;
        if (!done)
            ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "asking for the rules of a key");
    }
    ska_error_capture_clear(&failure);
    return done;
}

void key_rules_clear(struct key_rules *rules)
{
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        ska_rule_clear(&rules->rules[i]);
    free(rules->why_not);
    memset(rules, 0, sizeof(*rules));
}
