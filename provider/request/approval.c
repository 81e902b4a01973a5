/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/request/approval.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "provider/request/key_cache.h"
#include "provider/rule/rule_codec.h"
#include "provider/request/approver_signature.h"
#include "provider/rule/approver_name.h"
#include "provider/rule/quorum.h"
#include "provider/rule/rule_text.h"
#include "provider/base/printable.h"

void ska_approval_clear(struct ska_approval *approval)
{
    ska_bytes_free(&approval->signer);
    ska_bytes_free(&approval->public_key);
    ska_bytes_free(&approval->signature);
    free(approval->reason);
    memset(approval, 0, sizeof(*approval));
}

void ska_approvals_free(struct ska_approval *approvals, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ska_approval_clear(&approvals[i]);
    free(approvals);
}

bool ska_approvals_append(struct ska_approval **approvals, size_t *count,
                          struct ska_approval *approval, const struct ska_errors *errors)
{
    struct ska_approval *longer = NULL;

    if (*count >= SKA_APPROVALS_LIMIT)
        return ska_fail(errors, SKA_R_BAD_REQUEST, "more than %d approvals", SKA_APPROVALS_LIMIT);
    longer = realloc(*approvals, (*count + 1) * sizeof(*longer));
    if (longer == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu approvals", *count + 1);
    *approvals = longer;
    longer[(*count)++] = *approval;
    memset(approval, 0, sizeof(*approval));
    return true;
}

/* ---- Reading -------------------------------------------------------------------------------- */

bool ska_reason_is_allowed(const char *reason)
{
    return reason[0] != 0 && strlen(reason) <= SKA_REFUSAL_REASON_LIMIT &&
           ska_utf8_valid(ska_span_text(reason));
}

/* Key or certificate, one of them, and the key that identifies the approver. */
static bool read_approval_signer(const struct ska_json_place *place, struct ska_approval *approval)
{
    struct ska_approver approver = {.type = SKA_APPROVER_PUBLIC_KEY};
    const char *member = "approverPublicKey";
    const char *key = NULL;
    const char *certificate = NULL;
    struct ska_error_place signer;
    bool done = false;

    if (!ska_json_text(place, "approverPublicKey", SKA_JSON_OPTIONAL, &key) ||
        !ska_json_text(place, "approverCertificate", SKA_JSON_OPTIONAL, &certificate))
        return false;
    if ((key == NULL) == (certificate == NULL))
        return ska_json_fail(place, "approverPublicKey",
                             "either this or \"approverCertificate\" expected, and not both");
    if (certificate != NULL) {
        approver.type = SKA_APPROVER_CERTIFICATE;
        member = "approverCertificate";
    }
    ska_error_place_inside(&signer, &place->at, member, 0);
    done = ska_json_base64(place, member, SKA_JSON_REQUIRED, &approver.data) &&
           ska_approver_identify(&approver, &signer.errors);
    if (!done) {
        ska_bytes_free(&approver.data);
        ska_bytes_free(&approver.public_key);
        return false;
    }
    approval->certificate = certificate != NULL;
    approval->signer = approver.data;
    approval->public_key = approver.public_key;
    return true;
}

static bool read_approval_digest(const struct ska_json_place *place, struct ska_approval *approval)
{
    const char *name = NULL;
    const char *digest = NULL;

    if (!ska_json_text(place, "approvalDigestAlgorithm", SKA_JSON_REQUIRED, &name))
        return false;
    digest = ska_signature_digest(name);
    if (digest == NULL)
        return ska_json_fail_value(place, "approvalDigestAlgorithm", name, SKA_SIGNATURE_DIGESTS);
    memcpy(approval->digest, digest, strlen(digest) + 1);
    return true;
}

/*
 * Why somebody refuses. Whatever else has this name is passed over, as any member that is not
 * known: an approval may have one. What was signed with a reason does not verify without it.
 */
static bool read_approval_reason(const struct ska_json_place *place, struct ska_approval *approval)
{
    const cJSON *reason = cJSON_GetObjectItemCaseSensitive(place->value, "reason");

    if (!cJSON_IsString(reason) || !ska_reason_is_allowed(reason->valuestring))
        return true;
    approval->reason = strdup(reason->valuestring);
    return approval->reason != NULL || ska_fail(&place->at.errors, SKA_R_OUT_OF_MEMORY, "a reason");
}

static bool read_approval(const struct ska_json_place *place, struct ska_approval *approval)
{
    return read_approval_signer(place, approval) && read_approval_digest(place, approval) &&
           read_approval_reason(place, approval) &&
           ska_json_base64(place, "signature", SKA_JSON_REQUIRED, &approval->signature) &&
           (approval->signature.length > 0 || ska_json_fail(place, "signature", "empty"));
}

/* Reads one object and appends it. */
static bool read_and_append(const struct ska_json_place *place, struct ska_approval **approvals,
                            size_t *count)
{
    struct ska_approval approval = {0};
    bool done = read_approval(place, &approval) &&
                ska_approvals_append(approvals, count, &approval, place->at.sink);

    ska_approval_clear(&approval);
    return done;
}

bool ska_approvals_read(const struct ska_json_place *place, struct ska_approval **approvals,
                        size_t *count)
{
    struct ska_json_place array;
    const cJSON *item = NULL;
    size_t index = 0;

    if (!ska_json_array(place, "approvals", SKA_JSON_OPTIONAL, &array))
        return false;
    cJSON_ArrayForEach(item, array.value)
    {
        struct ska_json_place element;

        ska_json_element(&array, item, index++, &element);
        if (!cJSON_IsObject(item))
            return ska_fail(&element.at.errors, element.reason, "object expected");
        if (!read_and_append(&element, approvals, count))
            return false;
    }
    return true;
}

/* Also what the vendor's approval clients send carries the token. */
static bool check_same_token(const struct ska_json_place *place, enum ska_json_need need,
                             struct ska_span token)
{
    struct ska_bytes other = {NULL, 0};
    bool same = false;

    if (!ska_json_base64(place, "approvalToBeSigned", need, &other))
        return false;
    if (other.data == NULL || token.data == NULL) {
        ska_bytes_free(&other);
        return true;
    }
    same = ska_span_equal(ska_span_of(&other), token);
    ska_bytes_free(&other);
    return same || ska_fail(&place->at.errors, SKA_R_APPROVAL_INVALID,
                            "it is for another approval token; approve the open request again");
}

bool ska_json_is_approval(const cJSON *json)
{
    return (cJSON_GetObjectItemCaseSensitive(json, "approverPublicKey") != NULL ||
            cJSON_GetObjectItemCaseSensitive(json, "approverCertificate") != NULL) &&
           cJSON_GetObjectItemCaseSensitive(json, "approvals") == NULL &&
           cJSON_GetObjectItemCaseSensitive(json, "requestId") == NULL;
}

bool ska_approvals_parse(struct ska_span text, const char *shown, struct ska_span token,
                         struct ska_approval **approvals, size_t *count,
                         const struct ska_errors *errors)
{
    struct ska_json_place place;
    cJSON *json = NULL;
    bool done = false;

    if (!ska_json_parse(text, shown, &json, errors))
        return false;
    ska_json_top(&place, json, shown, SKA_R_BAD_REQUEST, errors);
    if (!cJSON_IsObject(json))
        ska_fail(&place.at.errors, SKA_R_BAD_REQUEST, "an approval or a bundle expected");
    else if (cJSON_GetObjectItemCaseSensitive(json, "approvals") != NULL)
        done = check_same_token(&place, SKA_JSON_REQUIRED, token) &&
               ska_approvals_read(&place, approvals, count);
    else
        done = check_same_token(&place, SKA_JSON_OPTIONAL, token) &&
               read_and_append(&place, approvals, count);
    cJSON_Delete(json);
    return done;
}

/* ---- Writing -------------------------------------------------------------------------------- */

cJSON *ska_approval_to_json(const struct ska_approval *approval)
{
    cJSON *json = cJSON_CreateObject();

    if (json != NULL &&
        ska_json_add_base64(json,
                            approval->certificate ? "approverCertificate" : "approverPublicKey",
                            ska_span_of(&approval->signer)) &&
        ska_json_add_text(json, "approvalDigestAlgorithm", approval->digest) &&
        ska_json_add_base64(json, "signature", ska_span_of(&approval->signature)) &&
        ska_json_add_text(json, "reason", approval->reason))
        return json;
    cJSON_Delete(json);
    return NULL;
}

bool ska_approval_print(const struct ska_approval *approval, struct ska_bytes *text,
                        const struct ska_errors *errors)
{
    cJSON *json = ska_approval_to_json(approval);
    bool done = false;

    if (json == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "approval");
    done = ska_json_print(json, text, errors);
    cJSON_Delete(json);
    return done;
}

/* ---- Verifying ------------------------------------------------------------------------------ */

bool ska_approval_verify(OSSL_LIB_CTX *libctx, const struct ska_approval *approval,
                         struct ska_span token)
{
    return ska_signature_verify(libctx, ska_span_of(&approval->public_key), approval->digest,
                                ska_span_of(&approval->signature), token);
}

bool ska_approval_verify_with(OSSL_LIB_CTX *libctx, struct ska_approver_keys *keys,
                              const struct ska_approval *approval, struct ska_span token)
{
    struct ska_span public_key = ska_span_of(&approval->public_key);
    EVP_PKEY *key = keys == NULL ? NULL : ska_approver_keys_open(keys, libctx, public_key);
    bool verified = false;

    if (key == NULL)
        return ska_approval_verify(libctx, approval, token);
    verified = ska_signature_verify_with(libctx, key, public_key, approval->digest,
                                         ska_span_of(&approval->signature), token);
    EVP_PKEY_free(key);
    return verified;
}

/* ---- Names ---------------------------------------------------------------------------------- */

char *ska_approver_shown(const struct ska_rule *rule, const struct ska_approval *approval)
{
    const struct ska_approver *listed =
        rule == NULL ? NULL : ska_rule_find_approver(rule, ska_span_of(&approval->public_key));

    if (listed != NULL)
        return ska_listed_approver_shown(listed);
    return ska_signer_shown(approval->certificate, ska_span_of(&approval->signer),
                            ska_span_of(&approval->public_key));
}

void ska_signer_text(const struct ska_rule *rule, const struct ska_approval *approval,
                     struct ska_buffer *text)
{
    const struct ska_approver *listed =
        rule == NULL ? NULL : ska_rule_find_approver(rule, ska_span_of(&approval->public_key));

    if (listed != NULL)
        ska_approver_text(rule, listed, text);
    else
        ska_signer_name_text(approval->certificate, ska_span_of(&approval->signer),
                             ska_span_of(&approval->public_key), text);
}
