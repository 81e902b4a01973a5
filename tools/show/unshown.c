/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/unshown.h"

#include <stdio.h>
#include <stdlib.h>

#include "provider/base/printable.h"
#include "tools/show/page.h"
#include "tools/show/request_text.h"

/* So much of what the requester says is shown. */
#define DESCRIPTION_LIMIT 1000

bool unshown_refuse(const struct ska_request *request, const struct ska_errors *errors)
{
    struct ska_buffer name = {0};

    if (request->unshown == NULL)
        return true;
    request_text_name(request, &name);
    ska_fail(errors, SKA_R_UNSUPPORTED,
             "%s: skatool cannot show what an approval would allow (%s), so it does not approve "
             "it; use the vendor's app, or reject it (skatool reject)",
             ska_buffer_string(&name), request->unshown);
    ska_buffer_free(&name);
    return false;
}

char *unshown_description(const struct ska_request *request)
{
    const char *words = request->description;
    char *text = NULL;

    return asprintf(&text, "%s%scannot be shown by this version%s%s",
                    request->unshown_kind == NULL ? "" : request->unshown_kind,
                    request->unshown_kind == NULL ? "" : " that ", words == NULL ? "" : ": ",
                    words == NULL ? "" : words) < 0
               ? NULL
               : text;
}

bool unshown_page(const struct ska_request *request, const char *broker, size_t columns,
                  struct ska_bytes *text, const struct ska_errors *errors)
{
    struct page page = {.width = columns};
    struct ska_span description = ska_span_text(request->description);
    struct ska_buffer name = {0};

    page_heading(&page, "You are about to REJECT what cannot be shown by this version.");
    request_text_name(request, &name);
    page_paragraph(&page, "The broker %s asks for it: %s.", page_name(&page, ska_span_text(broker)),
                   page_words(&page, &name));
    page_paragraph(&page, "Why it cannot be shown: %s.",
                   page_quoted_name(&page, ska_span_text(request->unshown)));
    if (description.length > 0) {
        page_paragraph(&page, "They say, and nobody has confirmed it, that it is for:");
        page_quote(&page, description, DESCRIPTION_LIMIT);
    }
    page_heading(&page, "For technicians");
    page_row(&page, "request", request_shown_id(request));
    if (request->stated_id[0] != 0)
        page_row(&page, "broker's task", request->id);
    return page_finish(&page, text, errors);
}
