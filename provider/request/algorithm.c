/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/request/algorithm.h"

#include <string.h>

/* clang-format off */
static const struct algorithm {
    const char *name;
    enum ska_scheme scheme;
    enum ska_payload_form form;
    enum ska_digest digest;
} algorithms[] = {
    {"NONESHA1_WITH_RSA", SKA_SCHEME_PKCS1, SKA_PAYLOAD_DIGEST, SKA_DIGEST_SHA1},
    {"NONESHA224_WITH_RSA", SKA_SCHEME_PKCS1, SKA_PAYLOAD_DIGEST, SKA_DIGEST_SHA224},
    {"NONESHA256_WITH_RSA", SKA_SCHEME_PKCS1, SKA_PAYLOAD_DIGEST, SKA_DIGEST_SHA256},
    {"NONESHA384_WITH_RSA", SKA_SCHEME_PKCS1, SKA_PAYLOAD_DIGEST, SKA_DIGEST_SHA384},
    {"NONESHA512_WITH_RSA", SKA_SCHEME_PKCS1, SKA_PAYLOAD_DIGEST, SKA_DIGEST_SHA512},
    {"SHA1_WITH_RSA", SKA_SCHEME_PKCS1, SKA_PAYLOAD_MESSAGE, SKA_DIGEST_SHA1},
    {"SHA224_WITH_RSA", SKA_SCHEME_PKCS1, SKA_PAYLOAD_MESSAGE, SKA_DIGEST_SHA224},
    {"SHA256_WITH_RSA", SKA_SCHEME_PKCS1, SKA_PAYLOAD_MESSAGE, SKA_DIGEST_SHA256},
    {"SHA384_WITH_RSA", SKA_SCHEME_PKCS1, SKA_PAYLOAD_MESSAGE, SKA_DIGEST_SHA384},
    {"SHA512_WITH_RSA", SKA_SCHEME_PKCS1, SKA_PAYLOAD_MESSAGE, SKA_DIGEST_SHA512},
    {"NONESHA224_WITH_RSA_PSS", SKA_SCHEME_PSS, SKA_PAYLOAD_DIGEST, SKA_DIGEST_SHA224},
    {"NONESHA256_WITH_RSA_PSS", SKA_SCHEME_PSS, SKA_PAYLOAD_DIGEST, SKA_DIGEST_SHA256},
    {"NONESHA384_WITH_RSA_PSS", SKA_SCHEME_PSS, SKA_PAYLOAD_DIGEST, SKA_DIGEST_SHA384},
    {"NONESHA512_WITH_RSA_PSS", SKA_SCHEME_PSS, SKA_PAYLOAD_DIGEST, SKA_DIGEST_SHA512},
    {"SHA1_WITH_RSA_PSS", SKA_SCHEME_PSS, SKA_PAYLOAD_MESSAGE, SKA_DIGEST_SHA1},
    {"SHA224_WITH_RSA_PSS", SKA_SCHEME_PSS, SKA_PAYLOAD_MESSAGE, SKA_DIGEST_SHA224},
    {"SHA256_WITH_RSA_PSS", SKA_SCHEME_PSS, SKA_PAYLOAD_MESSAGE, SKA_DIGEST_SHA256},
    {"SHA384_WITH_RSA_PSS", SKA_SCHEME_PSS, SKA_PAYLOAD_MESSAGE, SKA_DIGEST_SHA384},
    {"SHA512_WITH_RSA_PSS", SKA_SCHEME_PSS, SKA_PAYLOAD_MESSAGE, SKA_DIGEST_SHA512},
    {"NONE_WITH_ECDSA", SKA_SCHEME_ECDSA, SKA_PAYLOAD_DIGEST, SKA_DIGEST_NONE},
    {"SHA1_WITH_ECDSA", SKA_SCHEME_ECDSA, SKA_PAYLOAD_MESSAGE, SKA_DIGEST_SHA1},
    {"SHA224_WITH_ECDSA", SKA_SCHEME_ECDSA, SKA_PAYLOAD_MESSAGE, SKA_DIGEST_SHA224},
    {"SHA256_WITH_ECDSA", SKA_SCHEME_ECDSA, SKA_PAYLOAD_MESSAGE, SKA_DIGEST_SHA256},
    {"SHA384_WITH_ECDSA", SKA_SCHEME_ECDSA, SKA_PAYLOAD_MESSAGE, SKA_DIGEST_SHA384},
    {"SHA512_WITH_ECDSA", SKA_SCHEME_ECDSA, SKA_PAYLOAD_MESSAGE, SKA_DIGEST_SHA512},
    {"EDDSA", SKA_SCHEME_EDDSA, SKA_PAYLOAD_MESSAGE, SKA_DIGEST_NONE},
};
/* clang-format on */

enum { ALGORITHM_COUNT = sizeof(algorithms) / sizeof(algorithms[0]) };

const char *ska_algorithm_name(const struct ska_mechanism *mechanism)
{
    enum ska_digest digest = mechanism->digest;

    /* The name of ECDSA over a digest does not say which. */
    if (mechanism->scheme == SKA_SCHEME_ECDSA && mechanism->form == SKA_PAYLOAD_DIGEST)
        digest = SKA_DIGEST_NONE;
    for (size_t i = 0; i < ALGORITHM_COUNT; i++)
        if (algorithms[i].scheme == mechanism->scheme && algorithms[i].form == mechanism->form &&
            algorithms[i].digest == digest)
            return algorithms[i].name;
    return NULL;
}

bool ska_algorithm_from_name(const char *name, struct ska_mechanism *mechanism)
{
    for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
        if (strcmp(algorithms[i].name, name) != 0)
            continue;
        memset(mechanism, 0, sizeof(*mechanism));
        mechanism->scheme = algorithms[i].scheme;
        mechanism->digest = algorithms[i].digest;
        mechanism->form = algorithms[i].form;
        if (mechanism->scheme == SKA_SCHEME_PSS) {
            mechanism->mgf1_digest = mechanism->digest;
            mechanism->salt_length = ska_digest_length(mechanism->digest);
        }
        return true;
    }
    return false;
}

static const struct {
    const char *name;
    bool schemes[SKA_SCHEME_EDDSA + 1];
    const char *can;
} key_types[] = {
    [SKA_KEY_RSA] = {"an RSA key",
                     {[SKA_SCHEME_PKCS1] = true, [SKA_SCHEME_PSS] = true},
                     "PKCS#1 v1.5 and PSS"},
    [SKA_KEY_RSA_PSS] = {"an RSA-PSS key", {[SKA_SCHEME_PSS] = true}, "PSS only"},
    [SKA_KEY_EC] = {"an EC key", {[SKA_SCHEME_ECDSA] = true}, "ECDSA only"},
    [SKA_KEY_ED25519] = {"an Ed25519 key", {[SKA_SCHEME_EDDSA] = true}, "EdDSA only"},
    [SKA_KEY_ED448] = {"an Ed448 key", {[SKA_SCHEME_EDDSA] = true}, "EdDSA only"},
};

bool ska_algorithm_same(const struct ska_mechanism *a, const struct ska_mechanism *b)
{
    const char *name_a = ska_algorithm_name(a);
    const char *name_b = ska_algorithm_name(b);

    return name_a != NULL && name_b != NULL && strcmp(name_a, name_b) == 0 &&
           (a->scheme != SKA_SCHEME_PSS ||
            (a->mgf1_digest == b->mgf1_digest && a->salt_length == b->salt_length));
}

bool ska_algorithm_fits(const struct ska_mechanism *mechanism, enum ska_key_type type,
                        const struct ska_errors *errors)
{
    static const char *const schemes[] = {[SKA_SCHEME_PKCS1] = "PKCS#1 v1.5",
                                          [SKA_SCHEME_PSS] = "PSS",
                                          [SKA_SCHEME_ECDSA] = "ECDSA",
                                          [SKA_SCHEME_EDDSA] = "EdDSA"};
    const char *digest = ska_digest_name(mechanism->digest);

    if (!key_types[type].schemes[mechanism->scheme])
        return ska_fail(errors, SKA_R_UNSUPPORTED, "%s can do %s, not %s", key_types[type].name,
                        key_types[type].can, schemes[mechanism->scheme]);
    if (mechanism->scheme == SKA_SCHEME_EDDSA && mechanism->form != SKA_PAYLOAD_MESSAGE)
        return ska_fail(errors, SKA_R_UNSUPPORTED, "%s signs messages, not digests",
                        key_types[type].name);
    if (ska_algorithm_name(mechanism) == NULL)
        return ska_fail(errors, SKA_R_UNSUPPORTED, "%s over %s %s", schemes[mechanism->scheme],
                        digest == NULL ? "raw data, without a digest," : digest,
                        mechanism->form == SKA_PAYLOAD_DIGEST
                            ? "as a digest that approvers approve"
                            : "as a message that approvers approve");
    if (mechanism->scheme == SKA_SCHEME_PSS && mechanism->mgf1_digest == SKA_DIGEST_NONE)
        return ska_fail(errors, SKA_R_UNSUPPORTED, "PSS without a digest for MGF1");
    return true;
}
