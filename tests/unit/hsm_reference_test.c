/* SPDX-License-Identifier: Apache-2.0 */
/* Key references: what is written is read again, and nothing else is read. */
#include "hsm_support.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "provider/hsm/reference.h"

static const char uri[] = "ska:token=My%20Token;object=seal?approvals-dir=/var/lib/seal";

/* ---- DER by hand ----------------------------------------------------------------------------- */

struct der {
    uint8_t data[160 * 1024];
    size_t length;
};

static struct der whole, inside; /* too long for the stack of some */

static void add(struct der *der, const void *data, size_t length)
{
    assert_true(length <= sizeof(der->data) - der->length);
    if (length > 0)
        memcpy(der->data + der->length, data, length);
    der->length += length;
}

static void add_element(struct der *der, uint8_t tag, const void *content, size_t length)
{
    uint8_t head[5] = {tag, (uint8_t)length};
    size_t size = 2;

    if (length >= 0x80) {
        head[1] = 0x83;
        head[2] = (uint8_t)(length >> 16);
        head[3] = (uint8_t)(length >> 8);
        head[4] = (uint8_t)length;
        size = 5;
        while (head[2] == 0) {
            head[1]--;
            memmove(head + 2, head + 3, 2);
            size--;
        }
    }
    add(der, head, size);
    add(der, content, length);
}

/* SEQUENCE { version, text under this tag, public key } */
static struct ska_span reference_of(const char *version, size_t version_length, uint8_t tag,
                                    const void *text, size_t text_length, struct ska_span spki)
{
    inside.length = whole.length = 0;
    add_element(&inside, 0x02, version, version_length);
    add_element(&inside, tag, text, text_length);
    add(&inside, spki.data, spki.length);
    add_element(&whole, 0x30, inside.data, inside.length);
    return ska_span(whole.data, whole.length);
}

static struct ska_span reference_to(const char *text, struct ska_span spki)
{
    return reference_of("\0", 1, 0x0C, text, strlen(text), spki);
}

/* ---- Keys ------------------------------------------------------------------------------------ */

static EVP_PKEY *new_key(enum ska_key_type type)
{
    switch (type) {
    case SKA_KEY_RSA:
        return EVP_PKEY_Q_keygen(libctx, NULL, "RSA", (size_t)1024);
    case SKA_KEY_RSA_PSS: {
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(libctx, "RSA-PSS", NULL);
        EVP_PKEY *key = NULL;

        assert_true(EVP_PKEY_keygen_init(context) > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 1024) > 0);
        assert_true(EVP_PKEY_generate(context, &key) > 0);
        EVP_PKEY_CTX_free(context);
        return key;
    }
    case SKA_KEY_EC:
        return EVP_PKEY_Q_keygen(libctx, NULL, "EC", "P-256");
    case SKA_KEY_ED25519:
        return EVP_PKEY_Q_keygen(libctx, NULL, "ED25519");
    case SKA_KEY_ED448:
        return EVP_PKEY_Q_keygen(libctx, NULL, "ED448");
    }
    return NULL;
}

/* What libcrypto makes of it, for keys that a reference must not hold too. */
static struct ska_span spki_of(EVP_PKEY *key)
{
    static uint8_t buffer[4096];
    unsigned char *next = buffer;
    int length = i2d_PUBKEY(key, NULL);

    assert_true(length > 0 && (size_t)length <= sizeof(buffer));
    assert_int_equal(i2d_PUBKEY(key, &next), length);
    EVP_PKEY_free(key);
    return ska_span(buffer, (size_t)length);
}

/* ---- What is good ---------------------------------------------------------------------------- */

static void reads_what_it_writes(void **state)
{
    (void)state;
    for (int type = SKA_KEY_RSA; type <= SKA_KEY_ED448; type++) {
        EVP_PKEY *key = new_key((enum ska_key_type)type);
        struct hsm_reference reference = {0};
        struct ska_bytes der = {NULL, 0};

        assert_non_null(key);
        assert_true(hsm_reference_encode(uri, key, libctx, &der, &shown));
        assert_true(hsm_reference_decode(ska_span_of(&der), libctx, &reference, &shown));
        assert_string_equal(reference.text, uri);
        assert_string_equal(reference.uri->token, "My Token");
        assert_string_equal(reference.uri->approvals_dir, "/var/lib/seal");
        assert_int_equal(reference.type, type);
        assert_int_equal(EVP_PKEY_eq(reference.public_key, key), 1);
        /* Byte for byte what the specification says. */
        assert_true(ska_span_equal(ska_span_of(&der), reference_to(uri, spki_of(key))));
        hsm_reference_clear(&reference);
        ska_bytes_free(&der);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void goes_without_a_public_key(void **state)
{
    struct hsm_reference reference = {0};
    struct ska_bytes der = {NULL, 0};

    (void)state;
    assert_true(hsm_reference_encode("pkcs11:id=%01", NULL, libctx, &der, &shown));
    assert_true(ska_span_equal(ska_span_of(&der), reference_to("pkcs11:id=%01", ska_span("", 0))));
    assert_true(hsm_reference_decode(ska_span_of(&der), libctx, &reference, &shown));
    assert_null(reference.public_key);
    assert_int_equal(reference.uri->id.length, 1);
    hsm_reference_clear(&reference);
    hsm_reference_clear(&reference);
    ska_bytes_free(&der);
}

static void is_pem_of_its_own_kind(void **state)
{
    struct ska_bytes der = {NULL, 0};
    struct ska_bytes pem = {NULL, 0};
    char *label = NULL;
    char *header = NULL;
    unsigned char *data = NULL;
    long length = 0;
    BIO *bio = NULL;

    (void)state;
    assert_true(hsm_reference_encode(uri, NULL, libctx, &der, &shown));
    assert_true(hsm_reference_pem_write(HSM_REFERENCE_LABEL, ska_span_of(&der), &pem, &shown));
    assert_non_null(strstr((char *)pem.data, "-----BEGIN SKA KEY REFERENCE-----\n"));
    bio = BIO_new_mem_buf(pem.data, (int)pem.length);
    assert_true(PEM_read_bio(bio, &label, &header, &data, &length) > 0);
    assert_string_equal(label, "SKA KEY REFERENCE");
    assert_string_equal(header, "");
    assert_true(ska_span_equal(ska_span(data, (size_t)length), ska_span_of(&der)));
    BIO_free(bio);
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_free(data);
    ska_bytes_free(&der);
    ska_bytes_free(&pem);
}

/* ---- In PKCS#8 ------------------------------------------------------------------------------- */

/* The DER of a private key, as libcrypto writes it. */
static struct ska_span private_key_info(EVP_PKEY *key)
{
    static uint8_t buffer[8192];
    unsigned char *next = buffer;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    int length = i2d_PKCS8_PRIV_KEY_INFO(info, &next);

    assert_true(length > 0 && (size_t)length <= sizeof(buffer));
    PKCS8_PRIV_KEY_INFO_free(info);
    return ska_span(buffer, (size_t)length);
}

/* As libcrypto reads it: with the algorithm of the key, and the reference in the place of the key.
 */
static void assert_private_key_info(const struct ska_bytes *pkcs8, EVP_PKEY *key,
                                    const struct ska_bytes *reference)
{
    const unsigned char *next = pkcs8->data;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &next, (long)pkcs8->length);
    X509_PUBKEY *public_key = NULL;
    const X509_ALGOR *algorithm = NULL;
    X509_ALGOR *wanted = NULL;
    const unsigned char *octets = NULL;
    int length = 0;

    assert_non_null(info);
    assert_ptr_equal(next, pkcs8->data + pkcs8->length);
    assert_int_equal(PKCS8_pkey_get0(NULL, &octets, &length, &algorithm, info), 1);
    assert_true(ska_span_equal(ska_span(octets, (size_t)length), ska_span_of(reference)));
    assert_int_equal(X509_PUBKEY_set(&public_key, key), 1);
    assert_int_equal(X509_PUBKEY_get0_param(NULL, NULL, NULL, &wanted, public_key), 1);
    assert_int_equal(X509_ALGOR_cmp(algorithm, wanted), 0);
    X509_PUBKEY_free(public_key);
    PKCS8_PRIV_KEY_INFO_free(info);
}

static void has_a_form_in_pkcs8(void **state)
{
    (void)state;
    for (int type = SKA_KEY_RSA; type <= SKA_KEY_ED448; type++) {
        EVP_PKEY *key = new_key((enum ska_key_type)type);
        struct hsm_reference reference = {0};
        struct hsm_reference_pkcs8 read;
        struct ska_bytes der = {NULL, 0};
        struct ska_bytes pkcs8 = {NULL, 0};

        assert_true(hsm_reference_encode(uri, key, libctx, &der, &shown));
        assert_true(hsm_reference_pkcs8_encode(ska_span_of(&der), &pkcs8, &shown));
        assert_private_key_info(&pkcs8, key, &der);
        assert_true(hsm_reference_pkcs8_begins(ska_span_of(&pkcs8), &read));
        assert_int_equal(read.type, type);
        assert_true(ska_span_equal(read.reference, ska_span_of(&der)));
        assert_true(hsm_reference_pkcs8_decode(&read, libctx, &reference, &shown));
        assert_string_equal(reference.text, uri);
        assert_int_equal(EVP_PKEY_eq(reference.public_key, key), 1);
        /* A private key is none, nor is the reference alone, nor a part, nor with more behind it.
         */
        assert_false(hsm_reference_pkcs8_begins(private_key_info(key), &read));
        assert_false(hsm_reference_pkcs8_begins(ska_span_of(&der), &read));
        for (size_t length = 0; length < pkcs8.length; length++)
            assert_false(hsm_reference_pkcs8_begins(ska_span(pkcs8.data, length), &read));
        hsm_reference_clear(&reference);
        ska_bytes_free(&der);
        ska_bytes_free(&pkcs8);
        EVP_PKEY_free(key);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

/* What is read as one key must be that in all that it says. */
static void refuses_another_algorithm(void **state)
{
    EVP_PKEY *key = new_key(SKA_KEY_EC);
    struct hsm_reference reference = {0};
    struct hsm_reference_pkcs8 read;
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_bytes der = {NULL, 0};
    struct ska_bytes pkcs8 = {NULL, 0};
    struct ska_bytes bare = {NULL, 0};

    (void)state;
    assert_true(hsm_reference_encode(uri, key, libctx, &der, &shown));
    assert_true(hsm_reference_pkcs8_encode(ska_span_of(&der), &pkcs8, &shown));
    assert_true(hsm_reference_pkcs8_begins(ska_span_of(&pkcs8), &read));
    /* Another curve. */
    *(uint8_t *)(uintptr_t)(read.algorithm.data + read.algorithm.length - 1) ^= 1;
    assert_true(hsm_reference_pkcs8_begins(ska_span_of(&pkcs8), &read));
    assert_false(hsm_reference_pkcs8_decode(&read, libctx, &reference, &errors));
    assert_raised(&recorder, SKA_R_BAD_REFERENCE, "does not match the public key inside");
    assert_null(reference.public_key);
    /* No public key says of which algorithm it is. */
    errors = errors_into(&recorder);
    assert_true(hsm_reference_encode(uri, NULL, libctx, &bare, &shown));
    assert_false(hsm_reference_pkcs8_encode(ska_span_of(&bare), &pkcs8, &errors));
    assert_raised(&recorder, SKA_R_BAD_REFERENCE, "without a public key");
    read.reference = ska_span_of(&bare);
    errors = errors_into(&recorder);
    assert_false(hsm_reference_pkcs8_decode(&read, libctx, &reference, &errors));
    assert_raised(&recorder, SKA_R_BAD_REFERENCE, "it contains no public key");
    ska_bytes_free(&bare);
    ska_bytes_free(&der);
    ska_bytes_free(&pkcs8);
    EVP_PKEY_free(key);
}

/* ---- PEM among other things ------------------------------------------------------------------ */

#define BEGIN "-----BEGIN SKA KEY REFERENCE-----\n"
#define END "-----END SKA KEY REFERENCE-----\n"
#define REST "-----BEGIN CERTIFICATE-----\n"

static BIO *stream(const char *pem, size_t length)
{
    BIO *in = BIO_new_mem_buf(pem, (int)length);

    assert_non_null(in);
    return in;
}

static void reads_pem(const char *pem)
{
    struct ska_bytes der = {NULL, 0};
    char rest[64] = "";
    BIO *in = stream(pem, strlen(pem));

    assert_true(hsm_reference_pem_begins(in));
    assert_true(hsm_reference_pem_read(in, &der, &shown));
    assert_int_equal(der.length, 6);
    assert_memory_equal(der.data, "abcdef", 6);
    /* Whoever reads on begins behind it. */
    BIO_gets(in, rest, sizeof(rest));
    assert_string_equal(rest, strstr(pem, REST) == NULL ? "" : REST);
    ska_bytes_free(&der);
    BIO_free(in);
}

static void is_found_among_other_things(void **state)
{
    (void)state;
    reads_pem(BEGIN "YWJjZGVm\n" END);
    reads_pem(BEGIN "YWJj\nZGVm\n" END REST);
    reads_pem("A key:\n\n" BEGIN "YWJjZGVm \t\r\n\n" END REST);
    reads_pem(BEGIN "YWJjZGVm\n-----END SKA KEY REFERENCE-----");
}

static void is_none(const char *pem)
{
    BIO *in = stream(pem, strlen(pem));

    assert_false(hsm_reference_pem_begins(in));
    BIO_free(in);
}

static void knows_its_first_line(void **state)
{
    (void)state;
    is_none("");
    is_none("YWJjZGVm\n");
    is_none(REST "YWJjZGVm\n");
    is_none(" " BEGIN);
    is_none("-----BEGIN SKA KEY REFERENCE 2-----\n");
    is_none("-----BEGIN SKA KEY REFERENCE----\n");
    assert_int_equal(ERR_peek_error(), 0);
}

static void refuses_pem(const char *pem, size_t length, const char *words)
{
    struct ska_bytes der = {NULL, 0};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    char rest[64] = "";
    BIO *in = stream(pem, length);

    assert_true(hsm_reference_pem_begins(in));
    assert_false(hsm_reference_pem_read(in, &der, &errors));
    assert_raised(&recorder, SKA_R_BAD_REFERENCE, words);
    assert_null(der.data);
    BIO_gets(in, rest, sizeof(rest));
    assert_string_equal(rest, "");
    BIO_free(in);
}

static void refuses_other_pem(void **state)
{
    static const char zero[] = BEGIN "YWJj\0\nZGVm\n" END;
    static const char within[] = BEGIN "YWJj\n-----END SKA KEY REFERENCE-----\0\n";
    static char longer[100000];

    (void)state;
    refuses_pem(BEGIN "YWJjZGV\n" END, strlen(BEGIN "YWJjZGV\n" END), "not base64");
    refuses_pem(BEGIN " YWJj\n" END, strlen(BEGIN " YWJj\n" END), "not base64");
    refuses_pem(BEGIN "YWJj\n", strlen(BEGIN "YWJj\n"), "no line");
    refuses_pem(BEGIN "YWJj\n" REST, strlen(BEGIN "YWJj\n" REST), "no line");
    refuses_pem(zero, sizeof(zero) - 1, "zero byte");
    refuses_pem(within, sizeof(within) - 1, "no line");
    memset(longer, 'A', sizeof(longer));
    memcpy(longer, BEGIN, strlen(BEGIN));
    refuses_pem(longer, sizeof(longer), "no line");
    longer[sizeof(longer) - strlen(END) - 1] = '\n';
    memcpy(longer + sizeof(longer) - strlen(END), END, strlen(END));
    refuses_pem(longer, sizeof(longer), "too long");
    /* What looks like the end in the middle of a line is none. */
    longer[sizeof(longer) - strlen(END) - 1] = 'A';
    refuses_pem(longer, sizeof(longer), "no line");
}

/* ---- What is not ----------------------------------------------------------------------------- */

static void refuses(struct ska_span der, enum ska_reason reason, const char *words)
{
    struct hsm_reference reference = {0};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    assert_false(hsm_reference_decode(der, libctx, &reference, &errors));
    assert_raised(&recorder, reason, words);
    assert_null(reference.text);
    assert_null(reference.uri);
    assert_null(reference.public_key);
}

static void refuses_other_structures(void **state)
{
    static const char shape[] = "not SEQUENCE";
    struct ska_span none = {NULL, 0};
    struct ska_span der;

    (void)state;
    refuses(none, SKA_R_BAD_REFERENCE, shape);
    refuses(ska_span("text", 4), SKA_R_BAD_REFERENCE, shape);
    refuses(ska_span("\x30\x00", 2), SKA_R_BAD_REFERENCE, shape);
    refuses(ska_span("\x30\x80\x02\x01\x00\x0c\x05ska:a\x00\x00", 14), SKA_R_BAD_REFERENCE, shape);
    refuses(reference_of("\0", 1, 0x13, uri, strlen(uri), none), SKA_R_BAD_REFERENCE, shape);
    refuses(reference_of("\0\0", 2, 0x0C, uri, strlen(uri), none), SKA_R_BAD_REFERENCE, shape);
    refuses(reference_to(uri, ska_span("\x05\x00", 2)), SKA_R_BAD_REFERENCE, shape);

    der = reference_to(uri, none);
    whole.data[der.length] = 0;
    refuses(ska_span(der.data, der.length + 1), SKA_R_BAD_REFERENCE, "1 bytes too many");
    refuses(ska_span(der.data, der.length - 1), SKA_R_BAD_REFERENCE, shape);

    /* The same in BER: a length in more bytes than it needs. */
    memmove(whole.data + 2, whole.data + 1, der.length - 1);
    whole.data[1] = 0x81;
    refuses(ska_span(der.data, der.length + 1), SKA_R_BAD_REFERENCE, shape);
}

static void refuses_other_versions(void **state)
{
    struct ska_span none = {NULL, 0};

    (void)state;
    refuses(reference_of("\x01", 1, 0x0C, uri, strlen(uri), none), SKA_R_BAD_REFERENCE,
            "of version 1; only 0 is known");
    refuses(reference_of("\xFF", 1, 0x0C, uri, strlen(uri), none), SKA_R_BAD_REFERENCE,
            "of version -1; only 0 is known");
    refuses(reference_of("\x01\0\0\0\0\0\0\0\0", 9, 0x0C, uri, strlen(uri), none),
            SKA_R_BAD_REFERENCE, "unknown version; only 0 is known");
}

static void refuses_other_uris(void **state)
{
    static char long_uri[100 * 1024 + 1];
    struct ska_span none = {NULL, 0};

    (void)state;
    refuses(reference_to("ska:token=a", none), SKA_R_BAD_REFERENCE, "neither object nor id");
    refuses(reference_to("ska:object=a;type=public", none), SKA_R_BAD_REFERENCE, "type");
    refuses(reference_to("ska:object=a;type=cert", none), SKA_R_BAD_REFERENCE, "type");
    refuses(reference_to("", none), SKA_R_BAD_URI, "starts with");
    refuses(reference_to("file:/a", none), SKA_R_BAD_URI, "starts with");
    refuses(reference_to("ska:object=a;fruit=apple", none), SKA_R_BAD_URI, "fruit");
    refuses(reference_of("\0", 1, 0x0C, "ska:object=a\0b", 14, none), SKA_R_BAD_REFERENCE,
            "zero byte");
    memset(long_uri, 'a', sizeof(long_uri) - 1);
    memcpy(long_uri, "ska:object=", 11);
    refuses(reference_to(long_uri, none), SKA_R_BAD_REFERENCE, "at most 16384");
    long_uri[HSM_URI_LIMIT + 1] = 0;
    refuses(reference_to(long_uri, none), SKA_R_BAD_URI, "longer than 8192");
}

static void refuses_secrets(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct hsm_reference reference = {0};
    struct ska_bytes der = {NULL, 0};
    struct ska_span none = {NULL, 0};

    (void)state;
    assert_false(hsm_reference_decode(reference_to("ska:object=a?pin-value=rosebud", none), libctx,
                                      &reference, &errors));
    assert_raised(&recorder, SKA_R_BAD_REFERENCE, "pin-value");
    assert_null(strstr(recorder.text, "rosebud"));
    errors = errors_into(&recorder);
    assert_false(
        hsm_reference_encode("ska:object=a?pin-value=rosebud", NULL, libctx, &der, &errors));
    assert_raised(&recorder, SKA_R_BAD_REFERENCE, "pin-value");
    assert_null(der.data);
}

static void refuses_code(void **state)
{
    static const char *const uris[] = {"ska:object=a?module-path=/m.so",
                                       "pkcs11:object=a?payload=digest&module-path=m&agent=/s"};
    struct ska_span none = {NULL, 0};

    (void)state;
    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);
        struct ska_bytes der = {NULL, 0};

        refuses(reference_to(uris[i], none), SKA_R_BAD_REFERENCE, "module-path: ");
        assert_false(hsm_reference_encode(uris[i], NULL, libctx, &der, &errors));
        assert_raised(&recorder, SKA_R_BAD_REFERENCE, "module-path: ");
        assert_null(der.data);
    }
    /* Of a broker, which this version does not know. */
    refuses(reference_to("ska:object=a?tsb-url=https://b/", none), SKA_R_BAD_REFERENCE,
            "tsb-url: a reference must not name code");
}

static struct hsm_uri *uri_of(const char *text)
{
    struct hsm_uri *parsed = NULL;

    assert_true(hsm_uri_parse(text, &parsed, &shown));
    return parsed;
}

static void knows_the_configured_pin_files(void **state)
{
    static const struct {
        const char *uri;
        const char *words; /* of the refusal; NULL: taken */
    } cases[] = {
        {"ska:object=a", NULL},
        {"ska:object=a?pin-source=file:/etc/pin", NULL},
        {"ska:object=a?pin-source=/etc/other", NULL},
        {"ska:object=a?pin-source=/etc/shadow", "pin-source: /etc/shadow is not named"},
        {"ska:object=a?pin-source=/etc/../etc/pin", "pin-sources"},
        {"ska:object=a?pin-source=4711", "pin-source: the file (its name is not shown"},
    };
    const struct ska_settings settings = {.pin_source = (char[]){"file:/etc/pin"},
                                          .pin_sources = (char[]){"/etc/another,/etc/other"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hsm_uri *parsed = uri_of(cases[i].uri);
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);

        assert_int_equal(hsm_reference_check_pin_source(parsed, &settings, &errors),
                         cases[i].words == NULL);
        if (cases[i].words != NULL)
            assert_raised(&recorder, SKA_R_BAD_REFERENCE, cases[i].words);
        hsm_uri_free(parsed);
    }
}

static void assert_sources(const char *text, const char *expected)
{
    const struct ska_settings settings = {.approvals_dir = (char[]){"/appr"},
                                          .agent = (char[]){"/a,/b"}};
    struct hsm_uri *parsed = uri_of(text);

    assert_string_equal(hsm_reference_sources(parsed, &settings).text, expected);
    hsm_uri_free(parsed);
}

static void tells_its_own_sources_of_approvals(void **state)
{
    static char long_uri[4000] = "ska:object=a?approvals-dir=/";

    (void)state;
    assert_sources("ska:object=a", "");
    assert_sources("ska:object=a?approvals-dir=/appr&agent=/b", "");
    assert_sources("ska:object=a?agent=/b,/a&approvals-timeout=5", "");
    assert_sources("ska:object=a?agent=/b,/c",
                   "the key reference names agent /b,/c, which the configuration does not");
    assert_sources("ska:object=a?agent=%20/b",
                   "the key reference names agent  /b, which the configuration does not");
    assert_sources("ska:object=a?approvals-dir=/appr/&approvals-file=/f%0a",
                   "the key reference names approvals-file /f\\x0A and approvals-dir /appr/, which "
                   "the configuration does not");
    memset(long_uri + strlen(long_uri), 'x', sizeof(long_uri) - 1 - strlen(long_uri));
    {
        const struct ska_settings none = {0};
        struct hsm_uri *parsed = uri_of(long_uri);
        const struct hsm_reference_sources sources = hsm_reference_sources(parsed, &none);

        assert_true(strlen(sources.text) < 250);
        assert_non_null(strstr(sources.text, ", which the configuration does not"));
        hsm_uri_free(parsed);
    }
}

static EVP_PKEY *ec_key_with(const char *parameter, const char *value)
{
    EVP_PKEY *key = new_key(SKA_KEY_EC);

    assert_true(EVP_PKEY_set_utf8_string_param(key, parameter, value));
    return key;
}

static EVP_PKEY *restricted_pss_key(void)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(libctx, "RSA-PSS", NULL);
    EVP_PKEY *key = NULL;

    assert_true(EVP_PKEY_keygen_init(context) > 0);
    assert_true(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 1024) > 0);
    assert_true(EVP_PKEY_CTX_set_rsa_pss_keygen_md_name(context, "SHA256", NULL) > 0);
    assert_true(EVP_PKEY_generate(context, &key) > 0);
    EVP_PKEY_CTX_free(context);
    return key;
}

static void refuses_other_public_keys(void **state)
{
    static const char words[] = "its public key is invalid";
    struct ska_span spki;

    (void)state;
    refuses(reference_to(uri, ska_span("\x30\x00", 2)), SKA_R_BAD_REFERENCE, words);
    refuses(reference_to(uri, spki_of(EVP_PKEY_Q_keygen(libctx, NULL, "X25519"))),
            SKA_R_BAD_REFERENCE, words);
    refuses(reference_to(uri, spki_of(ec_key_with(OSSL_PKEY_PARAM_EC_ENCODING, "explicit"))),
            SKA_R_BAD_REFERENCE, words);
    refuses(reference_to(uri, spki_of(ec_key_with(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                                  "compressed"))),
            SKA_R_BAD_REFERENCE, words);
    refuses(reference_to(uri, spki_of(restricted_pss_key())), SKA_R_BAD_REFERENCE, words);

    /* A point beside the curve. */
    spki = spki_of(new_key(SKA_KEY_EC));
    ((uint8_t *)(uintptr_t)spki.data)[spki.length - 1] ^= 1;
    refuses(reference_to(uri, spki), SKA_R_BAD_REFERENCE, words);

    /* Bits that are not used, and no bits at all. */
    spki = spki_of(new_key(SKA_KEY_ED25519));
    assert_int_equal(spki.data[11], 0);
    ((uint8_t *)(uintptr_t)spki.data)[11] = 1;
    ((uint8_t *)(uintptr_t)spki.data)[spki.length - 1] &= 0xFE;
    refuses(reference_to(uri, spki), SKA_R_BAD_REFERENCE, words);
    refuses(reference_to(uri, ska_span("\x30\x0a\x30\x05\x06\x03\x2b\x65\x70\x03\x01\x00", 12)),
            SKA_R_BAD_REFERENCE, words);

    /* RSA without its NULL. */
    spki = spki_of(new_key(SKA_KEY_RSA));
    assert_memory_equal(spki.data + 16, "\x05\x00", 2);
    ((uint8_t *)(uintptr_t)spki.data)[16] = 0x04;
    refuses(reference_to(uri, spki), SKA_R_BAD_REFERENCE, words);
}

/* Whatever byte is changed: it is refused, or it is a reference that is written like this. */
static void stands_every_changed_byte(void **state)
{
    struct ska_bytes der = {NULL, 0};
    EVP_PKEY *key = new_key(SKA_KEY_EC);

    (void)state;
    assert_true(hsm_reference_encode(uri, key, libctx, &der, &shown));
    EVP_PKEY_free(key);
    for (size_t i = 0; i < der.length * 8; i++) {
        struct hsm_reference reference = {0};
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);

        der.data[i / 8] ^= (uint8_t)(1 << i % 8);
        if (hsm_reference_decode(ska_span_of(&der), libctx, &reference, &errors)) {
            struct ska_bytes again = {NULL, 0};

            assert_int_equal(recorder.count, 0);
            assert_true(
                hsm_reference_encode(reference.text, reference.public_key, libctx, &again, &shown));
            assert_true(ska_span_equal(ska_span_of(&again), ska_span_of(&der)));
            ska_bytes_free(&again);
        } else {
            assert_int_equal(recorder.count, 1);
        }
        hsm_reference_clear(&reference);
        der.data[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t length = 0; length < der.length; length++)
        refuses(ska_span(der.data, length), SKA_R_BAD_REFERENCE, "not SEQUENCE");
    ska_bytes_free(&der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_writes),
        cmocka_unit_test(goes_without_a_public_key),
        cmocka_unit_test(is_pem_of_its_own_kind),
        cmocka_unit_test(has_a_form_in_pkcs8),
        cmocka_unit_test(refuses_another_algorithm),
        cmocka_unit_test(refuses_other_structures),
        cmocka_unit_test(refuses_other_versions),
        cmocka_unit_test(refuses_other_uris),
        cmocka_unit_test(refuses_code),
        cmocka_unit_test(knows_the_configured_pin_files),
        cmocka_unit_test(tells_its_own_sources_of_approvals),
        cmocka_unit_test(refuses_secrets),
        cmocka_unit_test(refuses_other_public_keys),
        cmocka_unit_test(stands_every_changed_byte),
        cmocka_unit_test(is_found_among_other_things),
        cmocka_unit_test(knows_its_first_line),
        cmocka_unit_test(refuses_other_pem),
    };

    return cmocka_run_group_tests(tests, support_begin, support_end);
}
