/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects: filtered search, attributes. All calls are made in a lease and give Cryptoki's answer.
 */
#ifndef SKA_HSM_OBJECT_H
#define SKA_HSM_OBJECT_H

#include "provider/hsm/key.h"
#include "provider/hsm/session.h"

/* The longest attribute that is read, in bytes. */
#define HSM_ATTRIBUTE_LIMIT ((size_t)1024 * 1024)

/* An attribute to read. Starts as {type}; free with hsm_attributes_free(). */
struct hsm_attribute {
    CK_ATTRIBUTE_TYPE type;
    bool optional; /* a module that fails over it, whatever it says, does not have it */
    bool present;
    struct ska_bytes value;
};

/*
 * Reads them in one call where their lengths allow. One that the object does not have, or does not
 * show, is not present; that is no failure.
 */
CK_RV hsm_attributes_read(const struct hsm_lease *lease, CK_OBJECT_HANDLE object,
                          struct hsm_attribute *attributes, size_t count);
void hsm_attributes_free(struct hsm_attribute *attributes, size_t count);

/* Their values, when present and of the right size; false else. */
bool hsm_attribute_number(const struct hsm_attribute *attribute, CK_ULONG *number);
bool hsm_attribute_true(const struct hsm_attribute *attribute);
struct ska_span hsm_attribute_span(const struct hsm_attribute *attribute);

/* An object with what it is found by. */
struct hsm_entry {
    CK_OBJECT_HANDLE handle;
    CK_OBJECT_CLASS class_; /* as the object says */
    struct ska_bytes label;
    struct ska_bytes id;
};

struct hsm_entries {
    struct hsm_entry *list;
    size_t count;
};

/*
 * Adds the objects with this class (NULL: any), label and id to the entries, those that are there
 * already left out.
 */
CK_RV hsm_objects_search(const struct hsm_lease *lease, const CK_OBJECT_CLASS *class_,
                         const struct hsm_key_match *match, struct hsm_entries *entries);
void hsm_entries_free(struct hsm_entries *entries);

/*
 * Adds private keys: ordinary ones and, where the module has SKA, SKA keys, of whichever class they
 * are found under.
 */
CK_RV hsm_private_search(const struct hsm_lease *lease, const struct hsm_key_match *match,
                         struct hsm_entries *entries);

/* Whether the class is that of a private key, SKA or not. */
bool hsm_is_private_class(const struct hsm_lease *lease, CK_OBJECT_CLASS class_);

/*
 * Whether a private key is an SKA key: by its class, or because it has a use rule, shown or not. A
 * failure is whatever does not say that it has none: an unread rule is not taken for no rule.
 */
CK_RV hsm_private_is_ska(const struct hsm_lease *lease, const struct hsm_entry *entry, bool *ska);

/*
 * The same for a private key that makes HSM timestamps: by an attribute that is set, or not shown.
 */
CK_RV hsm_private_is_timestamp(const struct hsm_lease *lease, CK_OBJECT_HANDLE object,
                               bool *timestamp);

#endif
