/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKA_TOOLS_UNIQUE_DIGITS_H
#define SKA_TOOLS_UNIQUE_DIGITS_H

#include "provider/request/request.h"

/* How many digits of a request's id tell it from those of the others, at least 8. */
size_t unique_digits(struct ska_request *const *requests, size_t count, size_t which);

#endif
