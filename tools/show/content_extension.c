/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/content_extension.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/x509v3.h>

#include "provider/base/der.h"

/* Numbers, flags and bits are no longer. */
#define NUMBER_LONGEST 20

/* ---- Whether libcrypto's words say all of it ------------------------------------------------- */

/* libcrypto's text from where the next value has to be found. */
struct words {
    const char *text;
    int nid; /* of the extension */
};

static bool find_words(struct words *words, const char *wanted)
{
    const char *at = strstr(words->text, wanted);

    if (at != NULL)
        words->text = at + strlen(wanted);
    return at != NULL;
}

static bool find_text(struct words *words, struct ska_span value)
{
    char *wanted = strndup((const char *)value.data, value.length);
    bool found = wanted != NULL && strlen(wanted) == value.length && find_words(words, wanted);

    free(wanted);
    return found;
}

/* "0A:1B" */
static bool find_hex(struct words *words, struct ska_span value)
{
    char *wanted = OPENSSL_buf2hexstr(value.data, (long)value.length);
    bool found = wanted != NULL && find_words(words, wanted);

    OPENSSL_free(wanted);
    return found;
}

/* Without the byte that only says that it is not negative. */
static struct ska_span magnitude(struct ska_span number)
{
    return number.length > 1 && number.data[0] == 0 ? ska_span(number.data + 1, number.length - 1)
                                                    : number;
}

/* libcrypto writes the serial number of an issuer's certificate in hex and without its sign. */
static bool find_integer(struct words *words, struct ska_span content)
{
    if (words->nid != NID_authority_key_identifier)
        return magnitude(content).length <= NUMBER_LONGEST;
    return content.length > 0 && (content.data[0] & 0x80) == 0 &&
           find_hex(words, magnitude(content));
}

/* "/CN=M\xC3\xBCller" or "CN = M\C3\BCller", from the "M" on. */
static bool find_name(struct words *words, const X509_NAME *name)
{
    char *slashes = X509_NAME_oneline(name, NULL, 0);
    bool found = slashes != NULL && find_words(words, slashes + strlen("/CN="));
    BIO *bio = found ? NULL : BIO_new(BIO_s_mem());
    char *commas = NULL;

    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE) > 0 &&
        BIO_write(bio, "", 1) == 1) {
        BIO_get_mem_data(bio, &commas);
        found = find_words(words, commas + strlen("CN = "));
    }
    BIO_free(bio);
    OPENSSL_free(slashes);
    return found;
}

/* A part of a name, with the escapes that libcrypto writes. */
static bool find_escaped(struct words *words, uint8_t identifier, struct ska_span value)
{
    const bool is_part =
        (ASN1_tag2bit(identifier) & (B_ASN1_DIRECTORYSTRING | B_ASN1_IA5STRING)) != 0;
    X509_NAME *name = is_part ? X509_NAME_new() : NULL;
    bool found = name != NULL &&
                 X509_NAME_add_entry_by_NID(name, NID_commonName, identifier, value.data,
                                            (int)value.length, -1, 0) == 1 &&
                 find_name(words, name);

    X509_NAME_free(name);
    return found;
}

/* What libcrypto has a name for has no room for words; the numbers of others have to be there. */
static bool find_object(struct words *words, struct ska_span der)
{
    const unsigned char *next = der.data;
    ASN1_OBJECT *object = d2i_ASN1_OBJECT(NULL, &next, (long)der.length);
    char name[CONTENT_OBJECT_SIZE] = "";
    bool found = object != NULL && (OBJ_obj2nid(object) != NID_undef ||
                                    (content_object_name(object, name) && find_words(words, name)));

    ASN1_OBJECT_free(object);
    return found;
}

/* An IP address, alone or with its mask. */
static bool is_address(uint8_t identifier, size_t length)
{
    return identifier == 0x87 && (length == 4 || length == 8 || length == 16 || length == 32);
}

/* At most nine bits have names, and the last that is there is set. */
static bool has_named_bits(struct ska_span content)
{
    if (content.length < 2)
        return true;
    if (content.length > 3 || (content.length == 3 && (content.data[2] & 0x7F) != 0))
        return false;
    return (content.data[content.length - 1] >> content.data[0] & 1) != 0;
}

/* The type of a member of a SEQUENCE whose tag replaces it; elsewhere the same tag is a name. */
static uint8_t type_of(int nid, uint8_t parent, uint8_t identifier)
{
    static const struct {
        int nid;
        uint8_t identifier;
        uint8_t type;
    } members[] = {
        {NID_authority_key_identifier, 0x82, SKA_DER_INTEGER},
        {NID_crl_distribution_points, 0x81, SKA_DER_BIT_STRING},
        {NID_freshest_crl, 0x81, SKA_DER_BIT_STRING},
        {NID_issuing_distribution_point, 0x81, SKA_DER_BOOLEAN},
        {NID_issuing_distribution_point, 0x82, SKA_DER_BOOLEAN},
        {NID_issuing_distribution_point, 0x83, SKA_DER_BIT_STRING},
        {NID_issuing_distribution_point, 0x84, SKA_DER_BOOLEAN},
        {NID_issuing_distribution_point, 0x85, SKA_DER_BOOLEAN},
        {NID_policy_constraints, 0x80, SKA_DER_INTEGER},
        {NID_policy_constraints, 0x81, SKA_DER_INTEGER},
        {NID_private_key_usage_period, 0x80, SKA_DER_GENERALIZED_TIME},
        {NID_private_key_usage_period, 0x81, SKA_DER_GENERALIZED_TIME},
    };

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (parent == SKA_DER_SEQUENCE && members[i].nid == nid &&
            members[i].identifier == identifier)
            return members[i].type;
    return identifier;
}

/* Numbers, flags and times are written; of all else, its words have to be there. */
static bool find_value(struct words *words, uint8_t identifier, struct ska_span content,
                       struct ska_span der)
{
    switch (identifier) {
    case SKA_DER_BOOLEAN: /* libcrypto writes TRUE for other bytes than DER's, too */
        return content.length == 1 && (content.data[0] == 0 || content.data[0] == 0xFF);
    case SKA_DER_NULL:
    case SKA_DER_ENUMERATED:
    case SKA_DER_UTC_TIME:
    case SKA_DER_GENERALIZED_TIME:
        return content.length <= NUMBER_LONGEST;
    case SKA_DER_INTEGER:
        return find_integer(words, content);
    case SKA_DER_BIT_STRING:
        return has_named_bits(content);
    case SKA_DER_OBJECT:
        return find_object(words, der);
    default:
        return content.length == 0 || is_address(identifier, content.length) ||
               find_text(words, content) || find_hex(words, content) ||
               find_escaped(words, identifier, content);
    }
}

/* Every value in it, one behind the other. Recurses SKA_DER_DEPTH times at most. */
static bool find_values(struct words *words, uint8_t parent, struct ska_span from)
{
    while (from.length > 0) {
        struct ska_span element = from;
        struct ska_span content = {NULL, 0};
        uint8_t identifier = 0;

        if (!ska_der_next(&from, &identifier, &content))
            return false;
        element.length -= from.length;
        if ((identifier & 0x20) != 0
                ? !find_values(words, identifier, content)
                : !find_value(words, type_of(words->nid, parent, identifier), content, element))
            return false;
    }
    return true;
}

/* What is not in the structure that libcrypto has read, as what stands behind it, is not written
 * again. */
static bool is_as_read(X509_EXTENSION *extension)
{
    const X509V3_EXT_METHOD *method = X509V3_EXT_get(extension);
    void *value = method == NULL ? NULL : X509V3_EXT_d2i(extension);
    X509_EXTENSION *again = value == NULL ? NULL : X509V3_EXT_i2d(method->ext_nid, 0, value);
    bool same = again != NULL && ASN1_OCTET_STRING_cmp(X509_EXTENSION_get_data(again),
                                                       X509_EXTENSION_get_data(extension)) == 0;

    X509_EXTENSION_free(again);
    if (value != NULL && method->it != NULL)
        ASN1_item_free(value, ASN1_ITEM_ptr(method->it));
    else if (value != NULL)
        method->ext_free(value);
    return same;
}

/* Where libcrypto has no words for a part of it, it says so; or, in a name of others, they do. */
static bool says_that_not_all(const char *text)
{
    static const char *const signs[] = {"<unsupported>", "<invalid>", "<parse error>",
                                        "Unknown Qualifier", "Bad time value"};

    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        if (strstr(text, signs[i]) != NULL)
            return true;
    return false;
}

static bool is_said(X509_EXTENSION *extension, const char *text)
{
    const ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(extension);
    struct ska_span der = ska_span(ASN1_STRING_get0_data(data), (size_t)ASN1_STRING_length(data));
    struct words words = {text, OBJ_obj2nid(X509_EXTENSION_get_object(extension))};

    switch (words.nid) {
    case NID_ct_precert_scts: /* lists of numbers, written in libcrypto's way */
    case NID_ct_cert_scts:
    case NID_id_pkix_OCSP_Nonce: /* not in DER */
        return is_as_read(extension);
    default:
        return is_as_read(extension) && !says_that_not_all(text) && ska_der_valid(der) &&
               find_values(&words, 0, der);
    }
}

/* ---- Rows ------------------------------------------------------------------------------------ */

/* libcrypto's words, on one line; none: it does not know it. False: out of memory. */
static bool extension_text(X509_EXTENSION *extension, struct ska_buffer *text)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *written = NULL;
    long length = 0;

    /* Without an indentation libcrypto takes the empty one of some for a failure. */
    if (bio != NULL && X509V3_EXT_print(bio, extension, 0, 1) == 1 &&
        (length = BIO_get_mem_data(bio, &written)) > 0) {
        const size_t indented = written[0] == ' ' ? 1 : 0;

        ska_buffer_add(text, written + indented, (size_t)length - indented);
    }
    BIO_free(bio);
    for (size_t i = 0; i < text->length; i++)
        if (text->data[i] == '\n')
            text->data[i] = ' ';
    return bio != NULL && !text->failed;
}

/* One that is known, and says only that it is there. */
static bool is_empty(X509_EXTENSION *extension)
{
    const ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(extension);

    return X509V3_EXT_get(extension) != NULL &&
           ska_span_equal(ska_span(ASN1_STRING_get0_data(data), (size_t)ASN1_STRING_length(data)),
                          ska_span((const uint8_t[]){SKA_DER_NULL, 0}, 2));
}

static bool row_text(const struct content_listener *listener, X509_EXTENSION *extension,
                     struct ska_buffer *text)
{
    const bool critical = X509_EXTENSION_get_critical(extension) != 0;
    const ASN1_OBJECT *object = X509_EXTENSION_get_object(extension);
    const size_t length = (size_t)ASN1_STRING_length(X509_EXTENSION_get_data(extension));
    char name[CONTENT_OBJECT_SIZE];
    char whole[CONTENT_OBJECT_SIZE + 16];

    if (!content_object_name(object, name))
        return false;
    snprintf(whole, sizeof(whole), "%s%s", name, critical ? ", critical" : "");
    if (text->length == 0 && is_empty(extension)) {
        content_row(listener, whole, "set");
        return true;
    }
    if (text->length == 0) {
        listener->unshown(listener->arg, whole, length);
        return true;
    }
    content_row_span(listener, whole, ska_span(text->data, text->length));
    return is_said(extension, ska_buffer_string(text)) ||
           content_unshown(listener, "part of", object, length);
}

static bool row_extension(const struct content_listener *listener, X509_EXTENSION *extension)
{
    struct ska_buffer text = {0};
    bool done = extension_text(extension, &text) && row_text(listener, extension, &text);

    ska_buffer_free(&text);
    return done;
}

bool content_rows_extensions(const struct content_listener *listener,
                             const STACK_OF(X509_EXTENSION) * extensions)
{
    for (int i = 0; i < X509v3_get_ext_count(extensions); i++)
        if (!row_extension(listener, X509v3_get_ext(extensions, i)))
            return false;
    return true;
}

bool content_rows_extensions_der(const struct content_listener *listener, struct ska_span der)
{
    const unsigned char *next = der.data;
    STACK_OF(X509_EXTENSION) *extensions = d2i_X509_EXTENSIONS(NULL, &next, (long)der.length);
    bool done = extensions != NULL && next == der.data + der.length &&
                content_rows_extensions(listener, extensions);

    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return done;
}
