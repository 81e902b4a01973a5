/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/seal/signed_attributes.h"

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "provider/base/der.h"
#include "provider/base/der_write.h"
#include "provider/request/signed_content.h"

/* Clocks of computers that share a folder differ by less. */
#define FUTURE_SECONDS 300

/* ---- Making ---------------------------------------------------------------------------------- */

/* Attribute ::= SEQUENCE { attrType, SET { value } } */
static void put_attribute(struct ska_buffer *to, int nid, struct ska_buffer *value)
{
    struct ska_buffer inside = {0};

    ska_der_put_object(&inside, nid);
    ska_der_wrap(&inside, SKA_DER_SET, value);
    ska_der_wrap(to, SKA_DER_SEQUENCE, &inside);
}

static void put_content_type(struct ska_buffer *to)
{
    struct ska_buffer value = {0};

    ska_der_put_object(&value, NID_pkcs7_data);
    put_attribute(to, NID_pkcs9_contentType, &value);
}

static void put_message_digest(struct ska_buffer *to, struct ska_span digest)
{
    struct ska_buffer value = {0};

    ska_der_put(&value, SKA_DER_OCTET_STRING, digest);
    put_attribute(to, NID_pkcs9_messageDigest, &value);
}

static void put_signing_time(struct ska_buffer *to, struct ska_span time)
{
    struct ska_buffer value = {0};

    ska_buffer_add(&value, time.data, time.length);
    put_attribute(to, NID_pkcs9_signingTime, &value);
}

/* IssuerSerial (RFC 5035, 4): the name as the one GeneralName [4]. */
static void put_issuer_serial(struct ska_buffer *to, const struct seal_signer *signer)
{
    struct ska_buffer names = {0};
    struct ska_buffer inside = {0};

    ska_der_put(&names, SKA_DER_TAGGED(4), ska_span_of(&signer->issuer));
    ska_der_wrap(&inside, SKA_DER_SEQUENCE, &names);
    ska_buffer_add(&inside, signer->serial.data, signer->serial.length);
    ska_der_wrap(to, SKA_DER_SEQUENCE, &inside);
}

/* SigningCertificateV2 { certs { ESSCertIDv2 { certHash, issuerSerial } } }, with SHA-256, which
 * DER leaves out. */
static bool put_signing_certificate(OSSL_LIB_CTX *libctx, const struct seal_signer *signer,
                                    struct ska_buffer *to)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    size_t length = 0;
    struct ska_buffer id = {0};
    struct ska_buffer ids = {0};
    struct ska_buffer certificates = {0};
    struct ska_buffer value = {0};

    if (EVP_Q_digest(libctx, "SHA256", NULL, signer->certificates[0].data,
                     signer->certificates[0].length, hash, &length) != 1)
        return false;
    ska_der_put(&id, SKA_DER_OCTET_STRING, ska_span(hash, length));
    put_issuer_serial(&id, signer);
    ska_der_wrap(&ids, SKA_DER_SEQUENCE, &id);
    ska_der_wrap(&certificates, SKA_DER_SEQUENCE, &ids);
    ska_der_wrap(&value, SKA_DER_SEQUENCE, &certificates);
    put_attribute(to, NID_id_smime_aa_signingCertificateV2, &value);
    return true;
}

/* `time` is a Time in DER. */
static bool make_with_time(OSSL_LIB_CTX *libctx, const struct seal_signer *signer,
                           struct ska_span document_digest, struct ska_span time,
                           struct ska_bytes *attributes, const struct ska_errors *errors)
{
    struct ska_buffer each[4] = {{0}};
    struct ska_buffer all = {0};
    bool done = false;

    put_content_type(&each[0]);
    put_message_digest(&each[1], document_digest);
    put_signing_time(&each[2], time);
    done = put_signing_certificate(libctx, signer, &each[3]);
    ska_der_wrap_set(&all, SKA_DER_SET, each, 4);
    done = (done || ska_fail(errors, SKA_R_INTERNAL, "hashing failed")) &&
           ska_buffer_finish(&all, attributes, errors);
    ska_buffer_free(&all);
    return done;
}

bool seal_attributes_make(OSSL_LIB_CTX *libctx, const struct seal_signer *signer,
                          struct ska_span document_digest, time_t when,
                          struct ska_bytes *attributes, const struct ska_errors *errors)
{
    /* UTCTime until 2049, then GeneralizedTime, as RFC 5652, 11.3 wants it. */
    ASN1_TIME *time = ASN1_TIME_set(NULL, when);
    unsigned char *der = NULL;
    int length = time == NULL ? 0 : i2d_ASN1_TIME(time, &der);
    bool done = length > 0 ? make_with_time(libctx, signer, document_digest,
                                            ska_span(der, (size_t)length), attributes, errors)
                           : ska_fail(errors, SKA_R_INTERNAL, "the time cannot be encoded");

    OPENSSL_free(der);
    ASN1_TIME_free(time);
    return done;
}

/* ---- Comparing ------------------------------------------------------------------------------- */

/* The values of the one attribute of this type; false: none, or several. */
static bool find_values(struct ska_span attributes, int nid, struct ska_span *values)
{
    struct ska_span inside = {NULL, 0};
    struct ska_attribute attribute;
    size_t found = 0;

    if (!ska_content_attributes(attributes, &inside))
        return false;
    while (inside.length > 0) {
        if (!ska_attribute_take(&inside, &attribute))
            return false;
        if (ska_attribute_is(&attribute, nid)) {
            *values = attribute.values;
            found++;
        }
    }
    return found == 1;
}

/*
 * NULL: there is one at which this signer could have begun. What is kept may come from anywhere:
 * no seal is dated back to when there was no certificate.
 */
static const char *name_wrong_time(const struct seal_signer *signer, struct ska_span attributes)
{
    int64_t seconds = 0;

    if (!ska_content_signing_time(attributes, &seconds) ||
        seconds >= (int64_t)time(NULL) + FUTURE_SECONDS)
        return "its signing time is in the future, or missing";
    if (seconds < signer->valid_from)
        return "its signing time is from before the certificate was valid";
    return seconds > signer->valid_until
               ? "its signing time is from after the certificate has expired"
               : NULL;
}

static const char *name_difference(struct ska_span attributes, struct ska_span made)
{
    struct ska_span old = {NULL, 0};
    struct ska_span now = {NULL, 0};

    if (!find_values(attributes, NID_pkcs9_messageDigest, &old) ||
        !find_values(made, NID_pkcs9_messageDigest, &now))
        return "it has other attributes";
    if (old.length != now.length)
        return "it was begun with another --digest, or another kind of key";
    if (!ska_span_equal(old, now))
        return "the document is another one, or has been changed since";
    if (find_values(attributes, NID_id_smime_aa_signingCertificateV2, &old) &&
        find_values(made, NID_id_smime_aa_signingCertificateV2, &now) && !ska_span_equal(old, now))
        return "it was begun with another certificate";
    return "it has other attributes";
}

bool seal_attributes_compare(OSSL_LIB_CTX *libctx, const struct seal_signer *signer,
                             struct ska_span document_digest, struct ska_span attributes,
                             const char **difference)
{
    struct ska_span time = {NULL, 0};
    struct ska_bytes made = {NULL, 0};
    bool same = false;

    *difference = "it is not a set of signed attributes";
    if (attributes.length > SEAL_ATTRIBUTES_LIMIT ||
        ska_content_kind(attributes) != SKA_CONTENT_ATTRIBUTES ||
        !find_values(attributes, NID_pkcs9_signingTime, &time))
        return false;
    *difference = name_wrong_time(signer, attributes);
    if (*difference != NULL)
        return false;
    *difference = "out of memory";
    if (!make_with_time(libctx, signer, document_digest, time, &made, NULL))
        return false;
    same = ska_span_equal(attributes, ska_span_of(&made));
    *difference = same ? NULL : name_difference(attributes, ska_span_of(&made));
    ska_bytes_free(&made);
    return same;
}
