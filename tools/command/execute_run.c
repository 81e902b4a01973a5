/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/command/execute_run.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/error_capture.h"

/* A unit starts anew each time, and would try a wrong PIN until the token locks. */
static bool check_pin(const struct execute_run *run, const char *pin)
{
    return run->what == EXECUTE_BY_HAND || !executed_has_wrong_pin(&run->executed, pin) ||
           ska_fail(
               &run->tool->errors, SKA_R_PIN_INCORRECT,
               "the token has refused the PIN in %s before, and that has not changed since: it is "
               "not tried again (if the PIN is right now, remove pin-* from state-dir)",
               hsm_pin_path_shown(pin));
}

static bool open_and_note_pin(struct execute_run *run, const char *uri, struct backend_key **key)
{
    struct tool *tool = run->tool;
    const char *source = tool->configuration.settings.pin_source;
    const char *pin = source == NULL ? NULL : hsm_pin_path(source);
    const struct ska_errors loud = tool->errors;
    struct ska_error_capture failure = {0};
    bool done = false;

    if (!check_pin(run, pin))
        return false;
    tool->errors = ska_error_capture(&failure);
    done = tool_open_ska_key(tool, uri, NULL, key);
    tool->errors = loud;
    if (!done)
        ska_error_capture_raise(&failure, &tool->errors);
    if (failure.reason == SKA_R_PIN_INCORRECT)
        done = executed_add_wrong_pin(&run->executed, pin, &tool->errors) && done;
    ska_error_capture_clear(&failure);
    return done;
}

int64_t execute_rest_of_one(const struct execute_run *run)
{
    int64_t left = EXECUTE_REST_MS - run->rest_used_ms;

    return left <= 0 ? 0 : (left + 1) / 2;
}

/* On the configured token: who asks does not choose which token is given the PIN. */
bool execute_open_key(struct execute_run *run, const char *label, struct ska_span id,
                      struct backend_key **key)
{
    char *uri = run->uri != NULL
                    ? strdup(run->uri)
                    : hsm_uri_format(NULL, ska_span_text(label), id, HSM_OBJECT_PRIVATE);
    bool done = uri != NULL || ska_fail(&run->tool->errors, SKA_R_OUT_OF_MEMORY, "for a key URI");

    done = done && open_and_note_pin(run, uri, key);
    free(uri);
    if (done && run->uri != NULL && strcmp(backend_key_label(*key), label) != 0) {
        backend_key_free(*key);
        *key = NULL;
    }
    return done;
}

bool execute_add_change(struct execute_run *run, const char *id, enum ska_operation operation,
                        uid_t requester)
{
    struct change *grown = reallocarray(run->changes, run->change_count + 1, sizeof(*grown));
    struct change *change = NULL;

    if (grown == NULL)
        return ska_fail(&run->tool->errors, SKA_R_OUT_OF_MEMORY, "%zu requests", run->change_count);
    run->changes = grown;
    change = &grown[run->change_count++];
    memcpy(change->id, id, SKA_REQUEST_ID_LENGTH);
    change->id[SKA_REQUEST_ID_LENGTH] = 0;
    change->operation = operation;
    change->requester = requester;
    return true;
}

bool execute_visit_requests(struct execute_run *run, execute_visit *visit, const void *arg)
{
    const struct ska_errors *errors = &run->tool->errors;
    struct ska_directory_names names = {0};
    bool done = ska_directory_list(run->directory, &names, errors);

    for (size_t i = 0; i < names.count; i++) {
        struct ska_standing_request standing;
        char id[SKA_REQUEST_ID_LENGTH + 1];

        if (ska_file_kind_of(names.names[i]) != SKA_FILE_REQUEST)
            continue;
        memcpy(id, names.names[i], SKA_REQUEST_ID_LENGTH);
        id[SKA_REQUEST_ID_LENGTH] = 0;
        done = ska_directory_find(run->directory, id, &standing, errors) &&
               (standing.state != SKA_NAME_OWN || visit(run, &standing, arg)) && done;
        ska_standing_request_clear(&standing);
    }
    ska_directory_names_free(&names);
    return done;
}
