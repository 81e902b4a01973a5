/* SPDX-License-Identifier: Apache-2.0 */
/* What the simulator of the broker computes itself: SLIP-10, BIP-340, Keccak, OAEP; by published
 * vectors.
 */
#include "cmocka_all.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>

#include "provider/base/evp_key.h"
#include "simulator/tsb/derivation.h"
#include "simulator/tsb/keccak.h"
#include "simulator/tsb/rsa_padding.h"
#include "simulator/tsb/schnorr.h"

static struct ska_bytes from_hex(const char *hex)
{
    struct ska_bytes bytes = {NULL, 0};

    assert_true(ska_hex_decode(hex, &bytes));
    return bytes;
}

static void assert_hex(const uint8_t *bytes, size_t length, const char *hex)
{
    struct ska_bytes wanted = from_hex(hex);

    assert_int_equal(length, wanted.length);
    assert_memory_equal(bytes, wanted.data, length);
    ska_bytes_free(&wanted);
}

/* ---- SLIP-10: its test vector 1 -------------------------------------------------------------- */

static const struct {
    int curve;
    const char *path; /* NULL: the master */
    const char *chain;
    const char *key;
} derived[] = {
    {NID_secp256k1, NULL, "873dff81c02f525623fd1fe5167eac3a55a049de3d314bb42ee227ffed37d508",
     "e8f32e723decf4051aefac8e2c93c9c5b214313817cdb01a1494b917c8436b35"},
    {NID_secp256k1, "0'", "47fdacbd0f1097043b78c63c20c34ef4ed9a111d980047ad16282c7ae6236141",
     "edb2e14f9ee77d26dd93b4ecede8d16ed408ce149b6cd80b0715a2d911a0afea"},
    {NID_secp256k1, "0'/1", "2a7857631386ba23dacac34180dd1983734e444fdbf774041578e9b6adb37c19",
     "3c6cb8d0f6a264c91ea8b5030fadaa8e538b020f0a387421a12de9319dc93368"},
    {NID_ED25519, NULL, "90046a93de5380a72b5e45010748567d5ea02bbf6522f979e05c0d8d8ca9fffb",
     "2b4be7f19ee27bbf30c667b642d5f4aa69fd169872f8fc3059c08ebae2eb19e7"},
    {NID_ED25519, "0'", "8b59aa11380b624e81507a27fedda59fea6d0b779a778918a2fd3590e16e9c69",
     "68e0fe46dfb67e368c75379acec591dad19df3cde26e63b93a8e704f1dade7a3"},
};

static void slip_10(void **state)
{
    struct ska_bytes seed = from_hex("000102030405060708090a0b0c0d0e0f");

    (void)state;
    for (size_t i = 0; i < sizeof(derived) / sizeof(derived[0]); i++) {
        struct tsb_node node;

        assert_true(tsb_node_from_seed(NULL, derived[i].curve, ska_span_of(&seed), &node));
        if (derived[i].path != NULL)
            assert_true(tsb_node_derive(NULL, derived[i].path, &node));
        assert_hex(node.chain, sizeof(node.chain), derived[i].chain);
        assert_hex(node.key, sizeof(node.key), derived[i].key);
    }
    ska_bytes_free(&seed);
}

static void paths_that_lead_nowhere(void **state)
{
    static const char *const paths[] = {"",
                                        "/",
                                        "0'/",
                                        "/0'",
                                        "x",
                                        "0''",
                                        "-1",
                                        "2147483648",
                                        "2147483648'",
                                        "0h",
                                        "0' /1",
                                        "'",
                                        "00000000000000000"};
    struct ska_bytes seed = from_hex("000102030405060708090a0b0c0d0e0f");
    struct tsb_node node;

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        assert_true(tsb_node_from_seed(NULL, NID_secp256k1, ska_span_of(&seed), &node));
        assert_false(tsb_node_derive(NULL, paths[i], &node));
    }
    /* On Ed25519 all is hardened. */
    assert_true(tsb_node_from_seed(NULL, NID_ED25519, ska_span_of(&seed), &node));
    assert_false(tsb_node_derive(NULL, "0", &node));
    assert_false(tsb_node_from_seed(NULL, NID_secp384r1, ska_span_of(&seed), &node));
    assert_false(tsb_node_from_seed(NULL, NID_secp256k1, ska_span(seed.data, 15), &node));
    ska_bytes_free(&seed);
}

/* ---- BIP-340: vectors 0 and 1 of the proposal --------------------------------------------------
 */

static const struct {
    const char *scalar;
    const char *random;
    const char *message;
    const char *signature;
} signed_vectors[] = {
    {"0000000000000000000000000000000000000000000000000000000000000003",
     "0000000000000000000000000000000000000000000000000000000000000000",
     "0000000000000000000000000000000000000000000000000000000000000000",
     "e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca8215"
     "25f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0"},
    {"b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef",
     "0000000000000000000000000000000000000000000000000000000000000001",
     "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
     "6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de3341"
     "8906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a"},
};

/* The point of a private key, uncompressed. */
static struct ska_bytes point_of(struct ska_span scalar)
{
    struct tsb_node node = {.curve = NID_secp256k1};
    struct ska_bytes point = {NULL, 0};
    unsigned char *encoded = NULL;
    EVP_PKEY *key = NULL;

    assert_int_equal(scalar.length, sizeof(node.key));
    memcpy(node.key, scalar.data, scalar.length);
    key = tsb_node_key(NULL, &node);
    assert_non_null(key);
    point.length = EVP_PKEY_get1_encoded_public_key(key, &encoded);
    assert_true(ska_bytes_copy(&point, ska_span(encoded, point.length), NULL));
    OPENSSL_free(encoded);
    EVP_PKEY_free(key);
    return point;
}

static void bip_340(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(signed_vectors) / sizeof(signed_vectors[0]); i++) {
        struct ska_bytes scalar = from_hex(signed_vectors[i].scalar);
        struct ska_bytes random = from_hex(signed_vectors[i].random);
        struct ska_bytes message = from_hex(signed_vectors[i].message);
        struct ska_bytes point = point_of(ska_span_of(&scalar));
        struct ska_bytes made = {NULL, 0};

        assert_true(tsb_schnorr_sign(NULL, ska_span_of(&scalar), ska_span_of(&random),
                                     ska_span_of(&message), &made));
        assert_hex(made.data, made.length, signed_vectors[i].signature);
        assert_true(tsb_schnorr_verify(NULL, ska_span_of(&point), ska_span_of(&message),
                                       ska_span_of(&made)));
        for (size_t j = 0; j < made.length; j += 21) {
            made.data[j] ^= 1;
            assert_false(tsb_schnorr_verify(NULL, ska_span_of(&point), ska_span_of(&message),
                                            ska_span_of(&made)));
            made.data[j] ^= 1;
        }
        message.data[0] ^= 1;
        assert_false(tsb_schnorr_verify(NULL, ska_span_of(&point), ska_span_of(&message),
                                        ska_span_of(&made)));
        assert_false(
            tsb_schnorr_verify(NULL, ska_span_of(&point), ska_span_of(&message), ska_span("", 0)));
        ska_bytes_free(&scalar);
        ska_bytes_free(&random);
        ska_bytes_free(&message);
        ska_bytes_free(&point);
        ska_bytes_free(&made);
    }
}

/* ---- Keccak ---------------------------------------------------------------------------------- */

static void keccak(void **state)
{
    uint8_t hash[TSB_KECCAK_MOST];
    uint8_t text[300];

    (void)state;
    tsb_keccak(ska_span("", 0), hash, 32);
    assert_hex(hash, 32, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    tsb_keccak(ska_span("abc", 3), hash, 32);
    assert_hex(hash, 32, "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    tsb_keccak(ska_span("", 0), hash, 28);
    assert_hex(hash, 28, "f71837502ba8e10837bdd8d365adb85591895602fc552b48b7390abd");
    /* Longer than a block, and as long as one. */
    memset(text, 'a', sizeof(text));
    for (size_t length = 135; length <= 137; length++) {
        uint8_t other[TSB_KECCAK_MOST];

        tsb_keccak(ska_span(text, length), hash, 32);
        tsb_keccak(ska_span(text, length + 1), other, 32);
        assert_memory_not_equal(hash, other, 32);
    }
}

/* ---- OAEP ------------------------------------------------------------------------------------ */

static struct ska_bytes decrypt_raw(EVP_PKEY *key, struct ska_span encrypted)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    struct ska_bytes block = {NULL, 0};
    uint8_t room[512];
    size_t length = sizeof(room);

    assert_int_equal(EVP_PKEY_decrypt_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_decrypt(context, room, &length, encrypted.data, encrypted.length), 1);
    assert_true(ska_bytes_copy(&block, ska_span(room, length), NULL));
    EVP_PKEY_CTX_free(context);
    return block;
}

static void oaep(void **state)
{
    static const char *const digests[] = {"SHA1", "SHA224", "SHA256", "SHA384", "SHA512"};
    EVP_PKEY *key = EVP_RSA_gen(2048);
    struct ska_bytes spki = {NULL, 0};

    (void)state;
    assert_non_null(key);
    assert_true(ska_evp_encode(key, &spki, NULL));
    for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
        struct ska_bytes encrypted = {NULL, 0};
        struct ska_bytes plain = {NULL, 0};
        struct ska_bytes block;

        assert_true(tsb_rsa_encrypt(NULL, ska_span_of(&spki), TSB_RSA_OAEP, digests[i],
                                    ska_span("text", 4), &encrypted));
        block = decrypt_raw(key, ska_span_of(&encrypted));
        assert_true(tsb_oaep_remove(NULL, digests[i], ska_span_of(&block), &plain));
        assert_int_equal(plain.length, 4);
        assert_memory_equal(plain.data, "text", 4);
        assert_false(tsb_oaep_remove(NULL, digests[(i + 1) % 5], ska_span_of(&block), &spki));
        assert_false(tsb_oaep_remove(NULL, digests[i], ska_span(block.data, 20), &spki));
        block.data[100] ^= 1;
        assert_false(tsb_oaep_remove(NULL, digests[i], ska_span_of(&block), &spki));
        ska_bytes_free(&encrypted);
        ska_bytes_free(&plain);
        ska_bytes_free(&block);
    }
    ska_bytes_free(&spki);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slip_10), cmocka_unit_test(paths_that_lead_nowhere),
        cmocka_unit_test(bip_340), cmocka_unit_test(keccak),
        cmocka_unit_test(oaep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
