/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What signed content is taken for, and what of it may stand in a request. Genuine structures are
 * in scenario.signed_content; here stand those that are nearly some.
 */
#include "sign_support.h"

#include <openssl/objects.h>

#include "provider/base/der.h"
#include "provider/request/signed_content.h"

static bool is_valid(const char *hex)
{
    struct ska_bytes der = from_hex(hex);
    bool valid = ska_der_valid(ska_span_of(&der));

    ska_bytes_free(&der);
    return valid;
}

static void der_is_strict(void **state)
{
    static const char *const good[] = {
        "0500",       "0101FF",       "010100",     "020100",
        "0202FF7F",   "02020080",     "03020780",   "030100",
        "06022A03",   "0C02C3A4",     "30030201FF", "3106020101020102",
        "A003020102", "800412345678", "0A0105",     "310502010A0500",
    };
    static const char *const bad[] = {
        "",           "05",       "0501",           "050100",       "0101",
        "010101",     "0200",     "02020001",       "0202FFFF",     "0300",
        "030108",     "03020781", "030101",         "0600",         "06018A",
        "0602802A",   "0C01FF",   "30800201000000", "308103020100", "3106020102020101",
        "2403040100", "1F1F0100", "0000",           "30020201",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (!is_valid(good[i]))
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (is_valid(bad[i]))
            fail_msg("taken: %s", bad[i]);
}

/* SEQUENCEs in SEQUENCEs, `depth` of them. */
static bool nested(size_t depth)
{
    uint8_t der[2 * (SKA_DER_DEPTH + 2)];

    for (size_t i = 0; i < depth; i++) {
        der[2 * i] = SKA_DER_SEQUENCE;
        der[2 * i + 1] = (uint8_t)(2 * (depth - i - 1));
    }
    return ska_der_valid(ska_span(der, 2 * depth));
}

static void depth_is_bounded(void **state)
{
    (void)state;
    assert_true(nested(SKA_DER_DEPTH));
    assert_false(nested(SKA_DER_DEPTH + 1));
}

/* ---- Attributes ------------------------------------------------------------------------------ */

#define CONTENT_TYPE "301806092a864886f70d010903310b06092a864886f70d010701"
#define DIGEST_4 "301306092a864886f70d0109043106040411223344"
#define DIGEST_4B "301306092a864886f70d0109043106040411223345"
#define OTHER                                                                                      \
    "300a06032a0304310305"                                                                         \
    "0001" /* wrong: NULL of one byte */
#define UNKNOWN "300906032a030431020500"

static enum ska_content_kind kind_of(const char *hex)
{
    struct ska_bytes content = from_hex(hex);
    enum ska_content_kind kind = ska_content_kind(ska_span_of(&content));

    ska_bytes_free(&content);
    return kind;
}

static void attributes_need_type_and_one_digest(void **state)
{
    struct ska_bytes good = from_hex("313a" UNKNOWN DIGEST_4 CONTENT_TYPE);
    struct ska_span digest = {NULL, 0};

    (void)state;
    assert_int_equal(ska_content_kind(ska_span_of(&good)), SKA_CONTENT_ATTRIBUTES);
    assert_true(ska_content_document_digest(ska_span_of(&good), &digest));
    assert_memory_equal(digest.data, "\x11\x22\x33\x44", 4);
    assert_int_equal(digest.length, 4);
    ska_bytes_free(&good);
    assert_int_equal(kind_of("3120" UNKNOWN DIGEST_4), SKA_CONTENT_OTHER);
    assert_int_equal(kind_of("3125" UNKNOWN CONTENT_TYPE), SKA_CONTENT_OTHER);
    assert_int_equal(kind_of("3144" DIGEST_4 DIGEST_4B CONTENT_TYPE), SKA_CONTENT_OTHER);
    /* Not in order, not in DER, as a SEQUENCE, with something behind. */
    assert_int_equal(kind_of("312f" CONTENT_TYPE DIGEST_4), SKA_CONTENT_OTHER);
    assert_int_equal(kind_of("313b" OTHER DIGEST_4 CONTENT_TYPE), SKA_CONTENT_OTHER);
    assert_int_equal(kind_of("302f" DIGEST_4 CONTENT_TYPE), SKA_CONTENT_OTHER);
    assert_int_equal(kind_of("312f" DIGEST_4 CONTENT_TYPE "0500"), SKA_CONTENT_OTHER);
}

/* A request for a certificate, as far as it is looked at; with less in it, or more. */
static void shapes_are_whole(void **state)
{
    (void)state;
    assert_int_equal(kind_of("300902010030003000a000"), SKA_CONTENT_CERTIFICATION_REQUEST);
    assert_int_equal(kind_of("300b02010030003000a0000500"), SKA_CONTENT_OTHER);
    assert_int_equal(kind_of("300702010030003000"), SKA_CONTENT_OTHER);
    assert_int_equal(kind_of("310902010030003000a000"), SKA_CONTENT_OTHER);
}

static enum ska_content_repeats repeats(const char *hex)
{
    struct ska_bytes content = from_hex(hex);
    enum ska_content_repeats answer = ska_content_repeats(ska_span_of(&content));

    ska_bytes_free(&content);
    return answer;
}

/* What has the time of the command in it is another thing at the next one. */
static void times_do_not_repeat(void **state)
{
    (void)state;
    assert_int_equal(repeats("312f" DIGEST_4 CONTENT_TYPE), SKA_CONTENT_REPEATS);
    assert_int_equal(repeats("314d" DIGEST_4 CONTENT_TYPE
                             "301c06092a864886f70d010905310f170d3236313132383233333231345a"),
                     SKA_CONTENT_IS_NEW);
    assert_int_equal(repeats("300902010030003000a000"), SKA_CONTENT_REPEATS);
    assert_int_equal(repeats("300f02010030003000300030003000a300"), SKA_CONTENT_MAY_REPEAT);
    assert_int_equal(repeats("41"), SKA_CONTENT_REPEATS);
    assert_int_equal(repeats(""), SKA_CONTENT_REPEATS);
}

/* ---- What is kept ---------------------------------------------------------------------------- */

static bool is_kept(enum ska_request_content setting, const void *content, size_t length)
{
    return ska_content_is_kept(setting, ska_span(content, length));
}

static void settings_decide(void **state)
{
    static uint8_t long_one[SKA_CONTENT_LIMIT + 1];

    (void)state;
    assert_true(is_kept(SKA_REQUEST_CONTENT_ALL, "a text", 6));
    assert_false(is_kept(SKA_REQUEST_CONTENT_STRUCTURES, "a text", 6));
    assert_false(is_kept(SKA_REQUEST_CONTENT_NONE, "a text", 6));
    memset(long_one, 'x', sizeof(long_one));
    assert_true(is_kept(SKA_REQUEST_CONTENT_ALL, long_one, SKA_CONTENT_LIMIT));
    assert_false(is_kept(SKA_REQUEST_CONTENT_ALL, long_one, sizeof(long_one)));
}

/* TLS 1.3; ServerKeyExchange of ECDHE and of DHE; the messages before a CertificateVerify. */
static void handshakes_are_not_kept(void **state)
{
    uint8_t content[200];

    (void)state;
    memset(content, ' ', 64);
    memcpy(content + 64, "TLS 1.3, client CertificateVerify", 34);
    memset(content + 98, 7, 32);
    assert_false(is_kept(SKA_REQUEST_CONTENT_ALL, content, 130));
    content[0] = '.';
    assert_true(is_kept(SKA_REQUEST_CONTENT_ALL, content, 130));

    memset(content, 0xA5, 64);
    memcpy(content + 64, "\x03\x00\x17\x41", 4);
    memset(content + 68, 4, 65);
    assert_false(is_kept(SKA_REQUEST_CONTENT_ALL, content, 133));
    assert_true(is_kept(SKA_REQUEST_CONTENT_ALL, content, 134));
    memcpy(content + 64, "\x00\x02PP\x00\x01G\x00\x02YY", 11);
    assert_false(is_kept(SKA_REQUEST_CONTENT_ALL, content, 75));
    assert_true(is_kept(SKA_REQUEST_CONTENT_ALL, content, 76));

    memcpy(content, "\x01\x00\x00\x02HH\x02\x00\x00\x01S", 11);
    assert_false(is_kept(SKA_REQUEST_CONTENT_ALL, content, 11));
    assert_true(is_kept(SKA_REQUEST_CONTENT_ALL, content, 10));
}

/* ---- What a signature could mean ------------------------------------------------------------- */

static void assert_means(enum ska_content_meaning expected, const void *content, size_t length)
{
    assert_int_equal(ska_content_meaning(ska_span(content, length), length), expected);
}

/* Of a file of `size` bytes that begins so, as much as is looked at; with zeros behind. */
static enum ska_content_meaning beginning_means(const char *hex, size_t size)
{
    struct ska_bytes begin = from_hex(hex);
    size_t length = size < SKA_CONTENT_LIMIT + 1 ? size : SKA_CONTENT_LIMIT + 1;
    uint8_t *start = calloc(1, length);
    enum ska_content_meaning meaning = SKA_MEANS_DOCUMENT;

    assert_non_null(start);
    memcpy(start, begin.data, begin.length);
    meaning = ska_content_meaning(ska_span(start, length), size);
    free(start);
    ska_bytes_free(&begin);
    return meaning;
}

/* libcrypto takes a certificate in each of these, and its signature is over them as they are. */
static void structures_are_known_in_any_encoding(void **state)
{
    static const struct {
        const char *begin;
        size_t size;
    } yes[] = {
        {"3000", 2},
        {"300902010030003000a000", 11},
        {"3106020109020101", 8}, /* not in order */
        {"30060101010201", 8},   /* TRUE as another number */
        {"307f", 129},
        {"308103020100", 6},
        {"30820003020100", 7},
        {"308c000000000000000000000003020100", 17},
        {"3083011170", 70005},
        {"3184001117ff", 0x1117ff + 6},
        {"3080020100", 7},
        {"3180", 100000},
        {"3f1003020100", 6},
        {"3f1103020100", 6},
        {"3f80801003020100", 8},
    };
    static const struct {
        const char *begin;
        size_t size;
    } no[] = {
        {"30", 1},
        {"3001", 2},
        {"3000", 3},
        {"3082000302", 5},
        {"3082000302010000", 8},
        {"308a01000000000000000003020100", 15}, /* 2^72 and 3 */
        {"308c0000", 4},
        {"0203020100", 5},
        {"3f3f", 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        if (beginning_means(yes[i].begin, yes[i].size) != SKA_MEANS_STRUCTURE)
            fail_msg("no structure: %s", yes[i].begin);
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        if (beginning_means(no[i].begin, no[i].size) != SKA_MEANS_DOCUMENT)
            fail_msg("a structure: %s", no[i].begin);
}

static void other_signatures_are_known(void **state)
{
    static const char *const yes[] = {
        "<SignedInfo xmlns=\"x\">",
        "<ds:SignedInfo>",
        "<ds:SignedInfo><ds:Reference>",
        "<a-very-long-prefix-of-a-name-that-nobody-would-use:SignedInfo xmlns=\"x\">",
        "eyJhbGciOiJFUzI1NiJ9.e30",    /* {"alg":"ES256"} */
        "IHsKImFsZyI6IkVTMjU2In0.e30", /* with blanks in it */
        "77u/eyJhbGciOiJFUzI1NiJ9.a document",
        "\xD0\x94\xD0\xBE\xD0\xB3 \n(eyJhbGci\nOiJFUzI1NiJ9=.e30", /* what is no base64 is skipped
                                                                    */
        "ewAiAGEA.e30", /* in UTF-16, with either end first */
        "AHsAIgBh.e30",
        "//57ACIA.e30", /* and with a byte order mark */
        "e30."};
    static const char *const no[] = {"<Signed",
                                     "<a b=\"c:SignedInfo\">",
                                     "eyJhbGciOiJFUzI1NiJ9",
                                     "SignedInfo",
                                     "",
                                     "example.",
                                     "ICA.e30",
                                     ".",
                                     "<SignedInformation>",
                                     "<ds:SignedInfo"};
    struct ska_bytes attributes = from_hex("312f" DIGEST_4 CONTENT_TYPE);
    static uint8_t large[SKA_MEANING_LIMIT + 1];

    (void)state;
    assert_means(SKA_MEANS_OTHER_DOCUMENT, attributes.data, attributes.length);
    ska_bytes_free(&attributes);
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        if (ska_content_meaning(ska_span_text(yes[i]), strlen(yes[i])) != SKA_MEANS_OTHER_DOCUMENT)
            fail_msg("a document: %s", yes[i]);
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        if (ska_content_meaning(ska_span_text(no[i]), strlen(no[i])) != SKA_MEANS_DOCUMENT)
            fail_msg("no document: %s", no[i]);
    /* What would tell may come later. */
    memset(large, 'A', sizeof(large));
    large[0] = '<';
    assert_means(SKA_MEANS_OTHER_DOCUMENT, large, sizeof(large));
    assert_means(SKA_MEANS_DOCUMENT, large, sizeof(large) - 1);
    memcpy(large, "eyJh", 4);
    assert_means(SKA_MEANS_OTHER_DOCUMENT, large, sizeof(large));
    assert_means(SKA_MEANS_DOCUMENT, large, sizeof(large) - 1);
}

static void handshakes_are_known(void **state)
{
    uint8_t content[200];

    (void)state;
    memset(content, ' ', 65);
    assert_means(SKA_MEANS_HANDSHAKE, content, 65);
    assert_means(SKA_MEANS_DOCUMENT, content, 64);
    content[63] = '.';
    assert_means(SKA_MEANS_DOCUMENT, content, 65);
    memset(content, 0xA5, 64);
    memcpy(content + 64, "\x03\x00\x17\x01G", 5);
    assert_means(SKA_MEANS_HANDSHAKE, content, 69);
    assert_means(SKA_MEANS_DOCUMENT, content, 70);
    /* A ClientHello, whatever follows, and what is too short to be one or not all there. */
    memcpy(content, "\x01\x00\x00\x29", 4);
    assert_means(SKA_MEANS_HANDSHAKE, content, 45);
    assert_means(SKA_MEANS_HANDSHAKE, content, 60);
    assert_means(SKA_MEANS_DOCUMENT, content, 44);
    content[3] = 40;
    assert_means(SKA_MEANS_DOCUMENT, content, 60);
    assert_means(SKA_MEANS_DOCUMENT, content, 3);
    /* In the form of SSL 2. */
    memcpy(content, "\x01\x03\x03\x00", 4);
    assert_means(SKA_MEANS_HANDSHAKE, content, 60);
    content[2] = 5;
    assert_means(SKA_MEANS_DOCUMENT, content, 60);
}

/* With zeros in front of the prime a server's parameters are as long as they can be. */
static void long_handshakes_are_known(void **state)
{
    static uint8_t content[SKA_MEANING_LIMIT + 1];
    size_t at = 64;

    (void)state;
    memset(content, 0xA5, at);
    for (int i = 0; i < 3; i++, at += 2 + 65535)
        memcpy(content + at, "\xFF\xFF", 2);
    assert_means(SKA_MEANS_HANDSHAKE, content, SKA_MEANING_LIMIT);
    assert_means(SKA_MEANS_DOCUMENT, content, SKA_MEANING_LIMIT - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(der_is_strict),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(attributes_need_type_and_one_digest),
        cmocka_unit_test(shapes_are_whole),
        cmocka_unit_test(times_do_not_repeat),
        cmocka_unit_test(settings_decide),
        cmocka_unit_test(handshakes_are_not_kept),
        cmocka_unit_test(structures_are_known_in_any_encoding),
        cmocka_unit_test(other_signatures_are_known),
        cmocka_unit_test(handshakes_are_known),
        cmocka_unit_test(long_handshakes_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
