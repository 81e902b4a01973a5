/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of each event. */
#include "provider/record/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/error_file.h"
#include "provider/record/audit_file.h"
#include "provider/rule/approver_name.h"
#include "provider/rule/rule.h"
#include "provider/rule/quorum.h"
#include "provider/rule/window.h"

/* Of foreign texts so much is kept that a line is whole in the system's log, too. */
#define LABEL_LIMIT 256
#define DETAIL_LIMIT 1000

static const char *const event_names[] = {[SKA_AUDIT_REQUEST] = "request",
                                          [SKA_AUDIT_APPROVAL] = "approval",
                                          [SKA_AUDIT_APPROVAL_REFUSED] = "approval-refused",
                                          [SKA_AUDIT_REJECTION] = "rejection",
                                          [SKA_AUDIT_INTENT] = "intent",
                                          [SKA_AUDIT_DECISION] = "decision",
                                          [SKA_AUDIT_EVIDENCE] = "evidence",
                                          [SKA_AUDIT_REFUSED] = "refused",
                                          [SKA_AUDIT_WITHDRAWN] = "withdrawn"};

/* A line and what its texts stand in. */
struct draft {
    struct ska_audit_line line;
    int severity; /* for the system's log */
    char time[32];
    char *token;
    char *key;
    char *approver;
    char *detail;
    char *description;
    char *digest;
    char approval_token[SKA_AUDIT_HASH_SIZE];
    char approver_key[SKA_AUDIT_HASH_SIZE];
};

static void clear_draft(struct draft *draft)
{
    free(draft->token);
    free(draft->key);
    free(draft->approver);
    free(draft->detail);
    free(draft->description);
    free(draft->digest);
}

/* What is made harmless byte by byte takes four for one. */
static char *show_within(struct ska_span text, size_t limit)
{
    char *shown = ska_printable(text, limit);

    if (shown != NULL && strlen(shown) > limit + strlen("...")) {
        free(shown);
        shown = ska_printable(text, limit / 4);
    }
    return shown;
}

static bool set_printable(const char **member, char **owned, const char *text, size_t limit,
                          const struct ska_errors *errors)
{
    if (text == NULL)
        return true;
    *owned = show_within(ska_span_text(text), limit);
    *member = *owned;
    return *owned != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a line of the audit log");
}

static bool set_hash(const char **member, char hash[SKA_AUDIT_HASH_SIZE], OSSL_LIB_CTX *libctx,
                     const struct ska_bytes *of, const struct ska_errors *errors)
{
    if (of->length == 0)
        return true;
    *member = hash;
    return ska_audit_hash(libctx, ska_span_of(of), hash, errors);
}

/* Lines that were made, one after the other. */
struct lines {
    struct ska_buffer text;
    struct ska_buffer severities; /* a byte for each */
};

static void clear_lines(struct lines *lines)
{
    ska_buffer_free(&lines->text);
    ska_buffer_free(&lines->severities);
}

static void start_draft(struct draft *draft, const char *event, int severity)
{
    memset(draft, 0, sizeof(*draft));
    draft->severity = severity;
    draft->line.time = ska_time_text((uint64_t)time(NULL), draft->time);
    draft->line.event = event;
    draft->line.uid = geteuid();
    draft->line.pid = (uint64_t)getpid();
}

/* The name is that of the rule; nobody else vouches for one. */
static bool name_approver(struct draft *draft, const struct ska_audit_entry *entry,
                          OSSL_LIB_CTX *libctx, const struct ska_errors *errors)
{
    const struct ska_request *request = entry->request;
    const struct ska_bytes *key = &entry->approval->public_key;
    enum ska_rule_kind kind = ska_rule_kind_of(request->operation);
    const struct ska_approver *listed =
        request->has_rule[kind] ? ska_rule_find_approver(&request->rules[kind], ska_span_of(key))
                                : NULL;
    char *name = listed == NULL ? NULL : ska_listed_approver_shown(listed);
    bool done = set_printable(&draft->line.approver, &draft->approver, name, LABEL_LIMIT, errors) &&
                set_hash(&draft->line.approver_key, draft->approver_key, libctx, key, errors);

    free(name);
    return done;
}

/* "SHA256:0123...": of the document; of a message that is approved itself, SHA-256 of that. */
static bool describe_digest(struct draft *draft, const struct ska_request *request,
                            OSSL_LIB_CTX *libctx, const struct ska_errors *errors)
{
    char hash[SKA_AUDIT_HASH_SIZE] = "";
    char *hex = NULL;
    bool done = true;

    if (request->operation != SKA_OPERATION_SIGN || request->payload.length == 0)
        return true;
    if (request->digest != SKA_DIGEST_NONE)
        done = ska_hex_encode(ska_span_of(&request->digest_value), &hex, errors);
    else if (request->mechanism.form == SKA_PAYLOAD_MESSAGE)
        done = ska_audit_hash(libctx, ska_span_of(&request->payload), hash, errors);
    if (done && (hex != NULL || hash[0] != 0) &&
        asprintf(&draft->digest, "%s:%s", hex != NULL ? ska_digest_name(request->digest) : "SHA256",
                 hex != NULL ? hex : hash) < 0) {
        draft->digest = NULL;
        done = ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a line of the audit log");
    }
    draft->line.digest = draft->digest;
    free(hex);
    return done;
}

/* What somebody has refused, or could not do, is to be seen among what happens every day. */
static int severity_of(const struct ska_audit_entry *entry)
{
    static const char done[] = "done";

    switch (entry->event) {
    case SKA_AUDIT_DECISION:
        return strncmp(entry->detail, done, strlen(done)) == 0 ? LOG_NOTICE : LOG_WARNING;
    case SKA_AUDIT_APPROVAL_REFUSED:
    case SKA_AUDIT_REJECTION:
    case SKA_AUDIT_REFUSED:
        return LOG_WARNING;
    default:
        return LOG_INFO;
    }
}

/* Lines about the request as a whole say what it is about. */
static bool describe_subject(struct draft *draft, const struct ska_audit_entry *entry,
                             OSSL_LIB_CTX *libctx, const struct ska_errors *errors)
{
    return set_printable(&draft->line.description, &draft->description, entry->request->description,
                         LABEL_LIMIT, errors) &&
           describe_digest(draft, entry->request, libctx, errors);
}

static bool describe_event(struct draft *draft, const struct ska_audit_entry *entry,
                           OSSL_LIB_CTX *libctx, const struct ska_errors *errors)
{
    const struct ska_request *request = entry->request;
    struct ska_audit_line *line = &draft->line;

    start_draft(draft, event_names[entry->event], severity_of(entry));
    line->request = request->id;
    line->operation = ska_operation_names[request->operation];
    line->evidence = request->evidence[0] == 0 ? NULL : request->evidence;
    return set_printable(&line->token, &draft->token, request->token_label, LABEL_LIMIT, errors) &&
           set_printable(&line->key, &draft->key, request->key_label, LABEL_LIMIT, errors) &&
           set_hash(&line->approval_token, draft->approval_token, libctx, &request->approval_token,
                    errors) &&
           (entry->approval == NULL ? describe_subject(draft, entry, libctx, errors)
                                    : name_approver(draft, entry, libctx, errors)) &&
           set_printable(&line->detail, &draft->detail, entry->detail, DETAIL_LIMIT, errors);
}

static bool add_line(struct draft *draft, struct lines *lines, const struct ska_errors *errors)
{
    const uint8_t severity = (uint8_t)draft->severity;

    ska_buffer_add(&lines->severities, &severity, 1);
    return ska_audit_line_print(&draft->line, &lines->text, errors) &&
           (!lines->severities.failed ||
            ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a line of the audit log"));
}

/* Adds a line to those that will be written, tied to the one before. */
static bool add_audit_line(struct draft *draft, OSSL_LIB_CTX *libctx, struct ska_audit_tail *tail,
                           struct lines *lines, const struct ska_errors *errors)
{
    struct ska_buffer *text = &lines->text;
    size_t start = text->length;

    draft->line.sequence = ++tail->sequence;
    draft->line.previous = tail->hash;
    return add_line(draft, lines, errors) &&
           ska_audit_hash(libctx, ska_span(text->data + start, text->length - start), tail->hash,
                          errors);
}

/* A line of this log's own, which no request is about. */
static bool add_own_line(const char *event, int severity, const char *detail, OSSL_LIB_CTX *libctx,
                         struct ska_audit_tail *tail, struct lines *lines,
                         const struct ska_errors *errors)
{
    struct draft draft;

    start_draft(&draft, event, severity);
    draft.line.detail = detail;
    return add_audit_line(&draft, libctx, tail, lines, errors);
}

#define REPAIR "repair", LOG_WARNING

/* What was cut off is kept as far as there is room: somebody may have to know what it was. */
static bool add_repair_of_half(OSSL_LIB_CTX *libctx, struct ska_audit_tail *tail,
                               struct lines *lines, const struct ska_errors *errors)
{
    char *half = NULL;
    char *detail = NULL;
    bool done = false;

    if (tail->half.length == 0)
        return true;
    half = show_within(ska_span_of(&tail->half), DETAIL_LIMIT);
    if (half != NULL &&
        asprintf(&detail, "half a line of %zu bytes was cut off: %s", tail->half.length, half) >= 0)
        done = add_own_line(REPAIR, detail, libctx, tail, lines, errors);
    else
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a line of the audit log");
    free(half);
    free(detail);
    return done;
}

/* What the log lacks or has too much, before anything else is added. */
static bool add_state_of_log(OSSL_LIB_CTX *libctx, struct ska_audit_tail *tail, struct lines *lines,
                             const struct ska_errors *errors)
{
    char detail[160];

    if (tail->continues) {
        snprintf(detail, sizeof(detail), "of the log that ended with line %llu",
                 (unsigned long long)tail->sequence);
        if (!add_own_line(SKA_AUDIT_CONTINUATION, LOG_NOTICE, detail, libctx, tail, lines, errors))
            return false;
    }
    if (tail->lost > 0) {
        snprintf(detail, sizeof(detail),
                 "what was written after it, up to a line %llu, was lost when the machine went "
                 "down, or cut off then",
                 (unsigned long long)tail->lost);
        if (!add_own_line(REPAIR, detail, libctx, tail, lines, errors))
            return false;
    }
    return add_repair_of_half(libctx, tail, lines, errors);
}

static bool append_drafts(const struct ska_audit_log *log, OSSL_LIB_CTX *libctx,
                          struct draft *drafts, size_t count, struct lines *lines,
                          const struct ska_errors *outer)
{
    struct ska_audit_file file;
    struct ska_audit_tail tail = {.half = {NULL, 0}};
    struct ska_audit_head last = {0};
    const struct ska_buffer *text = &lines->text;
    struct ska_error_file of_log;
    const struct ska_errors *errors = &of_log.errors;
    bool done = false;

    ska_error_file_init(&of_log, outer, SKA_R_AUDIT_LOG);
    if (!ska_audit_file_open(&file, log, libctx, errors))
        return false;
    done = ska_audit_file_tail(&file, libctx, &tail, errors);
    memcpy(last.before, tail.hash, sizeof(last.before));
    done = done && add_state_of_log(libctx, &tail, lines, errors);
    for (size_t i = 0; i < count && done; i++)
        done = add_audit_line(&drafts[i], libctx, &tail, lines, errors);
    last.sequence = tail.sequence;
    memcpy(last.hash, tail.hash, sizeof(last.hash));
    done = done &&
           ska_audit_file_append(&file, &tail, ska_span(text->data, text->length), &last, errors);
    ska_audit_file_close(&file);
    ska_audit_tail_clear(&tail);
    return done;
}

static bool print_drafts(struct draft *drafts, size_t count, struct lines *lines,
                         const struct ska_errors *errors)
{
    bool done = true;

    for (size_t i = 0; i < count && done; i++)
        done = add_line(&drafts[i], lines, errors);
    return done;
}

struct ska_system_log *ska_audit_system_log_open(void)
{
    return ska_system_log_open(LOG_AUTHPRIV, "ska-audit");
}

/* As they stand in the file, but for the newlines. */
static void send_lines(const struct ska_audit_log *log, struct lines *lines)
{
    char *rest = lines->severities.length == 0 ? NULL : (char *)lines->text.data;

    for (size_t i = 0; i < lines->severities.length; i++) {
        char *end = strchr(rest, '\n');

        *end = 0;
        (void)ska_system_log_write(log->system_log, lines->severities.data[i], rest);
        rest = end + 1;
    }
}

static bool record_drafts(const struct ska_audit_log *log, OSSL_LIB_CTX *libctx,
                          struct draft *drafts, size_t count, const struct ska_errors *errors)
{
    struct lines lines = {{0}, {0}};
    bool done = log->path != NULL ? append_drafts(log, libctx, drafts, count, &lines, errors)
                                  : print_drafts(drafts, count, &lines, errors);

    if (done && log->system_log != NULL)
        send_lines(log, &lines);
    clear_lines(&lines);
    return done;
}

bool ska_audit_append_all(const struct ska_audit_log *log, OSSL_LIB_CTX *libctx,
                          const struct ska_audit_entry *entries, size_t count,
                          const struct ska_errors *errors)
{
    struct draft *drafts = NULL;
    bool done = true;

    if (!ska_audit_log_is_kept(log))
        return true;
    drafts = calloc(count + 1, sizeof(*drafts));
    if (drafts == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu lines of the audit log", count);
    for (size_t i = 0; i < count && done; i++)
        done = describe_event(&drafts[i], &entries[i], libctx, errors);
    done = done && record_drafts(log, libctx, drafts, count, errors);
    for (size_t i = 0; i < count; i++)
        clear_draft(&drafts[i]);
    free(drafts);
    return done;
}

bool ska_audit_append(const struct ska_audit_log *log, OSSL_LIB_CTX *libctx,
                      const struct ska_audit_entry *entry, const struct ska_errors *errors)
{
    return ska_audit_append_all(log, libctx, entry, 1, errors);
}
