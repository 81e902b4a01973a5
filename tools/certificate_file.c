/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/certificate_file.h"

#include <limits.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "provider/base/error.h"
#include "provider/base/file.h"

#define FILE_LIMIT ((size_t)1024 * 1024)

struct reading {
    STACK_OF(X509) * certificates;
    OSSL_LIB_CTX *libctx;
};

/* False: it is none, with nothing behind it. */
static bool add_certificate(void *vreading, struct ska_span der)
{
    struct reading *reading = vreading;
    const unsigned char *next = der.data;
    X509 *certificate = der.length > LONG_MAX ? NULL : X509_new_ex(reading->libctx, NULL);

    if (certificate != NULL && d2i_X509(&certificate, &next, (long)der.length) == NULL)
        certificate = NULL; /* d2i_X509() has freed it */
    if (certificate != NULL && next == der.data + der.length &&
        sk_X509_push(reading->certificates, certificate) > 0)
        return true;
    X509_free(certificate);
    return false;
}

bool certificates_each(BIO *pem, certificate_visit *visit, void *arg)
{
    bool done = true;

    while (done) {
        char *name = NULL;
        char *header = NULL;
        unsigned char *data = NULL;
        long length = 0;

        if (PEM_read_bio(pem, &name, &header, &data, &length) != 1)
            break;
        if (strcmp(name, PEM_STRING_X509) == 0)
            done = visit(arg, ska_span(data, (size_t)length));
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, (size_t)(length > 0 ? length : 0)); /* it may be a private key */
    }
    return done;
}

STACK_OF(X509) *
    certificate_file_read(OSSL_LIB_CTX *libctx, const char *path, const struct ska_errors *errors)
{
    STACK_OF(X509) *certificates = sk_X509_new_null();
    struct reading reading = {certificates, libctx};
    struct ska_bytes content = {NULL, 0};
    BIO *bio = NULL;
    bool done = false;

    if (!ska_file_read(path, FILE_LIMIT, &content, errors)) {
        certificates_free(certificates);
        return NULL;
    }
    ERR_set_mark();
    bio = BIO_new_mem_buf(content.data, (int)content.length);
    if (certificates != NULL && bio != NULL)
        done = certificates_each(bio, add_certificate, &reading) && sk_X509_num(certificates) > 0;
    ERR_pop_to_mark();
    BIO_free(bio);
    ska_bytes_clear_free(&content);
    if (done)
        return certificates;
    ska_fail(errors, SKA_R_BAD_KEY, "%s: certificates in PEM are needed", path);
    certificates_free(certificates);
    return NULL;
}

void certificates_free(STACK_OF(X509) * certificates)
{
    sk_X509_pop_free(certificates, X509_free);
}
