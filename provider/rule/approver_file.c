/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of approvers named in a policy. Nothing is decoded here but PEM: the key inside is the
 * codec's concern, and libcrypto's readers of keys would ask the default library context, which may
 * hold our own provider.
 */
#include "provider/rule/approver_file.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "provider/base/der.h"
#include "provider/base/file.h"

/* Room for a long chain of certificates. */
#define FILE_LIMIT ((size_t)256 * 1024)

/* ---- DER ------------------------------------------------------------------------------------ */

bool ska_der_is_private_key(struct ska_span der)
{
    struct ska_span inside, first;

    if (!ska_der_take(&der, SKA_DER_SEQUENCE, &inside))
        return false;
    /* A version comes first in PKCS#8, PKCS#1 and SEC 1 private keys; in a public key or
     * certificate there is a SEQUENCE. A modulus, as in a PKCS#1 public key, is longer. */
    if (ska_der_take(&inside, SKA_DER_INTEGER, &first))
        return first.length == 1;
    /* Encrypted PKCS#8: an algorithm, then an OCTET STRING and nothing more. */
    return ska_der_take(&inside, SKA_DER_SEQUENCE, &first) &&
           ska_der_take(&inside, SKA_DER_OCTET_STRING, &first) && inside.length == 0;
}

/* ---- PEM ------------------------------------------------------------------------------------ */

static const char *const pem_labels[] = {
    [SKA_APPROVER_PUBLIC_KEY] = PEM_STRING_PUBLIC, [SKA_APPROVER_CERTIFICATE] = PEM_STRING_X509};

/* What a file is found to hold. */
struct findings {
    struct ska_bytes wanted;
    bool private_key;
    bool certificate;
    bool public_key;
    bool more_keys; /* than one public key */
};

static bool keep_block(struct findings *findings, const char *label, struct ska_span der,
                       enum ska_approver_type type, const struct ska_errors *errors)
{
    if (strstr(label, "PRIVATE KEY") != NULL)
        findings->private_key = true;
    if (strcmp(label, PEM_STRING_X509) == 0)
        findings->certificate = true;
    if (strstr(label, "PUBLIC KEY") != NULL)
        findings->public_key = true;
    if (strcmp(label, pem_labels[type]) != 0)
        return true;
    /* The first certificate is the approver's, and its CAs may follow. */
    findings->more_keys |= type == SKA_APPROVER_PUBLIC_KEY && findings->wanted.data != NULL;
    if (findings->wanted.data != NULL)
        return true;
    return ska_bytes_copy(&findings->wanted, der, errors);
}

static bool read_pem(struct ska_span content, enum ska_approver_type type,
                     struct findings *findings, const struct ska_errors *errors)
{
    BIO *bio = BIO_new_mem_buf(content.data, (int)content.length);
    bool done = true;

    if (bio == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "reading PEM");
    ERR_set_mark();
    while (done) {
        char *label = NULL;
        char *header = NULL;
        unsigned char *data = NULL;
        long length = 0;

        if (!PEM_read_bio(bio, &label, &header, &data, &length))
            break;
        done = keep_block(findings, label, ska_span(data, (size_t)length), type, errors);
        OPENSSL_clear_free(data, (size_t)length);
        OPENSSL_free(label);
        OPENSSL_free(header);
    }
    ERR_pop_to_mark();
    BIO_free(bio);
    return done;
}

static bool refuse_file(const struct findings *findings, enum ska_approver_type type,
                        const char *shown, const struct ska_errors *errors)
{
    const char *what = NULL;

    if (findings->private_key)
        what = "holds a private key, which must stay with its approver: name a file with the "
               "certificate or public key only ('openssl pkey -pubout' makes one)";
    else if (findings->more_keys)
        what = "holds more than one public key: each approver has a file of their own";
    else if (type == SKA_APPROVER_PUBLIC_KEY && findings->certificate)
        what = "holds a certificate; the type for that is \"certificate\"";
    else if (type == SKA_APPROVER_PUBLIC_KEY && findings->public_key)
        what = "holds a public key in another form; 'openssl pkey -pubin -pubout' converts it";
    else if (type == SKA_APPROVER_CERTIFICATE && findings->public_key)
        what = "holds a public key; the type for that is \"public_key\"";
    else if (type == SKA_APPROVER_CERTIFICATE)
        what = "contains no certificate";
    else
        what = "contains no public key";
    return ska_fail(errors, SKA_R_BAD_KEY, "%s %s", shown, what);
}

static bool contains(struct ska_span content, const char *text)
{
    return memmem(content.data, content.length, text, strlen(text)) != NULL;
}

bool ska_approver_file_read(const char *path, enum ska_approver_type type, struct ska_bytes *der,
                            const struct ska_errors *errors)
{
    char *shown = ska_printable(ska_span_text(path), 4096);
    struct ska_bytes content = {NULL, 0};
    struct findings findings = {0};
    bool done = false;

    if (shown == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "approver");
    if (strcmp(shown, path) != 0) {
        ska_fail(errors, SKA_R_BAD_POLICY, "'%s' is not a valid file name", shown);
        goto out;
    }
    if (!ska_file_read(path, FILE_LIMIT, &content, errors))
        goto out;
    if (contains(ska_span_of(&content), "-----BEGIN ")) {
        if (!read_pem(ska_span_of(&content), type, &findings, errors))
            goto out;
    } else {
        findings.private_key = ska_der_is_private_key(ska_span_of(&content));
        findings.wanted = content;
        content = (struct ska_bytes){NULL, 0};
    }
    if (findings.private_key || findings.more_keys || findings.wanted.data == NULL) {
        refuse_file(&findings, type, shown, errors);
        goto out;
    }
    *der = findings.wanted;
    findings.wanted = (struct ska_bytes){NULL, 0};
    done = true;
out:
    ska_bytes_clear_free(&findings.wanted);
    ska_bytes_clear_free(&content);
    free(shown);
    return done;
}
