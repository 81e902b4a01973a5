/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/content_attributes.h"

#include <stdio.h>

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "provider/base/der.h"
#include "tools/show/content_der.h"

/* No fingerprint is longer (SHA-512), and by RFC 5280, 4.1.2.2 no serial number. */
#define FINGERPRINT_LONGEST 64
#define SERIAL_LONGEST 21
/* What mail programs write of ciphers is shorter. */
#define CAPABILITIES_LONGEST 200

/* ---- Parts ----------------------------------------------------------------------------------- */

/* SEQUENCE OF SEQUENCE { OBJECT IDENTIFIER, anything }, which is not taken apart. */
static bool unshown_list(const struct content_listener *listener, const char *what,
                         struct ska_span list)
{
    struct ska_span item = {NULL, 0};
    struct ska_span type = {NULL, 0};

    while (list.length > 0)
        if (!ska_der_take(&list, SKA_DER_SEQUENCE, &item) ||
            !ska_der_take(&item, SKA_DER_OBJECT, &type) ||
            !content_unshown_der(listener, what, type, item.length))
            return false;
    return true;
}

/* The list that may be the last in a SEQUENCE. */
static bool unshown_rest(const struct content_listener *listener, const char *what,
                         struct ska_span rest)
{
    struct ska_span list = {NULL, 0};

    return rest.length == 0 || (ska_der_take(&rest, SKA_DER_SEQUENCE, &list) && rest.length == 0 &&
                                unshown_list(listener, what, list));
}

/* AlgorithmIdentifier of a digest without parameters, OCTET STRING. */
static bool row_fingerprint(const struct content_listener *listener, const char *name,
                            struct ska_span *from)
{
    struct ska_span algorithm = {NULL, 0};
    struct ska_span type = {NULL, 0};
    struct ska_span nothing = {NULL, 0};
    struct ska_span hash = {NULL, 0};
    char whole[CONTENT_OBJECT_SIZE];
    int nid = NID_undef;

    if (ska_der_take(from, SKA_DER_SEQUENCE, &algorithm) &&
        (!ska_der_take(&algorithm, SKA_DER_OBJECT, &type) || !content_known_object(type, &nid) ||
         (algorithm.length > 0 && !ska_der_take(&algorithm, SKA_DER_NULL, &nothing)) ||
         algorithm.length > 0))
        return false;
    if (!ska_der_take(from, SKA_DER_OCTET_STRING, &hash) || hash.length > FINGERPRINT_LONGEST)
        return false;
    if (nid == NID_undef)
        return content_row_hex(listener, name, hash);
    snprintf(whole, sizeof(whole), "%s (%s)", name, OBJ_nid2sn(nid));
    return content_row_hex(listener, whole, hash);
}

/* ---- Attributes whose values are shown ------------------------------------------------------- */

static bool read_content_type(struct ska_span values, const struct content_listener *listener)
{
    struct ska_span type = {NULL, 0};

    if (!ska_der_take(&values, SKA_DER_OBJECT, &type) || values.length > 0)
        return false;
    /* "data" is what nearly all say; only something else is of interest. */
    return ska_der_object_is(type, NID_pkcs7_data) ||
           content_row_object_der(listener, "what is signed is of the type", type);
}

static bool read_message_digest(struct ska_span values, const struct content_listener *listener)
{
    struct ska_span digest = {NULL, 0};

    return ska_der_take(&values, SKA_DER_OCTET_STRING, &digest) && values.length == 0 &&
           digest.length <= FINGERPRINT_LONGEST &&
           content_row_hex(listener, CONTENT_DOCUMENT, digest);
}

static bool read_signing_time(struct ska_span values, const struct content_listener *listener)
{
    const unsigned char *next = values.data;
    ASN1_TIME *time = d2i_ASN1_TIME(NULL, &next, (long)values.length);
    bool done = time != NULL && next == values.data + values.length &&
                content_row_time(listener, CONTENT_SIGNING_TIME, time);

    ASN1_TIME_free(time);
    return done;
}

/* What rows say of one of the certificates. */
struct certificate_words {
    const char *fingerprint, *issuer, *serial;
};
static const struct certificate_words of_signer = {CONTENT_CERTIFICATE, CONTENT_ISSUER,
                                                   CONTENT_SERIAL};
static const struct certificate_words of_another = {"another certificate, by its fingerprint",
                                                    "its issuer", "its serial number"};

/* GeneralNames with the one name [4], as RFC 5035, 5.4 wants it. */
static bool row_issuer(const struct content_listener *listener, const char *name,
                       struct ska_span names)
{
    struct ska_span der = {NULL, 0};

    return ska_der_take(&names, SKA_DER_TAGGED(4), &der) && names.length == 0 &&
           content_row_name_der(listener, name, der);
}

/* IssuerSerial ::= SEQUENCE { GeneralNames, INTEGER } */
static bool rows_issuer_serial(const struct content_listener *listener,
                               const struct certificate_words *words, struct ska_span inside)
{
    struct ska_span names = {NULL, 0};
    struct ska_span serial = {NULL, 0};

    return ska_der_take(&inside, SKA_DER_SEQUENCE, &names) &&
           row_issuer(listener, words->issuer, names) &&
           ska_der_take(&inside, SKA_DER_INTEGER, &serial) && serial.length <= SERIAL_LONGEST &&
           content_row_hex(listener, words->serial, serial) && inside.length == 0;
}

/* ESSCertID(v2) { [hashAlgorithm], certHash, [IssuerSerial] } */
static bool rows_certificate(const struct content_listener *listener,
                             const struct certificate_words *words, struct ska_span id)
{
    struct ska_span inside = {NULL, 0};

    return row_fingerprint(listener, words->fingerprint, &id) &&
           (id.length == 0 || (ska_der_take(&id, SKA_DER_SEQUENCE, &inside) && id.length == 0 &&
                               rows_issuer_serial(listener, words, inside)));
}

/* PolicyInformation ::= SEQUENCE { OBJECT IDENTIFIER, SEQUENCE OF qualifiers OPTIONAL } */
static bool rows_certificate_policies(const struct content_listener *listener,
                                      struct ska_span policies)
{
    struct ska_span policy = {NULL, 0};
    struct ska_span type = {NULL, 0};

    while (policies.length > 0)
        if (!ska_der_take(&policies, SKA_DER_SEQUENCE, &policy) ||
            !ska_der_take(&policy, SKA_DER_OBJECT, &type) ||
            !content_row_object_der(listener, "policy of the signer's certificate", type) ||
            !unshown_rest(listener, "qualifier of this policy,", policy))
            return false;
    return true;
}

/* RFC 5035: SigningCertificate(V2) ::= SEQUENCE { certs, policies OPTIONAL } */
static bool read_signing_certificate(struct ska_span values,
                                     const struct content_listener *listener)
{
    const struct certificate_words *words = &of_signer;
    struct ska_span whole = {NULL, 0};
    struct ska_span certificates = {NULL, 0};
    struct ska_span id = {NULL, 0};
    struct ska_span policies = {NULL, 0};

    if (!ska_der_take(&values, SKA_DER_SEQUENCE, &whole) || values.length > 0 ||
        !ska_der_take(&whole, SKA_DER_SEQUENCE, &certificates) || certificates.length == 0)
        return false;
    for (; certificates.length > 0; words = &of_another)
        if (!ska_der_take(&certificates, SKA_DER_SEQUENCE, &id) ||
            !rows_certificate(listener, words, id))
            return false;
    if (whole.length > 0 && !ska_der_take(&whole, SKA_DER_SEQUENCE, &policies))
        return false;
    return whole.length == 0 && rows_certificate_policies(listener, policies);
}

/* ETSI EN 319 122-1, 5.2.3: SEQUENCE { OBJECT IDENTIFIER, SEQUENCE OF qualifiers OPTIONAL } */
static bool read_commitment(struct ska_span values, const struct content_listener *listener)
{
    struct ska_span whole = {NULL, 0};
    struct ska_span type = {NULL, 0};

    while (values.length > 0)
        if (!ska_der_take(&values, SKA_DER_SEQUENCE, &whole) ||
            !ska_der_take(&whole, SKA_DER_OBJECT, &type) ||
            !content_row_object_der(listener, "what the signer commits to", type) ||
            !unshown_rest(listener, "qualifier of this commitment,", whole))
            return false;
    return true;
}

/* 5.2.9: SEQUENCE { OBJECT IDENTIFIER, SEQUENCE { AlgorithmIdentifier, OCTET STRING } OPTIONAL,
 * SEQUENCE OF qualifiers OPTIONAL } */
static bool rows_policy(const struct content_listener *listener, struct ska_span whole)
{
    struct ska_span type = {NULL, 0};
    struct ska_span hash = {NULL, 0};

    if (!ska_der_take(&whole, SKA_DER_OBJECT, &type) ||
        !content_row_object_der(listener, "signature policy", type))
        return false;
    if (whole.length > 0 &&
        (!ska_der_take(&whole, SKA_DER_SEQUENCE, &hash) ||
         !row_fingerprint(listener, "its fingerprint", &hash) || hash.length > 0))
        return false;
    return unshown_rest(listener, "qualifier of this policy,", whole);
}

static bool read_policy(struct ska_span values, const struct content_listener *listener)
{
    struct ska_span whole = {NULL, 0};

    while (values.length > 0)
        if (!ska_der_take(&values, SKA_DER_SEQUENCE, &whole) || !rows_policy(listener, whole))
            return false;
    return true;
}

/* SEQUENCE { OBJECT IDENTIFIER, nothing or NULL or a key's length }: words have no room in it. */
static bool add_capability(struct ska_span capability, struct ska_buffer *text)
{
    struct ska_span type = {NULL, 0};
    struct ska_span number = {NULL, 0};
    struct ska_span nothing = {NULL, 0};
    int nid = NID_undef;

    if (!ska_der_take(&capability, SKA_DER_OBJECT, &type) || !content_known_object(type, &nid))
        return false;
    ska_buffer_format(text, "%s%s", text->length == 0 ? "" : ", ", OBJ_nid2sn(nid));
    if (ska_der_take(&capability, SKA_DER_INTEGER, &number))
        ska_buffer_format(text, " %d",
                          number.length == 1 ? number.data[0]
                                             : number.data[0] << 8 | number.data[1]);
    else if (ska_der_take(&capability, SKA_DER_NULL, &nothing))
        return capability.length == 0;
    return number.length <= 2 && capability.length == 0;
}

/* RFC 8551, 2.5.2: SEQUENCE OF SMIMECapability */
static bool read_capabilities(struct ska_span values, const struct content_listener *listener)
{
    const size_t length = values.length;
    struct ska_span list = {NULL, 0};
    struct ska_span capability = {NULL, 0};
    struct ska_buffer text = {0};
    bool done = length <= CAPABILITIES_LONGEST && ska_der_take(&values, SKA_DER_SEQUENCE, &list) &&
                values.length == 0;

    while (done && list.length > 0)
        done =
            ska_der_take(&list, SKA_DER_SEQUENCE, &capability) && add_capability(capability, &text);
    if (done)
        return content_row_of(listener, CONTENT_CAPABILITIES, &text);
    ska_buffer_free(&text);
    return false;
}

static const struct {
    int nid;
    bool (*read)(struct ska_span values, const struct content_listener *listener);
} known[] = {
    {NID_pkcs9_contentType, read_content_type},
    {NID_pkcs9_messageDigest, read_message_digest},
    {NID_pkcs9_signingTime, read_signing_time},
    {NID_id_smime_aa_signingCertificate, read_signing_certificate},
    {NID_id_smime_aa_signingCertificateV2, read_signing_certificate},
    {NID_id_smime_aa_ets_commitmentType, read_commitment},
    {NID_id_smime_aa_ets_sigPolicyId, read_policy},
    {NID_SMIMECapabilities, read_capabilities},
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

/* ---- All of them ----------------------------------------------------------------------------- */

/* Each may be there once (RFC 5652, 5.3), so a second one, and what is not as it should be, are as
 * good as unknown. */
static bool read_attribute(const struct ska_attribute *attribute, bool seen[KNOWN],
                           const struct content_listener *listener)
{
    for (size_t i = 0; i < KNOWN; i++) {
        bool again = seen[i];

        if (!ska_attribute_is(attribute, known[i].nid))
            continue;
        seen[i] = true;
        if (!again && known[i].read(attribute->values, listener))
            return true;
    }
    return content_unshown_der(listener, NULL, attribute->type, attribute->values.length);
}

bool content_read_attributes(struct ska_span content, const struct content_listener *listener)
{
    struct ska_span inside = {NULL, 0};
    struct ska_attribute attribute;
    bool seen[KNOWN] = {false};

    if (!ska_content_attributes(content, &inside))
        return false;
    while (inside.length > 0)
        if (!ska_attribute_take(&inside, &attribute) || !read_attribute(&attribute, seen, listener))
            return false;
    return true;
}
