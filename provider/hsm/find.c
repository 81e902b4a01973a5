/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One search by label and id, whatever the class: it finds the private key with its public key and
 * certificate. A second one is made only for what lies under the same id but another label.
 */
#include "provider/hsm/find.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "provider/base/printable.h"
#include "provider/hsm/cryptoki.h"

/* How many ids an "ambiguous" message names. */
#define SHOWN_IDS 8

static const CK_ATTRIBUTE_TYPE part_types[HSM_PART_COUNT] = {
    [HSM_PART_KEY_TYPE] = CKA_KEY_TYPE,
    [HSM_PART_MODULUS] = CKA_MODULUS,
    [HSM_PART_EXPONENT] = CKA_PUBLIC_EXPONENT,
    [HSM_PART_PARAMETERS] = CKA_EC_PARAMS,
    [HSM_PART_POINT] = CKA_EC_POINT,
    [HSM_PART_MECHANISMS] = CKA_ALLOWED_MECHANISMS,
    [HSM_PART_INFO] = CKA_PUBLIC_KEY_INFO,
    [HSM_PART_PRIVATE] = CKA_PRIVATE,
    [HSM_PART_ALWAYS_AUTHENTICATE] = CKA_ALWAYS_AUTHENTICATE,
};

/* Older than these attributes are many modules. */
static bool is_optional(int part)
{
    return part == HSM_PART_MECHANISMS || part == HSM_PART_INFO || part == HSM_PART_PRIVATE ||
           part == HSM_PART_ALWAYS_AUTHENTICATE;
}

/* ---- Reading what belongs to a key ----------------------------------------------------------- */

static const struct hsm_entry *the_key(const struct hsm_found *found)
{
    return &found->entries.list[found->key];
}

/* Reads the parts named, where they are not known yet. */
static CK_RV read_parts(const struct hsm_lease *lease, CK_OBJECT_HANDLE object,
                        struct hsm_found *found, const int *which, size_t count)
{
    struct hsm_attribute read[HSM_PART_COUNT];
    int place[HSM_PART_COUNT];
    size_t missing = 0;
    CK_RV rv = CKR_OK;

    memset(read, 0, sizeof(read));
    for (size_t i = 0; i < count; i++) {
        if (found->parts[which[i]].present)
            continue;
        read[missing].type = part_types[which[i]];
        read[missing].optional = is_optional(which[i]);
        place[missing++] = which[i];
    }
    if (missing > 0)
        rv = hsm_attributes_read(lease, object, read, missing);
    for (size_t i = 0; i < missing; i++) {
        if (rv == CKR_OK)
            found->parts[place[i]] = read[i];
        else
            ska_bytes_free(&read[i].value);
    }
    return rv;
}

static struct hsm_public_parts spans_of(const struct hsm_found *found)
{
    struct hsm_public_parts parts = {
        .modulus = hsm_attribute_span(&found->parts[HSM_PART_MODULUS]),
        .exponent = hsm_attribute_span(&found->parts[HSM_PART_EXPONENT]),
        .parameters = hsm_attribute_span(&found->parts[HSM_PART_PARAMETERS]),
        .point = hsm_attribute_span(&found->parts[HSM_PART_POINT]),
        .mechanisms = hsm_attribute_span(&found->parts[HSM_PART_MECHANISMS]),
        .info = hsm_attribute_span(&found->parts[HSM_PART_INFO]),
    };

    if (!hsm_attribute_number(&found->parts[HSM_PART_KEY_TYPE], &parts.key_type))
        parts.key_type = CK_UNAVAILABLE_INFORMATION;
    return parts;
}

/* Of one object. A private EC key rarely shows its point. */
static CK_RV read_object(const struct hsm_lease *lease, CK_OBJECT_HANDLE object, bool private,
                         struct hsm_found *found)
{
    static const int type[] = {HSM_PART_KEY_TYPE, HSM_PART_PRIVATE, HSM_PART_ALWAYS_AUTHENTICATE};
    static const int rsa[] = {HSM_PART_MODULUS, HSM_PART_EXPONENT, HSM_PART_MECHANISMS};
    static const int ec[] = {HSM_PART_PARAMETERS, HSM_PART_POINT};
    CK_RV rv = read_parts(lease, object, found, type, private ? 3 : 1);

    if (rv != CKR_OK)
        return rv;
    switch (spans_of(found).key_type) {
    case CKK_RSA:
        return read_parts(lease, object, found, rsa, 3);
    case CKK_EC:
    case CKK_EC_EDWARDS:
        return read_parts(lease, object, found, ec, private ? 1 : 2);
    default:
        return CKR_OK;
    }
}

/* The object of this class that goes with the key: by id, or by label where one has no id. */
static const struct hsm_entry *companion(const struct hsm_found *found, CK_OBJECT_CLASS class_,
                                         bool by_label)
{
    const struct hsm_entry *key = the_key(found);

    for (size_t i = 0; i < found->entries.count; i++) {
        const struct hsm_entry *entry = &found->entries.list[i];

        if (entry->class_ == class_ && key->id.length > 0 &&
            ska_span_equal(ska_span_of(&entry->id), ska_span_of(&key->id)))
            return entry;
    }
    for (size_t i = 0; by_label && i < found->entries.count; i++) {
        const struct hsm_entry *entry = &found->entries.list[i];

        if (entry->class_ == class_ && (key->id.length == 0 || entry->id.length == 0) &&
            ska_span_equal(ska_span_of(&entry->label), ska_span_of(&key->label)))
            return entry;
    }
    return NULL;
}

/*
 * The same, looking under the key's id alone when it is not among what was found; then, for a
 * certificate that may go by the label, under that alone.
 */
static CK_RV search_companion(const struct hsm_lease *lease, struct hsm_found *found,
                              CK_OBJECT_CLASS class_, bool by_label, const struct hsm_entry **entry)
{
    const struct hsm_entry *key = the_key(found);
    struct hsm_key_match by[] = {{{NULL, 0}, ska_span_of(&key->id)},
                                 {ska_span_of(&key->label), {NULL, 0}}};
    const bool worth[] = {key->id.length > 0,
                          by_label && class_ == CKO_CERTIFICATE && key->label.length > 0};
    CK_RV rv = CKR_OK;

    /* Adding entries moves their array, but not what label and id point to. */
    *entry = companion(found, class_, by_label);
    for (size_t i = 0; rv == CKR_OK && *entry == NULL && i < 2; i++) {
        if (!worth[i])
            continue;
        rv = hsm_objects_search(lease, &class_, &by[i], &found->entries);
        if (rv == CKR_OK)
            *entry = companion(found, class_, by_label);
    }
    return rv;
}

/* Whether the key was made to keep its public key secret; only its certificate tells it then. */
static CK_RV read_undisclosed(const struct hsm_lease *lease, struct hsm_found *found)
{
    struct hsm_attribute sensitive = {.type = CKA_SKA_SENSITIVE_PUBLIC_KEY};
    CK_RV rv = CKR_OK;

    if (found->ska)
        rv = hsm_attributes_read(lease, the_key(found)->handle, &sensitive, 1);
    found->undisclosed = rv == CKR_OK && hsm_attribute_true(&sensitive);
    hsm_attributes_free(&sensitive, 1);
    return rv;
}

static bool is_public_known(const struct hsm_found *found)
{
    const struct hsm_public_parts parts = spans_of(found);

    return hsm_public_complete(&parts);
}

/* What the private object itself may tell, where no public object does. */
static CK_RV read_public_of_private(const struct hsm_lease *lease, struct hsm_found *found)
{
    static const int last[] = {HSM_PART_INFO, HSM_PART_POINT};
    const bool ec = spans_of(found).key_type != CKK_RSA;

    return read_parts(lease, the_key(found)->handle, found, last, ec ? 2 : 1);
}

/* All that may be the key's: which of them is, the key decides. */
static CK_RV read_certificates(const struct hsm_lease *lease, struct hsm_found *found)
{
    const CK_OBJECT_CLASS certificate = CKO_CERTIFICATE;
    const struct hsm_key_match by_id = {{NULL, 0}, ska_span_of(&the_key(found)->id)};
    const struct hsm_entry *first = NULL;
    CK_RV rv = CKR_OK;

    if (by_id.id.length > 0)
        rv = hsm_objects_search(lease, &certificate, &by_id, &found->entries);
    if (rv == CKR_OK)
        rv = search_companion(lease, found, CKO_CERTIFICATE, found->undisclosed, &first);
    for (size_t i = 0; rv == CKR_OK && first != NULL && i < found->entries.count; i++) {
        const struct hsm_entry *entry = &found->entries.list[i];
        struct hsm_attribute *value = &found->certificates[found->certificate_count];

        if (entry->class_ != CKO_CERTIFICATE || found->certificate_count == HSM_CERTIFICATES ||
            (entry != first && !ska_span_equal(ska_span_of(&entry->id), ska_span_of(&first->id))))
            continue;
        value->type = CKA_VALUE;
        rv = hsm_attributes_read(lease, entry->handle, value, 1);
        if (rv == CKR_OK && value->present)
            found->certificate_count++;
    }
    return rv;
}

/*
 * The public part: an RSA private key shows it itself; else the public object has it, else the
 * private one under other names, else a certificate.
 */
static CK_RV read_public(const struct hsm_lease *lease, struct hsm_found *found)
{
    const struct hsm_entry *entry = NULL;
    CK_RV rv = CKR_OK;

    if (is_public_known(found))
        return CKR_OK;
    rv = search_companion(lease, found, CKO_PUBLIC_KEY, true, &entry);
    if (rv == CKR_OK && entry != NULL)
        rv = read_object(lease, entry->handle, false, found);
    if (rv == CKR_OK && !is_public_known(found))
        rv = read_undisclosed(lease, found);
    if (rv == CKR_OK && !is_public_known(found) && !found->undisclosed)
        rv = read_public_of_private(lease, found);
    if (rv == CKR_OK && !is_public_known(found))
        rv = read_certificates(lease, found);
    return rv;
}

/* ---- Looking for keys ------------------------------------------------------------------------ */

void hsm_found_free(struct hsm_found *found)
{
    hsm_entries_free(&found->entries);
    hsm_attributes_free(found->parts, HSM_PART_COUNT);
    hsm_attributes_free(found->certificates, HSM_CERTIFICATES);
    hsm_attributes_free(&found->use_rule, 1);
    memset(found, 0, sizeof(*found));
}

static void count_private(const struct hsm_lease *lease, struct hsm_found *found)
{
    found->count = 0;
    for (size_t i = 0; i < found->entries.count; i++)
        if (hsm_is_private_class(lease, found->entries.list[i].class_)) {
            found->key = i;
            found->count++;
        }
}

/*
 * Java and others give the label to the certificate and none to the private key: the certificate's
 * id says which key is meant. A key that has a label of its own is not meant by another's.
 */
static CK_RV search_by_alias(const struct hsm_lease *lease, struct hsm_found *found)
{
    const CK_OBJECT_CLASS ordinary = CKO_PRIVATE_KEY;
    const size_t named = found->entries.count;
    CK_RV rv = CKR_OK;

    for (size_t i = 0; rv == CKR_OK && i < named; i++) {
        const struct hsm_key_match by = {{NULL, 0}, ska_span_of(&found->entries.list[i].id)};

        if (by.id.length > 0)
            rv = hsm_objects_search(lease, &ordinary, &by, &found->entries);
    }
    for (size_t i = named; i < found->entries.count; i++)
        if (found->entries.list[i].label.length == 0) {
            found->key = i;
            found->count++;
        } else {
            found->aliased = i;
        }
    return rv;
}

CK_RV hsm_find_private(const struct hsm_lease *lease, const struct hsm_key_match *match,
                       struct hsm_found *found, const char **call)
{
    bool any = match->label.data == NULL && match->id.data == NULL;
    CK_RV rv = CKR_OK;

    *call = "C_FindObjects";
    rv = any ? hsm_private_search(lease, match, &found->entries)
             : hsm_objects_search(lease, NULL, match, &found->entries);
    count_private(lease, found);
    if (rv == CKR_OK && found->count == 0 && match->label.data != NULL && match->id.data == NULL)
        rv = search_by_alias(lease, found);
    if (rv == CKR_OK && found->count == 0)
        return hsm_session_check_login(lease);
    if (rv != CKR_OK || found->count != 1)
        return rv;
    *call = "C_GetAttributeValue";
    rv = hsm_private_is_ska(lease, the_key(found), &found->ska);
    found->use_rule.type = CKA_SKA_USAGE_ACCESS_BLOB;
    if (rv == CKR_OK && found->ska)
        rv = hsm_attributes_read(lease, the_key(found)->handle, &found->use_rule, 1);
    else if (rv == CKR_OK)
        rv = hsm_private_is_timestamp(lease, the_key(found)->handle, &found->timestamp);
    if (rv == CKR_OK)
        rv = read_object(lease, the_key(found)->handle, true, found);
    if (rv == CKR_OK)
        rv = read_public(lease, found);
    return rv;
}

CK_RV hsm_find_public(const struct hsm_lease *lease, const struct hsm_key_match *match,
                      struct hsm_found *found, const char **call)
{
    const CK_OBJECT_CLASS public = CKO_PUBLIC_KEY;
    CK_RV rv = CKR_OK;

    *call = "C_FindObjects";
    rv = hsm_objects_search(lease, &public, match, &found->entries);
    found->count = found->entries.count;
    if (rv == CKR_OK && found->count == 0)
        return hsm_session_check_login(lease);
    if (rv != CKR_OK || found->count != 1)
        return rv;
    *call = "C_GetAttributeValue";
    return read_object(lease, the_key(found)->handle, false, found);
}

/* ---- Judging what was found ------------------------------------------------------------------ */

static void describe_id(struct ska_buffer *text, struct ska_span id)
{
    if (id.length == 0)
        ska_buffer_text(text, "(none)");
    else
        ska_buffer_hex(text, id);
}

/* "label "x" and id 01" */
static void describe_key_match(struct ska_buffer *text, const struct hsm_key_match *match)
{
    if (match->label.data != NULL) {
        ska_buffer_text(text, " with label \"");
        ska_buffer_printable(text, match->label, 64);
        ska_buffer_text(text, "\"");
    }
    if (match->id.data != NULL) {
        ska_buffer_text(text, match->label.data != NULL ? " and id " : " with id ");
        describe_id(text, match->id);
    }
}

/* Whether private keys may have been left out for want of a login. */
static bool hides_private(const struct hsm_token *token)
{
    bool hides = false;

    hsm_lock();
    hides =
        !token->logged_in && (token->flags & (CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED)) != 0;
    hsm_unlock();
    return hides;
}

static bool raise_none(struct hsm_token *token, const char *wanted, const struct hsm_found *found,
                       const char *kind, const struct ska_errors *errors)
{
    struct ska_buffer more = {0};

    if (strcmp(kind, "private") == 0 && hides_private(token)) {
        ska_buffer_text(&more, found->entries.count > 0
                                   ? "; there is a public key or certificate, and private keys are "
                                     "visible only after a login: give a PIN"
                                   : "; private keys are visible only after a login: give a PIN");
    } else if (found->aliased > 0) {
        const struct hsm_entry *key = &found->entries.list[found->aliased];

        ska_buffer_text(&more, "; the private key with the id ");
        ska_buffer_hex(&more, ska_span_of(&key->id));
        ska_buffer_text(&more, " is called \"");
        ska_buffer_printable(&more, ska_span_of(&key->label), 64);
        ska_buffer_text(&more, "\"");
    } else if (found->entries.count > 0) {
        ska_buffer_text(&more, "; only other objects are called that, with the id ");
        describe_id(&more, ska_span_of(&found->entries.list[0].id));
    }
    ska_fail(errors, SKA_R_KEY_NOT_FOUND, "token \"%s\" has no %s key%s%s",
             hsm_show(token->label).text, kind, wanted,
             more.length == 0 ? "" : ska_buffer_string(&more));
    ska_buffer_free(&more);
    return false;
}

static bool raise_several(const struct hsm_token *token, const char *wanted,
                          const struct hsm_found *found, const char *kind,
                          const struct ska_errors *errors)
{
    struct ska_buffer ids = {0};
    struct ska_bytes shown = {NULL, 0};
    CK_OBJECT_CLASS class_ = the_key(found)->class_;
    size_t count = 0;

    for (size_t i = 0; i < found->entries.count && count < SHOWN_IDS; i++) {
        const struct hsm_entry *entry = &found->entries.list[i];
        bool public = entry->class_ == CKO_PUBLIC_KEY || entry->class_ == CKO_CERTIFICATE;

        if (public != (class_ == CKO_PUBLIC_KEY))
            continue;
        ska_buffer_text(&ids, count++ == 0 ? "" : ", ");
        describe_id(&ids, ska_span_of(&entry->id));
    }
    if (found->count > count)
        ska_buffer_text(&ids, ", ...");
    if (ska_buffer_finish(&ids, &shown, errors))
        ska_fail(errors, SKA_R_KEY_AMBIGUOUS,
                 "token \"%s\" has %zu %s keys%s; their ids: %s; give the id",
                 hsm_show(token->label).text, found->count, kind, wanted, (const char *)shown.data);
    ska_bytes_free(&shown);
    return false;
}

bool hsm_found_one(struct hsm_token *token, const struct hsm_key_match *match,
                   const struct hsm_found *found, const char *kind, const struct ska_errors *errors)
{
    struct ska_buffer text = {0};
    struct ska_bytes wanted = {NULL, 0};

    if (found->count == 1)
        return true;
    describe_key_match(&text, match);
    if (!ska_buffer_finish(&text, &wanted, errors))
        return false;
    if (found->count == 0)
        raise_none(token, (const char *)wanted.data, found, kind, errors);
    else
        raise_several(token, (const char *)wanted.data, found, kind, errors);
    ska_bytes_free(&wanted);
    return false;
}

static bool same_number(const EVP_PKEY *a, const EVP_PKEY *b, const char *name)
{
    BIGNUM *left = NULL;
    BIGNUM *right = NULL;
    bool same = EVP_PKEY_get_bn_param(a, name, &left) && EVP_PKEY_get_bn_param(b, name, &right) &&
                BN_cmp(left, right) == 0;

    BN_free(left);
    BN_free(right);
    return same;
}

static bool is_rsa_key(const EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS");
}

bool hsm_same_public(const EVP_PKEY *a, const EVP_PKEY *b)
{
    bool same = false;

    ERR_set_mark();
    same = is_rsa_key(a) && is_rsa_key(b) ? same_number(a, b, OSSL_PKEY_PARAM_RSA_N) &&
                                                same_number(a, b, OSSL_PKEY_PARAM_RSA_E)
                                          : EVP_PKEY_eq(a, b) == 1;
    ERR_pop_to_mark();
    return same;
}

bool hsm_certificate_is_of(OSSL_LIB_CTX *libctx, struct ska_span certificate, const EVP_PKEY *key)
{
    EVP_PKEY *other = hsm_certificate_key(libctx, certificate);
    bool same = other != NULL && hsm_same_public(key, other);

    EVP_PKEY_free(other);
    return same;
}

/*
 * Of certificates that fit the key's type. Where no more is known of the key they must not
 * disagree: one of them would verify nothing.
 */
static bool from_certificates(OSSL_LIB_CTX *libctx, const struct hsm_found *found,
                              const struct hsm_public_parts *parts, const char *label,
                              EVP_PKEY **key, const struct ska_errors *errors)
{
    for (size_t i = 0; i < found->certificate_count; i++) {
        struct ska_span certificate = hsm_attribute_span(&found->certificates[i]);
        EVP_PKEY *other = NULL;

        if (!hsm_public_from_certificate(libctx, certificate, parts, label, &other, NULL))
            continue;
        if (*key != NULL && !hsm_same_public(*key, other)) {
            EVP_PKEY_free(other);
            EVP_PKEY_free(*key);
            *key = NULL;
            return ska_fail(errors, SKA_R_BAD_KEY,
                            "key \"%s\": certificates of different keys have its id on the token, "
                            "and nothing shows which one belongs to it: store its public key",
                            hsm_show(label).text);
        }
        if (*key == NULL)
            *key = other;
        else
            EVP_PKEY_free(other);
    }
    /* What is wrong with one that does not fit. */
    return *key != NULL ||
           hsm_public_from_certificate(libctx, hsm_attribute_span(&found->certificates[0]), parts,
                                       label, key, errors);
}

bool hsm_found_public(const struct hsm_token *token, const struct hsm_found *found,
                      OSSL_LIB_CTX *libctx, EVP_PKEY **key, enum ska_key_type *type,
                      const struct ska_errors *errors)
{
    struct hsm_public_parts parts = spans_of(found);
    const char *label = (const char *)the_key(found)->label.data;

    *key = NULL;
    if (!hsm_public_complete(&parts) && found->certificate_count == 0 && found->undisclosed)
        return ska_fail(errors, SKA_R_KEY_NOT_FOUND,
                        "token \"%s\" does not disclose the public key of key \"%s\": store its "
                        "certificate there, with the key's id, or its label and no id",
                        hsm_show(token->label).text, hsm_show(label).text);
    if (!hsm_public_complete(&parts) && found->certificate_count == 0)
        return ska_fail(errors, SKA_R_KEY_NOT_FOUND,
                        "token \"%s\": key \"%s\" has neither a public key object nor a "
                        "certificate with its id: store one",
                        hsm_show(token->label).text, hsm_show(label).text);
    return (hsm_public_complete(&parts)
                ? hsm_public_make(libctx, &parts, label, key, errors)
                : from_certificates(libctx, found, &parts, label, key, errors)) &&
           (hsm_public_type(&parts, type) ||
            ska_fail(errors, SKA_R_INTERNAL, "type of key \"%s\"", hsm_show(label).text));
}
