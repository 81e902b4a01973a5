/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/reference.h"

#include "provider/base/der.h"
#include "provider/base/der_write.h"
#include "provider/base/spki.h"

/* The whole of an element at the front, with its header, which is taken. */
static bool take_whole(struct ska_span *from, uint8_t identifier, struct ska_span *whole)
{
    const uint8_t *start = from->data;
    struct ska_span content;

    if (!ska_der_take(from, identifier, &content))
        return false;
    *whole = ska_span(start, (size_t)(from->data - start));
    return true;
}

static bool find_key_type(struct ska_span algorithm, enum ska_key_type *type)
{
    struct ska_span content;
    struct ska_span object;

    return ska_der_take(&algorithm, SKA_DER_SEQUENCE, &content) &&
           ska_der_take(&content, SKA_DER_OBJECT, &object) &&
           ska_spki_type_of_algorithm(object, type);
}

/* A real private key has neither these two, nor this one of them in this place. */
static bool begins_as_reference(struct ska_span der)
{
    struct ska_span content;
    struct ska_span member;

    return ska_der_take(&der, SKA_DER_SEQUENCE, &content) && der.length == 0 &&
           ska_der_take(&content, SKA_DER_INTEGER, &member) &&
           ska_der_take(&content, SKA_DER_UTF8_STRING, &member);
}

bool hsm_reference_pkcs8_begins(struct ska_span der, struct hsm_reference_pkcs8 *read)
{
    struct ska_span content;
    struct ska_span version;

    return ska_der_take(&der, SKA_DER_SEQUENCE, &content) && der.length == 0 &&
           ska_der_take(&content, SKA_DER_INTEGER, &version) && version.length == 1 &&
           version.data[0] == 0 && take_whole(&content, SKA_DER_SEQUENCE, &read->algorithm) &&
           ska_der_take(&content, SKA_DER_OCTET_STRING, &read->reference) && content.length == 0 &&
           begins_as_reference(read->reference) && find_key_type(read->algorithm, &read->type);
}

/* That of the public key inside of a reference; false: it has none. */
static bool find_algorithm(struct ska_span reference, struct ska_span *algorithm)
{
    struct ska_span content;
    struct ska_span member;
    struct ska_span spki;

    return ska_der_take(&reference, SKA_DER_SEQUENCE, &content) &&
           ska_der_take(&content, SKA_DER_INTEGER, &member) &&
           ska_der_take(&content, SKA_DER_UTF8_STRING, &member) &&
           ska_der_take(&content, SKA_DER_SEQUENCE, &spki) &&
           take_whole(&spki, SKA_DER_SEQUENCE, algorithm);
}

bool hsm_reference_pkcs8_decode(const struct hsm_reference_pkcs8 *read, OSSL_LIB_CTX *libctx,
                                struct hsm_reference *reference, const struct ska_errors *errors)
{
    struct ska_span algorithm;

    if (!hsm_reference_decode(read->reference, libctx, reference, errors))
        return false;
    if (find_algorithm(read->reference, &algorithm) && ska_span_equal(algorithm, read->algorithm))
        return true;
    hsm_reference_clear(reference);
    return ska_fail(errors, SKA_R_BAD_REFERENCE,
                    "its algorithm in PKCS#8 does not match the public key inside, or it contains "
                    "no public key: write the reference again (skatool pem --pkcs8)");
}

bool hsm_reference_pkcs8_encode(struct ska_span reference, struct ska_bytes *der,
                                const struct ska_errors *errors)
{
    struct ska_buffer inside = {0};
    struct ska_buffer whole = {0};
    struct ska_span algorithm;

    if (!find_algorithm(reference, &algorithm))
        return ska_fail(errors, SKA_R_BAD_REFERENCE, "without a public key it has no PKCS#8 form");
    ska_der_put_number(&inside, 0);
    ska_buffer_add(&inside, algorithm.data, algorithm.length);
    ska_der_put(&inside, SKA_DER_OCTET_STRING, reference);
    ska_der_wrap(&whole, SKA_DER_SEQUENCE, &inside);
    return ska_buffer_finish(&whole, der, errors);
}
