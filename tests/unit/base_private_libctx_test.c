/* SPDX-License-Identifier: Apache-2.0 */
/* The one library context of a process: who makes it first, and what is in it. */
#include "cmocka_all.h"

#include <pthread.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/provider.h>

#include "provider/base/private_libctx.h"

#define THREADS 8

static pthread_barrier_t start;

struct seen {
    OSSL_LIB_CTX *libctx;
    const EVP_MD *digest;
};

static void *make_at_once(void *vseen)
{
    struct seen *seen = vseen;

    pthread_barrier_wait(&start);
    if (!ska_private_libctx_make(NULL))
        return NULL;
    seen->libctx = ska_private_libctx();
    seen->digest = ska_private_digest(SKA_DIGEST_SHA256);
    return seen;
}

static void threads_get_the_same(void **state)
{
    pthread_t threads[THREADS];
    struct seen seen[THREADS];

    (void)state;
    memset(seen, 0, sizeof(seen));
    assert_null(ska_private_libctx());
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_at_once, &seen[i]), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_non_null(seen[0].libctx);
    assert_non_null(seen[0].digest);
    for (size_t i = 1; i < THREADS; i++) {
        assert_ptr_equal(seen[i].libctx, seen[0].libctx);
        assert_ptr_equal(seen[i].digest, seen[0].digest);
    }
    pthread_barrier_destroy(&start);
}

static void is_default(OSSL_PROVIDER *provider, int *count)
{
    assert_string_equal(OSSL_PROVIDER_get0_name(provider), "default");
    ++*count;
}

static int visit_provider(OSSL_PROVIDER *provider, void *count)
{
    is_default(provider, count);
    return 1;
}

/* Whatever the application loads, and asks for by default, in its own. */
static void the_application_does_not_reach_it(void **state)
{
    int count = 0;

    (void)state;
    assert_true(ska_private_libctx_make(NULL));
    assert_true(EVP_set_default_properties(NULL, "provider=nobody"));
    OSSL_PROVIDER_unload(OSSL_PROVIDER_load(NULL, "null"));
    assert_non_null(ska_private_digest(SKA_DIGEST_SHA3_512));
    assert_int_equal(OSSL_PROVIDER_do_all(ska_private_libctx(), visit_provider, &count), 1);
    assert_int_equal(count, 1);
    assert_ptr_not_equal(OSSL_LIB_CTX_set0_default(NULL), ska_private_libctx());
}

static void digests_are_what_they_are_called(void **state)
{
    (void)state;
    assert_true(ska_private_libctx_make(NULL));
    for (int i = SKA_DIGEST_SHA1; i < SKA_DIGEST_COUNT; i++) {
        const EVP_MD *digest = ska_private_digest((enum ska_digest)i);

        assert_non_null(digest);
        assert_true(EVP_MD_is_a(digest, ska_digest_name((enum ska_digest)i)));
        assert_ptr_equal(ska_private_digest((enum ska_digest)i), digest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_get_the_same),
        cmocka_unit_test(the_application_does_not_reach_it),
        cmocka_unit_test(digests_are_what_they_are_called),
    };

    return cmocka_run_group_tests_name("private library context", tests, NULL, NULL);
}
