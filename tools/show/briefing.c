/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/briefing.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provider/base/printable.h"
#include "provider/request/algorithm.h"
#include "provider/sign/ballot_text.h"
#include "provider/rule/rule_text.h"
#include "tools/show/briefing_names.h"
#include "tools/show/briefing_subject.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"

/* So much of a description is shown: nothing protects it, and it must not push the rest away. */
#define DESCRIPTION_LIMIT 1000
#define DESCRIPTION_IN_SHORT 200
/* So many approvers are named where it is not about them. */
#define NAMED_MOST 20

/* ---- What and with which key ----------------------------------------------------------------- */

void briefing_head(const struct briefing *briefing, const char *lead, struct page *page)
{
    page_heading(page, "%s: request %.16s, key %s", lead, request_shown_id(briefing->request),
                 page_name(page, briefing->ballot->token.key_name));
}

static void say_title(const struct briefing *briefing, struct page *page)
{
    static const char *const titles[] = {
        [SKA_OPERATION_SIGN] = "a SIGNATURE",
        [SKA_OPERATION_BLOCK] = "that a key is BLOCKED",
        [SKA_OPERATION_UNBLOCK] = "that a key is UNBLOCKED",
        [SKA_OPERATION_MODIFY] = "a CHANGE OF THE RULES of a key",
    };

    page_heading(page, "You are %s %s.",
                 briefing->refusing ? "about to REJECT" : "asked to approve",
                 titles[briefing->request->operation]);
}

static bool is_rejected_now(const struct briefing *briefing)
{
    return briefing->listed != NULL &&
           ska_ballot_has_refused(briefing->ballot, ska_span_of(&briefing->listed->public_key));
}

/* He may think better of it; nobody should approve by mistake what was answered already. */
static void warn_of_own_rejection(const struct briefing *briefing, struct page *page)
{
    struct ska_buffer time = {0};

    if (briefing->unread != NULL && !briefing->refusing)
        page_warning(page, "%s.", briefing->unread);
    if (briefing->rejected == NULL || briefing->refusing || is_rejected_now(briefing))
        return;
    text_stated_time(&time, briefing->rejected);
    page_warning(page, "YOU have rejected the same before, at %s (skatool history).",
                 page_words(page, &time));
}

static enum briefing_comparison comparison_of(const struct briefing *briefing)
{
    if (briefing->refusing)
        return BRIEFING_NEVER;
    return briefing->lead != NULL ? BRIEFING_BY_FOLDER : BRIEFING_BY_FILE;
}

static void say_act(const struct briefing *briefing, struct page *page)
{
    switch (briefing->request->operation) {
    case SKA_OPERATION_SIGN:
        briefing_subject(briefing->libctx, briefing->request, &briefing->ballot->token,
                         briefing->document, comparison_of(briefing), page);
        if (briefing->searched != NULL)
            page_warning(page, "none of the files in %s is what would be signed.",
                         page_name(page, ska_span_text(briefing->searched)));
        break;
    case SKA_OPERATION_BLOCK:
        page_heading(page, "What will happen");
        page_paragraph(page, "The key stops signing, until it is unblocked. Nothing is signed.");
        break;
    case SKA_OPERATION_UNBLOCK:
        page_heading(page, "What will happen");
        page_paragraph(page, "The key can sign again, with the approvals that its rule asks for. "
                             "Approvals from before it was blocked count again too.");
        break;
    case SKA_OPERATION_MODIFY:
        briefing_change(briefing->libctx, briefing->request, &briefing->witness,
                        !briefing->refusing, page);
        break;
    }
}

static void say_key(const struct briefing *briefing, struct page *page)
{
    struct ska_span name = briefing->ballot->token.key_name;

    page_heading(page, briefing->request->operation == SKA_OPERATION_SIGN ? "With which key"
                                                                          : "Which key");
    if (name.length == 0) {
        page_warning(page, "no key is named: the approval would hold for ANY key whose rule lists "
                           "you.");
        return;
    }
    page_paragraph(page, "The key has this name. Is it the key that you expect here?");
    page_quote(page, name, name.length);
    briefing_warn_of_name("the name of the key", name, page);
    if (briefing->request->token_label == NULL)
        return;
    page_paragraph(page, "They say it is in the partition %s of the device that holds the keys.",
                   page_name(page, ska_span_text(briefing->request->token_label)));
}

/* ---- Who asks -------------------------------------------------------------------------------- */

static void say_requester(const struct briefing *briefing, struct page *page)
{
    const struct ska_request *request = briefing->request;
    struct ska_buffer text = {0};

    if (request->has_requester)
        ska_buffer_format(&text, "User number %" PRIu64, request->requester_uid);
    else
        ska_buffer_text(&text, "Somebody who is not named");
    if (request->requester_host != NULL) {
        ska_buffer_text(&text, " on the computer ");
        ska_buffer_name(&text, ska_span_text(request->requester_host));
    }
    if (request->requester_program != NULL) {
        ska_buffer_text(&text, ", with the program ");
        ska_buffer_name(&text, ska_span_text(request->requester_program));
    }
    if (request->created != NULL) {
        ska_buffer_text(&text, ", at ");
        text_stated_time(&text, request->created);
    }
    page_paragraph(page, "%s.", page_words(page, &text));
}

static void say_owner(const struct briefing *briefing, struct page *page)
{
    const struct passwd *user = NULL;
    struct ska_buffer who = {0};

    if (briefing->broker != NULL)
        page_paragraph(page, "It came from the broker %s, which does not say who asked there.",
                       page_name(page, ska_span_text(briefing->broker)));
    if (briefing->owner == NULL)
        return;
    if (briefing->owner_remote) {
        page_paragraph(page,
                       "Who has put it into the directory is not known here: the directory is "
                       "another computer's, where user number %lu may be anybody.",
                       (unsigned long)*briefing->owner);
        return;
    }
    user = getpwuid(*briefing->owner);
    if (user != NULL)
        ska_buffer_format(&who, "user %s (number %lu)",
                          page_name(page, ska_span_text(user->pw_name)),
                          (unsigned long)*briefing->owner);
    else
        ska_buffer_format(&who, "user number %lu", (unsigned long)*briefing->owner);
    /* As in a folder that came by mail and was unpacked here. */
    if (*briefing->owner == geteuid())
        page_paragraph(
            page,
            "What this computer can confirm: its %s, that is you, has put it into the directory. "
            "If somebody has sent it to you, this computer does not know who.",
            page_words(page, &who));
    else
        page_paragraph(page,
                       "What this computer can confirm: its %s has put it into the directory.",
                       page_words(page, &who));
}

/* Its owner's own words are only those that nobody has handed in. */
static void warn_of_import(const struct ska_request *request, struct page *page)
{
    if (request->is_imported)
        page_warning(page,
                     "user number %" PRIu64 " took this request from a file that came from "
                     "elsewhere (skatool import): none of its words need be theirs. Ask them who "
                     "sent it.",
                     request->importer_uid);
}

static void say_who_asks(const struct briefing *briefing, struct page *page)
{
    struct ska_span description = ska_span_text(briefing->request->description);

    page_heading(page, "Who asks, and what for (NOT CONFIRMED: anybody can write this)");
    say_requester(briefing, page);
    if (briefing->request->words_fault != NULL)
        page_warning(page, "what they say is not as it should be: %s.",
                     page_quoted_name(page, ska_span_text(briefing->request->words_fault)));
    if (description.length == 0) {
        page_paragraph(page, "They do not say what it is for.");
    } else {
        page_paragraph(page, "They say it is for:");
        page_quote(page, description, DESCRIPTION_LIMIT);
        briefing_warn_of_words("what they say", description, page);
    }
    say_owner(briefing, page);
    warn_of_import(briefing->request, page);
}

/* ---- How long, and what else ----------------------------------------------------------------- */

static void say_usable(const struct briefing *briefing, struct page *page)
{
    const struct ska_standing *chance = &briefing->chance;
    char opens[TEXT_TIME_SIZE];
    char closes[TEXT_TIME_SIZE];
    bool ends = chance->window.closes != UINT64_MAX;

    text_time(chance->window.opens, opens);
    text_time(chance->window.closes, closes);
    switch (chance->usable) {
    case SKA_USABLE_ALWAYS:
        page_paragraph(page, "It NEVER EXPIRES: it can be used at any time, years from now too, "
                             "and as often as they like.");
        break;
    case SKA_USABLE_NOW:
        page_paragraph(page, "%s%s, as often as they like.",
                       ends ? "Until " : "It NEVER EXPIRES and can be used", ends ? closes : "");
        break;
    case SKA_USABLE_LATER:
        page_warning(page,
                     "it cannot be used yet, only from %s %s%s, and then as often as they like.",
                     opens, ends ? "until " : "on; and it NEVER EXPIRES", ends ? closes : "");
        break;
    case SKA_USABLE_OVER:
        page_warning(page, "too late: it could be used from %s until %s only.", opens, closes);
        break;
    case SKA_USABLE_NEVER:
        page_warning(page, "it could never be used: the rule has a time limit, and the request "
                           "contains no time of the device.");
        break;
    }
}

static void say_how_long(const struct briefing *briefing, struct page *page)
{
    char time[TEXT_TIME_SIZE];

    page_heading(page, "How long your approval can be used");
    if (briefing->broker != NULL)
        page_paragraph(page, "The broker does not say. It may never expire.");
    else if (briefing->ballot->rule == NULL)
        page_paragraph(page, "The request does not say. It may never expire.");
    else
        say_usable(briefing, page);
    page_paragraph(page, "You cannot take it back.");
    if (briefing->ballot->token.has_timestamp)
        page_paragraph(page, "(The HSM's time in the request is %s; %s.)",
                       text_time(briefing->ballot->token.timestamp.seconds, time),
                       briefing->broker != NULL
                           ? "if the key's rule has limits, they count from then"
                           : "the limits are those that the requester states");
}

/* Whether this message, in the wrong hands, could be taken for the digest of a document. */
static void say_cut(const struct briefing *briefing, struct page *page)
{
    const struct ska_request *request = briefing->request;
    struct ska_span message = ska_span_of(&request->payload);

    if (request_key_type(briefing->libctx, request, SKA_KEY_EC) == SKA_KEY_EC)
        page_item(page, "Some devices can be made to take only the beginning of a text, as if it "
                        "were the fingerprint of another document. If this one begins with "
                        "characters that make no sense, do not approve it.");
    /* Only the request says that the key is of a kind that signs messages; the token does not. */
    else if (ska_payload_looks_like_digest(SKA_KEY_EC, message))
        page_warning(page, "with a key of another kind (RSA or EC) of this name, this is the "
                           "fingerprint of a document.");
}

static void say_what_else(const struct briefing *briefing, struct page *page)
{
    const struct ska_request *request = briefing->request;
    bool message = request->mechanism.form == SKA_PAYLOAD_MESSAGE;

    page_heading(page, "What else your approval allows");
    switch (request->operation) {
    case SKA_OPERATION_SIGN:
        page_item(page,
                  "It is for this %s, not for a purpose: with it the key can sign the same "
                  "again, in any form of signature, for whatever they need it.",
                  message ? "text" : "fingerprint");
        if (message)
            say_cut(briefing, page);
        break;
    case SKA_OPERATION_BLOCK:
        page_item(page, "With it the key can be blocked again after it was unblocked.");
        break;
    case SKA_OPERATION_UNBLOCK:
        page_item(page, "With it the key can be unblocked again, also when it was blocked for "
                        "another reason later.");
        break;
    case SKA_OPERATION_MODIFY:
        page_item(page, "With it these rules can be given to the key again, also when it has "
                        "others by then.");
        break;
    }
    page_item(page, "The device that holds the keys knows the key only by its name. If another key "
                    "gets this name, the approval is valid for that one.");
}

/* ---- Who else -------------------------------------------------------------------------------- */

/* Who has said what so far. */
static void say_so_far(const struct briefing *briefing, struct page *page)
{
    struct ska_buffer approved = {0};
    struct ska_buffer refused = {0};
    struct ska_span me = {NULL, 0};

    ska_ballot_approved_text(briefing->ballot, &approved);
    if (approved.length == 0)
        ska_buffer_text(&approved, "nobody");
    page_paragraph(page, "So far approved by: %s.", page_words(page, &approved));
    if (briefing->listed != NULL)
        me = ska_span_of(&briefing->listed->public_key);
    ska_ballot_others_refused_text(briefing->ballot, me, &refused);
    if (refused.length > 0 || refused.failed)
        page_warning(page, "REJECTED by: %s.", page_words(page, &refused));
    if (is_rejected_now(briefing))
        page_warning(page, "you have REJECTED it yourself%s.",
                     briefing->refusing ? "" : ". If you approve it now, that counts instead");
}

static void say_after(const struct briefing *briefing, const char *me, struct page *page)
{
    struct ska_buffer needed = {0};

    ska_ballot_needed_after_text(briefing->ballot, ska_span_of(&briefing->listed->public_key),
                                 &needed);
    if (needed.length == 0)
        ska_buffer_text(&needed, "nobody");
    page_paragraph(page, "You approve as %s. Still needed after you: %s.", me,
                   page_words(page, &needed));
}

static void say_who_else(const struct briefing *briefing, struct page *page)
{
    const struct ska_rule *rule = briefing->ballot->rule;
    struct ska_buffer words = {0};
    struct ska_buffer me = {0};

    if (briefing->broker != NULL) {
        page_heading(page, "Who must approve");
        page_paragraph(page, "The broker asks you for it. Who else has to approve, and who has "
                             "approved or rejected it, it does not say to approvers.");
        return;
    }
    page_heading(page, "Who must approve (as the requester says)");
    if (rule == NULL) {
        page_paragraph(page, "They do not say who may approve; whether yours counts is not known.");
        say_so_far(briefing, page);
        return;
    }
    ska_rule_text(rule, NAMED_MOST, &words);
    page_paragraph(page, "Rule: %s.", page_words(page, &words));
    briefing_warn_of_titles(rule, page);
    briefing_warn_of_approvers(rule, page);
    say_so_far(briefing, page);
    ska_approver_text(rule, briefing->listed, &me);
    if (briefing->refusing)
        page_paragraph(page, "You reject it as %s.", page_words(page, &me));
    else
        say_after(briefing, page_words(page, &me), page);
}

/* ---- For technicians, and in short ----------------------------------------------------------- */

static void say_technical(const struct briefing *briefing, struct page *page)
{
    const struct ska_request *request = briefing->request;
    char sha256[NAMED_KEY_HASH_SIZE];

    page_heading(page, "For technicians%s",
                 briefing->broker == NULL ? " (skatool inspect shows everything)" : "");
    page_row(page, "request", request_shown_id(request));
    if (request->stated_id[0] != 0)
        page_row(page, "broker's task", request->id);
    if (request->operation == SKA_OPERATION_SIGN) {
        page_row(page, "algorithm", ska_algorithm_name(&request->mechanism));
        page_row(page, "digest", ska_digest_name(request->digest));
    }
    if (request->public_key.length == 0)
        page_row(page, "key SHA-256", "not known");
    else if (named_key_hash(briefing->libctx, ska_span_of(&request->public_key), sha256))
        page_row(page, "key SHA-256", sha256);
    else
        page_fail(page);
}

/* What would happen, in one sentence. */
static void say_act_in_short(const struct briefing *briefing, struct page *page)
{
    static const char *const acts[] = {
        [SKA_OPERATION_SIGN] = "would sign",
        [SKA_OPERATION_BLOCK] = "would be blocked",
        [SKA_OPERATION_UNBLOCK] = "would be unblocked",
        [SKA_OPERATION_MODIFY] = "would get other rules",
    };
    const struct ska_request *request = briefing->request;
    bool sign = request->operation == SKA_OPERATION_SIGN;

    page_paragraph(
        page, "The key %s %s%s%s%s%s.", page_name(page, briefing->ballot->token.key_name),
        acts[request->operation], sign ? " " : "",
        sign ? briefing_subject_in_short(request, briefing->document) : "",
        briefing->document == NULL ? "" : ", ",
        briefing->document == NULL ? "" : page_name(page, ska_span_text(briefing->document->path)));
}

/* Of one of many, no is not an answer: n leaves it, r rejects it. */
static void say_if_unexpected(const struct briefing *briefing, struct page *page)
{
    if (briefing->lead == NULL)
        page_paragraph(page, "If any of this is not what you expect, answer no. That breaks "
                             "nothing; you can approve later.");
    else if (briefing->broker == NULL)
        page_paragraph(page, "If any of this is not what you expect, do not approve it: n leaves "
                             "it unanswered, r rejects it. You can still approve it later.");
    else
        page_paragraph(page, "If any of this is not what you expect, do not approve it: n leaves "
                             "it unanswered, so that you can approve it later; r rejects it for "
                             "good.");
}

/* The last lines before the question: whoever reads no more than these must not be misled. */
static void say_in_short(const struct briefing *briefing, struct page *page)
{
    struct ska_span description = ska_span_text(briefing->request->description);

    page_heading(page, "In short");
    if (briefing->lead != NULL) /* where the head of a long page is out of sight */
        page_paragraph(page, "%s: request %.16s.", briefing->lead,
                       request_shown_id(briefing->request));
    say_act_in_short(briefing, page);
    if (description.length > 0) {
        page_paragraph(page, "They say, and nobody has confirmed it, that it is for:");
        page_quote(page, description, DESCRIPTION_IN_SHORT);
    }
    if (page->warnings > 0)
        page_paragraph(page, "There %s %zu WARNING%s above.", page->warnings == 1 ? "is" : "are",
                       page->warnings, page->warnings == 1 ? "" : "S");
    if (!briefing->refusing)
        say_if_unexpected(briefing, page);
}

bool briefing_make(const struct briefing *briefing, struct ska_bytes *text,
                   struct briefing_warnings *warnings, const struct ska_errors *errors)
{
    struct page page = {.width = briefing->columns};

    if (briefing->lead != NULL)
        briefing_head(briefing, briefing->lead, &page);
    say_title(briefing, &page);
    warn_of_own_rejection(briefing, &page);
    say_act(briefing, &page);
    say_key(briefing, &page);
    say_who_asks(briefing, &page);
    if (!briefing->refusing) {
        say_how_long(briefing, &page);
        say_what_else(briefing, &page);
    }
    say_who_else(briefing, &page);
    say_technical(briefing, &page);
    say_in_short(briefing, &page);
    ska_buffer_text(&page.text, "\n");
    if (warnings != NULL) {
        *warnings = (struct briefing_warnings){page.warnings, page.first_warning};
        page.first_warning = NULL;
    }
    return page_finish(&page, text, errors);
}
