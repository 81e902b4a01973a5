/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulator's configuration: the file that SKASIM_CONF names, in libcrypto's NCONF form, keys
 * in its default section.
 */
#ifndef SKASIM_CONFIG_H
#define SKASIM_CONFIG_H

#include <stdbool.h>

#include <openssl/types.h>

struct sim_config {
    char *softhsm_module; /* NULL: where the distribution has it */
    char *sam_ca;         /* PEM file; NULL without SAM mode */
    char *call_log;       /* NULL: none */
    char *fault;          /* CALL=CKR or CALL=crash, separated by commas; NULL: none */
    bool sam;
    bool window_from_timestamp;
    bool allow_unbound;
    bool remember;     /* what was read of keys and records once, as long as they are there */
    long clock;        /* seconds since 1970 at which the clock stands; 0: it goes */
    long clock_offset; /* seconds added to it */
};

/*
 * Reads the configuration. Each bad key or value is an error: one line on standard error names it,
 * and the result is false. Free with sim_config_free() in either case.
 */
bool sim_config_read(struct sim_config *config, OSSL_LIB_CTX *libctx);
void sim_config_free(struct sim_config *config);

#endif
