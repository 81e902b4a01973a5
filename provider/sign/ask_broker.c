/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/printable.h"
#include "provider/sign/ask_broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provider/backend/broker.h"
#include "provider/base/clock.h"
#include "provider/base/error_capture.h"
#include "provider/record/audit.h"
#include "provider/record/evidence.h"
#include "provider/request/meta_data.h"
#include "provider/request/signed_content.h"
#include "provider/sign/broker_ticket.h"
#include "provider/sign/broker_told.h"
#include "provider/sign/broker_words.h"
#include "provider/sign/explain.h"
#include "provider/sign/make_request.h"
#include "provider/sign/pause.h"
#include "provider/sign/progress_line.h"

/* It is asked after a second, then after twice as long each time, up to this. */
#define PAUSE_MS 1000
#define PAUSE_MOST_MS 10000

/* So often it may be EXECUTED, and the signature not there yet. */
#define RESULT_LOOKS 5

/* All that is held while waiting: a paused job may never be resumed, and then this is freed. */
struct asking {
    const struct ska_job *job; /* on the stack of ska_sign()'s caller: not for freeing */
    struct ska_current_rule current;
    struct ska_request *draft; /* what the log is told of */
    struct broker_place place;
    struct ska_broker_ticket ticket;
    struct broker_status status;
    struct ska_error_capture away; /* why the last look has told nothing */
    struct ska_progress_line line;
    size_t told;   /* approvals and refusals, when that was said last */
    int64_t until; /* ska_clock_ms() */
    int64_t pause; /* before the next look */
    unsigned int without_result;
    bool stays;   /* with the broker, as somebody may come back for it */
    bool by_hand; /* it is handed in only, to be fetched by another command */
};

static void asking_free(struct asking *asking)
{
    if (asking == NULL)
        return;
    ska_progress_line_end(&asking->line);
    broker_status_clear(&asking->status);
    ska_error_capture_clear(&asking->away);
    ska_broker_ticket_clear(&asking->ticket);
    ska_request_free(asking->draft);
    ska_current_rule_clear(&asking->current);
    free(asking);
}

static struct broker_request asked_of(const struct ska_job *job)
{
    return (struct broker_request){
        .operation = job->operation, .mechanism = &job->mechanism, .payload = job->payload};
}

static const char *name_of(const struct asking *asking)
{
    return broker_name(&asking->place);
}

static const struct ska_rule *rule_of(const struct asking *asking)
{
    return ska_current_rule_of(&asking->current);
}

/* Both ids, since approvers know it by ours, and the broker's operators by theirs. */
struct asking_name {
    char text[BROKER_ID_SIZE + 24];
};

static struct asking_name named(const struct asking *asking)
{
    struct asking_name name;

    snprintf(name.text, sizeof(name.text), "%s (%.16s)", asking->ticket.id, asking->draft->id);
    return name;
}

/* ---- Before anybody is asked ----------------------------------------------------------------- */

/* Nobody should be asked for a signature that nobody will fetch, or that may not be handed out. */
static bool check_way_back(const struct ska_job *job)
{
    if (job->timeout > 0 ||
        (job->audit_log.state_dir != NULL && ska_job_repeats(job) != SKA_CONTENT_IS_NEW))
        return true;
    if (job->audit_log.state_dir != NULL)
        return ska_fail(job->errors, SKA_R_APPROVALS_MISSING,
                        "key '%s' signs with approvals only, and what is signed has the time in "
                        "it, so the same command would ask for another approval: let it wait "
                        "(" SKA_PARAM_APPROVALS_TIMEOUT ":SECONDS), or use skatool seal",
                        backend_key_label(job->key));
    return ska_fail(
        job->errors, SKA_R_APPROVALS_MISSING,
        "key '%s' signs with approvals only, and the broker would ask for them in "
        "vain: let the signature wait (approvals-timeout, " SKA_PARAM_APPROVALS_TIMEOUT
        ":SECONDS), or set state-dir, so that the same command can continue with its request",
        backend_key_label(job->key));
}

/* Nobody is asked for what could not be recorded. */
static bool check_evidence_dir(const struct ska_job *job)
{
    int place = -1;

    if (job->evidence_dir == NULL)
        return true;
    if (!ska_evidence_dir_open(job->evidence_dir, &place, job->errors))
        return false;
    close(place);
    return true;
}

static bool make_draft(struct asking *asking)
{
    struct ska_job job = *asking->job;

    /* Documents do not go into a broker's database. */
    if (job.request_content == SKA_REQUEST_CONTENT_ALL)
        job.request_content = SKA_REQUEST_CONTENT_STRUCTURES;
    return ska_draft_make(&job, &asking->draft) &&
           (job.operation == SKA_OPERATION_SIGN
                ? ska_draft_set_rule(asking->draft, rule_of(asking), job.errors) &&
                      ska_draft_add_content(&job, asking->draft)
                : ska_draft_add_rules(asking->draft, job.key, job.errors)) &&
           ska_broker_ticket_init(&asking->ticket, job.audit_log.state_dir, asking->draft->id,
                                  job.errors);
}

static bool asking_new(const struct ska_job *job, struct ska_current_rule *current,
                       struct asking **asking)
{
    struct asking *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return ska_fail(job->errors, SKA_R_OUT_OF_MEMORY, "for a request");
    made->job = job;
    made->current = *current;
    memset(current, 0, sizeof(*current));
    made->place = broker_place_of(job->key);
    made->ticket.fd = -1;
    made->until = ska_clock_ms() + (int64_t)job->timeout * 1000;
    made->pause = PAUSE_MS;
    made->stays = job->audit_log.state_dir != NULL && ska_job_repeats(job) != SKA_CONTENT_IS_NEW;
    ska_progress_line_begin(&made->line, job->progress);
    *asking = made;
    if (!make_draft(made))
        return false;
    made->ticket.interrupted = job->interrupted;
    return true;
}

/* ---- The log --------------------------------------------------------------------------------- */

struct audit_detail {
    char text[2 * BROKER_ID_SIZE + 64];
};

static struct audit_detail detail_of(const struct asking *asking, const char *what)
{
    struct audit_detail detail;

    snprintf(detail.text, sizeof(detail.text), "%.100s%s%.63s", what,
             asking->ticket.id[0] == 0 ? "" : " ", asking->ticket.id);
    return detail;
}

static bool audit_asking(struct asking *asking, enum ska_audit_event event, const char *what)
{
    const struct audit_detail detail = detail_of(asking, what);
    const struct ska_audit_entry entry = {event, asking->draft, NULL, detail.text};
    const struct ska_job *job = asking->job;

    return ska_audit_append(&job->audit_log, job->libctx, &entry, job->errors);
}

/* Who it was is the broker's word, and names are those of the rule. */
static void add_people(const struct asking *asking, const struct broker_people *people,
                       enum ska_audit_event event, struct ska_approval *approvals,
                       struct ska_audit_entry *entries, size_t *count)
{
    for (size_t i = 0; i < people->count; i++, ++*count) {
        approvals[*count].public_key = people->list[i]; /* borrowed */
        entries[*count] = (struct ska_audit_entry){event, asking->draft, &approvals[*count],
                                                   "according to the broker"};
    }
}

/* All together, or nothing. */
static bool audit_end(struct asking *asking, const char *what)
{
    const struct ska_job *job = asking->job;
    const struct broker_status *status = &asking->status;
    const struct audit_detail detail = detail_of(asking, what);
    size_t most = status->approved.count + status->rejected.count + 2;
    struct ska_approval *approvals = calloc(most, sizeof(*approvals));
    struct ska_audit_entry *entries = calloc(most, sizeof(*entries));
    size_t count = 0;
    bool done = false;

    if (approvals == NULL || entries == NULL) {
        ska_fail(job->errors, SKA_R_OUT_OF_MEMORY, "for the audit log");
    } else {
        add_people(asking, &status->approved, SKA_AUDIT_APPROVAL, approvals, entries, &count);
        add_people(asking, &status->rejected, SKA_AUDIT_REJECTION, approvals, entries, &count);
        entries[count++] =
            (struct ska_audit_entry){SKA_AUDIT_DECISION, asking->draft, NULL, detail.text};
        if (asking->draft->evidence[0] != 0)
            entries[count++] =
                (struct ska_audit_entry){SKA_AUDIT_EVIDENCE, asking->draft, NULL, NULL};
        done = ska_audit_append_all(&job->audit_log, job->libctx, entries, count, job->errors);
    }
    free(entries);
    free(approvals);
    return done;
}

/* The intention, before it is anybody's business but ours. */
static bool audit_hand_in(struct asking *asking)
{
    return audit_asking(asking, SKA_AUDIT_REQUEST, "made, for the broker") &&
           audit_asking(asking, SKA_AUDIT_INTENT, "to be submitted to the broker");
}

/* ---- Ends ------------------------------------------------------------------------------------ */

/* What has become of a request that nobody waits for any more. */
struct fate {
    char id[BROKER_ID_SIZE]; /* which a ticket forgets */
    bool stays;              /* for the same command */
    bool withdrawn;
    const char *text; /* of what does not stay: "was withdrawn" */
};

static struct fate begin_fate(const struct asking *asking, bool stays)
{
    struct fate fate = {.stays = stays, .text = "could not be withdrawn"};

    memcpy(fate.id, asking->ticket.id, sizeof(fate.id));
    return fate;
}

/* Where the broker does not say so, those who have approved may be enough. */
static bool is_approved(const struct asking *asking)
{
    const struct ska_rule *rule = rule_of(asking);

    return asking->status.state == BROKER_APPROVED ||
           (rule != NULL && ska_broker_people_satisfy(rule, &asking->status.approved));
}

static void fail_over(struct asking *asking, const struct fate *fate)
{
    struct ska_buffer progress = {0};
    struct ska_buffer way_on = {0};
    char word[SKA_SHELL_WORD_SIZE];

    if (!fate->stays)
        ska_buffer_format(&way_on, "it %s, %s without state-dir nothing can continue with it",
                          fate->text, fate->withdrawn ? "since" : "and");
    else if (is_approved(asking))
        ska_buffer_text(&way_on,
                        "the broker has not executed it yet: run the same command again later");
    else
        ska_buffer_format(&way_on,
                          "to approve: skatool approve --approver KEY --tsb %s %s; and then the "
                          "same command again",
                          ska_shell_word(name_of(asking), word), fate->id);
    ska_broker_progress_text(rule_of(asking), &asking->status, &progress);
    ska_fail(asking->job->errors, SKA_R_APPROVALS_PENDING,
             "%.500s; key '%s', request %s (%.16s) at the broker %s; %s",
             ska_buffer_string(&progress), asking->draft->key_label, fate->id, asking->draft->id,
             name_of(asking), ska_buffer_string(&way_on));
    ska_buffer_free(&way_on);
    ska_buffer_free(&progress);
}

static void fail_interrupted_asking(const struct asking *asking, const struct fate *fate)
{
    ska_fail(asking->job->errors, SKA_R_INTERRUPTED, "request %s at the broker %s", fate->id,
             fate->stays ? "stays open; the same command continues with it" : fate->text);
}

/*
 * Whoever was to resume the job never will. With state-dir the same command comes back for what has
 * ended otherwise.
 */
static void abandon_asking(void *vasking)
{
    struct asking *asking = vasking;

    if (broker_withdraw(&asking->place, asking->ticket.id, true, NULL) == BROKER_WITHDRAWN)
        ska_broker_ticket_forget(&asking->ticket, name_of(asking));
    asking_free(asking);
}

static bool fail_ended(struct asking *asking)
{
    const struct ska_job *job = asking->job;
    const struct asking_name name = named(asking); /* which is forgotten below */
    char what[64];

    snprintf(what, sizeof(what), "%s, according to the broker,",
             ska_broker_state_word(asking->status.state));
    if (!audit_end(asking, what))
        return false;
    ska_broker_ticket_forget(&asking->ticket, name_of(asking));
    return ska_broker_fail_ended(job->key, name.text, rule_of(asking), &asking->status,
                                 job->errors);
}

/*
 * What was asked, what the broker has said, and the signature. Who has approved is its word: it
 * does not hand out what approvers have signed.
 */
static bool keep_evidence(struct asking *asking)
{
    const struct ska_job *job = asking->job;
    const struct broker_status *status = &asking->status;
    struct ska_evidence *evidence = NULL;
    struct ska_bytes told = {NULL, 0};
    bool done = false;

    /* Of a change of the key there is nothing that could be verified later. */
    if (job->evidence_dir == NULL || job->operation != SKA_OPERATION_SIGN)
        return true;
    done = ska_broker_told_make(name_of(asking), asking->ticket.id, status, &told, job->errors) &&
           ska_evidence_begin_told(job->evidence_dir, asking->draft, ska_span_of(&told), &evidence,
                                   job->errors) &&
           ska_evidence_finish(evidence, job->libctx, asking->draft,
                               ska_span(status->signature, status->signature_length), job->errors);
    ska_bytes_free(&told);
    return done;
}

/*
 * The rule was read with the key, perhaps long ago. Where those who have approved are not enough by
 * it, evidence and log are to have the one by which they were.
 */
static bool renew_rule(struct asking *asking)
{
    const struct ska_job *job = asking->job;
    struct ska_current_rule fresh = {0};

    if ((job->evidence_dir == NULL && !ska_audit_log_is_kept(&job->audit_log)) ||
        !asking->current.remembered || !asking->current.known || !asking->status.approved.told ||
        ska_broker_people_satisfy(&asking->current.rule, &asking->status.approved) ||
        !ska_current_rule_read(job->key, ska_rule_kind_of(job->operation), &fresh, NULL))
        return true;
    ska_current_rule_clear(&asking->current);
    asking->current = fresh;
    return ska_draft_set_rule(asking->draft, rule_of(asking), job->errors);
}

/* Nobody has a signature without a line in the log. */
static bool hand_out(struct asking *asking)
{
    const struct ska_job *job = asking->job;
    const struct broker_status *status = &asking->status;

    if (job->operation == SKA_OPERATION_SIGN && status->signature_length > *job->signature_length)
        return ska_fail(job->errors, SKA_R_INTERNAL, "%zu bytes for a signature of %zu",
                        *job->signature_length, status->signature_length);
    if (!renew_rule(asking) || !keep_evidence(asking) ||
        !audit_end(asking, job->operation == SKA_OPERATION_SIGN ? "done"
                                                                : "done, according to the broker,"))
        return false;
    if (job->operation == SKA_OPERATION_SIGN) {
        memcpy(job->signature, status->signature, status->signature_length);
        *job->signature_length = status->signature_length;
    }
    ska_broker_ticket_forget(&asking->ticket, name_of(asking));
    return true;
}

/* ---- Handing in ------------------------------------------------------------------------------ */

/*
 * In our own file alone it stands that a signature is part of a CMS: whoever fetches by hand is
 * told so, but for who has asked by hand.
 */
static bool write_ticket(struct asking *asking, const char *id)
{
    const struct ska_job *job = asking->job;
    struct ska_request *draft = asking->draft;
    bool done = false;

    draft->is_part = !asking->by_hand && job->operation == SKA_OPERATION_SIGN &&
                     ska_content_kind(job->content) == SKA_CONTENT_ATTRIBUTES;
    done = ska_broker_ticket_write(&asking->ticket, name_of(asking), id, draft, job->errors);
    draft->is_part = false;
    return done;
}

/* People would approve in vain. */
static bool check_not_blocked(struct asking *asking)
{
    const struct ska_job *job = asking->job;

    if (job->operation != SKA_OPERATION_SIGN || !backend_key_was_blocked(job->key) ||
        ska_check_not_blocked(job->key, job->errors))
        return true;
    (void)!audit_asking(asking, SKA_AUDIT_REFUSED, "the key is blocked; nobody was asked");
    return false;
}

static bool hand_in(struct asking *asking)
{
    const struct ska_job *job = asking->job;
    const struct broker_request asked = asked_of(job);
    struct ska_bytes meta_data = {NULL, 0};
    char id[BROKER_ID_SIZE] = "";
    bool done = check_not_blocked(asking) && audit_hand_in(asking) &&
                ska_meta_data_make(asking->draft, &meta_data, job->errors) &&
                broker_hand_in(job->key, &asked, ska_span_of(&meta_data), id, job->errors);

    ska_bytes_free(&meta_data);
    if (!done)
        return false;
    if (write_ticket(asking, id))
        return true;
    /* Nobody would find it again. */
    if (broker_withdraw(&asking->place, id, false, NULL) == BROKER_WITHDRAWN)
        (void)!audit_asking(asking, SKA_AUDIT_WITHDRAWN, "at the broker: its id could not be kept");
    return false;
}

/* What it says is taken where it says something. */
static enum broker_answer ask_where(struct asking *asking, bool brief,
                                    struct ska_error_capture *failure)
{
    const struct ska_job *job = asking->job;
    const struct ska_errors to_failure = ska_error_capture(failure);
    struct broker_request asked = asked_of(job);
    struct broker_status status;
    enum broker_answer answer = BROKER_AWAY;

    asked.brief = brief;
    answer = broker_look(job->key, asking->ticket.id, &asked, &status, &to_failure);
    /* It would be the same for ever. */
    if (answer == BROKER_WRONG && status.state == BROKER_EXECUTED) {
        (void)!audit_asking(asking, SKA_AUDIT_DECISION,
                            "failed: executed according to the broker, but not what was asked for");
        ska_broker_ticket_forget(&asking->ticket, name_of(asking));
    }
    if (answer == BROKER_TOLD) {
        broker_status_clear(&asking->status);
        asking->status = status;
    } else {
        broker_status_clear(&status);
    }
    return answer;
}

/*
 * A broker that is away comes back, so it is no failure before the time is over. False: it is;
 * asking->away says what.
 */
static bool look(struct asking *asking)
{
    enum broker_answer answer = BROKER_AWAY;

    ska_error_capture_clear(&asking->away);
    answer = ask_where(asking, false, &asking->away);
    return answer == BROKER_TOLD || (answer == BROKER_AWAY && ska_clock_ms() < asking->until);
}

static bool look_or_raise(struct asking *asking)
{
    return look(asking) || ska_error_capture_raise(&asking->away, asking->job->errors);
}

/* Whether there is, or may be, something to come back for. */
static bool is_worth_fetching(enum broker_state state)
{
    return state == BROKER_PENDING || state == BROKER_APPROVED || state == BROKER_EXECUTED;
}

/*
 * Under the lock of the ticket, so that all who want the same have one request. One that has ended
 * meanwhile, however it did, is told of before people are asked anew.
 */
static bool take_up_or_hand_in(struct asking *asking, bool *made)
{
    *made = asking->ticket.id[0] == 0;
    return *made ? hand_in(asking)
                 : look_or_raise(asking) &&
                       audit_asking(asking, SKA_AUDIT_REQUEST, "taken up again at the broker");
}

static bool begin_asking(struct asking *asking, bool *made)
{
    bool done = ska_broker_ticket_lock(&asking->ticket, name_of(asking), asking->job->errors) &&
                take_up_or_hand_in(asking, made);

    ska_broker_ticket_unlock(&asking->ticket);
    return done;
}

/* ---- Waiting --------------------------------------------------------------------------------- */

static void say_progress(struct asking *asking)
{
    size_t count = asking->status.approved.count + asking->status.rejected.count;
    struct ska_buffer text = {0};

    if (asking->line.told && count == asking->told)
        return;
    asking->told = count;
    ska_buffer_format(&text, "request %s at the broker: ", named(asking).text);
    ska_broker_progress_text(rule_of(asking), &asking->status, &text);
    ska_progress_line_say(&asking->line, ska_buffer_string(&text));
    asking->line.told = true;
    ska_buffer_free(&text);
}

/* False: the time is over, or it was interrupted (raised). */
static bool wait_for_broker(struct asking *asking, bool *interrupted)
{
    const struct ska_waiter waiter = {abandon_asking, asking, asking->job->interrupted};
    int64_t now = ska_clock_ms();
    int64_t next = now + asking->pause;

    if (now >= asking->until)
        return false;
    if (next > asking->until)
        next = asking->until;
    asking->pause = asking->pause * 2 < PAUSE_MOST_MS ? asking->pause * 2 : PAUSE_MOST_MS;
    while (ska_clock_ms() < next)
        if (ska_pause(&waiter, -1, 0, next) == SKA_PAUSE_INTERRUPTED) {
            *interrupted = true;
            return false;
        }
    return true;
}

enum ask_end { ASK_ON, ASK_SIGNED, ASK_FAILED };

static enum ask_end judge(struct asking *asking)
{
    switch (asking->status.state) {
    case BROKER_PENDING:
    case BROKER_APPROVED:
        return ASK_ON;
    case BROKER_EXECUTED:
        if (asking->status.signature_length > 0 || asking->job->operation != SKA_OPERATION_SIGN)
            return hand_out(asking) ? ASK_SIGNED : ASK_FAILED;
        if (++asking->without_result < RESULT_LOOKS)
            return ASK_ON;
        break;
    case BROKER_REJECTED:
    case BROKER_EXPIRED:
    case BROKER_CANCELLED:
    case BROKER_FAILED:
    case BROKER_GONE:
        break;
    }
    (void)!fail_ended(asking);
    return ASK_FAILED;
}

/* Executed, and no signature came: more time, or withdrawing it, would change nothing. */
static bool is_without_signature(const struct asking *asking)
{
    return asking->away.reason == 0 && asking->status.state == BROKER_EXECUTED;
}

/* Before nobody looks any more. ASK_ON: it has not ended, as far as it is *told. */
static enum ask_end look_last(struct asking *asking, bool brief, bool *told)
{
    struct ska_error_capture failure = {0};
    enum ask_end end = ASK_ON;

    *told = ask_where(asking, brief, &failure) == BROKER_TOLD;
    if (*told) {
        end = judge(asking);
    } else if (asking->ticket.id[0] == 0) {
        ska_error_capture_raise(&failure, asking->job->errors);
        end = ASK_FAILED;
    }
    ska_error_capture_clear(&failure);
    return end;
}

/* Why it cannot be is told, and changes nothing of how this ends. */
static enum broker_withdrawal withdraw(struct asking *asking, bool brief)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    enum broker_withdrawal withdrawal =
        broker_withdraw(&asking->place, asking->ticket.id, brief, &quiet);

    if (withdrawal != BROKER_WITHDRAWN)
        ska_progress_line_say(&asking->line, ska_error_capture_text(&failure));
    ska_error_capture_clear(&failure);
    return withdrawal;
}

/*
 * Nobody can come back for it. People may have approved meanwhile, before it is withdrawn and while
 * it is: then their signature is taken. ASK_ON: there is none.
 */
static enum ask_end withdraw_or_take(struct asking *asking, bool brief, struct fate *fate)
{
    bool told = false;
    enum ask_end end = look_last(asking, brief, &told);

    if (end != ASK_ON)
        return end;
    switch (withdraw(asking, brief)) {
    case BROKER_WITHDRAWN:
        (void)!audit_asking(asking, SKA_AUDIT_WITHDRAWN,
                            "by the signature that waited, at the broker");
        ska_broker_ticket_forget(&asking->ticket, name_of(asking));
        fate->withdrawn = true;
        fate->text = "was withdrawn";
        return ASK_ON;
    case BROKER_NOT_WITHDRAWN:
        return look_last(asking, brief, &told);
    case BROKER_UNCLEAR:
        fate->text = "may be open, executed or withdrawn: the broker does not say";
        break;
    }
    return ASK_ON;
}

/* Of an interrupted program nobody knows whether it is started again, but for one that promises. */
static enum ask_end give_up(struct asking *asking, bool interrupted)
{
    const bool stays = asking->stays && (!interrupted || asking->job->content_is_kept);
    struct fate fate = begin_fate(asking, stays);
    enum ask_end end = stays ? ASK_ON : withdraw_or_take(asking, interrupted, &fate);

    if (end != ASK_ON)
        return end;
    if (interrupted)
        fail_interrupted_asking(asking, &fate);
    else if (is_without_signature(asking))
        (void)!fail_ended(asking);
    else
        fail_over(asking, &fate);
    return ASK_FAILED;
}

/* The last look has failed. */
static enum ask_end give_up_failed(struct asking *asking)
{
    struct fate fate = begin_fate(asking, asking->stays);
    enum ask_end end = asking->stays || asking->ticket.id[0] == 0
                           ? ASK_ON
                           : withdraw_or_take(asking, false, &fate);

    if (end != ASK_ON)
        return end;
    ska_error_capture_raise(&asking->away, asking->job->errors);
    return ASK_FAILED;
}

static bool wait_for_end(struct asking *asking)
{
    bool interrupted = false;
    enum ask_end end = judge(asking);

    while (end == ASK_ON) {
        say_progress(asking);
        if (!wait_for_broker(asking, &interrupted))
            end = give_up(asking, interrupted);
        else if (!look(asking))
            end = give_up_failed(asking);
        else if (asking->away.reason == 0)
            end = judge(asking);
    }
    return end == ASK_SIGNED;
}

bool ska_ask_broker(const struct ska_job *job, struct ska_current_rule *current)
{
    struct asking *asking = NULL;
    bool made = false;
    bool done = check_way_back(job) && check_evidence_dir(job) &&
                asking_new(job, current, &asking) && begin_asking(asking, &made) &&
                wait_for_end(asking);

    asking_free(asking);
    return done;
}

/* ---- By hand --------------------------------------------------------------------------------- */

bool ska_hand_in_to_broker(const struct ska_job *job, struct ska_current_rule *current,
                           struct ska_handed_in *handed_in)
{
    struct asking *asking = NULL;
    bool done = (job->operation != SKA_OPERATION_SIGN || check_way_back(job)) &&
                asking_new(job, current, &asking);

    if (done) {
        asking->by_hand = true;
        done = begin_asking(asking, &handed_in->made);
    }
    if (done && !is_worth_fetching(asking->status.state))
        done = fail_ended(asking);
    if (done) {
        memcpy(handed_in->broker_id, asking->ticket.id, BROKER_ID_SIZE);
        memcpy(handed_in->request_id, asking->draft->id, sizeof(handed_in->request_id));
    }
    asking_free(asking);
    return done;
}

static bool take_up(struct asking *asking)
{
    const struct ska_job *job = asking->job;
    bool done = ska_broker_ticket_lock(&asking->ticket, name_of(asking), job->errors);

    if (done && asking->ticket.id[0] == 0)
        done = ska_fail(job->errors, SKA_R_WITHDRAWN,
                        "key '%s': state-dir has no request for this: it was fetched, or never "
                        "submitted from here",
                        backend_key_label(job->key));
    done = done && look_or_raise(asking);
    ska_broker_ticket_unlock(&asking->ticket);
    return done;
}

static void fail_pending(struct asking *asking)
{
    const struct fate fate = begin_fate(asking, true);

    if (is_without_signature(asking))
        (void)!fail_ended(asking);
    else
        fail_over(asking, &fate);
}

bool ska_fetch_from_broker(const struct ska_job *job, struct ska_current_rule *current)
{
    struct asking *asking = NULL;
    bool done = check_evidence_dir(job) && asking_new(job, current, &asking);

    if (done)
        asking->stays = true;
    done = done && take_up(asking);
    if (done) {
        enum ask_end end = judge(asking);

        if (end == ASK_ON)
            fail_pending(asking);
        done = end == ASK_SIGNED;
    }
    asking_free(asking);
    return done;
}
