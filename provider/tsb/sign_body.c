/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/sign_body.h"

#include <string.h>

#include "provider/backend/signature_form.h"
#include "provider/request/algorithm.h"
#include "provider/tsb/signature_check.h"

/* ---- What is asked --------------------------------------------------------------------------- */

/* What stands in "payload": of PKCS#1 the digest, which is inside of ours. */
static bool payload_of(const struct ska_mechanism *mechanism, struct ska_span payload,
                       struct ska_span *sent, const struct ska_errors *errors)
{
    enum ska_digest digest = SKA_DIGEST_NONE;

    *sent = payload;
    return mechanism->form == SKA_PAYLOAD_MESSAGE ||
           ska_payload_digest(mechanism, payload, &digest, sent) ||
           ska_fail(errors, SKA_R_UNSUPPORTED,
                    "a broker accepts only digests that it knows, and this is not one of them");
}

static bool check_pss(const struct ska_mechanism *mechanism, const struct ska_errors *errors)
{
    size_t length = ska_digest_length(mechanism->digest);

    return mechanism->scheme != SKA_SCHEME_PSS ||
           ((mechanism->any_salt || mechanism->salt_length == length) &&
            mechanism->mgf1_digest == mechanism->digest) ||
           ska_fail(errors, SKA_R_UNSUPPORTED,
                    "a broker accepts no choice of PSS salt or MGF1 digest: use a salt as long as "
                    "the digest (rsa_pss_saltlen:digest), and the same digest for MGF1");
}

static bool check_digest(const struct ska_mechanism *mechanism, const struct ska_errors *errors)
{
    return mechanism->digest <= SKA_DIGEST_SHA512 ||
           ska_fail(errors, SKA_R_UNSUPPORTED, "a broker does not sign with %s",
                    ska_digest_name(mechanism->digest));
}

cJSON *tsb_sign_members(const struct tsb_key *key, const struct ska_mechanism *mechanism,
                        struct ska_span payload, const struct ska_errors *errors)
{
    const char *algorithm = NULL;
    struct ska_span sent;
    cJSON *members = NULL;

    if (!check_digest(mechanism, errors) || !check_pss(mechanism, errors) ||
        !payload_of(mechanism, payload, &sent, errors))
        return NULL;
    algorithm = ska_algorithm_name(mechanism);
    if (algorithm == NULL) {
        ska_fail(errors, SKA_R_UNSUPPORTED, "a broker has no name for this kind of signature");
        return NULL;
    }
    members = cJSON_CreateObject();
    if (members != NULL && ska_json_add_base64(members, "payload", sent) &&
        ska_json_add_text(members, "payloadType", "UNSPECIFIED") &&
        ska_json_add_text(members, "signKeyName", backend_key_label(&key->base)) &&
        ska_json_add_text(members, "signatureAlgorithm", algorithm) &&
        (mechanism->scheme != SKA_SCHEME_ECDSA ||
         ska_json_add_text(members, "signatureType", "DER")))
        return members;
    cJSON_Delete(members);
    ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a call");
    return NULL;
}

/* ---- What comes back ------------------------------------------------------------------------- */

/* Raises it. */
static bool fail_signature(struct tsb_key *key, const struct ska_mechanism *mechanism,
                           struct ska_span payload, struct ska_span signature,
                           const struct ska_errors *errors)
{
    struct ska_mechanism with_any_salt = *mechanism;

    with_any_salt.any_salt = true;
    if (mechanism->scheme == SKA_SCHEME_PSS &&
        tsb_signature_verifies(key, &with_any_salt, payload, signature))
        return ska_fail(errors, SKA_R_SERVER_FAILURE,
                        "key '%s': the broker %s gave a PSS signature whose salt does not have the "
                        "%zu bytes that were asked for: it is not used; what needs a salt of a "
                        "certain length cannot be signed there",
                        backend_key_label(&key->base), tsb_connection_url(key->connection),
                        mechanism->salt_length);
    return ska_fail(errors, SKA_R_SERVER_FAILURE,
                    "key '%s': the broker %s gave a signature over this payload that does not "
                    "verify with the key's public key: it is not used",
                    backend_key_label(&key->base), tsb_connection_url(key->connection));
}

bool tsb_signature_take(struct tsb_key *key, const struct ska_mechanism *mechanism,
                        struct ska_span payload, const char *text, uint8_t *signature,
                        size_t *signature_length, const struct ska_errors *errors)
{
    struct ska_span coded = ska_span_text(text);
    struct ska_bytes given = {NULL, 0};
    bool done = false;

    if (coded.length > TSB_RESULT_LIMIT || !ska_base64_decode_file(coded, &given))
        return ska_fail(errors, SKA_R_SERVER_FAILURE,
                        "key '%s': what the broker %s gave as the signature is not base64",
                        backend_key_label(&key->base), tsb_connection_url(key->connection));
    done = backend_signature_finish_either(key->base.type, key->base.bits, ska_span_of(&given),
                                           signature, signature_length, errors);
    ska_bytes_free(&given);
    return done && (tsb_signature_verifies(key, mechanism, payload,
                                           ska_span(signature, *signature_length)) ||
                    fail_signature(key, mechanism, payload, ska_span(signature, *signature_length),
                                   errors));
}
