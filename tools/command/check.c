/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config: how its lines are said.
 */
#include "tools/exit_status.h"
#include "tools/command/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/json.h"
#include "tools/show/text.h"

/* With --json: what would be printed, and the worst of it. */
static cJSON *kept;
static int worst;

/* Settings that are wrong: they have not been taken, and yet are not missing. */
static const char *failed[100];
static size_t failed_count;

static void keep_line(const char *verdict, const char *what, const char *text)
{
    static const struct {
        const char *said, *name;
        int status;
    } names[] = {
        {"ok", "ok", 0}, {"-", "unset", 0}, {"warning", "warning", 1}, {"FAILED", "failed", 2}};
    cJSON *line = cJSON_CreateObject();

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i].said, verdict) == 0) {
            cJSON_AddStringToObject(line, "verdict", names[i].name);
            worst = names[i].status > worst ? names[i].status : worst;
        }
    /* Settings have the names that the file gives them. */
    if (!ska_json_add_untrusted(line, "about", ska_span_text(what)) ||
        !ska_json_add_untrusted(line, "text", ska_span_text(text)) ||
        !cJSON_AddItemToArray(kept, line))
        worst = 2; /* what is lost may have been the worst */
}

static void print_verdict(const char *verdict, const char *what, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void print_verdict(const char *verdict, const char *what, const char *format, va_list args)
{
    struct ska_buffer untrusted = {0};
    struct ska_buffer text = {0};

    if (kept == NULL)
        ska_buffer_format(&untrusted, "%-7s %-18s ", verdict, what);
    ska_buffer_format_args(&untrusted, format, args);
    if (kept != NULL) {
        keep_line(verdict, what, ska_buffer_string(&untrusted));
        ska_buffer_free(&untrusted);
        return;
    }
    text_printable(&text, ska_span_text(ska_buffer_string(&untrusted)));
    printf("%s\n", ska_buffer_string(&text));
    fflush(stdout);
    ska_buffer_free(&text);
    ska_buffer_free(&untrusted);
}

void check_say(const char *verdict, const char *what, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_verdict(verdict, what, format, args);
    va_end(args);
}

void check_unset(const char *what, const char *format, ...)
{
    va_list args;

    if (ska_text_is_among(failed, what))
        return;
    va_start(args, format);
    print_verdict("-", what, format, args);
    va_end(args);
}

void check_failed(struct tool *tool, const char *what, enum ska_reason reason, const char *format,
                  ...)
{
    va_list args;

    va_start(args, format);
    print_verdict("FAILED", what, format, args);
    va_end(args);
    exit_status_add(&tool->report.status, reason);
    if (failed_count + 1 < sizeof(failed) / sizeof(failed[0]))
        failed[failed_count++] = what;
}

void check_certificate_end(struct tool *tool, const char *what, bool is_missed,
                           const char *sentence)
{
    if (is_missed)
        check_failed(tool, what, SKA_R_BAD_CONFIGURATION, "%s", sentence);
    else
        check_warning(what, "%s", sentence);
}

void check_captured(struct tool *tool, const char *what, struct ska_error_capture *capture)
{
    check_failed(tool, what, capture->reason, "%s: %s", ska_reason_text(capture->reason),
                 ska_error_capture_text(capture));
    ska_error_capture_clear(capture);
}

void check_relative(const char *what, const char *path)
{
    if (path[0] != '/')
        check_warning(what,
                      "%s is a relative path: each program looks for it from the directory "
                      "that it runs in",
                      path);
}

void check_begin_json(void)
{
    kept = cJSON_CreateArray();
    worst = 0;
}

bool check_end_json(struct tool *tool)
{
    static const char *const names[] = {"ok", "warning", "failed"};
    cJSON *object = cJSON_CreateObject();

    tool->report.status = worst;
    cJSON_AddStringToObject(object, "worst", names[worst]);
    cJSON_AddItemToObject(object, "lines", kept);
    kept = NULL;
    return text_print_json(object, &tool->errors);
}
