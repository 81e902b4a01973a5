/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates of objects that are made or looked for.
 */
#ifndef SKATSB_DEVICE_TEMPLATE_H
#define SKATSB_DEVICE_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include <pkcs11.h>

#define TSB_TEMPLATE_LIMIT 32

/* Starts as {.count = 0}; values stay where they are. */
struct tsb_template {
    CK_ATTRIBUTE list[TSB_TEMPLATE_LIMIT];
    CK_ULONG count;
};

void tsb_template_put(struct tsb_template *to, CK_ATTRIBUTE_TYPE type, const void *value,
                      size_t length);
void tsb_template_put_flag(struct tsb_template *to, CK_ATTRIBUTE_TYPE type, bool value);

/* Cryptoki's types have no const. */
void *tsb_writable(const void *data);

#endif
