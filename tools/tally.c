/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tally.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "provider/base/json.h"
#include "provider/rule/quorum.h"
#include "provider/request/refusal.h"
#include "provider/base/file.h"
#include "tools/approver.h"

/* Of one owner, all requests together. */
#define FILES_MOST 5000
#define BYTES_MOST ((size_t)64 * 1024 * 1024)
#define WRONG_MOST 500

struct tally_allowance *tally_allowance(struct tally_budget *budget, uid_t owner)
{
    struct tally_allowance *allowance = budget->owners;

    for (size_t i = 0; i < budget->count; i++, allowance++)
        if (allowance->owner == owner)
            return allowance;
    if (budget->count == TALLY_OWNERS) {
        budget->exhausted = true;
        return NULL;
    }
    budget->count++;
    *allowance = (struct tally_allowance){owner, FILES_MOST, BYTES_MOST, WRONG_MOST, 0};
    return allowance;
}

/* What is collected for one request. */
struct collecting {
    OSSL_LIB_CTX *libctx;
    const struct tally_source *source;
    struct ska_request *request;
    struct tally *tally;
    struct tally_allowance *allowance; /* of the owner of the file that is looked at */
};

static bool holds_key(const struct ska_approval *approvals, size_t count, struct ska_span key)
{
    for (size_t i = 0; i < count; i++)
        if (ska_span_equal(ska_span_of(&approvals[i].public_key), key))
            return true;
    return false;
}

static bool holds_verified(const struct ska_request *request, struct ska_span key)
{
    for (size_t i = 0; i < request->approval_count; i++)
        if (request->approvals[i].verified &&
            ska_span_equal(ska_span_of(&request->approvals[i].public_key), key))
            return true;
    return false;
}

static void warn(const struct collecting *collecting, const char *name,
                 const struct ska_approval *approval, const char *what)
{
    char *who = ska_approver_shown(collecting->tally->rule, approval);

    ska_fail(collecting->source->warnings, SKA_R_APPROVAL_INVALID, "%s: %s %s", name,
             who == NULL ? "an approver" : who, what);
    free(who);
}

/* Strangers are not even verified. */
static bool is_listed(const struct collecting *collecting, const char *name,
                      const struct ska_approval *approval)
{
    if (collecting->tally->rule == NULL ||
        ska_rule_find_approver(collecting->tally->rule, ska_span_of(&approval->public_key)) != NULL)
        return true;
    warn(collecting, name, approval, "is not an approver of this request");
    return false;
}

static void take_approval(const struct collecting *collecting, const char *name,
                          struct ska_approval *approval)
{
    struct ska_request *request = collecting->request;

    if (!is_listed(collecting, name, approval) || collecting->allowance->wrong == 0 ||
        holds_verified(request, ska_span_of(&approval->public_key)))
        return;
    approval->verified =
        ska_approval_verify(collecting->libctx, approval, ska_span_of(&request->approval_token));
    if (approval->verified) {
        (void)!ska_request_add_approval(request, approval, collecting->source->warnings);
        return;
    }
    collecting->allowance->wrong--;
    warn(collecting, name, approval,
         "has no valid signature over this request there (changed, or made for another)");
}

static void take_refusal(const struct collecting *collecting, const char *name,
                         struct ska_approval *refusal)
{
    struct tally *tally = collecting->tally;
    struct ska_approval *grown = NULL;

    if (!is_listed(collecting, name, refusal) || collecting->allowance->wrong == 0 ||
        tally->refusal_count == SKA_APPROVALS_LIMIT ||
        holds_key(tally->refusals, tally->refusal_count, ska_span_of(&refusal->public_key)))
        return;
    if (!ska_refusal_verify(collecting->libctx, refusal,
                            ska_span_of(&collecting->request->approval_token))) {
        collecting->allowance->wrong--;
        warn(collecting, name, refusal,
             "has not signed a refusal of this request; it may be of an earlier one");
        return;
    }
    grown = reallocarray(tally->refusals, tally->refusal_count + 1, sizeof(*grown));
    if (grown == NULL)
        return;
    tally->refusals = grown;
    grown[tally->refusal_count++] = *refusal;
    memset(refusal, 0, sizeof(*refusal));
}

/* Whose file it is, if it may still be looked at; else NULL. */
static struct tally_allowance *afford(const struct tally_source *source, const char *name)
{
    struct tally_allowance *allowance = NULL;
    struct stat status;
    size_t size = 0;

    if (fstatat(source->mailbox->fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return NULL; /* it has gone meanwhile */
    if (S_ISREG(status.st_mode) && (size_t)status.st_size <= SKA_JSON_LIMIT)
        size = (size_t)status.st_size;
    allowance = tally_allowance(source->budget, status.st_uid);
    if (allowance == NULL)
        return NULL;
    if (allowance->files == 0 || allowance->bytes < size || allowance->wrong == 0) {
        source->budget->exhausted = true;
        return NULL;
    }
    allowance->files--;
    allowance->bytes -= size;
    return allowance;
}

static void collect_file(const struct collecting *collecting, const char *name)
{
    const struct tally_source *source = collecting->source;
    bool refusal = mailbox_kind_of(name) == MAILBOX_REFUSAL;
    char *shown = ska_printable(ska_span_text(name), 255);
    struct ska_bytes text = {NULL, 0};
    struct ska_approval *approvals = NULL;
    size_t count = 0;

    if (shown != NULL &&
        ska_file_read_at(source->mailbox->fd, name, shown, SKA_JSON_LIMIT, &text,
                         source->warnings) &&
        ska_approvals_parse(ska_span_of(&text), shown,
                            ska_span_of(&collecting->request->approval_token), &approvals, &count,
                            source->warnings))
        for (size_t i = 0; i < count; i++) {
            if (refusal)
                take_refusal(collecting, shown, &approvals[i]);
            else
                take_approval(collecting, shown, &approvals[i]);
        }
    ska_approvals_free(approvals, count);
    ska_bytes_free(&text);
    free(shown);
}

static void collect(struct collecting *collecting)
{
    const struct tally_source *source = collecting->source;
    size_t first = 0;
    size_t end = 0;

    mailbox_names_of(source->names, collecting->request->id, &first, &end);
    for (size_t i = first; i < end; i++) {
        const char *name = source->names->names[i];
        enum mailbox_kind kind = mailbox_kind_of(name);

        if (kind == MAILBOX_REQUEST || (kind == MAILBOX_APPROVAL && !source->approvals))
            continue;
        collecting->allowance = afford(source, name);
        if (collecting->allowance != NULL)
            collect_file(collecting, name);
    }
}

/* Who has approved has not refused, whichever came first. */
static void drop_outweighed(struct tally *tally)
{
    for (size_t i = 0; i < tally->refusal_count;) {
        struct ska_approval *refusal = &tally->refusals[i];

        if (!tally_has_approved(tally, ska_span_of(&refusal->public_key))) {
            i++;
            continue;
        }
        approval_clear(refusal);
        memmove(refusal, refusal + 1, (tally->refusal_count - i - 1) * sizeof(*refusal));
        tally->refusal_count--;
    }
}

bool tally_find(OSSL_LIB_CTX *libctx, struct ska_request *request, const struct ska_rule *rule,
                const struct tally_source *source, struct tally *tally,
                const struct ska_errors *errors)
{
    struct collecting collecting = {libctx, source, request, tally, NULL};

    memset(tally, 0, sizeof(*tally));
    tally->rule = rule;
    tally->request = request;
    if (source != NULL)
        collect(&collecting);
    if (!ska_progress_find(libctx, rule, ska_span_of(&request->approval_token), request->approvals,
                           request->approval_count, &tally->progress, errors)) {
        tally_clear(tally);
        return false;
    }
    drop_outweighed(tally);
    return true;
}

void tally_clear(struct tally *tally)
{
    ska_progress_clear(&tally->progress);
    ska_approvals_free(tally->refusals, tally->refusal_count);
    memset(tally, 0, sizeof(*tally));
}

bool tally_has_approved(const struct tally *tally, struct ska_span public_key)
{
    for (size_t i = 0; i < tally->progress.key_count; i++)
        if (ska_span_equal(tally->progress.keys[i], public_key))
            return true;
    return false;
}

bool tally_has_refused(const struct tally *tally, struct ska_span public_key)
{
    return holds_key(tally->refusals, tally->refusal_count, public_key);
}

bool tally_with(const struct tally *tally, struct ska_span public_key, struct tally *after)
{
    struct ska_progress *progress = &after->progress;
    size_t count = tally->progress.key_count;

    *after = *tally;
    progress->keys = calloc(count + 1, sizeof(*progress->keys));
    if (progress->keys == NULL)
        return false;
    if (count > 0)
        memcpy(progress->keys, tally->progress.keys, count * sizeof(*progress->keys));
    progress->keys[progress->key_count++] = public_key;
    progress->satisfied =
        tally->rule != NULL && ska_rule_satisfied(tally->rule, progress->keys, progress->key_count);
    return true;
}

void tally_with_clear(struct tally *after)
{
    free(after->progress.keys);
    memset(after, 0, sizeof(*after));
}

/* By those who have not refused; who has approved is none of them. */
static bool can_be_satisfied(const struct tally *tally, const struct ska_group *group)
{
    size_t open = 0;

    for (size_t i = 0; i < group->approver_count; i++)
        open += ska_group_is_first(group, i) &&
                !tally_has_refused(tally, ska_span_of(&group->approvers[i].public_key));
    return open >= group->quorum;
}

bool tally_is_hopeless(const struct tally *tally)
{
    if (tally->rule == NULL || tally->refusal_count == 0)
        return false;
    for (size_t i = 0; i < tally->rule->alternative_count; i++) {
        const struct ska_alternative *alternative = &tally->rule->alternatives[i];
        bool possible = true;

        for (size_t j = 0; possible && j < alternative->group_count; j++)
            possible = can_be_satisfied(tally, &alternative->groups[j]);
        if (possible)
            return false;
    }
    return true;
}

static bool group_lists(const struct ska_group *group, struct ska_span public_key)
{
    for (size_t i = 0; i < group->approver_count; i++)
        if (ska_span_equal(ska_span_of(&group->approvers[i].public_key), public_key))
            return true;
    return false;
}

bool tally_waits_for(const struct tally *tally, struct ska_span public_key)
{
    const struct ska_progress *progress = &tally->progress;

    if (tally->rule == NULL || progress->satisfied || tally_has_approved(tally, public_key) ||
        tally_has_refused(tally, public_key))
        return false;
    for (size_t i = 0; i < tally->rule->alternative_count; i++)
        for (size_t j = 0; j < tally->rule->alternatives[i].group_count; j++) {
            const struct ska_group *group = &tally->rule->alternatives[i].groups[j];

            if (group_lists(group, public_key) &&
                !ska_group_satisfied(group, progress->keys, progress->key_count))
                return true;
        }
    return false;
}
