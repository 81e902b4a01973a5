/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict part of reading a key URI. p11-kit's parser takes unknown attributes, takes a doubled
 * one twice, drops white space, and cuts text at `%00`; so all of it is checked before.
 */
#ifndef SKA_HSM_URI_SCAN_H
#define SKA_HSM_URI_SCAN_H

#include "provider/base/bytes.h"

/* The attributes that are known, path attributes first. */
enum hsm_uri_attribute {
    HSM_URI_TOKEN,
    HSM_URI_SERIAL,
    HSM_URI_MANUFACTURER,
    HSM_URI_MODEL,
    HSM_URI_OBJECT,
    HSM_URI_ID,
    HSM_URI_TYPE,
    HSM_URI_PIN_SOURCE,
    HSM_URI_PIN_VALUE,
    HSM_URI_MODULE_PATH,
    HSM_URI_APPROVALS_FILE,
    HSM_URI_APPROVALS_DIR,
    HSM_URI_APPROVALS_TIMEOUT,
    HSM_URI_AGENT,
    HSM_URI_PAYLOAD,
    HSM_URI_ATTRIBUTE_COUNT
};

extern const char *const hsm_uri_names[HSM_URI_ATTRIBUTE_COUNT];

/* The values as they stand in the text, still percent-encoded; data == NULL: not given. */
struct hsm_uri_scan {
    struct ska_span values[HSM_URI_ATTRIBUTE_COUNT];
};

bool hsm_uri_scan(const char *text, struct hsm_uri_scan *scan,
                  const struct ska_errors *errors) SKA_MUST_CHECK;

/* Decodes a value that was scanned, into at least value.length + 1 bytes; returns the length. */
size_t hsm_uri_decode(struct ska_span value, char *to);

#endif
