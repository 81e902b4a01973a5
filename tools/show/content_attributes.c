/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/content_attributes.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "provider/base/der.h"

/* One object identifier of its content; NULL: none, or no memory. */
static ASN1_OBJECT *object_of(struct ska_span content)
{
    struct ska_buffer der = {0};
    const unsigned char *next = NULL;
    ASN1_OBJECT *object = NULL;

    if (content.length == 0 || content.length > 120)
        return NULL;
    ska_buffer_add(&der, (const uint8_t[]){SKA_DER_OBJECT, (uint8_t)content.length}, 2);
    ska_buffer_add(&der, content.data, content.length);
    next = der.data;
    if (!der.failed)
        object = d2i_ASN1_OBJECT(NULL, &next, (long)der.length);
    ska_buffer_free(&der);
    return object;
}

static bool row_object(const struct content_listener *listener, const char *name,
                       struct ska_span content)
{
    char shown[CONTENT_OBJECT_SIZE];
    ASN1_OBJECT *object = object_of(content);

    if (object == NULL)
        return false;
    content_object_name(object, shown);
    content_row(listener, name, shown);
    ASN1_OBJECT_free(object);
    return true;
}

static bool row_hex(const struct content_listener *listener, const char *name,
                    struct ska_span bytes)
{
    struct ska_buffer value = {0};

    ska_buffer_hex(&value, bytes);
    return content_row_of(listener, name, &value);
}

/* ---- Attributes whose values are shown ------------------------------------------------------- */

static bool read_content_type(struct ska_span values, const struct content_listener *listener)
{
    struct ska_span type = {NULL, 0};

    if (!ska_der_take(&values, SKA_DER_OBJECT, &type) || values.length > 0)
        return false;
    /* "data" is what nearly all say; only something else is of interest. */
    return ska_der_object_is(type, NID_pkcs7_data) ||
           row_object(listener, "what is signed is of the type", type);
}

static bool read_message_digest(struct ska_span values, const struct content_listener *listener)
{
    struct ska_span digest = {NULL, 0};

    return ska_der_take(&values, SKA_DER_OCTET_STRING, &digest) && values.length == 0 &&
           row_hex(listener, "fingerprint of the document", digest);
}

static bool read_signing_time(struct ska_span values, const struct content_listener *listener)
{
    const unsigned char *next = values.data;
    ASN1_TIME *time = d2i_ASN1_TIME(NULL, &next, (long)values.length);
    bool done = time != NULL && next == values.data + values.length &&
                content_row_time(listener, "signing time, by the computer that asks", time);

    ASN1_TIME_free(time);
    return done;
}

/* RFC 5035: SigningCertificate(V2) { certs { ESSCertID { [hashAlgorithm] certHash ... } ... } ... }
 */
static bool read_signing_certificate(struct ska_span values,
                                     const struct content_listener *listener)
{
    struct ska_span whole = {NULL, 0};
    struct ska_span certificates = {NULL, 0};
    struct ska_span first = {NULL, 0};
    struct ska_span algorithm = {NULL, 0};
    struct ska_span hash = {NULL, 0};

    if (!ska_der_take(&values, SKA_DER_SEQUENCE, &whole) || values.length > 0 ||
        !ska_der_take(&whole, SKA_DER_SEQUENCE, &certificates) ||
        !ska_der_take(&certificates, SKA_DER_SEQUENCE, &first))
        return false;
    if (first.length > 0 && first.data[0] == SKA_DER_SEQUENCE &&
        !ska_der_take(&first, SKA_DER_SEQUENCE, &algorithm))
        return false;
    return ska_der_take(&first, SKA_DER_OCTET_STRING, &hash) &&
           row_hex(listener, "fingerprint of the signer's certificate", hash);
}

/* ETSI EN 319 122-1, 5.2.3 and 5.2.9: SEQUENCE { OBJECT IDENTIFIER ... } */
static bool read_identifier(const char *name, struct ska_span values,
                            const struct content_listener *listener)
{
    struct ska_span whole = {NULL, 0};
    struct ska_span type = {NULL, 0};

    return ska_der_take(&values, SKA_DER_SEQUENCE, &whole) &&
           ska_der_take(&whole, SKA_DER_OBJECT, &type) && row_object(listener, name, type);
}

static bool read_commitment(struct ska_span values, const struct content_listener *listener)
{
    return read_identifier("what the signer commits to", values, listener);
}

static bool read_policy(struct ska_span values, const struct content_listener *listener)
{
    return read_identifier("signature policy", values, listener);
}

static const struct {
    int nid;
    bool (*read)(struct ska_span values, const struct content_listener *listener);
} known[] = {
    {NID_pkcs9_contentType, read_content_type},
    {NID_pkcs9_messageDigest, read_message_digest},
    {NID_pkcs9_signingTime, read_signing_time},
    {NID_id_smime_aa_signingCertificate, read_signing_certificate},
    {NID_id_smime_aa_signingCertificateV2, read_signing_certificate},
    {NID_id_smime_aa_ets_commitmentType, read_commitment},
    {NID_id_smime_aa_ets_sigPolicyId, read_policy},
};

/* ---- All of them ----------------------------------------------------------------------------- */

static bool row_unknown(const struct ska_attribute *attribute,
                        const struct content_listener *listener)
{
    char name[CONTENT_OBJECT_SIZE];
    ASN1_OBJECT *object = object_of(attribute->type);

    if (object == NULL)
        return false;
    content_object_name(object, name);
    ASN1_OBJECT_free(object);
    return content_row_length(listener, name, attribute->values.length);
}

static bool read_attribute(const struct ska_attribute *attribute,
                           const struct content_listener *listener)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (ska_attribute_is(attribute, known[i].nid))
            return known[i].read(attribute->values, listener);
    return row_unknown(attribute, listener);
}

bool content_read_attributes(struct ska_span content, const struct content_listener *listener)
{
    struct ska_span inside = {NULL, 0};
    struct ska_attribute attribute;

    if (!ska_content_attributes(content, &inside))
        return false;
    while (inside.length > 0)
        if (!ska_attribute_take(&inside, &attribute) || !read_attribute(&attribute, listener))
            return false;
    return true;
}
