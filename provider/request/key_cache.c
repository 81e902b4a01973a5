/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/request/key_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "provider/base/evp_key.h"

/* More approvers than these are rare in one process; then the one that was opened first goes. */
#define KEPT 16

struct kept {
    struct ska_bytes spki;
    EVP_PKEY *key;
};

/*
 * The lock is only tried, never waited for: a child that was forked while another thread held it
 * would wait for ever. Who does not get it opens the key himself.
 */
struct ska_approver_keys {
    pthread_mutex_t lock;
    struct kept kept[KEPT];
    size_t next; /* to be replaced */
};

bool ska_approver_keys_new(struct ska_approver_keys **keys, const struct ska_errors *errors)
{
    struct ska_approver_keys *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for the keys of approvers");
    pthread_mutex_init(&made->lock, NULL);
    *keys = made;
    return true;
}

static void cache_forget(struct kept *kept)
{
    EVP_PKEY_free(kept->key);
    kept->key = NULL;
    ska_bytes_free(&kept->spki);
}

void ska_approver_keys_free(struct ska_approver_keys *keys)
{
    if (keys == NULL)
        return;
    for (size_t i = 0; i < KEPT; i++)
        cache_forget(&keys->kept[i]);
    pthread_mutex_destroy(&keys->lock);
    free(keys);
}

static EVP_PKEY *cache_find(struct ska_approver_keys *keys, struct ska_span spki)
{
    EVP_PKEY *key = NULL;

    if (pthread_mutex_trylock(&keys->lock) != 0)
        return NULL;
    for (size_t i = 0; i < KEPT && key == NULL; i++)
        if (keys->kept[i].key != NULL && ska_span_equal(ska_span_of(&keys->kept[i].spki), spki))
            key = keys->kept[i].key;
    if (key != NULL && !EVP_PKEY_up_ref(key))
        key = NULL;
    pthread_mutex_unlock(&keys->lock);
    return key;
}

/* Another thread may keep the same one meanwhile: then it is kept twice. */
static void cache_keep(struct ska_approver_keys *keys, struct ska_span spki, EVP_PKEY *key)
{
    struct kept kept = {{NULL, 0}, key};

    if (!ska_bytes_copy(&kept.spki, spki, NULL))
        return;
    if (!EVP_PKEY_up_ref(key))
        kept.key = NULL;
    else if (pthread_mutex_trylock(&keys->lock) == 0) {
        struct kept oldest = keys->kept[keys->next];

        keys->kept[keys->next] = kept;
        keys->next = (keys->next + 1) % KEPT;
        pthread_mutex_unlock(&keys->lock);
        kept = oldest;
    }
    cache_forget(&kept);
}

EVP_PKEY *ska_approver_keys_open(struct ska_approver_keys *keys, OSSL_LIB_CTX *libctx,
                                 struct ska_span spki)
{
    EVP_PKEY *key = cache_find(keys, spki);
    enum ska_key_type type = SKA_KEY_RSA;

    if (key == NULL && ska_evp_open(libctx, spki, &type, &key))
        cache_keep(keys, spki, key);
    return key;
}
