/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/command/execute_close.h"

#include "provider/record/audit.h"
#include "tools/show/request_text.h"

static bool audit_close(struct execute_run *run, const struct ska_request *request,
                        const char *detail)
{
    const struct ska_audit_log log = tool_audit_log(run->tool);
    const struct ska_audit_entry entry = {SKA_AUDIT_REQUEST, request, NULL, detail};

    return ska_audit_append(&log, run->tool->libctx, &entry, &run->tool->errors);
}

/* The same change by another order: a second one to modify may want other rules. */
static bool is_same_change(const struct ska_request *request, const struct ska_request *done)
{
    return request->operation == done->operation &&
           (request->operation != SKA_OPERATION_MODIFY ||
            ska_span_equal(ska_span_of(&request->payload), ska_span_of(&done->payload)));
}

/* NULL: it is still worth asking for. */
static const char *why_settled(const struct ska_request *request, const struct ska_request *done)
{
    if (!ska_span_equal(ska_span_of(&request->public_key), ska_span_of(&done->public_key)))
        return NULL;
    if (done->operation == SKA_OPERATION_BLOCK &&
        (request->operation == SKA_OPERATION_SIGN || request->operation == SKA_OPERATION_BLOCK))
        return "the key is blocked";
    /* Made while it was blocked before: who approved that did not know of this time. */
    if (done->operation == SKA_OPERATION_BLOCK && request->operation == SKA_OPERATION_UNBLOCK)
        return "it was made before the key was blocked";
    return is_same_change(request, done) ? "another request has already done the same" : NULL;
}

/* Nobody is asked any more for what is done, or not to be had; programs that wait for it notice. */
static bool close_if_settled(struct execute_run *run, struct ska_standing_request *standing,
                             const void *arg)
{
    struct ska_request *request = standing->request;
    const char *why = why_settled(request, arg);
    struct ska_buffer detail = {0};
    bool done = false;

    if (why == NULL)
        return true;
    ska_directory_let_go(standing->hold);
    standing->hold = -1;
    ska_directory_finish(run->directory, request, -1, NULL);
    ska_buffer_text(&detail, "closed ");
    request_text_name(request, &detail);
    report_note("%s: %s", ska_buffer_string(&detail), why);
    ska_buffer_free(&detail);
    ska_buffer_format(&detail, "closed: %s", why);
    done = audit_close(run, request, ska_buffer_string(&detail));
    ska_buffer_free(&detail);
    return done;
}

bool execute_close_settled(struct execute_run *run, const struct ska_request *done)
{
    return execute_visit_requests(run, close_if_settled, done);
}

bool execute_close_configured(struct tool *tool, const struct ska_request *changed)
{
    struct execute_run run = {.tool = tool, .path = tool->configuration.settings.approvals_dir};
    bool done = true;

    if (run.path == NULL ||
        !ska_directory_open(run.path, SKA_DIRECTORY_TO_SIGN, &run.directory, NULL))
        return true;
    done = execute_close_settled(&run, changed);
    ska_directory_close(run.directory);
    return done;
}
