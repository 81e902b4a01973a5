/* SPDX-License-Identifier: Apache-2.0 */
/* Timestamps, block, unblock and modify, and keys whose public part is kept secret. */
#include "hsm_ska_support.h"

#include <sys/wait.h>
#include <time.h>

#include <openssl/pem.h>

#include "hsm_device.h"

/* ---- Keys and requests ----------------------------------------------------------------------- */

/* Rules in the order use, block, unblock, modify. */
static struct backend_key *make_key(const char *label, const struct ska_rule *const rules[])
{
    struct backend_key_template wanted = {.type = SKA_KEY_EC, .curve = "P-256", .label = label};

    memcpy(wanted.rules, rules, sizeof(wanted.rules));
    assert_true(hsm_key_generate(token, &wanted, &shown));
    assert_int_equal(ERR_peek_error(), 0);
    return find_key(token, label);
}

static void make_timestamp_key(enum ska_key_type type, const char *curve, const char *label)
{
    struct backend_key_template wanted = {
        .type = type, .bits = 2048, .curve = curve, .label = label, .timestamp = true};

    assert_true(hsm_key_generate(token, &wanted, &shown));
    assert_int_equal(ERR_peek_error(), 0);
}

/* Also makes the simulator read it, by finalizing the module: which must not matter. */
static void reconfigure(const char *more)
{
    char lines[512];

    snprintf(lines, sizeof(lines), "call-log = %s/calls\n%s\n", support_directory, more);
    configure(lines);
    assert_int_equal(application()->C_Finalize(NULL), CKR_OK);
    forget_log();
}

/* A request with the approvals of these (their indices as digits), not sent yet. */
struct request {
    struct ska_bytes token;
    struct approvals approvals;
};

static struct request make_request(struct backend_key *key, enum ska_operation operation,
                                   struct ska_span payload,
                                   const struct backend_timestamp *timestamp, const char *who)
{
    struct request request = {{NULL, 0}, {.count = 0}};

    assert_true(backend_create_token(key, operation, payload, timestamp, &request.token, &shown));
    for (; *who != 0; who++)
        approve(&request.approvals, (size_t)(*who - '0'), ska_span_of(&request.token));
    return request;
}

static void request_clear(struct request *request)
{
    ska_bytes_free(&request->token);
    approvals_clear(&request->approvals);
}

struct outcome {
    enum backend_answer answer;
    struct backend_refusal refusal;
    struct recorder recorder;
};

static struct outcome send_change(struct backend_key *key, enum ska_operation operation,
                                  const struct request *request)
{
    struct outcome outcome;
    struct ska_errors errors = errors_into(&outcome.recorder);

    outcome.answer =
        backend_ska_change(key, operation, ska_span_of(&request->token), request->approvals.list,
                           request->approvals.count, &outcome.refusal, &errors);
    assert_int_equal(ERR_peek_error(), 0);
    return outcome;
}

static struct outcome change(struct backend_key *key, enum ska_operation operation,
                             struct ska_span payload, const char *who)
{
    struct request request = make_request(key, operation, payload, NULL, who);
    struct outcome outcome = send_change(key, operation, &request);

    request_clear(&request);
    return outcome;
}

static struct outcome block(struct backend_key *key, const char *who)
{
    return change(key, SKA_OPERATION_BLOCK, ska_span("why", 3), who);
}

static struct outcome unblock(struct backend_key *key, const char *who)
{
    return change(key, SKA_OPERATION_UNBLOCK, ska_span(NULL, 0), who);
}

static struct outcome send_sign(struct backend_key *key, const struct request *request)
{
    struct outcome outcome;
    struct ska_errors errors = errors_into(&outcome.recorder);
    struct ska_approval_token parts;
    uint8_t signature[256];
    size_t length = sizeof(signature);

    outcome.answer =
        backend_ska_sign(key, &ecdsa_digest, ska_span_of(&request->token), request->approvals.list,
                         request->approvals.count, signature, &length, &outcome.refusal, &errors);
    assert_int_equal(ERR_peek_error(), 0);
    if (outcome.answer == BACKEND_DONE) {
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(libctx, backend_key_public(key), NULL);

        assert_true(ska_approval_token_decode(ska_span_of(&request->token), &parts, &shown));
        assert_true(EVP_PKEY_verify_init(context) > 0);
        assert_int_equal(
            EVP_PKEY_verify(context, signature, length, parts.payload.data, parts.payload.length),
            1);
        EVP_PKEY_CTX_free(context);
    }
    return outcome;
}

static const uint8_t digest[32] = {1, 2, 3};

static struct outcome sign(struct backend_key *key, const char *who)
{
    struct request request =
        make_request(key, SKA_OPERATION_SIGN, ska_span(digest, sizeof(digest)), NULL, who);
    struct outcome outcome = send_sign(key, &request);

    request_clear(&request);
    return outcome;
}

static void assert_done(struct outcome outcome)
{
    if (outcome.recorder.count > 0)
        fail_msg("%s", outcome.recorder.text);
    assert_string_equal(outcome.refusal.code, "");
    assert_int_equal(outcome.answer, BACKEND_DONE);
}

static void assert_refused(struct outcome outcome, const char *code)
{
    assert_int_equal(outcome.recorder.count, 0);
    assert_int_equal(outcome.answer, BACKEND_REFUSED);
    assert_string_equal(outcome.refusal.code, code);
    assert_int_equal(outcome.refusal.blocked, strcmp(code, "object blocked") == 0);
    assert_int_equal(outcome.refusal.unsatisfied, strcmp(code, "token not found") == 0);
}

static bool is_blocked(struct backend_key *key)
{
    struct backend_key_state key_state;
    bool blocked = false;

    assert_true(backend_key_state(key, &key_state, &shown));
    blocked = key_state.blocked == BACKEND_YES;
    backend_key_state_clear(&key_state);
    return blocked;
}

/* ---- Timestamps ------------------------------------------------------------------------------ */

static const struct {
    enum ska_key_type type;
    const char *curve;
    const char *digest;
    const char *label;
} clocks[] = {
    {SKA_KEY_RSA, NULL, "SHA256", "clock RSA"},
    {SKA_KEY_EC, "P-256", "SHA256", "clock P-256"},
    {SKA_KEY_EC, "P-521", "SHA256", "clock P-521"},
    {SKA_KEY_ED25519, NULL, NULL, "clock Ed25519"},
};
#define CLOCKS (sizeof(clocks) / sizeof(clocks[0]))

static bool clock_verifies(EVP_PKEY *key, const char *digest_name, struct ska_span message,
                           struct ska_span signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool valid = false;

    assert_true(EVP_DigestVerifyInit_ex(context, NULL, digest_name, libctx, NULL, key, NULL) > 0);
    valid = EVP_DigestVerify(context, signature.data, signature.length, message.data,
                             message.length) == 1;
    ERR_clear_error();
    EVP_MD_CTX_free(context);
    return valid;
}

/* What the block says, and that its signature is over all of it, its length first. */
static void check_timestamp(struct backend_key *clock, const char *digest_name,
                            enum ska_operation operation, struct ska_span payload)
{
    struct ska_bytes block_bytes = {NULL, 0};
    struct ska_bytes signature = {NULL, 0};
    struct ska_timestamp timestamp;
    struct ska_span message;
    EVP_PKEY *public_key = backend_key_public(clock);
    time_t before = time(NULL);

    assert_true(
        backend_timestamp_make(clock, operation, payload, &block_bytes, &signature, &shown));
    assert_int_equal(ERR_peek_error(), 0);
    message = ska_span_of(&block_bytes);
    assert_true(ska_timestamp_decode(message, &timestamp, &shown));
    assert_true(ska_span_equal(timestamp.payload, payload));
    assert_int_equal(timestamp.modify, operation == SKA_OPERATION_MODIFY);
    assert_true(ska_span_equal(timestamp.key_name, ska_span_text(backend_key_label(clock))));
    assert_in_range(timestamp.seconds, before, time(NULL));
    assert_true(clock_verifies(public_key, digest_name, message, ska_span_of(&signature)));
    assert_false(clock_verifies(public_key, digest_name,
                                ska_span(message.data + 4, message.length - 4),
                                ska_span_of(&signature)));
    ska_bytes_free(&block_bytes);
    ska_bytes_free(&signature);
}

/* The payload of a modification must be one; all others may be anything. */
static void check_operations(struct backend_key *clock, const char *digest_name)
{
    static const uint8_t payload[60000];
    const struct ska_rule *rules[] = {&two_of_three, NULL, NULL, &never};
    struct ska_bytes modification = {NULL, 0};

    for (int operation = SKA_OPERATION_SIGN; operation <= SKA_OPERATION_UNBLOCK; operation++)
        for (size_t length = 0; length <= sizeof(payload); length += 30000)
            check_timestamp(clock, digest_name, (enum ska_operation)operation,
                            ska_span(payload, length));
    assert_true(backend_modify_payload(clock, rules, &modification, &shown));
    check_timestamp(clock, digest_name, SKA_OPERATION_MODIFY, ska_span_of(&modification));
    ska_bytes_free(&modification);
}

static void makes_timestamps(void **state)
{
    (void)state;
    for (size_t i = 0; i < CLOCKS; i++) {
        struct backend_key *clock = NULL;

        make_timestamp_key(clocks[i].type, clocks[i].curve, clocks[i].label);
        clock = find_key(token, clocks[i].label);
        assert_true(backend_key_is_timestamp(clock));
        assert_false(backend_key_is_ska(clock));
        check_operations(clock, clocks[i].digest);
        backend_key_free(clock);
    }
}

/* The approval domain turns the signature into what the HSM takes. */
static struct backend_timestamp der_timestamp(struct backend_key *clock, struct ska_span payload,
                                              enum ska_operation operation,
                                              struct ska_bytes *block_der,
                                              struct ska_bytes *signature)
{
    struct backend_timestamp timestamp;
    struct ska_bytes plain = {NULL, 0};
    unsigned char *spki = NULL;
    int length = i2d_PUBKEY(backend_key_public(clock), &spki);

    assert_true(backend_timestamp_make(clock, operation, payload, block_der, &plain, &shown));
    assert_true(
        ska_signature_to_der(ska_span(spki, (size_t)length),
                             backend_key_type(clock) == SKA_KEY_ED25519 ? "EdDSA" : "SHA-256",
                             ska_span_of(&plain), signature, &shown));
    OPENSSL_free(spki);
    ska_bytes_free(&plain);
    timestamp.block = ska_span_of(block_der);
    timestamp.signature = ska_span_of(signature);
    return timestamp;
}

static void signs_inside_the_window(void **state)
{
    struct ska_span payload = ska_span(digest, sizeof(digest));
    struct ska_rule timed = make_rule(2, 3, 5, 30);
    const struct ska_rule *rules[] = {&timed, &always, &always, &never};
    struct backend_key *key = make_key("timed", rules);

    (void)state;
    assert_refused(sign(key, "01"), "token not found");
    for (size_t i = 0; i < CLOCKS; i++) {
        struct backend_key *clock = find_key(token, clocks[i].label);
        struct ska_bytes block_der = {NULL, 0};
        struct ska_bytes signature = {NULL, 0};
        struct backend_timestamp timestamp =
            der_timestamp(clock, payload, SKA_OPERATION_SIGN, &block_der, &signature);
        struct request request = make_request(key, SKA_OPERATION_SIGN, payload, &timestamp, "02");
        struct ska_approval_token parts;

        assert_true(ska_approval_token_decode(ska_span_of(&request.token), &parts, &shown));
        assert_true(parts.has_timestamp);
        assert_true(ska_span_equal(parts.timestamp.block, timestamp.block));
        assert_true(ska_span_equal(parts.timestamp_signature, timestamp.signature));
        assert_refused(send_sign(key, &request), "token not found");
        reconfigure("clock-offset = 15");
        assert_done(send_sign(key, &request));
        reconfigure("clock-offset = 60");
        assert_refused(send_sign(key, &request), "token not found");
        reconfigure("");
        request_clear(&request);
        ska_bytes_free(&block_der);
        ska_bytes_free(&signature);
        backend_key_free(clock);
    }
    backend_key_free(key);
    ska_rule_clear(&timed);
}

static void timestamp_keys_do_nothing_else(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct backend_key *clock = find_key(token, "clock P-256");
    struct ska_bytes encoded = {NULL, 0};

    (void)state;
    forget_log();
    assert_false(signs(clock, &ecdsa_digest, &errors));
    assert_raised(&recorder, SKA_R_UNSUPPORTED, "'clock P-256' only signs timestamps");
    errors = errors_into(&recorder);
    assert_false(
        backend_create_token(clock, SKA_OPERATION_SIGN, ska_span("x", 1), NULL, &encoded, &errors));
    assert_raised(&recorder, SKA_R_INTERNAL, "is not an SKA key");
    backend_key_free(clock);
}

static void others_make_no_timestamps(void **state)
{
    const struct ska_rule *rules[] = {&always, &always, &always, &never};
    struct backend_key *keys[2] = {NULL, NULL};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_bytes block_bytes = {NULL, 0};
    struct ska_bytes signature = {NULL, 0};

    (void)state;
    generate(token, SKA_KEY_EC, "ordinary");
    keys[0] = find_key(token, "ordinary");
    keys[1] = make_key("ska", rules);
    for (size_t i = 0; i < 2; i++) {
        errors = errors_into(&recorder);
        assert_false(backend_key_is_timestamp(keys[i]));
        assert_false(backend_timestamp_make(keys[i], SKA_OPERATION_SIGN, ska_span("x", 1),
                                            &block_bytes, &signature, &errors));
        assert_raised(&recorder, SKA_R_WRONG_USE,
                      i == 0 ? "is not a timestamp key (C_GetTimestamp" : "is an SKA key, not a");
        assert_null(block_bytes.data);
        assert_null(signature.data);
    }
    assert_true(signs(keys[0], &ecdsa_digest, &shown));
    backend_key_free(keys[0]);
    backend_key_free(keys[1]);
}

static void refuses_timestamp_keys_that_cannot_be(void **state)
{
    struct backend_key_template wanted = {
        .type = SKA_KEY_RSA_PSS, .bits = 2048, .label = "no clock", .timestamp = true};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    assert_false(hsm_key_generate(token, &wanted, &errors));
    assert_raised(&recorder, SKA_R_UNSUPPORTED, "RSA-PSS");
    wanted.type = SKA_KEY_EC;
    wanted.curve = "P-256";
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        wanted.rules[i] = &always;
    errors = errors_into(&recorder);
    assert_false(hsm_key_generate(token, &wanted, &errors));
    assert_raised(&recorder, SKA_R_INTERNAL, "no rules");
    memset(wanted.rules, 0, sizeof(wanted.rules));
    wanted.label = "clock RSA";
    errors = errors_into(&recorder);
    assert_false(hsm_key_generate(token, &wanted, &errors));
    assert_raised(&recorder, SKA_R_LABEL_IN_USE, "\"clock RSA\"");
}

static bool check_listed(void *arg, const struct hsm_object *object)
{
    bool private = object->type == HSM_OBJECT_PRIVATE;

    assert_int_equal(object->timestamp,
                     private && strncmp((const char *)object->label.data, "clock", 5) == 0);
    *(size_t *)arg += object->timestamp;
    return true;
}

static void lists_timestamp_keys(void **state)
{
    struct hsm_object_match all = {HSM_OBJECT_ANY, {NULL, 0}, {NULL, 0}};
    size_t count = 0;

    (void)state;
    assert_true(hsm_object_list(token, &all, check_listed, &count, &shown));
    assert_int_equal(count, CLOCKS);
}

/* ---- Block and unblock ----------------------------------------------------------------------- */

static void blocks_and_unblocks(void **state)
{
    struct ska_rule first = make_rule(1, 1, 0, 0);
    const struct ska_rule *rules[] = {&two_of_three, &first, &two_of_three, &never};
    struct backend_key *key = make_key("seal", rules);
    struct backend_key *other = find_key(token, "seal"); /* of another part of the program */
    struct request before =
        make_request(key, SKA_OPERATION_SIGN, ska_span(digest, sizeof(digest)), NULL, "01");

    (void)state;
    assert_done(send_sign(key, &before));
    assert_refused(block(key, ""), "token not found");
    assert_refused(block(key, "1"), "token not found");
    assert_false(is_blocked(key));
    assert_done(block(key, "0"));
    assert_true(is_blocked(key));
    assert_refused(send_sign(key, &before), "object blocked");
    assert_refused(sign(other, "012"), "object blocked");
    assert_refused(unblock(key, "0"), "token not found");
    assert_true(is_blocked(other));
    assert_done(unblock(other, "12"));
    assert_false(is_blocked(key));
    assert_done(send_sign(key, &before));
    assert_done(sign(other, "02"));
    request_clear(&before);
    backend_key_free(other);
    backend_key_free(key);
    ska_rule_clear(&first);
}

/* One operation's approvals are nothing to another, whichever call carries them. */
static void keeps_operations_apart(void **state)
{
    static const enum ska_operation operations[] = {SKA_OPERATION_BLOCK, SKA_OPERATION_UNBLOCK,
                                                    SKA_OPERATION_MODIFY};
    const struct ska_rule *rules[] = {&always, &always, &always, &always};
    struct backend_key *key = make_key("apart", rules);
    struct backend_key *ordinary = find_key(token, "ordinary");
    struct outcome outcome;

    (void)state;
    for (size_t made = 0; made < 3; made++) {
        struct ska_bytes payload = {NULL, 0};
        struct request request;

        assert_true(backend_modify_payload(key, rules, &payload, &shown));
        request = make_request(key, operations[made], ska_span_of(&payload), NULL, "");
        for (size_t sent = 0; sent < 3; sent++) {
            outcome = send_change(key, operations[sent], &request);
            if (sent == made)
                assert_done(outcome);
            else
                assert_refused(outcome, "parameters invalid");
        }
        assert_done(unblock(key, ""));
        assert_refused(send_sign(key, &request), "parameters invalid");
        outcome = send_change(key, SKA_OPERATION_SIGN, &request);
        assert_int_equal(outcome.answer, BACKEND_FAILED);
        assert_raised(&outcome.recorder, SKA_R_INTERNAL, "signing");
        outcome = send_change(ordinary, operations[made], &request);
        assert_int_equal(outcome.answer, BACKEND_FAILED);
        assert_raised(&outcome.recorder, SKA_R_INTERNAL, "is not an SKA key");
        request_clear(&request);
        ska_bytes_free(&payload);
    }
    backend_key_free(ordinary);
    backend_key_free(key);
}

/* ---- Modify ---------------------------------------------------------------------------------- */

/* Each rule as the codec writes it, in the places that are not NULL. */
static void check_payload(const struct ska_rule *const rules[SKA_RULE_COUNT],
                          struct ska_span payload)
{
    struct ska_modify modify;

    assert_true(ska_modify_decode(payload, &modify, &shown));
    for (size_t i = 0; i < SKA_RULE_COUNT; i++) {
        struct ska_bytes expected = {NULL, 0};

        if (rules[i] == NULL) {
            assert_null(modify.rules[i].data);
            continue;
        }
        assert_true(ska_rule_encode(rules[i], &expected, &shown));
        assert_true(ska_span_equal(modify.rules[i], ska_span_of(&expected)));
        ska_bytes_free(&expected);
    }
}

static void makes_modify_payloads(void **state)
{
    struct backend_key *key = find_key(token, "seal");
    struct ska_rule different[] = {make_rule(1, 3, 0, 0), make_rule(2, 2, 60, 120),
                                   make_rule(3, 3, 7, 0), make_rule(0, 1, 0, 11)};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    for (unsigned int named = 0; named < 16; named++) {
        const struct ska_rule *rules[SKA_RULE_COUNT] = {NULL};
        struct ska_bytes payload = {NULL, 0};

        for (size_t i = 0; i < SKA_RULE_COUNT; i++)
            rules[i] = (named >> i & 1) != 0 ? &different[i] : NULL;
        if (named == 0) {
            assert_false(backend_modify_payload(key, rules, &payload, &errors));
            assert_raised(&recorder, SKA_R_WRONG_USE, "no rule");
            continue;
        }
        assert_true(backend_modify_payload(key, rules, &payload, &shown));
        check_payload(rules, ska_span_of(&payload));
        ska_bytes_free(&payload);
    }
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        ska_rule_clear(&different[i]);
    backend_key_free(key);
}

static void assert_rules(struct backend_key *key, const struct ska_rule *const expected[])
{
    struct backend_key_state key_state;

    assert_true(backend_key_state(key, &key_state, &shown));
    for (size_t i = 0; i < SKA_RULE_COUNT; i++) {
        struct ska_bytes encoded = {NULL, 0};

        assert_true(ska_rule_encode(expected[i], &encoded, &shown));
        assert_true(ska_span_equal(ska_span_of(&key_state.rules[i]), ska_span_of(&encoded)));
        ska_bytes_free(&encoded);
    }
    backend_key_state_clear(&key_state);
}

static void modifies(void **state)
{
    struct ska_rule first = make_rule(1, 1, 0, 0);
    const struct ska_rule *rules[] = {&two_of_three, &always, &always, &two_of_three};
    const struct ska_rule *to_first[] = {&first, NULL, NULL, NULL};
    const struct ska_rule *to_never[] = {NULL, NULL, NULL, &never};
    struct backend_key *key = make_key("modified", rules);
    struct ska_bytes payload = {NULL, 0};
    struct request before =
        make_request(key, SKA_OPERATION_SIGN, ska_span(digest, sizeof(digest)), NULL, "0");

    (void)state;
    assert_refused(send_sign(key, &before), "token not found");
    assert_true(backend_modify_payload(key, to_first, &payload, &shown));
    assert_refused(change(key, SKA_OPERATION_MODIFY, ska_span_of(&payload), "0"),
                   "token not found");
    assert_rules(key, rules);
    assert_done(change(key, SKA_OPERATION_MODIFY, ska_span_of(&payload), "01"));
    rules[SKA_RULE_USE] = &first;
    assert_rules(key, rules);
    assert_done(send_sign(key, &before));
    assert_done(sign(key, "01"));
    assert_refused(sign(key, "12"), "token not found");
    ska_bytes_free(&payload);

    assert_true(backend_modify_payload(key, to_never, &payload, &shown));
    assert_done(change(key, SKA_OPERATION_MODIFY, ska_span_of(&payload), "02"));
    rules[SKA_RULE_MODIFY] = &never;
    assert_rules(key, rules);
    assert_refused(change(key, SKA_OPERATION_MODIFY, ska_span_of(&payload), "012"),
                   "token not found");
    ska_bytes_free(&payload);
    request_clear(&before);
    backend_key_free(key);
    ska_rule_clear(&first);
}

/* ---- SAM mode -------------------------------------------------------------------------------- */

static void tells_rules_that_sam_mode_refuses(void **state)
{
    struct backend_key_template wanted = {.type = SKA_KEY_EC,
                                          .curve = "P-256",
                                          .label = "sam",
                                          .rules = {&two_of_three, &always, &always, &never}};
    const unsigned char *der = approvers[2].info.data;
    X509 *certificate = d2i_X509(NULL, &der, (long)approvers[2].info.length);
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    char lines[256];
    char path[128];
    FILE *file = NULL;

    (void)state;
    snprintf(path, sizeof(path), "%s/ca.pem", support_directory);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(PEM_write_X509(file, certificate));
    assert_int_equal(fclose(file), 0);
    X509_free(certificate);
    snprintf(lines, sizeof(lines), "sam = on\nsam-ca = %s", path);
    reconfigure(lines);
    assert_false(hsm_key_generate(token, &wanted, &errors));
    assert_raised(&recorder, SKA_R_BAD_POLICY, "\"sam\"");
    assert_non_null(strstr(recorder.text, "CKR_ATTRIBUTE_VALUE_INVALID"));
    reconfigure("");
    assert_true(hsm_key_generate(token, &wanted, &shown));
}

/* ---- Losses and failures --------------------------------------------------------------------- */

static void survives_losses(void **state)
{
    struct backend_key *key = find_key(token, "seal");
    struct backend_key *clock = find_key(token, "clock P-256");
    CK_SESSION_HANDLE session = application_session("ska");
    CK_SLOT_ID slot = application_slot(session);
    struct ska_span payload = ska_span(digest, sizeof(digest));

    (void)state;
    forget_log();
    assert_int_equal(application()->C_Logout(session), CKR_OK);
    assert_done(block(key, "0"));
    assert_int_equal(logged("C_SKABlock seal CKR_OK"), 1);
    assert_int_equal(application()->C_Logout(session), CKR_OK);
    check_timestamp(clock, "SHA256", SKA_OPERATION_SIGN, payload);
    assert_int_equal(application()->C_CloseAllSessions(slot), CKR_OK);
    assert_done(unblock(key, "12"));
    assert_int_equal(application()->C_CloseAllSessions(slot), CKR_OK);
    check_timestamp(clock, "SHA256", SKA_OPERATION_SIGN, payload);
    assert_int_equal(application()->C_Finalize(NULL), CKR_OK);
    assert_done(block(key, "0"));
    assert_int_equal(application()->C_Finalize(NULL), CKR_OK);
    check_timestamp(clock, "SHA256", SKA_OPERATION_SIGN, payload);
    assert_done(unblock(key, "12"));
    backend_key_free(clock);
    backend_key_free(key);
}

static void survives_a_fork(void **state)
{
    struct backend_key *key = find_key(token, "seal");
    pid_t child = fork();
    int status = -1;

    (void)state;
    if (child == 0)
        _exit(block(key, "1").answer == BACKEND_REFUSED && block(key, "0").answer == BACKEND_DONE
                  ? 0
                  : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(is_blocked(key));
    assert_done(unblock(key, "12"));
    backend_key_free(key);
}

static const struct {
    const char *rv;
    size_t calls; /* made before it gives up */
} failures[] = {{"CKR_DEVICE_ERROR", 1},
                {"CKR_GENERAL_ERROR", 1},
                {"CKR_ARGUMENTS_BAD", 1},
                /* These two may come after it was done: no second call. */
                {"CKR_SESSION_CLOSED", 1},
                {"CKR_DEVICE_REMOVED", 1},
                /* These prove that it was not. */
                {"CKR_SESSION_HANDLE_INVALID", 2},
                {"CKR_KEY_HANDLE_INVALID", 2},
                {"CKR_USER_NOT_LOGGED_IN", 2}};

static void tells_failures_from_refusals(void **state)
{
    static const enum ska_operation operations[] = {SKA_OPERATION_BLOCK, SKA_OPERATION_UNBLOCK,
                                                    SKA_OPERATION_MODIFY};
    static const char *const names[] = {"C_SKABlock", "C_SKAUnblock", "C_SKAModify"};
    struct backend_key *key = find_key(token, "apart");
    const struct ska_rule *rules[] = {&always, NULL, NULL, NULL};
    struct ska_bytes payload = {NULL, 0};
    char fault[64];

    (void)state;
    assert_true(backend_modify_payload(key, rules, &payload, &shown));
    for (size_t call = 0; call < 3; call++) {
        for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
            struct outcome outcome;

            snprintf(fault, sizeof(fault), "%s=%s", names[call], failures[i].rv);
            configure_fault(fault);
            outcome = change(key, operations[call], ska_span_of(&payload), "");
            assert_int_equal(outcome.answer, BACKEND_FAILED);
            assert_raised(&outcome.recorder, SKA_R_HSM_FAILURE, names[call]);
            assert_non_null(strstr(outcome.recorder.text, failures[i].rv));
            assert_int_equal(logged(names[call]), failures[i].calls);
        }
        snprintf(fault, sizeof(fault), "%s=0x80001234", names[call]);
        configure_fault(fault);
        assert_refused(change(key, operations[call], ska_span_of(&payload), ""), "0x80001234");
        assert_int_equal(logged(names[call]), 1);
    }
    configure_fault(NULL);
    assert_false(is_blocked(key));
    assert_done(block(key, ""));
    assert_done(unblock(key, ""));
    ska_bytes_free(&payload);
    backend_key_free(key);
}

static void tells_why_there_is_no_timestamp(void **state)
{
    struct backend_key *clock = NULL;
    struct ska_span payload = ska_span(digest, sizeof(digest));
    struct ska_bytes block_bytes = {NULL, 0};
    struct ska_bytes signature = {NULL, 0};
    struct recorder recorder;
    struct ska_errors errors;
    char fault[64];

    (void)state;
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        snprintf(fault, sizeof(fault), "C_GetTimestamp=%s", failures[i].rv);
        configure_fault(fault);
        /* Here it is noticed that the module was finalized, which is a loss by itself. */
        clock = find_key(token, "clock P-256");
        errors = errors_into(&recorder);
        assert_false(backend_timestamp_make(clock, SKA_OPERATION_SIGN, payload, &block_bytes,
                                            &signature, &errors));
        assert_raised(&recorder, SKA_R_HSM_FAILURE, "C_GetTimestamp: ");
        assert_non_null(strstr(recorder.text, failures[i].rv));
        assert_int_equal(logged("C_GetTimestamp"), failures[i].calls);
        assert_null(block_bytes.data);
        backend_key_free(clock);
    }
    configure_fault(NULL);
    clock = find_key(token, "clock P-256");
    check_timestamp(clock, "SHA256", SKA_OPERATION_SIGN, payload);
    backend_key_free(clock);
}

/* ---- Modules that behave otherwise ----------------------------------------------------------- */

static struct hsm_device *device(void)
{
    void *symbol = module_symbol(HSM_TEST_DEVICE, "hsm_device");
    hsm_device_get *get = NULL;

    memcpy(&get, &symbol, sizeof(get));
    return get();
}

/* The handle that comes back is used, without looking for the key again. */
static void follows_a_key_that_moves(void **state)
{
    struct hsm_token *there = login_token(HSM_TEST_DEVICE, "ska");
    struct backend_key *key = find_key(there, "seal");
    struct backend_key *other = find_key(there, "seal");
    struct hsm_device *module = device();

    (void)state;
    module->moves = true;
    module->finds = 0;
    assert_done(block(key, "0"));
    assert_refused(sign(key, "01"), "object blocked");
    assert_done(unblock(key, "01"));
    assert_done(sign(key, "01"));
    assert_int_equal(module->finds, 0);
    assert_int_equal(module->changes, 2);
    /* One who does not know of the move looks for it. */
    assert_done(sign(other, "01"));
    assert_true(module->finds > 0);
    module->moves = false;
    module->loses = true;
    assert_done(block(other, "0"));
    assert_true(is_blocked(other));
    assert_done(unblock(other, "01"));
    assert_done(sign(other, "01"));
    module->loses = false;
    backend_key_free(other);
    backend_key_free(key);
}

static void takes_timestamps_in_either_form(void **state)
{
    struct hsm_token *there = login_token(HSM_TEST_DEVICE, "ska");
    struct ska_span payload = ska_span(digest, sizeof(digest));
    struct hsm_device *module = device();

    (void)state;
    for (int der = 0; der < 2; der++) {
        module->der = der == 1;
        module->timestamps = 0;
        for (size_t i = 1; i < 3; i++) {
            struct backend_key *clock = find_key(there, clocks[i].label);

            for (int times = 0; times < 20; times++)
                check_timestamp(clock, "SHA256", SKA_OPERATION_SIGN, payload);
            backend_key_free(clock);
        }
        assert_int_equal(module->timestamps, 40);
    }
    module->der = false;
}

/* What is neither form, or not as long as was said, is no timestamp. */
static void refuses_broken_timestamps(void **state)
{
    struct hsm_token *there = login_token(HSM_TEST_DEVICE, "ska");
    struct ska_span payload = ska_span(digest, sizeof(digest));
    struct hsm_device *module = device();

    (void)state;
    for (size_t i = 0; i < CLOCKS; i++) {
        struct backend_key *clock = find_key(there, clocks[i].label);
        struct ska_bytes block_bytes = {NULL, 0};
        struct ska_bytes signature = {NULL, 0};
        struct recorder recorder;
        struct ska_errors errors;

        for (int how = 0; how < 3; how++) {
            if (how == 2 && clocks[i].type != SKA_KEY_EC)
                continue;
            module->cuts = how != 1;
            module->grows = how == 1;
            module->der = how == 2;
            errors = errors_into(&recorder);
            assert_false(backend_timestamp_make(clock, SKA_OPERATION_SIGN, payload, &block_bytes,
                                                &signature, &errors));
            assert_raised(&recorder, SKA_R_HSM_FAILURE, "");
            assert_null(block_bytes.data);
            assert_null(signature.data);
        }
        module->cuts = module->grows = module->der = false;
        backend_key_free(clock);
    }
}

/* A rule or a timestamp is as long as it can be, and as was said before, whatever the module says.
 */
static void holds_lengths_to_what_is_there(void **state)
{
    static const CK_ULONG too_long = 2 * 1024 * 1024;
    struct hsm_token *there = login_token(HSM_TEST_DEVICE, "ska");
    struct backend_key *clock = find_key(there, "clock P-256");
    struct backend_key *key = find_key(there, "seal");
    struct ska_span payload = ska_span(digest, sizeof(digest));
    struct ska_rule rule = make_rule(1, 3, 0, 0);
    struct hsm_device *module = device();

    (void)state;
    for (int how = 0; how < 2; how++) {
        struct ska_bytes made = {NULL, 0};
        struct ska_bytes signature = {NULL, 0};
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);

        module->claims = how == 0 ? too_long : 0;
        module->grows = how == 1;
        assert_false(hsm_rule_serialize(hsm_token_module(there), &rule, &made, &errors));
        assert_raised(&recorder, SKA_R_HSM_FAILURE, "C_SerializePolicy: CKR_GENERAL_ERROR");
        assert_null(made.data);
        errors = errors_into(&recorder);
        assert_false(
            backend_timestamp_make(clock, SKA_OPERATION_SIGN, payload, &made, &signature, &errors));
        assert_raised(&recorder, SKA_R_HSM_FAILURE, "C_GetTimestamp: CKR_GENERAL_ERROR");
        assert_null(made.data);
        errors = errors_into(&recorder);
        if (module->claims == 0)
            continue;
        assert_false(backend_create_token(key, SKA_OPERATION_SIGN, payload, NULL, &made, &errors));
        assert_raised(&recorder, SKA_R_HSM_FAILURE, "C_CreateApprovalToken: CKR_GENERAL_ERROR");
        assert_null(made.data);
    }
    backend_key_free(key);
    module->claims = 0;
    module->grows = false;
    ska_rule_clear(&rule);
    backend_key_free(clock);
}

/* The HSM decides which keys make timestamps, where it does not tell. */
static void asks_a_clock_that_does_not_say_so(void **state)
{
    struct hsm_token *there = login_token(HSM_TEST_DEVICE, "ska");
    struct backend_key *clock = NULL;

    (void)state;
    device()->undisclosed = true;
    /* What is not shown may be set: such a key is for nothing else. */
    clock = find_key(there, "clock P-256");
    assert_true(backend_key_is_timestamp(clock));
    check_timestamp(clock, "SHA256", SKA_OPERATION_SIGN, ska_span(digest, sizeof(digest)));
    device()->undisclosed = false;
    backend_key_free(clock);
}

/* Whatever a module claims, nothing behind the buffer is read. */
static void holds_tokens_to_their_buffer(void **state)
{
    struct hsm_token *there = login_token(HSM_TEST_DEVICE, "ska");
    struct backend_key *key = find_key(there, "seal");

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct ska_bytes made = {NULL, 0};
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);

        device()->overlong = i == 0;
        device()->empty = i == 1;
        assert_false(backend_create_token(key, SKA_OPERATION_SIGN, ska_span(digest, sizeof(digest)),
                                          NULL, &made, &errors));
        assert_raised(&recorder, SKA_R_HSM_FAILURE, "C_CreateApprovalToken");
        assert_null(made.data);
        assert_int_equal(made.length, 0);
    }
    device()->empty = false;
    backend_key_free(key);
}

/* Asked whether a key has a rule, or makes timestamps, a module says something else than yes or no.
 */
static void takes_no_failure_for_an_ordinary_key(void **state)
{
    static const CK_ATTRIBUTE_TYPE questions[] = {CKA_SKA_USAGE_ACCESS_BLOB,
                                                  CKA_SKA_TIMESTAMP_SIGN};
    static const CK_RV answers[] = {CKR_HOST_MEMORY,      CKR_GENERAL_ERROR,
                                    CKR_FUNCTION_FAILED,  CKR_ATTRIBUTE_VALUE_INVALID,
                                    CKR_DEVICE_ERROR,     CKR_FUNCTION_NOT_SUPPORTED,
                                    CKR_BUFFER_TOO_SMALL, 0x80000018UL};
    struct hsm_token *there = login_token(HSM_TEST_DEVICE, "ska");
    const struct hsm_key_match match = {ska_span_text("clock P-256"), {NULL, 0}};
    struct backend_key *key = NULL;
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        device()->asked = questions[i];
        for (size_t j = 0; j < sizeof(answers) / sizeof(answers[0]); j++) {
            errors = errors_into(&recorder);
            device()->answer = answers[j];
            assert_false(hsm_key_find(there, &match, libctx, &key, &errors));
            assert_raised(&recorder, SKA_R_HSM_FAILURE, "C_GetAttributeValue");
        }
    }
    /* One that is not shown, and one that is longer than anybody reads. */
    device()->asked = CKA_SKA_USAGE_ACCESS_BLOB;
    device()->answer = CKR_ATTRIBUTE_SENSITIVE;
    key = find_key(there, "clock P-256");
    assert_true(backend_key_is_ska(key));
    backend_key_free(key);
    errors = errors_into(&recorder);
    device()->answer = CKR_OK;
    assert_false(hsm_key_find(there, &match, libctx, &key, &errors));
    assert_raised(&recorder, SKA_R_HSM_FAILURE, "C_GetAttributeValue");
    device()->asked = 0;
}

/* Only the SKA call itself says what the rules say, whatever the vendor's other numbers are. */
static void takes_no_other_answer_for_a_refusal(void **state)
{
    struct hsm_token *there = login_token(HSM_TEST_DEVICE, "ska");
    struct backend_key *key = find_key(there, "seal");
    struct outcome outcome;

    (void)state;
    device()->no_writing = 0x80000018UL;
    outcome = block(key, "0");
    assert_int_equal(outcome.answer, BACKEND_FAILED);
    assert_raised(&outcome.recorder, SKA_R_HSM_FAILURE, "C_OpenSession: 0x80000018");
    assert_false(is_blocked(key));
    device()->no_writing = 0;
    backend_key_free(key);
}

static void tells_a_lost_race_from_refused_rules(void **state)
{
    struct hsm_token *there = login_token(HSM_TEST_DEVICE, "ska");
    struct backend_key_template wanted = {.type = SKA_KEY_EC,
                                          .curve = "P-256",
                                          .label = "race",
                                          .rules = {&always, &always, &always, &always}};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    device()->races = true;
    assert_false(hsm_key_generate(there, &wanted, &errors));
    assert_raised(&recorder, SKA_R_LABEL_IN_USE, "\"race\"");
    device()->races = false;
}

static void names_calls_that_are_missing(void **state)
{
    static const enum ska_operation operations[] = {SKA_OPERATION_BLOCK, SKA_OPERATION_UNBLOCK,
                                                    SKA_OPERATION_MODIFY};
    static const char *const names[] = {"C_SKABlock", "C_SKAUnblock", "C_SKAModify"};
    struct hsm_token *there = login_token(HSM_TEST_LEAN, "ska");
    struct backend_key *key = find_key(there, "seal");
    struct backend_key *clock = find_key(there, "clock P-256");
    const struct ska_rule *rules[] = {&always, NULL, NULL, NULL};
    struct ska_bytes bytes = {NULL, 0};
    struct ska_bytes signature = {NULL, 0};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    assert_done(sign(key, "01"));
    assert_false(backend_modify_payload(key, rules, &bytes, &errors));
    assert_raised(&recorder, SKA_R_MODULE_UNAVAILABLE, "has no C_CreateModifyPayload");
    errors = errors_into(&recorder);
    assert_false(backend_timestamp_make(clock, SKA_OPERATION_SIGN, ska_span("x", 1), &bytes,
                                        &signature, &errors));
    assert_raised(&recorder, SKA_R_MODULE_UNAVAILABLE, "has no C_GetTimestamp");
    for (size_t i = 0; i < 3; i++) {
        struct request request = {{NULL, 0}, {.count = 0}};
        struct outcome outcome = send_change(key, operations[i], &request);

        assert_int_equal(outcome.answer, BACKEND_FAILED);
        assert_raised(&outcome.recorder, SKA_R_MODULE_UNAVAILABLE, names[i]);
    }
    backend_key_free(clock);
    backend_key_free(key);
}

/* ---- Public keys that are kept secret -------------------------------------------------------- */

struct secret {
    const char *label;
    CK_BYTE id[2];
    CK_OBJECT_HANDLE private_key;
};

/* As an application makes it: this project does not. */
static void generate_secret(CK_SESSION_HANDLE session, struct secret *secret)
{
    static CK_BBOOL yes = CK_TRUE;
    static CK_BYTE exponent[] = {1, 0, 1};
    CK_MECHANISM mechanism = {CKM_SKA_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_OBJECT_HANDLE public = 12345;
    struct ska_bytes rule = {NULL, 0};
    CK_ULONG bits = 2048;
    char label[32];

    snprintf(label, sizeof(label), "%s", secret->label);
    assert_true(ska_rule_encode(&two_of_three, &rule, &shown));
    {
        CK_ATTRIBUTE public_template[] = {{CKA_MODULUS_BITS, &bits, sizeof(bits)},
                                          {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)}};
        CK_ATTRIBUTE private_template[] = {{CKA_TOKEN, &yes, 1},
                                           {CKA_LABEL, label, strlen(label)},
                                           {CKA_ID, secret->id, sizeof(secret->id)},
                                           {CKA_SKA_SENSITIVE_PUBLIC_KEY, &yes, 1},
                                           {CKA_SKA_USAGE_ACCESS_BLOB, rule.data, rule.length},
                                           {CKA_SKA_BLOCK_ACCESS_BLOB, rule.data, rule.length},
                                           {CKA_SKA_UNBLOCK_ACCESS_BLOB, rule.data, rule.length},
                                           {CKA_SKA_MODIFY_ACCESS_BLOB, rule.data, rule.length}};

        assert_int_equal(application()->C_GenerateKeyPair(session, &mechanism, public_template, 2,
                                                          private_template, 8, &public,
                                                          &secret->private_key),
                         CKR_OK);
    }
    assert_int_equal(public, CK_INVALID_HANDLE);
    ska_bytes_free(&rule);
}

/* What only the one who made the key could know; here, SoftHSM beneath the simulator. */
static EVP_PKEY *look_behind(CK_SESSION_HANDLE session, const struct secret *secret)
{
    void *symbol = module_symbol(HSM_TEST_SOFTHSM, "C_GetFunctionList");
    CK_C_GetFunctionList get = NULL;
    CK_FUNCTION_LIST *softhsm = NULL;
    CK_SESSION_INFO info;
    CK_SESSION_HANDLE behind = CK_INVALID_HANDLE;
    CK_BYTE modulus[256];
    CK_ATTRIBUTE read = {CKA_MODULUS, modulus, sizeof(modulus)};
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(libctx, "RSA", NULL);
    EVP_PKEY *key = NULL;
    uint8_t little[256];
    unsigned int e = 65537;

    memcpy(&get, &symbol, sizeof(get));
    assert_int_equal(get(&softhsm), CKR_OK);
    assert_int_equal(application()->C_GetSessionInfo(session, &info), CKR_OK);
    assert_int_equal(softhsm->C_OpenSession(info.slotID, CKF_SERIAL_SESSION, NULL, NULL, &behind),
                     CKR_OK);
    assert_int_equal(softhsm->C_GetAttributeValue(behind, secret->private_key, &read, 1), CKR_OK);
    assert_int_equal(softhsm->C_CloseSession(behind), CKR_OK);
    for (size_t i = 0; i < sizeof(modulus); i++)
        little[i] = modulus[sizeof(modulus) - 1 - i];
    {
        OSSL_PARAM params[] = {OSSL_PARAM_BN("n", little, sizeof(little)), OSSL_PARAM_uint("e", &e),
                               OSSL_PARAM_END};

        assert_true(EVP_PKEY_fromdata_init(context) > 0);
        assert_true(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) > 0);
    }
    EVP_PKEY_CTX_free(context);
    return key;
}

static CK_OBJECT_HANDLE store_certificate(CK_SESSION_HANDLE session, EVP_PKEY *key,
                                          const char *label, CK_BYTE *id, CK_ULONG id_length)
{
    static CK_OBJECT_CLASS class = CKO_CERTIFICATE;
    static CK_CERTIFICATE_TYPE type = CKC_X_509;
    static CK_BBOOL yes = CK_TRUE;
    static CK_BBOOL no = CK_FALSE;
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    X509 *x509 = X509_new_ex(libctx, NULL);
    unsigned char *der = NULL;
    char label_copy[32];
    CK_BYTE subject[] = {0x30, 0x00};
    int length = 0;

    assert_true(X509_set_pubkey(x509, key));
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x509), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x509), 86400));
    assert_true(X509_sign(x509, approvers[0].key, EVP_sha256()) > 0);
    length = i2d_X509(x509, &der);
    assert_true(length > 0);
    snprintf(label_copy, sizeof(label_copy), "%s", label);
    {
        CK_ATTRIBUTE template_[] = {{CKA_CLASS, &class, sizeof(class)},
                                    {CKA_CERTIFICATE_TYPE, &type, sizeof(type)},
                                    {CKA_TOKEN, &yes, 1},
                                    {CKA_PRIVATE, &no, 1},
                                    {CKA_LABEL, label_copy, strlen(label_copy)},
                                    {CKA_ID, id, id_length},
                                    {CKA_SUBJECT, subject, sizeof(subject)},
                                    {CKA_VALUE, der, (CK_ULONG)length}};

        assert_int_equal(application()->C_CreateObject(session, template_, 8, &object), CKR_OK);
    }
    OPENSSL_free(der);
    X509_free(x509);
    return object;
}

static struct outcome sign_rsa(struct backend_key *key, const char *who)
{
    struct ska_span message = ska_span_text("The quick brown fox");
    struct outcome outcome;
    struct ska_errors errors = errors_into(&outcome.recorder);
    struct request request;
    uint8_t room[128];
    uint8_t signature[256];
    size_t length = sizeof(signature);

    request =
        make_request(key, SKA_OPERATION_SIGN, input_for(&pkcs1_digest, message, room), NULL, who);
    outcome.answer =
        backend_ska_sign(key, &pkcs1_digest, ska_span_of(&request.token), request.approvals.list,
                         request.approvals.count, signature, &length, &outcome.refusal, &errors);
    assert_true(outcome.answer != BACKEND_DONE || verifies(backend_key_public(key), &pkcs1_digest,
                                                           message, ska_span(signature, length)));
    request_clear(&request);
    return outcome;
}

static void takes_secret_public_keys_from_certificates(void **state)
{
    struct secret secret = {.label = "secret", .id = {7, 7}};
    struct hsm_key_match by_label = {.label = ska_span_text("secret")};
    struct hsm_key_match by_id = {.id = {secret.id, sizeof(secret.id)}};
    struct hsm_key_match by_both = {ska_span_text("secret"), {secret.id, sizeof(secret.id)}};
    const struct hsm_key_match *matches[] = {&by_label, &by_id, &by_both};
    CK_SESSION_HANDLE session = application_session("ska");
    struct recorder recorder;
    struct ska_errors errors;
    EVP_PKEY *public_key = NULL;

    (void)state;
    generate_secret(session, &secret);
    public_key = look_behind(session, &secret);
    for (size_t i = 0; i < 9; i++) {
        /* None; one with the key's id; one with its label alone. */
        CK_OBJECT_HANDLE certificate =
            i < 3 ? CK_INVALID_HANDLE
                  : store_certificate(session, public_key, i < 6 ? "another" : "secret", secret.id,
                                      i < 6 ? sizeof(secret.id) : 0);
        struct backend_key *key = NULL;

        errors = errors_into(&recorder);
        if (i < 3) {
            assert_false(hsm_key_find(token, matches[i], libctx, &key, &errors));
            assert_raised(&recorder, SKA_R_KEY_NOT_FOUND, "does not disclose the public key");
            assert_non_null(strstr(recorder.text, "certificate"));
            continue;
        }
        assert_true(hsm_key_find(token, matches[i % 3], libctx, &key, &shown));
        assert_true(backend_key_is_ska(key));
        assert_int_equal(EVP_PKEY_eq(backend_key_public(key), public_key), 1);
        assert_done(sign_rsa(key, "12"));
        assert_refused(sign_rsa(key, "1"), "token not found");
        assert_int_equal(application()->C_DestroyObject(session, certificate), CKR_OK);
        backend_key_free(key);
    }
    EVP_PKEY_free(public_key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_timestamps),
        cmocka_unit_test(signs_inside_the_window),
        cmocka_unit_test(timestamp_keys_do_nothing_else),
        cmocka_unit_test(others_make_no_timestamps),
        cmocka_unit_test(refuses_timestamp_keys_that_cannot_be),
        cmocka_unit_test(lists_timestamp_keys),
        cmocka_unit_test(blocks_and_unblocks),
        cmocka_unit_test(keeps_operations_apart),
        cmocka_unit_test(makes_modify_payloads),
        cmocka_unit_test(modifies),
        cmocka_unit_test(tells_rules_that_sam_mode_refuses),
        cmocka_unit_test(survives_losses),
        cmocka_unit_test(survives_a_fork),
        cmocka_unit_test(tells_failures_from_refusals),
        cmocka_unit_test(tells_why_there_is_no_timestamp),
        cmocka_unit_test(follows_a_key_that_moves),
        cmocka_unit_test(takes_timestamps_in_either_form),
        cmocka_unit_test(refuses_broken_timestamps),
        cmocka_unit_test(holds_lengths_to_what_is_there),
        cmocka_unit_test(asks_a_clock_that_does_not_say_so),
        cmocka_unit_test(holds_tokens_to_their_buffer),
        cmocka_unit_test(takes_no_other_answer_for_a_refusal),
        cmocka_unit_test(takes_no_failure_for_an_ordinary_key),
        cmocka_unit_test(tells_a_lost_race_from_refused_rules),
        cmocka_unit_test(names_calls_that_are_missing),
        cmocka_unit_test(takes_secret_public_keys_from_certificates),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
