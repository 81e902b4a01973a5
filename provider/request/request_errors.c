/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/request/request_errors.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CUT_OFF "; it may have been cut off or changed on the way: ask for it again"
#define ANSWER "; this is an approver's answer, and not the request: skatool import takes it"
#define NO_REQUEST                                                                                 \
    "; this is not a request or bundle: take the file that skatool request has written"

static bool begins_as_object(struct ska_span text)
{
    size_t at = 0;

    while (at < text.length && isspace(text.data[at]))
        at++;
    return at < text.length && text.data[at] == '{';
}

static bool holds(struct ska_span text, const char *part)
{
    return text.length > 0 && memmem(text.data, text.length, part, strlen(part)) != NULL;
}

/* "": what stands before says it all. */
static const char *advice(enum ska_reason reason, struct ska_span text)
{
    static const char token[] = "\"approvalToBeSigned\"";
    static const char key[] = "\"approverPublicKey\"";
    static const char certificate[] = "\"approverCertificate\"";

    if (reason == SKA_R_BAD_JSON)
        return text.length == 0 || begins_as_object(text) ? CUT_OFF : NO_REQUEST;
    if (reason != SKA_R_BAD_REQUEST || holds(text, token))
        return "";
    return holds(text, key) || holds(text, certificate) ? ANSWER : NO_REQUEST;
}

static void raise_with_advice(void *arg, enum ska_reason reason, const char *file, int line,
                              const char *function, const char *format, va_list args)
    __attribute__((format(printf, 6, 0)));

static void raise_with_advice(void *arg, enum ska_reason reason, const char *file, int line,
                              const char *function, const char *format, va_list args)
{
    struct ska_request_errors *advised = arg;
    char *text = NULL;

    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    ska_fail_at(advised->outer, reason, file, line, function, "%s%s",
                text == NULL ? "out of memory" : text, advice(reason, advised->text));
    free(text);
}

void ska_request_errors_init(struct ska_request_errors *advised, const struct ska_errors *outer,
                             struct ska_span text)
{
    advised->errors.raise = raise_with_advice;
    advised->errors.arg = advised;
    advised->outer = outer;
    advised->text = text;
}
