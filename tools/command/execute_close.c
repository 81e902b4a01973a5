/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/command/execute_close.h"

#include "provider/record/audit.h"

static bool audit_close(struct execute_run *run, const struct ska_request *request,
                        const char *detail)
{
    const struct ska_settings *settings = &run->tool->configuration.settings;
    const struct ska_audit_log log = {settings->audit_log, settings->state_dir};
    const struct ska_audit_entry entry = {SKA_AUDIT_REQUEST, request, NULL, detail};

    return ska_audit_append(&log, run->tool->libctx, &entry, &run->tool->errors);
}

/* Nobody is asked any more for what the HSM would not do; programs that wait for it notice. */
static bool close_signature(struct execute_run *run, struct ska_standing_request *standing,
                            const void *arg)
{
    const struct ska_request *blocked = arg;
    struct ska_request *request = standing->request;

    if (request->operation != SKA_OPERATION_SIGN ||
        !ska_span_equal(ska_span_of(&request->public_key), ska_span_of(&blocked->public_key)))
        return true;
    ska_directory_let_go(standing->hold);
    standing->hold = -1;
    ska_directory_finish(run->directory, request, -1, NULL);
    report_note("closed request %.16s: the key is blocked", request->id);
    return audit_close(run, request, "closed: the key is blocked");
}

bool execute_close_signatures(struct execute_run *run, const struct ska_request *blocked)
{
    return execute_visit_requests(run, close_signature, blocked);
}

bool execute_close_configured(struct tool *tool, const struct ska_request *blocked)
{
    struct execute_run run = {.tool = tool, .path = tool->configuration.settings.approvals_dir};
    bool done = true;

    if (run.path == NULL ||
        !ska_directory_open(run.path, SKA_DIRECTORY_TO_SIGN, &run.directory, NULL))
        return true;
    done = execute_close_signatures(&run, blocked);
    ska_directory_close(run.directory);
    return done;
}
