/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What copies of one request say beside its token, which no approval protects.
 */
#ifndef SKA_TOOLS_REQUEST_DIFFERENCE_H
#define SKA_TOOLS_REQUEST_DIFFERENCE_H

#include "provider/request/request.h"

/*
 * The name of a member that two copies of a request do not have in common; NULL: there is none.
 * Approvals, what came with the signature, and who has imported a copy may differ. *difference is
 * one of the names in doc/formats.md.
 */
bool request_find_difference(const struct ska_request *request, const struct ska_request *copy,
                             const char **difference,
                             const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
