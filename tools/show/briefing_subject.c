/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/briefing_subject.h"

#include "provider/request/algorithm.h"
#include "tools/show/briefing_names.h"
#include "tools/show/request_text.h"

/* Of data that are no text so much is shown. */
#define DATA_SHOWN 64

/* ---- A document ------------------------------------------------------------------------------ */

static void say_compared(const char *document, struct page *page)
{
    if (document == NULL) {
        page_paragraph(page, "Is it the document you have in mind? The fingerprint alone does not "
                             "tell. If you have the file, answer no now and give the command again "
                             "with --document and the name of the file: then the two are "
                             "compared.");
        return;
    }
    page_paragraph(page, "Is it the file you gave, %s? YES, it has exactly this fingerprint.",
                   page_name(page, ska_span_text(document)));
}

static void say_document(const struct ska_request *request, const char *document, struct page *page)
{
    enum ska_digest digest = SKA_DIGEST_NONE;
    struct ska_span value = {NULL, 0};

    if (!request_document_digest(request, &digest, &value)) {
        page_warning(page,
                     "these %zu bytes are no fingerprint of a document: nobody can see what "
                     "would be signed.",
                     request->payload.length);
        page_digits(page, ska_span_of(&request->payload));
        return;
    }
    page_paragraph(page, "A document. The document itself is not in this request, only its "
                         "fingerprint (digest):");
    page_digits(page, value);
    say_compared(document, page);
    if (digest == SKA_DIGEST_SHA1)
        page_warning(page, "the fingerprint is of an old kind (SHA-1), for which two documents "
                           "with the same fingerprint can be made. Ask for another one.");
}

/* ---- A message ------------------------------------------------------------------------------- */

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

static void say_data(OSSL_LIB_CTX *libctx, struct ska_span message, const char *document,
                     struct page *page)
{
    page_paragraph(page, "Data of %zu bytes that are no text. They begin with:", message.length);
    page_digits(page,
                ska_span(message.data, message.length < DATA_SHOWN ? message.length : DATA_SHOWN));
    page_paragraph(page, "All of them have the fingerprint (SHA-256):");
    page_fingerprint(page, libctx, message);
    if (document == NULL)
        page_warning(page, "you cannot see what you would approve. If you have the file, answer no "
                           "now and give the command again with --document and its name.");
}

static void say_message(OSSL_LIB_CTX *libctx, struct ska_span message, const char *document,
                        struct page *page)
{
    if (is_text(message)) {
        page_paragraph(page,
                       "Exactly this text, %zu bytes long; each line of it has a bar in "
                       "front here:",
                       message.length);
        page_quote(page, message, message.length);
        briefing_warn_of_words("this text", message, page);
    } else {
        say_data(libctx, message, document, page);
    }
    if (document == NULL)
        return;
    page_paragraph(page, "Is it what is in the file you gave, %s? YES, exactly.",
                   page_name(page, ska_span_text(document)));
}

void briefing_subject(OSSL_LIB_CTX *libctx, const struct ska_request *request, const char *document,
                      struct page *page)
{
    page_heading(page, "What will be signed");
    if (request->mechanism.form == SKA_PAYLOAD_MESSAGE)
        say_message(libctx, ska_span_of(&request->payload), document, page);
    else
        say_document(request, document, page);
}
