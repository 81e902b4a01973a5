/* SPDX-License-Identifier: Apache-2.0 */
/* Orders become requests, made with the HSM. */
#include "tools/command/execute_orders.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "provider/base/error_capture.h"
#include "provider/hsm/token.h"
#include "provider/rule/rule_check.h"
#include "tools/order_refusal.h"
#include "tools/publish.h"
#include "tools/show/text.h"

/*
 * So many requests by orders of one owner are open at once. In the directory they are the signer's,
 * of whom no more than a thousand are listed.
 */
#define OPEN_MOST 20

static size_t count_open(const struct execute_run *run, uid_t owner)
{
    size_t count = 0;

    for (size_t i = 0; i < run->change_count; i++)
        count += run->changes[i].requester == owner;
    return count;
}

/* ---- One order ------------------------------------------------------------------------------- */

/* Whether the order is to blame, and not this computer or the HSM, of which another day may come.
 */
static bool is_order_wrong(const struct ska_error_capture *failure)
{
    int class = (int)failure->reason / 100;

    return class == SKA_R_APPROVALS_PENDING / 100 || class == SKA_R_BAD_JSON / 100 ||
           failure->reason == SKA_R_KEY_NOT_FOUND || failure->reason == SKA_R_KEY_AMBIGUOUS ||
           failure->reason == SKA_R_WRONG_USE || failure->reason == SKA_R_UNSUPPORTED;
}

static bool check_key_named(const struct order *order, const struct backend_key *key,
                            const struct ska_errors *errors)
{
    const char *token = backend_key_token_label(key);

    return order->token_label == NULL || strcmp(order->token_label, token) == 0 ||
           ska_fail(errors, SKA_R_KEY_NOT_FOUND, "it is for token '%s', but this is '%s'",
                    order->token_label, token);
}

/* Nobody is asked for what is so already. */
static bool check_state(const struct order *order, struct backend_key *key,
                        const struct ska_errors *errors)
{
    struct backend_key_state state = {0};
    bool done = backend_key_state(key, &state, errors);

    if (done && order->operation == SKA_OPERATION_BLOCK && state.blocked == BACKEND_YES)
        done = ska_fail(errors, SKA_R_BAD_REQUEST, "the key is already blocked");
    else if (done && order->operation == SKA_OPERATION_UNBLOCK && state.blocked == BACKEND_NO)
        done = ska_fail(errors, SKA_R_BAD_REQUEST, "the key is not blocked");
    backend_key_state_clear(&state);
    return done;
}

static bool make_payload(const struct order *order, struct backend_key *key,
                         struct ska_bytes *payload, const struct ska_errors *errors)
{
    const struct ska_rule *rules[SKA_RULE_COUNT] = {NULL};

    if (order->operation != SKA_OPERATION_MODIFY)
        return true;
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        rules[i] = order->policy.named[i] ? &order->policy.rules[i] : NULL;
    return ska_modification_check(rules, errors) &&
           backend_modify_payload(key, rules, payload, errors);
}

static bool make_request_of(struct execute_run *run, const struct order_file *file,
                            const struct order *order, struct backend_key *key)
{
    struct tool *tool = run->tool;
    struct ska_bytes payload = {NULL, 0};
    struct ska_job job = {.key = key,
                          .operation = order->operation,
                          .description = order->description,
                          .requester = &file->owner};
    char id[SKA_REQUEST_ID_LENGTH + 1];
    bool made = false;
    bool done = check_key_named(order, key, &tool->errors) &&
                check_state(order, key, &tool->errors) &&
                make_payload(order, key, &payload, &tool->errors);

    publish_fill_job(tool, &job);
    job.payload = ska_span_of(&payload);
    done = done && publish_request(tool, &job, run->path, id, &made) &&
           (!made || execute_add_change(run, id, order->operation, file->owner));
    if (done)
        report_note("order %s of uid %lu: request %.16s to %s key '%s'%s", file->shown,
                    (unsigned long)file->owner, id, text_operation(order->operation),
                    order->key_label, made ? "" : " was there already");
    run->news += made;
    ska_bytes_free(&payload);
    return done;
}

/* *left: it is not this run's business. The order is to be cleared, empty where it is unreadable.
 */
static bool read_and_make(struct execute_run *run, const struct order_file *file,
                          struct order *order, bool *left)
{
    struct tool *tool = run->tool;
    struct backend_key *key = NULL;
    bool done = false;

    if (!order_file_read(run->directory, tool->libctx, file, order, &tool->errors))
        return false;
    if (execute_open_key(run, order->key_label, ska_span_of(&order->key_id), &key)) {
        *left = key == NULL;
        done = key == NULL || make_request_of(run, file, order, key);
    }
    backend_key_free(key);
    return done;
}

/* ---- What becomes of its file ---------------------------------------------------------------- */

/* It is done with, for good: gone, or remembered where this user may not remove it. */
static bool consume(struct execute_run *run, const struct order_file *file,
                    const struct ska_errors *errors)
{
    if (unlinkat(ska_directory_fd(run->directory), file->name, 0) == 0 || errno == ENOENT)
        return true;
    return executed_add_order(&run->executed, file->identity, errors);
}

/* Of others' files in a directory of root's it has to be remembered what became of them. */
static bool can_consume(const struct execute_run *run, const struct order_file *file)
{
    return run->own_directory || file->owner == geteuid() || run->executed.state_dir != NULL;
}

/* "order block-....order.json of uid 1000, to block key 'seal',": as far as it could be read. */
static void name_order(const struct order_file *file, const struct order *order,
                       struct ska_buffer *text)
{
    ska_buffer_format(text, "order %s of uid %lu", file->shown, (unsigned long)file->owner);
    if (order->key_label == NULL)
        return;
    ska_buffer_format(text, ", to %s key ", text_operation(order->operation));
    text_quoted(text, ska_span_text(order->key_label));
    ska_buffer_text(text, ",");
}

static void refuse_order(struct execute_run *run, const struct order_file *file,
                         const struct order *order, const char *name,
                         const struct ska_error_capture *failure,
                         const struct ska_errors *to_warnings)
{
    ska_fail(to_warnings, failure->reason, "%s is refused: %s", name,
             ska_error_capture_text(failure));
    /* Who ordered does not read the journal of the signer's unit. */
    (void)!(consume(run, file, to_warnings) &&
            order_refusal_put(run->directory, run->tool->libctx, file, order,
                              ska_error_capture_text(failure), to_warnings));
}

static bool take_order(struct execute_run *run, const struct order_file *file,
                       const struct ska_errors *to_warnings)
{
    struct tool *tool = run->tool;
    const struct ska_errors loud = tool->errors;
    struct ska_error_capture failure = {0};
    struct ska_buffer name = {0};
    struct order order = {.key_label = NULL};
    bool left = false;
    bool done = false;

    tool->errors = ska_error_capture(&failure);
    done = read_and_make(run, file, &order, &left);
    tool->errors = loud;
    name_order(file, &order, &name);
    if (done)
        done = left || consume(run, file, &tool->errors);
    else if ((done = is_order_wrong(&failure)))
        refuse_order(run, file, &order, ska_buffer_string(&name), &failure, to_warnings);
    else
        ska_fail(&tool->errors, failure.reason, "%s stays for later: %s", ska_buffer_string(&name),
                 ska_error_capture_text(&failure));
    ska_buffer_free(&name);
    order_clear(&order);
    ska_error_capture_clear(&failure);
    return done;
}

/* ---- All of them ----------------------------------------------------------------------------- */

static bool is_remembered(void *arg, const struct order_file *file)
{
    const struct execute_run *run = arg;

    return executed_has_order(&run->executed, file->identity);
}

bool execute_take_orders(struct execute_run *run)
{
    struct report_warnings warnings = {0};
    const struct ska_errors to_warnings = report_warnings_errors(&warnings);
    struct order_files files = {NULL, 0, 0};
    bool done = order_files_find(run->directory, run->tool->libctx, is_remembered, run, &files,
                                 &run->tool->errors);

    order_refusals_clean(run->directory);
    for (size_t i = 0; i < files.count; i++) {
        const struct order_file *file = &files.files[i];

        if (count_open(run, file->owner) >= OPEN_MOST)
            ska_fail(&to_warnings, SKA_R_BAD_REQUEST,
                     "order %s waits: %d requests by orders of uid %lu are open", file->shown,
                     OPEN_MOST, (unsigned long)file->owner);
        else if (!can_consume(run, file))
            ska_fail(&to_warnings, SKA_R_BAD_CONFIGURATION,
                     "order %s waits: it cannot be removed from a directory that root owns, and "
                     "without state-dir it cannot be remembered",
                     file->shown);
        else
            done = take_order(run, file, &to_warnings) && done;
    }
    report_warnings_end(&warnings);
    if (files.left > 0)
        report_warning(
            "%zu more orders are left for later: at most %d of one owner are handled per run",
            files.left, ORDERS_AT_ONCE);
    order_files_free(&files);
    return done;
}
