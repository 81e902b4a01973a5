/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/command/import_consent.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "provider/base/printable.h"
#include "tools/report.h"
#include "tools/show/page.h"
#include "tools/show/request_text.h"
#include "tools/show/terminal.h"
#include "tools/show/text.h"

struct consent {
    struct tool *tool;
    struct ska_buffer text;
};

static void say_words(struct tool *tool, const struct import_offer *offer,
                      const struct key_rules *rules, struct ska_buffer *text)
{
    char *path = ska_file_name_shown(offer->path);

    ska_buffer_format(
        text,
        "%s is a request to %s that is not in %s.\n"
        "If you import it, it asks its approvers in YOUR name, in the words of the sender.\n"
        "Request %s\n\n"
        "In the approval token: what approvers sign and the HSM enforces\n",
        path == NULL ? "?" : path, text_operation(offer->request->operation), offer->directory,
        offer->request->id);
    free(path);
    request_text_protected(tool->libctx, offer->request, text);
    ska_buffer_text(text, "\nOutside the token: said by its maker, NOT protected by the HSM\n");
    request_text_unprotected(tool->libctx, offer->request, rules, text);
    ska_buffer_text(text, "\n");
    if (offer->fate != NULL)
        ska_buffer_format(text, "WARNING: this very request was here before: it was %s.\n",
                          offer->fate);
}

static bool make_text(struct tool *tool, const struct import_offer *offer, struct ska_buffer *text)
{
    struct key_rules rules = {.told = false};
    bool done = offer->request->operation != SKA_OPERATION_MODIFY ||
                key_rules_ask(tool, offer->request, &rules);

    if (done)
        say_words(tool, offer, &rules, text);
    key_rules_clear(&rules);
    return done &&
           (!text->failed || ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "%s", offer->path));
}

/* A terminal_make. */
static bool make_words(void *arg, size_t columns, struct ska_bytes *text)
{
    struct consent *consent = arg;

    (void)columns;
    return ska_bytes_copy(text, ska_span(consent->text.data, consent->text.length),
                          &consent->tool->errors) &&
           terminal_fold(STDERR_FILENO, text, &consent->tool->errors);
}

static bool print_words(struct consent *consent)
{
    struct ska_bytes text = {NULL, 0};

    if (!make_words(consent, 0, &text))
        return false;
    fflush(stdout);
    fwrite(text.data, 1, text.length, stderr);
    ska_bytes_free(&text);
    return true;
}

/* NULL: yes. */
static const char *ask_person(struct consent *consent)
{
    switch (terminal_ask(make_words, consent, PAGE_LEAST_WIDTH,
                         "Put it there in your name? Type yes or no: ")) {
    case TERMINAL_YES:
        return NULL;
    case TERMINAL_NO:
        return "the answer was not \"yes\"";
    case TERMINAL_TOO_NARROW:
    case TERMINAL_NOT_MADE:
    case TERMINAL_NOT_ASKED:
        break;
    }
    return "nobody could be asked: --requests takes it, in your name";
}

bool import_ask_consent(struct tool *tool, const struct import_offer *offer, const char **why_not)
{
    struct consent consent = {.tool = tool};
    bool done = make_text(tool, offer, &consent.text);

    *why_not = NULL;
    if (done && !offer->wanted && terminal_available())
        *why_not = ask_person(&consent);
    else if (done) {
        done = print_words(&consent);
        *why_not = offer->wanted ? NULL
                                 : "it is a whole request, and no answer to one that is there: "
                                   "--requests takes it, in your name; if these are copies of one "
                                   "request, -o FILE makes one file of them";
    }
    ska_buffer_free(&consent.text);
    return done;
}
