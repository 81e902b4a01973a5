/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/command/request_directory.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/base/printable.h"
#include "tools/order.h"
#include "tools/publish.h"
#include "tools/show/text.h"

/* ---- Who makes it ---------------------------------------------------------------------------- */

/* What cannot be read for another reason than whose it is is a failure of the login. */
static bool has_login(const struct tool *tool, const struct hsm_uri *uri)
{
    const struct hsm_defaults defaults = tool_defaults(tool);
    const struct hsm_pin_source pin = hsm_locate_pin(uri, &defaults);

    if (defaults.module == NULL && uri->module_path == NULL)
        return false;
    return pin.value != NULL ||
           (pin.file != NULL && (access(hsm_pin_path(pin.file), R_OK) == 0 || errno != EACCES));
}

static bool is_signers(const char *directory, const struct ska_errors *errors, bool *signers)
{
    struct stat status;

    if (stat(directory, &status) != 0)
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", directory, strerror(errno));
    *signers = status.st_uid == geteuid() || status.st_uid == 0;
    return true;
}

bool request_can_be_made(struct tool *tool, const char *uri, const char *directory, bool *can)
{
    struct hsm_uri *parsed = NULL;
    bool signers = false;
    bool done = tool_configure(tool) && is_signers(directory, &tool->errors, &signers) &&
                hsm_uri_parse(uri, &parsed, &tool->errors);

    *can = done && signers && has_login(tool, parsed);
    hsm_uri_free(parsed);
    return done;
}

void request_note_order(const struct tool *tool, const char *uri, enum ska_operation operation)
{
    const struct ska_settings *settings = &tool->configuration.settings;
    const char *directory = settings->approvals_dir;
    struct hsm_uri *parsed = NULL;
    char word[SKA_SHELL_WORD_SIZE];

    if (settings->tsb_url == NULL && hsm_uri_parse(uri, &parsed, NULL) && !has_login(tool, parsed))
        report_note("to %s a key you need no login to the HSM: --dir %s leaves an order in the "
                    "approvals directory, which the signer's side turns into a request",
                    text_operation(operation),
                    directory == NULL ? "DIR" : ska_shell_word(directory, word));
    hsm_uri_free(parsed);
}

/* ---- A request ------------------------------------------------------------------------------- */

bool request_put(struct tool *tool, const struct ska_job *job, const char *directory)
{
    char id[SKA_REQUEST_ID_LENGTH + 1];
    char word[SKA_SHELL_WORD_SIZE];
    struct ska_buffer text = {0};
    bool made = false;

    if (!publish_request(tool, job, directory, id, &made))
        return false;
    ska_buffer_format(&text, "request %.16s to %s%s key ", id, text_operation(job->operation),
                      job->operation == SKA_OPERATION_SIGN ? " with" : "");
    text_quoted(&text, ska_span_text(backend_key_label(job->key)));
    report_note("%s %s in %s; approvers: skatool approve --approver KEY --dir %s %.16s",
                ska_buffer_string(&text), made ? "is open" : "was already open", directory,
                ska_shell_word(directory, word), id);
    ska_buffer_free(&text);
    ska_buffer_format(&text, "%s\n", id);
    return text_print(&text, &tool->errors);
}

/* ---- An order -------------------------------------------------------------------------------- */

static bool order_copy(char **to, const char *from, const struct ska_errors *errors)
{
    *to = from == NULL ? NULL : strdup(from);
    return from == NULL || *to != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for an order");
}

static bool name_key(const struct hsm_uri *uri, struct order *order,
                     const struct ska_errors *errors)
{
    const char *label = (const char *)uri->object.data;

    if (label == NULL || strlen(label) != uri->object.length)
        return ska_fail(errors, SKA_R_BAD_URI,
                        "an order names the key by its label, as text: add object=LABEL");
    return order_copy(&order->token_label, uri->token, errors) &&
           order_copy(&order->key_label, label, errors) &&
           (uri->id.data == NULL || ska_bytes_copy(&order->key_id, ska_span_of(&uri->id), errors));
}

static bool fill_order(const struct request_order *wanted, const struct hsm_uri *uri,
                       struct order *order, const struct ska_errors *errors)
{
    order->operation = wanted->operation;
    if (wanted->policy != NULL) {
        order->policy = *wanted->policy;
        memset(wanted->policy, 0, sizeof(*wanted->policy));
    }
    if (wanted->description != NULL && strlen(wanted->description) > ORDER_WORDS_LIMIT)
        return ska_fail(errors, SKA_R_WRONG_USE, "--description: at most %d bytes",
                        ORDER_WORDS_LIMIT);
    return name_key(uri, order, errors) &&
           order_copy(&order->description, wanted->description, errors);
}

static void say_ordered(const struct order *order, const char *name, const char *directory)
{
    char word[SKA_SHELL_WORD_SIZE];
    struct ska_buffer text = {0};

    ska_buffer_format(&text, "Left the order to %s key ", text_operation(order->operation));
    text_quoted(&text, ska_span_text(order->key_label));
    ska_buffer_format(&text,
                      " in %s (%s). The signer's side turns it into a request; then skatool "
                      "requests --dir %s shows it, and approvers approve it.",
                      directory, name, ska_shell_word(directory, word));
    report_message("%s", ska_buffer_string(&text));
    ska_buffer_free(&text);
}

static bool put_order(struct tool *tool, const struct order *order, const char *directory)
{
    struct ska_directory *place = NULL;
    char name[ORDER_NAME_SIZE];
    bool done = ska_directory_open(directory, SKA_DIRECTORY_TO_APPROVE, &place, &tool->errors) &&
                order_put(place, tool->libctx, order, name, &tool->errors);

    if (done)
        say_ordered(order, name, directory);
    ska_directory_close(place);
    return done;
}

bool request_put_order(struct tool *tool, const struct request_order *wanted, const char *directory)
{
    struct hsm_uri *uri = NULL;
    struct order order;
    bool done = false;

    memset(&order, 0, sizeof(order));
    done = hsm_uri_parse(wanted->uri, &uri, &tool->errors) &&
           fill_order(wanted, uri, &order, &tool->errors) && put_order(tool, &order, directory);
    order_clear(&order);
    hsm_uri_free(uri);
    return done;
}
