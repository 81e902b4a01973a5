/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/briefing_short.h"

#include <pwd.h>
#include <string.h>

#include "provider/base/printable.h"
#include "provider/request/algorithm.h"
#include "provider/request/signed_content.h"
#include "provider/rule/rule_text.h"
#include "provider/sign/ballot_text.h"
#include "tools/show/content.h"
#include "tools/show/content_attributes.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"

/* The longest text that is shown in its line, and so much of a description. */
#define TEXT_SHOWN 60
#define DESCRIPTION_SHOWN 120
/* The longest name of a certificate's issuer that is shown. */
#define ISSUER_SHOWN 120

/* ---- Whether it is enough -------------------------------------------------------------------- */

/* What attributes of CMS say that six lines tell, and whether they say more. */
struct attributes_seen {
    struct ska_buffer time;
    struct ska_buffer issuer;
    bool more;
};

static bool starts_with(const char *name, const char *start)
{
    return strncmp(name, start, strlen(start)) == 0;
}

/* A fingerprint of the certificate, its number and ciphers have no room for words. */
static bool says_nothing(const char *name)
{
    static const char *const names[] = {CONTENT_DOCUMENT, CONTENT_SERIAL, CONTENT_CAPABILITIES};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return starts_with(name, CONTENT_CERTIFICATE);
}

static void see_attribute(void *arg, const char *name, struct ska_span untrusted)
{
    struct attributes_seen *seen = arg;

    if (strcmp(name, CONTENT_SIGNING_TIME) == 0 && untrusted.length <= TEXT_SHOWN)
        ska_buffer_printable(&seen->time, untrusted, TEXT_SHOWN);
    else if (strcmp(name, CONTENT_ISSUER) == 0 && untrusted.length <= ISSUER_SHOWN)
        ska_buffer_quoted(&seen->issuer, untrusted, ISSUER_SHOWN);
    else if (!says_nothing(name))
        seen->more = true;
}

static void see_unshown(void *arg, const char *name, size_t length)
{
    struct attributes_seen *seen = arg;

    (void)name;
    (void)length;
    seen->more = true;
}

static bool see_attributes(const struct briefing *briefing, struct attributes_seen *seen)
{
    const struct content_listener listener = {see_attribute, see_unshown, seen};

    return content_read(briefing->libctx, document_content(briefing->request), &listener) &&
           !seen->more;
}

static void forget_attributes(struct attributes_seen *seen)
{
    ska_buffer_free(&seen->time);
    ska_buffer_free(&seen->issuer);
}

static bool is_short_text(struct ska_span text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] < 0x20 || text.data[i] >= 0x7F)
            return false;
    return text.length > 0 && text.length <= TEXT_SHOWN;
}

static bool is_short_subject(const struct briefing *briefing)
{
    struct ska_span content = document_content(briefing->request);
    struct attributes_seen seen = {.more = false};
    bool enough = false;

    switch (ska_content_kind(content)) {
    case SKA_CONTENT_ATTRIBUTES:
        enough = see_attributes(briefing, &seen);
        forget_attributes(&seen);
        return enough;
    case SKA_CONTENT_OTHER:
        if (briefing->request->mechanism.form == SKA_PAYLOAD_MESSAGE)
            return briefing->document != NULL;
        /* Without a word on what was hashed it can be a certificate as well. */
        if (content.length == 0 && briefing->request->no_content == SKA_NO_CONTENT_UNSAID)
            return briefing->document != NULL;
        return content.length == 0 || briefing->document != NULL || is_short_text(content);
    default:
        return false;
    }
}

bool briefing_may_be_short(const struct briefing *briefing, size_t warnings)
{
    return briefing->request->operation == SKA_OPERATION_SIGN && warnings == 0 &&
           (briefing->listed != NULL || briefing->broker != NULL) && is_short_subject(briefing);
}

/* ---- The lines ------------------------------------------------------------------------------- */

static void say_what(const struct briefing *briefing, struct page *page)
{
    struct ska_span content = document_content(briefing->request);
    struct attributes_seen seen = {.more = false};

    if (ska_content_kind(content) != SKA_CONTENT_ATTRIBUTES) {
        if (content.length > 0 && is_short_text(content))
            page_paragraph(page, "Signs this text: %s", page_quoted_name(page, content));
        else if (briefing->document != NULL)
            page_paragraph(page, "Signs a document");
        else
            page_paragraph(page, "Signs a fingerprint: of a document, or of anything else");
        return;
    }
    if (!see_attributes(briefing, &seen) || seen.time.failed || seen.issuer.failed)
        page_fail(page);
    page_paragraph(page, "Signs a document, in CMS (CAdES, S/MIME, PDF)%s%s%s%s",
                   seen.time.length == 0 ? "" : ", time: ", ska_buffer_string(&seen.time),
                   seen.issuer.length == 0 ? "" : ", certificate by ",
                   ska_buffer_string(&seen.issuer));
    forget_attributes(&seen);
}

static void say_which(const struct briefing *briefing, struct page *page)
{
    struct ska_span value = {NULL, 0};
    struct ska_buffer hex = {0};

    if (briefing->document != NULL) {
        page_paragraph(page, "It is your file %s%s",
                       page_name(page, ska_span_text(briefing->document->path)),
                       briefing->document->as_it_is ? "" : ", in another form (m shows which)");
        return;
    }
    if (!document_fingerprint(briefing->request, &value)) {
        page_paragraph(page, "NOT compared with a file");
        return;
    }
    text_digits(&hex, ska_span(value.data, value.length < 8 ? value.length : 8), "");
    page_paragraph(page, "NOT compared with a file; its fingerprint begins %s",
                   page_words(page, &hex));
}

static void say_words(const struct briefing *briefing, struct page *page)
{
    struct ska_span description = ska_span_text(briefing->request->description);
    struct ska_buffer text = {0};

    if (description.length == 0) {
        page_paragraph(page, "They do not say what it is for");
        return;
    }
    ska_buffer_quoted(&text, description, DESCRIPTION_SHOWN);
    page_paragraph(page, "They say, unconfirmed: %s", page_words(page, &text));
}

/* Who has put it there, which the file system says, and until when the approval would be good. */
static void say_who_and_until(const struct briefing *briefing, struct page *page)
{
    const bool known = briefing->owner != NULL && !briefing->owner_remote;
    const struct passwd *user = known ? getpwuid(*briefing->owner) : NULL;
    struct ska_buffer who = {0};
    char until[TEXT_TIME_SIZE];

    if (user != NULL)
        ska_buffer_name(&who, ska_span_text(user->pw_name));
    else if (known)
        ska_buffer_format(&who, "user number %lu", (unsigned long)*briefing->owner);
    else
        ska_buffer_text(&who, "somebody, who is not known here");
    if (briefing->broker != NULL) {
        page_paragraph(page,
                       "Asked by somebody the broker does not name; it may be usable forever");
        ska_buffer_free(&who);
        return;
    }
    page_paragraph(page, "Put there by %s; usable %s%s", page_words(page, &who),
                   briefing->chance.window.closes == UINT64_MAX ? "" : "until ",
                   text_time(briefing->chance.window.closes, until));
}

static void say_others(const struct briefing *briefing, struct page *page)
{
    struct ska_buffer approved = {0};
    struct ska_buffer needed = {0};

    if (briefing->broker != NULL) {
        page_paragraph(page, "The broker asks you; it does not say who else has to approve");
        return;
    }
    ska_ballot_approved_text(briefing->ballot, &approved);
    ska_ballot_needed_after_text(briefing->ballot, ska_span_of(&briefing->listed->public_key),
                                 &needed);
    page_paragraph(page, "Approved by %s; needed after you: %s (the requester's names)",
                   approved.length == 0 ? "nobody" : page_words(page, &approved),
                   needed.length == 0 ? "nobody" : page_words(page, &needed));
    ska_buffer_free(&approved);
    ska_buffer_free(&needed);
}

bool briefing_short_make(const struct briefing *briefing, struct ska_bytes *text,
                         const struct ska_errors *errors)
{
    struct page page = {.width = briefing->columns};

    briefing_head(briefing, briefing->lead, &page);
    say_what(briefing, &page);
    say_which(briefing, &page);
    say_words(briefing, &page);
    say_who_and_until(briefing, &page);
    say_others(briefing, &page);
    return page_finish(&page, text, errors);
}
