/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool list: the private keys of a token, or behind a broker.
 */
#include <stdlib.h>
#include <string.h>

#include "provider/base/error_capture.h"
#include "provider/base/json.h"
#include "tools/options.h"
#include "tools/show/table.h"
#include "provider/backend/backend_key.h"
#include "provider/keys/list_keys.h"
#include "tools/show/text.h"

struct entry {
    struct ska_bytes label;
    char *id;        /* in hexadecimal */
    bool only_label; /* which is no more than that */
    char algorithm[TEXT_ALGORITHM_SIZE];
    bool ska;
    bool timestamp;
    bool never_signs;
    enum backend_told blocked;
    enum backend_told sam_approved;
    bool told_by_broker; /* who is not the HSM */
};

struct listing {
    struct tool *tool;
    struct entry *entries;
    size_t count;
    bool failed;
};

static bool visit(void *arg, const struct hsm_object *object)
{
    struct listing *listing = arg;
    struct entry *grown =
        reallocarray(listing->entries, listing->count + 1, sizeof(*listing->entries));
    struct entry entry = {.only_label = object->only_label,
                          .ska = object->ska,
                          .timestamp = object->timestamp,
                          .algorithm = "?"};

    if (grown != NULL)
        listing->entries = grown;
    if (grown == NULL || !ska_bytes_copy(&entry.label, object->label, NULL) ||
        !ska_hex_encode(object->id, &entry.id, NULL)) {
        ska_bytes_free(&entry.label);
        listing->failed = true;
        return ska_fail(&listing->tool->errors, SKA_R_OUT_OF_MEMORY, "a list of keys");
    }
    if (object->known_key_type)
        text_key_algorithm(object->key_type, NULL, entry.algorithm);
    grown[listing->count++] = entry;
    return true;
}

/* In the order that people look for. */
static int compare_keys(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;
    int order = strcmp((const char *)a->label.data, (const char *)b->label.data);

    return order != 0 ? order : strcmp(a->id, b->id);
}

/* A broker lists all keys, those of the system and of others too, which are no keys to sign with.
 */
static void say_not_opened(struct tool *tool, const struct entry *entry,
                           const struct ska_error_capture *failure)
{
    if (entry->only_label &&
        (failure->reason == SKA_R_UNSUPPORTED || failure->reason == SKA_R_WRONG_USE ||
         failure->reason == SKA_R_BAD_KEY))
        return;
    if (entry->only_label && failure->reason == SKA_R_PIN_INCORRECT)
        report_warning("%s", ska_error_capture_text(failure));
    else
        ska_error_capture_raise(failure, &tool->errors);
}

static bool open_entry(struct tool *tool, const struct hsm_look_up *of_all,
                       const struct entry *entry, struct backend_key **key)
{
    struct hsm_uri uri = *of_all->uri; /* borrowed, and only read */
    struct hsm_look_up wanted = *of_all;
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    struct ska_bytes id = {NULL, 0};
    bool done = false;

    memset(&uri.object, 0, sizeof(uri.object));
    memset(&uri.id, 0, sizeof(uri.id));
    if (entry->label.length > 0)
        uri.object = entry->label;
    if (entry->id[0] != 0 && ska_hex_decode(entry->id, &id))
        uri.id = id;
    wanted.uri = &uri;
    wanted.any_use = true;
    done = keys_find(&tool->configuration.settings, &wanted, tool->libctx, key, &quiet);
    if (!done)
        say_not_opened(tool, entry, &failure);
    ska_error_capture_clear(&failure);
    ska_bytes_free(&id);
    return done;
}

/* One key that cannot be opened (for want of its public key, say) must not hide the others. */
static void complete_entry(struct tool *tool, const struct hsm_look_up *of_all, struct entry *entry)
{
    struct backend_key_state state = {0};
    struct backend_key *key = NULL;

    if (!open_entry(tool, of_all, entry, &key))
        return;
    text_key_algorithm(backend_key_type(key), backend_key_public(key), entry->algorithm);
    entry->ska = backend_key_is_ska(key);
    entry->timestamp = backend_key_is_timestamp(key);
    entry->never_signs = backend_key_never_signs(key);
    entry->only_label = false;
    entry->told_by_broker = backend_key_word(key) != BACKEND_WORD_OF_HSM;
    if (entry->ska && !backend_key_state(key, &state, &tool->errors))
        memset(&state, 0, sizeof(state));
    entry->blocked = state.blocked;
    entry->sam_approved = state.sam_approved;
    backend_key_state_clear(&state);
    backend_key_free(key);
}

static const char *shown_kind(const struct entry *entry)
{
    if (entry->only_label)
        return "?";
    if (entry->never_signs)
        return entry->ska ? "SKA, does not sign" : "ordinary, does not sign";
    return entry->ska ? "SKA" : entry->timestamp ? "timestamp" : "ordinary";
}

static const char *shown_flag(const struct entry *entry, enum backend_told told)
{
    return !entry->ska ? "-" : told == BACKEND_NOT_TOLD ? "?" : text_told(told);
}

static bool print_table(struct tool *tool, const struct hsm_uri *uri, const struct listing *listing)
{
    const char *heading[] = {"LABEL", "ID", "ALGORITHM", "KIND", "BLOCKED", "SAM-APPROVED"};
    struct table table = {.columns = 6, .names = 1U << 0};
    struct ska_buffer text = {0};
    bool done = false;

    for (size_t i = 0; i < listing->count; i++)
        if (listing->entries[i].told_by_broker)
            heading[4] = "BLOCKED, SAYS THE BROKER";
    done = table_add(&table, heading, &tool->errors);
    for (size_t i = 0; done && i < listing->count; i++) {
        const struct entry *entry = &listing->entries[i];
        const char *cells[] = {(const char *)entry->label.data,
                               entry->id[0] == 0 ? "-" : entry->id,
                               entry->algorithm,
                               shown_kind(entry),
                               shown_flag(entry, entry->blocked),
                               shown_flag(entry, entry->sam_approved)};

        done = table_add(&table, cells, &tool->errors);
    }
    if (done && listing->count == 0)
        report_note(uri->object.data != NULL || uri->id.data != NULL
                        ? "no private key matches --key"
                        : "there are no private keys");
    else if (done)
        table_text(&table, &text);
    table_clear(&table);
    return done && text_print(&text, &tool->errors);
}

static bool add_json(cJSON *array, const struct entry *entry)
{
    cJSON *object = cJSON_CreateObject();
    bool done = ska_json_add_item(array, NULL, object) &&
                ska_json_add_untrusted(object, "label", ska_span_of(&entry->label)) &&
                cJSON_AddStringToObject(object, "id", entry->id) != NULL &&
                cJSON_AddStringToObject(object, "algorithm", entry->algorithm) != NULL;

    if (done && !entry->only_label)
        done = cJSON_AddBoolToObject(object, "toldByHsm", !entry->told_by_broker) != NULL &&
               cJSON_AddBoolToObject(object, "ska", entry->ska) != NULL &&
               cJSON_AddBoolToObject(object, "timestamp", entry->timestamp) != NULL;
    if (done && entry->never_signs)
        done = cJSON_AddFalseToObject(object, "signs") != NULL;
    if (done && entry->ska)
        done = text_add_told(object, "blocked", entry->blocked) &&
               text_add_told(object, "samApproved", entry->sam_approved);
    return done;
}

static bool print_list_json(struct tool *tool, const struct listing *listing)
{
    cJSON *array = cJSON_CreateArray();
    bool done = array != NULL;

    for (size_t i = 0; done && i < listing->count; i++)
        done = add_json(array, &listing->entries[i]);
    if (!done) {
        cJSON_Delete(array);
        array = NULL;
    }
    return text_print_json(array, &tool->errors);
}

static bool find_entries(struct tool *tool, const struct hsm_look_up *wanted,
                         struct listing *listing)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    bool done = keys_list(&tool->configuration.settings, wanted, visit, listing, &quiet);

    if (!done)
        ska_error_capture_raise(&failure, &tool->errors);
    tool_note_configuration(tool, failure.reason);
    ska_error_capture_clear(&failure);
    return done && !listing->failed;
}

static bool list(struct tool *tool, const struct hsm_uri *uri, bool json)
{
    const struct hsm_defaults defaults = tool_defaults(tool);
    const struct hsm_look_up wanted = tool_look_up(uri, &defaults);
    struct listing listing = {.tool = tool};
    bool done = find_entries(tool, &wanted, &listing);

    if (done && listing.count > 1)
        qsort(listing.entries, listing.count, sizeof(*listing.entries), compare_keys);
    for (size_t i = 0; done && i < listing.count; i++)
        complete_entry(tool, &wanted, &listing.entries[i]);
    if (done)
        done = json ? print_list_json(tool, &listing) : print_table(tool, uri, &listing);
    for (size_t i = 0; i < listing.count; i++) {
        ska_bytes_free(&listing.entries[i].label);
        free(listing.entries[i].id);
    }
    free(listing.entries);
    return done;
}

/* The URI of the token with this label, or of the configured one. */
static bool token_uri(struct tool *tool, const char *label, struct hsm_uri **uri)
{
    char *text = hsm_uri_format(label, ska_span(NULL, 0), ska_span(NULL, 0), HSM_OBJECT_ANY);
    bool done = text != NULL ? hsm_uri_parse(text, uri, &tool->errors)
                             : ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "URI of a token");

    free(text);
    return done;
}

bool list_command(struct tool *tool, int argc, char **argv)
{
    const char *label = NULL;
    const char *key = NULL;
    bool json = false;
    const struct option_entry options[] = {
        OPTION_TEXT("token", "LABEL", "the token; default: the configured one", &label),
        OPTION_TEXT("key", "URI", "the token by a URI, or only the keys that it names", &key),
        OPTION_FLAG("json", "as JSON, for machines", &json),
        OPTION_CONFIG(tool),
        OPTION_END,
    };
    const struct command_line line = {
        .usage = "[--token LABEL | --key URI] [--json]",
        .help = "Lists the private keys of a token or at the broker: label, id, algorithm,\n"
                "whether a key has SKA rules or makes timestamps, and whether it is blocked and\n"
                "SAM-approved.",
        .options = options,
    };
    struct hsm_uri *uri = NULL;
    bool done = false;

    if (!options_parse(tool, &line, argc, argv))
        return false;
    if (label != NULL && key != NULL)
        return options_wrong(tool, "--token and --key cannot be used together");
    if ((key != NULL ? hsm_uri_parse(key, &uri, &tool->errors) : token_uri(tool, label, &uri)) &&
        tool_configure(tool))
        done = list(tool, uri, json);
    hsm_uri_free(uri);
    return done;
}
