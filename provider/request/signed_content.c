/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/request/signed_content.h"

#include <string.h>
#include <time.h>

#include <openssl/asn1.h>
#include <openssl/objects.h>

#include "provider/base/der.h"

/* ---- Attributes of CMS ----------------------------------------------------------------------- */

static bool take_one(struct ska_span from, uint8_t identifier, struct ska_span *content)
{
    return ska_der_take(&from, identifier, content) && from.length == 0;
}

bool ska_content_attributes(struct ska_span content, struct ska_span *inside)
{
    return take_one(content, SKA_DER_SET, inside) && inside->length > 0;
}

bool ska_attribute_take(struct ska_span *from, struct ska_attribute *attribute)
{
    struct ska_span inside = {NULL, 0};

    return ska_der_take(from, SKA_DER_SEQUENCE, &inside) &&
           ska_der_take(&inside, SKA_DER_OBJECT, &attribute->type) &&
           take_one(inside, SKA_DER_SET, &attribute->values) && attribute->values.length > 0;
}

bool ska_attribute_is(const struct ska_attribute *attribute, int nid)
{
    return ska_der_object_is(attribute->type, nid);
}

/* The one value of the one attribute of this type. */
static bool find_attribute(struct ska_span inside, int nid, uint8_t identifier,
                           struct ska_span *value)
{
    struct ska_attribute attribute;
    size_t found = 0;

    while (inside.length > 0) {
        if (!ska_attribute_take(&inside, &attribute))
            return false;
        if (!ska_attribute_is(&attribute, nid))
            continue;
        if (++found > 1 || !take_one(attribute.values, identifier, value))
            return false;
    }
    return found == 1;
}

static bool content_attribute(struct ska_span content, int nid, uint8_t identifier,
                              struct ska_span *value)
{
    struct ska_span inside = {NULL, 0};

    return ska_content_attributes(content, &inside) &&
           find_attribute(inside, nid, identifier, value);
}

bool ska_content_document_digest(struct ska_span content, struct ska_span *digest)
{
    return content_attribute(content, NID_pkcs9_messageDigest, SKA_DER_OCTET_STRING, digest);
}

/* A Time, with nothing behind it. */
static bool read_time(struct ska_span der, int64_t *seconds)
{
    const unsigned char *next = der.data;
    ASN1_TIME *read = d2i_ASN1_TIME(NULL, &next, (long)der.length);
    struct tm parts;
    bool done = read != NULL && next == der.data + der.length && ASN1_TIME_check(read) == 1 &&
                ASN1_TIME_to_tm(read, &parts) == 1;

    if (done)
        *seconds = timegm(&parts);
    ASN1_TIME_free(read);
    return done;
}

bool ska_content_signing_time(struct ska_span content, int64_t *seconds)
{
    struct ska_span inside = {NULL, 0};
    struct ska_attribute attribute;
    struct ska_span time = {NULL, 0};
    size_t found = 0;

    if (!ska_content_attributes(content, &inside))
        return false;
    while (inside.length > 0) {
        if (!ska_attribute_take(&inside, &attribute))
            return false;
        if (ska_attribute_is(&attribute, NID_pkcs9_signingTime)) {
            time = attribute.values;
            found++;
        }
    }
    return found == 1 && read_time(time, seconds);
}

bool ska_content_type(struct ska_span content, struct ska_span *type)
{
    return content_attribute(content, NID_pkcs9_contentType, SKA_DER_OBJECT, type);
}

/* RFC 5652, 5.3: signed attributes hold these two. */
static bool is_attributes(struct ska_span content)
{
    struct ska_span value = {NULL, 0};

    return ska_content_type(content, &value) && ska_content_document_digest(content, &value);
}

/* ---- Shapes ---------------------------------------------------------------------------------- */

/* Elements that stand in a row; 0 ends the row. OPTIONAL: the element before may be missing. */
#define ELEMENTS_MOST 9
#define OPTIONAL 0x1000
#define TIME 0x2000  /* UTCTime or GeneralizedTime */
#define NAMED 0x4000 /* [1] or [2] */
#define REST 0x8000  /* whatever follows */

static const struct shape {
    enum ska_content_kind kind;
    unsigned int elements[ELEMENTS_MOST];
} shapes[] = {
    {SKA_CONTENT_CERTIFICATE,
     {SKA_DER_TAGGED(0) | OPTIONAL, SKA_DER_INTEGER, SKA_DER_SEQUENCE, SKA_DER_SEQUENCE,
      SKA_DER_SEQUENCE, SKA_DER_SEQUENCE, SKA_DER_SEQUENCE, REST}},
    {SKA_CONTENT_CRL,
     {SKA_DER_INTEGER | OPTIONAL, SKA_DER_SEQUENCE, SKA_DER_SEQUENCE, TIME, TIME | OPTIONAL,
      SKA_DER_SEQUENCE | OPTIONAL, SKA_DER_TAGGED(0) | OPTIONAL}},
    {SKA_CONTENT_CERTIFICATION_REQUEST,
     {SKA_DER_INTEGER, SKA_DER_SEQUENCE, SKA_DER_SEQUENCE, SKA_DER_TAGGED(0)}},
    {SKA_CONTENT_OCSP_RESPONSE,
     {SKA_DER_TAGGED(0) | OPTIONAL, NAMED, SKA_DER_GENERALIZED_TIME, SKA_DER_SEQUENCE,
      SKA_DER_TAGGED(1) | OPTIONAL}},
};

static bool is_element(unsigned int wanted, uint8_t identifier)
{
    if ((wanted & TIME) != 0)
        return identifier == SKA_DER_UTC_TIME || identifier == SKA_DER_GENERALIZED_TIME;
    if ((wanted & NAMED) != 0)
        return identifier == SKA_DER_TAGGED(1) || identifier == SKA_DER_TAGGED(2);
    return identifier == (wanted & 0xFF);
}

static bool has_shape(const struct shape *shape, struct ska_span inside)
{
    struct ska_span ignored = {NULL, 0};
    uint8_t identifier = 0;

    for (const unsigned int *wanted = shape->elements; *wanted != 0; wanted++) {
        if (*wanted == REST)
            return true;
        if (inside.length > 0 && is_element(*wanted, inside.data[0])) {
            if (!ska_der_next(&inside, &identifier, &ignored))
                return false;
        } else if ((*wanted & OPTIONAL) == 0) {
            return false;
        }
    }
    return inside.length == 0;
}

enum ska_content_kind ska_content_kind(struct ska_span content)
{
    struct ska_span inside = {NULL, 0};

    if (content.length > SKA_CONTENT_LIMIT || !ska_der_valid(content))
        return SKA_CONTENT_OTHER;
    if (is_attributes(content))
        return SKA_CONTENT_ATTRIBUTES;
    if (!take_one(content, SKA_DER_SEQUENCE, &inside))
        return SKA_CONTENT_OTHER;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        if (has_shape(&shapes[i], inside))
            return shapes[i].kind;
    return SKA_CONTENT_OTHER;
}

enum ska_content_repeats ska_content_repeats(struct ska_span content)
{
    struct ska_span inside = {NULL, 0};
    struct ska_attribute attribute;

    switch (ska_content_kind(content)) {
    case SKA_CONTENT_ATTRIBUTES:
        break;
    case SKA_CONTENT_CERTIFICATE:
    case SKA_CONTENT_CRL:
    case SKA_CONTENT_OCSP_RESPONSE:
        return SKA_CONTENT_MAY_REPEAT;
    case SKA_CONTENT_CERTIFICATION_REQUEST:
    case SKA_CONTENT_OTHER:
        return SKA_CONTENT_REPEATS;
    }
    if (!ska_content_attributes(content, &inside))
        return SKA_CONTENT_REPEATS;
    while (inside.length > 0 && ska_attribute_take(&inside, &attribute))
        if (ska_attribute_is(&attribute, NID_pkcs9_signingTime))
            return SKA_CONTENT_IS_NEW;
    return SKA_CONTENT_REPEATS;
}

/* ---- XML and JSON ---------------------------------------------------------------------------- */

/* What would tell may come after what was read. */
static bool goes_on(struct ska_span start)
{
    return start.length > SKA_MEANING_LIMIT;
}

/* <SignedInfo ...>, with any prefix of the namespace. */
static bool is_signed_info(struct ska_span content)
{
    static const char name[] = "SignedInfo";
    size_t at = 1;
    size_t end = 1;

    if (content.length == 0 || content.data[0] != '<')
        return false;
    for (; end < content.length && content.data[end] > ' ' && content.data[end] != '>'; end++)
        if (content.data[end] == ':')
            at = end + 1;
    if (end == content.length)
        return goes_on(content);
    return end - at == strlen(name) && memcmp(content.data + at, name, strlen(name)) == 0;
}

/* Adds the six bits of a digit of base64, of either alphabet. */
static bool add_base64(uint8_t digit, uint32_t *bits)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = memchr(digits, digit, sizeof(digits) - 1);

    if (found != NULL)
        *bits = *bits << 6 | ((uint32_t)(found - digits) & 0x3F);
    return found != NULL;
}

/*
 * BASE64URL(header) "." ..., whose header is a JSON object (RFC 7515, 5.1). There are verifiers
 * that skip what is not base64, and take JSON in UTF-16 or UTF-32.
 */
static bool is_jws(struct ska_span content)
{
    static const char json_blanks[] = "\0 \t\r\n\xEF\xBB\xBF\xFE\xFF"; /* byte order marks, too */
    static const char *const begin[] = {"{", "\"}"};
    uint32_t bits = 0;
    size_t waiting = 0;
    size_t seen = 0;

    for (size_t i = 0; i < content.length; i++) {
        uint8_t byte = 0;

        if (content.data[i] == '.')
            return seen == 2;
        if (!add_base64(content.data[i], &bits))
            continue;
        waiting += 6;
        if (waiting < 8)
            continue;
        waiting -= 8;
        byte = (uint8_t)(bits >> waiting);
        if (seen == 2 || memchr(json_blanks, byte, sizeof(json_blanks) - 1) != NULL)
            continue;
        if (memchr(begin[seen], byte, strlen(begin[seen])) == NULL)
            return false;
        seen++;
    }
    return goes_on(content);
}

/* ---- What TLS signs -------------------------------------------------------------------------- */

#define TLS_RANDOMS 64 /* of client and server */
#define TLS_NAMED_CURVE 3
#define TLS_CLIENT_HELLO 1
#define TLS_CLIENT_HELLO_LEAST 41 /* bytes */
#define TLS_MAJOR 3
#define TLS_MINOR_MOST 4

/* Takes a vector whose length stands before it in so many bytes, most significant first. */
static bool take_vector(struct ska_span *from, size_t length_bytes)
{
    size_t length = 0;

    if (from->length < length_bytes)
        return false;
    for (size_t i = 0; i < length_bytes; i++)
        length = length << 8 | from->data[i];
    if (length > from->length - length_bytes)
        return false;
    *from = ska_span(from->data + length_bytes + length, from->length - length_bytes - length);
    return true;
}

/* So many stand before everything that a peer of TLS 1.3 signs. */
#define TLS_BLANKS 64

static bool begins_with_blanks(struct ska_span content)
{
    if (content.length <= TLS_BLANKS)
        return false;
    for (size_t i = 0; i < TLS_BLANKS; i++)
        if (content.data[i] != ' ')
            return false;
    return true;
}

/* RFC 8446, 4.4.3 */
static bool is_tls13(struct ska_span content)
{
    static const char context[] = "TLS 1.3, ";

    return begins_with_blanks(content) && content.length >= TLS_BLANKS + strlen(context) &&
           memcmp(content.data + TLS_BLANKS, context, strlen(context)) == 0;
}

/* RFC 8422, 5.4 and RFC 5246, 7.4.3: both random numbers, then the server's parameters. */
static bool is_server_key_exchange(struct ska_span content)
{
    struct ska_span rest;

    if (content.length < TLS_RANDOMS + 4)
        return false;
    rest = ska_span(content.data + TLS_RANDOMS + 3, content.length - TLS_RANDOMS - 3);
    if (content.data[TLS_RANDOMS] == TLS_NAMED_CURVE && take_vector(&rest, 1) && rest.length == 0)
        return true;
    rest = ska_span(content.data + TLS_RANDOMS, content.length - TLS_RANDOMS);
    return take_vector(&rest, 2) && take_vector(&rest, 2) && take_vector(&rest, 2) &&
           rest.length == 0;
}

/* RFC 5246, 7.4.8: all messages so far. */
static bool is_handshake(struct ska_span content)
{
    if (content.length == 0 || content.data[0] != TLS_CLIENT_HELLO)
        return false;
    while (content.length > 0) {
        content = ska_span(content.data + 1, content.length - 1);
        if (!take_vector(&content, 3))
            return false;
    }
    return true;
}

/* The first of these messages, of TLS, DTLS or in the form of SSL 2, whatever follows it. */
static bool begins_with_client_hello(struct ska_span start, uint64_t size)
{
    uint32_t length = 0;

    if (start.length < 4 || start.data[0] != TLS_CLIENT_HELLO)
        return false;
    if (start.data[1] == TLS_MAJOR && start.data[2] <= TLS_MINOR_MOST)
        return true;
    length = (uint32_t)start.data[1] << 16 | (uint32_t)start.data[2] << 8 | start.data[3];
    return length >= TLS_CLIENT_HELLO_LEAST && length <= size - 4;
}

/* ---- What else it could be ------------------------------------------------------------------- */

/* In BER. libcrypto also takes the numbers of tags and lengths with zeros in front. */
#define LONG_TAG 0x3F
#define INDEFINITE 0x80

/*
 * Whether it is one SEQUENCE or SET, whatever is in it: certificates and attributes need not be in
 * DER to be taken, and their signature is over them as they are.
 */
static bool is_structure(struct ska_span start, uint64_t size)
{
    uint64_t length = 0;
    size_t octets = 0;

    if (start.length < 2)
        return false;
    if (start.data[0] == LONG_TAG)
        return start.data[1] == 0x80 || start.data[1] == (SKA_DER_SEQUENCE & 0x1F) ||
               start.data[1] == (SKA_DER_SET & 0x1F);
    if (start.data[0] != SKA_DER_SEQUENCE && start.data[0] != SKA_DER_SET)
        return false;
    if (start.data[1] == INDEFINITE)
        return true;
    if (start.data[1] < 0x80)
        return size == 2 + (uint64_t)start.data[1];
    octets = start.data[1] & 0x7F;
    if (start.length < 2 + octets)
        return false;
    for (size_t i = 0; i < octets; i++) {
        if (length >> 56 != 0)
            return false;
        length = length << 8 | start.data[2 + i];
    }
    return size - 2 - octets == length;
}

enum ska_content_meaning ska_content_meaning(struct ska_span start, uint64_t size)
{
    if (ska_content_kind(start) == SKA_CONTENT_ATTRIBUTES || is_signed_info(start) || is_jws(start))
        return SKA_MEANS_OTHER_DOCUMENT;
    if (is_structure(start, size))
        return SKA_MEANS_STRUCTURE;
    if (begins_with_blanks(start) || is_server_key_exchange(start) ||
        begins_with_client_hello(start, size))
        return SKA_MEANS_HANDSHAKE;
    return SKA_MEANS_DOCUMENT;
}

/* ---- Keeping --------------------------------------------------------------------------------- */

bool ska_content_is_kept(enum ska_request_content setting, struct ska_span content)
{
    switch (setting) {
    case SKA_REQUEST_CONTENT_STRUCTURES:
        return ska_content_kind(content) != SKA_CONTENT_OTHER;
    case SKA_REQUEST_CONTENT_ALL:
        return content.length > 0 && content.length <= SKA_CONTENT_LIMIT && !is_tls13(content) &&
               !is_server_key_exchange(content) && !is_handshake(content);
    case SKA_REQUEST_CONTENT_NONE:
        break;
    }
    return false;
}
