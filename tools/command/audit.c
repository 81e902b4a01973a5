/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool audit: shows an audit log, with those that it went on from, and finds what was changed in
 * it. However long it is, it goes through line by line.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/json.h"
#include "provider/base/printable.h"
#include "tools/audit_read.h"
#include "tools/options.h"
#include "tools/show/text.h"

/* Rotated logs, and the one that is written to. */
#define FILES_MOST 200

struct listing {
    struct tool *tool;
    const char *paths[FILES_MOST];
    size_t count;     /* of paths */
    size_t index;     /* of the one that is read */
    const char *head; /* the hash that was noted, in lower case; NULL: none */
    bool json;
    uint64_t lines; /* of all */
    uint64_t faults;
    uint64_t in_file;                                            /* lines of this one so far */
    bool readable;                                               /* one of them */
    const char *first_path;                                      /* where the first fault is */
    char first[sizeof(((struct ska_audit_found *)NULL)->fault)]; /* fault */
    char last[SKA_AUDIT_HASH_SIZE];                              /* hash */
    uint64_t continued; /* sequence number of the last line before the first log; 0: none */
    bool head_found;
    uint64_t head_line; /* counted through all files; 0: the one that the first log goes on from */
    char no_head[200];  /* what is said when it was not found */
};

/* ---- For people ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    size_t width; /* in characters; what is longer moves the rest */
} columns[] = {{"LINE", 4},      {"TIME", 20}, {"EVENT", 16},      {"REQUEST", 8},
               {"OPERATION", 9}, {"KEY", 16},  {"WHO AND WHAT", 0}};
enum column { LINE, TIME, EVENT, REQUEST, OPERATION, KEY, WHO_AND_WHAT };

/* Characters, not bytes. */
static size_t width_from(const struct ska_buffer *text, size_t start)
{
    size_t width = 0;

    for (size_t i = start; i < text->length; i++)
        width += (text->data[i] & 0xC0) != 0x80;
    return width;
}

static void end_cell(struct ska_buffer *text, enum column column, size_t start)
{
    for (size_t width = width_from(text, start); width < columns[column].width; width++)
        ska_buffer_text(text, " ");
    ska_buffer_text(text, column == WHO_AND_WHAT ? "\n" : "  ");
}

static void add_cell(struct ska_buffer *text, enum column column, const char *content)
{
    size_t start = text->length;

    text_printable(text, ska_span_text(content));
    end_cell(text, column, start);
}

static void add_name_cell(struct ska_buffer *text, enum column column, const char *name)
{
    size_t start = text->length;

    if (name != NULL)
        ska_buffer_name(text, ska_span_text(name));
    end_cell(text, column, start);
}

/*
 * A line that cannot be read is shown if it is one of JSON, as those of a log are: somebody may
 * have named another file, such as a private key.
 */
static bool can_be_shown(struct ska_span line)
{
    return line.length > 0 && line.data[0] == '{';
}

/* Of texts that may be long only so much is shown; --json shows all. */
static void add_text(struct ska_buffer *text, struct ska_span untrusted)
{
    ska_buffer_printable(text, untrusted, 200);
}

static void add_heading(struct ska_buffer *text)
{
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
        add_cell(text, (enum column)i, columns[i].name);
}

/*
 * "alice: done (for "Invoice 4711"; digest SHA256:01234567...; evidence 0123456789abcdef; uid 1000,
 * pid 4711)"
 */
static void add_what(struct ska_buffer *text, const struct ska_audit_line *line)
{
    const char *separator = "";

    if (line->approver != NULL) {
        ska_buffer_name(text, ska_span_text(line->approver));
        separator = ": ";
    } else if (line->approver_key != NULL) {
        ska_buffer_format(text, "key %.16s", line->approver_key);
        separator = ": ";
    }
    if (line->detail != NULL) {
        ska_buffer_text(text, separator);
        add_text(text, ska_span_text(line->detail));
    }
    ska_buffer_text(text, line->detail != NULL || separator[0] != 0 ? " (" : "(");
    if (line->description != NULL) {
        ska_buffer_text(text, "for \"");
        add_text(text, ska_span_text(line->description));
        ska_buffer_text(text, "\"; ");
    }
    if (line->digest != NULL) {
        ska_buffer_text(text, "digest ");
        ska_buffer_printable(text, ska_span_text(line->digest), 24);
        ska_buffer_text(text, "; ");
    }
    if (line->evidence != NULL)
        ska_buffer_format(text, "evidence %.16s; ", line->evidence);
    ska_buffer_format(text, "uid %" PRIu64 ", pid %" PRIu64 ")\n", line->uid, line->pid);
}

static void add_audit_row(struct ska_buffer *text, const struct ska_audit_found *found)
{
    const struct ska_audit_line *line = &found->line;
    char request[9] = "";
    char number[24];

    snprintf(number, sizeof(number), "%4" PRIu64, found->number);
    if (line->request != NULL)
        snprintf(request, sizeof(request), "%.8s", line->request);
    add_cell(text, LINE, number);
    if (!found->readable) {
        if (can_be_shown(found->text))
            add_text(text, found->text);
        else
            ska_buffer_format(text, "(%zu bytes)", found->text.length);
        ska_buffer_text(text, "\n");
        return;
    }
    add_cell(text, TIME, line->time);
    add_cell(text, EVENT, line->event);
    add_cell(text, REQUEST, request);
    add_cell(text, OPERATION, line->operation);
    add_name_cell(text, KEY, line->key);
    add_what(text, line);
}

static void add_line_fault(struct ska_buffer *text, const char *fault)
{
    ska_buffer_text(text, "WRONG: ");
    text_printable(text, ska_span_text(fault));
    ska_buffer_text(text, "\n");
}

/* With several logs each has its name above. */
static void add_beginning(struct ska_buffer *text, const struct listing *listing)
{
    if (listing->count > 1) {
        ska_buffer_text(text, listing->lines > 1 ? "\n" : "");
        text_printable(text, ska_span_text(listing->paths[listing->index]));
        ska_buffer_text(text, "\n");
    }
    add_heading(text);
}

static bool show_line(const struct listing *listing, const struct ska_audit_found *found)
{
    struct ska_buffer text = {0};

    if (found->number == 1)
        add_beginning(&text, listing);
    if (found->fault[0] != 0)
        add_line_fault(&text, found->fault);
    add_audit_row(&text, found);
    return text_print(&text, &listing->tool->errors);
}

static void add_noted_head(struct ska_buffer *text, const struct listing *listing)
{
    if (listing->head_line > 0)
        ska_buffer_format(text, "The noted head is line %" PRIu64, listing->head_line);
    else
        ska_buffer_text(text, listing->continued > 0
                                  ? "The noted head is the last line of the log before this one"
                                  : "The noted head is that of an empty log");
    ska_buffer_format(text, "; lines after it: %" PRIu64 "\n", listing->lines - listing->head_line);
}

static bool show_end(const struct listing *listing)
{
    struct ska_buffer text = {0};

    if (listing->no_head[0] != 0)
        add_line_fault(&text, listing->no_head);
    ska_buffer_format(&text, "%s%" PRIu64 " %s", listing->lines > 0 ? "\n" : "", listing->lines,
                      listing->lines == 1 ? "line" : "lines");
    if (listing->faults > 0) {
        ska_buffer_format(&text, "; WRONG at %" PRIu64 " %s\n", listing->faults,
                          listing->faults == 1 ? "place" : "places");
        return text_print(&text, &listing->tool->errors);
    }
    ska_buffer_text(&text, listing->lines > 0 ? ", each tied to the one before\n"
                                              : ": there is nothing in the log\n");
    if (listing->continued > 0)
        ska_buffer_format(
            &text, "The first one is tied to line %" PRIu64 " of an older log: give that too.\n",
            listing->continued);
    if (listing->head_found)
        add_noted_head(&text, listing);
    ska_buffer_format(&text, "Head: %s\n", listing->last);
    if (!text_print(&text, &listing->tool->errors))
        return false;
    /* For people, not for what reads the head from here. */
    report_message(
        "Keep the head elsewhere: with --head it shows later whether this end was cut off.");
    return true;
}

/* ---- For machines ---------------------------------------------------------------------------- */

static bool print_object(const struct listing *listing, cJSON *json, bool complete)
{
    char *text = complete ? cJSON_PrintUnformatted(json) : NULL;

    if (text != NULL)
        printf("%s", text);
    cJSON_free(text);
    cJSON_Delete(json);
    return text != NULL || ska_fail(&listing->tool->errors, SKA_R_OUT_OF_MEMORY, "writing JSON");
}

static bool print_line(const struct listing *listing, const struct ska_audit_found *found)
{
    cJSON *json = cJSON_CreateObject();
    bool complete =
        json != NULL &&
        (listing->count == 1 ||
         ska_json_add_untrusted(json, "file", ska_span_text(listing->paths[listing->index]))) &&
        cJSON_AddNumberToObject(json, "line", (double)found->number) != NULL &&
        (found->hash[0] == 0 || cJSON_AddStringToObject(json, "hash", found->hash) != NULL) &&
        (found->fault[0] == 0 ||
         ska_json_add_untrusted(json, "fault", ska_span_text(found->fault))) &&
        (found->readable || !can_be_shown(found->text) ||
         ska_json_add_untrusted(json, "text", found->text)) &&
        (!found->readable || ska_json_add_item(json, "entry", cJSON_Duplicate(found->json, true)));

    printf(listing->lines == 1 ? "{\"lines\":[\n" : ",\n");
    return print_object(listing, json, complete);
}

static bool print_end(const struct listing *listing)
{
    cJSON *json = cJSON_CreateObject();
    bool complete =
        json != NULL && cJSON_AddBoolToObject(json, "intact", listing->faults == 0) != NULL &&
        (listing->faults > 0 || cJSON_AddStringToObject(json, "head", listing->last) != NULL) &&
        (listing->continued == 0 ||
         cJSON_AddNumberToObject(json, "continuesLine", (double)listing->continued) != NULL) &&
        (!listing->head_found ||
         cJSON_AddNumberToObject(json, "notedHeadLine", (double)listing->head_line) != NULL) &&
        (listing->faults == 0 ||
         ska_json_add_untrusted(json, "fault", ska_span_text(listing->first)));

    printf(listing->lines == 0 ? "{\"lines\":[],\n\"result\":" : "\n],\n\"result\":");
    if (!print_object(listing, json, complete))
        return false;
    printf("}\n");
    return true;
}

/* ---- Both ------------------------------------------------------------------------------------ */

static void count_fault(struct listing *listing, const char *fault)
{
    if (listing->faults++ > 0)
        return;
    snprintf(listing->first, sizeof(listing->first), "%s", fault);
    listing->first_path = listing->paths[listing->index];
}

static bool take_audit_line(struct listing *listing, const struct ska_audit_found *found)
{
    listing->lines++;
    listing->readable = listing->readable || found->readable;
    memcpy(listing->last, found->hash, sizeof(listing->last));
    if (found->fault[0] != 0)
        count_fault(listing, found->fault);
    if (found->continues)
        listing->continued = found->line.sequence - 1;
    if (listing->head != NULL &&
        (strcmp(listing->head, found->hash) == 0 ||
         (found->continues && strcmp(listing->head, found->line.previous) == 0))) {
        listing->head_found = true;
        listing->head_line = strcmp(listing->head, found->hash) == 0 ? listing->lines : 0;
    }
    return listing->json ? print_line(listing, found) : show_line(listing, found);
}

/* A log that ends too early is as good as any other; only who noted its end can tell. */
static void look_for_head(struct listing *listing)
{
    if (listing->lines == 0)
        memcpy(listing->last, SKA_AUDIT_NO_HASH, sizeof(listing->last));
    if (listing->head == NULL || listing->head_found)
        return;
    if (strcmp(listing->head, SKA_AUDIT_NO_HASH) == 0) {
        listing->head_found = true;
        return;
    }
    snprintf(listing->no_head, sizeof(listing->no_head),
             "no line has the hash that was noted: the end of the log, after line %" PRIu64
             ", was cut off, or a line was changed",
             listing->lines);
    count_fault(listing, listing->no_head);
}

/* So many lines at the beginning, and none of them one of a log. */
#define FOREIGN_LINES 3

static bool fail_foreign(const struct listing *listing)
{
    return ska_fail(&listing->tool->errors, SKA_R_EVIDENCE_WRONG,
                    "%s is not an audit log, or its beginning was overwritten: none of its first "
                    "lines is one of a log",
                    listing->paths[listing->index]);
}

/* One log. */
static bool go_through(struct listing *listing, struct ska_audit_reader *reader)
{
    struct ska_audit_found found;

    listing->readable = false;
    for (;;) {
        if (!ska_audit_read_next(reader, &found, &listing->tool->errors))
            return false;
        if (found.number == 0)
            return true;
        listing->in_file = found.number;
        if (!take_audit_line(listing, &found))
            return false;
        if (!listing->json && !listing->readable && listing->in_file == FOREIGN_LINES)
            return fail_foreign(listing);
    }
}

static bool go_through_all(struct listing *listing, struct ska_audit_reader *reader)
{
    for (;;) {
        listing->in_file = 0;
        if (!go_through(listing, reader))
            return false;
        if (!listing->json && !listing->readable && listing->in_file > 0)
            return fail_foreign(listing);
        if (listing->in_file == 0)
            report_note("%s is empty", listing->paths[listing->index]);
        if (listing->index + 1 == listing->count)
            break;
        listing->index++;
        if (!ska_audit_read_continue(reader, listing->paths[listing->index],
                                     &listing->tool->errors))
            return false;
    }
    look_for_head(listing);
    if (!(listing->json ? print_end(listing) : show_end(listing)))
        return false;
    if (listing->faults == 0)
        return true;
    return ska_fail(&listing->tool->errors, SKA_R_EVIDENCE_WRONG, "%s: %s%s", listing->first_path,
                    listing->first, listing->faults > 1 ? "; that is not all, see above" : "");
}

/* Others write digits in capitals. */
static bool take_head(struct listing *listing, char lower[SKA_AUDIT_HASH_SIZE])
{
    size_t length = 0;

    if (listing->head == NULL)
        return true;
    for (; length < SKA_AUDIT_HASH_SIZE - 1 && listing->head[length] != 0; length++)
        lower[length] = ska_lower(listing->head[length]);
    lower[length] = 0;
    if (strlen(listing->head) != length || !ska_audit_is_hash(lower))
        return options_wrong(listing->tool,
                             "--head: 64 hexadecimal digits expected, as skatool audit shows");
    listing->head = lower;
    return true;
}

bool audit_command(struct tool *tool, int argc, char **argv)
{
    struct listing listing = {.tool = tool};
    struct ska_audit_reader *reader = NULL;
    char head[SKA_AUDIT_HASH_SIZE];
    bool done = false;
    const struct option_entry options[] = {
        OPTION_TEXT("head", "HASH", "the head that was noted earlier: detects a truncated log",
                    &listing.head),
        OPTION_FLAG("json", "for machines", &listing.json), OPTION_END};
    const struct command_line line = {
        .usage = "[--head HASH] [--json] FILE...",
        .help = "Shows an audit log, and finds lines that were changed, removed or inserted:\n"
                "each line holds the hash of the one before. The last one, the head, is shown\n"
                "at the end. Give all files of a rotated log, in any order: the chain continues\n"
                "from one to the next. Needs no configuration.",
        .options = options,
        .operands = listing.paths,
        .operand_needed = "FILE",
        .operands_allowed = FILES_MOST,
    };

    if (!options_parse(tool, &line, argc, argv) || !take_head(&listing, head))
        return false;
    while (listing.count < FILES_MOST && listing.paths[listing.count] != NULL)
        listing.count++;
    if (!ska_audit_read_order(listing.paths, listing.count, tool->libctx, &tool->errors) ||
        !ska_audit_read_open(listing.paths[0], tool->libctx, &reader, &tool->errors))
        return false;
    done = go_through_all(&listing, reader);
    ska_audit_read_close(reader);
    return done;
}
