/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which keys go by which names, in a request, in the HSM, and in what this user has seen before: a
 * name that has another key than elsewhere is how somebody takes another's place.
 */
#ifndef SKA_TOOLS_SHOW_NAMED_KEYS_H
#define SKA_TOOLS_SHOW_NAMED_KEYS_H

#include <openssl/types.h>

#include "provider/rule/rule.h"

#define NAMED_KEY_HASH_SIZE 65

enum named_key_origin {
    NAMED_KEY_NEW,     /* in a rule that is asked for */
    NAMED_KEY_NOW,     /* in a rule that holds now, as the HSM or else the requester says */
    NAMED_KEY_SEEN,    /* in an earlier request */
    NAMED_KEY_ACCEPTED /* in a rule that an earlier request asked for, and this user approved */
};

struct named_key {
    char *name;                       /* as ska_listed_approver_shown() gives it; owned */
    char sha256[NAMED_KEY_HASH_SIZE]; /* of the SubjectPublicKeyInfo, in hexadecimal */
    enum named_key_origin origin;
    uint64_t seconds; /* when; 0 for what is in this request */
};

/* Starts as {0}; free with named_keys_clear(). */
struct named_keys {
    struct named_key *list;
    size_t count;
};

/* SHA-256 in hexadecimal. */
bool named_key_hash(OSSL_LIB_CTX *libctx, struct ska_span public_key,
                    char sha256[NAMED_KEY_HASH_SIZE]) SKA_MUST_CHECK;

/* False: out of memory (no error raised). */
bool named_keys_add(struct named_keys *keys, const char *name, const char *sha256,
                    enum named_key_origin origin, uint64_t seconds) SKA_MUST_CHECK;
/* All approvers of a rule; NULL: none. */
bool named_keys_add_rule(struct named_keys *keys, OSSL_LIB_CTX *libctx, const struct ska_rule *rule,
                         enum named_key_origin origin) SKA_MUST_CHECK;
void named_keys_clear(struct named_keys *keys);

/* By name, key, origin and time, each once. */
void named_keys_sort(struct named_keys *keys);

/* Of a sorted list: how many from this place on have the name of the first. */
size_t named_keys_group(const struct named_keys *keys, size_t place);

#endif
