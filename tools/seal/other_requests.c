/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/seal/other_requests.h"

#include "provider/backend/broker.h"
#include "provider/base/printable.h"
#include "provider/sign/broker_ticket.h"
#include "provider/sign/directory.h"
#include "provider/sign/make_request.h"
#include "provider/sign/same_document.h"
#include "tools/report.h"

struct telling {
    const struct ska_job *job;
    const char *document;
    const struct ska_request *draft; /* of what is asked for now */
    const char *place;               /* path of the directory, or URL of the broker */
};

/* ---- In a directory -------------------------------------------------------------------------- */

/* A ska_same_document_visit. */
static void tell_in_directory(void *arg, const char *id)
{
    const struct telling *telling = arg;
    char word[SKA_SHELL_WORD_SIZE];

    report_note("%s: request %.16s is open for the same document and key, too; skatool withdraw "
                "--dir %s %.16s ends it if it is not wanted",
                telling->document, id, ska_shell_word(telling->place, word), id);
}

static void look_in_directory(struct telling *telling)
{
    struct ska_directory *directory = NULL;

    if (!ska_directory_open(telling->job->sources.directory, SKA_DIRECTORY_TO_SIGN, &directory,
                            NULL))
        return;
    telling->place = ska_directory_path(directory);
    ska_same_documents_visit(directory, telling->draft, tell_in_directory, telling);
    ska_directory_close(directory);
}

/* ---- At a broker ----------------------------------------------------------------------------- */

/* Where the broker is away, it may be. */
static bool may_be_open(const struct ska_job *job, const char *id, const struct ska_request *other)
{
    const struct broker_request asked = {.operation = other->operation,
                                         .mechanism = &other->mechanism,
                                         .payload = ska_span_of(&other->payload)};
    struct broker_status status = {.state = BROKER_PENDING};
    bool open = broker_look(job->key, id, &asked, &status, NULL) == BROKER_AWAY ||
                status.state == BROKER_PENDING || status.state == BROKER_APPROVED;

    broker_status_clear(&status);
    return open;
}

/* A ska_broker_ticket_visit. */
static bool tell_at_broker(void *arg, const char *id, struct ska_request *other)
{
    const struct telling *telling = arg;

    if (ska_is_of_same_document(other, telling->draft) && may_be_open(telling->job, id, other))
        report_note("%s: request %s at %s is open for the same document and key, too; skatool "
                    "withdraw %s ends it if it is not wanted",
                    telling->document, id, telling->place, id);
    ska_request_free(other);
    return true;
}

static void look_at_broker(struct telling *telling)
{
    const struct broker_place place = broker_place_of(telling->job->key);
    const char *state_dir = telling->job->audit_log.state_dir;

    telling->place = broker_name(&place);
    if (state_dir != NULL)
        (void)!ska_broker_tickets_visit(state_dir, telling->place, tell_at_broker, telling, NULL,
                                        NULL);
}

/* ---- Either ---------------------------------------------------------------------------------- */

void seal_tell_other_requests(const struct ska_job *job, const char *document)
{
    struct ska_job quiet = *job;
    struct ska_request *draft = NULL;
    struct telling telling = {.job = &quiet, .document = document};

    quiet.errors = NULL;
    if (!ska_draft_make(&quiet, &draft))
        return;
    telling.draft = draft;
    if (ska_draft_add_content(&quiet, draft)) {
        if (backend_key_has_broker(quiet.key))
            look_at_broker(&telling);
        else if (quiet.sources.directory != NULL)
            look_in_directory(&telling);
    }
    ska_request_free(draft);
}
