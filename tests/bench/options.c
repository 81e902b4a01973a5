/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of ska-bench. */
#include "bench.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct option long_options[] = {
    {"rows", required_argument, NULL, 'r'},    {"pairs", required_argument, NULL, 'p'},
    {"threads", required_argument, NULL, 't'}, {"keys", required_argument, NULL, 'k'},
    {"json", required_argument, NULL, 'j'},    {"peer", required_argument, NULL, 'o'},
    {"short", no_argument, NULL, 's'},         {"list", no_argument, NULL, 'l'},
    {"instructions", no_argument, NULL, 'i'},  {"check", no_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
};

void options_help(void)
{
    printf(
        "Usage: ska-bench [OPTION...]\n"
        "\n"
        "Measures what the provider adds to the time of the calls into the HSM: loop A signs\n"
        "through the provider, loop B makes the raw Cryptoki calls, on the same token of the\n"
        "simulator, alternating. The ratio is A's throughput divided by B's: 0.97 says that the\n"
        "provider costs 3 %%.\n"
        "\n"
        "Options:\n"
        "  --rows LIST       only these rows, separated by commas; * and ? match as in a shell;\n"
        "                    a row may print several lines, whose names begin with its own\n"
        "  --pairs N         how often each loop runs; default: as suits the row\n"
        "  --threads N       threads in the rows with several (default: 2)\n"
        "  --keys N          the larger number of keys for look-ups (default: 4000)\n"
        "  --json FILE       also writes the results there; with - to standard output, and the\n"
        "                    table to standard error\n"
        "  --peer NAME=OPENSSL_CONF,URI\n"
        "                    also measures another provider, in the rows of ordinary keys, of\n"
        "                    whole commands and of memory\n"
        "  --instructions    counts instructions with valgrind instead of time: the same\n"
        "                    in each run; of other processes, only whole commands are counted\n"
        "  --check           exits with 1 if a row misses its target\n"
        "  --short           small numbers of everything, to see that it works\n"
        "  --list            the names of the rows\n"
        "  -h, --help        this text\n"
        "\n"
        "All rows take about fifteen minutes, with --short half a minute. A row whose programs "
        "are\n"
        "not installed (nginx, wrk) is skipped.\n"
        "\n"
        "Exit status: 0 if the rows were measured, without --check whether or not they reach\n"
        "their targets; 1 if a row failed or the results could not be written; 2 for wrong use:\n"
        "nothing was measured.\n"
        "\n"
        "A peer finds the keys on token \"bench\" with PIN 4711, below SOFTHSM2_CONF, which is\n"
        "set. {key} in its URI becomes the label of the row's key. Before anything is measured\n"
        "it must load a key of each kind that the chosen rows have. For instance:\n"
        "  --peer 'other=other.cnf,pkcs11:token=bench;object={key}?pin-value=4711'\n"
        "\n"
        "Rows:\n");
    for (size_t i = 0; i < row_count; i++)
        printf("  %-22s  %s\n", rows[i]->name, rows[i]->what);
}

static bool wrong(const char *option, const char *value, const char *expected)
{
    fprintf(stderr, "ska-bench: --%s %s: %s expected\n", option, value, expected);
    return false;
}

static bool read_number(const char *option, const char *text, size_t lowest, size_t highest,
                        size_t *number)
{
    char *end = NULL;
    unsigned long long value = strtoull(text, &end, 10);
    char expected[80];

    snprintf(expected, sizeof(expected), "a number from %zu to %zu", lowest, highest);
    if (text[0] < '0' || text[0] > '9' || *end != 0 || value < lowest || value > highest)
        return wrong(option, text, expected);
    *number = (size_t)value;
    return true;
}

/* Read several times, so no pipe. */
static bool check_configuration(const struct peer *peer)
{
    struct stat status;
    const char *why = NULL;

    if (stat(peer->configuration, &status) != 0 || access(peer->configuration, R_OK) != 0)
        why = strerror(errno);
    else if (!S_ISREG(status.st_mode))
        why = "not a regular file";
    if (why != NULL)
        fprintf(stderr, "ska-bench: --peer %s: %s: %s\n", peer->name, peer->configuration, why);
    return why == NULL;
}

/*
 * NAME=OPENSSL_CONF,URI. A copy is cut into its parts, as the arguments may be handed on; it is
 * there as long as the process.
 */
static bool read_peer(struct options *options, const char *argument)
{
    static char *copies[PEER_LIMIT];
    struct peer *peer = &options->peers[options->peer_count];
    char *text = NULL;
    char *configuration = NULL;
    char *uri = NULL;

    if (options->peer_count == PEER_LIMIT)
        return wrong("peer", argument, "fewer of them");
    copies[options->peer_count] = strdup(argument);
    text = copies[options->peer_count];
    must(text != NULL);
    configuration = strchr(text, '=');
    uri = configuration == NULL ? NULL : strchr(configuration, ',');
    if (uri == NULL || configuration == text || uri == configuration + 1 || uri[1] == 0)
        return wrong("peer", argument, "NAME=OPENSSL_CONF,URI");
    *configuration = 0;
    *uri = 0;
    peer->name = text;
    peer->configuration = configuration + 1;
    peer->uri = uri + 1;
    options->peer_count++;
    return check_configuration(peer);
}

static bool read_option(struct options *options, int option, char *value)
{
    size_t threads = 0;

    switch (option) {
    case 'r':
        options->rows = value;
        return true;
    case 'j':
        options->json = value;
        return true;
    case 'p':
        return read_number("pairs", value, 1, 100000, &options->pairs);
    case 't':
        if (!read_number("threads", value, 1, 64, &threads))
            return false;
        options->threads = (unsigned)threads;
        return true;
    case 'k':
        return read_number("keys", value, 4, 1000000, &options->keys);
    case 'o':
        return read_peer(options, value);
    case 'i':
        options->instructions = true;
        return true;
    case 'c':
        options->check = true;
        return true;
    case 's':
        options->brief = true;
        return true;
    case 'l':
        options->list = true;
        return true;
    case 'h':
        options->help = true;
        return true;
    default:
        return false; /* getopt_long() has said what is wrong */
    }
}

bool options_read(struct options *options, int argc, char **argv)
{
    int option = 0;

    memset(options, 0, sizeof(*options));
    options->threads = 2;
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1)
        if (!read_option(options, option, optarg))
            return false;
    if (optind < argc) {
        fprintf(stderr, "ska-bench: '%s' is no option\n", argv[optind]);
        return false;
    }
    if (options->keys == 0)
        options->keys = amount(options, 4000, 40);
    return true;
}
