/* SPDX-License-Identifier: Apache-2.0 */
/* Orders: what is taken is to change a key, and reads the same when it is written. */
#include <string.h>

#include "tools/order.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct order order;

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
