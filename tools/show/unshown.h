/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a broker asks for and skatool cannot show (request->unshown): it is named, and can be
 * rejected.
 */
#ifndef SKA_TOOLS_SHOW_UNSHOWN_H
#define SKA_TOOLS_SHOW_UNSHOWN_H

#include "provider/request/request.h"

/* False, raised, where it cannot be shown: then it must not be approved. */
bool unshown_refuse(const struct ska_request *request,
                    const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * "a decryption that cannot be shown by this version", with what the requester says; to be freed.
 * NULL: out of memory.
 */
char *unshown_description(const struct ska_request *request);

/* The page that is read before it is rejected; `broker` has carried it here. */
bool unshown_page(const struct ska_request *request, const char *broker, size_t columns,
                  struct ska_bytes *text, const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
