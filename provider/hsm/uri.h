/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key URIs: `ska:` or `pkcs11:` followed by RFC 7512 attributes, and the query attributes of this
 * project.
 */
#ifndef SKA_HSM_URI_H
#define SKA_HSM_URI_H

#include "provider/base/bytes.h"
#include "provider/hsm/pin.h"

/* The longest URI that is accepted, in bytes. */
#define HSM_URI_LIMIT 8192

enum hsm_object_type {
    HSM_OBJECT_ANY,
    HSM_OBJECT_PRIVATE,
    HSM_OBJECT_PUBLIC,
    HSM_OBJECT_CERTIFICATE
};

/*
 * Members are percent-decoded, with a NUL behind; NULL: not given. What Cryptoki pads with blanks
 * is without its padding, and not always UTF-8; what stands behind the "?" is.
 */
struct hsm_uri {
    char *token;
    char *serial;
    char *manufacturer;
    char *model;
    char *slot_id; /* a decimal number */
    char *slot_description;
    char *slot_manufacturer;
    char *library_description;
    char *library_manufacturer;
    char *library_version;   /* "2" or "2.6" */
    struct ska_bytes object; /* CKA_LABEL, any bytes; data == NULL: not given */
    struct ska_bytes id;     /* CKA_ID, any bytes; data == NULL: not given */
    enum hsm_object_type type;
    char *module_path;
    char *tsb_url;       /* of a broker, where keys are instead */
    char *pin_source;    /* "file:PATH" or a path */
    struct hsm_pin *pin; /* pin-value */
    char *approvals_file;
    char *approvals_dir;
    char *approvals_timeout;
    char *agent;
    char *payload;
    char *ignored;     /* names of unknown attributes behind the "?", printable; NULL: none */
    bool in_reference; /* of a key reference, which may be anybody's, not typed or configured */
};

/* True when the text starts with `ska:` or `pkcs11:` (in any case). */
bool hsm_uri_is_ours(const char *text);

/*
 * A doubled or empty attribute, an unknown one before the "?", a broken percent-encoding and what
 * should be percent-encoded (blanks, control characters, "#") is an error (SKA_R_BAD_URI) that
 * names the attribute; so is, behind the "?", `%00` and invalid UTF-8. Unknown attributes behind
 * the "?" are ignored, as RFC 7512 wants it, unless they are called "pin..."; behind a PIN only
 * those whose names cannot be the rest of one. No message repeats a PIN or a part of one.
 */
bool hsm_uri_parse(const char *text, struct hsm_uri **uri,
                   const struct ska_errors *errors) SKA_MUST_CHECK;
void hsm_uri_free(struct hsm_uri *uri); /* NULL is fine; wipes the PIN */

/*
 * The name of an attribute that is given and says which code is loaded or what the PIN is: for who
 * types or configures a URI, never for a file of others. NULL: none is given.
 */
const char *hsm_uri_code_or_secret(const struct hsm_uri *uri);

/* All of a URI that was parsed but the PIN itself. NULL: out of memory. */
struct hsm_uri *hsm_uri_copy(const struct hsm_uri *from);

/* The URI's text, percent-encoded, without the PIN itself. NULL: out of memory; free with free().
 */
char *hsm_uri_write(const struct hsm_uri *uri);

/*
 * The same for one object, `ska:token=...;id=...;object=...;type=...`; members that are NULL or
 * empty (HSM_OBJECT_ANY) are left out.
 */
char *hsm_uri_format(const char *token, struct ska_span object, struct ska_span id,
                     enum hsm_object_type type);

/*
 * The same, with what of the URI `found_by` narrows the search for the token, and what stands there
 * behind the "?".
 */
char *hsm_uri_format_like(const struct hsm_uri *found_by, const char *token, struct ska_span object,
                          struct ska_span id, enum hsm_object_type type);

#endif
