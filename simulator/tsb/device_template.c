/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/device_template.h"

#include <stdint.h>

void *tsb_writable(const void *data)
{
    return (void *)(uintptr_t)data;
}

void tsb_template_put(struct tsb_template *to, CK_ATTRIBUTE_TYPE type, const void *value,
                      size_t length)
{
    CK_ATTRIBUTE attribute = {type, tsb_writable(value), length};

    if (to->count < TSB_TEMPLATE_LIMIT)
        to->list[to->count++] = attribute;
}

void tsb_template_put_flag(struct tsb_template *to, CK_ATTRIBUTE_TYPE type, bool value)
{
    static const CK_BBOOL yes = CK_TRUE;
    static const CK_BBOOL no = CK_FALSE;

    tsb_template_put(to, type, value ? &yes : &no, sizeof(yes));
}
