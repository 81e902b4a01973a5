/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application that works against the simulator with several threads: it changes its memory while
 * a call looks at it, calls in sessions that are not its own, and ends what is under way. What is
 * signed is what was approved, all the same.
 */
#include "simulator_fixture.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "softhsm_racing.h"

#define TEXT(text) (CK_VOID_PTR)(uintptr_t)(text), sizeof(text) - 1

static const char approved[] = "The board buys a bicycle........";
static const char wanted[] = "The board sells the house to me.";

#define PAYLOAD_LENGTH (sizeof(approved) - 1)

static CK_MECHANISM eddsa = {CKM_EDDSA, NULL, 0};
static CK_BBOOL yes = CK_TRUE;

static softhsm_visit_set *visit;

/* ---- Moments -------------------------------------------------------------------------------- */

/* What happens before a call of the main thread goes to SoftHSM. */
static struct {
    pthread_t main_thread;
    const char *name; /* NULL: before any call */
    int countdown;    /* before the how-manieth of them; 0: no more */
    void (*happens)(void);
    int seen; /* calls of this name in all */
} moment;

static void visitor(const char *name)
{
    if (!pthread_equal(pthread_self(), moment.main_thread) ||
        (moment.name != NULL && strcmp(moment.name, name) != 0))
        return;
    moment.seen++;
    if (moment.countdown > 0 && --moment.countdown == 0 && moment.happens != NULL)
        moment.happens();
}

static void at_moment(const char *name, int countdown, void (*happens)(void))
{
    moment.main_thread = pthread_self();
    moment.name = name;
    moment.countdown = countdown;
    moment.happens = happens;
    moment.seen = 0;
}

/* Whether it came. */
static bool moment_came(void)
{
    bool came = moment.countdown == 0;

    moment.countdown = 0;
    return came;
}

/* ---- The scene ------------------------------------------------------------------------------ */

/* A key that wants one approval, and a token with it. */
static struct {
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    EVP_PKEY *public_key;
    struct approver approver;
    struct data token;
    unsigned char *payload; /* in the token */
    CK_SKA_APPROVAL approval;
} scene;

static unsigned char *find_payload(const struct data *token)
{
    for (size_t i = 0; i + PAYLOAD_LENGTH <= token->length; i++)
        if (memcmp(token->bytes + i, approved, PAYLOAD_LENGTH) == 0)
            return token->bytes + i;
    fail_msg("no payload in the token");
    return NULL;
}

static int setup(void **state)
{
    void *library = dlopen(SOFTHSM_RACING_PATH, RTLD_NOW | RTLD_LOCAL);
    void *address = library == NULL ? NULL : dlsym(library, "softhsm_visit");
    const struct approver *one[] = {&scene.approver};
    struct data rule;
    struct pair pair;

    assert_non_null(address);
    memcpy(&visit, &address, sizeof(visit));
    memset(&moment, 0, sizeof(moment));
    fixture_configure("softhsm-module = " SOFTHSM_RACING_PATH "\n");
    scene.session = fixture_open();
    scene.approver = make_approver("ED25519");
    rule = quorum_rule(1, one, 1);
    pair = make_ska(scene.session, "ED25519", "seal", &rule);
    data_free(&rule);
    scene.key = pair.private_key;
    scene.public_key = read_public(scene.session, pair.public_key);
    scene.token = make_token(scene.session, CK_SKA_SIGN, scene.key, approved, PAYLOAD_LENGTH);
    scene.payload = find_payload(&scene.token);
    scene.approval = make_approval(&scene.approver, &scene.token);
    *state = &scene.session;
    visit(visitor);
    return 0;
}

static int teardown(void **state)
{
    CK_OBJECT_HANDLE found[32];
    CK_SESSION_HANDLE session = 0;
    size_t count = 0;

    visit(NULL);
    C_Finalize(NULL);
    session = fixture_open();
    count = find_all(session, NULL, 0, found, COUNT(found));
    for (size_t i = 0; i < count; i++)
        assert_rv(C_DestroyObject(session, found[i]), CKR_OK);
    assert_int_equal(fixture_stored(), 0);
    approvals_free(&scene.approval, 1);
    data_free(&scene.token);
    approver_free(&scene.approver);
    EVP_PKEY_free(scene.public_key);
    return fixture_teardown(state);
}

static CK_RV sign(unsigned char signature[64])
{
    CK_ULONG length = 64;

    return C_SKASign(scene.session, &eddsa, scene.key, scene.token.bytes, scene.token.length,
                     &scene.approval, 1, signature, &length, NULL, NULL);
}

static bool signs(const unsigned char signature[64], const char *payload)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int result = 0;

    assert_int_equal(EVP_DigestVerifyInit(context, NULL, NULL, NULL, scene.public_key), 1);
    result =
        EVP_DigestVerify(context, signature, 64, (const unsigned char *)payload, PAYLOAD_LENGTH);
    EVP_MD_CTX_free(context);
    return result == 1;
}

static void start(pthread_t *thread, void *(*run)(void *))
{
    assert_int_equal(pthread_create(thread, NULL, run, NULL), 0);
}

static void in_other_thread(void *(*run)(void *))
{
    pthread_t thread;

    start(&thread, run);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void pause_milliseconds(long milliseconds)
{
    const struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    nanosleep(&pause, NULL);
}

/* ---- Memory that changes -------------------------------------------------------------------- */

static void exchange_payload(void)
{
    memcpy(scene.payload, wanted, PAYLOAD_LENGTH);
}

/* At each moment at which C_SKASign asks SoftHSM for something. */
static void test_token_changes(void **state)
{
    int signatures = 0;
    bool came = true;

    (void)state;
    for (int i = 1; came; i++) {
        unsigned char signature[64] = {0};
        CK_RV rv = CKR_OK;

        at_moment(NULL, i, exchange_payload);
        rv = sign(signature);
        came = moment_came();
        memcpy(scene.payload, approved, PAYLOAD_LENGTH);
        if (rv == CKR_OK) {
            assert_true(signs(signature, approved));
            signatures += came;
        } else {
            assert_rv(rv, CKR_SKASIM_PARAMETERS_INVALID);
        }
    }
    /* SoftHSM is asked for a session, for a signature with a key, and for the signature. */
    assert_in_range(signatures, 3, 100);
}

static atomic_bool stopped;

/* ThreadSanitizer sees that these race, as they are to. */
static void skip_with_thread_sanitizer(void)
{
#ifdef __SANITIZE_THREAD__
    skip();
#endif
}

static void *exchange_all_the_time(void *argument)
{
    (void)argument;
    while (!atomic_load(&stopped)) {
        memcpy(scene.payload, wanted, PAYLOAD_LENGTH);
        memcpy(scene.payload, approved, PAYLOAD_LENGTH);
    }
    return NULL;
}

/* At any moment. */
static void test_token_changes_all_the_time(void **state)
{
    pthread_t thread;

    (void)state;
    skip_with_thread_sanitizer();
    atomic_store(&stopped, false);
    start(&thread, exchange_all_the_time);
    for (int i = 0; i < 300; i++) {
        unsigned char signature[64] = {0};

        if (sign(signature) == CKR_OK)
            assert_true(signs(signature, approved));
    }
    atomic_store(&stopped, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static int nested_answers;

/* What the application's own functions for mutexes could do. */
static void call_again(void)
{
    CK_INFO info;
    CK_SKA_POLICY policy = {NULL, 0};
    CK_ULONG length = 0;

    nested_answers += C_GetInfo(&info) == CKR_GENERAL_ERROR;
    nested_answers += C_SerializePolicy(&policy, NULL, &length) == CKR_GENERAL_ERROR;
    nested_answers += C_CloseSession(scene.session) == CKR_GENERAL_ERROR;
}

/* A call inside of a call does not end what the outer one works with. */
static void test_nested_calls(void **state)
{
    int i = 1;
    bool came = true;

    (void)state;
    nested_answers = 0;
    for (; came; i++) {
        unsigned char signature[64] = {0};

        at_moment(NULL, i, call_again);
        assert_rv(sign(signature), CKR_OK);
        came = moment_came();
        assert_true(signs(signature, approved));
    }
    assert_int_equal(nested_answers, 3 * (i - 2));
}

static CK_SKA_GROUP group;

static void *resize_all_the_time(void *argument)
{
    volatile CK_ULONG *count = &group.approverCount;

    (void)argument;
    while (!atomic_load(&stopped)) {
        *count = 1;
        *count = 3000;
    }
    return NULL;
}

/* A count that is one number when memory is asked for, and another when it is filled. */
static void test_counts_change(void **state)
{
    static CK_SKA_APPROVER approvers[3000];
    CK_SKA_TOKEN token = {NULL, 0, 0, 0, &group, 1};
    CK_SKA_POLICY policy = {&token, 1};
    pthread_t thread;

    (void)state;
    skip_with_thread_sanitizer();
    for (size_t i = 0; i < COUNT(approvers); i++)
        approvers[i] = (CK_SKA_APPROVER){NULL, 0, CKAP_SIGNATURE, scene.approver.info.bytes,
                                         scene.approver.info.length};
    group = (CK_SKA_GROUP){NULL, 0, 1, approvers, 1};
    atomic_store(&stopped, false);
    start(&thread, resize_all_the_time);
    for (int i = 0; i < 500; i++) {
        CK_ULONG length = 0;
        CK_RV rv = C_SerializePolicy(&policy, NULL, &length);

        assert_true(rv == CKR_OK || rv == CKR_ARGUMENTS_BAD);
    }
    atomic_store(&stopped, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* A template is harmless when it is looked at, and forges a record when SoftHSM gets it. */
static char application[] = "SKA simulatoX";

static void forge_application(void)
{
    memcpy(application, "SKA simulator", sizeof(application));
}

static void test_template_changes(void **state)
{
    static CK_OBJECT_CLASS class = CKO_DATA;
    CK_SESSION_HANDLE session = session_of(state);
    CK_ATTRIBUTE data[] = {{CKA_APPLICATION, application, sizeof(application) - 1},
                           {CKA_CLASS, &class, sizeof(class)},
                           {CKA_TOKEN, &yes, sizeof(yes)}};
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;

    at_moment("C_CreateObject", 1, forge_application);
    assert_rv(C_CreateObject(session, data, COUNT(data), &made), CKR_OK);
    assert_true(moment_came());
    memcpy(application, "SKA simulatoX", sizeof(application));
    assert_int_equal(find_all(session, data, COUNT(data), &made, 1), 1);
}

/* The same for a change of a key that is there: no subject that marks it as one with rules. */
static char subject[] = "XKA simulator key 00000000-0000-4000-8000-000000000000";

static void forge_subject(void)
{
    subject[0] = 'S';
}

static void test_change_changes(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_OBJECT_HANDLE key = make_ordinary(session, "EC:P-256", "mine").private_key;
    CK_ATTRIBUTE change = {CKA_SUBJECT, subject, sizeof(subject) - 1};
    struct data value;

    at_moment("C_SetAttributeValue", 1, forge_subject);
    assert_rv(C_SetAttributeValue(session, key, &change, 1), CKR_OK);
    assert_true(moment_came());
    value = read_attribute(session, key, CKA_SUBJECT);
    assert_memory_equal(value.bytes, "XKA", 3);
    data_free(&value);
}

/* The token says what stood there when the call began. */
static unsigned char made_of[PAYLOAD_LENGTH];

static void exchange_made_of(void)
{
    memcpy(made_of, wanted, PAYLOAD_LENGTH);
}

static void test_payload_changes(void **state)
{
    CK_BYTE token[1024];
    bool came = true;

    (void)state;
    for (int i = 1; came; i++) {
        CK_ULONG length = sizeof(token);

        memcpy(made_of, approved, PAYLOAD_LENGTH);
        at_moment(NULL, i, exchange_made_of);
        assert_rv(C_CreateApprovalToken(scene.session, CK_SKA_SIGN, scene.key, made_of,
                                        PAYLOAD_LENGTH, NULL, 0, NULL, 0, token, &length),
                  CKR_OK);
        came = moment_came();
        assert_true(came || i > 1);
        assert_int_equal(length, scene.token.length);
        assert_memory_equal(token, scene.token.bytes, length);
    }
}

/* SoftHSM gets the mechanism that was looked at. */
static CK_MECHANISM looked_at = {CKM_ECDSA, NULL, 0};

static void exchange_mechanism(void)
{
    looked_at.mechanism = CKM_MD5; /* which signs nothing */
}

static void test_mechanism_changes(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_OBJECT_HANDLE key = make_ordinary(session, "EC:P-256", "mine").private_key;

    at_moment("C_SignInit", 1, exchange_mechanism);
    assert_rv(C_SignInit(session, &looked_at, key), CKR_OK);
    assert_true(moment_came());
    looked_at.mechanism = CKM_ECDSA;
}

/* More than there is, and more than any memory holds. */
static void test_lengths_are_claimed(void **state)
{
    static const CK_ULONG endless = (CK_ULONG)1 << 40;
    CK_SESSION_HANDLE session = session_of(state);
    const CK_SKA_APPROVAL approval = scene.approval;
    CK_ATTRIBUTE label = {CKA_LABEL, TEXT("label")};
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    unsigned char signature[64];
    CK_BYTE token[1024];
    CK_ULONG length = sizeof(token);

    assert_rv(C_CreateApprovalToken(session, CK_SKA_SIGN, scene.key, NULL, 5, NULL, 0, NULL, 0,
                                    token, &length),
              CKR_ARGUMENTS_BAD);
    assert_rv(C_CreateApprovalToken(session, CK_SKA_SIGN, scene.key, made_of, 5, made_of, endless,
                                    made_of, 5, token, &length),
              CKR_ARGUMENTS_BAD);
    assert_rv(C_CreateApprovalToken(session, CK_SKA_SIGN, scene.key, made_of, 5, NULL, 5, made_of,
                                    5, token, &length),
              CKR_ARGUMENTS_BAD);
    scene.approval.signatureLen = endless;
    assert_rv(sign(signature), CKR_SKASIM_PARAMETERS_INVALID);
    scene.approval.pSignature = NULL;
    scene.approval.signatureLen = 64;
    assert_rv(sign(signature), CKR_SKASIM_PARAMETERS_INVALID);
    scene.approval = approval;
    scene.approval.signerInfoLen = endless;
    assert_rv(sign(signature), CKR_SKASIM_PARAMETERS_INVALID);
    scene.approval = approval;
    assert_rv(C_FindObjectsInit(session, &label, endless), CKR_ARGUMENTS_BAD);
    label.ulValueLen = endless;
    assert_rv(C_CreateObject(session, &label, 1, &made), CKR_ARGUMENTS_BAD);
    assert_rv(sign(signature), CKR_OK);
}

static CK_OBJECT_CLASS searched;

static void search_for_data(void)
{
    searched = CKO_DATA;
}

/* A search among objects of which nothing is hidden finds no record. */
static void test_search_changes(void **state)
{
    CK_ATTRIBUTE template = {CKA_CLASS, &searched, sizeof(searched)};
    CK_OBJECT_HANDLE found[8];

    searched = CKO_CERTIFICATE;
    at_moment("C_FindObjectsInit", 1, search_for_data);
    assert_int_equal(find_all(session_of(state), &template, 1, found, COUNT(found)), 0);
    assert_true(moment_came());
}

static char label[] = "mine";

static void take_label(void)
{
    memcpy(label, "seal", sizeof(label));
}

/* No second key is called like the one of the approvals. */
static void test_label_changes(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);

    at_moment("C_GenerateKeyPair", 1, take_label);
    make_ordinary(session, "EC:P-256", label);
    assert_true(moment_came());
    assert_int_equal(find_private(session, "seal"), scene.key);
    assert_int_not_equal(find_private(session, "mine"), CK_INVALID_HANDLE);
}

/* The handle of the public key, while a timestamp key is being made; and that of another one. */
static CK_OBJECT_HANDLE generated[2];
static CK_OBJECT_HANDLE other_key;

static void exchange_handle(void)
{
    generated[0] = other_key;
}

/* The key by which timestamps are verified is the one that makes them. */
static void test_handle_changes(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_MECHANISM mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_ULONG bits = 2048;
    CK_BYTE exponent[] = {1, 0, 1};
    CK_ATTRIBUTE public_attributes[] = {{CKA_MODULUS_BITS, &bits, sizeof(bits)},
                                        {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)},
                                        {CKA_TOKEN, &yes, 1}};
    CK_ATTRIBUTE private_attributes[] = {{CKA_LABEL, TEXT("clock")},
                                         {CKA_SKA_TIMESTAMP_SIGN, &yes, 1}};
    struct timestamp timestamp;
    struct data token;

    other_key = make_ordinary(session, "RSA:2048", "mine").public_key;
    at_moment("C_GetAttributeValue", 1, exchange_handle);
    assert_rv(C_GenerateKeyPair(session, &mechanism, public_attributes, 3, private_attributes, 2,
                                &generated[0], &generated[1]),
              CKR_OK);
    assert_true(moment_came());
    assert_int_not_equal(generated[0], other_key);
    timestamp = get_timestamp(session, CK_SKA_SIGN, generated[1], approved, PAYLOAD_LENGTH);
    token = make_timed_token(session, CK_SKA_SIGN, scene.key, approved, PAYLOAD_LENGTH, &timestamp);
    {
        CK_SKA_APPROVAL approval = make_approval(&scene.approver, &token);
        struct data signature;

        assert_rv(ska_sign(session, &eddsa, scene.key, &token, &approval, 1, &signature), CKR_OK);
        data_free(&signature);
        approvals_free(&approval, 1);
    }
    data_free(&token);
    timestamp_free(&timestamp);
}

/* ---- Sessions of the simulator's own --------------------------------------------------------- */

enum { GUESSES = 300 };

static atomic_int taken;

/* Threads do not talk to cmocka. */
static void *guess_sessions(void *argument)
{
    (void)argument;
    for (CK_SESSION_HANDLE guess = 0; guess < GUESSES; guess++) {
        CK_SESSION_INFO info;
        CK_BYTE signature[512];
        CK_ULONG length = sizeof(signature);
        CK_RV expected =
            guess == scene.session ? CKR_OPERATION_NOT_INITIALIZED : CKR_SESSION_HANDLE_INVALID;
        CK_RV rv =
            C_Sign(guess, (CK_BYTE_PTR)(uintptr_t)wanted, PAYLOAD_LENGTH, signature, &length);

        if (rv != expected ||
            (guess != scene.session && C_GetSessionInfo(guess, &info) != expected))
            atomic_fetch_add(&taken, 1);
    }
    return NULL;
}

static void try_other_sessions(void)
{
    in_other_thread(guess_sessions);
}

static void expect_own_sessions_closed(CK_RV (*call)(void), int calls_at_least)
{
    int tried = 0;

    atomic_store(&taken, 0);
    for (bool came = true; came; tried++) {
        at_moment(NULL, tried + 1, try_other_sessions);
        call();
        came = moment_came();
    }
    assert_in_range(tried, calls_at_least, 100);
    assert_int_equal(atomic_load(&taken), 0);
}

static CK_RV sign_once(void)
{
    unsigned char signature[64];

    return sign(signature);
}

static CK_OBJECT_HANDLE clock_key;

static CK_RV stamp_once(void)
{
    CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
    CK_BYTE block[512];
    CK_BYTE signature[512];
    CK_ULONG block_length = sizeof(block);
    CK_ULONG length = sizeof(signature);

    return C_GetTimestamp(scene.session, CK_SKA_SIGN, &mechanism, clock_key,
                          (CK_BYTE_PTR)(uintptr_t)approved, PAYLOAD_LENGTH, block, &block_length,
                          signature, &length);
}

/* While the HSM signs, at each moment, no other session than the application's can be named. */
static void test_own_sessions(void **state)
{
    clock_key = make_timestamp_key(session_of(state), "clock").private_key;
    assert_rv(sign_once(), CKR_OK);
    assert_rv(stamp_once(), CKR_OK);
    expect_own_sessions_closed(sign_once, 5);
    expect_own_sessions_closed(stamp_once, 5);
}

/* No session is ready to sign for a request that is refused. */
static void test_no_privilege_before(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
    CK_BYTE byte = 0;
    CK_ULONG block_length = 1;
    CK_ULONG length = 1;
    unsigned char signature[64];

    clock_key = make_timestamp_key(session, "clock").private_key;
    at_moment("C_SignInit", 0, NULL);
    exchange_payload();
    assert_rv(sign(signature), CKR_SKASIM_PARAMETERS_INVALID);
    memcpy(scene.payload, approved, PAYLOAD_LENGTH);
    assert_rv(C_SKASign(session, &eddsa, scene.key, scene.token.bytes, scene.token.length, NULL, 0,
                        signature, &length, NULL, NULL),
              CKR_BUFFER_TOO_SMALL);
    assert_int_equal(length, 64);
    assert_rv(C_SKASign(session, &eddsa, scene.key, scene.token.bytes, scene.token.length, NULL, 0,
                        signature, &length, NULL, NULL),
              CKR_SKASIM_TOKEN_NOT_FOUND);
    assert_rv(C_GetTimestamp(session, CK_SKA_SIGN, &mechanism, clock_key, &byte, 1, &byte,
                             &block_length, signature, &length),
              CKR_BUFFER_TOO_SMALL);
    assert_int_equal(moment.seen, 0);
    assert_rv(sign(signature), CKR_OK);
    assert_int_equal(moment.seen, 1);
}

/* ---- Ends ------------------------------------------------------------------------------------ */

static atomic_bool ended;
static atomic_ulong ending; /* what the call answered */
static pthread_t ender;

static void end_with(CK_RV rv)
{
    atomic_store(&ending, rv);
    atomic_store(&ended, true);
}

static void *finalize(void *argument)
{
    (void)argument;
    end_with(C_Finalize(NULL));
    return NULL;
}

static void *close_session(void *argument)
{
    (void)argument;
    end_with(C_CloseSession(scene.session));
    return NULL;
}

static void *close_all(void *argument)
{
    (void)argument;
    end_with(C_CloseAllSessions(0));
    return NULL;
}

/* Until the end has begun, so that calls that come now are refused. */
static void *wait_for_refusal(void *argument)
{
    CK_SESSION_INFO info;

    (void)argument;
    for (int i = 0; i < 10000 && C_GetSessionInfo(scene.session, &info) == CKR_OK; i++)
        pause_milliseconds(1);
    return NULL;
}

static void *(*end)(void *);
static bool ended_too_early;

static void end_meanwhile(void)
{
    start(&ender, end);
    in_other_thread(wait_for_refusal);
    pause_milliseconds(50);
    ended_too_early = atomic_load(&ended);
}

/* Whoever ends what a call works with waits for it, and nobody comes in any more. */
static void expect_wait(void *(*how)(void *), CK_RV refusal)
{
    CK_SESSION_INFO info;
    unsigned char signature[64] = {0};

    end = how;
    atomic_store(&ended, false);
    at_moment("C_Sign", 1, end_meanwhile);
    assert_rv(sign(signature), CKR_OK);
    assert_true(moment_came());
    assert_false(ended_too_early);
    assert_int_equal(pthread_join(ender, NULL), 0);
    assert_rv(atomic_load(&ending), CKR_OK);
    assert_true(signs(signature, approved));
    assert_rv(C_GetSessionInfo(scene.session, &info), refusal);
}

static void test_finalize_waits(void **state)
{
    (void)state;
    expect_wait(finalize, CKR_CRYPTOKI_NOT_INITIALIZED);
}

static void test_close_waits(void **state)
{
    (void)state;
    expect_wait(close_session, CKR_SESSION_HANDLE_INVALID);
}

static void test_close_all_waits(void **state)
{
    (void)state;
    expect_wait(close_all, CKR_SESSION_HANDLE_INVALID);
}

/* A number that was a session's once is nobody's afterwards. */
static void test_numbers_are_used_once(void **state)
{
    CK_SESSION_HANDLE first = session_of(state);
    CK_SESSION_HANDLE second = 0;
    CK_SESSION_INFO info;

    assert_rv(C_Finalize(NULL), CKR_OK);
    second = fixture_open();
    assert_int_not_equal(first, second);
    assert_rv(C_GetSessionInfo(first, &info), CKR_SESSION_HANDLE_INVALID);
    assert_rv(C_GetSessionInfo(second, &info), CKR_OK);
}

/* ---- Readers and writers ----------------------------------------------------------------------
 */

static CK_OBJECT_HANDLE doomed;
static atomic_bool destroying;

static void *destroy(void *argument)
{
    (void)argument;
    end_with(C_DestroyObject(scene.session, doomed));
    return NULL;
}

static void note_destruction(const char *name)
{
    if (strcmp(name, "C_DestroyObject") == 0)
        atomic_store(&destroying, true);
    else
        visitor(name);
}

static bool destroyed_meanwhile;

/* The other thread looks at its object first, as this one does, and then waits. */
static void destroy_meanwhile(void)
{
    start(&ender, destroy);
    pause_milliseconds(200);
    destroyed_meanwhile = atomic_load(&destroying);
}

/* Nothing is destroyed in SoftHSM while a thread reads there. */
static void test_writers_wait(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct data value;

    doomed = make_ordinary(session, "EC:P-256", "doomed").private_key;
    visit(note_destruction);
    atomic_store(&destroying, false);
    at_moment("C_GetAttributeValue", 1, destroy_meanwhile);
    value = read_attribute(session, scene.key, CKA_LABEL);
    assert_true(moment_came());
    assert_false(destroyed_meanwhile);
    assert_int_equal(pthread_join(ender, NULL), 0);
    assert_rv(atomic_load(&ending), CKR_OK);
    assert_true(atomic_load(&destroying));
    data_free(&value);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_token_changes),       TEST(test_token_changes_all_the_time),
        TEST(test_nested_calls),        TEST(test_counts_change),
        TEST(test_template_changes),    TEST(test_change_changes),
        TEST(test_payload_changes),     TEST(test_mechanism_changes),
        TEST(test_lengths_are_claimed), TEST(test_search_changes),
        TEST(test_label_changes),       TEST(test_handle_changes),
        TEST(test_own_sessions),        TEST(test_no_privilege_before),
        TEST(test_finalize_waits),      TEST(test_close_waits),
        TEST(test_close_all_waits),     TEST(test_numbers_are_used_once),
        TEST(test_writers_wait),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
