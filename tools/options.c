/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/close_name.h"
#include "tools/exit_status.h"

#define OPTIONS_MOST 24
#define HELP_VALUE 1
#define HELP_WIDTH 80
#define OPTION_WIDTH 24
#define HELP_COLUMN (2 + OPTION_WIDTH + 1)
#define STATUS_COLUMN 5
/* getopt_long() answers with this plus the place in the table, so that letters stay letters. */
#define FIRST_VALUE 256

bool options_wrong(struct tool *tool, const char *format, ...)
{
    struct ska_buffer text = {0};
    va_list args;

    va_start(args, format);
    ska_buffer_format_args(&text, format, args);
    va_end(args);
    ska_fail(&tool->errors, SKA_R_WRONG_USE, "%s: %s; see: skatool %s --help", tool->command,
             ska_buffer_string(&text), tool->command);
    ska_buffer_free(&text);
    return false;
}

/* Prints lines that start at `column`; one that is too long for a terminal is broken at spaces. */
static void print_lines(const char *text, size_t column)
{
    while (*text != 0) {
        size_t length = strcspn(text, "\n");
        size_t fits = length;

        if (column + length > HELP_WIDTH) {
            fits = HELP_WIDTH - column;
            while (fits > 0 && text[fits] != ' ')
                fits--;
            if (fits == 0)
                fits = length;
        }
        printf("%.*s\n", (int)fits, text);
        text += fits;
        text += *text != 0;
        if (*text != 0)
            printf("%*s", (int)column, "");
    }
}

static void print_option(const struct option_entry *option)
{
    char left[64];
    const char *argument = option->argument == NULL ? "" : option->argument;
    const char *space = option->argument == NULL ? "" : " ";

    if (option->letter != 0)
        snprintf(left, sizeof(left), "-%c, --%s%s%s", option->letter, option->name, space,
                 argument);
    else
        snprintf(left, sizeof(left), "--%s%s%s", option->name, space, argument);
    printf("  %-*s ", OPTION_WIDTH, left);
    if (strlen(left) > OPTION_WIDTH)
        printf("\n%*s", HELP_COLUMN, "");
    print_lines(option->help, HELP_COLUMN);
}

/* Whether the line that ends here is to stay one: before and after what is indented or empty. */
static bool ends_line(const char *start, const char *end)
{
    return start == end || *start == ' ' || end[1] == 0 || end[1] == '\n' || end[1] == ' ';
}

/* Sentences as paragraphs, however their lines are broken in the source; what is indented stays. */
static void print_paragraphs(const char *text)
{
    struct ska_buffer paragraph = {0};

    while (*text != 0) {
        const char *end = text + strcspn(text, "\n");

        ska_buffer_add(&paragraph, text, (size_t)(end - text));
        if (*end != 0 && !ends_line(text, end)) {
            ska_buffer_text(&paragraph, " ");
        } else {
            print_lines(ska_buffer_string(&paragraph), 0);
            if (paragraph.length == 0)
                printf("\n");
            ska_buffer_free(&paragraph);
        }
        text = end + (*end != 0);
    }
    ska_buffer_free(&paragraph);
}

static void print_help(const struct tool *tool, const struct command_line *line)
{
    printf("Usage: skatool %s%s%s\n\n", tool->command, line->usage[0] == 0 ? "" : " ", line->usage);
    print_paragraphs(line->help);
    printf("\nOptions:\n");
    for (const struct option_entry *option = line->options; option->name != NULL; option++)
        print_option(option);
    printf("  %-*s %s\n", OPTION_WIDTH, "-h, --help", "this text");
    printf("\nExit status:\n");
    for (int status = 0; exit_status_meanings[status] != NULL; status++) {
        printf("  %d  ", status);
        print_lines(exit_status_meanings[status], STATUS_COLUMN);
    }
}

/* The table in getopt_long()'s form. */
static void prepare_getopt(const struct command_line *line, struct option *longs, char *letters)
{
    size_t count = 0;

    *letters++ = ':'; /* a missing argument is told apart from an unknown option */
    *letters++ = 'h';
    for (; line->options[count].name != NULL && count < OPTIONS_MOST; count++) {
        const struct option_entry *entry = &line->options[count];

        longs[count].name = entry->name;
        longs[count].has_arg = entry->argument == NULL ? no_argument : required_argument;
        longs[count].flag = NULL;
        longs[count].val = FIRST_VALUE + (int)count;
        if (entry->letter != 0) {
            *letters++ = entry->letter;
            if (entry->argument != NULL)
                *letters++ = ':';
        }
    }
    *letters = 0;
    longs[count].name = "help";
    longs[count].has_arg = no_argument;
    longs[count].flag = NULL;
    longs[count].val = HELP_VALUE;
    memset(&longs[count + 1], 0, sizeof(longs[0]));
}

static const struct option_entry *find_entry(const struct command_line *line, int value)
{
    const struct option_entry *entry = line->options;

    if (value >= FIRST_VALUE)
        return &entry[value - FIRST_VALUE];
    while (entry->name != NULL && entry->letter != (char)value)
        entry++;
    return entry;
}

static bool take_into_list(struct tool *tool, const char *value, struct option_list *list)
{
    if (list->count == OPTION_LIST_MOST)
        return options_wrong(tool, "'%s' is an unexpected argument: there may be %d", value,
                             OPTION_LIST_MOST);
    list->values[list->count++] = value;
    list->last = value;
    return true;
}

static bool take_option(struct tool *tool, const struct command_line *line, int value)
{
    const struct option_entry *entry = find_entry(line, value);

    if (entry->flag != NULL) {
        *entry->flag = true;
        return true;
    }
    if (line->list != NULL && entry->text == &line->list->last)
        return take_into_list(tool, optarg, line->list);
    if (*entry->text != NULL)
        return options_wrong(tool, "--%s is given twice", entry->name);
    *entry->text = optarg;
    return true;
}

/* A name that is unknown, the beginning of several, or a flag with an argument. */
static bool fail_unknown(struct tool *tool, const struct command_line *line, const char *given)
{
    char name[64];
    struct close_name close = {.given = name};

    snprintf(name, sizeof(name), "%.*s", (int)strcspn(given, "="), given);
    memmove(name, name + strspn(name, "-"), strlen(name) - strspn(name, "-") + 1);
    for (const struct option_entry *entry = line->options; entry->name != NULL; entry++)
        close_name_try(&close, entry->name);
    return close.found == NULL || strcmp(close.found, name) == 0
               ? options_wrong(tool, "unknown or wrong option %s", given)
               : options_wrong(tool, "unknown option %s (did you mean --%s?)", given, close.found);
}

static bool check_required(struct tool *tool, const struct command_line *line)
{
    for (const struct option_entry *entry = line->options; entry->name != NULL; entry++)
        if (entry->required && *entry->text == NULL)
            return options_wrong(tool, "missing option: --%s", entry->name);
    return true;
}

static bool take_operands(struct tool *tool, const struct command_line *line, char **operands,
                          size_t count)
{
    bool into_list = line->list != NULL && line->operands == NULL;

    for (size_t i = 0; into_list && i < count; i++)
        if (!take_into_list(tool, operands[i], line->list))
            return false;
    if (into_list)
        return true;
    if (count == 0 && line->operand_needed != NULL)
        return options_wrong(tool, "missing argument: %s", line->operand_needed);
    if (count > line->operands_allowed)
        return options_wrong(tool, "unexpected argument: '%s'", operands[line->operands_allowed]);
    for (size_t i = 0; i < count; i++)
        line->operands[i] = operands[i];
    return true;
}

bool options_parse(struct tool *tool, const struct command_line *line, int argc, char **argv)
{
    struct option longs[OPTIONS_MOST + 2];
    char letters[2 * OPTIONS_MOST + 3];
    int value = 0;

    prepare_getopt(line, longs, letters);
    optind = 0; /* glibc: start anew */
    opterr = 0;
    while ((value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        if (value == 'h' || value == HELP_VALUE) {
            print_help(tool, line);
            tool->help_shown = true;
            return false;
        }
        if (value == ':')
            return options_wrong(tool, "%s takes an argument", argv[optind - 1]);
        if (value == '?' && optopt != 0 && optopt < FIRST_VALUE)
            return options_wrong(tool, "unknown option -%c", optopt);
        if (value == '?')
            return fail_unknown(tool, line, argv[optind - 1]);
        if (!take_option(tool, line, value))
            return false;
    }
    return check_required(tool, line) &&
           take_operands(tool, line, argv + optind, (size_t)(argc - optind));
}
