/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/signature_values.h"

#include <limits.h>
#include <string.h>

#include <openssl/asn1t.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <openssl/x509.h>

/* What certificates, requests for them and CRLs are: RFC 5280, 4.1 and 5.1, RFC 2986, 4.2. */
typedef struct {
    ASN1_STRING *tbs;
    X509_ALGOR *algorithm;
    ASN1_BIT_STRING *signature;
} SKA_SIGNED;

/* clang-format off */
ASN1_SEQUENCE(SKA_SIGNED) = {
    ASN1_SIMPLE(SKA_SIGNED, tbs, ASN1_SEQUENCE),
    ASN1_SIMPLE(SKA_SIGNED, algorithm, X509_ALGOR),
    ASN1_SIMPLE(SKA_SIGNED, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(SKA_SIGNED)
    /* clang-format on */

    void signature_values_clear(struct signature_values * values)
{
    for (size_t i = 0; i < values->count; i++)
        ska_bytes_free(&values->values[i]);
    *values = (struct signature_values){0};
}

bool signature_values_hold(const struct signature_values *values, struct ska_span signature)
{
    for (size_t i = 0; i < values->count; i++)
        if (ska_span_equal(ska_span_of(&values->values[i]), signature))
            return true;
    return false;
}

/* False: out of memory. */
static bool add_value(struct signature_values *values, struct ska_span value)
{
    if (value.length == 0 || value.length > SIGNATURE_VALUE_LIMIT ||
        values->count == SIGNATURE_VALUES_MOST)
        return true;
    if (!ska_bytes_copy(&values->values[values->count], value, NULL))
        return false;
    values->count++;
    return true;
}

static bool add_string(struct signature_values *values, const ASN1_STRING *string)
{
    return string == NULL || add_value(values, ska_span(ASN1_STRING_get0_data(string),
                                                        (size_t)ASN1_STRING_length(string)));
}

/* ---- Kinds ----------------------------------------------------------------------------------- */

static bool add_cms(struct signature_values *values, CMS_ContentInfo *cms)
{
    /* Not to be freed; NULL for what is not signed. */
    STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);

    for (int i = 0; i < sk_CMS_SignerInfo_num(signers); i++)
        if (!add_string(values, CMS_SignerInfo_get0_signature(sk_CMS_SignerInfo_value(signers, i))))
            return false;
    return true;
}

static bool read_cms(OSSL_LIB_CTX *libctx, struct ska_span der, struct signature_values *values)
{
    const unsigned char *at = der.data;
    CMS_ContentInfo *cms = CMS_ContentInfo_new_ex(libctx, NULL);
    /* It is freed where it does not decode, and NULL then. */
    CMS_ContentInfo *decoded =
        cms == NULL ? NULL : d2i_CMS_ContentInfo(&cms, &at, (long)der.length);
    bool done = decoded == NULL || add_cms(values, decoded);

    if (decoded != NULL && values->count > 0)
        values->kind = "a CMS or PKCS#7 signature";
    CMS_ContentInfo_free(cms);
    return done;
}

static bool read_timestamp_reply(struct ska_span der, struct signature_values *values)
{
    const unsigned char *at = der.data;
    TS_RESP *reply = d2i_TS_RESP(NULL, &at, (long)der.length);
    PKCS7 *token = reply == NULL ? NULL : TS_RESP_get_token(reply);
    STACK_OF(PKCS7_SIGNER_INFO) *signers = token == NULL ? NULL : PKCS7_get_signer_info(token);
    bool done = true;

    for (int i = 0; done && i < sk_PKCS7_SIGNER_INFO_num(signers); i++)
        done = add_string(values, sk_PKCS7_SIGNER_INFO_value(signers, i)->enc_digest);
    if (token != NULL && values->count > 0)
        values->kind = "a timestamp reply";
    TS_RESP_free(reply);
    return done;
}

static bool read_signed(struct ska_span der, struct signature_values *values)
{
    const unsigned char *at = der.data;
    SKA_SIGNED *decoded =
        (SKA_SIGNED *)ASN1_item_d2i(NULL, &at, (long)der.length, ASN1_ITEM_rptr(SKA_SIGNED));
    bool done = decoded == NULL || add_string(values, decoded->signature);

    if (decoded != NULL && values->count > 0)
        values->kind = "a certificate, a request for one or a CRL";
    ASN1_item_free((ASN1_VALUE *)decoded, ASN1_ITEM_rptr(SKA_SIGNED));
    return done;
}

static bool read_der(OSSL_LIB_CTX *libctx, struct ska_span der, struct signature_values *values)
{
    size_t before = values->count;

    return read_cms(libctx, der, values) &&
           (values->count > before || read_timestamp_reply(der, values)) &&
           (values->count > before || read_signed(der, values));
}

/* ---- Encodings ------------------------------------------------------------------------------- */

static BIO *open_content(struct ska_span content)
{
    return BIO_new_mem_buf(content.data, (int)content.length);
}

/* So many blocks of one file; others are passed over. */
#define BLOCKS_MOST 16

static bool read_pem(OSSL_LIB_CTX *libctx, struct ska_span content, struct signature_values *values)
{
    BIO *bio = open_content(content);
    char *name = NULL;
    char *header = NULL;
    unsigned char *der = NULL;
    long length = 0;
    bool done = bio != NULL;

    for (int i = 0;
         done && i < BLOCKS_MOST && PEM_read_bio(bio, &name, &header, &der, &length) == 1; i++) {
        done = length <= 0 || read_der(libctx, ska_span(der, (size_t)length), values);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(der, (size_t)length); /* anything may have been named */
    }
    BIO_free(bio);
    return done;
}

/* As `openssl cms -sign` writes it unless told otherwise. */
static bool read_smime(OSSL_LIB_CTX *libctx, struct ska_span content,
                       struct signature_values *values)
{
    static const char start[] = "MIME-Version:";
    BIO *bio = NULL;
    BIO *document = NULL;
    CMS_ContentInfo *cms = NULL;
    CMS_ContentInfo *decoded = NULL;
    bool done = true;

    if (content.length < strlen(start) || memcmp(content.data, start, strlen(start)) != 0)
        return true;
    bio = open_content(content);
    cms = CMS_ContentInfo_new_ex(libctx, NULL);
    decoded = bio == NULL || cms == NULL ? NULL : SMIME_read_CMS_ex(bio, 0, &document, &cms);
    if (decoded != NULL)
        done = add_cms(values, decoded);
    if (decoded != NULL && values->count > 0)
        values->kind = "a signed mail";
    CMS_ContentInfo_free(cms);
    BIO_free_all(document);
    BIO_free(bio);
    return done;
}

/* The value alone, also in base64. */
static bool read_value(struct ska_span content, struct signature_values *values)
{
    struct ska_bytes decoded = {NULL, 0};
    bool done = add_value(values, content);

    if (done && content.length <= 2 * SIGNATURE_VALUE_LIMIT &&
        ska_base64_decode_file(content, &decoded))
        done = add_value(values, ska_span_of(&decoded));
    ska_bytes_free(&decoded);
    return done;
}

bool signature_values_read(OSSL_LIB_CTX *libctx, struct ska_span content,
                           struct signature_values *values, const struct ska_errors *errors)
{
    bool done = true;

    *values = (struct signature_values){.kind = content.length == 0 ? "an empty file" : NULL};
    /* What does not decode is no failure of ours, and whose error it was nobody asks. */
    ERR_set_mark();
    if (content.length > 0 && content.length <= INT_MAX)
        done = read_der(libctx, content, values) &&
               (values->count > 0 || read_pem(libctx, content, values)) &&
               (values->count > 0 || read_smime(libctx, content, values)) &&
               (values->count > 0 || read_value(content, values));
    ERR_pop_to_mark();
    return done || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "signatures");
}
