/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/core_bio.h"

#include <stdatomic.h>

#include <openssl/crypto.h>

struct core_bio {
    const struct ska_provider *provider;
    OSSL_CORE_BIO *core;
};

static int read_core(BIO *bio, char *data, size_t size, size_t *got)
{
    const struct core_bio *own = BIO_get_data(bio);

    return own->provider->core_bio_read_ex(own->core, data, size, got);
}

static int write_core(BIO *bio, const char *data, size_t length, size_t *written)
{
    const struct core_bio *own = BIO_get_data(bio);

    return own->provider->core_bio_write_ex(own->core, data, length, written);
}

static int gets_core(BIO *bio, char *line, int size)
{
    const struct core_bio *own = BIO_get_data(bio);

    return own->provider->core_bio_gets(own->core, line, size);
}

static int puts_core(BIO *bio, const char *text)
{
    const struct core_bio *own = BIO_get_data(bio);

    return own->provider->core_bio_puts(own->core, text);
}

static long ctrl_core(BIO *bio, int command, long number, void *pointer)
{
    const struct core_bio *own = BIO_get_data(bio);

    return own->provider->core_bio_ctrl(own->core, command, number, pointer);
}

static int destroy_own(BIO *bio)
{
    OPENSSL_free(BIO_get_data(bio));
    return 1;
}

static BIO_METHOD *make_method(void)
{
    int type = BIO_get_new_index();
    BIO_METHOD *method =
        type == -1 ? NULL : BIO_meth_new(type | BIO_TYPE_SOURCE_SINK, "BIO of another libcrypto");

    if (method != NULL && BIO_meth_set_read_ex(method, read_core) &&
        BIO_meth_set_write_ex(method, write_core) && BIO_meth_set_gets(method, gets_core) &&
        BIO_meth_set_puts(method, puts_core) && BIO_meth_set_ctrl(method, ctrl_core) &&
        BIO_meth_set_destroy(method, destroy_own))
        return method;
    BIO_meth_free(method);
    return NULL;
}

/* Made once, without a lock that another thread could hold while this process is forked. */
static const BIO_METHOD *core_method(void)
{
    static _Atomic(BIO_METHOD *) kept;
    BIO_METHOD *known = atomic_load_explicit(&kept, memory_order_acquire);
    BIO_METHOD *made = known == NULL ? make_method() : NULL;

    if (made == NULL)
        return known;
    if (atomic_compare_exchange_strong(&kept, &known, made))
        return made;
    BIO_meth_free(made);
    return known;
}

BIO *ska_core_bio(const struct ska_provider *provider, OSSL_CORE_BIO *core)
{
    const BIO_METHOD *method = core_method();
    struct core_bio *own = OPENSSL_malloc(sizeof(*own));
    BIO *bio = method == NULL || own == NULL ? NULL : BIO_new(method);

    if (bio == NULL) {
        OPENSSL_free(own);
        return NULL;
    }
    *own = (struct core_bio){provider, core};
    BIO_set_data(bio, own);
    BIO_set_init(bio, 1);
    return bio;
}
