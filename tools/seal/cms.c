/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/seal/cms.h"

#include <openssl/objects.h>

#include "provider/base/certificate.h"
#include "provider/base/der.h"
#include "provider/base/der_write.h"

/* An element [number] with nothing but bytes in it has another identifier than der.h's. */
#define VERSION 1

/* ---- Algorithms ------------------------------------------------------------------------------ */

static int digest_nid(enum ska_digest digest)
{
    return OBJ_sn2nid(ska_digest_name(digest));
}

/* Without parameters (RFC 5754, 2). */
static void put_digest_algorithm(struct ska_buffer *to, enum ska_digest digest)
{
    struct ska_buffer inside = {0};

    ska_der_put_object(&inside, digest_nid(digest));
    ska_der_wrap(to, SKA_DER_SEQUENCE, &inside);
}

static void put_tagged(struct ska_buffer *to, unsigned int number, struct ska_buffer *content)
{
    ska_der_wrap(to, (uint8_t)SKA_DER_TAGGED(number), content);
}

/* RSASSA-PSS-params (RFC 4055, 3.1) */
static void put_pss_parameters(struct ska_buffer *to, const struct ska_mechanism *mechanism)
{
    struct ska_buffer hash = {0};
    struct ska_buffer mask = {0};
    struct ska_buffer mask_algorithm = {0};
    struct ska_buffer salt = {0};
    struct ska_buffer inside = {0};

    put_digest_algorithm(&hash, mechanism->digest);
    put_tagged(&inside, 0, &hash);
    ska_der_put_object(&mask_algorithm, NID_mgf1);
    put_digest_algorithm(&mask_algorithm, mechanism->mgf1_digest);
    ska_der_wrap(&mask, SKA_DER_SEQUENCE, &mask_algorithm);
    put_tagged(&inside, 1, &mask);
    ska_der_put_number(&salt, mechanism->salt_length);
    put_tagged(&inside, 2, &salt);
    ska_der_wrap(to, SKA_DER_SEQUENCE, &inside);
}

static int signature_nid(const struct ska_mechanism *mechanism)
{
    int nid = NID_undef;

    switch (mechanism->scheme) {
    case SKA_SCHEME_PKCS1:
        return OBJ_find_sigid_by_algs(&nid, digest_nid(mechanism->digest), NID_rsaEncryption) == 1
                   ? nid
                   : NID_undef;
    case SKA_SCHEME_ECDSA:
        return OBJ_find_sigid_by_algs(&nid, digest_nid(mechanism->digest),
                                      NID_X9_62_id_ecPublicKey) == 1
                   ? nid
                   : NID_undef;
    case SKA_SCHEME_PSS:
        return NID_rsassaPss;
    case SKA_SCHEME_EDDSA:
        return NID_ED25519;
    }
    return NID_undef;
}

static void put_signature_algorithm(struct ska_buffer *to, const struct ska_mechanism *mechanism)
{
    struct ska_buffer inside = {0};

    ska_der_put_object(&inside, signature_nid(mechanism));
    if (mechanism->scheme == SKA_SCHEME_PKCS1)
        ska_der_put(&inside, SKA_DER_NULL, ska_span(NULL, 0));
    if (mechanism->scheme == SKA_SCHEME_PSS)
        put_pss_parameters(&inside, mechanism);
    ska_der_wrap(to, SKA_DER_SEQUENCE, &inside);
}

/* ---- Writing --------------------------------------------------------------------------------- */

static void put_signer_identifier(struct ska_buffer *to, const struct seal_signer *signer)
{
    struct ska_buffer inside = {0};

    ska_buffer_add(&inside, signer->issuer.data, signer->issuer.length);
    ska_buffer_add(&inside, signer->serial.data, signer->serial.length);
    ska_der_wrap(to, SKA_DER_SEQUENCE, &inside);
}

/* unsignedAttrs [1] */
static void put_timestamp(struct ska_buffer *to, struct ska_span token)
{
    struct ska_buffer attribute = {0};
    struct ska_buffer attributes = {0};

    if (token.length == 0)
        return;
    ska_der_put_object(&attribute, NID_id_smime_aa_timeStampToken);
    ska_der_put(&attribute, SKA_DER_SET, token);
    ska_der_wrap(&attributes, SKA_DER_SEQUENCE, &attribute);
    put_tagged(to, 1, &attributes);
}

/* `attributes` are the content of the SET, which stands here as [0]. */
static void put_signer_info(struct ska_buffer *to, const struct seal_signer *signer,
                            struct ska_span attributes, const struct seal_parts *parts)
{
    struct ska_buffer inside = {0};

    ska_der_put_number(&inside, VERSION);
    put_signer_identifier(&inside, signer);
    put_digest_algorithm(&inside, signer->digest);
    ska_der_put(&inside, SKA_DER_TAGGED(0), attributes);
    put_signature_algorithm(&inside, &signer->mechanism);
    ska_der_put(&inside, SKA_DER_OCTET_STRING, parts->signature);
    put_timestamp(&inside, parts->timestamp);
    ska_der_wrap(to, SKA_DER_SEQUENCE, &inside);
}

static void put_certificates(struct ska_buffer *to, const struct seal_signer *signer)
{
    struct ska_buffer each[SEAL_CERTIFICATES_MOST] = {{0}};

    for (size_t i = 0; i < signer->certificate_count; i++)
        ska_buffer_add(&each[i], signer->certificates[i].data, signer->certificates[i].length);
    ska_der_wrap_set(to, SKA_DER_TAGGED(0), each, signer->certificate_count);
}

/* What stands before the certificates. */
static void put_beginning(struct ska_buffer *to, const struct seal_signer *signer)
{
    struct ska_buffer algorithm = {0};
    struct ska_buffer content = {0};

    ska_der_put_number(to, VERSION);
    put_digest_algorithm(&algorithm, signer->digest);
    ska_der_wrap(to, SKA_DER_SET, &algorithm);
    ska_der_put_object(&content, NID_pkcs7_data); /* which stands elsewhere */
    ska_der_wrap(to, SKA_DER_SEQUENCE, &content);
}

static bool attributes_inside(struct ska_span attributes, struct ska_span *inside)
{
    return ska_der_take(&attributes, SKA_DER_SET, inside) && attributes.length == 0;
}

bool seal_cms_write(const struct seal_signer *signer, const struct seal_parts *parts,
                    struct ska_bytes *der, const struct ska_errors *errors)
{
    struct ska_span attributes = {NULL, 0};
    struct ska_buffer info = {0};
    struct ska_buffer data = {0};
    struct ska_buffer content = {0};
    struct ska_buffer inside = {0};
    struct ska_buffer whole = {0};
    bool done = false;

    if (!attributes_inside(parts->attributes, &attributes))
        return ska_fail(errors, SKA_R_INTERNAL, "attributes of a seal that are not a SET");
    put_beginning(&data, signer);
    put_certificates(&data, signer);
    put_signer_info(&info, signer, attributes, parts);
    ska_der_wrap(&data, SKA_DER_SET, &info);
    ska_der_wrap(&content, SKA_DER_SEQUENCE, &data);
    ska_der_put_object(&inside, NID_pkcs7_signed);
    put_tagged(&inside, 0, &content);
    ska_der_wrap(&whole, SKA_DER_SEQUENCE, &inside);
    done = ska_buffer_finish(&whole, der, errors);
    ska_buffer_free(&whole);
    return done;
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* Takes exactly these bytes; frees them. */
static bool take_same(struct ska_span *from, struct ska_buffer *wanted)
{
    size_t length = wanted->length;
    bool same = !wanted->failed && from->length >= length &&
                ska_span_equal(ska_span(from->data, length), ska_span(wanted->data, length));

    ska_buffer_free(wanted);
    if (same)
        *from = ska_span(from->data + length, from->length - length);
    return same;
}

/* The content of the one element that this is. */
static bool take_whole(struct ska_span from, uint8_t identifier, struct ska_span *content)
{
    return ska_der_take(&from, identifier, content) && from.length == 0;
}

static bool take_timestamp(struct ska_span from, struct ska_span *token)
{
    struct ska_span attributes = {NULL, 0};
    struct ska_span attribute = {NULL, 0};
    struct ska_span content = {NULL, 0};
    struct ska_span rest = {NULL, 0};
    struct ska_buffer type = {0};

    *token = ska_span(NULL, 0);
    if (from.length == 0)
        return true;
    ska_der_put_object(&type, NID_id_smime_aa_timeStampToken);
    if (!take_whole(from, SKA_DER_TAGGED(1), &attributes) ||
        !take_whole(attributes, SKA_DER_SEQUENCE, &attribute)) {
        ska_buffer_free(&type);
        return false;
    }
    if (!take_same(&attribute, &type) || !take_whole(attribute, SKA_DER_SET, token))
        return false;
    rest = *token;
    return ska_der_take(&rest, SKA_DER_SEQUENCE, &content) && rest.length == 0;
}

static bool take_signer_info(const struct seal_signer *signer, struct ska_span info,
                             struct seal_parts *parts, struct ska_span *attributes)
{
    struct ska_buffer before = {0};
    struct ska_buffer algorithm = {0};

    ska_der_put_number(&before, VERSION);
    put_signer_identifier(&before, signer);
    put_digest_algorithm(&before, signer->digest);
    if (!take_same(&info, &before) || !ska_der_take(&info, SKA_DER_TAGGED(0), attributes))
        return false;
    put_signature_algorithm(&algorithm, &signer->mechanism);
    return take_same(&info, &algorithm) &&
           ska_der_take(&info, SKA_DER_OCTET_STRING, &parts->signature) &&
           take_timestamp(info, &parts->timestamp);
}

/* The signer's is among them, and the others are some. */
static bool check_certificates(const struct seal_signer *signer, struct ska_span from)
{
    bool found = false;

    while (from.length > 0) {
        const uint8_t *begin = from.data;
        struct ska_span content = {NULL, 0};
        struct ska_span whole;
        struct ska_bytes key = {NULL, 0};

        if (!ska_der_take(&from, SKA_DER_SEQUENCE, &content))
            return false;
        whole = ska_span(begin, (size_t)(content.data + content.length - begin));
        if (ska_span_equal(whole, ska_span_of(&signer->certificates[0])))
            found = true;
        else if (!ska_certificate_key(whole, &key))
            return false;
        ska_bytes_free(&key);
    }
    return found;
}

static bool take_signed_data(const struct seal_signer *signer, struct ska_span data,
                             struct seal_parts *parts, struct ska_span *attributes)
{
    struct ska_buffer beginning = {0};
    struct ska_span certificates = {NULL, 0};
    struct ska_span infos = {NULL, 0};
    struct ska_span info = {NULL, 0};

    put_beginning(&beginning, signer);
    return take_same(&data, &beginning) && ska_der_take(&data, SKA_DER_TAGGED(0), &certificates) &&
           check_certificates(signer, certificates) && take_whole(data, SKA_DER_SET, &infos) &&
           take_whole(infos, SKA_DER_SEQUENCE, &info) &&
           take_signer_info(signer, info, parts, attributes);
}

bool seal_cms_read(const struct seal_signer *signer, struct ska_span der, struct seal_parts *parts,
                   struct ska_bytes *attributes)
{
    struct ska_span whole = {NULL, 0};
    struct ska_span content = {NULL, 0};
    struct ska_span data = {NULL, 0};
    struct ska_span inside = {NULL, 0};
    struct ska_buffer type = {0};
    struct ska_buffer set = {0};
    bool done = false;

    if (der.length > SEAL_CMS_LIMIT || !take_whole(der, SKA_DER_SEQUENCE, &whole))
        return false;
    ska_der_put_object(&type, NID_pkcs7_signed);
    if (!take_same(&whole, &type) || !take_whole(whole, SKA_DER_TAGGED(0), &content) ||
        !take_whole(content, SKA_DER_SEQUENCE, &data) ||
        !take_signed_data(signer, data, parts, &inside))
        return false;
    ska_der_put(&set, SKA_DER_SET, inside);
    done = ska_buffer_finish(&set, attributes, NULL);
    ska_buffer_free(&set);
    parts->attributes = ska_span_of(attributes);
    return done;
}
