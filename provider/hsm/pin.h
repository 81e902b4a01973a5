/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PINs: every one is read by hsm_pin_read(), whatever it comes from, and wiped by hsm_pin_wipe().
 */
#ifndef SKA_HSM_PIN_H
#define SKA_HSM_PIN_H

#include "provider/hsm/pin_memory.h"

/*
 * Asks a person for the PIN: writes at most size - 1 bytes and a NUL; false when there is no
 * answer. Called without any lock held.
 */
typedef bool hsm_pin_prompt(void *arg, const char *token_label, char *pin, size_t size);

#define HSM_NAMED_IN_URI "pin-source of the URI"
#define HSM_NAMED_IN_CONFIGURATION "pin-source of the configuration"

/* Where the PIN comes from, the first that is given. */
struct hsm_pin_source {
    const char *value; /* the PIN itself */
    /*
     * "file:PATH" or a path, of a file or a pipe, whose first line is the PIN. Where the
     * configuration names it also "|/COMMAND ARG...", what a program writes, and "env:NAME".
     */
    const char *file;
    bool configured;            /* the configuration names it, nobody else */
    const char *named_in;       /* where the file is named, for messages; NULL: not known */
    const char *meant_for;      /* label of the token that `file` and `kept` are for; NULL: any */
    bool withheld;              /* there is a PIN, but not for this token: see hsm_pin_withhold() */
    const struct hsm_pin *kept; /* read before, for when it cannot be read again */
    hsm_pin_prompt *prompt;     /* may be NULL */
    void *prompt_arg;
};

/* Whether a PIN is to be had without asking a person, as far as is known without reading it. */
bool hsm_pin_is_named(const struct hsm_pin_source *source);

/* The same source without the PIN that is meant for another token. */
struct hsm_pin_source hsm_pin_withhold(const struct hsm_pin_source *source);

/* The path in "file:PATH", "file:///PATH" or a path; a part of the text. */
const char *hsm_pin_path(const char *file);
/*
 * What messages call it: what stands in the place of a path may be the PIN itself, unless it is the
 * path of a file in a directory (/a/b).
 */
const char *hsm_pin_path_shown(const char *path);

/*
 * "the PIN in /etc/ska/pin (pin-source of the configuration)", "the PIN that was entered": for
 * messages, never the PIN. Into text of at least HSM_PIN_SOURCE_SIZE bytes.
 */
#define HSM_PIN_SOURCE_SIZE 400
const char *hsm_pin_source_text(const struct hsm_pin_source *source,
                                char text[HSM_PIN_SOURCE_SIZE]);

/* Whether it comes from nowhere but a person. */
bool hsm_pin_is_asked(const struct hsm_pin_source *source);

/*
 * Reads a PIN of 1 to HSM_PIN_LIMIT bytes; wipe it with hsm_pin_wipe(). The token's label is for
 * messages and for the question. NULL: raised; SKA_R_PIN_MISSING, SKA_R_PIN_INCORRECT when it is
 * too long, SKA_R_PIN_UNREADABLE.
 */
struct hsm_pin *hsm_pin_read(const struct hsm_pin_source *source, const char *token_label,
                             const struct ska_errors *errors);

#endif
