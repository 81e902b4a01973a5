/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/certificate_body.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "simulator/tsb/body_member.h"

#define DAYS_DEFAULT 365
#define DAYS_MOST 36500

void tsb_certificate_body_clear(struct tsb_certificate_body *body)
{
    X509_NAME_free(body->subject);
    X509_REQ_free(body->request);
    X509_free(body->approved);
    memset(body, 0, sizeof(*body));
}

/* ---- Names ----------------------------------------------------------------------------------- */

/* In the order in which they stand in a name. */
static const struct {
    const char *name;
    int nid;
} attributes[] = {
    {"country", NID_countryName},
    {"stateOrProvinceName", NID_stateOrProvinceName},
    {"locality", NID_localityName},
    {"organizationName", NID_organizationName},
    {"organizationIdentifier", NID_organizationIdentifier},
    {"organizationUnitName", NID_organizationalUnitName},
    {"commonName", NID_commonName},
    {"email", NID_pkcs9_emailAddress},
    {"title", NID_title},
    {"surname", NID_surname},
    {"givenName", NID_givenName},
    {"initials", NID_initials},
    {"pseudonym", NID_pseudonym},
    {"generationQualifier", NID_generationQualifier},
};

#define ATTRIBUTE_COUNT (sizeof(attributes) / sizeof(attributes[0]))

/* libcrypto knows what each may hold: a country has two letters. */
static bool add_attribute(const struct ska_json_place *place, size_t which, enum ska_json_need need,
                          struct tsb_certificate_body *body)
{
    const char *value = NULL;

    if (!ska_json_text(place, attributes[which].name, need, &value))
        return false;
    return value == NULL ||
           X509_NAME_add_entry_by_NID(body->subject, attributes[which].nid, MBSTRING_UTF8,
                                      (const unsigned char *)value, -1, -1, 0) == 1 ||
           ska_json_fail_value(place, attributes[which].name, value, "a value of this attribute");
}

static bool read_attributes(const struct ska_json_place *place, struct tsb_certificate_body *body)
{
    const char *names[ATTRIBUTE_COUNT + 1] = {NULL};
    struct ska_json_place inside;

    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++)
        names[i] = attributes[i].name;
    if (!ska_json_object(place, "standardCertificateAttributes", SKA_JSON_REQUIRED, &inside) ||
        !ska_json_only(&inside, names))
        return false;
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++)
        if (!add_attribute(
                &inside, i,
                attributes[i].nid == NID_commonName ? SKA_JSON_REQUIRED : SKA_JSON_OPTIONAL, body))
            return false;
    return true;
}

bool tsb_certificate_subject_read(const struct ska_json_place *place, bool as_attributes,
                                  struct tsb_certificate_body *body)
{
    body->subject = X509_NAME_new();
    if (body->subject == NULL)
        return ska_json_fail(place, "commonName", "out of memory");
    if (as_attributes)
        return read_attributes(place, body);
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++)
        if (attributes[i].nid == NID_commonName)
            return add_attribute(place, i, SKA_JSON_REQUIRED, body);
    return false;
}

/* ---- What it is for -------------------------------------------------------------------------- */

/* In the order of the bits. */
static const char *const key_usages[] = {
    "DIGITAL_SIGNATURE", "CONTENT_COMMITMENT", "KEY_ENCIPHERMENT",
    "DATA_ENCIPHERMENT", "KEY_AGREEMENT",      "KEY_CERT_SIGN",
    "CRL_SIGN",          "ENCIPHER_ONLY",      "DECIPHER_ONLY"};
static const struct {
    const char *name;
    int nid;
} extended_usages[TSB_EXTENDED_USAGES] = {
    {"ANY_EXTENDED_KEY_USAGE", NID_anyExtendedKeyUsage},
    {"SERVER_AUTH", NID_server_auth},
    {"CLIENT_AUTH", NID_client_auth},
    {"CODE_SIGNING", NID_code_sign},
    {"EMAIL_PROTECTION", NID_email_protect},
    {"TIME_STAMPING", NID_time_stamp},
    {"OCSP_SIGNING", NID_OCSP_sign},
};

static bool add_key_usage(const char *text, struct tsb_certificate_body *body)
{
    for (size_t i = 0; i < sizeof(key_usages) / sizeof(key_usages[0]); i++) {
        if (strcmp(text, key_usages[i]) != 0)
            continue;
        body->key_usage |= 1U << i;
        return true;
    }
    return false;
}

static bool add_extended_usage(const char *text, struct tsb_certificate_body *body)
{
    for (size_t i = 0; i < TSB_EXTENDED_USAGES; i++) {
        if (strcmp(text, extended_usages[i].name) != 0)
            continue;
        if (body->extended_count < TSB_EXTENDED_USAGES)
            body->extended_usages[body->extended_count++] = extended_usages[i].nid;
        return true;
    }
    return false;
}

static bool read_usages(const struct ska_json_place *place, const char *name,
                        bool (*add)(const char *text, struct tsb_certificate_body *body),
                        struct tsb_certificate_body *body)
{
    struct ska_json_place array;
    const cJSON *item = NULL;

    if (!ska_json_array(place, name, SKA_JSON_OPTIONAL, &array))
        return false;
    cJSON_ArrayForEach(item, array.value)
    {
        if (!cJSON_IsString(item))
            return ska_json_fail(place, name, "texts expected");
        if (!add(item->valuestring, body))
            return ska_json_fail_value(place, name, item->valuestring, "one of its values");
    }
    return true;
}

bool tsb_certificate_use_read(const struct ska_json_place *place, enum ska_json_need validity,
                              struct tsb_certificate_body *body)
{
    body->days = DAYS_DEFAULT;
    if (!ska_json_uint(place, "validity", validity, &body->days) ||
        !ska_json_bool(place, "certificateAuthority", SKA_JSON_OPTIONAL, &body->authority) ||
        !read_usages(place, "keyUsage", add_key_usage, body) ||
        !read_usages(place, "extendedKeyUsage", add_extended_usage, body))
        return false;
    return (body->days > 0 && body->days <= DAYS_MOST) ||
           ska_json_fail(place, "validity", "from 1 to 36500 days, please");
}

/* ---- Requests -------------------------------------------------------------------------------- */

static X509_REQ *parse_request(OSSL_LIB_CTX *libctx, const char *text)
{
    X509_REQ *request = X509_REQ_new_ex(libctx, NULL);
    X509_REQ *read = NULL;
    struct ska_bytes der = {NULL, 0};
    BIO *bio = NULL;

    if (request == NULL)
        return NULL;
    if (ska_base64_decode(text, &der)) {
        const unsigned char *next = der.data;

        read = d2i_X509_REQ(&request, &next, (long)der.length);
    } else {
        bio = BIO_new_mem_buf(text, -1);
        read = bio == NULL ? NULL : PEM_read_bio_X509_REQ(bio, &request, NULL, NULL);
    }
    BIO_free(bio);
    ska_bytes_free(&der);
    if (read == NULL)
        X509_REQ_free(request);
    return read;
}

bool tsb_certificate_request_read(struct tsb_answer *answer, OSSL_LIB_CTX *libctx,
                                  const struct ska_json_place *place,
                                  struct tsb_certificate_body *body)
{
    const char *text = NULL;
    EVP_PKEY *key = NULL;

    if (!tsb_need_text(place, "certificateSigningRequest", &text))
        return false;
    body->request = parse_request(libctx, text);
    if (body->request == NULL)
        return tsb_refuse(answer, TSB_INVALID_REQUEST_FORMAT,
                          "certificateSigningRequest cannot be read");
    key = X509_REQ_get0_pubkey(body->request);
    return (key != NULL && X509_REQ_verify_ex(body->request, key, libctx, NULL) == 1) ||
           tsb_refuse(answer, TSB_INVALID_CERTIFICATE_REQUEST,
                      "certificateSigningRequest is not signed by its own key");
}
