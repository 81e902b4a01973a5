/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a command line and the configuration to the place where requests lie: the one file that
 * knows which kinds of places there are.
 */
#ifndef SKA_TOOLS_PLACE_OPTIONS_H
#define SKA_TOOLS_PLACE_OPTIONS_H

#include "tools/request_place.h"

/* Borrowed from the command line; NULL where nothing was given. */
struct place_options {
    const char *directory;    /* --dir */
    const char *tsb;          /* --tsb */
    const char *tsb_ca;       /* --tsb-ca */
    const char *tsb_api_keys; /* --tsb-api-key-source */
    bool may_answer;          /* the command has --approver, too, which is for messages */
};

/* Entries of a table of options. */
#define OPTIONS_BROKER(where)                                                                      \
    OPTION_TEXT("tsb", "URL", "at the broker with this URL", &(where).tsb),                        \
        OPTION_TEXT("tsb-ca", "FILE", "CAs in PEM to verify its certificate", &(where).tsb_ca),    \
        OPTION_TEXT("tsb-api-key-source", "file:FILE", "API keys for it, one per line",            \
                    &(where).tsb_api_keys)

/*
 * Who answers: opened when a place has to be shown the key, or before. Of the directory nobody
 * wants it.
 */
struct place_key {
    struct approver *key;
    const char *uri;         /* KEY */
    const char *certificate; /* --cert; NULL: none */
};

bool place_is_named(const struct place_options *options);
/* Whether the configuration names a place. False also where it cannot be read, which is raised. */
bool place_is_configured(struct tool *tool);

/*
 * Opens the place that the options name, else that of the configuration; `key` NULL: nobody
 * answers, so that it is looked at as its owner does. Everything is borrowed. Close it with
 * request_place_close(). SKA_R_WRONG_USE where none is named.
 */
bool place_open(struct tool *tool, const struct place_options *options, const struct place_key *key,
                struct request_place **place) SKA_MUST_CHECK;

#endif
