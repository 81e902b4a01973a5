/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the vendor's calls share.
 */
#include "simulator/vendor_call.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provider/base/wire.h"
#include "provider/request/approval_token.h"
#include "simulator/context.h"
#include "simulator/result_name.h"

/* ---- Operations and outputs ------------------------------------------------------------- */

static void report_payload(CK_ULONG length)
{
    fprintf(stderr,
            "SKA simulator: refuses a payload of %lu bytes: an element has at most %zu, less what "
            "a timestamp has around it\n",
            length, SKA_WIRE_VALUE_LIMIT);
}

CK_RV sim_payload_given(const CK_BYTE *data, CK_ULONG length, const struct ska_span *key_name)
{
    if (length > 0 && data == NULL)
        return CKR_ARGUMENTS_BAD;
    if (length <= SKA_WIRE_VALUE_LIMIT &&
        (key_name == NULL || ska_timestamp_fits(length, *key_name, NULL)))
        return CKR_OK;
    report_payload(length);
    return CKR_DATA_LEN_RANGE;
}

bool sim_operation_from(CK_ULONG number, enum ska_operation *operation)
{
    static const struct {
        CK_ULONG number;
        enum ska_operation operation;
    } operations[] = {
        {CK_SKA_SIGN, SKA_OPERATION_SIGN},
        {CK_SKA_DECRYPT, SKA_OPERATION_SIGN}, /* tokens have one number for all uses of a key */
        {CK_SKA_UNWRAP, SKA_OPERATION_SIGN},
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

/* ---- The call log ----------------------------------------------------------------------- */

/* More of a label than this is not worth a line. */
#define LABEL_SHOWN ((size_t)256)

/* One write, so that lines of several processes do not mix. A log that is full stays full. */
static void append_line(const char *path, const struct ska_buffer *line)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    ssize_t written = fd < 0 ? -1 : write(fd, line->data, line->length);

    (void)written;
    if (fd >= 0)
        close(fd);
}

void sim_log_call(const char *name, bool length_only, struct ska_span label, CK_RV rv)
{
    char text[SIM_RESULT_TEXT_SIZE];
    const struct sim_config *config = sim_config();
    struct ska_buffer line = {0};
    char *shown = NULL;

    if (config == NULL || config->call_log == NULL)
        return;
    if (label.length > 0)
        shown = ska_printable(label, LABEL_SHOWN);
    ska_buffer_format(&line, "%s%s %s %s\n", name, length_only ? "(length)" : "",
                      shown != NULL ? shown : "-", sim_result_text(rv, text));
    if (!line.failed)
        append_line(config->call_log, &line);
    ska_buffer_free(&line);
    free(shown);
}
