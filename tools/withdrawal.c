/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/withdrawal.h"

#include <stdio.h>

#include "provider/backend/broker.h"
#include "provider/base/error_capture.h"
#include "provider/record/audit.h"
#include "provider/sign/ballot_text.h"
#include "tools/executed.h"
#include "tools/report.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"

/* An approval cannot be taken back: only time ends it. */
static void say_how_long(const struct ska_ballot *ballot, struct ska_buffer *text)
{
    uint64_t closes = ska_ballot_usable_until(ballot);
    char until[TEXT_TIME_SIZE];

    ska_buffer_text(text, "; copies of the approvals ");
    if (ballot->rule == NULL)
        ska_buffer_text(text, "may be good forever");
    else if (closes == 0)
        ska_buffer_text(text, "cannot be used any more");
    else if (closes == UINT64_MAX)
        ska_buffer_text(text, "stay good forever");
    else
        ska_buffer_format(text, "stay good until %s", text_time(closes, until));
}

void withdrawal_say(const struct ska_ballot *ballot, const struct ska_leftovers *left)
{
    struct ska_buffer text = {0};
    struct ska_buffer names = {0};

    ska_buffer_text(&text, "Withdrew ");
    request_text_name(ballot->request, &text);
    ska_ballot_approved_text(ballot, &names);
    if (ballot->key_count == 0)
        ska_buffer_text(&text, ", which nobody had approved");
    else
        ska_buffer_format(&text, ", which %zu %s had approved (%s)", ballot->key_count,
                          ballot->key_count == 1 ? "person" : "people", ska_buffer_string(&names));
    if (ballot->key_count > 0)
        say_how_long(ballot, &text);
    if (left->count > 0)
        ska_buffer_format(&text, ". %zu file%s for it stay%s in the directory, of uid %lu",
                          left->count, left->count == 1 ? "" : "s", left->count == 1 ? "s" : "",
                          (unsigned long)left->owner);
    report_message("%s", ska_buffer_string(&text));
    ska_buffer_free(&names);
    ska_buffer_free(&text);
}

/* Of the signer, whose state-dir it is: who gets it by mail once more is told. */
static void remember_withdrawn(struct tool *tool, const struct ska_request *request)
{
    const struct executed executed = {tool->configuration.settings.state_dir, tool->libctx};

    if (!executed_add(&executed, request, EXECUTED_WITHDRAWN, NULL))
        report_note("the withdrawal could not be noted in state-dir: it is not this user's, or it "
                    "cannot be written");
}

void withdrawal_audit(struct tool *tool, const struct ska_request *request, const char *broker_id)
{
    const struct ska_audit_log log = tool_audit_log(tool);
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    char detail[BROKER_ID_SIZE + 64];
    const struct ska_audit_entry entry = {SKA_AUDIT_WITHDRAWN, request, NULL, detail};

    snprintf(detail, sizeof(detail), "with skatool %s%s%s", tool->command,
             broker_id == NULL ? "" : ", at the broker ", broker_id == NULL ? "" : broker_id);
    /* It is withdrawn, and whoever may do that need not be able to write the signer's log. */
    if (!ska_audit_append(&log, tool->libctx, &entry, &quiet))
        report_warning("the audit log does not say that the request was withdrawn: %s",
                       ska_error_capture_text(&failure));
    ska_error_capture_clear(&failure);
}

bool withdraw_request(struct tool *tool, const struct ska_directory *directory,
                      const struct ska_ballot *ballot)
{
    struct ska_leftovers left;

    if (!ska_directory_withdraw(directory, ballot->request->id, &left, &tool->errors))
        return false;
    withdrawal_say(ballot, &left);
    withdrawal_audit(tool, ballot->request, NULL);
    remember_withdrawn(tool, ballot->request);
    return true;
}
