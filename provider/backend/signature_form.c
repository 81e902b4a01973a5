/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/backend/signature_form.h"

#include <string.h>

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>

size_t backend_raw_length(enum ska_key_type type, unsigned int bits)
{
    switch (type) {
    case SKA_KEY_RSA:
    case SKA_KEY_RSA_PSS:
        return ((size_t)bits + 7) / 8;
    case SKA_KEY_EC:
        return 2 * (((size_t)bits + 7) / 8);
    case SKA_KEY_ED25519:
        return 64;
    case SKA_KEY_ED448:
        return 114;
    }
    return 0;
}

#define LONGEST_EDDSA 114

/* Half of an ECDSA signature is at most this long, on any curve of libcrypto's. */
#define LONGEST_HALF 72

/* Without the zeros before it. */
static struct ska_span significant(struct ska_span number)
{
    while (number.length > 0 && number.data[0] == 0) {
        number.data++;
        number.length--;
    }
    return number;
}

/* Of an INTEGER: one zero keeps a high bit from being a sign. */
static int integer_length(struct ska_span number)
{
    return (int)number.length + (number.data[0] >= 0x80);
}

static void put_integer(unsigned char **next, struct ska_span number)
{
    ASN1_put_object(next, 0, integer_length(number), V_ASN1_INTEGER, V_ASN1_UNIVERSAL);
    if (number.data[0] >= 0x80)
        *(*next)++ = 0;
    memcpy(*next, number.data, number.length);
    *next += number.length;
}

/*
 * False: not two numbers that a signature can have, or too little space. libcrypto's encoder
 * (i2d_ECDSA_SIG) takes longer than all else that is done here for a signature.
 */
static bool ecdsa_to_der(struct ska_span raw, uint8_t *signature, size_t *signature_length)
{
    size_t half = raw.length / 2;
    struct ska_span r = significant(ska_span(raw.data, half));
    struct ska_span s = significant(ska_span(raw.data + half, half));
    unsigned char *next = signature;
    int content = 0;
    int whole = 0;

    if (half > LONGEST_HALF || r.length == 0 || s.length == 0)
        return false;
    content = ASN1_object_size(0, integer_length(r), V_ASN1_INTEGER) +
              ASN1_object_size(0, integer_length(s), V_ASN1_INTEGER);
    whole = ASN1_object_size(1, content, V_ASN1_SEQUENCE);
    if (whole <= 0 || (size_t)whole > *signature_length)
        return false;
    ASN1_put_object(&next, 1, content, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
    put_integer(&next, r);
    put_integer(&next, s);
    *signature_length = (size_t)whole;
    return true;
}

static bool copy_signature(struct ska_span from, uint8_t *signature, size_t *signature_length,
                           const struct ska_errors *errors)
{
    if (*signature_length < from.length)
        return ska_fail(errors, SKA_R_INTERNAL, "%zu bytes for a signature of %zu",
                        *signature_length, from.length);
    memcpy(signature, from.data, from.length);
    *signature_length = from.length;
    return true;
}

bool backend_signature_finish(enum ska_key_type type, unsigned int bits, struct ska_span raw,
                              uint8_t *signature, size_t *signature_length,
                              const struct ska_errors *errors)
{
    size_t expected = backend_raw_length(type, bits);

    if (raw.length != expected || expected == 0)
        return ska_fail(errors, SKA_R_HSM_FAILURE,
                        "the HSM returned a signature of %zu bytes, but this key's have %zu",
                        raw.length, expected);
    if (type == SKA_KEY_EC)
        return ecdsa_to_der(raw, signature, signature_length) ||
               ska_fail(errors, SKA_R_HSM_FAILURE,
                        "the HSM did not return a valid ECDSA signature, or it does not fit into "
                        "%zu bytes",
                        *signature_length);
    return copy_signature(raw, signature, signature_length, errors);
}

/* Exactly the DER of an ECDSA signature, with numbers that fit the key. */
static bool is_ecdsa_der(struct ska_span bytes, size_t half)
{
    uint8_t again[2 * LONGEST_HALF + 32];
    const unsigned char *next = bytes.data;
    unsigned char *end = again;
    ECDSA_SIG *parts = NULL;
    bool valid = false;

    if (bytes.length == 0 || bytes.length > sizeof(again))
        return false;
    ERR_set_mark();
    parts = d2i_ECDSA_SIG(NULL, &next, (long)bytes.length);
    ERR_pop_to_mark();
    if (parts == NULL)
        return false;
    valid = next == bytes.data + bytes.length && i2d_ECDSA_SIG(parts, NULL) == (int)bytes.length &&
            i2d_ECDSA_SIG(parts, &end) > 0 && memcmp(again, bytes.data, bytes.length) == 0 &&
            !BN_is_zero(ECDSA_SIG_get0_r(parts)) && !BN_is_zero(ECDSA_SIG_get0_s(parts)) &&
            (size_t)BN_num_bytes(ECDSA_SIG_get0_r(parts)) <= half &&
            (size_t)BN_num_bytes(ECDSA_SIG_get0_s(parts)) <= half;
    ECDSA_SIG_free(parts);
    return valid;
}

/* Two numbers as long as halves of the signature. False: it is of another form. */
static bool join_halves(struct ska_span given, uint8_t *joined, size_t length)
{
    const unsigned char *next = given.data;
    ECDSA_SIG *parts = NULL;
    bool done = false;

    if (!is_ecdsa_der(given, length / 2))
        return false;
    parts = d2i_ECDSA_SIG(NULL, &next, (long)given.length);
    done = parts != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(parts), joined, (int)length / 2) > 0 &&
           BN_bn2binpad(ECDSA_SIG_get0_s(parts), joined + length / 2, (int)length / 2) > 0;
    ECDSA_SIG_free(parts);
    return done;
}

/*
 * An EdDSA signature in the forms that brokers have been seen to give: in an OCTET STRING, in a BIT
 * STRING, or its halves as INTEGERs. `joined` has room for `length` bytes.
 */
static struct ska_span unwrap_eddsa(struct ska_span given, uint8_t *joined, size_t length)
{
    const uint8_t octets[] = {V_ASN1_OCTET_STRING, (uint8_t)length};
    const uint8_t bits[] = {V_ASN1_BIT_STRING, (uint8_t)(length + 1), 0};

    if (given.length == sizeof(octets) + length && memcmp(given.data, octets, sizeof(octets)) == 0)
        return ska_span(given.data + sizeof(octets), length);
    if (given.length == sizeof(bits) + length && memcmp(given.data, bits, sizeof(bits)) == 0)
        return ska_span(given.data + sizeof(bits), length);
    return given.length != length && join_halves(given, joined, length) ? ska_span(joined, length)
                                                                        : given;
}

bool backend_signature_finish_either(enum ska_key_type type, unsigned int bits,
                                     struct ska_span given, uint8_t *signature,
                                     size_t *signature_length, const struct ska_errors *errors)
{
    uint8_t joined[LONGEST_EDDSA];

    if (type == SKA_KEY_ED25519 || type == SKA_KEY_ED448)
        return backend_signature_finish(type, bits,
                                        unwrap_eddsa(given, joined, backend_raw_length(type, bits)),
                                        signature, signature_length, errors);
    if (type != SKA_KEY_EC || !is_ecdsa_der(given, backend_raw_length(type, bits) / 2))
        return backend_signature_finish(type, bits, given, signature, signature_length, errors);
    return copy_signature(given, signature, signature_length, errors);
}
