/* SPDX-License-Identifier: Apache-2.0 */
/* Each secret has pages of its own, so that they can be locked and left out of core files. */
#include "provider/hsm/secret.h"

#include <string.h>
#include <sys/mman.h>

#include <openssl/crypto.h>

struct hsm_secret *hsm_secret_new(struct ska_span value)
{
    struct hsm_secret *secret = NULL;
    void *pages = NULL;

    if (value.length > HSM_SECRET_LIMIT)
        return NULL;
    pages = mmap(NULL, sizeof(*secret), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return NULL;
    secret = pages;
    hsm_secret_lock(secret);
    secret->length = value.length;
    if (value.length > 0)
        memcpy(secret->data, value.data, value.length);
    return secret;
}

void hsm_secret_lock(struct hsm_secret *secret)
{
    /* Neither is vital: a process may have no right to lock memory. */
    (void)mlock(secret, sizeof(*secret));
    (void)madvise(secret, sizeof(*secret), MADV_DONTDUMP);
}

void hsm_secret_free(struct hsm_secret *secret)
{
    if (secret == NULL)
        return;
    OPENSSL_cleanse(secret, sizeof(*secret));
    munmap(secret, sizeof(*secret));
}
