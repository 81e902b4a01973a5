/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/command/plan.h"

#include <stdio.h>
#include <string.h>

#include "provider/base/printable.h"

/* Whole, however long: half a command would do something else. */
static void print_line(const char *start, struct ska_buffer *untrusted)
{
    struct ska_buffer line = {0};

    ska_buffer_text(&line, start);
    ska_buffer_printable(&line, ska_span_text(ska_buffer_string(untrusted)), SIZE_MAX);
    printf("%s\n", ska_buffer_string(&line));
    fflush(stdout);
    ska_buffer_free(&line);
    ska_buffer_free(untrusted);
}

void plan_item(struct plan *plan, enum plan_state state, const char *what, const char *format, ...)
{
    static const char *const states[] = {
        [PLAN_DONE] = "done", [PLAN_TO_DO] = "to do", [PLAN_ASK] = "ask", [PLAN_UNSET] = "-"};
    struct ska_buffer text = {0};
    va_list args;

    plan->to_do += state == PLAN_TO_DO;
    plan->to_ask += state == PLAN_ASK;
    ska_buffer_format(&text, "%-6s %-18s ", states[state], what);
    va_start(args, format);
    ska_buffer_format_args(&text, format, args);
    va_end(args);
    print_line("", &text);
}

__attribute__((format(printf, 2, 0))) static void print_args(const char *start, const char *format,
                                                             va_list args)
{
    struct ska_buffer text = {0};

    ska_buffer_format_args(&text, format, args);
    print_line(start, &text);
}

void plan_title(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_args("\n", format, args);
    va_end(args);
}

void plan_note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_args("           ", format, args);
    va_end(args);
}

void plan_command(const char *format, ...)
{
    struct ska_buffer text = {0};
    va_list args;

    va_start(args, format);
    for (const char *next = format; *next != 0; next++) {
        if (strncmp(next, "%s", 2) != 0) {
            ska_buffer_add(&text, next, 1);
            continue;
        }
        ska_buffer_shell_word(&text, va_arg(args, const char *));
        next++;
    }
    va_end(args);
    print_line("           $ ", &text);
}

/* ---- What is given ------------------------------------------------------------------------------
 */

static bool names_certificate(const struct ska_rule *rule)
{
    const struct ska_approver *approver = NULL;

    for (size_t i = 0; (approver = ska_rule_approver_at(rule, i)) != NULL; i++)
        if (approver->type == SKA_APPROVER_CERTIFICATE)
            return true;
    return false;
}

static bool has_rule(const struct ska_policy *policy, bool (*is)(const struct ska_rule *rule))
{
    for (int kind = 0; policy != NULL && kind < SKA_RULE_COUNT; kind++)
        if (is(&policy->rules[kind]))
            return true;
    return false;
}

bool plan_has_time_limits(const struct plan *plan)
{
    return has_rule(plan->policy, ska_rule_has_time_limit) ||
           has_rule(&plan->key_rules, ska_rule_has_time_limit);
}

bool plan_has_certificates(const struct plan *plan)
{
    return has_rule(plan->policy, names_certificate) ||
           has_rule(&plan->key_rules, names_certificate);
}
