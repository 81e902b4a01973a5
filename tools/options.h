/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of a subcommand, described once: for parsing it and for --help.
 */
#ifndef SKA_TOOLS_OPTIONS_H
#define SKA_TOOLS_OPTIONS_H

#include <stddef.h>

#include "tools/tool.h"

/* An option: with an argument (argument and text are set), or a flag (flag is set). */
struct option_entry {
    const char *name;     /* "key" for --key; NULL ends the table */
    char letter;          /* 'o' for -o as well; 0: none */
    const char *argument; /* what --help calls it: "URI" */
    const char *help;
    const char **text; /* borrowed from argv; NULL before, so that twice is noticed */
    bool *flag;
    bool required;
};

/* Entries: options with an argument, such that must be there, and flags. */
#define OPTION_TEXT(name, argument, help, text)                                                    \
    {                                                                                              \
        (name), 0, (argument), (help), (text), NULL, false                                         \
    }
#define OPTION_NEEDED(name, argument, help, text)                                                  \
    {                                                                                              \
        (name), 0, (argument), (help), (text), NULL, true                                          \
    }
#define OPTION_FLAG(name, help, flag)                                                              \
    {                                                                                              \
        (name), 0, NULL, (help), NULL, (flag), false                                               \
    }
/* For every command that reads the configuration. */
#define OPTION_CONFIG(tool)                                                                        \
    OPTION_TEXT("config", "FILE", "openssl.cnf to read instead of OPENSSL_CONF or libcrypto's",    \
                &(tool)->config_path)
#define OPTION_END                                                                                 \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* An option that may be given several times: the text of its entry is &list.last. Starts as {0}. */
#define OPTION_LIST_MOST 200
struct option_list {
    const char *last;
    const char *values[OPTION_LIST_MOST + 1]; /* borrowed from argv; ended by NULL */
    size_t count;
};

struct command_line {
    const char *usage; /* what follows the command: "--key URI --algorithm NAME [--size N]" */
    const char *help;  /* what it does: a few lines */
    const struct option_entry *options;
    const char **operands;      /* receives them; members are NULL before */
    const char *operand_needed; /* what the first one is, as in usage; NULL: there need be none */
    size_t operands_allowed;
    /* NULL: every option once; else, where operands is NULL, they are more of its values. */
    struct option_list *list;
};

/*
 * Fills in what the options point to. False when there is nothing more to do: --help was given
 * (printed; tool->help_shown) or the command line is wrong (SKA_R_WRONG_USE raised).
 */
bool options_parse(struct tool *tool, const struct command_line *line, int argc,
                   char **argv) SKA_MUST_CHECK;

/* SKA_R_WRONG_USE, ended by where to read on; returns false. */
bool options_wrong(struct tool *tool, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
