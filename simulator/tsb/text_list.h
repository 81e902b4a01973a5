/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists in one text, whose entries are separated by commas.
 */
#ifndef SKATSB_TEXT_LIST_H
#define SKATSB_TEXT_LIST_H

#include "provider/base/bytes.h"

/*
 * The next entry of a list, without the blanks around it; `list` becomes what is left, NULL:
 * nothing.
 */
struct ska_span tsb_list_next(const char **list);

/* Whether the list has this entry. Takes as long for a wrong one as for a right one. */
bool tsb_list_has(const char *list, const char *entry);

#endif
