/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/named_keys.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "provider/rule/approver_name.h"

bool named_key_hash(OSSL_LIB_CTX *libctx, struct ska_span public_key,
                    char sha256[NAMED_KEY_HASH_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t length = 0;

    if (EVP_Q_digest(libctx, "SHA256", NULL, public_key.data, public_key.length, digest, &length) !=
        1)
        return false;
    for (size_t i = 0; i < length; i++) {
        sha256[2 * i] = digits[digest[i] >> 4];
        sha256[2 * i + 1] = digits[digest[i] & 15];
    }
    sha256[2 * length] = 0;
    return true;
}

bool named_keys_add(struct named_keys *keys, const char *name, const char *sha256,
                    enum named_key_origin origin, uint64_t seconds)
{
    struct named_key *grown = reallocarray(keys->list, keys->count + 1, sizeof(*grown));
    struct named_key *added = NULL;

    if (grown == NULL)
        return false;
    keys->list = grown;
    added = &grown[keys->count];
    memset(added, 0, sizeof(*added));
    added->name = strdup(name);
    if (added->name == NULL)
        return false;
    memcpy(added->sha256, sha256, NAMED_KEY_HASH_SIZE);
    added->origin = origin;
    added->seconds = seconds;
    keys->count++;
    return true;
}

bool named_keys_add_rule(struct named_keys *keys, OSSL_LIB_CTX *libctx, const struct ska_rule *rule,
                         enum named_key_origin origin)
{
    const struct ska_approver *approver = NULL;
    bool done = true;

    for (size_t i = 0; done && rule != NULL && (approver = ska_rule_approver_at(rule, i)) != NULL;
         i++) {
        char *name = ska_listed_approver_shown(approver);
        char sha256[NAMED_KEY_HASH_SIZE];

        done = name != NULL && named_key_hash(libctx, ska_span_of(&approver->public_key), sha256) &&
               named_keys_add(keys, name, sha256, origin, 0);
        free(name);
    }
    return done;
}

void named_keys_clear(struct named_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        free(keys->list[i].name);
    free(keys->list);
    keys->list = NULL;
    keys->count = 0;
}

static int compare_named_keys(const void *a, const void *b)
{
    const struct named_key *one = a;
    const struct named_key *other = b;
    int order = strcmp(one->name, other->name);

    if (order == 0)
        order = strcmp(one->sha256, other->sha256);
    if (order == 0)
        order = (one->origin > other->origin) - (one->origin < other->origin);
    return order != 0 ? order : (one->seconds > other->seconds) - (one->seconds < other->seconds);
}

void named_keys_sort(struct named_keys *keys)
{
    size_t kept = 0;

    if (keys->count > 1)
        qsort(keys->list, keys->count, sizeof(*keys->list), compare_named_keys);
    for (size_t i = 0; i < keys->count; i++) {
        if (kept > 0 && compare_named_keys(&keys->list[kept - 1], &keys->list[i]) == 0)
            free(keys->list[i].name);
        else
            keys->list[kept++] = keys->list[i];
    }
    keys->count = kept;
}

size_t named_keys_group(const struct named_keys *keys, size_t place)
{
    size_t count = 0;

    while (place + count < keys->count &&
           strcmp(keys->list[place].name, keys->list[place + count].name) == 0)
        count++;
    return count;
}
