/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of a seal, and a seal that is there: only what would be made here, but for the time,
 * is taken. The first byte says for which kind of key, the rest is the file.
 */
#include "tools/seal/cms.h"
#include "tools/seal/signed_attributes.h"

#include "fuzz.h"

/* No name and the number 5; of the certificate only a hash is taken. */
static uint8_t certificate[] = {0x30, 0x00};
static uint8_t issuer[] = {0x30, 0x00};
static uint8_t serial[] = {0x02, 0x01, 0x05};

static struct seal_signer make_signer(uint8_t kind)
{
    static const enum ska_scheme schemes[] = {SKA_SCHEME_PKCS1, SKA_SCHEME_PSS, SKA_SCHEME_ECDSA,
                                              SKA_SCHEME_EDDSA};
    struct seal_signer signer = {.certificates = {{certificate, sizeof(certificate)}},
                                 .certificate_count = 1,
                                 .issuer = {issuer, sizeof(issuer)},
                                 .serial = {serial, sizeof(serial)},
                                 .valid_until = INT64_MAX,
                                 .digest = SKA_DIGEST_SHA256};

    signer.mechanism.scheme = schemes[kind % 4];
    signer.mechanism.digest = kind % 4 == 3 ? SKA_DIGEST_NONE : SKA_DIGEST_SHA256;
    signer.mechanism.mgf1_digest = SKA_DIGEST_SHA256;
    signer.mechanism.salt_length = 32;
    return signer;
}

static struct ska_span document_digest(void)
{
    return ska_span("0123456789abcdef0123456789abcdef", 32);
}

/* It says why where it takes something for another. */
static bool compare(const struct seal_signer *signer, struct ska_span attributes)
{
    const char *difference = "";
    bool same = seal_attributes_compare(NULL, signer, document_digest(), attributes, &difference);

    PROMISE(same == (difference == NULL));
    return same;
}

static bool lies_in(struct ska_span inner, struct ska_span outer)
{
    return inner.length == 0 || (inner.data >= outer.data && inner.length <= outer.length &&
                                 inner.data + inner.length <= outer.data + outer.length);
}

/* A seal that was read is written as it was, with the certificates that it has. */
static void read_seal(const struct seal_signer *signer, struct ska_span der)
{
    struct seal_parts parts = {0};
    struct ska_bytes attributes = {NULL, 0};
    struct ska_bytes again = {NULL, 0};

    if (seal_cms_read(signer, der, &parts, &attributes)) {
        PROMISE(lies_in(parts.signature, der));
        PROMISE(lies_in(parts.timestamp, der));
        PROMISE(lies_in(parts.attributes, ska_span_of(&attributes)));
        PROMISE(seal_cms_write(signer, &parts, &again, NULL));
        (void)compare(signer, parts.attributes);
    }
    ska_bytes_free(&attributes);
    ska_bytes_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seal_signer signer;
    struct ska_span file;

    if (size == 0)
        return 0;
    signer = make_signer(data[0]);
    file = ska_span(data + 1, size - 1);
    (void)compare(&signer, file);
    read_seal(&signer, file);
    return 0;
}
