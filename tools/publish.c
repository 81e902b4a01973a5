/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/publish.h"

#include <string.h>

#include "provider/sign/current_rule.h"
#include "provider/sign/same_document.h"
#include "tools/executed.h"

void publish_fill_job(struct tool *tool, struct ska_job *job)
{
    const struct ska_settings *settings = &tool->configuration.settings;

    job->libctx = tool->libctx;
    job->audit_log = tool_audit_log(tool);
    job->errors = &tool->errors;
    if (job->timestamp_key == NULL)
        job->timestamp_key = settings->timestamp_key;
}

/* That of a signature; the others are read where the request is made. */
static bool read_use_rule(const struct ska_job *job, struct ska_current_rule *current)
{
    return job->operation != SKA_OPERATION_SIGN ||
           ska_current_rule_read(job->key, SKA_RULE_USE, current, job->errors);
}

/*
 * Without time limits the same was executed before by the same token, and what was refused or
 * failed may have been mended: this is another time.
 */
static bool forget_executed(struct tool *tool, const struct ska_request *request)
{
    const struct executed executed = {tool->configuration.settings.state_dir, tool->libctx};

    return request->operation == SKA_OPERATION_SIGN ||
           executed_forget(&executed, request, &tool->errors);
}

bool publish_request(struct tool *tool, const struct ska_job *job, const char *directory,
                     char id[SKA_REQUEST_ID_LENGTH + 1], bool *made)
{
    struct ska_current_rule current = {0};
    struct ska_buffer same = {0};
    struct ska_open_request open = {.hold = -1};
    bool done =
        ska_directory_open(directory, SKA_DIRECTORY_TO_SIGN, &open.directory, job->errors) &&
        read_use_rule(job, &current) &&
        ska_open_request_find(job, ska_current_rule_of(&current), &open);

    *made = done && !open.published;
    done = done && forget_executed(tool, open.request) &&
           ska_open_request_publish(job, ska_current_rule_of(&current), &open);
    if (done && *made) {
        ska_same_document_text(open.directory, open.request, &same);
        if (same.length > 2)
            report_note("%s", ska_buffer_string(&same) + 2);
        ska_buffer_free(&same);
    }
    if (done)
        memcpy(id, open.request->id, SKA_REQUEST_ID_LENGTH + 1);
    ska_open_request_clear(&open);
    ska_current_rule_clear(&current);
    return done;
}
