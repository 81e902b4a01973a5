/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole page of an approver, for any request and any width of a terminal. Words of others hold
 * a mark that ours never do, so that a line that begins with them can be told.
 */
#include <locale.h>
#include <string.h>
#include <wchar.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "provider/base/character.h"
#include "provider/base/printable.h"
#include "provider/rule/rule_codec.h"
#include "tools/show/briefing_short.h"
#include "tools/show/page.h"

#include "fuzz.h"

#define MARK '~'
#define KEYS 5
#define LEAST_WIDTH 20
#define MOST_WIDTH 300

/* ---- The input, read from the front -------------------------------------------------------- */

struct fuzzed {
    const uint8_t *data;
    size_t size;
};

static unsigned int take_byte(struct fuzzed *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->data++;
}

static unsigned int take_below(struct fuzzed *input, unsigned int limit)
{
    return take_byte(input) % limit;
}

/* Words of others: every capital letter is the mark. */
static struct ska_bytes take_words(struct fuzzed *input, size_t most)
{
    struct ska_bytes words = {NULL, 0};
    size_t length = take_byte(input) | take_byte(input) << 8;

    length %= most + 1;
    length = length > input->size ? input->size : length;
    PROMISE(ska_bytes_copy(&words, ska_span(input->data, length), NULL));
    input->data += length;
    input->size -= length;
    for (size_t i = 0; i < length; i++)
        if (words.data[i] >= 'A' && words.data[i] <= 'Z')
            words.data[i] = MARK;
    return words;
}

/* The same as a text member of a request: UTF-8 without a zero byte, or NULL. */
static char *take_text(struct fuzzed *input, size_t most)
{
    struct ska_bytes words = take_words(input, most);

    if (words.length > 0 && ska_utf8_valid(ska_span_of(&words)) &&
        memchr(words.data, 0, words.length) == NULL)
        return (char *)words.data;
    ska_bytes_free(&words);
    return NULL;
}

/* ---- Requests -------------------------------------------------------------------------------- */

static struct ska_span key_at(unsigned int place)
{
    static unsigned char *keys[KEYS];
    static int lengths[KEYS];

    if (keys[place] == NULL) {
        EVP_PKEY *key = place == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                   : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

        lengths[place] = i2d_PUBKEY(key, &keys[place]);
        EVP_PKEY_free(key);
    }
    return ska_span(keys[place], (size_t)lengths[place]);
}

static void take_group(struct fuzzed *input, struct ska_group *group)
{
    group->name = take_words(input, 60);
    group->quorum = take_below(input, 4);
    group->approver_count = take_below(input, 5);
    group->approvers = calloc(group->approver_count + 1, sizeof(*group->approvers));
    for (size_t i = 0; i < group->approver_count; i++) {
        struct ska_approver *approver = &group->approvers[i];

        approver->name = take_words(input, 80);
        PROMISE(ska_bytes_copy(&approver->data, key_at(take_below(input, KEYS)), NULL));
        PROMISE(ska_bytes_copy(&approver->public_key, ska_span_of(&approver->data), NULL));
    }
}

static struct ska_rule take_rule(struct fuzzed *input)
{
    struct ska_rule rule = {NULL, take_below(input, 3)};

    rule.alternatives = calloc(rule.alternative_count + 1, sizeof(*rule.alternatives));
    for (size_t i = 0; i < rule.alternative_count; i++) {
        struct ska_alternative *alternative = &rule.alternatives[i];

        alternative->name = take_words(input, 60);
        alternative->timelock = take_below(input, 3) * 60U;
        alternative->timeout = take_below(input, 3) * 60U;
        alternative->group_count = take_below(input, 3);
        alternative->groups = calloc(alternative->group_count + 1, sizeof(*alternative->groups));
        for (size_t j = 0; j < alternative->group_count; j++)
            take_group(input, &alternative->groups[j]);
    }
    return rule;
}

/* What a modification says: false for one that the codec does not write. */
static bool take_change(struct fuzzed *input, struct ska_bytes *payload)
{
    struct ska_modify modify = {0};
    struct ska_bytes encoded[SKA_RULE_COUNT] = {{NULL, 0}};
    unsigned int named = take_byte(input);
    bool done = true;

    for (int i = 0; done && i < SKA_RULE_COUNT; i++) {
        struct ska_rule rule = {NULL, 0};

        if ((named & 1U << i) == 0)
            continue;
        rule = take_rule(input);
        done = ska_rule_encode(&rule, &encoded[i], NULL);
        modify.rules[i] = ska_span_of(&encoded[i]);
        ska_rule_clear(&rule);
    }
    done = done && ska_modify_encode(&modify, payload, NULL);
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        ska_bytes_free(&encoded[i]);
    return done;
}

static bool take_payload(struct fuzzed *input, struct ska_request *request)
{
    if (request->operation == SKA_OPERATION_MODIFY)
        return take_change(input, &request->payload);
    if (request->operation != SKA_OPERATION_SIGN)
        return true;
    request->mechanism.scheme = SKA_SCHEME_ECDSA;
    request->mechanism.digest = SKA_DIGEST_SHA256;
    request->mechanism.form = take_below(input, 2) == 0 ? SKA_PAYLOAD_DIGEST : SKA_PAYLOAD_MESSAGE;
    request->payload = take_words(input, 2000);
    request->no_content = (enum ska_no_content)take_below(input, SKA_NO_CONTENT_DIGEST_GIVEN + 1);
    if (request->mechanism.form == SKA_PAYLOAD_DIGEST && take_below(input, 2) == 0)
        request->signed_content = take_words(input, 2000);
    return true;
}

static bool make_token(struct ska_request *request)
{
    const struct ska_approval_token token = {.operation = request->operation,
                                             .key_name = ska_span_text(request->key_label),
                                             .has_payload =
                                                 request->operation == SKA_OPERATION_SIGN ||
                                                 request->operation == SKA_OPERATION_MODIFY,
                                             .payload = ska_span_of(&request->payload)};

    return ska_approval_token_encode(&token, &request->approval_token, NULL);
}

static bool take_request(struct fuzzed *input, struct ska_request *request)
{
    unsigned int rules = take_byte(input);

    memset(request->id, 'a', SKA_REQUEST_ID_LENGTH);
    request->operation = (enum ska_operation)take_below(input, 4);
    request->key_label = take_text(input, 200);
    request->token_label = take_text(input, 100);
    request->description = take_text(input, 2000);
    request->requester_host = take_text(input, 100);
    request->requester_program = take_text(input, 100);
    request->has_requester = take_below(input, 2) == 0;
    PROMISE(ska_bytes_copy(&request->public_key, key_at(take_below(input, KEYS)), NULL));
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        if ((rules & 1U << i) != 0) {
            request->has_rule[i] = true;
            request->rules[i] = take_rule(input);
        }
    return take_payload(input, request) && make_token(request);
}

static void clear_request(struct ska_request *request)
{
    free(request->key_label);
    free(request->token_label);
    free(request->description);
    free(request->requester_host);
    free(request->requester_program);
    ska_bytes_free(&request->public_key);
    ska_bytes_free(&request->payload);
    ska_bytes_free(&request->signed_content);
    ska_bytes_free(&request->approval_token);
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        ska_rule_clear(&request->rules[i]);
}

/* ---- What else is known ---------------------------------------------------------------------- */

static void take_rules(struct fuzzed *input, struct key_rules *told)
{
    told->told = take_below(input, 2) == 0;
    if (!told->told) {
        told->why_not = take_text(input, 200);
        if (told->why_not != NULL) {
            char *shown = ska_printable(ska_span_text(told->why_not), 200);

            free(told->why_not);
            told->why_not = shown;
        }
        return;
    }
    told->word = take_below(input, 2) == 0 ? BACKEND_WORD_OF_HSM : BACKEND_WORD_OF_BROKER;
    told->other_key = take_below(input, 2) == 0;
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        if (take_below(input, 2) == 0) {
            told->rules[i] = take_rule(input);
            told->known[i] = &told->rules[i];
        }
}

static void take_history(struct fuzzed *input, struct history *history)
{
    struct ska_rule rule = {NULL, 0};

    history->requests = take_below(input, 3);
    if (history->requests == 0)
        return;
    rule = take_rule(input);
    PROMISE(named_keys_add_rule(&history->approvers, NULL, &rule,
                                take_below(input, 2) == 0 ? NAMED_KEY_SEEN : NAMED_KEY_ACCEPTED));
    PROMISE(named_key_hash(NULL, key_at(take_below(input, KEYS)), history->key_sha256));
    ska_rule_clear(&rule);
}

/* ---- The page -------------------------------------------------------------------------------- */

/* All that may stand at the left edge, in the order in which it can come. */
static const char *const headings[] = {
    "You are asked to approve a SIGNATURE.",
    "You are asked to approve that a key is BLOCKED.",
    "You are asked to approve that a key is UNBLOCKED.",
    "You are asked to approve a CHANGE OF THE RULES of a key.",
    "You are about to REJECT a SIGNATURE.",
    "You are about to REJECT that a key is BLOCKED.",
    "You are about to REJECT that a key is UNBLOCKED.",
    "You are about to REJECT a CHANGE OF THE RULES of a key.",
    "What will be signed",
    "What will happen",
    "What will change",
    "Who could approve then, and with which key",
    "With which key",
    "Which key",
    "Who asks, and what for (NOT CONFIRMED: anybody can write this)",
    "How long your approval can be used",
    "What else your approval allows",
    "Who must approve (as the requester says)",
    "For technicians (skatool inspect shows everything)",
    "In short",
};

/* The start of one of them, behind those that have been. */
static void promise_heading(const char *line, size_t length, size_t *next)
{
    while (*next < sizeof(headings) / sizeof(headings[0]) &&
           (strncmp(headings[*next], line, length) != 0 ||
            (headings[*next][length] != 0 && headings[*next][length] != ' ')))
        (*next)++;
    PROMISE(*next < sizeof(headings) / sizeof(headings[0]));
    (*next)++;
}

/*
 * As a terminal counts: by the C library's table, and by bytes, where it knows no UTF-8. What it
 * gives no column does not pile up on one character.
 */
static void promise_width(const char *line, size_t length, size_t width)
{
    size_t columns = 0;
    size_t bytes = 0;
    size_t marks = 0;

    PROMISE(length <= width);
    for (size_t at = 0; at < length; at += bytes) {
        uint32_t character = 0;
        int taken = 0;

        bytes = ska_utf8_decode(ska_span(line + at, length - at), &character);
        PROMISE(bytes > 0 && character >= 0x20 && character != 0x7F);
        PROMISE(character < 0x80 || character > 0x9F);
        taken = wcwidth((wchar_t)character);
        columns += taken < 0 ? 2 : (size_t)taken;
        marks = taken == 0 ? marks + 1 : 0;
        PROMISE(marks <= 2);
    }
    PROMISE(columns <= width);
}

/* Behind its bar. */
static bool shows_nothing(const char *line, size_t length)
{
    size_t at = strspn(line, " ");
    uint32_t character = ' ';
    size_t bytes = line[at] == '|';

    for (at += bytes; at < length && ska_is_blank(character); at += bytes)
        character = ska_utf8_next(line + at, &bytes);
    return ska_is_blank(character);
}

static void promise_page(struct ska_span page, size_t width)
{
    const char *text = (const char *)page.data;
    size_t next = 0;
    size_t warnings = 0;
    size_t told = 0;
    size_t nothing = 0;

    PROMISE(page.length > 0 && text[page.length - 1] == '\n');
    for (const char *line = text; *line != 0; line = strchr(line, '\n') + 1) {
        size_t length = strcspn(line, "\n");
        size_t indent = strspn(line, " ");

        promise_width(line, length, width);
        /* The end of a line, two that are empty, and ours before a heading, or the next's start. */
        nothing = shows_nothing(line, length) ? nothing + 1 : 0;
        PROMISE(nothing <= 4);
        if (length > 0 && indent == 0)
            promise_heading(line, length, &next);
        PROMISE(indent == length || line[indent] != MARK);
        warnings += indent == (width < 40 ? 1 : 4) && strncmp(line + indent, "WARNING: ", 9) == 0;
        if (strncmp(line + indent, "There is ", 9) == 0 && strstr(line, "WARNING above") != NULL)
            told = 1;
        else if (strncmp(line + indent, "There are ", 10) == 0)
            told = (size_t)atoi(line + indent + 10);
    }
    PROMISE(width < 40 || warnings == told);
}

/* Of the six lines: no line is longer than the terminal, and no word of others begins one. */
static void promise_lines(struct ska_span page, size_t width)
{
    const char *text = (const char *)page.data;
    size_t heads = 0;

    for (const char *line = text; *line != 0; line = strchr(line, '\n') + 1) {
        size_t length = strcspn(line, "\n");
        size_t indent = strspn(line, " ");

        promise_width(line, length, width);
        heads += length > 0 && indent == 0;
        PROMISE(indent == length || line[indent] != MARK);
    }
    PROMISE(heads == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzzed input = {data, size};
    struct ska_request request = {0};
    struct key_rules told = {0};
    struct history history = {0};
    struct ska_ballot ballot = {.request = &request};
    struct briefing briefing = {.request = &request, .ballot = &ballot};
    struct ska_bytes page = {NULL, 0};
    uid_t owner = 0;
    struct briefing_warnings warnings = {0, NULL};

    PROMISE(setlocale(LC_CTYPE, "C.UTF-8") != NULL);
    briefing.columns =
        LEAST_WIDTH + (take_byte(&input) | take_byte(&input) << 8) % (MOST_WIDTH - LEAST_WIDTH + 1);
    briefing.refusing = take_below(&input, 4) == 0;
    briefing.owner = take_below(&input, 2) == 0 ? &owner : NULL;
    if (take_request(&input, &request)) {
        char *path = take_text(&input, 200);
        struct document document = {.path = path, .answer = DOCUMENT_SAME, .form = "somehow"};

        take_rules(&input, &told);
        take_history(&input, &history);
        if (request.has_rule[ska_rule_kind_of(request.operation)])
            ballot.rule = &request.rules[ska_rule_kind_of(request.operation)];
        PROMISE(ska_ballot_open(&ballot, NULL));
        if (ballot.rule != NULL)
            briefing.listed = ska_rule_approver_at(ballot.rule, 0);
        /* Nobody is asked whom the rule does not list. */
        if (briefing.listed == NULL)
            ballot.rule = NULL;
        briefing.witness.own_key =
            briefing.listed == NULL ? key_at(0) : ska_span_of(&briefing.listed->public_key);
        briefing.witness.listed = briefing.listed;
        briefing.witness.rules = &told;
        briefing.witness.history = take_below(&input, 3) == 0 ? NULL : &history;
        document.as_it_is = take_below(&input, 2) == 0;
        document.meaning = (enum ska_content_meaning)take_below(&input, SKA_MEANS_HANDSHAKE + 1);
        briefing.document = path == NULL ? NULL : &document;
        briefing.chance = ska_ballot_chance(&ballot, briefing.witness.own_key);
        PROMISE(briefing_make(&briefing, &page, &warnings, NULL));
        promise_page(ska_span_of(&page), briefing.columns);
        ska_bytes_free(&page);
        briefing.lead = "1 of 2";
        if (briefing_may_be_short(&briefing, warnings.count)) {
            PROMISE(briefing_short_make(&briefing, &page, NULL));
            promise_lines(ska_span_of(&page), briefing.columns);
            ska_bytes_free(&page);
        }
        free(path);
    }
    free(warnings.first);
    ska_ballot_close(&ballot);
    key_rules_clear(&told);
    history_clear(&history);
    clear_request(&request);
    return 0;
}
