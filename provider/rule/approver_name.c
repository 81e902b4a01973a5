/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an approver is called in messages. Nothing here is fetched from a library context, since
 * messages are made where none is at hand, and the default one may hold our own provider.
 */
/* SHA256_Init() and its kin are the ones that fetch nothing; libcrypto calls them deprecated. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "provider/rule/approver_name.h"

#include <stdlib.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "provider/base/certificate.h"
#include "provider/base/printable.h"

/* How much of a key's SHA-256 is shown. */
#define HASH_SHOWN 8

/* ---- Keys ----------------------------------------------------------------------------------- */

char *ska_key_shown(struct ska_span public_key)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    struct ska_buffer buffer = {0};
    struct ska_bytes text = {NULL, 0};
    SHA256_CTX context;

    if (!SHA256_Init(&context) || !SHA256_Update(&context, public_key.data, public_key.length) ||
        !SHA256_Final(hash, &context))
        return NULL;
    ska_buffer_text(&buffer, "key ");
    ska_buffer_hex(&buffer, ska_span(hash, HASH_SHOWN));
    return ska_buffer_finish(&buffer, &text, NULL) ? (char *)text.data : NULL;
}

/* ---- Certificates --------------------------------------------------------------------------- */

/* The first of this kind; false: there is none. */
static bool copy_name_part(const X509_NAME *name, int nid, struct ska_bytes *copy)
{
    int at = X509_NAME_get_index_by_NID(name, nid, -1);
    const ASN1_STRING *value =
        at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    unsigned char *text = NULL;
    int length = value == NULL ? 0 : ASN1_STRING_to_UTF8(&text, value);
    bool done = length > 0 && ska_bytes_copy(copy, ska_span(text, (size_t)length), NULL);

    OPENSSL_free(text);
    return done;
}

bool ska_x509_name_text(const X509_NAME *name, struct ska_bytes *text)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *written = NULL;
    long length = 0;
    bool done = false;

    if (bio != NULL &&
        X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >
            0) {
        length = BIO_get_mem_data(bio, &written);
        done = length > 0 && ska_bytes_copy(text, ska_span(written, (size_t)length), NULL);
    }
    BIO_free(bio);
    return done;
}

char *ska_x509_name_shown(const X509_NAME *name, size_t limit)
{
    struct ska_bytes copy = {NULL, 0};
    char *shown = ska_x509_name_text(name, &copy) ? ska_printable(ska_span_of(&copy), limit) : NULL;

    ska_bytes_free(&copy);
    return shown;
}

bool ska_certificate_name(struct ska_span certificate, struct ska_bytes *name)
{
    X509_NAME *subject = ska_certificate_subject(certificate);
    bool done = false;

    ERR_set_mark();
    done = subject != NULL &&
           (copy_name_part(subject, NID_commonName, name) || ska_x509_name_text(subject, name));
    X509_NAME_free(subject);
    ERR_pop_to_mark();
    return done;
}

bool ska_certificate_goes_by(struct ska_span certificate, struct ska_span name)
{
    static const int nids[] = {NID_commonName, NID_pkcs9_emailAddress};
    X509_NAME *subject = ska_certificate_subject(certificate);
    bool same = false;

    ERR_set_mark();
    for (size_t i = 0; subject != NULL && !same && i < sizeof(nids) / sizeof(nids[0]); i++) {
        struct ska_bytes part = {NULL, 0};

        same = copy_name_part(subject, nids[i], &part) && ska_span_equal(ska_span_of(&part), name);
        ska_bytes_free(&part);
    }
    X509_NAME_free(subject);
    ERR_pop_to_mark();
    return same;
}

/* ---- Approvers ------------------------------------------------------------------------------ */

char *ska_signer_shown(bool certificate, struct ska_span data, struct ska_span public_key)
{
    struct ska_bytes name = {NULL, 0};
    char *shown = certificate && ska_certificate_name(data, &name)
                      ? ska_printable(ska_span_of(&name), SKA_NAME_SHOWN)
                      : ska_key_shown(public_key);

    ska_bytes_free(&name);
    return shown;
}

/* What is made harmless once is not made so again: that would change what it says. */
void ska_signer_name_text(bool certificate, struct ska_span data, struct ska_span public_key,
                          struct ska_buffer *text)
{
    struct ska_bytes name = {NULL, 0};
    char *key = NULL;

    if (certificate && ska_certificate_name(data, &name))
        ska_buffer_name(text, ska_span_of(&name));
    else if ((key = ska_key_shown(public_key)) != NULL)
        ska_buffer_name(text, ska_span_text(key));
    else
        text->failed = true;
    free(key);
    ska_bytes_free(&name);
}

char *ska_listed_approver_shown(const struct ska_approver *approver)
{
    if (approver->name.length > 0)
        return ska_printable(ska_span_of(&approver->name), SKA_NAME_SHOWN);
    return ska_signer_shown(approver->type == SKA_APPROVER_CERTIFICATE,
                            ska_span_of(&approver->data), ska_span_of(&approver->public_key));
}

void ska_listed_approver_name_text(const struct ska_approver *approver, struct ska_buffer *text)
{
    if (approver->name.length > 0)
        ska_buffer_name(text, ska_span_of(&approver->name));
    else
        ska_signer_name_text(approver->type == SKA_APPROVER_CERTIFICATE,
                             ska_span_of(&approver->data), ska_span_of(&approver->public_key),
                             text);
}
