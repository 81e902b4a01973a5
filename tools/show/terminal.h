/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talking to the person at the terminal, wherever standard input and output go.
 */
#ifndef SKA_TOOLS_SHOW_TERMINAL_H
#define SKA_TOOLS_SHOW_TERMINAL_H

#include <stddef.h>

#include "provider/base/bytes.h"

/* Whether there is a terminal to ask on. */
bool terminal_available(void);

/* Asks for a PIN without echo: an hsm_pin_prompt. False when there is no terminal or no answer. */
bool terminal_pin(void *arg, const char *token_label, char *pin, size_t size);

/*
 * Shows the text (which must be harmless) and the question, both on the terminal, and reads one
 * line. *yes: the answer was the whole word yes. False when there is no terminal.
 */
bool terminal_ask(struct ska_span text, const char *question, bool *yes) SKA_MUST_CHECK;

#endif
