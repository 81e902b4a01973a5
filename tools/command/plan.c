/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/command/plan.h"

#include <stdio.h>

#include "tools/show/text.h"

static void print_line(const char *start, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void print_line(const char *start, const char *format, va_list args)
{
    struct ska_buffer untrusted = {0};
    struct ska_buffer line = {0};

    ska_buffer_format_args(&untrusted, format, args);
    ska_buffer_text(&line, start);
    text_printable(&line, ska_span_text(ska_buffer_string(&untrusted)));
    printf("%s\n", ska_buffer_string(&line));
    fflush(stdout);
    ska_buffer_free(&line);
    ska_buffer_free(&untrusted);
}

void plan_item(struct plan *plan, enum plan_state state, const char *what, const char *format, ...)
{
    static const char *const states[] = {
        [PLAN_DONE] = "done", [PLAN_TO_DO] = "to do", [PLAN_ASK] = "ask"};
    char start[64];
    va_list args;

    plan->to_do += state == PLAN_TO_DO;
    plan->to_ask += state == PLAN_ASK;
    snprintf(start, sizeof(start), "%-6s %-18s ", states[state], what);
    va_start(args, format);
    print_line(start, format, args);
    va_end(args);
}

void plan_command(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_line("           $ ", format, args);
    va_end(args);
}

/* ---- What is given ------------------------------------------------------------------------------
 */

bool plan_has_time_limits(const struct plan *plan)
{
    for (int kind = 0; plan->policy != NULL && kind < SKA_RULE_COUNT; kind++)
        if (ska_rule_has_time_limit(&plan->policy->rules[kind]))
            return true;
    return false;
}

bool plan_has_certificates(const struct plan *plan)
{
    for (int kind = 0; plan->policy != NULL && kind < SKA_RULE_COUNT; kind++) {
        const struct ska_approver *approver = NULL;

        for (size_t i = 0; (approver = ska_rule_approver_at(&plan->policy->rules[kind], i)) != NULL;
             i++)
            if (approver->type == SKA_APPROVER_CERTIFICATE)
                return true;
    }
    return false;
}
