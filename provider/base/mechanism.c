/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/mechanism.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    const char *others[4]; /* other spellings, compared without '-' and in any case */
    size_t length;
} digests[] = {
    [SKA_DIGEST_NONE] = {NULL, {NULL}, 0},
    [SKA_DIGEST_SHA1] = {"SHA1", {"SHA1", NULL}, 20},
    [SKA_DIGEST_SHA224] = {"SHA224", {"SHA224", "SHA2224", NULL}, 28},
    [SKA_DIGEST_SHA256] = {"SHA256", {"SHA256", "SHA2256", NULL}, 32},
    [SKA_DIGEST_SHA384] = {"SHA384", {"SHA384", "SHA2384", NULL}, 48},
    [SKA_DIGEST_SHA512] = {"SHA512", {"SHA512", "SHA2512", NULL}, 64},
    [SKA_DIGEST_SHA512_224] = {"SHA512-224", {"SHA512224", "SHA512/224", "SHA2512/224", NULL}, 28},
    [SKA_DIGEST_SHA512_256] = {"SHA512-256", {"SHA512256", "SHA512/256", "SHA2512/256", NULL}, 32},
    [SKA_DIGEST_SHA3_224] = {"SHA3-224", {"SHA3224", NULL}, 28},
    [SKA_DIGEST_SHA3_256] = {"SHA3-256", {"SHA3256", NULL}, 32},
    [SKA_DIGEST_SHA3_384] = {"SHA3-384", {"SHA3384", NULL}, 48},
    [SKA_DIGEST_SHA3_512] = {"SHA3-512", {"SHA3512", NULL}, 64},
};

size_t ska_digest_length(enum ska_digest digest)
{
    return digests[digest].length;
}

const char *ska_digest_name(enum ska_digest digest)
{
    return digests[digest].name;
}

static bool digest_up_to(enum ska_digest last, const char *name, enum ska_digest *digest)
{
    char plain[16];
    size_t length = 0;

    for (; *name != 0; name++) {
        if (*name == '-')
            continue;
        if (length == sizeof(plain) - 1)
            return false;
        plain[length++] = *name;
    }
    plain[length] = 0;
    for (size_t i = SKA_DIGEST_SHA1; i <= (size_t)last; i++)
        for (size_t j = 0; digests[i].others[j] != NULL; j++)
            if (strcasecmp(plain, digests[i].others[j]) == 0) {
                *digest = (enum ska_digest)i;
                return true;
            }
    return false;
}

bool ska_digest_from_name(const char *name, enum ska_digest *digest)
{
    return digest_up_to(SKA_DIGEST_SHA512, name, digest);
}

bool ska_any_digest_from_name(const char *name, enum ska_digest *digest)
{
    return digest_up_to(SKA_DIGEST_COUNT - 1, name, digest);
}
