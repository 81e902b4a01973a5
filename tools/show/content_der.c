/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/content_der.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "provider/base/der.h"

#define OBJECT_LONGEST 120
/* Parameters of RSA-PSS with every part written out are shorter. */
#define PARAMETERS_LONGEST 100

/* ---- Object identifiers ---------------------------------------------------------------------- */

/* NULL: none, or no memory. */
static ASN1_OBJECT *object_of(struct ska_span content)
{
    struct ska_buffer der = {0};
    const unsigned char *next = NULL;
    ASN1_OBJECT *object = NULL;

    if (content.length == 0 || content.length > OBJECT_LONGEST)
        return NULL;
    ska_buffer_add(&der, (const uint8_t[]){SKA_DER_OBJECT, (uint8_t)content.length}, 2);
    ska_buffer_add(&der, content.data, content.length);
    next = der.data;
    if (!der.failed)
        object = d2i_ASN1_OBJECT(NULL, &next, (long)der.length);
    ska_buffer_free(&der);
    return object;
}

bool content_known_object(struct ska_span object, int *nid)
{
    ASN1_OBJECT *read = object_of(object);

    *nid = read == NULL ? NID_undef : OBJ_obj2nid(read);
    ASN1_OBJECT_free(read);
    return *nid != NID_undef;
}

bool content_row_object_der(const struct content_listener *listener, const char *name,
                            struct ska_span object)
{
    ASN1_OBJECT *read = object_of(object);
    bool done = read != NULL && content_row_object(listener, name, read);

    ASN1_OBJECT_free(read);
    return done;
}

bool content_unshown_der(const struct content_listener *listener, const char *what,
                         struct ska_span object, size_t length)
{
    ASN1_OBJECT *read = object_of(object);
    bool done = read != NULL && content_unshown(listener, what, read, length);

    ASN1_OBJECT_free(read);
    return done;
}

/* ---- Algorithms ------------------------------------------------------------------------------ */

/* No words have room in it. Recurses SKA_DER_DEPTH times at most. */
static bool is_plain(struct ska_span from)
{
    struct ska_span content = {NULL, 0};
    uint8_t identifier = 0;
    int nid = NID_undef;
    bool plain = true;

    while (plain && from.length > 0) {
        if (!ska_der_next(&from, &identifier, &content))
            return false;
        if ((identifier & 0x20) != 0)
            plain = is_plain(content);
        else if (identifier == SKA_DER_OBJECT)
            plain = content_known_object(content, &nid);
        else
            plain = content.length == 0 || (identifier == SKA_DER_INTEGER && content.length <= 2);
    }
    return plain;
}

bool content_row_algorithm(const struct content_listener *listener, const char *name,
                           struct ska_span algorithm)
{
    struct ska_span type = {NULL, 0};

    if (!ska_der_take(&algorithm, SKA_DER_OBJECT, &type) ||
        !content_row_object_der(listener, name, type))
        return false;
    if (algorithm.length == 0 ||
        ska_span_equal(algorithm, ska_span((const uint8_t[]){SKA_DER_NULL, 0}, 2)))
        return true;
    return algorithm.length <= PARAMETERS_LONGEST && is_plain(algorithm)
               ? content_row_hex(listener, "  with the parameters", algorithm)
               : content_unshown_der(listener, "parameters of", type, algorithm.length);
}

/* ---- Times and names ------------------------------------------------------------------------- */

bool content_row_take_time(const struct content_listener *listener, const char *name,
                           struct ska_span *from)
{
    const unsigned char *next = from->data;
    struct ska_span ignored = {NULL, 0};
    ASN1_TIME *time = NULL;
    bool done = false;

    if (!ska_der_take(from, SKA_DER_GENERALIZED_TIME, &ignored))
        return false;
    time = d2i_ASN1_TIME(NULL, &next, from->data - next);
    done = time != NULL && next == from->data && content_row_time(listener, name, time);
    ASN1_TIME_free(time);
    return done;
}

bool content_row_name_der(const struct content_listener *listener, const char *name,
                          struct ska_span der)
{
    const unsigned char *next = der.data;
    X509_NAME *read = d2i_X509_NAME(NULL, &next, (long)der.length);
    bool done =
        read != NULL && next == der.data + der.length && content_row_name(listener, name, read);

    X509_NAME_free(read);
    return done;
}
