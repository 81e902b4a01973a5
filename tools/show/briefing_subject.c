/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/briefing_subject.h"

#include "provider/base/printable.h"
#include "provider/request/algorithm.h"
#include "provider/rule/rule_text.h"
#include "provider/rule/window.h"
#include "tools/show/briefing_names.h"
#include "tools/show/content.h"
#include "tools/show/request_text.h"

/* Of data that are no text so much is shown. */
#define DATA_SHOWN 64

/* ---- Text and data -----------------------------------------------------------------------------
 */

static bool is_line_end_or_tab(uint8_t byte)
{
    return byte == '\n' || byte == '\r' || byte == '\t';
}

/* Few enough characters are none that the rest can be read as text. */
static bool is_text(struct ska_span message)
{
    size_t others = 0;

    for (size_t i = 0; i < message.length; i++)
        others += (message.data[i] < 0x20 && !is_line_end_or_tab(message.data[i])) ||
                  message.data[i] == 0x7F;
    return ska_utf8_valid(message) && others <= message.length / 16;
}

static void say_text(struct ska_span text, const char *lead, struct page *page)
{
    page_paragraph(page, "%s, %zu bytes long; each line of it has a bar in front here:", lead,
                   text.length);
    page_quote(page, text, text.length);
    briefing_warn_of_words("this text", text, page);
}

static void say_data(OSSL_LIB_CTX *libctx, struct ska_span data, struct page *page)
{
    page_paragraph(page, "Data of %zu bytes that are not text. They begin with:", data.length);
    page_digits(page, ska_span(data.data, data.length < DATA_SHOWN ? data.length : DATA_SHOWN));
    page_paragraph(page, "All of them have the fingerprint (SHA-256):");
    page_fingerprint(page, libctx, data);
}

/* All of few, else as data. */
static void say_bytes(OSSL_LIB_CTX *libctx, struct ska_span bytes, struct page *page)
{
    if (bytes.length <= DATA_SHOWN)
        page_digits(page, bytes);
    else
        say_data(libctx, bytes, page);
}

/* ---- The file in the approver's hand --------------------------------------------------------- */

static void say_compared(const struct document *document, struct page *page)
{
    const char *name = page_name(page, ska_span_text(document->path));

    if (document->as_it_is)
        page_paragraph(page, "Is it the file you gave, %s? YES, exactly.", name);
    else
        page_paragraph(page, "Is it the file you gave, %s? YES: %s.", name, document->form);
}

/* Of a structure that is shown as what it is there is nothing to add. */
static void warn_of_meaning(struct ska_span content, const struct document *document,
                            struct page *page)
{
    static const char *const what[] = {
        [SKA_MEANS_DOCUMENT] = NULL,
        [SKA_MEANS_OTHER_DOCUMENT] =
            "what a signature of ANOTHER document is made over. Then that document would be "
            "signed, which you have not seen",
        [SKA_MEANS_STRUCTURE] =
            "what a certificate, a certificate request or a signature of ANOTHER document is made "
            "over. Your approval would then sign that, too, whatever the file looks like",
        [SKA_MEANS_HANDSHAKE] = "a part of a TLS handshake. With a signature over it others could "
                                "pass for the owner of this key"};
    enum ska_content_meaning meaning = SKA_MEANS_DOCUMENT;

    if (document != NULL)
        meaning = document->meaning;
    else if (ska_content_kind(content) == SKA_CONTENT_OTHER)
        meaning = ska_content_meaning(content, content.length);
    if (what[meaning] != NULL)
        page_warning(page, "this%s could also be %s.", document == NULL ? "" : " file",
                     what[meaning]);
}

/* " If you have the file, ...": what to do with it. */
static const char *how_to_compare(enum briefing_comparison how)
{
    static const char *const ways[] = {
        [BRIEFING_BY_FILE] = " If you have the file, answer no now and run the command again with "
                             "--document and the name of the file: then the two are compared.",
        [BRIEFING_BY_FOLDER] = " If you have the file, leave this unanswered now (n) and run the "
                               "command again with --documents and the folder that it is in: then "
                               "the two are compared.",
        [BRIEFING_NEVER] = ""};

    return ways[how];
}

static void say_not_compared(enum briefing_comparison how, struct page *page)
{
    page_paragraph(page,
                   "Is it the document you have in mind? The fingerprint alone does not show it.%s",
                   how_to_compare(how));
}

/* Of whatever kind it is: others may have made two of them. */
static void warn_of_sha1(const struct ska_request *request, struct page *page)
{
    if (document_is_by_sha1(request))
        page_warning(page,
                     "the fingerprint is of an old kind (SHA-1), for which two documents with the "
                     "same fingerprint can be made. Ask for another one.");
}

/* ---- A document ------------------------------------------------------------------------------ */

/* Why it cannot be seen. */
static void say_unseen(const struct ska_request *request, struct page *page)
{
    static const char *const why[] = {
        [SKA_NO_CONTENT_UNSAID] = "The document itself is not in this request, only its "
                                  "fingerprint (digest):",
        [SKA_NO_CONTENT_NO_STRUCTURE] = "The document itself is not in this request, only its "
                                        "fingerprint (digest):",
        [SKA_NO_CONTENT_TOO_LONG] = "It is longer than 64 KiB, so it is not in this request, only "
                                    "its fingerprint (digest):",
        [SKA_NO_CONTENT_DIGEST_GIVEN] = "The program that asks has not handed it out, only its "
                                        "fingerprint (digest):"};

    page_paragraph(page, "A document. %s", why[request->no_content]);
}

static void say_document(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                         const struct document *document, enum briefing_comparison how,
                         struct page *page)
{
    struct ska_span content = ska_span_of(&request->signed_content);
    enum ska_digest digest = SKA_DIGEST_NONE;
    struct ska_span value = {NULL, 0};

    if (!request_document_digest(request, &digest, &value)) {
        page_warning(page,
                     "these %zu bytes are not the fingerprint of a document: nobody can see what "
                     "would be signed.",
                     request->payload.length);
        say_bytes(libctx, ska_span_of(&request->payload), page);
        return;
    }
    if (content.length == 0) {
        say_unseen(request, page);
        page_digits(page, value);
    } else if (is_text(content)) {
        say_text(content, "Exactly this text", page);
    } else {
        say_data(libctx, content, page);
    }
    if (document != NULL)
        say_compared(document, page);
    else if (content.length == 0 || !is_text(content))
        say_not_compared(how, page);
}

/* ---- A message ------------------------------------------------------------------------------- */

static void say_message(OSSL_LIB_CTX *libctx, struct ska_span message,
                        const struct document *document, enum briefing_comparison how,
                        struct page *page)
{
    if (is_text(message)) {
        say_text(message, "Exactly this text", page);
    } else {
        say_data(libctx, message, page);
        if (document == NULL)
            page_warning(page, "you cannot see what would be signed.%s", how_to_compare(how));
    }
    if (document != NULL)
        say_compared(document, page);
}

/* ---- A structure ----------------------------------------------------------------------------- */

struct structure_page {
    struct page *page;
    size_t unshown; /* bytes */
};

static void add_content_row(void *arg, const char *name, struct ska_span untrusted)
{
    struct page *page = ((struct structure_page *)arg)->page;

    if (untrusted.length <= SKA_NAME_SHOWN) {
        page_item(page, "%s: %s", name, page_quoted_name(page, untrusted));
        return;
    }
    page_item(page, "%s:", name);
    page_quote(page, untrusted, untrusted.length);
}

static void add_content_unshown(void *arg, const char *name, size_t length)
{
    struct structure_page *structure = arg;

    page_item(structure->page, "%s: %zu bytes that are not shown", name, length);
    structure->unshown += length;
}

static void say_rows(OSSL_LIB_CTX *libctx, struct ska_span content, struct page *page)
{
    struct structure_page structure = {page, 0};
    const struct content_listener listener = {add_content_row, add_content_unshown, &structure};

    if (!content_read(libctx, content, &listener))
        page_warning(page, "it cannot be read further: nobody can see what would be signed.");
    else if (structure.unshown > 0)
        page_warning(page,
                     "%zu bytes of what would be signed are not shown, and can say anything. Ask "
                     "for what they say, or for a signature without them.",
                     structure.unshown);
}

#define DAY ((int64_t)24 * 3600)

/* False: it is as it should be. */
static bool warn_of_distance(int64_t signing, int64_t is, int64_t earlier, const char *of_what,
                             struct page *page)
{
    struct ska_buffer text = {0};
    const bool later = signing > is;
    const int64_t distance = later ? signing - is : is - signing;

    if (distance <= (later ? DAY : earlier))
        return false;
    ska_duration_text((uint64_t)distance, &text);
    page_warning(
        page, "the signing time is %s %s %s: the signature would be dated %s to that time.",
        page_words(page, &text), later ? "after" : "before", of_what, later ? "ahead" : "back");
    return true;
}

/*
 * Nothing protects what the request says of when it was made, so what it says can only be one alarm
 * more. Approvals may take days.
 */
static void warn_of_time(const struct ska_request *request, const struct ska_approval_token *token,
                         struct ska_span content, struct page *page)
{
    uint64_t created = 0;
    int64_t signing = 0;
    bool warned = false;

    if (!ska_content_signing_time(content, &signing))
        return;
    if (ska_time_read(request->created, &created) && (int64_t)created - signing > 0)
        warned = warn_of_distance(signing, (int64_t)created, DAY, "this request was made", page);
    if (!warned && token->has_timestamp)
        warned = warn_of_distance(signing, (int64_t)token->timestamp.seconds, DAY,
                                  "the HSM was asked", page);
    if (!warned)
        (void)warn_of_distance(signing, (int64_t)time(NULL), 7 * DAY,
                               "now, by the clock of this computer", page);
}

static void say_structure(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                          const struct ska_approval_token *token, const struct document *document,
                          enum briefing_comparison how, struct page *page)
{
    struct ska_span content = document_content(request);
    enum ska_content_kind kind = ska_content_kind(content);

    page_paragraph(page, "This is %s. What it says:", content_kind_text(kind));
    say_rows(libctx, content, page);
    if (kind == SKA_CONTENT_ATTRIBUTES)
        warn_of_time(request, token, content, page);
    if (document != NULL)
        say_compared(document, page);
    else if (kind == SKA_CONTENT_ATTRIBUTES) /* of which it holds the digest only */
        say_not_compared(how, page);
    if (kind == SKA_CONTENT_CERTIFICATE)
        page_warning(page, "with a certificate others can act under the name in it, and under the "
                           "name of this key. Is this key meant to make certificates?");
}

void briefing_subject(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                      const struct ska_approval_token *token, const struct document *document,
                      enum briefing_comparison how, struct page *page)
{
    struct ska_span content = document_content(request);
    enum ska_content_kind kind = ska_content_kind(content);

    page_heading(page, "What will be signed");
    if (kind != SKA_CONTENT_OTHER)
        say_structure(libctx, request, token, document, how, page);
    else if (request->mechanism.form == SKA_PAYLOAD_MESSAGE)
        say_message(libctx, content, document, how, page);
    else
        say_document(libctx, request, document, how, page);
    warn_of_meaning(content, document, page);
    warn_of_sha1(request, page);
}

const char *briefing_subject_in_short(const struct ska_request *request,
                                      const struct document *document)
{
    struct ska_span content = document_content(request);
    enum ska_content_kind kind = ska_content_kind(content);

    if (document != NULL)
        return "the file you gave";
    if (kind != SKA_CONTENT_OTHER && kind != SKA_CONTENT_ATTRIBUTES)
        return content_kind_text(kind);
    if (kind == SKA_CONTENT_OTHER && is_text(content) && content.length > 0)
        return "the text above";
    return request->mechanism.form == SKA_PAYLOAD_MESSAGE && kind == SKA_CONTENT_OTHER
               ? "the data above"
               : "a document that you have not compared";
}
