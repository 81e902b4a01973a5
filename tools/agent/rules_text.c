/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/agent/rules_text.h"

#include <string.h>

#include "provider/base/printable.h"
#include "tools/show/text.h"

#define LABEL_SHOWN 200

static const struct {
    const char *name;
    const char *words;
} payloads[] = {
    [AGENT_PAYLOAD_NONE] = {"", "nothing"},
    [AGENT_PAYLOAD_TLS13_SERVER] = {"tls13-server",
                                    "what a TLS 1.3 server signs in a handshake and nothing else"},
    [AGENT_PAYLOAD_TLS13_CLIENT] = {"tls13-client",
                                    "what a TLS 1.3 client signs in a handshake and nothing else"},
    [AGENT_PAYLOAD_ANY] = {"any", "whatever is to be signed, documents too"},
};

enum agent_payload agent_payload_from_name(const char *name)
{
    for (int i = AGENT_PAYLOAD_TLS13_SERVER; i <= AGENT_PAYLOAD_ANY; i++)
        if (strcmp(payloads[i].name, name) == 0)
            return (enum agent_payload)i;
    return AGENT_PAYLOAD_NONE;
}

/* With a backslash before each comma and each backslash. */
static void add_label(const char *label, struct ska_buffer *text)
{
    for (; *label != 0; label++) {
        if (*label == ',' || *label == '\\')
            ska_buffer_text(text, "\\");
        ska_buffer_add(text, label, 1);
    }
}

void agent_rule_option(const struct agent_rule *rule, struct ska_buffer *text)
{
    struct ska_buffer word = {0};

    ska_buffer_text(&word, "key=");
    add_label(rule->key, &word);
    ska_buffer_format(&word, ",payload=%s", payloads[rule->payload].name);
    if (rule->has_uid)
        ska_buffer_format(&word, ",uid=%lu", (unsigned long)rule->uid);
    if (rule->rate > 0)
        ska_buffer_format(&word, ",rate=%lu/s", (unsigned long)rule->rate);
    ska_buffer_text(text, " --allow ");
    ska_buffer_shell_word(text, ska_buffer_string(&word));
    text->failed = text->failed || word.failed;
    ska_buffer_free(&word);
}

void agent_rule_words(const struct agent_rule *rule, struct ska_buffer *text)
{
    ska_buffer_text(text, "for key ");
    ska_buffer_quoted(text, ska_span_text(rule->key), LABEL_SHOWN);
    ska_buffer_format(text, ", %s, when uid %lu asks%s", payloads[rule->payload].words,
                      (unsigned long)rule->uid, rule->has_uid ? "" : " (the agent's own user)");
    if (rule->rate == 1)
        ska_buffer_text(text, ", at most once in a second");
    else if (rule->rate > 0)
        ska_buffer_format(text, ", at most %lu times in a second", (unsigned long)rule->rate);
}
