/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The call log.
 */
#include "simulator/call_log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "simulator/context.h"
#include "simulator/result_name.h"

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
