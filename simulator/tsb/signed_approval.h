/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An element of signedApprovals: a serialized approval, that is the token that an approver has
 * signed, the signature, and the approver's key or certificate.
 */
#ifndef SKATSB_SIGNED_APPROVAL_H
#define SKATSB_SIGNED_APPROVAL_H

#include "simulator/tsb/device_ska.h"

struct tsb_signed_approval {
    struct ska_bytes serialized;
    struct ska_span token; /* these point into it */
    struct tsb_approval approval;
};

/* Base64 on one line. Strict: these three elements in this order. */
bool tsb_signed_approval_read(const char *text,
                              struct tsb_signed_approval *approval) SKA_MUST_CHECK;
/* The same the other way; *text is to be freed. */
bool tsb_signed_approval_write(struct ska_span token, const struct tsb_approval *approval,
                               char **text) SKA_MUST_CHECK;
void tsb_signed_approval_clear(struct tsb_signed_approval *approval);

#endif
