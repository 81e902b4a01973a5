/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/seal/timestamp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ts.h>
#include <openssl/x509.h>

#include "provider/base/der.h"
#include "provider/base/der_write.h"
#include "provider/base/http.h"
#include "tools/certificate_file.h"

#define QUERY_VERSION 1
#define HASH "SHA256"

/* ---- The query ------------------------------------------------------------------------------- */

/* A positive number of eight bytes. */
static bool choose_nonce(OSSL_LIB_CTX *libctx, struct ska_span hash, uint64_t *nonce)
{
    static const char purpose[] = "nonce";
    unsigned char digest[EVP_MAX_MD_SIZE];
    struct ska_buffer input = {0};
    size_t length = 0;
    bool done = false;

    ska_buffer_text(&input, purpose);
    ska_buffer_add(&input, hash.data, hash.length);
    done = !input.failed &&
           EVP_Q_digest(libctx, HASH, NULL, input.data, input.length, digest, &length) == 1;
    ska_buffer_free(&input);
    *nonce = 0;
    for (size_t i = 0; done && i < sizeof(*nonce); i++)
        *nonce = *nonce << 8 | digest[i];
    return done;
}

/* MessageImprint { AlgorithmIdentifier, OCTET STRING } */
static void put_imprint(struct ska_buffer *to, struct ska_span hash)
{
    struct ska_buffer algorithm = {0};
    struct ska_buffer inside = {0};

    ska_der_put_object(&algorithm, NID_sha256);
    ska_der_put(&algorithm, SKA_DER_NULL, ska_span(NULL, 0));
    ska_der_wrap(&inside, SKA_DER_SEQUENCE, &algorithm);
    ska_der_put(&inside, SKA_DER_OCTET_STRING, hash);
    ska_der_wrap(to, SKA_DER_SEQUENCE, &inside);
}

bool seal_timestamp_query(OSSL_LIB_CTX *libctx, struct ska_span signature, struct ska_bytes *query,
                          const struct ska_errors *errors)
{
    static const uint8_t yes = 0xFF;
    unsigned char hash[EVP_MAX_MD_SIZE];
    struct ska_buffer inside = {0};
    struct ska_buffer whole = {0};
    uint64_t nonce = 0;
    size_t length = 0;
    bool done = false;

    if (EVP_Q_digest(libctx, HASH, NULL, signature.data, signature.length, hash, &length) != 1 ||
        !choose_nonce(libctx, ska_span(hash, length), &nonce))
        return ska_fail(errors, SKA_R_INTERNAL, "hashing failed");
    ska_der_put_number(&inside, QUERY_VERSION);
    put_imprint(&inside, ska_span(hash, length));
    ska_der_put_number(&inside, nonce);
    ska_der_put(&inside, SKA_DER_BOOLEAN, ska_span(&yes, 1)); /* certificates, please */
    ska_der_wrap(&whole, SKA_DER_SEQUENCE, &inside);
    done = ska_buffer_finish(&whole, query, errors);
    ska_buffer_free(&whole);
    return done;
}

/* ---- The reply ------------------------------------------------------------------------------- */

/* TimeStampResp { PKIStatusInfo, ContentInfo OPTIONAL } */
static bool split_reply(struct ska_span reply, struct ska_span *token)
{
    struct ska_span inside = {NULL, 0};
    struct ska_span ignored = {NULL, 0};
    struct ska_span rest = {NULL, 0};

    if (reply.length > SEAL_REPLY_LIMIT || !ska_der_take(&reply, SKA_DER_SEQUENCE, &inside) ||
        reply.length > 0 || !ska_der_take(&inside, SKA_DER_SEQUENCE, &ignored))
        return false;
    *token = inside;
    rest = inside;
    return inside.length == 0 ||
           (ska_der_take(&rest, SKA_DER_SEQUENCE, &ignored) && rest.length == 0);
}

bool seal_timestamp_find(struct ska_span reply, struct ska_span *token)
{
    return split_reply(reply, token) && token->length > 0;
}

/* All that is in a status, in words of the authority, made harmless. */
static bool fail_status(const TS_STATUS_INFO *info, long status, enum ska_reason wrong,
                        const struct ska_errors *errors)
{
    const STACK_OF(ASN1_UTF8STRING) *texts = TS_STATUS_INFO_get0_text(info);
    const ASN1_UTF8STRING *text = texts != NULL && sk_ASN1_UTF8STRING_num(texts) > 0
                                      ? sk_ASN1_UTF8STRING_value(texts, 0)
                                      : NULL;
    char *shown =
        text == NULL
            ? NULL
            : ska_printable(ska_span(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text)),
                            200);

    ska_fail(errors, wrong, "the time-stamp authority refuses: it answers with status %ld%s%s",
             status, shown == NULL ? "" : ": ", shown == NULL ? "" : shown);
    free(shown);
    return false;
}

static bool check_status(TS_RESP *response, enum ska_reason wrong, const struct ska_errors *errors)
{
    TS_STATUS_INFO *info = TS_RESP_get_status_info(response);
    long status = info == NULL ? -1 : ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(info));

    return status == TS_STATUS_GRANTED || status == TS_STATUS_GRANTED_WITH_MODS ||
           fail_status(info, status, wrong, errors);
}

/* Of the system: the folder that it was built with, whatever the environment says. */
static bool load_cas(X509_STORE *store, const char *ca_path, const struct ska_errors *errors)
{
    if (ca_path == NULL)
        return X509_STORE_load_path(store, X509_get_default_cert_dir()) == 1 ||
               ska_fail(errors, SKA_R_FILE_FAILURE,
                        "the system's CAs cannot be read: name the time-stamp authority's with "
                        "--tsa-ca");
    if (access(ca_path, R_OK) != 0)
        return ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", ca_path, strerror(errno));
    return X509_STORE_load_file(store, ca_path) == 1 ||
           ska_fail(errors, SKA_R_BAD_KEY, "%s: no certificates in PEM", ca_path);
}

/* The context frees the store. */
static void give_store(TS_VERIFY_CTX *context, X509_STORE *store)
{
#if OPENSSL_VERSION_PREREQ(3, 4)
    (void)TS_VERIFY_CTX_set0_store(context, store);
#else
    (void)TS_VERIFY_CTX_set_store(context, store);
#endif
}

/* What OpenSSL has raised last, with what it adds to that; *detail is "" where it adds nothing. */
static const char *why_not_verified(const char **detail)
{
    int flags = 0;
    const char *reason =
        ERR_reason_error_string(ERR_peek_last_error_all(NULL, NULL, NULL, detail, &flags));

    if (*detail == NULL || (flags & ERR_TXT_STRING) == 0)
        *detail = "";
    return reason == NULL ? "wrong" : reason;
}

/* Nothing is wrong with the time-stamp itself, as far as that tells. */
static bool fail_unvouched(const char *ca_path, enum ska_reason wrong,
                           const struct ska_errors *errors)
{
    const char *detail = NULL;
    const char *reason = why_not_verified(&detail);

    return ska_fail(errors, wrong,
                    "the authority's certificate does not chain to one of the CAs (%s): %s%s%s",
                    ca_path == NULL ? "the system's; --tsa-ca names others" : ca_path, reason,
                    detail[0] == 0 ? "" : "; ", detail);
}

static bool is_of_certificate(void)
{
    unsigned long error = ERR_peek_last_error();

    return ERR_GET_LIB(error) == ERR_LIB_TS &&
           ERR_GET_REASON(error) == TS_R_CERTIFICATE_VERIFY_ERROR;
}

static bool verify_response(TS_RESP *response, TS_VERIFY_CTX *context, const char *ca_path,
                            enum ska_reason wrong, const struct ska_errors *errors)
{
    X509_STORE *store = X509_STORE_new();

    if (store == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for CAs");
    if (!load_cas(store, ca_path, errors)) {
        X509_STORE_free(store);
        return false;
    }
    give_store(context, store);
    TS_VERIFY_CTX_add_flags(context, TS_VFY_SIGNATURE);
    if (TS_RESP_verify_response(context, response) == 1)
        return true;
    if (is_of_certificate())
        return fail_unvouched(ca_path, wrong, errors);
    return ska_fail(errors, wrong, "the time-stamp is not for this signature: %s",
                    ERR_reason_error_string(ERR_peek_last_error()));
}

static bool verify_reply(struct ska_span reply, struct ska_span query, const char *ca_path,
                         enum ska_reason wrong, const struct ska_errors *errors)
{
    const unsigned char *next = reply.data;
    const unsigned char *next_query = query.data;
    TS_RESP *response = d2i_TS_RESP(NULL, &next, (long)reply.length);
    TS_REQ *request = d2i_TS_REQ(NULL, &next_query, (long)query.length);
    TS_VERIFY_CTX *context = request == NULL ? NULL : TS_REQ_to_TS_VERIFY_CTX(request, NULL);
    bool done = false;

    if (context == NULL)
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a time-stamp");
    else if (response == NULL || next != reply.data + reply.length)
        ska_fail(errors, wrong, "this is not a reply of a time-stamp authority");
    else
        done = check_status(response, wrong, errors) &&
               verify_response(response, context, ca_path, wrong, errors);
    TS_VERIFY_CTX_free(context);
    TS_REQ_free(request);
    TS_RESP_free(response);
    return done;
}

bool seal_timestamp_take(struct ska_span reply, struct ska_span query, const char *ca_path,
                         enum ska_reason wrong, struct ska_span *token,
                         const struct ska_errors *errors)
{
    bool done = false;

    if (!split_reply(reply, token))
        return ska_fail(errors, wrong,
                        "this is not a reply of a time-stamp authority (a TimeStampResp in DER)");
    ERR_set_mark();
    done = verify_reply(reply, query, ca_path, wrong, errors);
    ERR_pop_to_mark();
    return done &&
           (token->length > 0 || ska_fail(errors, wrong, "the reply has no time-stamp in it"));
}

/* ---- One that is there ----------------------------------------------------------------------- */

/* Whoever signed it: the certificate in it is taken for one that is believed. */
static bool trust_anybody(X509_STORE *store, PKCS7 *token)
{
    STACK_OF(X509) *signers = PKCS7_get0_signers(token, NULL, 0);
    bool done =
        sk_X509_num(signers) > 0 && X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1;

    for (int i = 0; done && i < sk_X509_num(signers); i++)
        done = X509_STORE_add_cert(store, sk_X509_value(signers, i)) == 1;
    sk_X509_free(signers);
    return done;
}

/* A time-stamp is there to outlive its certificate: what counts is the time that it states. */
static bool go_by_its_time(X509_STORE *store, PKCS7 *token)
{
    TS_TST_INFO *info = PKCS7_to_TS_TST_INFO(token);
    const ASN1_GENERALIZEDTIME *stated = info == NULL ? NULL : TS_TST_INFO_get_time(info);
    struct tm time;
    bool done = stated != NULL && ASN1_TIME_to_tm(stated, &time) == 1;

    if (done)
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), timegm(&time));
    TS_TST_INFO_free(info);
    return done;
}

static bool make_store(PKCS7 *token, enum seal_timestamp_trust trust, const char *ca_path,
                       X509_STORE **store, const struct ska_errors *errors)
{
    *store = X509_STORE_new();
    if (*store == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for CAs");
    if (trust == SEAL_TIMESTAMP_OF_CAS && !load_cas(*store, ca_path, errors))
        return false;
    return (go_by_its_time(*store, token) &&
            (trust == SEAL_TIMESTAMP_OF_CAS || trust_anybody(*store, token))) ||
           ska_fail(errors, SKA_R_BAD_SIGNATURE, "it cannot be read");
}

/* The context frees the data. */
static void give_data(TS_VERIFY_CTX *context, BIO *data)
{
#if OPENSSL_VERSION_PREREQ(3, 4)
    (void)TS_VERIFY_CTX_set0_data(context, data);
#else
    (void)TS_VERIFY_CTX_set_data(context, data);
#endif
}

/* Takes over the store. */
static bool verify_token(PKCS7 *token, struct ska_span signature, X509_STORE *store)
{
    TS_VERIFY_CTX *context = TS_VERIFY_CTX_new();
    BIO *data = BIO_new_mem_buf(signature.data, (int)signature.length);
    bool done = false;

    if (context == NULL || data == NULL) {
        BIO_free(data);
        X509_STORE_free(store);
    } else {
        give_data(context, data);
        give_store(context, store);
        TS_VERIFY_CTX_set_flags(context, TS_VFY_VERSION | TS_VFY_DATA | TS_VFY_SIGNATURE);
        done = TS_RESP_verify_token(context, token) == 1;
    }
    TS_VERIFY_CTX_free(context);
    return done;
}

static bool fail_verify(enum seal_timestamp_trust trust, const char *ca_path,
                        const struct ska_errors *errors)
{
    const char *detail = NULL;
    const char *reason = NULL;

    if (trust == SEAL_TIMESTAMP_OF_CAS)
        return fail_unvouched(ca_path, SKA_R_BAD_SIGNATURE, errors);
    reason = why_not_verified(&detail);
    return ska_fail(errors, SKA_R_BAD_SIGNATURE, "%s%s%s", reason, detail[0] == 0 ? "" : "; ",
                    detail);
}

bool seal_timestamp_verify(struct ska_span token, struct ska_span signature,
                           enum seal_timestamp_trust trust, const char *ca_path,
                           const struct ska_errors *errors)
{
    const unsigned char *next = token.data;
    X509_STORE *store = NULL;
    PKCS7 *parsed = NULL;
    bool done = false;

    ERR_set_mark();
    parsed = token.length > SEAL_REPLY_LIMIT ? NULL : d2i_PKCS7(NULL, &next, (long)token.length);
    if (parsed == NULL || next != token.data + token.length)
        ska_fail(errors, SKA_R_BAD_SIGNATURE, "it cannot be read");
    else if (!make_store(parsed, trust, ca_path, &store, errors))
        X509_STORE_free(store);
    else
        done = verify_token(parsed, signature, store) || fail_verify(trust, ca_path, errors);
    PKCS7_free(parsed);
    ERR_pop_to_mark();
    return done;
}

static void add_known(STACK_OF(X509) * known, const STACK_OF(X509) * more)
{
    for (int i = 0; i < sk_X509_num(more); i++)
        (void)X509_add_cert(known, sk_X509_value(more, i), X509_ADD_FLAG_UP_REF);
}

void seal_timestamp_say_ends(OSSL_LIB_CTX *libctx, struct ska_span token, const char *ca_path,
                             certificate_end_say *say, void *arg)
{
    const unsigned char *next = token.data;
    PKCS7 *parsed = NULL;
    STACK_OF(X509) *signers = NULL;
    STACK_OF(X509) *cas = NULL;
    struct certificate_ends ends = {time(NULL), sk_X509_new_null(), say, arg};

    ERR_set_mark();
    parsed = d2i_PKCS7(NULL, &next, (long)token.length);
    if (parsed != NULL && PKCS7_type_is_signed(parsed))
        signers = PKCS7_get0_signers(parsed, NULL, 0);
    if (signers != NULL && ends.known != NULL) {
        cas = ca_path == NULL ? NULL : certificate_file_read(libctx, ca_path, NULL);
        add_known(ends.known, parsed->d.sign->cert);
        add_known(ends.known, cas);
        certificate_ends_say_chain(&ends, sk_X509_value(signers, 0));
    }
    certificates_free(cas);
    certificates_free(ends.known);
    sk_X509_free(signers);
    PKCS7_free(parsed);
    ERR_pop_to_mark();
}

/* ---- Over the network ------------------------------------------------------------------------ */

static bool is_reply(const struct ska_http_answer *answer)
{
    static const char type[] = "application/timestamp-reply";

    return answer->status == 200 && answer->content_type != NULL &&
           strncasecmp(answer->content_type, type, strlen(type)) == 0;
}

static bool call_authority(struct ska_http *http, const char *url, struct ska_span query,
                           struct ska_bytes *reply, const struct ska_errors *errors)
{
    static const char *const headers[] = {"Accept: application/timestamp-reply", NULL};
    const struct ska_http_call call = {.method = SKA_HTTP_POST,
                                       .headers = headers,
                                       .content_type = "application/timestamp-query",
                                       .body = query};
    struct ska_http_answer answer;
    bool done = false;

    if (ska_http_call(http, &call, &answer, errors) != SKA_HTTP_ANSWERED)
        return false;
    if (!is_reply(&answer))
        ska_fail(errors, SKA_R_SERVER_FAILURE,
                 "%s: it answers with status %u (%s) instead of a time-stamp", url, answer.status,
                 answer.content_type == NULL ? "nothing" : answer.content_type);
    else
        done = ska_bytes_copy(reply, ska_span_of(&answer.body), errors);
    ska_http_answer_clear(&answer);
    return done;
}

static bool open_authority(const char *url, const char *ca_path, struct ska_http **http,
                           const struct ska_errors *errors)
{
    const struct ska_http_settings settings = {
        .url = url, .ca_file = ca_path, .ca_setting = "--tsa-ca", .answer_limit = SEAL_REPLY_LIMIT};

    return ska_http_open(&settings, http, errors);
}

bool seal_timestamp_check(const char *url, const char *ca_path, const struct ska_errors *errors)
{
    struct ska_http *http = NULL;
    bool done = open_authority(url, ca_path, &http, errors);

    ska_http_close(http);
    return done;
}

bool seal_timestamp_ask(const char *url, const char *ca_path, struct ska_span query,
                        struct ska_bytes *reply, const struct ska_errors *errors)
{
    struct ska_http *http = NULL;
    bool done = open_authority(url, ca_path, &http, errors) &&
                call_authority(http, url, query, reply, errors);

    ska_http_close(http);
    return done;
}
