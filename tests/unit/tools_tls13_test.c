/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ends of a TLS 1.3 connection sign, written down from RFC 8446, 4.4.3, and everything
 * near it.
 */
#include "codec_support.h"

#include "tools/agent/tls13.h"

#define CONTEXT "TLS 1.3, server CertificateVerify"
#define CLIENT_CONTEXT "TLS 1.3, client CertificateVerify"
#define SPACES 64

/* The example in RFC 8446: a transcript hash of 32 bytes 01. */
static const char published[] = "2020202020202020202020202020202020202020202020202020202020202020"
                                "2020202020202020202020202020202020202020202020202020202020202020"
                                "544c5320312e332c207365727665722043657274696669636174655665726966"
                                "79"
                                "00"
                                "0101010101010101010101010101010101010101010101010101010101010101";

struct message {
    uint8_t data[512];
    size_t length;
};

static void put_message(struct message *message, size_t spaces, const char *context,
                        const char *separator, size_t separator_length, size_t hash_length)
{
    size_t context_length = strlen(context);

    assert_true(spaces + context_length + separator_length + hash_length <= sizeof(message->data));
    memset(message->data, ' ', spaces);
    memcpy(message->data + spaces, context, context_length);
    memcpy(message->data + spaces + context_length, separator, separator_length);
    message->length = spaces + context_length + separator_length;
    for (size_t i = 0; i < hash_length; i++)
        message->data[message->length++] = (uint8_t)(0xA0 + i);
}

/* In memory of exactly its length. */
static bool recognized(const uint8_t *data, size_t length)
{
    struct ska_span copy = exact(ska_span(data, length));
    bool is = ska_is_tls13_message(SKA_TLS13_SERVER, copy);

    exact_free(copy);
    return is;
}

static bool is_recognized(const struct message *message)
{
    return recognized(message->data, message->length);
}

static void the_published_example_is_recognized(void **state)
{
    struct ska_bytes message = from_hex(published);

    (void)state;
    assert_true(recognized(message.data, message.length));
    ska_bytes_free(&message);
}

static void hashes_have_32_or_48_bytes(void **state)
{
    struct message message;

    (void)state;
    for (size_t length = 0; length <= 300; length++) {
        put_message(&message, SPACES, CONTEXT, "", 1, length);
        assert_int_equal(is_recognized(&message), length == 32 || length == 48);
    }
}

static void spaces_are_64(void **state)
{
    struct message message;

    (void)state;
    for (size_t spaces = 0; spaces <= 200; spaces++)
        for (size_t length = 32; length <= 48; length += 16) {
            put_message(&message, spaces, CONTEXT, "", 1, length);
            assert_int_equal(is_recognized(&message), spaces == SPACES);
        }
}

static void other_contexts_are_not_recognized(void **state)
{
    static const char *const others[] = {
        "TLS 1.3, client CertificateVerify",
        "TLS 1.3, server certificateverify",
        "tls 1.3, server CertificateVerify",
        "TLS 1.2, server CertificateVerify",
        "TLS 1.3, Server CertificateVerify",
        "TLS 1.3 server CertificateVerify",
        "TLS 1.3, server CertificateVerify ",
        " TLS 1.3, server CertificateVerify",
        "TLS 1.3, server CertificateVerif",
        "DTLS1.3, server CertificateVerify",
        "",
    };
    struct message message;

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        for (size_t length = 30; length <= 50; length++) {
            put_message(&message, SPACES, others[i], "", 1, length);
            if (is_recognized(&message))
                fail_msg("'%s' with a hash of %zu bytes", others[i], length);
        }
}

static void one_zero_byte_separates(void **state)
{
    static const struct {
        const char *separator;
        size_t length;
    } others[] = {{"", 0}, {"\0", 2}, {" ", 1}, {"\1", 1}, {"\0 ", 2}};
    struct message message;

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        for (size_t length = 32; length <= 48; length += 16) {
            put_message(&message, SPACES, CONTEXT, others[i].separator, others[i].length, length);
            assert_false(is_recognized(&message));
        }
}

/* Of every byte before the hash, every other value; of the hash, any. */
static void every_byte_before_the_hash_counts(void **state)
{
    struct message message;

    (void)state;
    for (size_t length = 32; length <= 48; length += 16) {
        put_message(&message, SPACES, CONTEXT, "", 1, length);
        for (size_t i = 0; i < message.length; i++) {
            uint8_t right = message.data[i];

            for (unsigned int value = 0; value < 256; value++) {
                message.data[i] = (uint8_t)value;
                assert_int_equal(is_recognized(&message),
                                 value == right || i >= message.length - length);
            }
            message.data[i] = right;
        }
    }
}

static void neither_more_nor_less_is_recognized(void **state)
{
    struct message message;

    (void)state;
    put_message(&message, SPACES, CONTEXT, "", 1, 200);
    for (size_t length = 0; length <= message.length; length++)
        assert_int_equal(recognized(message.data, length),
                         length == SPACES + 33 + 1 + 32 || length == SPACES + 33 + 1 + 48);
    for (size_t begin = 1; begin < message.length; begin++)
        assert_false(recognized(message.data + begin, SPACES + 33 + 1 + 32));
    assert_false(ska_is_tls13_message(SKA_TLS13_SERVER, ska_span(NULL, 0)));
    assert_false(ska_is_tls13_message(SKA_TLS13_CLIENT, ska_span(NULL, 0)));
}

static void client_and_server_are_told_apart(void **state)
{
    static const char *const contexts[] = {
        [SKA_TLS13_SERVER] = CONTEXT,
        [SKA_TLS13_CLIENT] = CLIENT_CONTEXT,
    };
    struct message message;

    (void)state;
    for (int signer = SKA_TLS13_SERVER; signer <= SKA_TLS13_CLIENT; signer++)
        for (size_t length = 30; length <= 50; length++) {
            put_message(&message, SPACES, contexts[signer], "", 1, length);
            for (int role = SKA_TLS13_SERVER; role <= SKA_TLS13_CLIENT; role++)
                assert_int_equal(ska_is_tls13_message((enum ska_tls13_role)role,
                                                      ska_span(message.data, message.length)),
                                 role == signer && (length == 32 || length == 48));
        }
}

/* The schemes of RFC 8446, 4.2.3, that may sign a CertificateVerify; no other combination. */
static void mechanisms_are_those_of_tls_13(void **state)
{
    static const enum ska_digest digests[] = {SKA_DIGEST_NONE,   SKA_DIGEST_SHA1,
                                              SKA_DIGEST_SHA224, SKA_DIGEST_SHA256,
                                              SKA_DIGEST_SHA384, SKA_DIGEST_SHA512};
    const size_t count = sizeof(digests) / sizeof(digests[0]);
    size_t right = 0;

    (void)state;
    for (int scheme = SKA_SCHEME_PKCS1; scheme <= SKA_SCHEME_EDDSA; scheme++)
        for (int form = SKA_PAYLOAD_DIGEST; form <= SKA_PAYLOAD_MESSAGE; form++)
            for (size_t digest = 0; digest < count; digest++)
                for (size_t mgf1 = 0; mgf1 < count; mgf1++)
                    for (size_t salt = 0; salt <= 100; salt++) {
                        struct ska_mechanism mechanism = {(enum ska_scheme)scheme,
                                                          digests[digest],
                                                          (enum ska_payload_form)form,
                                                          digests[mgf1],
                                                          salt,
                                                          false};
                        bool is = ska_is_tls13_mechanism(&mechanism);

                        if (form == SKA_PAYLOAD_DIGEST || scheme == SKA_SCHEME_PKCS1)
                            assert_false(is);
                        if (scheme == SKA_SCHEME_ECDSA && form == SKA_PAYLOAD_MESSAGE)
                            assert_int_equal(is, digest >= 3);
                        if (scheme == SKA_SCHEME_EDDSA && form == SKA_PAYLOAD_MESSAGE)
                            assert_true(is);
                        right += scheme == SKA_SCHEME_PSS && is;
                    }
    assert_int_equal(right, 3);
}

/* Client and server random with the parameters of the key exchange, as TLS 1.2 has them signed. */
static void tls_12_is_not_recognized(void **state)
{
    struct message message;

    (void)state;
    for (message.length = 0; message.length <= sizeof(message.data); message.length++) {
        for (size_t i = 0; i < message.length; i++)
            message.data[i] = (uint8_t)(i * 37 + 5);
        if (message.length > 68)
            memcpy(message.data + 64, "\x03\x00\x1d\x20", 4); /* x25519, 32 bytes */
        assert_false(is_recognized(&message));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_example_is_recognized),
        cmocka_unit_test(hashes_have_32_or_48_bytes),
        cmocka_unit_test(spaces_are_64),
        cmocka_unit_test(other_contexts_are_not_recognized),
        cmocka_unit_test(one_zero_byte_separates),
        cmocka_unit_test(every_byte_before_the_hash_counts),
        cmocka_unit_test(neither_more_nor_less_is_recognized),
        cmocka_unit_test(tls_12_is_not_recognized),
        cmocka_unit_test(client_and_server_are_told_apart),
        cmocka_unit_test(mechanisms_are_those_of_tls_13),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
