/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is shown of a structure that would be signed: each part of it, or that it is not shown, with
 * its object identifier and its size.
 */
#include "sign_support.h"

#include <openssl/objects.h>

#include "provider/base/der.h"
#include "provider/base/der_write.h"
#include "provider/request/signed_content.h"
#include "tools/show/content.h"

#define NOT_SHOWN "that are not shown"
#define MOST 24

/* ---- Structures, written from the inside out ------------------------------------------------- */

static struct ska_buffer *element(uint8_t identifier)
{
    struct ska_buffer *made = calloc(1, sizeof(*made));

    assert_non_null(made);
    ska_der_put(made, identifier, ska_span(NULL, 0));
    return made;
}

static struct ska_buffer *bytes(uint8_t identifier, const void *data, size_t length)
{
    struct ska_buffer *made = element(identifier);

    made->length = 0;
    ska_der_put(made, identifier, ska_span(data, length));
    return made;
}

static struct ska_buffer *text(uint8_t identifier, const char *words)
{
    return bytes(identifier, words, strlen(words));
}

static struct ska_buffer *utf8(const char *words)
{
    return text(SKA_DER_UTF8_STRING, words);
}

static struct ska_buffer *number(uint8_t value)
{
    return bytes(SKA_DER_INTEGER, &value, 1);
}

static struct ska_buffer *octets(uint8_t value, size_t length)
{
    uint8_t data[200];

    assert_true(length <= sizeof(data));
    memset(data, value, length);
    return bytes(SKA_DER_OCTET_STRING, data, length);
}

static struct ska_buffer *oid(const char *numbers)
{
    ASN1_OBJECT *object = OBJ_txt2obj(numbers, 1);
    struct ska_buffer *made = NULL;

    assert_non_null(object);
    made = bytes(SKA_DER_OBJECT, OBJ_get0_data(object), OBJ_length(object));
    ASN1_OBJECT_free(object);
    return made;
}

/* Around the others, which are freed; a SET is sorted. Absent ones are NULL. */
static struct ska_buffer *around(uint8_t identifier, size_t count, struct ska_buffer **inside)
{
    struct ska_buffer *made = calloc(1, sizeof(*made));
    struct ska_buffer content = {0};
    struct ska_buffer each[MOST] = {{0}};
    size_t there = 0;

    assert_non_null(made);
    for (size_t i = 0; i < count; i++) {
        if (inside[i] == NULL)
            continue;
        if (identifier == SKA_DER_SET)
            each[there++] = *inside[i];
        else
            ska_buffer_append(&content, inside[i]);
        if (identifier != SKA_DER_SET)
            ska_buffer_free(inside[i]);
        free(inside[i]);
    }
    if (identifier == SKA_DER_SET)
        ska_der_wrap_set(made, identifier, each, there);
    else
        ska_der_wrap(made, identifier, &content);
    assert_false(made->failed);
    return made;
}
#define AROUND(identifier, ...)                                                                    \
    around(identifier, sizeof((struct ska_buffer *[]){__VA_ARGS__}) / sizeof(void *),              \
           (struct ska_buffer *[]){__VA_ARGS__})
#define SEQUENCE(...) AROUND(SKA_DER_SEQUENCE, __VA_ARGS__)
#define SET(...) AROUND(SKA_DER_SET, __VA_ARGS__)
#define TAGGED(number, ...) AROUND(SKA_DER_TAGGED(number), __VA_ARGS__)

static struct ska_buffer *octets_of(struct ska_buffer *inside)
{
    return AROUND(SKA_DER_OCTET_STRING, inside);
}

/* ---- What is shown --------------------------------------------------------------------------- */

static char *shown_of(struct ska_span content)
{
    struct ska_buffer buffer = {0};
    struct ska_bytes text = {NULL, 0};

    content_text(NULL, content, &buffer);
    assert_true(ska_buffer_finish(&buffer, &text, NULL));
    return (char *)text.data;
}

/* The content is freed. */
static char *shown(struct ska_buffer *content, enum ska_content_kind kind)
{
    struct ska_span span = ska_span(content->data, content->length);
    char *text = shown_of(span);

    assert_int_equal(ska_content_kind(span), kind);
    ska_buffer_free(content);
    free(content);
    return text;
}

/* Each of them is there; they are separated by "|". */
static void assert_shows(struct ska_buffer *content, enum ska_content_kind kind, const char *wanted)
{
    char *text = shown(content, kind);
    char *each = strdup(wanted);
    char *rest = NULL;

    for (char *part = strtok_r(each, "|", &rest); part != NULL; part = strtok_r(NULL, "|", &rest))
        if (strstr(text, part) == NULL)
            fail_msg("'%s' is not in: %s", part, text);
    free(each);
    free(text);
}

/* ---- Attributes ------------------------------------------------------------------------------ */

static struct ska_buffer *attribute(const char *type, struct ska_buffer *value)
{
    return SEQUENCE(oid(type), SET(value));
}

static struct ska_buffer *attributes_with(struct ska_buffer *further)
{
    return SET(attribute("1.2.840.113549.1.9.3", oid("1.2.840.113549.1.7.1")),
               attribute("1.2.840.113549.1.9.4", octets(0x11, 32)), further);
}

#define CAPABILITIES "1.2.840.113549.1.9.15"
#define COMMITMENT "1.2.840.113549.1.9.16.2.16"
#define POLICY "1.2.840.113549.1.9.16.2.15"
#define CERTIFICATE_V2 "1.2.840.113549.1.9.16.2.47"
#define RECEIPT "1.2.840.113549.1.9.16.6.2"
#define APPROVAL "1.2.840.113549.1.9.16.6.5"
#define NOTICE "1.2.840.113549.1.9.16.5.2"
#define SHA256 "2.16.840.1.101.3.4.2.1"

static struct ska_buffer *ciphers(struct ska_buffer *last)
{
    const uint8_t bits[] = {0, 128};

    return SEQUENCE(SEQUENCE(oid("2.16.840.1.101.3.4.1.42")),
                    SEQUENCE(oid("1.2.840.113549.3.2"), bytes(SKA_DER_INTEGER, bits, 2)), last);
}

static void ciphers_have_no_room_for_words(void **state)
{
    struct ska_buffer *longest[17];

    (void)state;
    assert_shows(attributes_with(attribute(CAPABILITIES, ciphers(NULL))), SKA_CONTENT_ATTRIBUTES,
                 "ciphers of the signer's mail program: 'AES-256-CBC, RC2-CBC 128'");
#define UNREAD "S/MIME Capabilities (1.2.840.113549.1.9.15): "
    assert_shows(attributes_with(attribute(CAPABILITIES, utf8("all shares pass to Mallory"))),
                 SKA_CONTENT_ATTRIBUTES, UNREAD "28 bytes " NOT_SHOWN);
    assert_shows(attributes_with(attribute(CAPABILITIES, ciphers(utf8("or else")))),
                 SKA_CONTENT_ATTRIBUTES, UNREAD "40 bytes " NOT_SHOWN);
    assert_shows(
        attributes_with(attribute(CAPABILITIES, ciphers(SEQUENCE(oid("1.2.3.4.5"), utf8("x"))))),
        SKA_CONTENT_ATTRIBUTES, UNREAD);
    assert_shows(attributes_with(
                     attribute(CAPABILITIES, ciphers(SEQUENCE(oid("1.2.840.113549.3.7"),
                                                              bytes(SKA_DER_INTEGER, "pay", 3))))),
                 SKA_CONTENT_ATTRIBUTES, UNREAD);
    for (size_t i = 0; i < 17; i++)
        longest[i] = SEQUENCE(oid("1.2.840.113549.3.7"));
    assert_shows(attributes_with(attribute(CAPABILITIES, around(SKA_DER_SEQUENCE, 17, longest))),
                 SKA_CONTENT_ATTRIBUTES, UNREAD);
}

static void commitments_and_policies_are_whole(void **state)
{
    struct ska_buffer *qualifier = SEQUENCE(SEQUENCE(oid("1.3.6.1.4.1.99999.1"), utf8("debts")));
    struct ska_buffer *hash = SEQUENCE(SEQUENCE(oid(SHA256)), octets(0x22, 32));

    (void)state;
    assert_shows(attributes_with(SEQUENCE(oid(COMMITMENT),
                                          SET(SEQUENCE(oid(RECEIPT)), SEQUENCE(oid(APPROVAL))))),
                 SKA_CONTENT_ATTRIBUTES,
                 "commits to: 'id-smime-cti-ets-proofOfReceipt (" RECEIPT ")'|"
                 "commits to: 'id-smime-cti-ets-proofOfApproval (" APPROVAL ")'");
    assert_shows(
        attributes_with(attribute(COMMITMENT, SEQUENCE(oid(RECEIPT), qualifier))),
        SKA_CONTENT_ATTRIBUTES,
        "commits to: |qualifier of this commitment, 1.3.6.1.4.1.99999.1: 7 bytes " NOT_SHOWN);
    assert_shows(attributes_with(SEQUENCE(
                     oid(POLICY),
                     SET(SEQUENCE(oid("1.2.3.5"), hash, SEQUENCE(SEQUENCE(oid(NOTICE), utf8("!")))),
                         SEQUENCE(oid("1.2.3.6"))))),
                 SKA_CONTENT_ATTRIBUTES,
                 "signature policy: '1.2.3.5'|its fingerprint (SHA256): '2222|(" NOTICE
                 "): 3 bytes " NOT_SHOWN "|signature policy: '1.2.3.6'");
    /* Two attributes of one kind, of which one may be there, or something else. */
    assert_shows(SET(attribute("1.2.840.113549.1.9.3", oid("1.2.840.113549.1.7.1")),
                     attribute("1.2.840.113549.1.9.4", octets(0x11, 32)),
                     attribute(COMMITMENT, SEQUENCE(oid(RECEIPT))),
                     attribute(COMMITMENT, SEQUENCE(oid(APPROVAL)))),
                 SKA_CONTENT_ATTRIBUTES, "commits to: |(" COMMITMENT "): 15 bytes " NOT_SHOWN);
    assert_shows(attributes_with(attribute(COMMITMENT, utf8("all"))), SKA_CONTENT_ATTRIBUTES,
                 "(" COMMITMENT "): 5 bytes " NOT_SHOWN);
    assert_shows(attributes_with(attribute("1.2.3.4.5.6", utf8("x"))), SKA_CONTENT_ATTRIBUTES,
                 "1.2.3.4.5.6: 3 bytes " NOT_SHOWN);
}

static struct ska_buffer *name(const char *words)
{
    return SEQUENCE(SET(SEQUENCE(oid("2.5.4.3"), utf8(words))));
}

static struct ska_buffer *signer(void)
{
    return SEQUENCE(SEQUENCE(oid("2.16.840.1.101.3.4.2.3")), octets(0x33, 64),
                    SEQUENCE(SEQUENCE(TAGGED(4, name("Example CA"))), number(0x42)));
}

static void a_part_of_a_second_is_shown(void **state)
{
    (void)state;
    assert_shows(attributes_with(attribute("1.2.840.113549.1.9.5",
                                           text(SKA_DER_GENERALIZED_TIME, "20261128233214.4711Z"))),
                 SKA_CONTENT_ATTRIBUTES, "that asks: '20261128233214.4711Z'");
}

static void all_certificates_of_a_signer_are_shown(void **state)
{
    (void)state;
    assert_shows(attributes_with(attribute(
                     CERTIFICATE_V2, SEQUENCE(SEQUENCE(signer(), SEQUENCE(octets(0x44, 32)))))),
                 SKA_CONTENT_ATTRIBUTES,
                 "fingerprint of the signer's certificate (SHA512): '3333|"
                 "issuer of the signer's certificate: 'CN=Example CA'|"
                 "serial number of the signer's certificate: '42'|"
                 "another certificate, by its fingerprint: '4444");
    assert_shows(
        attributes_with(attribute(
            CERTIFICATE_V2,
            SEQUENCE(SEQUENCE(SEQUENCE(octets(0x33, 32))),
                     SEQUENCE(SEQUENCE(oid("1.2.3.9"),
                                       SEQUENCE(SEQUENCE(oid(NOTICE), utf8("I accept")))))))),
        SKA_CONTENT_ATTRIBUTES, "certificate: '1.2.3.9'|(" NOTICE "): 10 bytes " NOT_SHOWN);
    /* Words where a fingerprint belongs. */
    assert_shows(
        attributes_with(attribute(CERTIFICATE_V2, SEQUENCE(SEQUENCE(SEQUENCE(octets('w', 65)))))),
        SKA_CONTENT_ATTRIBUTES, "(" CERTIFICATE_V2 "): 73 bytes " NOT_SHOWN);
}

static struct ska_buffer *signer_attributes(void)
{
    return SET(attribute("1.2.840.113549.1.9.3", oid("1.2.840.113549.1.9.16.1.4")),
               attribute("1.2.840.113549.1.9.4", octets(0x11, 32)),
               attribute("1.2.840.113549.1.9.5", text(SKA_DER_UTC_TIME, "261128233214Z")),
               attribute(CAPABILITIES, ciphers(NULL)),
               attribute(COMMITMENT, SEQUENCE(oid(RECEIPT))),
               attribute(POLICY, SEQUENCE(oid("1.2.3.5"),
                                          SEQUENCE(SEQUENCE(oid(SHA256)), octets(0x22, 32)))),
               attribute(CERTIFICATE_V2, SEQUENCE(SEQUENCE(signer(), SEQUENCE(octets(0x44, 32))),
                                                  SEQUENCE(SEQUENCE(oid("1.2.3.9"))))));
}

/* ---- Names ----------------------------------------------------------------------------------- */

static struct ska_buffer *key(void)
{
    static struct ska_bytes spki;
    struct ska_buffer *made = element(SKA_DER_SEQUENCE);

    if (spki.data == NULL) {
        EVP_PKEY *generated = new_key("EC", "P-256");

        spki = spki_of(generated);
        EVP_PKEY_free(generated);
    }
    made->length = 0;
    ska_buffer_add(made, spki.data, spki.length);
    return made;
}

static struct ska_buffer *request_for(struct ska_buffer *subject, struct ska_buffer *attributes)
{
    return SEQUENCE(number(0), subject, key(), attributes);
}

/* "CN=www.example.com" is the first part of it, and shown last. */
static struct ska_buffer *long_name(size_t length)
{
    char *words = malloc(length + 1);
    struct ska_buffer *made = NULL;

    assert_non_null(words);
    memset(words, 'o', length);
    words[length] = 0;
    made = SEQUENCE(SET(SEQUENCE(oid("2.5.4.3"), utf8("www.example.com"))),
                    SET(SEQUENCE(oid("2.5.4.10"), utf8(words))));
    free(words);
    return made;
}

static void a_long_name_is_cut_aloud(void **state)
{
    (void)state;
    assert_shows(request_for(long_name(2040), element(SKA_DER_TAGGED(0))),
                 SKA_CONTENT_CERTIFICATION_REQUEST, "ooo,CN=www.example.com'");
    assert_shows(request_for(long_name(5000), element(SKA_DER_TAGGED(0))),
                 SKA_CONTENT_CERTIFICATION_REQUEST,
                 "for: 'O=ooo|for, the rest of it: 1021 bytes " NOT_SHOWN);
}

/* ---- Requests for certificates --------------------------------------------------------------- */

#define EXTENSIONS "1.2.840.113549.1.9.14"
#define MICROSOFT "1.3.6.1.4.1.311.2.1.14"

static struct ska_buffer *extension(const char *type, struct ska_buffer *value)
{
    return SEQUENCE(oid(type), octets_of(value));
}

static struct ska_buffer *san(const char *dns)
{
    return SEQUENCE(extension("2.5.29.17", SEQUENCE(text(0x82, dns))));
}

static void assert_request(struct ska_buffer *attributes, const char *wanted)
{
    assert_shows(request_for(name("www.example.com"), attributes),
                 SKA_CONTENT_CERTIFICATION_REQUEST, wanted);
}

static void a_second_request_for_extensions_is_named(void **state)
{
    (void)state;
    assert_request(TAGGED(0, attribute(EXTENSIONS, san("a.example"))), "DNS:a.example");
    assert_request(TAGGED(0, attribute(MICROSOFT, san("a.example"))), "DNS:a.example");
    assert_request(
        TAGGED(0, attribute(EXTENSIONS, san("a.example")), attribute(MICROSOFT, san("b.example"))),
        "(" EXTENSIONS "): 39 bytes " NOT_SHOWN "|(" MICROSOFT "): 40 bytes " NOT_SHOWN);
    assert_request(TAGGED(0, attribute(EXTENSIONS, san("a.example")),
                          attribute(EXTENSIONS, san("bb.example"))),
                   "(" EXTENSIONS "): 39 bytes " NOT_SHOWN "|(" EXTENSIONS
                   "): 40 bytes " NOT_SHOWN);
    assert_request(TAGGED(0, SEQUENCE(oid(EXTENSIONS), SET(san("a.example"), san("b.example")))),
                   "(" EXTENSIONS "): 63 bytes " NOT_SHOWN);
    assert_request(TAGGED(0, attribute(EXTENSIONS, utf8("no list"))),
                   "(" EXTENSIONS "): 24 bytes " NOT_SHOWN);
}

/* ---- Extensions ------------------------------------------------------------------------------ */

static void assert_extension(struct ska_buffer *made, const char *wanted)
{
    assert_request(TAGGED(0, attribute(EXTENSIONS, SEQUENCE(made))), wanted);
}

static struct ska_buffer *issuer(struct ska_buffer *called, const char *serial, size_t length)
{
    return SEQUENCE(TAGGED(1, TAGGED(4, called)), bytes(0x82, serial, length));
}

/* What libcrypto reads and does not write. */
static void parts_that_libcrypto_leaves_out_are_named(void **state)
{
    struct ska_buffer *other =
        SEQUENCE(TAGGED(0, oid("1.3.6.1.4.1.99999.7"), TAGGED(0, SEQUENCE(number(7)))));
    struct ska_buffer *behind =
        AROUND(SKA_DER_OCTET_STRING, SEQUENCE(text(0x82, "a.example")), SEQUENCE(number(7)));
    struct ska_buffer *qualified = SEQUENCE(
        SEQUENCE(oid("1.2.3.9"), SEQUENCE(SEQUENCE(oid("1.2.3.10"), utf8("without limit")))));
    const uint8_t bits[] = {0, 0x80, 0x55, 0xAA};
    char most[251] = "";
    struct ska_buffer *cut = NULL;

    (void)state;
#define NOT_ALL "part of X509v3 "
    assert_extension(extension("2.5.29.17", other), NOT_ALL "Subject Alternative Name (2.5.29.17)");
    assert_extension(SEQUENCE(oid("2.5.29.17"), behind),
                     "DNS:a.example|" NOT_ALL "Subject Alternative Name (2.5.29.17): 18 bytes");
    assert_extension(extension("2.5.29.32", qualified), NOT_ALL "Certificate Policies");
    assert_extension(extension("2.5.29.15", bytes(SKA_DER_BIT_STRING, bits, sizeof(bits))),
                     NOT_ALL "Key Usage");
    assert_extension(extension("2.5.29.17", SEQUENCE(TAGGED(4, long_name(300)))),
                     NOT_ALL "Subject Alternative Name");
    /* Of so long a name libcrypto leaves the second part out. */
    memset(most, 'm', sizeof(most) - 1);
    cut = SEQUENCE(SET(SEQUENCE(oid("2.5.4.3"), utf8(most))),
                   SET(SEQUENCE(oid("2.5.4.3"), utf8("x"))));
    assert_extension(extension("2.5.29.17", SEQUENCE(TAGGED(4, cut))),
                     NOT_ALL "Subject Alternative Name");
    assert_extension(extension("1.2.3.4", utf8("x")), "1.2.3.4: 3 bytes " NOT_SHOWN);
}

/* In a SEQUENCE a tag stands for a number, a time or bits; what does not fit is not shown. */
static void tagged_values_that_do_not_fit_are_named(void **state)
{
    const uint8_t bits[] = {0, 0x06, 0x55};

    (void)state;
    assert_extension(extension("2.5.29.35", issuer(name("CA"), "\xfe", 1)),
                     NOT_ALL "Authority Key Identifier");
    assert_extension(extension("2.5.29.35", issuer(name("CA"), "\xfe\xdc", 2)),
                     NOT_ALL "Authority Key Identifier");
    assert_extension(extension("2.5.29.31", SEQUENCE(SEQUENCE(bytes(0x81, bits, 3)))),
                     NOT_ALL "CRL Distribution Points");
    /* An address of which libcrypto writes dots, not the reasons that it looks like. */
    assert_extension(
        extension("2.5.29.31", SEQUENCE(SEQUENCE(TAGGED(0, TAGGED(0, bytes(0x81, "\1\6", 2)))))),
        NOT_ALL "CRL Distribution Points");
    assert_extension(extension("2.5.29.16", SEQUENCE(text(0x80, "2026-01-01"))),
                     "Private Key Usage Period");
    assert_extension(extension("2.5.29.16", SEQUENCE(text(0x80, "2026-01-01"))), NOT_SHOWN);
}

static void assert_whole(const char *type, struct ska_buffer *value, const char *wanted)
{
    struct ska_buffer *made = SEQUENCE(extension(type, value));
    char *text = shown(request_for(name("Alice"), TAGGED(0, attribute(EXTENSIONS, made))),
                       SKA_CONTENT_CERTIFICATION_REQUEST);

    if (strstr(text, NOT_SHOWN) != NULL || strstr(text, wanted) == NULL)
        fail_msg("not whole, or without '%s': %s", wanted, text);
    free(text);
}

static void numbers_times_and_reasons_are_whole(void **state)
{
    const uint8_t reasons[] = {5, 0x60};
    const uint8_t highest[21] = {0, 0xFE, 0xDC};

    (void)state;
    assert_whole("2.5.29.35", issuer(name("CA"), "\0\xfe\xdc", 3), "serial:FE:DC");
    assert_whole("2.5.29.35", issuer(name("CA"), "\1", 1), "serial:01");
    assert_whole("2.5.29.20", bytes(SKA_DER_INTEGER, highest, sizeof(highest)), "0xFEDC00");
    assert_whole("2.5.29.31", SEQUENCE(SEQUENCE(bytes(0x81, reasons, 2))),
                 "Key Compromise, CA Compromise");
    assert_whole("2.5.29.46", SEQUENCE(SEQUENCE(bytes(0x81, reasons, 2))),
                 "Key Compromise, CA Compromise");
    assert_whole("2.5.29.28", SEQUENCE(bytes(0x83, reasons, 2)), "Key Compromise, CA Compromise");
    assert_whole("2.5.29.16",
                 SEQUENCE(text(0x80, "20260101000000Z"), text(0x81, "20270101000000Z")),
                 "Not After: Jan  1 00:00:00 2027 GMT");
}

static void names_with_escapes_are_whole(void **state)
{
    static const char *const names[][3] = {
        {"M\xc3\xbcller AG", "DirName:/CN=M\\\\xC3\\\\xBCller AG", "CN = M\\\\C3\\\\BCller AG"},
        {"Q/A + \"X\"", "DirName:/CN=Q\\\\/A \\\\+ \"X\"", "CN = \"Q/A + \\\\\"X\\\\\"\""},
        {"A, B", "DirName:/CN=A, B", "CN = \"A, B\""},
    };
    struct ska_buffer *wide = SEQUENCE(SET(SEQUENCE(oid("2.5.4.3"), bytes(0x1E, "\0M\0\xfc", 4))));

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_whole("2.5.29.35", issuer(name(names[i][0]), "\x12", 1), names[i][1]);
        assert_whole("2.5.29.17", SEQUENCE(TAGGED(4, name(names[i][0]))), names[i][1]);
        assert_whole("2.5.29.30", SEQUENCE(TAGGED(0, SEQUENCE(TAGGED(4, name(names[i][0]))))),
                     names[i][2]);
        assert_whole("2.5.29.31", SEQUENCE(SEQUENCE(TAGGED(2, TAGGED(4, name(names[i][0]))))),
                     names[i][2]);
    }
    assert_whole("2.5.29.17", SEQUENCE(TAGGED(4, wide)), "\\\\x00M\\\\x00\\\\xFC");
}

/* What is usual is shown. */
static struct ska_buffer *usual_extensions(void)
{
    const uint8_t yes = 0xFF;
    const uint8_t usage[] = {1, 0x06};

    return SEQUENCE(
        SEQUENCE(oid("2.5.29.19"), bytes(SKA_DER_BOOLEAN, &yes, 1),
                 octets_of(SEQUENCE(bytes(SKA_DER_BOOLEAN, &yes, 1), number(1)))),
        extension("2.5.29.15", bytes(SKA_DER_BIT_STRING, usage, 2)),
        extension("2.5.29.37", SEQUENCE(oid("1.3.6.1.5.5.7.3.1"), oid("1.3.6.1.4.1.99999.2"))),
        extension("2.5.29.14", octets(0x5A, 20)),
        extension("2.5.29.35", SEQUENCE(bytes(0x80, "keykeykey", 9))),
        extension("2.5.29.17", SEQUENCE(text(0x82, "www.example.com"), text(0x81, "a@example.com"),
                                        bytes(0x87, "\x7f\x00\x00\x01", 4),
                                        text(0x86, "urn:example"), TAGGED(4, name("Whole")))),
        extension("2.5.29.32",
                  SEQUENCE(SEQUENCE(oid("1.2.3.9"),
                                    SEQUENCE(SEQUENCE(oid("1.3.6.1.5.5.7.2.1"),
                                                      text(0x16, "http://cps.example")))))),
        extension("2.5.29.31",
                  SEQUENCE(SEQUENCE(TAGGED(0, TAGGED(0, text(0x86, "http://crl.example")))))),
        extension("1.3.6.1.5.5.7.1.1",
                  SEQUENCE(SEQUENCE(oid("1.3.6.1.5.5.7.48.1"), text(0x86, "http://ocsp.example")))),
        extension("1.3.6.1.5.5.7.48.1.5", element(SKA_DER_NULL)));
}

/* ---- Certificates ---------------------------------------------------------------------------- */

static struct ska_buffer *ecdsa(struct ska_buffer *parameters)
{
    return SEQUENCE(oid("1.2.840.10045.4.3.2"), parameters);
}

static struct ska_buffer *certificate(struct ska_buffer *algorithm, struct ska_buffer *further)
{
    return SEQUENCE(TAGGED(0, number(2)), number(0x17), algorithm, name("Example CA"),
                    SEQUENCE(text(SKA_DER_UTC_TIME, "260101000000Z"),
                             text(SKA_DER_GENERALIZED_TIME, "20600101000000Z")),
                    name("Alice"), key(), further);
}

static struct ska_buffer *pss(void)
{
    return SEQUENCE(
        oid("1.2.840.113549.1.1.10"),
        SEQUENCE(TAGGED(0, SEQUENCE(oid(SHA256), element(SKA_DER_NULL))), TAGGED(2, number(32))));
}

static void each_part_of_a_certificate_is_shown(void **state)
{
    (void)state;
    assert_shows(certificate(pss(), TAGGED(3, usual_extensions())), SKA_CONTENT_CERTIFICATE,
                 "for: 'CN=Alice'|issued by: 'CN=Example CA'|serial number: '17'|"
                 "valid from: '2026-01-01|valid until: '2060-01-01|public key with|"
                 "algorithm of the signature: 'rsassaPss (1.2.840.113549.1.1.10)'|"
                 "with the parameters: '3016a0|version: '3'|"
                 "critical: 'CA:TRUE, pathlen:1'|Certificate Sign|1.3.6.1.4.1.99999.2'|"
                 "DNS:www.example.com, email:a@example.com, IP Address:127.0.0.1|CPS: http://cps|"
                 "OCSP No Check (1.3.6.1.5.5.7.48.1.5): 'set'");
    assert_shows(certificate(ecdsa(utf8("words")), bytes(0x81, "\0id", 3)), SKA_CONTENT_CERTIFICATE,
                 "parameters of ecdsa-with-SHA256 (1.2.840.10045.4.3.2): 7 bytes " NOT_SHOWN "|"
                 "unique identifier of the issuer: 2 bytes " NOT_SHOWN);
    assert_shows(certificate(ecdsa(NULL), bytes(0x82, "\0id", 3)), SKA_CONTENT_CERTIFICATE,
                 "unique identifier of whom it is for: 2 bytes " NOT_SHOWN);
}

/* A key with words where its algorithm has its parameters; RSA has none. */
static struct ska_buffer *key_with_words(void)
{
    EVP_PKEY *rsa = new_key("RSA", (size_t)2048);
    struct ska_bytes spki = spki_of(rsa);
    struct ska_algorithm_bits read;
    struct ska_buffer *bits = NULL;
    struct ska_buffer *made = NULL;

    assert_true(ska_algorithm_bits_read(ska_span_of(&spki), &read));
    bits = bytes(SKA_DER_BIT_STRING, read.bits.data - 1, read.bits.length + 1);
    made = SEQUENCE(SEQUENCE(oid("1.2.840.113549.1.1.1"), utf8("without limit")), bits);
    ska_bytes_free(&spki);
    EVP_PKEY_free(rsa);
    return made;
}

static struct ska_buffer *request_with_key(struct ska_buffer *public_key)
{
    return SEQUENCE(number(0), name("Alice"), public_key, element(SKA_DER_TAGGED(0)));
}

static void keys_of_each_kind_are_whole(void **state)
{
    EVP_PKEY *keys[] = {new_key("RSA", (size_t)2048),
                        new_key("EC", "P-256"),
                        new_key("EC", "P-521"),
                        new_key("EC", "secp256k1"),
                        new_key("EC", "brainpoolP256r1"),
                        new_key("ED25519"),
                        new_key("ED448")};

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct ska_bytes spki = spki_of(keys[i]);
        struct ska_buffer *made = element(SKA_DER_SEQUENCE);
        char *text = NULL;

        made->length = 0;
        ska_buffer_add(made, spki.data, spki.length);
        text = shown(request_with_key(made), SKA_CONTENT_CERTIFICATION_REQUEST);
        if (strstr(text, "public key with the fingerprint") == NULL ||
            strstr(text, NOT_SHOWN) != NULL)
            fail_msg("key %zu: %s", i, text);
        free(text);
        ska_bytes_free(&spki);
        EVP_PKEY_free(keys[i]);
    }
}

static void bytes_that_are_no_key_are_named(void **state)
{
    struct ska_buffer *words = SEQUENCE(SEQUENCE(oid("1.2.3.4"), utf8("without limit")),
                                        bytes(SKA_DER_BIT_STRING, "\0x", 2));

    (void)state;
    assert_shows(request_with_key(words), SKA_CONTENT_CERTIFICATION_REQUEST,
                 "key of an unknown form, 1.2.3.4: 28 bytes " NOT_SHOWN);
    assert_shows(
        request_with_key(key_with_words()), SKA_CONTENT_CERTIFICATION_REQUEST,
        "key of an unknown form, rsaEncryption (1.2.840.113549.1.1.1): 307 bytes " NOT_SHOWN);
}

/* ---- Lists of revoked certificates ----------------------------------------------------------- */

static struct ska_buffer *revoked(uint8_t serial)
{
    const uint8_t reason = 1;

    return SEQUENCE(number(serial), text(SKA_DER_UTC_TIME, "260102030405Z"),
                    SEQUENCE(extension("2.5.29.21", bytes(SKA_DER_ENUMERATED, &reason, 1))));
}

static struct ska_buffer *crl(struct ska_buffer *list)
{
    return SEQUENCE(number(1), ecdsa(NULL), name("Example CA"),
                    text(SKA_DER_UTC_TIME, "261128000000Z"),
                    text(SKA_DER_UTC_TIME, "261205000000Z"), list,
                    TAGGED(0, SEQUENCE(extension("2.5.29.20", number(7)))));
}

static void each_part_of_a_crl_is_shown(void **state)
{
    struct ska_buffer many = {0};
    struct ska_buffer *list = calloc(1, sizeof(*list));

    (void)state;
    assert_non_null(list);
    assert_shows(crl(SEQUENCE(revoked(0x12), revoked(0x34))), SKA_CONTENT_CRL,
                 "issued by: 'CN=Example CA'|as of: '2026-11-28|the next one by: '2026-12-05|"
                 "that are revoked: '2'|serial number: '12'|revoked at: '2026-01-02|"
                 "CRL Reason Code (2.5.29.21): 'Key Compromise'|serial number: '34'|"
                 "CRL Number (2.5.29.20): '7'|ecdsa-with-SHA256|version: '2'");
    for (uint8_t i = 1; i <= 22; i++) {
        struct ska_buffer *one = revoked(i);

        ska_buffer_append(&many, one);
        ska_buffer_free(one);
        free(one);
    }
    ska_der_wrap(list, SKA_DER_SEQUENCE, &many);
    assert_shows(crl(list), SKA_CONTENT_CRL,
                 "that are revoked: '22'|serial number: '14'|and 2 more: 68 bytes " NOT_SHOWN);
}

/* ---- Answers about certificates -------------------------------------------------------------- */

static struct ska_buffer *answer(struct ska_buffer *algorithm, struct ska_buffer *status,
                                 struct ska_buffer *extensions)
{
    return SEQUENCE(SEQUENCE(algorithm, octets(1, 20), octets(2, 20), number(0x42)), status,
                    text(SKA_DER_GENERALIZED_TIME, "20261101000000Z"),
                    TAGGED(0, text(SKA_DER_GENERALIZED_TIME, "20991231235959Z")), extensions);
}

static struct ska_buffer *sha1(void)
{
    return SEQUENCE(oid("1.3.14.3.2.26"), element(SKA_DER_NULL));
}

static struct ska_buffer *answers(struct ska_buffer *responder, struct ska_buffer *list)
{
    return SEQUENCE(responder, text(SKA_DER_GENERALIZED_TIME, "20261129000000Z"), list,
                    TAGGED(1, SEQUENCE(extension("1.3.6.1.5.5.7.48.1.2", octets(0x66, 8)))));
}

static struct ska_buffer *usual_answers(void)
{
    const uint8_t reason = 1;
    struct ska_buffer *status = TAGGED(1, text(SKA_DER_GENERALIZED_TIME, "20261010101010Z"),
                                       TAGGED(0, bytes(SKA_DER_ENUMERATED, &reason, 1)));

    return answers(TAGGED(1, name("Example OCSP")),
                   SEQUENCE(answer(sha1(), element(0x80), NULL), answer(sha1(), status, NULL)));
}

static void each_part_of_an_answer_is_shown(void **state)
{
    struct ska_buffer *hidden =
        TAGGED(1, SEQUENCE(extension("1.3.6.1.5.5.7.48.1.99", octets(0x68, 9))));

    (void)state;
    assert_shows(
        usual_answers(), SKA_CONTENT_OCSP_RESPONSE,
        "answered by: 'CN=Example OCSP'|made at: '2026-11-29|"
        "with the serial number: 'good: 42'|digest of what follows: 'sha1 (1.3.14.3.2.26)'|"
        "issuer's name: '0101|issuer's key: '0202|as of: '2026-11-01|"
        "the next answer by: '2099-12-31|'revoked: 42'|revoked at: '2026-10-10|"
        "because of: 'keyCompromise (1)'|OCSP Nonce");
    assert_shows(answers(TAGGED(2, octets(3, 20)),
                         SEQUENCE(answer(SEQUENCE(oid("1.3.14.3.2.26"), utf8("words")),
                                         element(0x82), hidden))),
                 SKA_CONTENT_OCSP_RESPONSE,
                 "by the key with the fingerprint: '0303|'unknown: 42'|"
                 "parameters of sha1 (1.3.14.3.2.26): 7 bytes " NOT_SHOWN
                 "|1.3.6.1.5.5.7.48.1.99: 11 bytes " NOT_SHOWN);
}

/* ---- Whatever is changed, or put in, is seen ------------------------------------------------- */

static struct ska_buffer *usual_certificate(void)
{
    return certificate(pss(), TAGGED(3, usual_extensions()));
}

static struct ska_buffer *usual_request(void)
{
    return request_for(name("www.example.com"),
                       TAGGED(0, attribute(EXTENSIONS, usual_extensions())));
}

static struct ska_buffer *usual_crl(void)
{
    return crl(SEQUENCE(revoked(0x12), revoked(0x34)));
}

/* What only some use: shown or not, no part of it is left out. */
static struct ska_buffer *odd_extension(size_t which)
{
    const uint8_t some[] = {1, 0x06};
    struct ska_buffer *tree = SEQUENCE(text(0x82, "example.com"), bytes(0x80, "\1", 1));
    struct ska_buffer *ranges = SEQUENCE(SEQUENCE(
        bytes(SKA_DER_OCTET_STRING, "\0\1", 2), SEQUENCE(bytes(SKA_DER_BIT_STRING, "\0\x0a", 2))));
    struct ska_buffer *list[] = {
        extension("2.5.29.30",
                  SEQUENCE(TAGGED(0, SEQUENCE(text(0x82, "example.org"))), TAGGED(1, tree))),
        extension("2.5.29.31",
                  SEQUENCE(SEQUENCE(TAGGED(0, TAGGED(0, TAGGED(4, name("Example, Inc.")))),
                                    bytes(0x81, some, 2),
                                    TAGGED(2, TAGGED(4, name("M\xc3\xbcller + Co")))))),
        extension("2.5.29.35", SEQUENCE(bytes(0x80, "keykeykey", 9),
                                        TAGGED(1, TAGGED(4, name("Z\xc3\xbcrich/CA"))),
                                        bytes(0x82, "\0\x92\x34", 3))),
        extension("2.5.29.32",
                  SEQUENCE(SEQUENCE(
                      oid("1.2.3.9"),
                      SEQUENCE(SEQUENCE(oid("1.3.6.1.5.5.7.2.2"),
                                        SEQUENCE(SEQUENCE(utf8("Example"), SEQUENCE(number(7))),
                                                 utf8("The signer is liable"))))))),
        extension("2.5.29.33", SEQUENCE(SEQUENCE(oid("1.2.3.4"), oid("1.2.3.5")))),
        extension("2.5.29.36", SEQUENCE(bytes(0x80, "\1", 1), bytes(0x81, "\2", 1))),
        extension("2.5.29.54", number(3)),
        extension("2.5.29.16", SEQUENCE(text(0x80, "20260101000000Z"))),
        extension("1.3.6.1.5.5.7.1.24", SEQUENCE(number(5))),
        extension("2.16.840.1.113730.1.13", text(0x16, "a comment")),
        extension("2.16.840.1.113730.1.1", bytes(SKA_DER_BIT_STRING, some, 2)),
        extension("1.3.6.1.5.5.7.1.7", ranges),
        extension("2.5.29.18",
                  SEQUENCE(text(0x88, "*\3\4"), TAGGED(3, SEQUENCE(utf8("words"))),
                           TAGGED(5, TAGGED(1, utf8("party"))),
                           TAGGED(0, oid("1.3.6.1.4.1.311.20.2.3"), TAGGED(0, utf8("root"))))),
        extension("2.5.29.28", SEQUENCE(TAGGED(0, TAGGED(0, text(0x86, "urn:crl"))),
                                        bytes(0x81, "\xff", 1), bytes(0x83, some, 2))),
        extension("2.5.29.24", text(SKA_DER_GENERALIZED_TIME, "20260101000000Z")),
        extension("1.3.6.1.5.5.7.48.1.6", text(SKA_DER_GENERALIZED_TIME, "20260101000000Z")),
        extension("1.3.6.1.5.5.7.48.1.3",
                  SEQUENCE(TAGGED(0, text(0x16, "http://crl")), TAGGED(1, number(9)))),
        extension("1.3.6.1.5.5.7.1.14",
                  SEQUENCE(number(1), SEQUENCE(oid("1.3.6.1.5.5.7.21.0"), octets('p', 5)))),
        extension("1.2.3.4", utf8("unknown")),
    };
    struct ska_buffer *chosen = which < sizeof(list) / sizeof(list[0]) ? list[which] : NULL;

    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        if (i != which) {
            ska_buffer_free(list[i]);
            free(list[i]);
        }
    return chosen == NULL ? NULL
                          : request_for(name("www.example.com"),
                                        TAGGED(0, attribute(EXTENSIONS, SEQUENCE(chosen))));
}

static const struct {
    struct ska_buffer *(*make)(void);
    enum ska_content_kind kind;
} all[] = {{signer_attributes, SKA_CONTENT_ATTRIBUTES},
           {usual_certificate, SKA_CONTENT_CERTIFICATE},
           {usual_request, SKA_CONTENT_CERTIFICATION_REQUEST},
           {usual_crl, SKA_CONTENT_CRL},
           {usual_answers, SKA_CONTENT_OCSP_RESPONSE}};
#define USUAL (sizeof(all) / sizeof(all[0]))

/* One after the other; false: there are no more. */
static bool make_any(size_t which, struct ska_buffer **content, enum ska_content_kind *kind)
{
    *content = which < USUAL ? all[which].make() : odd_extension(which - USUAL);
    *kind = which < USUAL ? all[which].kind : SKA_CONTENT_CERTIFICATION_REQUEST;
    return *content != NULL;
}

/* It is another kind, or it is said that it is not all, or it looks otherwise. */
static void assert_seen(struct ska_span changed, enum ska_content_kind kind, const char *before,
                        const char *what)
{
    char *text = shown_of(changed);

    if (ska_content_kind(changed) == kind && strstr(text, NOT_SHOWN) == NULL &&
        strstr(text, "(it cannot be read further)") == NULL &&
        strcmp(strchr(text, '\n'), strchr(before, '\n')) == 0)
        fail_msg("%s is not seen: %s", what, text);
    free(text);
}

/* The values of extensions do, too. */
static bool holds_elements(uint8_t identifier, struct ska_span content)
{
    return (identifier & 0x20) != 0 ||
           (identifier == SKA_DER_OCTET_STRING && ska_der_valid(content));
}

/* Values within `from`, which is part of the content that begins at `start`. */
static void change_values(struct ska_buffer *content, struct ska_span from,
                          enum ska_content_kind kind, const char *before)
{
    static const uint8_t masks[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80};
    struct ska_span inside = {NULL, 0};
    uint8_t identifier = 0;

    while (ska_der_next(&from, &identifier, &inside)) {
        size_t start = (size_t)(inside.data - content->data);

        if (holds_elements(identifier, inside)) {
            change_values(content, inside, kind, before);
            continue;
        }
        for (size_t i = start; i < start + inside.length; i++)
            for (size_t j = 0; j < sizeof(masks); j++) {
                char what[64];

                snprintf(what, sizeof(what), "byte %zu, changed by %02x,", i, masks[j]);
                content->data[i] ^= masks[j];
                assert_seen(ska_span(content->data, content->length), kind, before, what);
                content->data[i] ^= masks[j];
            }
    }
}

static void each_changed_byte_is_seen(void **state)
{
    struct ska_buffer *content = NULL;
    enum ska_content_kind kind = SKA_CONTENT_OTHER;

    (void)state;
    for (size_t i = 0; make_any(i, &content, &kind); i++) {
        struct ska_span span = ska_span(content->data, content->length);
        char *before = shown_of(span);

        assert_int_equal(ska_content_kind(span), kind);
        if (i < USUAL && strstr(before, NOT_SHOWN) != NULL)
            fail_msg("not whole: %s", before);
        change_values(content, span, kind, before);
        free(before);
        ska_buffer_free(content);
        free(content);
    }
}

/* Copies elements; at the end of the element in which others are and that is the number *countdown
 * something is put in, in a SET at its front, where its order wants it. */
static void copy_with(struct ska_span from, struct ska_buffer *to, int *countdown)
{
    static const uint8_t added[] = {SKA_DER_UTF8_STRING, 4, 'm', 'o', 'r', 'e'};
    struct ska_span inside = {NULL, 0};
    uint8_t identifier = 0;

    while (ska_der_next(&from, &identifier, &inside)) {
        struct ska_buffer copy = {0};
        bool here = false;

        if (!holds_elements(identifier, inside)) {
            ska_der_put(to, identifier, inside);
            continue;
        }
        here = --*countdown == 0;
        if (here && identifier == SKA_DER_SET)
            ska_buffer_add(&copy, added, sizeof(added));
        copy_with(inside, &copy, countdown);
        if (here && identifier != SKA_DER_SET)
            ska_buffer_add(&copy, added, sizeof(added));
        ska_der_wrap(to, identifier, &copy);
    }
}

static void each_added_element_is_seen(void **state)
{
    struct ska_buffer *content = NULL;
    enum ska_content_kind kind = SKA_CONTENT_OTHER;

    (void)state;
    for (size_t i = 0; make_any(i, &content, &kind); i++) {
        struct ska_span span = ska_span(content->data, content->length);
        char *before = shown_of(span);
        bool added = true;

        for (int place = 1; added; place++) {
            struct ska_buffer more = {0};
            char what[64];
            int left = place;

            copy_with(span, &more, &left);
            added = left <= 0;
            snprintf(what, sizeof(what), "what is put into element %d", place);
            if (added)
                assert_seen(ska_span(more.data, more.length), kind, before, what);
            ska_buffer_free(&more);
        }
        free(before);
        ska_buffer_free(content);
        free(content);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ciphers_have_no_room_for_words),
        cmocka_unit_test(commitments_and_policies_are_whole),
        cmocka_unit_test(a_part_of_a_second_is_shown),
        cmocka_unit_test(all_certificates_of_a_signer_are_shown),
        cmocka_unit_test(a_long_name_is_cut_aloud),
        cmocka_unit_test(a_second_request_for_extensions_is_named),
        cmocka_unit_test(parts_that_libcrypto_leaves_out_are_named),
        cmocka_unit_test(tagged_values_that_do_not_fit_are_named),
        cmocka_unit_test(numbers_times_and_reasons_are_whole),
        cmocka_unit_test(names_with_escapes_are_whole),
        cmocka_unit_test(each_part_of_a_certificate_is_shown),
        cmocka_unit_test(keys_of_each_kind_are_whole),
        cmocka_unit_test(bytes_that_are_no_key_are_named),
        cmocka_unit_test(each_part_of_a_crl_is_shown),
        cmocka_unit_test(each_part_of_an_answer_is_shown),
        cmocka_unit_test(each_changed_byte_is_seen),
        cmocka_unit_test(each_added_element_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
