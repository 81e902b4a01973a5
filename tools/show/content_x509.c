/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/content_x509.h"

#include <stdio.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "tools/show/text.h"

/* ---- Extensions ------------------------------------------------------------------------------ */

/* By libcrypto's words, on one line; what it does not know by its length. */
static bool row_extension(const struct content_listener *listener, X509_EXTENSION *extension)
{
    const char *critical = X509_EXTENSION_get_critical(extension) ? ", critical" : "";
    char object[CONTENT_OBJECT_SIZE];
    char name[CONTENT_OBJECT_SIZE + 16];
    char *text = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    long length = 0;
    bool done = false;

    content_object_name(X509_EXTENSION_get_object(extension), object);
    snprintf(name, sizeof(name), "%s%s", object, critical);
    if (bio != NULL && X509V3_EXT_print(bio, extension, 0, 0) == 1 &&
        (length = BIO_get_mem_data(bio, &text)) > 0) {
        for (long i = 0; i < length; i++)
            if (text[i] == '\n')
                text[i] = ' ';
        listener->row(listener->arg, name, ska_span(text, (size_t)length));
        done = true;
    } else if (bio != NULL) {
        done = content_row_length(listener, name,
                                  (size_t)ASN1_STRING_length(X509_EXTENSION_get_data(extension)));
    }
    BIO_free(bio);
    return done;
}

static bool rows_extensions(const struct content_listener *listener,
                            const STACK_OF(X509_EXTENSION) * extensions)
{
    for (int i = 0; i < X509v3_get_ext_count(extensions); i++)
        if (!row_extension(listener, X509v3_get_ext(extensions, i)))
            return false;
    return true;
}

/* ---- Keys and numbers ------------------------------------------------------------------------ */

static bool row_key(const struct content_listener *listener, OSSL_LIB_CTX *libctx,
                    X509_PUBKEY *public_key)
{
    struct ska_buffer value = {0};
    unsigned char *der = NULL;
    int length = i2d_X509_PUBKEY(public_key, &der);

    if (length <= 0)
        return false;
    text_fingerprint(libctx, ska_span(der, (size_t)length), &value);
    OPENSSL_free(der);
    return content_row_of(listener, "public key with the fingerprint", &value);
}

static bool row_number(const struct content_listener *listener, const char *name,
                       const ASN1_INTEGER *number)
{
    struct ska_buffer value = {0};

    ska_buffer_hex(&value,
                   ska_span(ASN1_STRING_get0_data(number), (size_t)ASN1_STRING_length(number)));
    return content_row_of(listener, name, &value);
}

/* ---- Certificates ---------------------------------------------------------------------------- */

static bool read_certificate(OSSL_LIB_CTX *libctx, struct ska_span der,
                             const struct content_listener *listener)
{
    const unsigned char *next = der.data;
    X509 *made = X509_new_ex(libctx, NULL);
    X509 *read = made == NULL ? NULL : d2i_X509(&made, &next, (long)der.length);
    bool done = read != NULL && next == der.data + der.length &&
                content_row_name(listener, "for", X509_get_subject_name(read)) &&
                content_row_name(listener, "issued by", X509_get_issuer_name(read)) &&
                row_number(listener, "serial number", X509_get0_serialNumber(read)) &&
                content_row_time(listener, "valid from", X509_get0_notBefore(read)) &&
                content_row_time(listener, "valid until", X509_get0_notAfter(read)) &&
                row_key(listener, libctx, X509_get_X509_PUBKEY(read)) &&
                rows_extensions(listener, X509_get0_extensions(read));

    X509_free(made);
    return done;
}

/* ---- Requests for certificates --------------------------------------------------------------- */

static bool rows_request_attributes(const struct content_listener *listener, X509_REQ *request)
{
    for (int i = 0; i < X509_REQ_get_attr_count(request); i++) {
        X509_ATTRIBUTE *attribute = X509_REQ_get_attr(request, i);
        ASN1_OBJECT *object = X509_ATTRIBUTE_get0_object(attribute);
        char name[CONTENT_OBJECT_SIZE];
        int length = i2d_X509_ATTRIBUTE(attribute, NULL);

        if (X509_REQ_extension_nid(OBJ_obj2nid(object)))
            continue;
        content_object_name(object, name);
        if (length <= 0 || !content_row_length(listener, name, (size_t)length))
            return false;
    }
    return true;
}

static bool read_certification_request(OSSL_LIB_CTX *libctx, struct ska_span der,
                                       const struct content_listener *listener)
{
    const unsigned char *next = der.data;
    X509_REQ *made = X509_REQ_new_ex(libctx, NULL);
    X509_REQ *read = made == NULL ? NULL : d2i_X509_REQ(&made, &next, (long)der.length);
    STACK_OF(X509_EXTENSION) *extensions = read == NULL ? NULL : X509_REQ_get_extensions(read);
    bool done = read != NULL && next == der.data + der.length &&
                content_row_name(listener, "for", X509_REQ_get_subject_name(read)) &&
                row_key(listener, libctx, X509_REQ_get_X509_PUBKEY(read)) &&
                rows_extensions(listener, extensions) && rows_request_attributes(listener, read);

    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_REQ_free(made);
    return done;
}

/* ---- Lists of revoked certificates ----------------------------------------------------------- */

/* So many are named; of the others the number is told. */
#define REVOKED_SHOWN 20

static bool rows_revoked(const struct content_listener *listener, X509_CRL *crl)
{
    STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(crl);
    int count = revoked == NULL ? 0 : sk_X509_REVOKED_num(revoked);
    struct ska_buffer value = {0};

    ska_buffer_format(&value, "%d", count);
    if (!content_row_of(listener, "certificates that are revoked", &value))
        return false;
    for (int i = 0; i < count && i < REVOKED_SHOWN; i++)
        if (!row_number(listener, "  serial number",
                        X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(revoked, i))))
            return false;
    if (count > REVOKED_SHOWN)
        ska_buffer_format(&value, "%d, which are not shown", count - REVOKED_SHOWN);
    return count <= REVOKED_SHOWN || content_row_of(listener, "  and more", &value);
}

static bool read_crl(OSSL_LIB_CTX *libctx, struct ska_span der,
                     const struct content_listener *listener)
{
    const unsigned char *next = der.data;
    X509_CRL *made = X509_CRL_new_ex(libctx, NULL);
    X509_CRL *read = made == NULL ? NULL : d2i_X509_CRL(&made, &next, (long)der.length);
    bool done = read != NULL && next == der.data + der.length &&
                content_row_name(listener, "issued by", X509_CRL_get_issuer(read)) &&
                content_row_time(listener, "as of", X509_CRL_get0_lastUpdate(read)) &&
                (X509_CRL_get0_nextUpdate(read) == NULL ||
                 content_row_time(listener, "the next one by", X509_CRL_get0_nextUpdate(read))) &&
                rows_revoked(listener, read) &&
                rows_extensions(listener, X509_CRL_get0_extensions(read));

    X509_CRL_free(made);
    return done;
}

/* ---- Answers about certificates -------------------------------------------------------------- */

static bool row_answer(const struct content_listener *listener, OCSP_SINGLERESP *answer)
{
    OCSP_CERTID *id = OCSP_CERTID_dup(OCSP_SINGLERESP_get0_id(answer));
    ASN1_INTEGER *serial = NULL;
    struct ska_buffer value = {0};
    bool done = id != NULL && OCSP_id_get0_info(NULL, NULL, NULL, &serial, id) == 1;

    if (done) {
        ska_buffer_format(
            &value,
            "%s: ", OCSP_cert_status_str(OCSP_single_get0_status(answer, NULL, NULL, NULL, NULL)));
        ska_buffer_hex(&value,
                       ska_span(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)));
        done = content_row_of(listener, "certificate with the serial number", &value);
    }
    OCSP_CERTID_free(id);
    return done;
}

static bool read_ocsp(OSSL_LIB_CTX *libctx, struct ska_span der,
                      const struct content_listener *listener)
{
    const unsigned char *next = der.data;
    OCSP_BASICRESP *read = d2i_OCSP_BASICRESP(NULL, &next, (long)der.length);
    bool done = read != NULL && next == der.data + der.length &&
                content_row_time(listener, "made at", OCSP_resp_get0_produced_at(read));

    (void)libctx;
    for (int i = 0; done && i < OCSP_resp_count(read); i++)
        done = row_answer(listener, OCSP_resp_get0(read, i));
    for (int i = 0; done && i < OCSP_BASICRESP_get_ext_count(read); i++)
        done = row_extension(listener, OCSP_BASICRESP_get_ext(read, i));
    OCSP_BASICRESP_free(read);
    return done;
}

/* ---- All ------------------------------------------------------------------------------------- */

/* What is signed, as libcrypto knows it: SEQUENCE { content, an algorithm, BIT STRING }. */
static bool complete(struct ska_span content, struct ska_buffer *der)
{
    static const uint8_t rest[] = {0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE,
                                   0x3D, 0x04, 0x03, 0x02, 0x03, 0x01, 0x00};
    unsigned char header[16];
    unsigned char *end = header;

    ASN1_put_object(&end, 1, (int)(content.length + sizeof(rest)), V_ASN1_SEQUENCE,
                    V_ASN1_UNIVERSAL);
    ska_buffer_add(der, header, (size_t)(end - header));
    ska_buffer_add(der, content.data, content.length);
    ska_buffer_add(der, rest, sizeof(rest));
    return !der->failed;
}

bool content_read_x509(OSSL_LIB_CTX *libctx, enum ska_content_kind kind, struct ska_span content,
                       const struct content_listener *listener)
{
    static bool (*const readers[])(OSSL_LIB_CTX *, struct ska_span,
                                   const struct content_listener *) = {
        [SKA_CONTENT_CERTIFICATE] = read_certificate,
        [SKA_CONTENT_CRL] = read_crl,
        [SKA_CONTENT_CERTIFICATION_REQUEST] = read_certification_request,
        [SKA_CONTENT_OCSP_RESPONSE] = read_ocsp,
    };
    struct ska_buffer der = {0};
    bool done = false;

    if ((size_t)kind >= sizeof(readers) / sizeof(readers[0]) || readers[kind] == NULL)
        return false;
    ERR_set_mark();
    done =
        complete(content, &der) && readers[kind](libctx, ska_span(der.data, der.length), listener);
    ERR_pop_to_mark();
    ska_buffer_free(&der);
    return done;
}
