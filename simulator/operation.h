/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an approval token can be made for, in the vendor's numbers.
 */
#ifndef SKASIM_OPERATION_H
#define SKASIM_OPERATION_H

#include <stdbool.h>
#include <stddef.h>

#include <pkcs11.h>

#include "provider/base/mechanism.h"

/* False for a number that is none of those that the simulator knows. */
static inline bool sim_operation_from(CK_ULONG number, enum ska_operation *operation)
{
    static const struct {
        CK_ULONG number;
        enum ska_operation operation;
    } operations[] = {
        {CK_SKA_SIGN, SKA_OPERATION_SIGN},
        {CK_SKA_BLOCK, SKA_OPERATION_BLOCK},
        {CK_SKA_UNBLOCK, SKA_OPERATION_UNBLOCK},
        {CK_SKA_MODIFY, SKA_OPERATION_MODIFY},
    };

    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        if (operations[i].number == number) {
            *operation = operations[i].operation;
            return true;
        }
    }
    return false;
}

#endif
