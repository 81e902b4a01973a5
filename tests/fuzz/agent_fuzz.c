/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an approver agent makes of a line. The first byte of the input says what the rest is: the
 * line itself ('l'), a message to approve ('m'), an approval token ('t'); for the latter two the
 * request around it is right. The agent approves handshakes of the key "web".
 */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "provider/request/approval.h"
#include "provider/request/approval_token.h"
#include "tools/agent/decision.h"
#include "tools/agent/rules_read.h"

#include "fuzz.h"

/* Written down here once more: 64 spaces, this with its zero byte, a hash. */
#define CONTEXT "TLS 1.3, server CertificateVerify"

static struct agent *the_agent(void)
{
    static const char *const texts[] = {"key=web,payload=tls13-server,uid=33"};
    static struct agent agent;
    unsigned char *der = NULL;
    int length = 0;

    if (agent.approver.key != NULL)
        return &agent;
    agent.approver.key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    length = i2d_PUBKEY(agent.approver.key, &der);
    PROMISE(length > 0 &&
            ska_bytes_copy(&agent.approver.public_key, ska_span(der, (size_t)length), NULL));
    OPENSSL_free(der);
    PROMISE(agent_rules_read(texts, 1, 0, &agent.rules, NULL));
    return &agent;
}

static bool is_handshake(struct ska_span payload)
{
    if (payload.length != 64 + sizeof(CONTEXT) + 32 && payload.length != 64 + sizeof(CONTEXT) + 48)
        return false;
    for (size_t i = 0; i < 64; i++)
        if (payload.data[i] != ' ')
            return false;
    return memcmp(payload.data + 64, CONTEXT, sizeof(CONTEXT)) == 0;
}

/* ---- Requests around something --------------------------------------------------------------- */

static struct ska_bytes line_around(struct ska_span token, struct ska_span payload)
{
    struct ska_request request = {.operation = SKA_OPERATION_SIGN};
    struct ska_bytes line = {NULL, 0};
    char label[] = "web";

    memset(request.id, 'a', SKA_REQUEST_ID_LENGTH);
    request.key_label = label;
    request.mechanism.scheme = SKA_SCHEME_EDDSA;
    request.mechanism.form = SKA_PAYLOAD_MESSAGE;
    PROMISE(
        ska_bytes_copy(&request.public_key, ska_span_of(&the_agent()->approver.public_key), NULL));
    PROMISE(ska_bytes_copy(&request.approval_token, token, NULL));
    PROMISE(ska_bytes_copy(&request.payload, payload, NULL));
    if (!ska_request_print_line(&request, &line, NULL))
        line.data = NULL;
    ska_bytes_free(&request.public_key);
    ska_bytes_free(&request.approval_token);
    ska_bytes_free(&request.payload);
    if (line.length > 0)
        line.length--; /* without its end */
    return line;
}

static struct ska_bytes line_for_message(struct ska_span message)
{
    struct ska_approval_token token = {.operation = SKA_OPERATION_SIGN,
                                       .key_name = ska_span_text("web"),
                                       .has_payload = true,
                                       .payload = message};
    struct ska_bytes encoded = {NULL, 0};
    struct ska_bytes line = {NULL, 0};

    if (ska_approval_token_encode(&token, &encoded, NULL))
        line = line_around(ska_span_of(&encoded), message);
    ska_bytes_free(&encoded);
    return line;
}

static struct ska_bytes line_for_token(struct ska_span encoded)
{
    struct ska_approval_token token;

    if (!ska_approval_token_decode(encoded, &token, NULL))
        token.payload = ska_span("", 0);
    return line_around(encoded, token.payload);
}

/* ---- Promises -------------------------------------------------------------------------------- */

static void check_log(struct ska_span log)
{
    PROMISE(log.length > 0 && log.length < 8192);
    PROMISE(ska_utf8_valid(log));
    for (size_t i = 0; i < log.length; i++)
        PROMISE(log.data[i] >= ' ' && log.data[i] != 0x7F);
}

static void check_answer(const struct agent_decision *decision, struct ska_span token)
{
    struct ska_span answer = ska_span_of(&decision->answer);
    struct ska_approval *approvals = NULL;
    size_t count = 0;
    cJSON *json = NULL;
    struct ska_json_place place;

    PROMISE(answer.length > 0 &&
            memchr(answer.data, '\n', answer.length) == answer.data + answer.length - 1);
    PROMISE(ska_json_parse(answer, "answer", &json, NULL));
    ska_json_top(&place, json, "", SKA_R_BAD_JSON, NULL);
    PROMISE(cJSON_GetArraySize(json) == 1);
    PROMISE(cJSON_HasObjectItem(json, decision->approved ? "approvals" : "error"));
    PROMISE(ska_approvals_read(&place, &approvals, &count));
    PROMISE(count == (decision->approved ? 1 : 0));
    if (decision->approved)
        PROMISE(ska_approval_verify(NULL, &approvals[0], token));
    ska_approvals_free(approvals, count);
    cJSON_Delete(json);
}

static void check_approved(struct ska_span line, struct ska_bytes *token)
{
    struct ska_request *request = NULL;
    struct ska_approval_token decoded;

    PROMISE(ska_request_parse(line, "fuzz", &request, NULL));
    PROMISE(ska_bytes_copy(token, ska_span_of(&request->approval_token), NULL));
    PROMISE(ska_approval_token_decode(ska_span_of(token), &decoded, NULL));
    PROMISE(decoded.operation == SKA_OPERATION_SIGN);
    PROMISE(ska_span_equal(decoded.key_name, ska_span_text("web")));
    PROMISE(is_handshake(decoded.payload));
    ska_request_free(request);
}

static bool decide(struct ska_span line, uid_t uid)
{
    struct agent_peer peer = {uid, 1};
    struct agent_decision decision;
    struct ska_bytes token = {NULL, 0};
    bool approved = false;

    PROMISE(agent_decide(the_agent(), &peer, 0, line, &decision));
    approved = decision.approved;
    if (approved)
        check_approved(line, &token);
    check_log(ska_span_of(&decision.log));
    check_answer(&decision, ska_span_of(&token));
    ska_bytes_free(&token);
    agent_decision_clear(&decision);
    return approved;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ska_span rest = ska_span(data + (size > 0), size - (size > 0));
    struct ska_bytes line = {NULL, 0};
    struct ska_span asked = rest;
    bool approved = false;

    if (size > 0 && (data[0] == 'm' || data[0] == 't')) {
        line = data[0] == 'm' ? line_for_message(rest) : line_for_token(rest);
        asked = ska_span_of(&line);
    }
    approved = decide(asked, 33);
    if (size > 0 && data[0] == 'm')
        PROMISE(approved == is_handshake(rest));
    if (approved)
        PROMISE(!decide(asked, 34));
    ska_bytes_free(&line);
    return 0;
}
