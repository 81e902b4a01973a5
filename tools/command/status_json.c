/* SPDX-License-Identifier: Apache-2.0 */
/* How far a request is, for machines. */
#include <stdlib.h>

#include "provider/base/json.h"
#include "provider/rule/rule_text.h"
#include "provider/rule/window.h"
#include "provider/sign/ballot_text.h"
#include "tools/command/status.h"
#include "tools/show/text.h"

static const char *const states[] = {[SKA_ANSWER_COUNTS] = "counts",
                                     [SKA_ANSWER_INVALID] = "invalid",
                                     [SKA_ANSWER_NOT_LISTED] = "not listed",
                                     [SKA_ANSWER_DOUBLED] = "doubled"};

static bool add_json_approvals(const struct status *status, cJSON *approvals)
{
    for (size_t i = 0; i < status->request->approval_count; i++) {
        const struct ska_approval *approval = &status->request->approvals[i];
        char *shown = ska_approver_shown(status->ballot.rule, approval);
        cJSON *object = cJSON_CreateObject();
        bool done = ska_json_add_item(approvals, NULL, object) && shown != NULL &&
                    cJSON_AddStringToObject(object, "approver", shown) != NULL &&
                    cJSON_AddStringToObject(object, "state", states[approval->state]) != NULL;

        free(shown);
        if (!done)
            return false;
    }
    return true;
}

bool status_add_names(cJSON *object, const char *member, const struct ska_ballot *ballot,
                      bool refusals)
{
    cJSON *names = cJSON_AddArrayToObject(object, member);
    const struct ska_approval *answers = refusals ? ballot->refusals : ballot->request->approvals;
    size_t count = refusals ? ballot->refusal_count : ballot->request->approval_count;
    bool done = names != NULL;

    for (size_t i = 0; done && i < count; i++) {
        char *shown = NULL;

        if (refusals ? !ska_ballot_has_refused(ballot, ska_span_of(&answers[i].public_key))
                     : answers[i].state != SKA_ANSWER_COUNTS)
            continue;
        shown = ska_approver_shown(ballot->rule, &answers[i]);
        done = shown != NULL && ska_json_add_item(names, NULL, cJSON_CreateString(shown));
        free(shown);
    }
    return done;
}

static bool add_json_window(cJSON *windows, const struct ska_ballot *ballot,
                            const struct ska_alternative *alternative)
{
    const uint64_t *timestamp =
        ballot->token.has_timestamp ? &ballot->token.timestamp.seconds : NULL;
    cJSON *window = ska_alternative_window_to_json(alternative, timestamp, ska_ballot_now(ballot));

    return ska_json_add_item(windows, NULL, window) &&
           cJSON_AddBoolToObject(window, "possible",
                                 ska_ballot_standing(ballot, alternative).possible) != NULL;
}

bool status_print_json(const struct status *status, const struct ska_errors *errors)
{
    const struct ska_ballot *ballot = &status->ballot;
    const struct ska_rule *rule = ballot->rule;
    struct ska_responses responses;
    struct ska_span *keys = ska_ballot_responses(ballot, ska_span(NULL, 0), &responses);
    const struct ska_verdict verdict = ska_ballot_judge(ballot);
    cJSON *object = cJSON_CreateObject();
    cJSON *groups = NULL;
    cJSON *windows = NULL;
    cJSON *approvals = NULL;
    char now[32];
    bool done = object != NULL && keys != NULL &&
                cJSON_AddStringToObject(object, "requestId", status->request->id) != NULL &&
                (status->request->stated_id[0] == 0 ||
                 cJSON_AddStringToObject(object, "statedId", status->request->stated_id) != NULL) &&
                cJSON_AddStringToObject(object, "operation",
                                        ska_operation_names[status->request->operation]) != NULL &&
                cJSON_AddBoolToObject(object, "satisfied", verdict.satisfied) != NULL &&
                (status->key == NULL || text_add_told(object, "blocked", status->state.blocked)) &&
                status_add_names(object, "refused", ballot, true) &&
                cJSON_AddBoolToObject(object, "open", verdict.usable) != NULL &&
                cJSON_AddStringToObject(object, "now",
                                        ska_time_text(ska_ballot_now(ballot), now)) != NULL &&
                cJSON_AddBoolToObject(object, "nowByHsm", ballot->now_of_hsm) != NULL &&
                (groups = cJSON_AddArrayToObject(object, "groups")) != NULL &&
                (windows = cJSON_AddArrayToObject(object, "windows")) != NULL &&
                (approvals = cJSON_AddArrayToObject(object, "approvals")) != NULL;

    for (size_t i = 0; done && i < rule->alternative_count; i++)
        for (size_t j = 0; done && j < rule->alternatives[i].group_count; j++)
            done =
                ska_json_add_item(groups, NULL,
                                  ska_group_to_json(&rule->alternatives[i],
                                                    &rule->alternatives[i].groups[j], &responses));
    for (size_t i = 0; done && i < rule->alternative_count; i++)
        done = add_json_window(windows, ballot, &rule->alternatives[i]);
    done = done && add_json_approvals(status, approvals);
    free(keys);
    if (!done) {
        cJSON_Delete(object);
        object = NULL;
    }
    return text_print_json(object, errors);
}
