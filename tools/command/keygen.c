/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool keygen: creates a key pair with its four rules, an ordinary one, or a timestamp key.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "provider/base/error_capture.h"
#include "provider/hsm/key_generate.h"
#include "provider/keys/key_place.h"
#include "provider/keys/make_key.h"
#include "provider/rule/policy_json.h"
#include "provider/rule/rule_check.h"
#include "provider/rule/rule_codec.h"
#include "tools/certificate_end.h"
#include "tools/show/certificates.h"
#include "tools/options.h"
#include "tools/policy_file.h"
#include "tools/show/text.h"

#define DEFAULT_RSA_BITS 3072
#define SMALLEST_RSA_BITS 2048
#define LARGEST_RSA_BITS 16384
#define DEFAULT_CURVE "P-256"

struct keygen {
    const char *key;
    const char *algorithm;
    const char *size;
    const char *curve;
    const char *policy_path;
    const char *ca_path;
    const char *password_source;
    const struct key_place *place;
    bool timestamp;
    bool blocked;
    struct backend_key_template template_;
    struct ska_policy policy;
};

static bool choose_size(struct tool *tool, struct keygen *keygen)
{
    bool rsa = keygen->template_.type == SKA_KEY_RSA || keygen->template_.type == SKA_KEY_RSA_PSS;
    uint64_t bits = DEFAULT_RSA_BITS;

    if (keygen->size != NULL && !rsa)
        return options_wrong(tool, "--size is for RSA keys, not for %s", keygen->algorithm);
    if (keygen->curve != NULL && keygen->template_.type != SKA_KEY_EC)
        return options_wrong(tool, "--curve is for EC keys, not for %s", keygen->algorithm);
    if (keygen->size != NULL &&
        (!ska_decimal_decode(keygen->size, LARGEST_RSA_BITS, &bits) || bits < SMALLEST_RSA_BITS))
        return options_wrong(tool, "--size '%s': a number of bits from %d to %d is needed",
                             keygen->size, SMALLEST_RSA_BITS, LARGEST_RSA_BITS);
    if (rsa)
        keygen->template_.bits = (unsigned int)bits;
    if (keygen->template_.type == SKA_KEY_EC)
        keygen->template_.curve = keygen->curve == NULL ? DEFAULT_CURVE : keygen->curve;
    return true;
}

static bool choose_algorithm(struct tool *tool, struct keygen *keygen)
{
    static const struct {
        const char *name;
        enum ska_key_type type;
    } algorithms[] = {{"RSA", SKA_KEY_RSA},
                      {"RSA-PSS", SKA_KEY_RSA_PSS},
                      {"EC", SKA_KEY_EC},
                      {"ED25519", SKA_KEY_ED25519},
                      {"ED448", SKA_KEY_ED448}};

    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (strcasecmp(keygen->algorithm, algorithms[i].name) != 0)
            continue;
        keygen->template_.type = algorithms[i].type;
        return choose_size(tool, keygen);
    }
    return options_wrong(tool, "--algorithm '%s' is unknown: RSA, RSA-PSS, EC, ED25519 or ED448",
                         keygen->algorithm);
}

static bool check_all_rules(struct tool *tool, const struct keygen *keygen)
{
    const struct ska_policy *policy = &keygen->policy;

    for (int i = 0; i < SKA_RULE_COUNT; i++) {
        if (!policy->named[i])
            return ska_fail(&tool->errors, SKA_R_BAD_POLICY,
                            "%s: %s is missing: a key needs all four rules; null says that it is "
                            "always satisfied",
                            keygen->policy_path, ska_rule_members[i]);
        if (!ska_rule_check(&policy->rules[i], ska_rule_members[i], &tool->errors))
            return false;
    }
    return true;
}

/* With no timeout an approval is good for all time, and for every key of that label. */
static bool approvals_never_expire(const struct ska_rule *rule)
{
    for (size_t i = 0; i < rule->alternative_count; i++)
        for (size_t j = 0;
             rule->alternatives[i].timeout == 0 && j < rule->alternatives[i].group_count; j++)
            if (rule->alternatives[i].groups[j].quorum > 0)
                return true;
    return false;
}

static bool has_time_limit(const struct ska_policy *policy)
{
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        if (ska_rule_has_time_limit(&policy->rules[i]))
            return true;
    return false;
}

static bool impossible(const struct keygen *keygen, enum ska_rule_kind kind)
{
    return keygen->policy.rules[kind].alternative_count == 0;
}

/* Rules without a token, which no approval ever satisfies. */
static void warn_of_impossible(const struct keygen *keygen)
{
    const char *label = keygen->template_.label;
    bool fixed = impossible(keygen, SKA_RULE_MODIFY);

    if (impossible(keygen, SKA_RULE_USE))
        report_warning("the use rule can never be satisfied: nobody can sign with '%s'%s", label,
                       fixed ? ", and nobody can ever change that: the key is useless" : "");
    if (fixed)
        report_warning("the modify rule can never be satisfied: the rules of '%s' stay as they "
                       "are forever, also when an approver leaves or loses a key",
                       label);
    if (keygen->template_.blocked && impossible(keygen, SKA_RULE_UNBLOCK))
        report_warning("'%s' is created blocked, and nobody can unblock it", label);
    else if (impossible(keygen, SKA_RULE_UNBLOCK) && !impossible(keygen, SKA_RULE_BLOCK))
        report_warning("the unblock rule can never be satisfied: once '%s' is blocked, it stays so",
                       label);
}

static void warn_of_end(void *arg, bool is_missed, const char *sentence)
{
    (void)arg;
    (void)is_missed;
    report_warning("%s", sentence);
}

/* An HSM that is not in SAM mode takes any. */
static void warn_of_certificates(const struct ska_policy *policy)
{
    const struct certificate_ends ends = {time(NULL), NULL, warn_of_end, NULL};

    certificate_ends_say_rules(&ends, policy->rules);
}

static void warn_of_rules(const struct tool *tool, const struct keygen *keygen)
{
    const char *anyone =
        keygen->place->has_pins ? "anyone with the PIN" : "anyone whom the broker lets in";
    const struct ska_policy *policy = &keygen->policy;
    const char *label = keygen->template_.label;

    if (ska_rule_is_empty(&policy->rules[SKA_RULE_USE]))
        report_warning("the use rule is always satisfied: %s can sign with '%s'", anyone, label);
    if (ska_rule_is_empty(&policy->rules[SKA_RULE_MODIFY]))
        report_warning("the modify rule is always satisfied: %s can change the rules of '%s'",
                       anyone, label);
    warn_of_impossible(keygen);
    warn_of_certificates(policy);
    if (approvals_never_expire(&policy->rules[SKA_RULE_USE]))
        report_warning("approvals to sign with '%s' never expire: anyone who keeps them can have "
                       "the same thing signed again, years from now too. "
                       "Give each alternative in ruleUse a \"timeout\" in seconds to end that%s.",
                       label,
                       keygen->place->needs_timestamp_keys
                           ? "; it needs a timestamp key (skatool keygen --timestamp)"
                           : "");
    if (keygen->place->needs_timestamp_keys && has_time_limit(policy) &&
        tool->configuration.settings.timestamp_key == NULL)
        report_warning("'%s' has rules with time limits: requests need timestamp-key in the "
                       "configuration, or --timestamp-key",
                       label);
}

static bool read_key_policy(struct tool *tool, struct keygen *keygen)
{
    keygen->template_.blocked = keygen->blocked;
    keygen->template_.timestamp = keygen->timestamp;
    if (keygen->timestamp)
        return true;
    if (strcmp(keygen->policy_path, "none") == 0)
        return !keygen->blocked ||
               options_wrong(tool, "--blocked needs a policy: an ordinary key cannot be blocked");
    if (!ska_policy_read(keygen->policy_path, &keygen->policy, &tool->errors) ||
        !check_all_rules(tool, keygen))
        return false;
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        keygen->template_.rules[i] = &keygen->policy.rules[i];
    keygen->template_.blocked = keygen->blocked || keygen->policy.blocked;
    return certificates_check(tool, keygen->template_.rules, keygen->ca_path);
}

static bool names_onboarded(const struct keygen *keygen)
{
    bool found = false;

    for (int i = 0; i < SKA_RULE_COUNT; i++)
        found = found || ska_rule_find_onboarded(&keygen->policy.rules[i]) != NULL;
    return found;
}

static bool decode_rules(const struct backend_key_state *state, struct ska_rule rules[],
                         const struct ska_errors *errors)
{
    bool done = true;

    for (int i = 0; done && i < SKA_RULE_COUNT; i++)
        done = ska_rule_decode(ska_span_of(&state->rules[i]), &rules[i], errors);
    return done;
}

/*
 * Whose certificates the broker has put in the place of names is its word: only who sees which ones
 * these are can ask the people whether they are theirs.
 */
static void add_onboarded(struct tool *tool, struct backend_key *key, struct ska_buffer *text)
{
    struct ska_rule rules[SKA_RULE_COUNT] = {{NULL, 0}};
    const struct ska_rule *all[SKA_RULE_COUNT];
    struct backend_key_state state = {0};

    for (int i = 0; i < SKA_RULE_COUNT; i++)
        all[i] = &rules[i];
    if (backend_key_state(key, &state, NULL) && decode_rules(&state, rules, NULL)) {
        text_name(text, "approvers");
        approvers_text(tool->libctx, all, text);
        ska_buffer_text(text, "\n");
        report_warning("only the broker says which certificates belong to the names in the policy: "
                       "compare their fingerprints with those that the approvers have");
    } else {
        report_warning("the key was made, but which certificates belong to the names in the policy "
                       "cannot be seen: skatool show --json says");
    }
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        ska_rule_clear(&rules[i]);
    backend_key_state_clear(&state);
}

static bool print_key(struct tool *tool, const struct keygen *keygen, struct backend_key *key)
{
    struct ska_buffer text = {0};
    char algorithm[TEXT_ALGORITHM_SIZE];
    char *uri = tool_key_uri(key);

    text_key_algorithm(backend_key_type(key), backend_key_public(key), algorithm);
    ska_buffer_format(&text, "%s\n", uri == NULL ? "" : uri);
    text_row(&text, "label", backend_key_label(key));
    text_row(&text, "algorithm", algorithm);
    text_row(&text, "kind",
             backend_key_is_ska(key)         ? "SKA"
             : backend_key_is_timestamp(key) ? "timestamp"
                                             : "ordinary");
    if (names_onboarded(keygen))
        add_onboarded(tool, key, &text);
    free(uri);
    return text_print(&text, &tool->errors);
}

static bool generate_key(struct tool *tool, const struct keygen *keygen, const struct hsm_uri *uri)
{
    const struct hsm_defaults defaults = tool_defaults(tool);
    const struct hsm_look_up wanted = tool_look_up(uri, &defaults);
    struct ska_error_capture failure = {0};
    struct ska_errors quiet = ska_error_capture(&failure);
    struct backend_key *key = NULL;
    bool done = keys_make(&tool->configuration.settings, &wanted, &keygen->template_, tool->libctx,
                          &key, &quiet);

    if (!done)
        certificates_fail(tool, &failure, keygen->template_.rules);
    tool_note_configuration(tool, failure.reason);
    ska_error_capture_clear(&failure);
    done = done && print_key(tool, keygen, key);
    backend_key_free(key);
    return done;
}

static bool check_keygen_options(struct tool *tool, const struct keygen *keygen)
{
    if (!keygen->timestamp)
        return keygen->policy_path != NULL ||
               options_wrong(tool,
                             "missing option: --policy, a file or the word none for an ordinary "
                             "key");
    if (keygen->policy_path != NULL || keygen->blocked || keygen->ca_path != NULL)
        return options_wrong(
            tool,
            "--timestamp: such a key has no rules, so --policy, --blocked and --ca cannot be used");
    return true;
}

/* It is that of the configuration, which all calls of this run are made by. */
static bool take_password(struct tool *tool, const struct keygen *keygen)
{
    struct ska_settings *settings = &tool->configuration.settings;

    if (keygen->password_source == NULL)
        return true;
    if (!keygen->place->has_passwords)
        return options_wrong(tool, "--password-source: keys of a token have no passwords; it is "
                                   "for keys behind a broker");
    return ska_settings_set(settings, "tsb-key-password-source", keygen->password_source,
                            &tool->errors);
}

/* What can be refused without the HSM is refused before anyone is asked for a PIN. */
static bool prepare_keygen(struct tool *tool, struct keygen *keygen, struct hsm_uri **uri)
{
    if (!choose_algorithm(tool, keygen) || !hsm_uri_parse(keygen->key, uri, &tool->errors) ||
        !hsm_key_template_name(&keygen->template_, *uri, &tool->errors) ||
        !read_key_policy(tool, keygen) || !tool_configure(tool))
        return false;
    keygen->place = key_place_of(&tool->configuration.settings, *uri);
    return keys_can_make(&tool->configuration.settings, *uri, &keygen->template_, &tool->errors) &&
           take_password(tool, keygen);
}

bool keygen_command(struct tool *tool, int argc, char **argv)
{
    struct keygen keygen = {0};
    const struct option_entry options[] = {
        OPTION_NEEDED("key", "URI", "token, label (object=) and perhaps id of the new key",
                      &keygen.key),
        OPTION_NEEDED("algorithm", "NAME", "RSA, RSA-PSS, EC, ED25519 or ED448", &keygen.algorithm),
        OPTION_TEXT("size", "BITS", "RSA; default: 3072", &keygen.size),
        OPTION_TEXT("curve", "NAME", "EC; default: P-256", &keygen.curve),
        OPTION_TEXT("policy", "FILE", "the rules as JSON; the word none makes an ordinary key",
                    &keygen.policy_path),
        OPTION_TEXT("ca", "FILE",
                    "CAs in PEM: the certificates of approvers must chain to one of them",
                    &keygen.ca_path),
        OPTION_TEXT("password-source", "file:FILE", "behind a broker: its password",
                    &keygen.password_source),
        OPTION_FLAG("blocked", "the key cannot sign until it is unblocked", &keygen.blocked),
        OPTION_FLAG("timestamp", "the key signs the HSM's timestamps and nothing else",
                    &keygen.timestamp),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "--key URI --algorithm NAME [OPTION...] --policy FILE\n"
                 "       skatool keygen --timestamp --key URI --algorithm NAME [OPTION...]",
        .help = "Creates a key pair in the HSM. The policy says who may use, block, unblock and\n"
                "modify the key. A key that is made without one can never get one.\n"
                "\n"
                "  skatool keygen --key 'ska:token=demo;object=seal' --algorithm EC \\\n"
                "      --policy policy.json\n"
                "\n"
                "Rules with a timelock or timeout also need a timestamp key.",
        .options = options,
    };
    struct hsm_uri *uri = NULL;
    bool done = false;

    if (options_parse(tool, &line, argc, argv) && check_keygen_options(tool, &keygen) &&
        prepare_keygen(tool, &keygen, &uri)) {
        done = generate_key(tool, &keygen, uri);
        if (done && keygen.template_.rules[SKA_RULE_USE] != NULL)
            warn_of_rules(tool, &keygen);
    }
    ska_policy_clear(&keygen.policy);
    hsm_uri_free(uri);
    return done;
}
