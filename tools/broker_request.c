/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/broker_request.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "provider/base/printable.h"
#include "provider/sign/ask_broker.h"
#include "provider/sign/broker_ticket.h"
#include "tools/execution.h"
#include "tools/publish.h"
#include "tools/show/text.h"

#define SIGNATURE_MODE 0644

/* ---- Handing in ------------------------------------------------------------------------------ */

static bool check_remembered(struct tool *tool)
{
    return tool->configuration.settings.state_dir != NULL ||
           ska_fail(&tool->errors, SKA_R_WRONG_USE,
                    "the configuration sets no state-dir, which is needed to remember what was "
                    "submitted to a broker");
}

/* What approvers read of a request that was there before, as state-dir remembers it. */
struct description_search {
    const char *broker_id;
    char *description; /* NULL: it has none, or was not found */
};

/* A ska_broker_ticket_visit. */
static bool take_description(void *arg, const char *id, struct ska_request *draft)
{
    struct description_search *search = arg;
    const bool found = strcmp(id, search->broker_id) == 0;

    if (found) {
        search->description = draft->description;
        draft->description = NULL;
    }
    ska_request_free(draft);
    return !found;
}

/* The broker changes nothing about a request, and nobody should believe that others read this. */
static void warn_of_description(struct tool *tool, const struct ska_job *job,
                                const struct broker_place *place, const char *broker_id)
{
    struct description_search search = {broker_id, NULL};
    struct ska_buffer text = {0};

    if (job->description == NULL ||
        !ska_broker_tickets_visit(tool->configuration.settings.state_dir, broker_name(place),
                                  take_description, &search, NULL, NULL))
        return;
    if (search.description == NULL || strcmp(search.description, job->description) != 0) {
        ska_buffer_text(&text, search.description == NULL ? "without a description"
                                                          : "with the description ");
        if (search.description != NULL)
            text_quoted(&text, ska_span_text(search.description));
        report_warning("the request was already open %s: yours is not used. For another one, "
                       "withdraw the request first (skatool withdraw)",
                       ska_buffer_string(&text));
    }
    ska_buffer_free(&text);
    free(search.description);
}

/* What is to be done next. */
static void add_next(const struct ska_job *job, bool needs_nobody,
                     const struct ska_handed_in *handed_in, const char *broker,
                     struct ska_buffer *text)
{
    const char *output = job->operation == SKA_OPERATION_SIGN ? " -o FILE" : "";
    char word[SKA_SHELL_WORD_SIZE];

    if (needs_nobody)
        ska_buffer_format(text,
                          "the rule needs no approvals, so the broker executes it by itself: "
                          "skatool execute %.8s%s shows whether it has",
                          handed_in->request_id, output);
    else
        ska_buffer_format(text,
                          "approvers: skatool approve --approver KEY --tsb %s %s; when they have "
                          "approved: skatool execute %.8s%s",
                          ska_shell_word(broker, word), handed_in->broker_id, handed_in->request_id,
                          output);
}

static bool say_handed_in(struct tool *tool, const struct ska_job *job, bool needs_nobody,
                          const struct ska_handed_in *handed_in)
{
    const struct broker_place place = broker_place_of(job->key);
    const char *id = handed_in->broker_id;
    struct ska_buffer next = {0};
    struct ska_buffer text = {0};

    if (!handed_in->made)
        warn_of_description(tool, job, &place, id);
    add_next(job, needs_nobody, handed_in, broker_name(&place), &next);
    report_note("request %s (%.16s) %s at %s; %s", id, handed_in->request_id,
                handed_in->made ? "is open" : "was already open", broker_name(&place),
                ska_buffer_string(&next));
    ska_buffer_free(&next);
    ska_buffer_format(&text, "%s\n", id);
    return text_print(&text, &tool->errors);
}

bool broker_request_put(struct tool *tool, struct ska_job *job)
{
    struct ska_current_rule current = {0};
    struct ska_handed_in handed_in = {.made = false};
    bool needs_nobody = false;
    bool done = false;

    /* What is signed is remembered, so that nobody has to give the same command again. */
    job->content_is_kept = true;
    done = check_remembered(tool) &&
           ska_current_rule_read(job->key, ska_rule_kind_of(job->operation), &current, job->errors);
    needs_nobody = current.known && ska_rule_is_empty(&current.rule);
    done = done && ska_hand_in_to_broker(job, &current, &handed_in) &&
           say_handed_in(tool, job, needs_nobody, &handed_in);
    ska_current_rule_clear(&current);
    return done;
}

/* ---- Fetching -------------------------------------------------------------------------------- */

static bool open_named_key(struct tool *tool, const struct ska_request *request, const char *uri,
                           struct backend_key **key)
{
    char *made = uri != NULL ? NULL
                             : hsm_uri_format("", ska_span_text(request->key_label),
                                              ska_span(NULL, 0), HSM_OBJECT_PRIVATE);
    struct ska_span spki = {NULL, 0};
    bool done = (uri != NULL || made != NULL ||
                 ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "for a key URI")) &&
                tool_open_ska_key(tool, uri != NULL ? uri : made, NULL, key) &&
                backend_key_spki(*key, &spki, &tool->errors);

    free(made);
    return done &&
           (ska_span_equal(spki, ska_span_of(&request->public_key)) ||
            ska_fail(&tool->errors, SKA_R_KEY_MISMATCH,
                     "request %.16s was for a key '%s' whose public key differs from that of "
                     "the key that is there now",
                     request->id, request->key_label));
}

static struct ska_job fetching_job(struct tool *tool, const struct ska_request *request,
                                   struct backend_key *key)
{
    struct ska_job job = {.key = key,
                          .operation = request->operation,
                          .mechanism = request->mechanism,
                          .payload = ska_span_of(&request->payload),
                          .content = ska_span_of(&request->signed_content),
                          .no_content = request->no_content,
                          .request_content = tool->configuration.settings.request_content,
                          .content_is_kept = true,
                          .description = request->description,
                          .evidence_dir = tool->configuration.settings.evidence_dir,
                          .progress = SKA_PROGRESS_NO};

    if (job.mechanism.digest == SKA_DIGEST_NONE)
        job.mechanism.digest = request->digest;
    publish_fill_job(tool, &job);
    return job;
}

static bool fetch_with(struct tool *tool, const struct ska_request *request,
                       struct backend_key *key, const struct output *output)
{
    int size = EVP_PKEY_get_size(backend_key_public(key));
    size_t length = size > 0 ? (size_t)size : 0;
    struct ska_job job = fetching_job(tool, request, key);
    struct ska_current_rule current = {0};
    uint8_t *signature = malloc(length + 1);
    bool done = false;

    if (signature == NULL)
        return ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "for a signature");
    job.signature = signature;
    job.signature_length = &length;
    done = ska_current_rule_read(key, ska_rule_kind_of(job.operation), &current, job.errors) &&
           ska_fetch_from_broker(&job, &current) &&
           (job.operation == SKA_OPERATION_SIGN
                ? output_write(tool, output, ska_span(signature, length), SIGNATURE_MODE)
                : execution_say_change(tool, key, request));
    ska_current_rule_clear(&current);
    free(signature);
    return done;
}

bool broker_request_fetch(struct tool *tool, const struct ska_request *request, const char *uri,
                          const struct output *output)
{
    struct backend_key *key = NULL;
    bool done = open_named_key(tool, request, uri, &key) && fetch_with(tool, request, key, output);

    backend_key_free(key);
    return done;
}
