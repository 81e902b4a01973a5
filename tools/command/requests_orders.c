/* SPDX-License-Identifier: Apache-2.0 */
/* Orders in an approvals directory, and what has become of those that were refused. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "provider/base/printable.h"
#include "tools/command/requests.h"
#include "tools/order_refusal.h"
#include "tools/report.h"
#include "tools/show/text.h"

struct orders_text {
    const struct tool *tool;
    struct ska_directory *directory;
    const struct request_filter *filter;
    bool directory_of_root; /* then nobody can tell who signs */
    struct ska_buffer waiting;
    struct ska_buffer refused;
};

static void add_file_name(struct ska_buffer *text, const char *name)
{
    char *shown = ska_file_name_shown(name);

    text->failed = text->failed || shown == NULL;
    ska_buffer_format(text, "    %s  ", shown == NULL ? "" : shown);
    free(shown);
}

static bool is_of_requester(const struct orders_text *orders, uid_t uid)
{
    return orders->filter->requester == NULL || request_user(orders->filter->requester) == uid;
}

/* By key: one that could not be read was about none. */
static bool is_of_key(const struct orders_text *orders, const char *label)
{
    return orders->filter->key == NULL ||
           (label != NULL && strcmp(orders->filter->key, label) == 0);
}

static void add_waiting(struct orders_text *orders, const struct order_file *file)
{
    struct ska_buffer *text = &orders->waiting;
    struct order order;

    if (!is_of_requester(orders, file->owner))
        return;
    if (!order_file_read(orders->directory, orders->tool->libctx, file, &order, NULL)) {
        ska_buffer_format(text, "    %s  cannot be read, of ", file->shown);
        requests_add_user(file->owner, text);
        ska_buffer_text(text, "\n");
        return;
    }
    if (is_of_key(orders, order.key_label)) {
        ska_buffer_format(text, "    %s  %s ", file->shown, text_operation(order.operation));
        ska_buffer_name(text, ska_span_text(order.key_label));
        ska_buffer_text(text, ", ordered by ");
        requests_add_user(file->owner, text);
        ska_buffer_text(text, "\n");
        requests_add_words(order.description, text);
    }
    order_clear(&order);
}

/* "BLOCK", of a file of others, as we say it. */
static void add_operation(const char *name, struct ska_buffer *text)
{
    for (int i = 0; i <= SKA_OPERATION_MODIFY; i++)
        if (strcmp(name, ska_operation_names[i]) == 0) {
            ska_buffer_text(text, text_operation((enum ska_operation)i));
            return;
        }
    ska_buffer_name(text, ska_span_text(name));
}

/* An order_refusal_visit. */
static bool add_refused(void *arg, const struct order_refusal *refusal, uid_t owner)
{
    struct orders_text *orders = arg;

    if (!is_of_key(orders, refusal->key_label) || !is_of_requester(orders, (uid_t)refusal->uid))
        return true;
    add_file_name(&orders->refused, refusal->order);
    if (refusal->operation != NULL && refusal->key_label != NULL) {
        add_operation(refusal->operation, &orders->refused);
        ska_buffer_text(&orders->refused, " ");
        ska_buffer_name(&orders->refused, ska_span_text(refusal->key_label));
        ska_buffer_text(&orders->refused, ", ");
    }
    ska_buffer_text(&orders->refused, "ordered by ");
    requests_add_user((uid_t)refusal->uid, &orders->refused);
    ska_buffer_text(&orders->refused, ", refused by ");
    requests_add_user(owner, &orders->refused);
    if (orders->directory_of_root && owner != 0)
        ska_buffer_text(&orders->refused, ", as a file of theirs says");
    ska_buffer_text(&orders->refused, ", ");
    text_stated_time(&orders->refused, refusal->refused);
    ska_buffer_text(&orders->refused, "\n");
    requests_add_words(refusal->reason, &orders->refused);
    return true;
}

static bool print_orders(const struct orders_text *orders, const struct ska_errors *errors)
{
    struct ska_buffer text = {0};

    if (orders->waiting.length > 0)
        ska_buffer_format(&text, "\nOrders that skatool execute --dir turns into requests:\n%.*s",
                          (int)orders->waiting.length, (const char *)orders->waiting.data);
    if (orders->refused.length > 0)
        ska_buffer_format(&text, "\nOrders that were refused:\n%.*s", (int)orders->refused.length,
                          (const char *)orders->refused.data);
    text.failed = text.failed || orders->waiting.failed || orders->refused.failed;
    return text_print(&text, errors);
}

bool requests_show_orders(struct request_place *place, const struct request_filter *filter)
{
    const struct ska_errors *errors = &place->tool->errors;
    struct ska_directory *directory = request_place_directory(place);
    struct orders_text orders = {.tool = place->tool, .directory = directory, .filter = filter};
    struct order_files files = {NULL, 0, 0};
    struct order_hearsay hearsay = {0, 0};
    struct stat status;
    bool done = false;

    if (directory == NULL)
        return true;
    orders.directory_of_root =
        fstat(ska_directory_fd(directory), &status) == 0 && status.st_uid == 0;
    done = order_files_find(directory, place->tool->libctx, NULL, NULL, &files, errors) &&
           order_refusals_visit(directory, add_refused, &orders, &hearsay, errors);
    for (size_t i = 0; done && i < files.count; i++)
        add_waiting(&orders, &files.files[i]);
    if (done && files.left > 0)
        ska_buffer_format(&orders.waiting, "    and %zu more\n", files.left);
    done = done && print_orders(&orders, errors);
    if (done && hearsay.count > 0)
        report_warning("not shown: what uid %lu, who does not sign here, says in %zu file%s of %s "
                       "about orders",
                       (unsigned long)hearsay.owner, hearsay.count, hearsay.count == 1 ? "" : "s",
                       place->name);
    ska_buffer_free(&orders.waiting);
    ska_buffer_free(&orders.refused);
    order_files_free(&files);
    return done;
}
