/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/request_fate.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/error_capture.h"
#include "provider/base/file.h"
#include "provider/base/listing.h"
#include "provider/record/evidence_manifest.h"
#include "tools/executed.h"
#include "tools/show/text.h"

/* ---- Signatures ------------------------------------------------------------------------------ */

/* A folder of evidence that is looked for. */
struct wanted {
    const char *digits;
    struct ska_span token; /* empty: any */
};

/* When it was made; 0: it is none. A colleague's folder is nobody's evidence. */
static uint64_t signed_at(int place, const char *name, const struct wanted *wanted)
{
    int folder = openat(place, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct ska_bytes token = {NULL, 0};
    struct stat status;
    bool same = folder >= 0 && fstat(folder, &status) == 0 && status.st_uid == geteuid() &&
                ska_file_read_at(folder, ska_evidence_names[SKA_EVIDENCE_TOKEN], name,
                                 SKA_TOKEN_LIMIT, &token, NULL) &&
                (wanted->token.length == 0 || ska_span_equal(ska_span_of(&token), wanted->token));

    ska_bytes_free(&token);
    if (folder >= 0)
        close(folder);
    return same && status.st_mtim.tv_sec > 0 ? (uint64_t)status.st_mtim.tv_sec : 0;
}

/* The last of them. Takes over the descriptor, also -1. */
static uint64_t find_signed_in(int place, const struct wanted *wanted)
{
    const struct dirent *entry = NULL;
    struct ska_listing listing;
    uint64_t last = 0;

    ska_listing_start(&listing, place);
    while ((entry = ska_listing_next(&listing)) != NULL)
        if (strncmp(entry->d_name, wanted->digits, strlen(wanted->digits)) == 0) {
            uint64_t seconds = signed_at(place, entry->d_name, wanted);

            last = seconds > last ? seconds : last;
        }
    return ska_listing_end(&listing) ? last : 0;
}

/* As far as this user can see that; 0: not. */
static uint64_t find_signed(const struct tool *tool, const struct ska_directory *directory,
                            const struct wanted *wanted)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    const char *evidence_dir = tool->configuration.settings.evidence_dir;
    uint64_t here =
        find_signed_in(openat(ska_directory_fd(directory), "done", flags | O_NOFOLLOW), wanted);
    uint64_t kept = evidence_dir == NULL ? 0 : find_signed_in(open(evidence_dir, flags), wanted);

    return here > kept ? here : kept;
}

/* ---- In words -------------------------------------------------------------------------------- */

static enum request_fate say_later(uint64_t signed_at, const struct executed_end *end,
                                   struct ska_buffer *text)
{
    static const struct {
        enum request_fate fate;
        const char *word;
    } ends[] = {[EXECUTED_DONE] = {REQUEST_EXECUTED, "executed"},
                [EXECUTED_GIVEN_UP] = {REQUEST_EXECUTED, "executed or refused"},
                [EXECUTED_WITHDRAWN] = {REQUEST_WITHDRAWN, "withdrawn"}};
    const bool is_end = end->what != EXECUTED_NOTHING && end->seconds >= signed_at;
    char time[TEXT_TIME_SIZE];

    if (!is_end && signed_at == 0)
        return REQUEST_FATE_UNKNOWN;
    ska_buffer_format(text, "%s at %s", is_end ? ends[end->what].word : "signed",
                      text_time(is_end ? end->seconds : signed_at, time));
    return is_end ? ends[end->what].fate : REQUEST_SIGNED;
}

/* What cannot be found out is not known. */
enum request_fate request_fate_find(const struct tool *tool, const struct ska_directory *directory,
                                    const struct ska_request *request, struct ska_buffer *text)
{
    const struct executed executed = {tool->configuration.settings.state_dir, tool->libctx};
    const struct wanted wanted = {request->id, ska_span_of(&request->approval_token)};
    struct executed_end end;

    if (!executed_look(&executed, request, &end, NULL))
        end.what = EXECUTED_NOTHING;
    return say_later(find_signed(tool, directory, &wanted), &end, text);
}

enum request_fate request_fate_find_digits(const struct tool *tool,
                                           const struct ska_directory *directory,
                                           const char *digits, struct ska_buffer *text)
{
    const struct executed executed = {tool->configuration.settings.state_dir, tool->libctx};
    const struct wanted wanted = {digits, {NULL, 0}};
    struct executed_end end;

    if (!executed_find(&executed, digits, &end, NULL))
        end.what = EXECUTED_NOTHING;
    return say_later(find_signed(tool, directory, &wanted), &end, text);
}

bool request_fate_fail(struct tool *tool, const struct ska_directory *directory, const char *digits)
{
    struct ska_buffer text = {0};
    enum request_fate fate = REQUEST_FATE_UNKNOWN;

    ska_buffer_text(&text, "it was ");
    fate = request_fate_find_digits(tool, directory, digits, &text);
    ska_directory_fail_not_open(directory, digits,
                                fate == REQUEST_FATE_UNKNOWN ? NULL : ska_buffer_string(&text),
                                &tool->errors);
    ska_buffer_free(&text);
    return false;
}

bool request_fate_find_id(struct tool *tool, const struct ska_directory *directory,
                          const char *given, char id[SKA_REQUEST_ID_LENGTH + 1])
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    char digits[SKA_REQUEST_ID_LENGTH + 1];
    bool done = ska_directory_find_id(directory, given, id, &quiet);

    if (!done && failure.reason == SKA_R_REQUEST_NOT_OPEN && ska_request_id_take(given, digits))
        done = request_fate_fail(tool, directory, digits);
    else if (!done)
        done = ska_error_capture_raise(&failure, &tool->errors);
    ska_error_capture_clear(&failure);
    return done;
}
