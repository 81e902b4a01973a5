/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/text_list.h"

#include <string.h>

#include <openssl/crypto.h>

static bool is_list_blank(char character)
{
    return character == ' ' || character == '\t';
}

struct ska_span tsb_list_next(const char **list)
{
    const char *begin = *list;
    size_t length = 0;

    if (begin == NULL)
        return ska_span(NULL, 0);
    length = strcspn(begin, ",");
    *list = begin[length] == ',' ? begin + length + 1 : NULL;
    while (length > 0 && is_list_blank(begin[0])) {
        begin++;
        length--;
    }
    while (length > 0 && is_list_blank(begin[length - 1]))
        length--;
    return ska_span(begin, length);
}

bool tsb_list_has(const char *list, const char *entry)
{
    size_t length = strlen(entry);
    bool found = false;

    while (list != NULL) {
        struct ska_span listed = tsb_list_next(&list);

        if (listed.length > 0 && listed.length == length &&
            CRYPTO_memcmp(listed.data, entry, length) == 0)
            found = true;
    }
    return found;
}
