/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders: what is taken is to change a key, and reads the same when it is written. The same file
 * among answers by mail is called what it is.
 */
#include <string.h>

#include "tools/command/import_kind.h"
#include "tools/order_refusal.h"

#include "fuzz.h"

static void write_again(const struct order *order)
{
    struct ska_bytes text = {NULL, 0};
    struct order again;

    /* Names that are no UTF-8 become longer. */
    if (!order_print(order, &text, NULL))
        return;
    PROMISE(order_parse(ska_span_of(&text), "again", &again, NULL));
    PROMISE(order->operation == again.operation);
    PROMISE(strcmp(order->key_label, again.key_label) == 0);
    PROMISE((order->description == NULL) == (again.description == NULL));
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        PROMISE(order->policy.named[i] == again.policy.named[i]);
    order_clear(&again);
    ska_bytes_free(&text);
}

/* What the signer's side says of one, in a file that anybody may have put there. */
static void read_refusal(struct ska_span text)
{
    struct order_refusal refusal;
    struct order_refusal again;
    struct ska_bytes printed = {NULL, 0};

    if (!order_refusal_parse(text, "fuzz", &refusal, NULL)) {
        PROMISE(refusal.order == NULL && refusal.reason == NULL);
        return;
    }
    if (order_refusal_print(&refusal, &printed, NULL) &&
        order_refusal_parse(ska_span_of(&printed), "again", &again, NULL)) {
        PROMISE(refusal.uid == again.uid);
        order_refusal_clear(&again);
    }
    ska_bytes_free(&printed);
    order_refusal_clear(&refusal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct order order;

    read_refusal(ska_span(data, size));
    (void)import_what_it_is("", ska_span(data, size));
    if (!order_parse(ska_span(data, size), "fuzz", &order, NULL)) {
        PROMISE(order.key_label == NULL && order.description == NULL);
        return 0;
    }
    PROMISE(order.operation >= SKA_OPERATION_BLOCK && order.operation <= SKA_OPERATION_MODIFY);
    PROMISE(order.key_label[0] != 0);
    PROMISE(order.description == NULL || strlen(order.description) <= ORDER_WORDS_LIMIT);
    write_again(&order);
    order_clear(&order);
    return 0;
}
