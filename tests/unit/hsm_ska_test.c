/* SPDX-License-Identifier: Apache-2.0 */
/* SKA keys: the vendor's calls as provider/hsm/ makes them, against the simulator. */
#include "hsm_ska_support.h"

#include "ska/simulator.h"

#include <sys/wait.h>

static struct backend_key *make_key(enum ska_key_type type, const char *curve, const char *label,
                                    const struct ska_rule *use, bool blocked)
{
    struct backend_key_template wanted = {.type = type,
                                          .bits = 2048,
                                          .curve = curve,
                                          .label = label,
                                          .rules = {use, &always, &always, &never},
                                          .blocked = blocked};

    assert_true(hsm_key_generate(token, &wanted, &shown));
    assert_int_equal(ERR_peek_error(), 0);
    return find_key(token, label);
}

struct signing {
    enum backend_answer answer;
    struct backend_refusal refusal;
    struct recorder recorder;
    bool valid; /* the signature verifies */
};

/* The whole way, with the approvals of these (their indices as digits). */
static struct signing sign(struct backend_key *key, const struct ska_mechanism *mechanism,
                           const char *who)
{
    struct ska_span message = ska_span_text("The quick brown fox");
    struct signing signing = {0};
    struct ska_errors errors = errors_into(&signing.recorder);
    struct approvals approvals = {0};
    struct ska_bytes to_be_signed = {NULL, 0};
    uint8_t room[128];
    uint8_t signature[2048];
    size_t length = sizeof(signature);

    assert_true(backend_create_token(key, SKA_OPERATION_SIGN, input_for(mechanism, message, room),
                                     NULL, &to_be_signed, &shown));
    for (; *who != 0; who++)
        approve(&approvals, (size_t)(*who - '0'), ska_span_of(&to_be_signed));
    signing.answer =
        backend_ska_sign(key, mechanism, ska_span_of(&to_be_signed), approvals.list,
                         approvals.count, signature, &length, &signing.refusal, &errors);
    signing.valid =
        signing.answer == BACKEND_DONE &&
        verifies(backend_key_public(key), mechanism, message, ska_span(signature, length));
    ska_bytes_free(&to_be_signed);
    approvals_clear(&approvals);
    assert_int_equal(ERR_peek_error(), 0);
    return signing;
}

static void assert_signed(struct signing signing)
{
    if (signing.recorder.count > 0)
        fail_msg("%s", signing.recorder.text);
    assert_int_equal(signing.answer, BACKEND_DONE);
    assert_true(signing.valid);
}

static void assert_refused(struct signing signing, bool blocked, bool unsatisfied, const char *code)
{
    assert_int_equal(signing.answer, BACKEND_REFUSED);
    assert_int_equal(signing.recorder.count, 0);
    assert_int_equal(signing.refusal.blocked, blocked);
    assert_int_equal(signing.refusal.unsatisfied, unsatisfied);
    assert_string_equal(signing.refusal.code, code);
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void knows_the_simulator(void **state)
{
    (void)state;
    assert_true(hsm_module_supports_ska(hsm_token_module(token), &shown));
    assert_string_equal(hsm_module_manufacturer(hsm_token_module(token)), SKASIM_MANUFACTURER);
}

static const struct {
    enum ska_key_type type;
    const char *curve;
    struct ska_mechanism mechanism;
} kinds[] = {
    {SKA_KEY_RSA, NULL, {SKA_SCHEME_PKCS1, SKA_DIGEST_SHA256, SKA_PAYLOAD_DIGEST, 0, 0, false}},
    {SKA_KEY_RSA, NULL, {SKA_SCHEME_PKCS1, SKA_DIGEST_SHA512, SKA_PAYLOAD_MESSAGE, 0, 0, false}},
    {SKA_KEY_RSA,
     NULL,
     {SKA_SCHEME_PSS, SKA_DIGEST_SHA256, SKA_PAYLOAD_DIGEST, SKA_DIGEST_SHA256, 32, false}},
    {SKA_KEY_RSA_PSS,
     NULL,
     {SKA_SCHEME_PSS, SKA_DIGEST_SHA384, SKA_PAYLOAD_MESSAGE, SKA_DIGEST_SHA384, 48, false}},
    {SKA_KEY_EC, "P-256", {SKA_SCHEME_ECDSA, SKA_DIGEST_SHA256, SKA_PAYLOAD_DIGEST, 0, 0, false}},
    {SKA_KEY_EC, "P-384", {SKA_SCHEME_ECDSA, SKA_DIGEST_SHA384, SKA_PAYLOAD_MESSAGE, 0, 0, false}},
    {SKA_KEY_EC, "P-521", {SKA_SCHEME_ECDSA, SKA_DIGEST_SHA512, SKA_PAYLOAD_DIGEST, 0, 0, false}},
    {SKA_KEY_EC,
     "secp256k1",
     {SKA_SCHEME_ECDSA, SKA_DIGEST_SHA256, SKA_PAYLOAD_MESSAGE, 0, 0, false}},
    {SKA_KEY_ED25519, NULL, {SKA_SCHEME_EDDSA, SKA_DIGEST_NONE, SKA_PAYLOAD_MESSAGE, 0, 0, false}},
    {SKA_KEY_ED448, NULL, {SKA_SCHEME_EDDSA, SKA_DIGEST_NONE, SKA_PAYLOAD_MESSAGE, 0, 0, false}},
};

static void signs_with_two_of_three(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct backend_key *key = NULL;
        char label[32];

        snprintf(label, sizeof(label), "kind %zu", i);
        key = make_key(kinds[i].type, kinds[i].curve, label, &two_of_three, false);
        assert_true(backend_key_is_ska(key));
        assert_int_equal(backend_key_type(key), kinds[i].type);
        forget_log();
        assert_signed(sign(key, &kinds[i].mechanism, "01"));
        assert_int_equal(logged("C_SKASign"), 1);
        assert_signed(sign(key, &kinds[i].mechanism, "12"));
        assert_signed(sign(key, &kinds[i].mechanism, "210"));
        assert_refused(sign(key, &kinds[i].mechanism, "2"), false, true, "token not found");
        assert_refused(sign(key, &kinds[i].mechanism, ""), false, true, "token not found");
        backend_key_free(key);
    }
}

static void makes_tokens_for_this_key(void **state)
{
    struct backend_key *key = find_key(token, "kind 4");
    struct ska_bytes encoded = {NULL, 0};
    struct ska_approval_token decoded;
    static uint8_t payload[60000];

    (void)state;
    for (size_t length = 0; length <= sizeof(payload); length += 20000) {
        assert_true(backend_create_token(key, SKA_OPERATION_SIGN, ska_span(payload, length), NULL,
                                         &encoded, &shown));
        assert_true(ska_approval_token_decode(ska_span_of(&encoded), &decoded, &shown));
        assert_int_equal(decoded.operation, SKA_OPERATION_SIGN);
        assert_true(ska_span_equal(decoded.key_name, ska_span_text("kind 4")));
        assert_true(ska_span_equal(decoded.payload, ska_span(payload, length)));
        assert_false(decoded.has_timestamp);
        ska_bytes_free(&encoded);
    }
    assert_true(
        backend_create_token(key, SKA_OPERATION_BLOCK, ska_span("x", 1), NULL, &encoded, &shown));
    assert_true(ska_approval_token_decode(ska_span_of(&encoded), &decoded, &shown));
    assert_int_equal(decoded.operation, SKA_OPERATION_BLOCK);
    ska_bytes_free(&encoded);
    backend_key_free(key);
}

static void has_no_way_around_the_rule(void **state)
{
    struct backend_key *key = find_key(token, "kind 4");
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    assert_false(signs(key, &ecdsa_digest, &errors));
    assert_raised(&recorder, SKA_R_INTERNAL, "SKA key");
    backend_key_free(key);
}

static void refuses_ska_calls_for_ordinary_keys(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_bytes encoded = {NULL, 0};
    struct backend_refusal refusal;
    struct backend_key *key = NULL;
    uint8_t signature[256];
    size_t length = sizeof(signature);

    (void)state;
    generate(token, SKA_KEY_EC, "ordinary");
    key = find_key(token, "ordinary");
    assert_false(backend_key_is_ska(key));
    assert_true(signs(key, &ecdsa_digest, &shown));
    assert_false(
        backend_create_token(key, SKA_OPERATION_SIGN, ska_span("x", 1), NULL, &encoded, &errors));
    assert_raised(&recorder, SKA_R_INTERNAL, "is not an SKA key");
    errors = errors_into(&recorder);
    assert_int_equal(backend_ska_sign(key, &ecdsa_digest, ska_span("x", 1), NULL, 0, signature,
                                      &length, &refusal, &errors),
                     BACKEND_FAILED);
    assert_raised(&recorder, SKA_R_INTERNAL, "is not an SKA key");
    backend_key_free(key);
}

static void says_that_a_key_is_blocked(void **state)
{
    struct backend_key *key = make_key(SKA_KEY_EC, "P-256", "blocked", &always, true);
    struct backend_key_state key_state;

    (void)state;
    assert_refused(sign(key, &ecdsa_digest, "01"), true, false, "object blocked");
    assert_true(backend_key_state(key, &key_state, &shown));
    assert_int_equal(key_state.blocked, BACKEND_YES);
    backend_key_state_clear(&key_state);
    backend_key_free(key);
}

static void refuses_a_broken_approval(void **state)
{
    struct backend_key *key = find_key(token, "kind 4");
    struct ska_bytes encoded = {NULL, 0};
    struct approvals approvals = {0};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct backend_refusal refusal;
    uint8_t signature[256];
    size_t length = sizeof(signature);

    (void)state;
    assert_true(backend_create_token(key, SKA_OPERATION_SIGN, ska_span(signature, 32), NULL,
                                     &encoded, &shown));
    approve(&approvals, 0, ska_span_of(&encoded));
    approve(&approvals, 1, ska_span_of(&encoded));
    approvals.list[1].signature.data[approvals.list[1].signature.length - 1] ^= 1;
    assert_int_equal(backend_ska_sign(key, &ecdsa_digest, ska_span_of(&encoded), approvals.list,
                                      approvals.count, signature, &length, &refusal, &errors),
                     BACKEND_REFUSED);
    assert_int_equal(recorder.count, 0);
    assert_false(refusal.blocked);
    assert_true(refusal.code[0] != 0);
    approvals_clear(&approvals);
    ska_bytes_free(&encoded);
    backend_key_free(key);
}

static void tells_the_rules(void **state)
{
    struct ska_rule timed = make_rule(1, 1, 5, 30);
    struct backend_key *key = make_key(SKA_KEY_EC, "P-256", "rules", &timed, false);
    const struct ska_rule *rules[SKA_RULE_COUNT] = {&timed, &always, &always, &never};
    struct backend_key_state key_state;

    (void)state;
    assert_true(backend_key_state(key, &key_state, &shown));
    assert_int_equal(key_state.blocked, BACKEND_NO);
    assert_int_equal(key_state.sam_approved, BACKEND_NO);
    for (size_t i = 0; i < SKA_RULE_COUNT; i++) {
        struct ska_bytes expected = {NULL, 0};

        assert_true(ska_rule_encode(rules[i], &expected, &shown));
        assert_true(ska_span_equal(ska_span_of(&key_state.rules[i]), ska_span_of(&expected)));
        ska_bytes_free(&expected);
    }
    assert_true(
        ska_span_equal(backend_key_use_rule(key), ska_span_of(&key_state.rules[SKA_RULE_USE])));
    backend_key_state_clear(&key_state);
    backend_key_free(key);
    ska_rule_clear(&timed);

    key = find_key(token, "ordinary");
    assert_true(backend_key_state(key, &key_state, &shown));
    assert_null(key_state.rules[SKA_RULE_USE].data);
    backend_key_state_clear(&key_state);
    backend_key_free(key);
}

/* A half-given policy is a mistake of the caller, not an ordinary key. */
static void wants_all_four_rules(void **state)
{
    struct backend_key_template wanted = {.type = SKA_KEY_EC,
                                          .curve = "P-256",
                                          .label = "three rules",
                                          .rules = {&always, &always, &always, NULL}};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    assert_false(hsm_key_generate(token, &wanted, &errors));
    assert_raised(&recorder, SKA_R_INTERNAL, "3 of 4");
    wanted.rules[SKA_RULE_MODIFY] = &always;
    wanted.label = "blocked";
    errors = errors_into(&recorder);
    assert_false(hsm_key_generate(token, &wanted, &errors));
    assert_raised(&recorder, SKA_R_LABEL_IN_USE, "\"blocked\"");
}

static bool check_listed(void *arg, const struct hsm_object *object)
{
    bool ordinary = strcmp((const char *)object->label.data, "ordinary") == 0;

    assert_true(object->known_key_type);
    assert_int_equal(object->ska, object->type == HSM_OBJECT_PRIVATE && !ordinary);
    *(size_t *)arg += object->type == HSM_OBJECT_PRIVATE;
    return true;
}

static void lists_ska_keys(void **state)
{
    struct hsm_object_match all = {HSM_OBJECT_ANY, {NULL, 0}, {NULL, 0}};
    struct hsm_object_match one = {HSM_OBJECT_PRIVATE, ska_span_text("kind 4"), {NULL, 0}};
    size_t privates = 0;

    (void)state;
    assert_true(hsm_object_list(token, &all, check_listed, &privates, &shown));
    assert_int_equal(privates, sizeof(kinds) / sizeof(kinds[0]) + 3);
    privates = 0;
    assert_true(hsm_object_list(token, &one, check_listed, &privates, &shown));
    assert_int_equal(privates, 1);
}

/* ---- Losses ---------------------------------------------------------------------------------- */

static void survives_a_logout(void **state)
{
    struct backend_key *key = find_key(token, "kind 4");

    (void)state;
    for (int i = 0; i < 2; i++) {
        CK_SESSION_HANDLE session = application_session("ska");

        assert_int_equal(application()->C_Logout(session), CKR_OK);
        forget_log();
        assert_signed(sign(key, &ecdsa_digest, "01"));
        assert_int_equal(logged("C_SKASign kind 4 CKR_OK"), 1);
        assert_int_equal(application()->C_CloseAllSessions(application_slot(session)), CKR_OK);
        assert_signed(sign(key, &ecdsa_digest, "01"));
        assert_int_equal(application()->C_Finalize(NULL), CKR_OK);
        assert_signed(sign(key, &ecdsa_digest, "01"));
    }
    backend_key_free(key);
}

static void survives_a_fork(void **state)
{
    struct backend_key *key = find_key(token, "kind 4");
    pid_t child = fork();
    int status = -1;

    (void)state;
    if (child == 0)
        _exit(sign(key, &ecdsa_digest, "01").valid &&
                      sign(key, &ecdsa_digest, "0").answer == BACKEND_REFUSED
                  ? 0
                  : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_signed(sign(key, &ecdsa_digest, "01"));
    backend_key_free(key);
}

static void tells_failures_from_refusals(void **state)
{
    static const struct {
        const char *rv;
        size_t calls; /* made before it gives up */
    } failures[] = {{"CKR_DEVICE_ERROR", 1},
                    {"CKR_GENERAL_ERROR", 1},
                    {"CKR_FUNCTION_FAILED", 1},
                    {"CKR_ARGUMENTS_BAD", 1},
                    {"CKR_MECHANISM_INVALID", 1},
                    {"CKR_BUFFER_TOO_SMALL", 1},
                    /* These two may come after the signature was made: no second call. */
                    {"CKR_SESSION_CLOSED", 1},
                    {"CKR_DEVICE_REMOVED", 1},
                    /* These prove that it was not. */
                    {"CKR_SESSION_HANDLE_INVALID", 2},
                    {"CKR_KEY_HANDLE_INVALID", 2},
                    {"CKR_USER_NOT_LOGGED_IN", 2}};
    struct backend_key *key = find_key(token, "kind 4");

    (void)state;
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        struct signing signing;
        char fault[64];

        snprintf(fault, sizeof(fault), "C_SKASign=%s", failures[i].rv);
        configure_fault(fault);
        signing = sign(key, &ecdsa_digest, "01");
        assert_int_equal(signing.answer, BACKEND_FAILED);
        assert_raised(&signing.recorder, SKA_R_HSM_FAILURE, "C_SKASign: ");
        assert_non_null(strstr(signing.recorder.text, failures[i].rv));
        assert_int_equal(logged("C_SKASign"), failures[i].calls);
    }
    configure_fault("C_SKASign=0x80001234");
    assert_refused(sign(key, &ecdsa_digest, "01"), false, false, "0x80001234");
    configure_fault(NULL);
    assert_signed(sign(key, &ecdsa_digest, "01"));
    backend_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_simulator),
        cmocka_unit_test(signs_with_two_of_three),
        cmocka_unit_test(makes_tokens_for_this_key),
        cmocka_unit_test(has_no_way_around_the_rule),
        cmocka_unit_test(refuses_ska_calls_for_ordinary_keys),
        cmocka_unit_test(says_that_a_key_is_blocked),
        cmocka_unit_test(refuses_a_broken_approval),
        cmocka_unit_test(tells_the_rules),
        cmocka_unit_test(wants_all_four_rules),
        cmocka_unit_test(lists_ska_keys),
        cmocka_unit_test(survives_a_logout),
        cmocka_unit_test(survives_a_fork),
        cmocka_unit_test(tells_failures_from_refusals),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
