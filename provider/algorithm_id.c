/* SPDX-License-Identifier: Apache-2.0 */
/* libcrypto encodes it. */
#include "provider/signature.h"

#include <string.h>

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static int digest_nid(enum ska_digest digest)
{
    const char *name = ska_digest_name(digest);

    return name == NULL ? NID_undef : OBJ_txt2nid(name);
}

/* A digest's AlgorithmIdentifier inside the PSS parameters; SHA-1 is their default and left out. */
static bool set_pss_digest(X509_ALGOR **algorithm, enum ska_digest digest)
{
    if (digest == SKA_DIGEST_SHA1)
        return true;
    *algorithm = X509_ALGOR_new();
    return *algorithm != NULL &&
           X509_ALGOR_set0(*algorithm, OBJ_nid2obj(digest_nid(digest)), V_ASN1_NULL, NULL);
}

static bool set_pss_mgf1(RSA_PSS_PARAMS *pss, enum ska_digest digest)
{
    X509_ALGOR *inner = NULL;
    ASN1_STRING *packed = NULL;
    bool done = false;

    if (digest == SKA_DIGEST_SHA1)
        return true;
    pss->maskGenAlgorithm = X509_ALGOR_new();
    if (pss->maskGenAlgorithm == NULL || !set_pss_digest(&inner, digest))
        goto out;
    packed = ASN1_item_pack(inner, ASN1_ITEM_rptr(X509_ALGOR), NULL);
    if (packed == NULL)
        goto out;
    done = X509_ALGOR_set0(pss->maskGenAlgorithm, OBJ_nid2obj(NID_mgf1), V_ASN1_SEQUENCE, packed);
    if (done)
        packed = NULL;
out:
    ASN1_STRING_free(packed);
    X509_ALGOR_free(inner);
    return done;
}

static RSA_PSS_PARAMS *make_pss_params(const struct ska_mechanism *mechanism)
{
    RSA_PSS_PARAMS *pss = RSA_PSS_PARAMS_new();
    bool done = false;

    if (pss == NULL)
        return NULL;
    done = set_pss_digest(&pss->hashAlgorithm, mechanism->digest) &&
           set_pss_mgf1(pss, mechanism->mgf1_digest);
    /* 20 is the default in RFC 8017 and left out in DER. */
    if (done && mechanism->salt_length != 20) {
        pss->saltLength = ASN1_INTEGER_new();
        done = pss->saltLength != NULL &&
               ASN1_INTEGER_set(pss->saltLength, (long)mechanism->salt_length);
    }
    if (!done) {
        RSA_PSS_PARAMS_free(pss);
        return NULL;
    }
    return pss;
}

static bool set_pss(X509_ALGOR *algorithm, const struct ska_mechanism *mechanism)
{
    RSA_PSS_PARAMS *pss = make_pss_params(mechanism);
    ASN1_STRING *packed =
        pss == NULL ? NULL : ASN1_item_pack(pss, ASN1_ITEM_rptr(RSA_PSS_PARAMS), NULL);
    bool done = packed != NULL &&
                X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_rsassaPss), V_ASN1_SEQUENCE, packed);

    if (!done)
        ASN1_STRING_free(packed);
    RSA_PSS_PARAMS_free(pss);
    return done;
}

static bool set_plain(X509_ALGOR *algorithm, const struct ska_mechanism *mechanism,
                      enum ska_key_type type)
{
    int signature = NID_undef;
    int key = mechanism->scheme == SKA_SCHEME_PKCS1 ? NID_rsaEncryption : NID_X9_62_id_ecPublicKey;
    int parameters = mechanism->scheme == SKA_SCHEME_PKCS1 ? V_ASN1_NULL : V_ASN1_UNDEF;

    if (type == SKA_KEY_ED25519)
        signature = NID_ED25519;
    else if (type == SKA_KEY_ED448)
        signature = NID_ED448;
    else if (!OBJ_find_sigid_by_algs(&signature, digest_nid(mechanism->digest), key))
        return false;
    return X509_ALGOR_set0(algorithm, OBJ_nid2obj(signature), parameters, NULL);
}

bool ska_algorithm_id(const struct ska_signature *signature, uint8_t *der, size_t size,
                      size_t *length)
{
    struct ska_mechanism mechanism;
    X509_ALGOR *algorithm = NULL;
    unsigned char *encoded = NULL;
    int encoded_length = 0;
    bool done = false;

    if (!ska_signature_mechanism(signature, &mechanism))
        return false;
    algorithm = X509_ALGOR_new();
    if (algorithm == NULL)
        goto out;
    if (mechanism.scheme == SKA_SCHEME_PSS
            ? !set_pss(algorithm, &mechanism)
            : !set_plain(algorithm, &mechanism, signature->key->type))
        goto out;
    encoded_length = i2d_X509_ALGOR(algorithm, &encoded);
    if (encoded_length <= 0 || (size_t)encoded_length > size)
        goto out;
    memcpy(der, encoded, (size_t)encoded_length);
    *length = (size_t)encoded_length;
    done = true;
out:
    OPENSSL_free(encoded);
    X509_ALGOR_free(algorithm);
    return done || ska_fail(ska_signature_errors(signature), SKA_R_UNSUPPORTED,
                            "no AlgorithmIdentifier for this digest and key");
}
