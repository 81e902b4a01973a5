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

static char *shown_common_name(const X509_NAME *name)
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    const ASN1_STRING *value =
        at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    unsigned char *text = NULL;
    int length = value == NULL ? 0 : ASN1_STRING_to_UTF8(&text, value);
    char *shown = length > 0 ? ska_printable(ska_span(text, (size_t)length), SKA_NAME_SHOWN) : NULL;

    OPENSSL_free(text);
    return shown;
}

char *ska_x509_name_shown(const X509_NAME *name, size_t limit)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long length = 0;
    char *shown = NULL;

    if (bio != NULL &&
        X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >
            0) {
        length = BIO_get_mem_data(bio, &text);
        if (length > 0)
            shown = ska_printable(ska_span(text, (size_t)length), limit);
    }
    BIO_free(bio);
    return shown;
}

/* Its common name or else all of it; NULL for an empty or malformed one. */
static char *shown_subject(struct ska_span certificate)
{
    X509_NAME *name = ska_certificate_subject(certificate);
    char *shown = NULL;

    ERR_set_mark();
    if (name != NULL)
        shown = shown_common_name(name);
    if (name != NULL && shown == NULL)
        shown = ska_x509_name_shown(name, SKA_NAME_SHOWN);
    X509_NAME_free(name);
    ERR_pop_to_mark();
    return shown;
}

/* ---- Approvers ------------------------------------------------------------------------------ */

char *ska_signer_shown(bool certificate, struct ska_span data, struct ska_span public_key)
{
    char *shown = certificate ? shown_subject(data) : NULL;

    return shown != NULL ? shown : ska_key_shown(public_key);
}

char *ska_listed_approver_shown(const struct ska_approver *approver)
{
    if (approver->name.length > 0)
        return ska_printable(ska_span_of(&approver->name), SKA_NAME_SHOWN);
    return ska_signer_shown(approver->type == SKA_APPROVER_CERTIFICATE,
                            ska_span_of(&approver->data), ska_span_of(&approver->public_key));
}
