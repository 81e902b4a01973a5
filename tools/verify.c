/* SPDX-License-Identifier: Apache-2.0 */
#include "verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "../provider/approval/algorithm.h"
#include "../provider/approval/progress.h"
#include "../provider/approval/signature.h"
#include "public_key.h"
#include "review.h"

void verify_add(struct verification *verification, enum verdict verdict, const char *format, ...)
{
    static const char *const words[] = {
        [VERIFY_OK] = "ok", [VERIFY_WRONG] = "WRONG", [VERIFY_NOTHING] = "-"};
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    if (text == NULL)
        verification->text.failed = true;
    else
        ska_buffer_format(&verification->text, "    %-7s %s\n", words[verdict], text);
    free(text);
    if (verdict == VERIFY_WRONG)
        verification->wrong++;
}

/* ---- The signature of the HSM ---------------------------------------------------------------- */

static bool set_padding(EVP_PKEY_CTX *context, const struct ska_mechanism *mechanism)
{
    if (mechanism->scheme == SKA_SCHEME_PKCS1)
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0;
    if (mechanism->scheme != SKA_SCHEME_PSS)
        return true;
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, (int)mechanism->salt_length) > 0 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, ska_digest_name(mechanism->mgf1_digest),
                                             NULL) > 0;
}

static bool verify_message(OSSL_LIB_CTX *libctx, EVP_PKEY *key,
                           const struct ska_mechanism *mechanism, struct ska_span message,
                           struct ska_span signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_context = NULL;
    bool done = context != NULL &&
                EVP_DigestVerifyInit_ex(context, &key_context, ska_digest_name(mechanism->digest),
                                        libctx, NULL, key, NULL) == 1 &&
                set_padding(key_context, mechanism) &&
                EVP_DigestVerify(context, signature.data, signature.length, message.data,
                                 message.length) == 1;

    EVP_MD_CTX_free(context);
    return done;
}

static bool verify_digest(OSSL_LIB_CTX *libctx, EVP_PKEY *key,
                          const struct ska_mechanism *mechanism, struct ska_span payload,
                          struct ska_span signature)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(libctx, key, NULL);
    EVP_MD *md = NULL;
    bool done = context != NULL && EVP_PKEY_verify_init(context) == 1;

    /* PKCS#1: the payload is the DigestInfo, so that libcrypto must not add one. */
    if (done && mechanism->scheme == SKA_SCHEME_PSS) {
        md = EVP_MD_fetch(libctx, ska_digest_name(mechanism->digest), NULL);
        done = set_padding(context, mechanism) && md != NULL &&
               EVP_PKEY_CTX_set_signature_md(context, md) > 0;
    } else if (done) {
        done = set_padding(context, mechanism);
    }
    done = done && EVP_PKEY_verify(context, signature.data, signature.length, payload.data,
                                   payload.length) == 1;
    EVP_MD_free(md);
    EVP_PKEY_CTX_free(context);
    return done;
}

bool verify_signature(OSSL_LIB_CTX *libctx, const struct ska_mechanism *mechanism,
                      struct ska_span public_key, struct ska_span payload,
                      struct ska_span signature)
{
    EVP_PKEY *key = public_key_decode(libctx, public_key);
    bool done = false;

    ERR_set_mark();
    if (key != NULL && mechanism->form == SKA_PAYLOAD_MESSAGE)
        done = verify_message(libctx, key, mechanism, payload, signature);
    else if (key != NULL)
        done = verify_digest(libctx, key, mechanism, payload, signature);
    ERR_pop_to_mark();
    EVP_PKEY_free(key);
    return done;
}

/* ---- The request ----------------------------------------------------------------------------- */

/* The id stands for the content; another one in its place would be taken for another request. */
static bool add_id(struct verification *verification, struct ska_request *request,
                   const struct ska_errors *errors)
{
    char stated[sizeof(request->id)];
    bool same = false;

    memcpy(stated, request->id, sizeof(stated));
    if (!ska_request_identify(request, verification->libctx, errors))
        return false;
    same = strcmp(stated, request->id) == 0;
    memcpy(request->id, stated, sizeof(stated));
    verify_add(verification, same ? VERIFY_OK : VERIFY_WRONG,
               same ? "the request id is that of operation, key, algorithm and payload"
                    : "the request id is not that of operation, key, algorithm and payload");
    return true;
}

static void add_digest(struct verification *verification, const struct ska_request *request)
{
    enum ska_digest digest = SKA_DIGEST_NONE;
    struct ska_span value = {NULL, 0};

    if (request->digest == SKA_DIGEST_NONE || !review_digest(request, &digest, &value))
        return;
    if (digest == request->digest && ska_span_equal(value, ska_span_of(&request->digest_value)))
        verify_add(verification, VERIFY_OK, "the digest is that in the payload");
    else
        verify_add(verification, VERIFY_WRONG, "the digest is not that in the payload");
}

static void add_timestamp(struct verification *verification, const struct ska_request *request)
{
    struct ska_token token;
    struct ska_bytes plain = {NULL, 0};
    const char *digest = NULL;

    memset(&token, 0, sizeof(token));
    if (!ska_token_decode(ska_span_of(&request->token), &token, NULL) || !token.has_timestamp)
        return;
    if (request->timestamp_key.length == 0) {
        verify_add(verification, VERIFY_NOTHING,
                   "HSM time: the timestamp key is not in the request");
        return;
    }
    if (ska_signature_from_der(token.timestamp_signature, &digest, &plain, NULL) &&
        ska_signature_verify(verification->libctx, ska_span_of(&request->timestamp_key), digest,
                             ska_span_of(&plain), token.timestamp.block))
        verify_add(verification, VERIFY_OK, "HSM time: signed by the timestamp key given");
    else
        verify_add(verification, VERIFY_WRONG, "HSM time: not signed by the timestamp key given");
    ska_bytes_free(&plain);
}

static void add_approval(struct verification *verification, const struct ska_rule *rule,
                         const struct ska_approval *approval, enum ska_approval_state state)
{
    static const char *const texts[] = {
        [SKA_APPROVAL_COUNTS] = "is a signature over this token by",
        [SKA_APPROVAL_INVALID] = "is NOT a signature over this token by",
        [SKA_APPROVAL_NOT_LISTED] = "does not count: it is by somebody the rule does not list:",
        [SKA_APPROVAL_DOUBLED] = "does not count a second time: it is also by"};
    char *shown = ska_approver_shown(rule, approval);

    verify_add(verification,
               state == SKA_APPROVAL_COUNTS    ? VERIFY_OK
               : state == SKA_APPROVAL_INVALID ? VERIFY_WRONG
                                               : VERIFY_NOTHING,
               "approval: %s %s", texts[state], shown == NULL ? "?" : shown);
    free(shown);
}

static void add_sum(struct verification *verification, const struct ska_request *request,
                    const struct ska_rule *rule, const struct ska_progress *progress)
{
    struct ska_buffer missing = {0};
    struct ska_bytes text = {NULL, 0};
    /* Evidence says that the HSM was content; then so must we be. */
    enum verdict lacking = request->signature.length > 0 ? VERIFY_WRONG : VERIFY_NOTHING;

    if (rule == NULL) {
        verify_add(verification, VERIFY_NOTHING, "rule: not in the request");
        return;
    }
    if (progress->satisfied) {
        verify_add(verification, VERIFY_OK, "rule as given here: satisfied");
        return;
    }
    ska_progress_missing(rule, progress, &missing);
    if (ska_buffer_finish(&missing, &text, NULL))
        verify_add(verification, lacking, "rule as given here: not satisfied yet: %s",
                   (const char *)text.data);
    else
        verification->text.failed = true;
    ska_bytes_free(&text);
}

static bool add_approvals(struct verification *verification, const struct ska_request *request,
                          const struct ska_errors *errors)
{
    const struct ska_rule *rule = review_rule(request);
    struct ska_progress progress = {0};

    if (!ska_progress_find(verification->libctx, rule, ska_span_of(&request->token),
                           request->approvals, request->approval_count, &progress, errors))
        return false;
    for (size_t i = 0; i < request->approval_count; i++)
        add_approval(verification, rule, &request->approvals[i], progress.states[i]);
    if (request->approval_count == 0)
        verify_add(verification, VERIFY_NOTHING, "approvals: none yet");
    add_sum(verification, request, rule, &progress);
    ska_progress_clear(&progress);
    return true;
}

static void add_signature(struct verification *verification, const struct ska_request *request)
{
    if (request->signature.length == 0) {
        verify_add(verification, VERIFY_NOTHING, "signature: none in here");
        return;
    }
    if (request->operation != SKA_OPERATION_SIGN)
        verify_add(verification, VERIFY_WRONG, "signature: there is one, but nothing to sign");
    else if (verify_signature(verification->libctx, &request->mechanism,
                              ska_span_of(&request->public_key), ska_span_of(&request->payload),
                              ska_span_of(&request->signature)))
        verify_add(verification, VERIFY_OK, "signature: by the key given here over the payload");
    else
        verify_add(verification, VERIFY_WRONG,
                   "signature: NOT by the key given here over the payload");
}

bool verify_request(struct verification *verification, struct ska_request *request,
                    const struct ska_errors *errors)
{
    /* ska_request_parse() has compared them. */
    verify_add(verification, VERIFY_OK,
               "operation, key label and payload outside are those in the token");
    if (!add_id(verification, request, errors))
        return false;
    add_digest(verification, request);
    add_timestamp(verification, request);
    if (!add_approvals(verification, request, errors))
        return false;
    add_signature(verification, request);
    return true;
}
