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
};

size_t ska_digest_length(enum ska_digest digest)
{
    return digests[digest].length;
}

const char *ska_digest_name(enum ska_digest digest)
{
    return digests[digest].name;
}

bool ska_digest_from_name(const char *name, enum ska_digest *digest)
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
    for (size_t i = SKA_DIGEST_SHA1; i <= SKA_DIGEST_SHA512; i++)
        for (size_t j = 0; digests[i].others[j] != NULL; j++)
            if (strcasecmp(plain, digests[i].others[j]) == 0) {
                *digest = (enum ska_digest)i;
                return true;
            }
    return false;
}
