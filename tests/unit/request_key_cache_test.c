/* SPDX-License-Identifier: Apache-2.0 */
/* Approvers' keys that are kept: which are, how long, and that threads do not get into each other's
 * way. */
#include "cmocka_all.h"

#include <stdlib.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "in_threads.h"
#include "provider/request/key_cache.h"

/* More than are kept. */
#define APPROVERS 20

static struct ska_bytes spkis[APPROVERS];

static int make_approvers(void **state)
{
    (void)state;
    for (size_t i = 0; i < APPROVERS; i++) {
        EVP_PKEY *key = EVP_EC_gen("P-256");
        unsigned char *der = NULL;
        int length = i2d_PUBKEY(key, &der);

        assert_true(length > 0);
        assert_true(ska_bytes_copy(&spkis[i], ska_span(der, (size_t)length), NULL));
        OPENSSL_free(der);
        EVP_PKEY_free(key);
    }
    return 0;
}

static int free_approvers(void **state)
{
    (void)state;
    for (size_t i = 0; i < APPROVERS; i++)
        ska_bytes_free(&spkis[i]);
    return 0;
}

static struct ska_approver_keys *new_keys(void)
{
    struct ska_approver_keys *keys = NULL;

    assert_true(ska_approver_keys_new(NULL, &keys, NULL));
    return keys;
}

static bool is_key_of(EVP_PKEY *key, size_t approver)
{
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(key, &der);
    bool same =
        length > 0 && ska_span_equal(ska_span(der, (size_t)length), ska_span_of(&spkis[approver]));

    OPENSSL_free(der);
    return same;
}

static EVP_PKEY *opened(struct ska_approver_keys *keys, size_t approver)
{
    EVP_PKEY *key = ska_approver_keys_open(keys, ska_span_of(&spkis[approver]));

    assert_non_null(key);
    assert_true(is_key_of(key, approver));
    return key;
}

static void the_same_key_is_opened_once(void **state)
{
    struct ska_approver_keys *keys = new_keys();
    EVP_PKEY *first = opened(keys, 0);
    EVP_PKEY *other = opened(keys, 1);
    EVP_PKEY *again = opened(keys, 0);

    (void)state;
    assert_ptr_equal(first, again);
    assert_ptr_not_equal(first, other);
    EVP_PKEY_free(first);
    EVP_PKEY_free(again);
    /* It is the caller's own, whatever becomes of those that are kept. */
    ska_approver_keys_free(keys);
    assert_true(is_key_of(other, 1));
    EVP_PKEY_free(other);
}

static void the_oldest_makes_room(void **state)
{
    struct ska_approver_keys *keys = new_keys();
    EVP_PKEY *first = opened(keys, 0);
    EVP_PKEY *last = NULL;
    EVP_PKEY *again = NULL;

    (void)state;
    for (size_t i = 1; i < APPROVERS; i++) {
        EVP_PKEY_free(last);
        last = opened(keys, i);
    }
    again = opened(keys, APPROVERS - 1);
    assert_ptr_equal(last, again);
    EVP_PKEY_free(again);
    again = opened(keys, 0);
    assert_ptr_not_equal(first, again);
    EVP_PKEY_free(again);
    EVP_PKEY_free(first);
    EVP_PKEY_free(last);
    ska_approver_keys_free(keys);
}

static void what_is_no_key_is_none(void **state)
{
    struct ska_approver_keys *keys = new_keys();
    struct ska_bytes wrong = {NULL, 0};

    (void)state;
    assert_true(ska_bytes_copy(&wrong, ska_span_of(&spkis[0]), NULL));
    wrong.data[wrong.length - 1] ^= 1; /* a point that is not on the curve */
    for (int i = 0; i < 2; i++) {
        assert_null(ska_approver_keys_open(keys, ska_span_of(&wrong)));
        assert_null(ska_approver_keys_open(keys, ska_span(wrong.data, wrong.length - 1)));
        assert_null(ska_approver_keys_open(keys, ska_span(NULL, 0)));
    }
    assert_int_equal(ERR_peek_error(), 0);
    ska_bytes_free(&wrong);
    ska_approver_keys_free(keys);
}

static void *open_all(void *vkeys)
{
    bool good = true;

    for (size_t i = 0; i < 50 * APPROVERS; i++) {
        size_t approver = i * 7 % APPROVERS;
        EVP_PKEY *key = ska_approver_keys_open(vkeys, ska_span_of(&spkis[approver]));

        good = good && key != NULL && is_key_of(key, approver);
        EVP_PKEY_free(key);
    }
    return good ? vkeys : NULL;
}

static void threads_share_them(void **state)
{
    struct ska_approver_keys *keys = new_keys();

    (void)state;
    assert_int_equal(in_threads(4, open_all, keys, keys), 0);
    ska_approver_keys_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_key_is_opened_once),
        cmocka_unit_test(the_oldest_makes_room),
        cmocka_unit_test(what_is_no_key_is_none),
        cmocka_unit_test(threads_share_them),
    };

    return cmocka_run_group_tests(tests, make_approvers, free_approvers);
}
