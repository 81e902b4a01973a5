/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked in the inbox before a rejection is given: why, where the place has room for that,
 * and whether it is meant. Nothing is said to anybody before the last answer.
 */
#ifndef SKA_TOOLS_COMMAND_INBOX_REJECTION_H
#define SKA_TOOLS_COMMAND_INBOX_REJECTION_H

#include "tools/review.h"

/* Longer lines are none. */
#define REJECTION_REASON_SIZE 4096

enum rejection_answer {
    REJECTION_MEANT,
    REJECTION_NOT_MEANT,
    REJECTION_NOBODY /* has answered in time */
};

/* `document` NULL: none is known. The reason is "" where the place has room for none. */
enum rejection_answer inbox_ask_rejection(struct tool *tool, const struct review *review,
                                          const struct document *document, int64_t patience_ms,
                                          char reason[REJECTION_REASON_SIZE]);

#endif
