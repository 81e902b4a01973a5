/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/request_place.h"

#include <pwd.h>
#include <string.h>

#include "tools/options.h"
#include "tools/show/text.h"

/* ---- One request ----------------------------------------------------------------------------- */

void listed_request_clear(struct listed_request *listed)
{
    ska_ballot_close(&listed->ballot);
    ska_request_free(listed->request);
    memset(listed, 0, sizeof(*listed));
}

static enum request_outlook find_outlook(const struct listed_request *listed)
{
    struct ska_verdict verdict;

    if (listed->ballot.rule == NULL)
        return REQUEST_OPEN;
    verdict = ska_ballot_judge(&listed->ballot);
    if (verdict.satisfied && verdict.best.usable < SKA_USABLE_OVER)
        return REQUEST_COMPLETE;
    if (verdict.nearest.alternative == NULL)
        return REQUEST_HOPELESS;
    if (verdict.nearest.possible && verdict.nearest.usable < SKA_USABLE_OVER)
        return REQUEST_OPEN;
    return listed->chance.usable >= SKA_USABLE_OVER ? REQUEST_OVER : REQUEST_HOPELESS;
}

void listed_request_judge(struct listed_request *listed)
{
    listed->chance = ska_ballot_chance(&listed->ballot, ska_span(NULL, 0));
    listed->outlook = find_outlook(listed);
    /* Where enough have approved, it is about their approvals, and not about others that may come.
     */
    if (listed->outlook == REQUEST_COMPLETE)
        listed->chance = ska_ballot_judge(&listed->ballot).best;
}

/* ---- Filters --------------------------------------------------------------------------------- */

static bool is_text(const char *text, const char *wanted)
{
    return text != NULL && strcmp(text, wanted) == 0;
}

uid_t request_user(const char *who)
{
    uint64_t number = 0;
    const struct passwd *user = NULL;

    if (who == NULL)
        return (uid_t)-1;
    if (ska_decimal_decode(who, UINT32_MAX - 1, &number))
        return (uid_t)number;
    user = getpwnam(who);
    return user == NULL ? (uid_t)-1 : user->pw_uid;
}

static bool is_by_requester(const struct request_filter *filter, const struct ska_request *request,
                            const struct request_origin *origin)
{
    const char *wanted = filter->requester;
    uid_t uid = request_user(wanted);

    if (filter->certain_requester)
        return uid != (uid_t)-1 && origin->known && origin->owner == uid && !request->is_imported;
    return (uid != (uid_t)-1 && ((origin->known && origin->owner == uid) ||
                                 (request->has_requester && request->requester_uid == uid))) ||
           is_text(request->requester_host, wanted) || is_text(request->requester_program, wanted);
}

bool request_filter_takes(const struct request_filter *filter, const struct ska_request *request,
                          const struct request_origin *origin)
{
    return (filter->key == NULL || is_text(request->key_label, filter->key)) &&
           (filter->operation == NULL ||
            is_text(text_operation(request->operation), filter->operation)) &&
           (filter->requester == NULL || is_by_requester(filter, request, origin));
}

bool request_filter_takes_age(const struct request_filter *filter, time_t arrived, time_t now)
{
    return arrived == 0 ||
           (now - arrived >= filter->least_age && now - arrived <= filter->most_age);
}

bool request_age(struct tool *tool, const char *option, const char *text, int64_t *seconds)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char number[16] = "";
    uint64_t count = 0;
    size_t length = text == NULL ? 0 : strlen(text);

    if (text == NULL)
        return true;
    if (length > 1 && length < sizeof(number)) {
        memcpy(number, text, length - 1);
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
            if (text[length - 1] == units[i].letter &&
                ska_decimal_decode(number, 1000000, &count)) {
                *seconds = (int64_t)count * units[i].seconds;
                return true;
            }
    }
    return options_wrong(tool, "--%s %s: an age is a number followed by s, m, h or d, as in 12h",
                         option, text);
}

/* ---- Places ---------------------------------------------------------------------------------- */

void request_place_close(struct request_place *place)
{
    if (place != NULL)
        place->kind->close(place);
}

struct ska_directory *request_place_directory(struct request_place *place)
{
    return place->kind->directory == NULL ? NULL : place->kind->directory(place);
}

bool request_place_visit(struct request_place *place, const struct request_filter *filter,
                         request_visit *visit, void *arg)
{
    place->unreadable = 0;
    place->passed_by = 0;
    return place->kind->visit(place, filter, visit, arg);
}

void request_place_say_none(const struct request_place *place, bool for_approver)
{
    if (place->unreadable > 0)
        return;
    if (place->passed_by > 0 && for_approver && place->kind->is_broker)
        report_message("None of the open requests in %s matches, or you have rejected them.",
                       place->name);
    else if (place->passed_by > 0 && for_approver)
        report_message("None of the open requests in %s waits for this approver: they do not list "
                       "this key, or it has already answered them.",
                       place->name);
    else if (place->passed_by > 0)
        report_message("None of the open requests in %s matches.", place->name);
    else if (for_approver && place->kind->is_broker)
        report_message("Nothing in %s waits for this approver. A broker says the same of a key "
                       "that no rule lists: if you expect a request, check that this is the right "
                       "key; if the rule names a certificate, add --cert.",
                       place->name);
    else if (for_approver)
        report_message("Nothing in %s waits for this approver.", place->name);
    else if (place->kind->keeps_results) /* a broker lists no requests to those who submit them */
        report_message("state-dir remembers no open requests at %s, and the broker was not asked.",
                       place->name);
    else
        report_message("There are no open requests in %s.", place->name);
}

bool request_place_find(struct request_place *place, const char *given,
                        char id[SKA_REQUEST_ID_LENGTH + 1])
{
    return place->kind->find(place, given, id);
}

bool request_place_read(struct request_place *place, const char *id, struct ska_request **request,
                        struct request_origin *origin)
{
    memset(origin, 0, sizeof(*origin));
    return place->kind->read(place, id, request, origin);
}

const struct own_rejections *request_place_rejections(struct request_place *place)
{
    return place->kind->rejections(place);
}

bool request_place_count(struct request_place *place, struct ska_ballot *ballot, bool quiet)
{
    return place->kind->count(place, ballot, quiet);
}

bool request_place_waits(struct request_place *place, const struct ska_ballot *ballot,
                         struct ska_span public_key)
{
    return place->kind->waits == NULL || place->kind->waits(place, ballot, public_key);
}

static bool fail_cannot(const struct request_place *place, const char *what)
{
    return ska_fail(&place->tool->errors, SKA_R_WRONG_USE, "%s: %s", place->name, what);
}

bool request_place_put(struct request_place *place, const struct ska_request *request,
                       enum ska_file_kind kind, struct ska_approval *answer, char *name)
{
    return place->kind->put == NULL
               ? fail_cannot(place, "an approver answers with their own key (--approver)")
               : place->kind->put(place, request, kind, answer, name);
}

bool request_place_broker_id(struct request_place *place, const struct ska_request *request,
                             char id[BROKER_ID_SIZE])
{
    return place->kind->broker_id != NULL && place->kind->broker_id(place, request, id);
}

bool request_place_is_open(struct request_place *place, const char *id)
{
    return place->kind->is_open == NULL || place->kind->is_open(place, id);
}

bool request_place_withdraw(struct request_place *place, const struct ska_ballot *ballot)
{
    return place->kind->withdraw == NULL
               ? fail_cannot(place, "an approver cannot withdraw what others ask for")
               : place->kind->withdraw(place, ballot);
}
