/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an approver is warned of in what would be signed: SHA-1, whatever it is the digest of, and
 * whether the request names it or not.
 */
#include "sign_support.h"

#include "provider/request/algorithm.h"
#include "provider/request/signed_content.h"
#include "tools/show/briefing_subject.h"

static const uint8_t zeros[64];

/* How often the page for this request warns of SHA-1. */
static size_t count_warnings(const struct ska_request *request)
{
    const struct ska_approval_token token = {.has_timestamp = false};
    struct page page = {0};
    struct ska_bytes text = {NULL, 0};
    size_t count = 0;

    briefing_subject(NULL, request, &token, NULL, BRIEFING_BY_FILE, &page);
    assert_true(page_finish(&page, &text, NULL));
    for (char *c = (char *)text.data; *c != 0; c++)
        *c = (char)(*c == '\n' ? ' ' : *c);
    for (const char *at = (const char *)text.data; (at = strstr(at, "(SHA-1)")) != NULL; at++)
        count++;
    assert_true(count == 0 || strstr((const char *)text.data, "WARNING: the fingerprint") != NULL);
    assert_true(count <= page.warnings);
    ska_bytes_free(&text);
    return count;
}

/* ... for a digest of this length, of which the request says that it is `named`, of `content`. */
static size_t warnings_for(const char *algorithm, size_t length, enum ska_digest named,
                           struct ska_bytes content)
{
    struct ska_request request = {
        .operation = SKA_OPERATION_SIGN, .digest = named, .signed_content = content};
    size_t count = 0;

    assert_true(ska_algorithm_from_name(algorithm, &request.mechanism));
    assert_true(ska_payload_from_digest(&request.mechanism, ska_span(zeros, length),
                                        &request.payload, NULL));
    count = count_warnings(&request);
    ska_bytes_free(&request.payload);
    return count;
}

static void sha1_is_known_by_its_length(void **state)
{
    const struct ska_bytes unseen = {NULL, 0};

    (void)state;
    assert_int_equal(warnings_for("NONE_WITH_ECDSA", 20, SKA_DIGEST_SHA1, unseen), 1);
    assert_int_equal(warnings_for("NONE_WITH_ECDSA", 20, SKA_DIGEST_NONE, unseen), 1);
    assert_int_equal(warnings_for("NONE_WITH_ECDSA", 20, SKA_DIGEST_SHA256, unseen), 1);
    assert_int_equal(warnings_for("NONESHA1_WITH_RSA", 20, SKA_DIGEST_NONE, unseen), 1);
    assert_int_equal(warnings_for("NONE_WITH_ECDSA", 28, SKA_DIGEST_NONE, unseen), 0);
    assert_int_equal(warnings_for("NONE_WITH_ECDSA", 32, SKA_DIGEST_SHA256, unseen), 0);
    assert_int_equal(warnings_for("NONESHA256_WITH_RSA", 32, SKA_DIGEST_NONE, unseen), 0);
    assert_int_equal(warnings_for("NONESHA512_WITH_RSA_PSS", 64, SKA_DIGEST_NONE, unseen), 0);
}

/* The corpus of content_fuzz has one of each kind. */
static struct ska_bytes content_of_kind(const char *kind)
{
    char path[4096];
    uint8_t content[1024];
    struct ska_bytes bytes = {NULL, 0};
    FILE *file = NULL;

    snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/content/%s", SKA_SOURCE_DIR, kind);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_true(
        ska_bytes_copy(&bytes, ska_span(content, fread(content, 1, sizeof(content), file)), NULL));
    fclose(file);
    return bytes;
}

static void sha1_is_warned_of_in_each_kind_of_content(void **state)
{
    static const char *const kinds[] = {"attributes", "certificate", "certification-request",
                                        "crl",        "ocsp",        "tls13"};

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct ska_bytes content = content_of_kind(kinds[i]);

        assert_int_equal(warnings_for("NONE_WITH_ECDSA", 20, SKA_DIGEST_NONE, content), 1);
        assert_int_equal(warnings_for("NONE_WITH_ECDSA", 20, SKA_DIGEST_SHA1, content), 1);
        assert_int_equal(warnings_for("NONESHA1_WITH_RSA", 20, SKA_DIGEST_SHA1, content), 1);
        assert_int_equal(warnings_for("NONE_WITH_ECDSA", 32, SKA_DIGEST_SHA256, content), 0);
        ska_bytes_free(&content);
    }
}

/* They hold one digest, and are hashed to another. */
static void each_digest_of_attributes_counts(void **state)
{
    struct ska_bytes sha1 = from_hex("313f301806092a864886f70d010903310b06092a864886f70d010701"
                                     "302306092a864886f70d01090431160414"
                                     "0000000000000000000000000000000000000000");

    (void)state;
    assert_int_equal(ska_content_kind(ska_span_of(&sha1)), SKA_CONTENT_ATTRIBUTES);
    assert_int_equal(warnings_for("NONE_WITH_ECDSA", 32, SKA_DIGEST_SHA256, sha1), 1);
    assert_int_equal(warnings_for("NONE_WITH_ECDSA", 20, SKA_DIGEST_NONE, sha1), 1);
    ska_bytes_free(&sha1);
}

/* Of a message nothing has to be told: the HSM hashes it by what the algorithm says. */
static void messages_are_hashed_too(void **state)
{
    static const char *const algorithms[] = {"SHA1_WITH_ECDSA", "SHA1_WITH_RSA",
                                             "SHA256_WITH_ECDSA", "EDDSA"};
    char text[] = "We have a deal.";

    (void)state;
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        struct ska_request request = {.operation = SKA_OPERATION_SIGN,
                                      .payload = {(uint8_t *)text, strlen(text)}};

        assert_true(ska_algorithm_from_name(algorithms[i], &request.mechanism));
        assert_int_equal(count_warnings(&request), i < 2 ? 1 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha1_is_known_by_its_length),
        cmocka_unit_test(sha1_is_warned_of_in_each_kind_of_content),
        cmocka_unit_test(each_digest_of_attributes_counts),
        cmocka_unit_test(messages_are_hashed_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
