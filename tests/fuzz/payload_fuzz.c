/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payloads: nothing is both a digest and a message, and what passes as a digest is made again from
 * the digest that is found in it. The bytes also pass for a certificate whose name is to be shown.
 */
#include <stdlib.h>

#include "provider/request/algorithm.h"

#include "fuzz.h"
#include "provider/request/request.h"
#include "provider/rule/approver_name.h"

static const char *const names[] = {
    "NONESHA1_WITH_RSA", "NONESHA256_WITH_RSA", "NONESHA512_WITH_RSA", "NONESHA256_WITH_RSA_PSS",
    "NONE_WITH_ECDSA",   "SHA256_WITH_RSA",     "SHA256_WITH_RSA_PSS", "SHA384_WITH_ECDSA",
};

static void try_digest(const struct ska_mechanism *mechanism, struct ska_span payload)
{
    enum ska_digest digest;
    struct ska_span value;
    struct ska_bytes again = {NULL, 0};

    if (!ska_payload_digest(mechanism, payload, &digest, &value))
        return;
    PROMISE(ska_payload_looks_like_digest(SKA_KEY_RSA, payload));
    PROMISE(ska_payload_from_digest(mechanism, value, &again, NULL));
    PROMISE(ska_span_equal(ska_span_of(&again), payload));
    ska_bytes_free(&again);
}

static void try_check(const struct ska_mechanism *mechanism, struct ska_span payload)
{
    enum ska_key_type type = mechanism->scheme == SKA_SCHEME_ECDSA ? SKA_KEY_EC : SKA_KEY_RSA;

    if (ska_payload_check(mechanism, type, 2048, payload, NULL))
        PROMISE(ska_payload_looks_like_digest(type, payload) ==
                (mechanism->form == SKA_PAYLOAD_DIGEST));
}

static void try_name(struct ska_span certificate)
{
    uint8_t key = 0;
    struct ska_approver approver = {
        .type = SKA_APPROVER_CERTIFICATE,
        .data = {(uint8_t *)(uintptr_t)certificate.data, certificate.length},
        .public_key = {&key, 1}};
    char *shown = ska_listed_approver_shown(&approver);

    PROMISE(shown != NULL);
    for (const char *c = shown; *c != 0; c++)
        PROMISE((unsigned char)*c >= 0x20 && *c != 0x7F);
    free(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct ska_mechanism mechanism;

        PROMISE(ska_algorithm_from_name(names[i], &mechanism));
        try_digest(&mechanism, ska_span(data, size));
        try_check(&mechanism, ska_span(data, size));
    }
    try_name(ska_span(data, size));
    return 0;
}
