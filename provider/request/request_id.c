/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "provider/request/algorithm.h"
#include "provider/request/request.h"

#define ID_BYTES (SKA_REQUEST_ID_LENGTH / 2)

/* Each part with its length before it, so that no two lists of parts look the same. */
static bool add_part(EVP_MD_CTX *context, struct ska_span part)
{
    uint8_t length[8];

    for (size_t i = 0; i < sizeof(length); i++)
        length[i] = (uint8_t)((uint64_t)part.length >> (56 - 8 * i));
    return EVP_DigestUpdate(context, length, sizeof(length)) &&
           EVP_DigestUpdate(context, part.data, part.length);
}

/* "NONESHA256_WITH_RSA_PSS 32 SHA256"; "" for what is not signed. False: there is no name. */
static bool describe_algorithm(const struct ska_request *request, char *text, size_t size)
{
    const char *name = NULL;

    text[0] = 0;
    if (request->operation != SKA_OPERATION_SIGN)
        return true;
    name = ska_algorithm_name(&request->mechanism);
    if (name == NULL)
        return false;
    if (request->mechanism.scheme == SKA_SCHEME_PSS) {
        const char *mgf1 = ska_digest_name(request->mechanism.mgf1_digest);

        if (mgf1 == NULL)
            return false;
        snprintf(text, size, "%s %zu %s", name, request->mechanism.salt_length, mgf1);
    } else {
        snprintf(text, size, "%s", name);
    }
    return true;
}

static bool hash_parts(EVP_MD_CTX *context, const struct ska_request *request,
                       const char *algorithm, uint8_t *hash)
{
    unsigned int length = 0;
    char attempt[24] = "";

    if (request->attempt > 0)
        snprintf(attempt, sizeof(attempt), "%" PRIu64, request->attempt);
    return add_part(context, ska_span_text(ska_operation_names[request->operation])) &&
           add_part(context, ska_span_of(&request->public_key)) &&
           add_part(context, ska_span_text(request->key_label)) &&
           add_part(context, ska_span_text(algorithm)) &&
           add_part(context, ska_span_of(&request->payload)) &&
           (request->attempt == 0 || add_part(context, ska_span_text(attempt))) &&
           EVP_DigestFinal_ex(context, hash, &length) && length == ID_BYTES;
}

bool ska_request_identify(struct ska_request *request, OSSL_LIB_CTX *libctx,
                          const struct ska_errors *errors)
{
    static const char digits[] = "0123456789abcdef";
    EVP_MD *sha256 = NULL;
    EVP_MD_CTX *context = NULL;
    uint8_t hash[EVP_MAX_MD_SIZE];
    char algorithm[96];
    bool done = false;

    if (!describe_algorithm(request, algorithm, sizeof(algorithm)))
        return ska_fail(errors, SKA_R_UNSUPPORTED, "a request for this kind of signature");
    sha256 = EVP_MD_fetch(libctx, "SHA256", NULL);
    context = EVP_MD_CTX_new();
    if (sha256 == NULL || context == NULL || !EVP_DigestInit_ex2(context, sha256, NULL) ||
        !hash_parts(context, request, algorithm, hash)) {
        ska_fail(errors, SKA_R_INTERNAL, "SHA-256 for the id of a request");
        goto out;
    }
    for (size_t i = 0; i < ID_BYTES; i++) {
        request->id[2 * i] = digits[hash[i] >> 4];
        request->id[2 * i + 1] = digits[hash[i] & 15];
    }
    request->id[SKA_REQUEST_ID_LENGTH] = 0;
    done = true;
out:
    EVP_MD_CTX_free(context);
    EVP_MD_free(sha256);
    return done;
}

bool ska_request_check_id(const struct ska_request *request, OSSL_LIB_CTX *libctx, bool *same,
                          const struct ska_errors *errors)
{
    struct ska_request copy = *request;

    if (!ska_request_identify(&copy, libctx, errors))
        return false;
    *same = strcmp(copy.id, request->id) == 0;
    return true;
}
