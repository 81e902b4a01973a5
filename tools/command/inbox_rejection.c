/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/command/inbox_rejection.h"

#include <string.h>
#include <strings.h>

#include "provider/base/printable.h"
#include "provider/request/refusal.h"
#include "tools/show/page.h"
#include "tools/show/request_text.h"
#include "tools/show/terminal.h"
#include "tools/show/text.h"

struct rejection {
    struct tool *tool;
    const struct review *review;
    const struct document *document; /* NULL: none */
    const char *reason;              /* "": none */
    int64_t patience_ms;
};

/* Enter, q, Ctrl-C and the end of the input lead back. */
static enum rejection_answer ask_once(const struct terminal_question *question, char *line,
                                      size_t size)
{
    enum terminal_end end = terminal_read(question, line, size);

    if (end == TERMINAL_NOBODY)
        return REJECTION_NOBODY;
    return end != TERMINAL_LINE || line[0] == 0 || strcasecmp(line, "q") == 0 ||
                   strcasecmp(line, "quit") == 0
               ? REJECTION_NOT_MEANT
               : REJECTION_MEANT;
}

static enum rejection_answer ask_why(int64_t patience_ms, char reason[REJECTION_REASON_SIZE])
{
    const struct terminal_question question = {
        .question = "Why? A line for the person who asks (Enter or q: do not reject): ",
        .patience_ms = patience_ms,
        .interrupt_ends = true};
    enum rejection_answer answer = ask_once(&question, reason, REJECTION_REASON_SIZE);

    if (answer != REJECTION_MEANT || ska_reason_is_allowed(reason))
        return answer;
    report_note("a reason is text in UTF-8, of %d bytes at most", SKA_REFUSAL_REASON_LIMIT);
    return REJECTION_NOT_MEANT;
}

/* A terminal_make: what would be rejected, why, and whether there is a way back from that. */
static bool make_rejection(void *arg, size_t columns, struct ska_bytes *text)
{
    const struct rejection *rejection = arg;
    const struct review *review = rejection->review;
    struct page page = {.width = columns};
    struct ska_buffer words = {0};

    ska_buffer_format(&words, "You are about to reject request %.16s, to %s with key ",
                      request_shown_id(review->request),
                      text_operation(review->request->operation));
    ska_buffer_name(&words, review->ballot.token.key_name);
    if (rejection->document != NULL) {
        ska_buffer_text(&words, ", your file ");
        ska_buffer_name(&words, ska_span_text(rejection->document->path));
    }
    if (rejection->reason[0] != 0) {
        ska_buffer_text(&words, ", because ");
        ska_buffer_quoted(&words, ska_span_text(rejection->reason), SKA_REFUSAL_REASON_LIMIT);
    }
    page_heading(&page, "%s. %s", page_words(&page, &words),
                 review_is_of_broker(review)
                     ? "That is final, and the broker does not pass on a reason."
                     : "The requester sees it at once; you can still approve it later.");
    return page_finish(&page, text, &rejection->tool->errors);
}

/* A terminal_object */
static const char *want_yes_or_no(void *arg, const char *line, size_t times)
{
    static const char *const answers[] = {"y", "yes", "n", "no", "q", "quit"};

    (void)arg;
    (void)times;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        if (strcasecmp(line, answers[i]) == 0)
            return NULL;
    return "Please type y to reject it, or n to go back: ";
}

static enum rejection_answer ask_whether(struct rejection *rejection)
{
    const struct terminal_question question = {.make = make_rejection,
                                               .arg = rejection,
                                               .least = PAGE_LEAST_WIDTH,
                                               .question = "Reject it? y(es), n(o): ",
                                               .object = want_yes_or_no,
                                               .patience_ms = rejection->patience_ms,
                                               .interrupt_ends = true};
    char line[16] = "";
    enum rejection_answer answer = ask_once(&question, line, sizeof(line));

    return answer == REJECTION_MEANT && strcasecmp(line, "y") != 0 && strcasecmp(line, "yes") != 0
               ? REJECTION_NOT_MEANT
               : answer;
}

enum rejection_answer inbox_ask_rejection(struct tool *tool, const struct review *review,
                                          const struct document *document, int64_t patience_ms,
                                          char reason[REJECTION_REASON_SIZE])
{
    struct rejection rejection = {tool, review, document, reason, patience_ms};
    enum rejection_answer answer = REJECTION_MEANT;

    reason[0] = 0;
    if (!review_is_of_broker(review))
        answer = ask_why(patience_ms, reason);
    return answer == REJECTION_MEANT ? ask_whether(&rejection) : answer;
}
