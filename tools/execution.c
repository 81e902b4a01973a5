/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/execution.h"

#include <stdlib.h>

#include <openssl/evp.h>

#include "provider/backend/broker.h"
#include "provider/base/error_capture.h"
#include "provider/rule/rule.h"
#include "provider/sign/send.h"
#include "tools/show/certificates.h"
#include "tools/show/modification.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"

#define SIGNATURE_MODE 0644

void execution_take_refusals(struct execution *execution, struct ska_ballot *ballot)
{
    execution->refusals = ballot->refusals;
    execution->refusal_count = ballot->refusal_count;
    ballot->refusals = NULL;
    ballot->refusal_count = 0;
}

void execution_clear(struct execution *execution)
{
    ska_approvals_free(execution->refusals, execution->refusal_count);
    execution->refusals = NULL;
    execution->refusal_count = 0;
}

static struct ska_job execute_job(const struct tool *tool, const struct execution *execution)
{
    struct ska_job job = {.libctx = tool->libctx,
                          .key = execution->key,
                          .operation = execution->request->operation,
                          .payload = ska_span_of(&execution->request->payload),
                          .refusals = execution->refusals,
                          .refusal_count = execution->refusal_count,
                          .audit_log = tool_audit_log(tool),
                          .evidence_dir = tool->configuration.settings.evidence_dir,
                          .errors = &tool->errors};

    return job;
}

static bool execute_and_warn(const struct ska_job *job, struct ska_request *request)
{
    struct report_warnings warnings = {0};
    const struct ska_errors to_warnings = report_warnings_errors(&warnings);
    bool done = ska_execute(job, request, &to_warnings);

    report_warnings_end(&warnings);
    return done;
}

static bool execute_sign(struct tool *tool, const struct execution *execution)
{
    int size = EVP_PKEY_get_size(backend_key_public(execution->key));
    size_t length = size > 0 ? (size_t)size : 0;
    struct ska_job job = execute_job(tool, execution);
    uint8_t *signature = malloc(length + 1);
    bool done = false;

    if (signature == NULL)
        return ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "for a signature");
    job.signature = signature;
    job.signature_length = &length;
    done = execute_and_warn(&job, execution->request) &&
           output_write(tool, execution->output, ska_span(signature, length), SIGNATURE_MODE);
    free(signature);
    return done;
}

/* ---- Changes of the key ---------------------------------------------------------------------- */

static bool print_change(struct tool *tool, const struct backend_key *key,
                         const struct ska_request *request, const struct modification *modification)
{
    struct ska_buffer text = {0};
    const char *word =
        backend_key_word(key) == BACKEND_WORD_OF_HSM ? "" : ", according to the broker";
    const char *separator = ": ";

    ska_buffer_text(&text, "key ");
    text_quoted(&text, ska_span_text(backend_key_label(key)));
    if (request->operation == SKA_OPERATION_BLOCK) {
        ska_buffer_format(&text, " is blocked%s", word);
    } else if (request->operation == SKA_OPERATION_UNBLOCK) {
        ska_buffer_format(&text, " is unblocked%s", word);
    } else {
        ska_buffer_format(&text, " has new rules%s", word);
        for (int i = 0; i < SKA_RULE_COUNT; i++) {
            if (modification->named.rules[i].data == NULL)
                continue;
            ska_buffer_format(&text, "%s%s", separator, ska_rule_names[i]);
            separator = ", ";
        }
    }
    ska_buffer_format(&text, " (request %.16s)\n", request_shown_id(request));
    return text_print(&text, &tool->errors);
}

bool execution_say_change(struct tool *tool, const struct backend_key *key,
                          const struct ska_request *request)
{
    struct modification modification = {0};
    bool done = modification_read(request, &modification, &tool->errors) &&
                print_change(tool, key, request, &modification);

    modification_clear(&modification);
    return done;
}

static bool execute_change(struct tool *tool, const struct execution *execution)
{
    struct ska_request *request = execution->request;
    struct ska_error_capture failure = {0};
    struct ska_errors quiet = ska_error_capture(&failure);
    struct ska_job job = execute_job(tool, execution);
    struct modification modification = {0};
    bool done = false;

    if (!modification_read(request, &modification, &tool->errors)) {
        modification_clear(&modification);
        return false;
    }
    job.errors = &quiet;
    done = execute_and_warn(&job, request);
    if (done)
        done = print_change(tool, execution->key, request, &modification);
    else if (modification.readable)
        certificates_fail(tool, &failure, modification.known);
    else
        ska_error_capture_raise(&failure, &tool->errors);
    modification_clear(&modification);
    ska_error_capture_clear(&failure);
    return done;
}

bool execution_run(struct tool *tool, const struct execution *execution)
{
    return execution->request->operation == SKA_OPERATION_SIGN ? execute_sign(tool, execution)
                                                               : execute_change(tool, execution);
}
