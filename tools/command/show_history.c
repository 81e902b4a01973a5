/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool history: what this user has approved and rejected.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/json.h"
#include "provider/base/printable.h"
#include "tools/approver.h"
#include "tools/history.h"
#include "tools/history_entries.h"
#include "tools/key_label.h"
#include "tools/options.h"
#include "tools/command/requests.h"
#include "tools/request_place.h"
#include "tools/show/named_keys.h"
#include "tools/show/table.h"
#include "tools/show/terminal.h"
#include "tools/show/text.h"

/* So many digits of a request's id are shown, */
#define ID_SHOWN 16
/* so much of a reason, */
#define WORDS_SHOWN 500
/* and so many of those of a key of one's own. */
#define KEY_SHOWN 8

struct past {
    struct tool *tool;
    const char *key;
    char *label; /* of a URI that was given for it */
    const char *approver;
    const char *answer;
    const char *older;
    const char *newer;
    bool json;
    int64_t least_age;
    int64_t most_age;
    time_t now;
    char approver_sha256[NAMED_KEY_HASH_SIZE]; /* "": of all keys */
    bool any;                                  /* entries, asked for or not */
    size_t count;
    struct table table;
    struct ska_buffer paragraphs; /* where the terminal is too narrow for the table */
    cJSON *array;                 /* NULL: one of both */
};

static const char *answer_in_words(const struct history_entry *entry)
{
    return history_is_refusal(entry->answer) ? "rejected" : entry->answer;
}

static bool is_asked_for(const struct past *past, const struct history_entry *entry)
{
    int64_t age = (int64_t)past->now - (int64_t)entry->seconds;

    return age >= past->least_age && age <= past->most_age &&
           (past->key == NULL || strcmp(past->key, entry->key) == 0) &&
           (past->answer == NULL || strcmp(past->answer, answer_in_words(entry)) == 0) &&
           (past->approver_sha256[0] == 0 ||
            (entry->approver_sha256 != NULL &&
             strcmp(past->approver_sha256, entry->approver_sha256) == 0));
}

static const char *or_dash(const char *text)
{
    return text == NULL || text[0] == 0 ? "-" : text;
}

/* "alice (511c822d)": by which of one's keys. */
static const char *answered_by(const struct history_entry *entry, struct ska_buffer *text)
{
    if (entry->approver_sha256 == NULL)
        return "-";
    if (entry->approver == NULL) {
        ska_buffer_format(text, "%.*s", KEY_SHOWN, entry->approver_sha256);
        return ska_buffer_string(text);
    }
    ska_buffer_name(text, ska_span_text(entry->approver));
    ska_buffer_format(text, " (%.*s)", KEY_SHOWN, entry->approver_sha256);
    return ska_buffer_string(text);
}

/* The same in lines that need not be wide; what the file says may be of others. */
static void add_past_paragraph(struct ska_buffer *text, const struct history_entry *entry,
                               const char *time, const char *id, const char *who)
{
    ska_buffer_format(text, "%s\n    ", time);
    ska_buffer_printable(text, ska_span_text(answer_in_words(entry)), SKA_NAME_SHOWN);
    ska_buffer_text(text, ": ");
    ska_buffer_printable(text, ska_span_text(or_dash(entry->operation)), SKA_NAME_SHOWN);
    ska_buffer_text(text, " ");
    ska_buffer_name(text, ska_span_text(entry->key));
    ska_buffer_text(text, "\n    request ");
    ska_buffer_printable(text, ska_span_text(id), ID_SHOWN);
    ska_buffer_format(text, ", by %s\n", who);
    if (entry->reason != NULL) {
        ska_buffer_text(text, "    because ");
        ska_buffer_quoted(text, ska_span_text(entry->reason), WORDS_SHOWN);
        ska_buffer_text(text, "\n");
    }
    requests_add_words(entry->description, text);
}

static bool add_past_row(struct past *past, const struct history_entry *entry)
{
    char time[TEXT_TIME_SIZE];
    char id[ID_SHOWN + 1];
    struct ska_buffer by = {0};
    const char *who = answered_by(entry, &by);
    bool done = false;

    snprintf(id, sizeof(id), "%s",
             or_dash(entry->stated_id != NULL ? entry->stated_id : entry->request_id));
    done = table_add(&past->table,
                     (const char *[]){text_time(entry->seconds, time), answer_in_words(entry),
                                      or_dash(entry->operation), entry->key, id, who,
                                      or_dash(entry->reason), or_dash(entry->description)},
                     &past->tool->errors);
    add_past_paragraph(&past->paragraphs, entry, time, id, who);
    ska_buffer_free(&by);
    return done;
}

static bool add_past_object(cJSON *array, const struct history_entry *entry)
{
    cJSON *object = cJSON_CreateObject();

    return ska_json_add_item(array, NULL, object) &&
           ska_json_add_text(object, "time", entry->time) &&
           ska_json_add_text(object, "answer", entry->answer) &&
           ska_json_add_text(object, "operation", entry->operation) &&
           ska_json_add_text(object, "requestId", entry->request_id) &&
           ska_json_add_text(object, "statedId", entry->stated_id) &&
           ska_json_add_text(object, "key", entry->key) &&
           ska_json_add_text(object, "keySha256", entry->key_sha256) &&
           ska_json_add_text(object, "approverSha256", entry->approver_sha256) &&
           ska_json_add_text(object, "approver", entry->approver) &&
           ska_json_add_text(object, "digest", entry->digest) &&
           ska_json_add_text(object, "description", entry->description) &&
           ska_json_add_text(object, "reason", entry->reason);
}

/* A history_visit. */
static bool add_past(void *arg, const struct history_entry *entry)
{
    struct past *past = arg;

    past->any = true;
    if (!is_asked_for(past, entry))
        return true;
    past->count++;
    if (past->array == NULL)
        return add_past_row(past, entry);
    return add_past_object(past->array, entry) ||
           ska_fail(&past->tool->errors, SKA_R_OUT_OF_MEMORY, "the history as JSON");
}

static bool start_past(struct past *past)
{
    static const char *const heading[] = {"TIME", "ANSWER", "WHAT",   "KEY",
                                          "ID",   "BY",     "REASON", "DESCRIPTION"};

    past->table.columns = sizeof(heading) / sizeof(heading[0]);
    past->table.names = 1U << 3;
    if (!past->json)
        return table_add(&past->table, heading, &past->tool->errors);
    past->array = cJSON_CreateArray();
    return past->array != NULL ||
           ska_fail(&past->tool->errors, SKA_R_OUT_OF_MEMORY, "the history as JSON");
}

static bool print_past(struct past *past)
{
    const struct ska_errors *errors = &past->tool->errors;
    struct ska_buffer text = {0};
    cJSON *array = past->array;

    past->array = NULL;
    if (array != NULL)
        return text_print_json(array, errors);
    if (past->count == 0) {
        report_message(past->any ? "None of the answers by this user matches."
                                 : "This user has not approved or rejected anything yet.");
        return true;
    }
    table_text(&past->table, &text);
    if (terminal_fits(STDOUT_FILENO, ska_span(text.data, text.length)))
        return text_print(&text, errors);
    ska_buffer_free(&text);
    return text_print(&past->paragraphs, errors);
}

static bool find_approver(struct past *past)
{
    struct approver key = {.libctx = NULL};
    bool done =
        past->approver == NULL ||
        (approver_open_public(past->tool, &key, past->approver) &&
         (named_key_hash(past->tool->libctx, ska_span_of(&key.public_key), past->approver_sha256) ||
          ska_fail(&past->tool->errors, SKA_R_INTERNAL, "SHA-256")));

    approver_close(&key);
    return done;
}

static bool past_run(struct past *past)
{
    struct report_warnings warnings = {0};
    const struct ska_errors to_warnings = report_warnings_errors(&warnings);
    struct tool *tool = past->tool;
    bool done = false;

    if (past->answer != NULL && strcmp(past->answer, "approved") != 0 &&
        strcmp(past->answer, "rejected") != 0)
        return options_wrong(tool, "--answer %s: approved or rejected", past->answer);
    done = key_label_take(tool, &past->key, &past->label) &&
           request_age(tool, "older", past->older, &past->least_age) &&
           request_age(tool, "newer", past->newer, &past->most_age) && find_approver(past) &&
           start_past(past) && history_visit_entries(add_past, past, &to_warnings, &tool->errors);
    report_warnings_end(&warnings);
    return done && print_past(past);
}

bool history_command(struct tool *tool, int argc, char **argv)
{
    struct past past = {
        .tool = tool, .least_age = INT64_MIN, .most_age = INT64_MAX, .now = time(NULL)};
    const struct option_entry options[] = {
        OPTION_TEXT("approver", "KEY", "only answers with this key of yours", &past.approver),
        OPTION_TEXT("key", "LABEL", "only for the key with this label, or URI", &past.key),
        OPTION_TEXT("answer", "WHAT", "only what was approved, or rejected", &past.answer),
        OPTION_TEXT("older", "AGE", "only what is older: 12h, 7d, 365d", &past.older),
        OPTION_TEXT("newer", "AGE", "only what is not older", &past.newer),
        OPTION_FLAG("json", "as JSON, for machines", &past.json),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "[--approver KEY] [--key LABEL] [--answer WHAT]\n"
                 "                       [--older AGE] [--newer AGE] [--json]",
        .help = "Shows what you have approved and rejected with skatool on this computer, the\n"
                "newest last. WHAT is approved or rejected.",
        .options = options,
    };
    bool done = options_parse(tool, &line, argc, argv) && past_run(&past);

    table_clear(&past.table);
    ska_buffer_free(&past.paragraphs);
    free(past.label);
    cJSON_Delete(past.array);
    return done;
}
