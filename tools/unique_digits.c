/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/unique_digits.h"

#include "tools/show/request_text.h"

#define DIGITS_LEAST 8

static size_t common_digits(const char *a, const char *b)
{
    size_t length = 0;

    while (a[length] != 0 && a[length] == b[length])
        length++;
    return length;
}

size_t unique_digits(struct ska_request *const *requests, size_t count, size_t which)
{
    size_t most = DIGITS_LEAST - 1;

    for (size_t i = 0; i < count; i++) {
        size_t common = i == which ? 0
                                   : common_digits(request_shown_id(requests[i]),
                                                   request_shown_id(requests[which]));

        most = common > most ? common : most;
    }
    /* Two may state the same. */
    return most < SKA_REQUEST_ID_LENGTH ? most + 1 : SKA_REQUEST_ID_LENGTH;
}
