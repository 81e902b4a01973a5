/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of the broker's simulator, up to where the HSM or the database are asked, which have
 * nothing here: the first line is the path, the second an API key and access token, the rest is the
 * body. Whatever it is there is one answer, and a refusal is JSON with a message. The third line is
 * read as a policy, and as an approver's proof, too.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/obj_mac.h>

#include "fuzz.h"
#include "simulator/tsb/access.h"
#include "simulator/tsb/approver_proof.h"
#include "simulator/tsb/database.h"
#include "simulator/tsb/derivation.h"
#include "simulator/tsb/device_key.h"
#include "simulator/tsb/policy_body.h"
#include "simulator/tsb/policy_serialize.h"
#include "simulator/tsb/router.h"
#include "simulator/tsb/rsa_padding.h"
#include "simulator/tsb/signed_approval.h"
#include "simulator/tsb/time_text.h"

static const char *const methods[] = {"GET", "HEAD", "POST", "PATCH", "DELETE", "PUT"};

static char *take_line(const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size == 0 ? NULL : memchr(*data, '\n', *size);
    size_t length = end == NULL ? *size : (size_t)(end - *data);
    char *line = malloc(length + 1);

    PROMISE(line != NULL);
    memcpy(line, *data, length);
    line[length] = '\0';
    if (end != NULL)
        length++;
    *data += length;
    *size -= length;
    return line;
}

/* ---- A HSM and a database that have nothing (by --wrap of the linker) -------------------------
 */

CK_RV __wrap_tsb_key_open_stored(struct tsb_device *device, const char *label, struct tsb_key *key);
void __wrap_tsb_key_close(struct tsb_device *device, struct tsb_key *key);
CK_RV __wrap_tsb_key_labels(struct tsb_device *device, char ***labels, size_t *count);
CK_RV __wrap_tsb_session_take(struct tsb_device *device, CK_SESSION_HANDLE *session);
void __wrap_tsb_session_give(struct tsb_device *device, CK_SESSION_HANDLE session);
const struct tsb_vendor_calls *__wrap_tsb_device_vendor_calls(const struct tsb_device *device);
CK_RV __wrap_tsb_modify_serialize(const struct tsb_vendor_calls *calls,
                                  const struct ska_rule *rules, struct ska_bytes *payload);
bool __wrap_tsb_database_begin(struct tsb_database *database);

CK_RV __wrap_tsb_key_open_stored(struct tsb_device *device, const char *label, struct tsb_key *key)
{
    (void)device;
    memset(key, 0, sizeof(*key));
    PROMISE(label != NULL);
    return CKR_OBJECT_HANDLE_INVALID;
}

void __wrap_tsb_key_close(struct tsb_device *device, struct tsb_key *key)
{
    (void)device;
    (void)key;
}

CK_RV __wrap_tsb_key_labels(struct tsb_device *device, char ***labels, size_t *count)
{
    (void)device;
    *labels = NULL;
    *count = 0;
    return CKR_OK;
}

CK_RV __wrap_tsb_session_take(struct tsb_device *device, CK_SESSION_HANDLE *session)
{
    (void)device;
    *session = CK_INVALID_HANDLE;
    return CKR_DEVICE_ERROR;
}

void __wrap_tsb_session_give(struct tsb_device *device, CK_SESSION_HANDLE session)
{
    (void)device;
    (void)session;
}

const struct tsb_vendor_calls *__wrap_tsb_device_vendor_calls(const struct tsb_device *device)
{
    (void)device;
    return NULL;
}

CK_RV __wrap_tsb_modify_serialize(const struct tsb_vendor_calls *calls,
                                  const struct ska_rule *rules, struct ska_bytes *payload)
{
    (void)calls;
    (void)rules;
    (void)payload;
    return CKR_OK;
}

bool __wrap_tsb_database_begin(struct tsb_database *database)
{
    (void)database;
    return false;
}

/* ---- What is tried ----------------------------------------------------------------------------
 */

static void check_refusal(const struct tsb_answer *answer)
{
    cJSON *json = NULL;

    PROMISE(answer->status >= 400 && answer->status <= 501);
    PROMISE(ska_json_parse(ska_span_of(&answer->body), "answer", &json, NULL));
    PROMISE(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(json, "message")));
    cJSON_Delete(json);
}

static void check_answer(const struct tsb_answer *answer)
{
    cJSON *json = NULL;

    if (answer->status >= 400) {
        check_refusal(answer);
        return;
    }
    PROMISE(answer->status == 200);
    PROMISE(ska_json_parse(ska_span_of(&answer->body), "answer", &json, NULL));
    cJSON_Delete(json);
}

static void try_call(struct tsb_server *server, const char *path, const char *header,
                     struct ska_span body)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        struct tsb_exchange exchange = {.server = server,
                                        .method = methods[i],
                                        .path = path,
                                        .content_type = "application/json",
                                        .api_key = header,
                                        .authorization = header,
                                        .body = body};

        tsb_route(&exchange);
        check_answer(&exchange.answer);
        tsb_exchange_clear(&exchange);
    }
}

static void try_policy(struct tsb_server *server, const cJSON *json)
{
    struct tsb_exchange exchange = {.server = server, .path = "", .method = "POST"};
    struct ska_errors errors = tsb_answer_errors(&exchange.answer);
    struct ska_json_place place;
    struct tsb_policy policy;
    struct ska_buffer xml = {0};
    cJSON *again = NULL;

    ska_json_top(&place, json, "policy", SKA_R_BAD_REQUEST, &errors);
    if (tsb_policy_read(&exchange, &place, true, &policy)) {
        tsb_policy_to_xml(&policy, &xml);
        again = tsb_policy_to_json(&policy);
        PROMISE(again != NULL && !xml.failed);
        cJSON_Delete(again);
        tsb_policy_clear(&policy);
    } else {
        check_refusal(&exchange.answer);
    }
    ska_buffer_free(&xml);
    tsb_answer_clear(&exchange.answer);
}

static void try_proof(struct tsb_server *server, cJSON *json)
{
    struct tsb_exchange exchange = {.server = server, .path = "", .method = "POST"};
    struct ska_errors errors = tsb_answer_errors(&exchange.answer);
    struct ska_bytes password = {NULL, 0};
    struct ska_json_place top;
    struct tsb_caller caller;

    ska_json_top(&top, json, "", SKA_R_BAD_REQUEST, &errors);
    if (!tsb_proof_read(&exchange, &top, &caller))
        check_refusal(&exchange.answer);
    tsb_caller_clear(&caller);
    if (tsb_read_password(&top, "password", &password))
        PROMISE(password.length <= 1024 + 4);
    ska_bytes_free(&password);
    tsb_answer_clear(&exchange.answer);
}

/* Paths of derivation; on this curve a step is one hash. And what a decryption has given. */
static void try_arithmetic(const char *text)
{
    struct tsb_node node = {.curve = NID_ED25519};
    struct ska_bytes plain = {NULL, 0};

    if (tsb_node_derive(NULL, text, &node))
        PROMISE(strchr(text, '\'') != NULL);
    if (tsb_oaep_remove(NULL, "SHA1", ska_span_text(text), &plain))
        PROMISE(plain.length < strlen(text));
    ska_bytes_free(&plain);
}

static void try_texts(const char *text)
{
    struct tsb_signed_approval approval;
    char *again = NULL;
    char back[32];
    int64_t time = 0;

    again = tsb_path_normalize(text);
    PROMISE(again != NULL && again[0] != '\0' && strlen(again) <= strlen(text) + 1);
    free(again);
    if (tsb_time_read(text, &time))
        PROMISE(tsb_time_text(time, back)[0] != '\0' && strlen(text) >= 20);
    if (tsb_signed_approval_read(text, &approval)) {
        PROMISE(tsb_signed_approval_write(approval.token, &approval.approval, &again));
        PROMISE(strcmp(again, text) == 0);
        free(again);
        tsb_signed_approval_clear(&approval);
    }
    (void)tsb_jwt_expired(text, 0);
    if (tsb_faults_valid(text))
        PROMISE(strlen(text) >= 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tsb_server server;
    char *path = NULL;
    char *header = NULL;
    char *text = NULL;
    cJSON *json = NULL;

    memset(&server, 0, sizeof(server));
    server.config.licence = (char *)(uintptr_t) "KEY_AUTH, REST_API, TSB_ENGINE";
    server.config.version = (char *)(uintptr_t) "fuzz";
    server.config.clock_back = UINT32_MAX;
    server.config.api_keys[TSB_SERVICE] = (char *)(uintptr_t) "one, two";
    PROMISE(tsb_faults_init(&server.faults, NULL));
    path = take_line(&data, &size);
    header = take_line(&data, &size);
    try_call(&server, path, header, ska_span(data, size));
    try_texts(path);
    try_arithmetic(path);
    text = take_line(&data, &size);
    if (ska_json_parse(ska_span_text(text), "fuzz", &json, NULL) && cJSON_IsObject(json)) {
        try_policy(&server, json);
        try_proof(&server, json);
    }
    cJSON_Delete(json);
    free(text);
    free(header);
    free(path);
    tsb_faults_clear(&server.faults);
    return 0;
}
