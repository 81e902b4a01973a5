/* SPDX-License-Identifier: Apache-2.0 */
/* A request of an approvals directory for machines: all that is known of it. */
#include <stdlib.h>

#include "provider/base/json.h"
#include "provider/request/algorithm.h"
#include "provider/rule/window.h"
#include "provider/sign/ballot_text.h"
#include "tools/command/requests.h"
#include "tools/command/status.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"

static const char *const usable_names[] = {[SKA_USABLE_ALWAYS] = "always",
                                           [SKA_USABLE_NOW] = "now",
                                           [SKA_USABLE_LATER] = "later",
                                           [SKA_USABLE_OVER] = "over",
                                           [SKA_USABLE_NEVER] = "never"};
static const char *const outlook_names[] = {[REQUEST_OPEN] = "open",
                                            [REQUEST_COMPLETE] = "complete",
                                            [REQUEST_HOPELESS] = "hopeless",
                                            [REQUEST_OVER] = "over"};

static bool add_untrusted(cJSON *object, const char *name, const char *text)
{
    return text == NULL || ska_json_add_untrusted(object, name, ska_span_text(text));
}

/* ---- What is asked for ----------------------------------------------------------------------- */

static bool add_digest(cJSON *object, const struct ska_request *request)
{
    cJSON *digest = NULL;

    if (request->digest == SKA_DIGEST_NONE)
        return true;
    digest = cJSON_AddObjectToObject(object, "digest");
    return digest != NULL &&
           ska_json_add_text(digest, "algorithm", ska_digest_name(request->digest)) &&
           ska_json_add_hex(digest, "value", ska_span_of(&request->digest_value));
}

static bool add_requester(cJSON *object, const struct ska_request *request)
{
    cJSON *requester = NULL;

    if (!request->has_requester)
        return true;
    requester = cJSON_AddObjectToObject(object, "requester");
    return requester != NULL &&
           cJSON_AddNumberToObject(requester, "uid", (double)request->requester_uid) != NULL &&
           add_untrusted(requester, "host", request->requester_host) &&
           add_untrusted(requester, "program", request->requester_program);
}

static bool add_importer(cJSON *object, const struct ska_request *request)
{
    return !request->is_imported ||
           cJSON_AddNumberToObject(object, "importer", (double)request->importer_uid) != NULL;
}

/* Of what cannot be shown: what it is, as the broker says, and why. */
static bool add_operation(cJSON *object, const struct ska_request *request)
{
    if (request->unshown == NULL)
        return ska_json_add_text(object, "operation", ska_operation_names[request->operation]);
    return (request->key_label == NULL ||
            ska_json_add_text(object, "operation", ska_operation_names[request->operation])) &&
           ska_json_add_text(object, "kind",
                             request->unshown_kind == NULL ? NULL : request_what(request)) &&
           add_untrusted(object, "cannotBeShown", request->unshown);
}

static bool add_asked(cJSON *object, const struct listed_request *listed)
{
    const struct ska_request *request = listed->request;
    char arrived[32];

    return ska_json_add_text(object, "requestId", request->id) &&
           (request->stated_id[0] == 0 ||
            ska_json_add_text(object, "statedId", request->stated_id)) &&
           (request->attempt == 0 ||
            cJSON_AddNumberToObject(object, "attempt", (double)request->attempt) != NULL) &&
           add_operation(object, request) && add_untrusted(object, "label", request->key_label) &&
           add_untrusted(object, "token", request->token_label) &&
           (request->operation != SKA_OPERATION_SIGN ||
            ska_json_add_text(object, "signatureAlgorithm",
                              ska_algorithm_name(&request->mechanism))) &&
           add_digest(object, request) &&
           add_untrusted(object, "description", request->description) &&
           add_requester(object, request) && add_importer(object, request) &&
           (!listed->origin.known ||
            cJSON_AddNumberToObject(object, "owner", (double)listed->origin.owner) != NULL) &&
           ska_json_add_text(object, "created", request->created) &&
           (listed->arrived == 0 ||
            ska_json_add_text(object, "arrived",
                              ska_time_text((uint64_t)listed->arrived, arrived))) &&
           ska_json_add_text(object, "notBefore", request->not_before) &&
           ska_json_add_text(object, "notAfter", request->not_after);
}

/* ---- How far it is --------------------------------------------------------------------------- */

static bool add_window(cJSON *object, const struct ska_standing *standing)
{
    const struct ska_window *window = &standing->window;
    char time[32];

    return ska_json_add_text(object, "usable", usable_names[standing->usable]) &&
           (window->opens == 0 ||
            ska_json_add_text(object, "opens", ska_time_text(window->opens, time))) &&
           (window->closes == UINT64_MAX ||
            ska_json_add_text(object, "closes", ska_time_text(window->closes, time)));
}

static bool add_alternative(cJSON *array, const struct ska_ballot *ballot,
                            const struct ska_alternative *alternative,
                            const struct ska_responses *responses)
{
    struct ska_standing standing = ska_ballot_standing(ballot, alternative);
    cJSON *object = cJSON_CreateObject();
    cJSON *groups = NULL;
    bool done = ska_json_add_item(array, NULL, object) &&
                ska_json_add_untrusted(object, "name", ska_span_of(&alternative->name)) &&
                cJSON_AddBoolToObject(object, "satisfied", standing.missing == 0) != NULL &&
                cJSON_AddBoolToObject(object, "possible", standing.possible) != NULL &&
                add_window(object, &standing) &&
                (groups = cJSON_AddArrayToObject(object, "groups")) != NULL;

    for (size_t i = 0; done && i < alternative->group_count; i++)
        done = ska_json_add_item(
            groups, NULL, ska_group_to_json(alternative, &alternative->groups[i], responses));
    return done;
}

static bool add_alternatives(cJSON *object, const struct ska_ballot *ballot)
{
    struct ska_responses responses;
    struct ska_span *keys = ska_ballot_responses(ballot, ska_span(NULL, 0), &responses);
    cJSON *array = keys == NULL ? NULL : cJSON_AddArrayToObject(object, "alternatives");
    bool done = array != NULL;

    for (size_t i = 0; done && ballot->rule != NULL && i < ballot->rule->alternative_count; i++)
        done = add_alternative(array, ballot, &ballot->rule->alternatives[i], &responses);
    free(keys);
    return done;
}

/* Why those who have refused did so, as far as they say. */
static bool add_reasons(cJSON *object, const struct ska_ballot *ballot)
{
    cJSON *array = cJSON_AddArrayToObject(object, "reasons");
    bool done = array != NULL;

    for (size_t i = 0; done && i < ballot->refusal_count; i++) {
        const struct ska_approval *refusal = &ballot->refusals[i];
        cJSON *item = NULL;
        char *shown = NULL;

        if (refusal->reason == NULL ||
            !ska_ballot_has_refused(ballot, ska_span_of(&refusal->public_key)))
            continue;
        item = cJSON_CreateObject();
        shown = ska_approver_shown(ballot->rule, refusal);
        done = ska_json_add_item(array, NULL, item) && shown != NULL &&
               ska_json_add_text(item, "approver", shown) &&
               add_untrusted(item, "reason", refusal->reason);
        free(shown);
    }
    return done;
}

static bool add_answers(cJSON *object, const struct listed_request *listed)
{
    const struct ska_ballot *ballot = &listed->ballot;
    struct ska_buffer needed = {0};
    bool done = false;

    ska_ballot_needed_text(ballot, &needed);
    done = !needed.failed && status_add_names(object, "approved", ballot, false) &&
           status_add_names(object, "refused", ballot, true) && add_reasons(object, ballot) &&
           cJSON_AddBoolToObject(object, "satisfied", ska_ballot_judge(ballot).satisfied) != NULL &&
           ska_json_add_text(object, "needed", ska_buffer_string(&needed)) &&
           (ballot->rule == NULL || add_window(object, &listed->chance)) &&
           add_alternatives(object, ballot);
    ska_buffer_free(&needed);
    return done;
}

static bool add_state(cJSON *object, const struct listed_request *listed)
{
    return ska_json_add_text(object, "state", outlook_names[listed->outlook]) &&
           ska_json_add_text(object, "atBroker", listed->word) &&
           (listed->awaited == SKA_AWAITED_UNKNOWN
                ? cJSON_AddNullToObject(object, "waits")
                : cJSON_AddBoolToObject(object, "waits", listed->awaited == SKA_AWAITED_YES)) !=
               NULL &&
           (listed->answers_hidden || add_answers(object, listed));
}

static bool add_document(cJSON *object, const struct document *document)
{
    cJSON *file = document == NULL ? NULL : cJSON_AddObjectToObject(object, "document");

    return document == NULL || (file != NULL && add_untrusted(file, "file", document->path) &&
                                ska_json_add_text(file, "form", document->form));
}

cJSON *requests_object(const struct listed_request *listed, const struct document *document)
{
    cJSON *object = cJSON_CreateObject();

    if (object != NULL && add_asked(object, listed) && add_document(object, document) &&
        add_state(object, listed))
        return object;
    cJSON_Delete(object);
    return NULL;
}
