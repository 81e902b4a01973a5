/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKATSB_OPERATION_NUMBER_H
#define SKATSB_OPERATION_NUMBER_H

/* Kinds of operations; the numbers stand in the database. */
enum tsb_kind {
    TSB_SIGN,
    TSB_BLOCK,
    TSB_UNBLOCK,
    TSB_MODIFY,
    TSB_DECRYPT,
    TSB_UNWRAP,
    TSB_CSR,
    TSB_SELF_SIGN,
    TSB_ISSUE,
    TSB_RESTORE, /* of an approver: executed as it comes, nobody is asked */
    TSB_KIND_COUNT
};

#endif
