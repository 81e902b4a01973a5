/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What shows a broker who calls. It is read from its files for each call and wiped after it: a file
 * that changes is taken at once, and no secret stays in memory.
 */
#ifndef SKA_TSB_CREDENTIALS_H
#define SKA_TSB_CREDENTIALS_H

#include "provider/tsb/connection.h"

/* The most API keys that are looked at. */
#define TSB_API_KEYS_MOST 64

/* Lines of a call's header; NULL: none. Starts as {0}. */
struct tsb_credentials {
    char *token;
    char *api_keys[TSB_API_KEYS_MOST];
    size_t api_key_count;
};

/*
 * Each file, and the way to it, must be safe (base/safe_path.h). SKA_R_FILE_FAILURE,
 * SKA_R_BAD_CONFIGURATION for what can be no token or API key; no message shows any of it.
 */
bool tsb_credentials_read(const struct tsb_sources *sources, struct tsb_credentials *credentials,
                          const struct ska_errors *errors) SKA_MUST_CHECK;
void tsb_credentials_clear(struct tsb_credentials *credentials);

/*
 * The one line that is in a file, without its end; to be freed with ska_bytes_clear_free(). `what`
 * is the setting that names the file.
 */
bool tsb_secret_read(const char *what, const char *path, struct ska_bytes *secret,
                     const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
