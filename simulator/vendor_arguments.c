/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inputs and outputs of the vendor's calls.
 */
#include "simulator/vendor_arguments.h"

#include <stddef.h>
#include <string.h>

#include "provider/base/wire.h"

bool sim_input_given(const CK_BYTE *data, CK_ULONG length)
{
    return length == 0 || (data != NULL && length <= SKA_WIRE_VALUE_LIMIT);
}

bool sim_operation_from(CK_ULONG number, enum ska_operation *operation)
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

CK_RV sim_output(struct ska_span output, CK_BYTE_PTR buffer, CK_ULONG_PTR buffer_len)
{
    CK_ULONG available = *buffer_len;

    *buffer_len = output.length;
    if (buffer == NULL)
        return CKR_OK;
    if (available < output.length)
        return CKR_BUFFER_TOO_SMALL;
    if (output.length > 0)
        memcpy(buffer, output.data, output.length);
    return CKR_OK;
}
