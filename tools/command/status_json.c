/* SPDX-License-Identifier: Apache-2.0 */
/* How far a request is, for machines. */
#include <stdlib.h>

#include "provider/rule/quorum.h"
#include "tools/command/status.h"
#include "tools/show/text.h"
#include "tools/show/windows.h"

static const char *const states[] = {[SKA_APPROVAL_COUNTS] = "counts",
                                     [SKA_APPROVAL_INVALID] = "invalid",
                                     [SKA_APPROVAL_NOT_LISTED] = "not listed",
                                     [SKA_APPROVAL_DOUBLED] = "doubled"};

static bool add_json_group(const struct status *status, const struct ska_alternative *alternative,
                           const struct ska_group *group, cJSON *groups)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *missing = NULL;
    bool done = object != NULL && cJSON_AddItemToArray(groups, object);

    if (!done) {
        cJSON_Delete(object);
        return false;
    }
    done = text_add_json(object, "token", ska_span_of(&alternative->name)) &&
           text_add_json(object, "group", ska_span_of(&group->name)) &&
           cJSON_AddNumberToObject(object, "quorum", group->quorum) != NULL &&
           cJSON_AddNumberToObject(object, "approved",
                                   (double)ska_group_count(group, status->tally.progress.keys,
                                                           status->tally.progress.key_count)) !=
               NULL &&
           (missing = cJSON_AddArrayToObject(object, "missing")) != NULL;
    for (size_t i = 0; done && i < group->approver_count; i++) {
        char *shown = NULL;

        if (tally_has_approved(&status->tally, ska_span_of(&group->approvers[i].public_key)))
            continue;
        shown = ska_listed_approver_shown(&group->approvers[i]);
        done = shown != NULL && cJSON_AddItemToArray(missing, cJSON_CreateString(shown));
        free(shown);
    }
    return done;
}

static bool add_json_window(const struct status *status, const struct ska_alternative *alternative,
                            cJSON *windows)
{
    cJSON *object = cJSON_CreateObject();
    bool known = window_is_limited(alternative) && status->token.has_timestamp;
    struct ska_window window = {0, UINT64_MAX};
    char text[32];
    bool done = object != NULL && cJSON_AddItemToArray(windows, object);

    if (!done) {
        cJSON_Delete(object);
        return false;
    }
    if (known)
        window = ska_window_of(alternative, status->token.timestamp.seconds);
    done = text_add_json(object, "token", ska_span_of(&alternative->name)) &&
           cJSON_AddBoolToObject(
               object, "open", status_window_state(status, alternative) == SKA_WINDOW_OPEN) != NULL;
    if (done && window.opens > 0)
        done = cJSON_AddStringToObject(object, "opens", ska_time_text(window.opens, text)) != NULL;
    if (done && window.closes != UINT64_MAX)
        done =
            cJSON_AddStringToObject(object, "closes", ska_time_text(window.closes, text)) != NULL;
    return done;
}

static bool add_json_approvals(const struct status *status, cJSON *approvals)
{
    for (size_t i = 0; i < status->request->approval_count; i++) {
        cJSON *object = cJSON_CreateObject();
        char *shown = NULL;
        bool done = object != NULL && cJSON_AddItemToArray(approvals, object);

        if (!done) {
            cJSON_Delete(object);
            return false;
        }
        shown = ska_approver_shown(status->rule, &status->request->approvals[i]);
        done = shown != NULL && cJSON_AddStringToObject(object, "approver", shown) != NULL &&
               cJSON_AddStringToObject(object, "state", states[status->tally.progress.states[i]]) !=
                   NULL;
        free(shown);
        if (!done)
            return false;
    }
    return true;
}

static bool add_json_refused(const struct status *status, cJSON *object)
{
    cJSON *refused = cJSON_AddArrayToObject(object, "refused");
    bool done = refused != NULL;

    for (size_t i = 0; done && i < status->tally.refusal_count; i++) {
        char *shown = ska_approver_shown(status->rule, &status->tally.refusals[i]);

        done = shown != NULL && cJSON_AddItemToArray(refused, cJSON_CreateString(shown));
        free(shown);
    }
    return done;
}

bool status_print_json(const struct status *status, const struct ska_errors *errors)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *groups = NULL;
    cJSON *windows = NULL;
    cJSON *approvals = NULL;
    char now[32];
    bool done =
        object != NULL &&
        cJSON_AddStringToObject(object, "requestId", status->request->id) != NULL &&
        cJSON_AddStringToObject(object, "operation",
                                ska_operation_names[status->request->operation]) != NULL &&
        cJSON_AddBoolToObject(object, "satisfied", status->tally.progress.satisfied) != NULL &&
        (status->key == NULL ||
         cJSON_AddBoolToObject(object, "blocked", status->state.blocked) != NULL) &&
        add_json_refused(status, object) &&
        cJSON_AddBoolToObject(object, "open", status_is_usable(status, NULL)) != NULL &&
        cJSON_AddStringToObject(object, "now", ska_time_text(status->now, now)) != NULL &&
        cJSON_AddBoolToObject(object, "nowByHsm", status->now_by_hsm) != NULL &&
        (groups = cJSON_AddArrayToObject(object, "groups")) != NULL &&
        (windows = cJSON_AddArrayToObject(object, "windows")) != NULL &&
        (approvals = cJSON_AddArrayToObject(object, "approvals")) != NULL;

    for (size_t i = 0; done && i < status->rule->alternative_count; i++)
        for (size_t j = 0; done && j < status->rule->alternatives[i].group_count; j++)
            done = add_json_group(status, &status->rule->alternatives[i],
                                  &status->rule->alternatives[i].groups[j], groups);
    for (size_t i = 0; done && i < status->rule->alternative_count; i++)
        done = add_json_window(status, &status->rule->alternatives[i], windows);
    done = done && add_json_approvals(status, approvals);
    if (!done) {
        cJSON_Delete(object);
        object = NULL;
    }
    return text_print_json(object, errors);
}
