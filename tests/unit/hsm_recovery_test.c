/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions, logins and handles that are lost: the application logs out, closes all sessions,
 * finalizes the module, forks; the HSM goes away and comes back; many threads at once.
 */
#include "hsm_support.h"

#include <pthread.h>
#include <sys/wait.h>

#include "provider/hsm/fork.h"
#include "provider/hsm/look_up.h"

static struct hsm_token *token;
static struct backend_key *rsa;
static struct backend_key *ec;

static int begin(void **state)
{
    support_begin(state);
    make_token("lost");
    token = login_token(HSM_TEST_PROXY, "lost");
    generate(token, SKA_KEY_RSA, "rsa");
    generate(token, SKA_KEY_EC, "ec");
    rsa = find_key(token, "rsa");
    ec = find_key(token, "ec");
    return 0;
}

static int end(void **state)
{
    backend_key_free(rsa);
    backend_key_free(ec);
    return support_end(state);
}

static void assert_all_is_well(void)
{
    assert_true(signs(rsa, &pkcs1_digest, &shown));
    assert_true(signs(ec, &ecdsa_digest, &shown));
    backend_key_free(find_key(token, "rsa"));
    assert_true(hsm_token_logged_in(token));
    assert_int_equal(ERR_peek_error(), 0);
}

/* ---- The application ------------------------------------------------------------------------- */

static void log_out(void)
{
    CK_SESSION_HANDLE session = application_session("lost");

    assert_int_equal(application()->C_Logout(session), CKR_OK);
    assert_int_equal(application()->C_CloseSession(session), CKR_OK);
}

static void survives_a_logout(void **state)
{
    int before = proxy()->login;

    (void)state;
    log_out();
    assert_true(signs(rsa, &pkcs1_digest, &shown));
    assert_int_equal(proxy()->login, before + 1);
    assert_all_is_well();
    log_out();
    backend_key_free(find_key(token, "ec"));
    assert_all_is_well();
    assert_int_equal(proxy()->login, before + 2);
}

static bool is_private(void *arg, const struct hsm_object *object)
{
    *(size_t *)arg += object->type == HSM_OBJECT_PRIVATE;
    return true;
}

static void lists_all_after_a_logout(void **state)
{
    struct hsm_object_match match = {HSM_OBJECT_ANY, {NULL, 0}, {NULL, 0}};
    size_t privates = 0;

    (void)state;
    log_out();
    assert_true(hsm_object_list(token, &match, is_private, &privates, &shown));
    assert_int_equal(privates, 2);
}

static void generates_after_a_logout(void **state)
{
    struct backend_key_template wanted = {.type = SKA_KEY_EC, .curve = "P-256", .label = "rsa"};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    log_out();
    assert_false(hsm_key_generate(token, &wanted, &errors));
    assert_raised(&recorder, SKA_R_LABEL_IN_USE, "\"rsa\"");
    log_out();
    generate(token, SKA_KEY_EC, "after a logout");
}

static void survives_closed_sessions(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        CK_SESSION_HANDLE session = application_session("lost");

        assert_int_equal(application()->C_CloseAllSessions(application_slot(session)), CKR_OK);
        assert_all_is_well();
    }
}

static void survives_finalization(void **state)
{
    CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK};

    (void)state;
    assert_int_equal(application()->C_Finalize(NULL), CKR_OK);
    assert_all_is_well();
    assert_int_equal(application()->C_Finalize(NULL), CKR_OK);
    assert_int_equal(application()->C_Initialize(&arguments), CKR_OK);
    assert_all_is_well();
    assert_int_equal(application()->C_Finalize(NULL), CKR_OK);
    assert_ptr_equal(find_token(HSM_TEST_PROXY, "lost"), token);
    assert_all_is_well();
}

/* A token in the same slot, with the same label, and not this one. */
static void notices_that_the_token_was_replaced(void **state)
{
    CK_SESSION_HANDLE session = application_session("lost");
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    assert_int_equal(application()->C_CloseAllSessions(application_slot(session)), CKR_OK);
    proxy()->other_token = true;
    assert_false(signs(ec, &ecdsa_digest, &errors));
    assert_raised(&recorder, SKA_R_TOKEN_NOT_FOUND, "token \"lost\"");
    assert_non_null(strstr(recorder.text, "is gone"));
    proxy()->other_token = false;
    assert_all_is_well();
}

/* Another key under the same label is not this key, though it would sign. */
static void notices_that_the_key_was_replaced(void **state)
{
    CK_OBJECT_CLASS class_ = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE template_[] = {{CKA_LABEL, (char[]){"replaced"}, 8},
                                {CKA_CLASS, &class_, sizeof(class_)}};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    CK_SESSION_HANDLE session = 0;
    CK_OBJECT_HANDLE objects[4];
    CK_ULONG count = 0;
    struct backend_key_template wanted = {
        .type = SKA_KEY_EC, .curve = "P-256", .label = "replaced", .id = ska_span("i", 1)};
    struct backend_key *key = NULL;

    (void)state;
    assert_true(hsm_key_generate(token, &wanted, &shown));
    key = find_key(token, "replaced");
    assert_true(signs(key, &ecdsa_digest, &shown));
    session = application_session("lost");
    assert_int_equal(application()->C_FindObjectsInit(session, template_, 1), CKR_OK);
    assert_int_equal(application()->C_FindObjects(session, objects, 4, &count), CKR_OK);
    assert_int_equal(application()->C_FindObjectsFinal(session), CKR_OK);
    assert_int_equal(count, 2);
    for (CK_ULONG i = 0; i < count; i++)
        assert_int_equal(application()->C_DestroyObject(session, objects[i]), CKR_OK);
    assert_int_equal(application()->C_CloseSession(session), CKR_OK);
    assert_false(signs(key, &ecdsa_digest, &errors));
    assert_raised(&recorder, SKA_R_KEY_NOT_FOUND, "no private key with label \"replaced\"");
    assert_true(hsm_key_generate(token, &wanted, &shown));
    errors = errors_into(&recorder);
    assert_false(signs(key, &ecdsa_digest, &errors));
    assert_raised(&recorder, SKA_R_KEY_NOT_FOUND, "now has a different key");
    backend_key_free(key);
}

/* ---- Answers --------------------------------------------------------------------------------- */

static void repeats_once_after_a_loss(void **state)
{
    static const CK_RV lost[] = {CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED,
                                 CKR_USER_NOT_LOGGED_IN,     CKR_KEY_HANDLE_INVALID,
                                 CKR_OBJECT_HANDLE_INVALID,  CKR_DEVICE_REMOVED,
                                 CKR_TOKEN_NOT_PRESENT,      CKR_CRYPTOKI_NOT_INITIALIZED};
    static const char *const calls[] = {"C_SignInit", "C_Sign"};

    (void)state;
    for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++)
        for (size_t j = 0; j < 2; j++) {
            struct recorder recorder;
            struct ska_errors errors = errors_into(&recorder);

            inject(calls[j], lost[i], 1);
            assert_true(signs(ec, &ecdsa_digest, &shown));
            inject(calls[j], lost[i], 2);
            assert_false(signs(ec, &ecdsa_digest, &errors));
            assert_raised(&recorder, SKA_R_HSM_FAILURE, calls[j]);
            assert_int_equal(proxy()->fault_times, 0);
        }
    assert_all_is_well();
}

static void does_not_repeat_other_failures(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    int before = proxy()->sign_init;

    (void)state;
    inject("C_SignInit", CKR_DEVICE_ERROR, 2);
    assert_false(signs(ec, &ecdsa_digest, &errors));
    assert_raised(&recorder, SKA_R_HSM_FAILURE, "C_SignInit: CKR_DEVICE_ERROR");
    assert_int_equal(proxy()->sign_init, before + 1);
    errors = errors_into(&recorder);
    inject("C_Sign", 0x80005015UL, 1);
    assert_false(signs(ec, &ecdsa_digest, &errors));
    assert_raised(&recorder, SKA_R_HSM_FAILURE, "C_Sign: 0x80005015");
    assert_all_is_well();
}

static void sign_meanwhile(void)
{
    assert_true(signs(rsa, &pkcs1_digest, &shown));
}

static void log_out_and_sign(void)
{
    log_out();
    sign_meanwhile();
}

/* "Failed" for want of the login, and another thread has logged in before that could be seen. */
static void repeats_after_another_has_logged_in(void **state)
{
    static const CK_RV answers[] = {CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED, CKR_HOST_MEMORY};

    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        inject("C_SignInit", answers[i], 1);
        proxy()->meanwhile = log_out_and_sign;
        assert_true(signs(ec, &ecdsa_digest, &shown));
        assert_null(proxy()->meanwhile);
    }
    assert_all_is_well();
}

/* Looked for without the login, which another thread has renewed before that could be seen. */
static void finds_after_another_has_logged_in(void **state)
{
    struct hsm_object_match match = {HSM_OBJECT_PRIVATE, {NULL, 0}, {NULL, 0}};
    size_t privates = 0;

    (void)state;
    log_out();
    proxy()->meanwhile = sign_meanwhile;
    backend_key_free(find_key(token, "ec"));
    assert_null(proxy()->meanwhile);
    log_out();
    proxy()->meanwhile = sign_meanwhile;
    assert_true(hsm_object_list(token, &match, is_private, &privates, &shown));
    assert_true(privates >= 2);
    assert_null(proxy()->meanwhile);
    assert_all_is_well();
}

static bool is_there(void *arg, const struct hsm_object *object)
{
    *(bool *)arg = object->type == HSM_OBJECT_PUBLIC;
    return true;
}

/* Makes a public key one that shows only after a login. */
static void hide_public_key(const char *label)
{
    CK_OBJECT_CLASS class_ = CKO_PUBLIC_KEY;
    CK_BBOOL private = CK_TRUE;
    CK_ATTRIBUTE template_[] = {{CKA_LABEL, (void *)(uintptr_t)label, strlen(label)},
                                {CKA_CLASS, &class_, sizeof(class_)}};
    CK_ATTRIBUTE hidden = {CKA_PRIVATE, &private, sizeof(private)};
    CK_SESSION_HANDLE session = application_session("lost");
    CK_OBJECT_HANDLE object = 0;
    CK_OBJECT_HANDLE copy = 0;
    CK_ULONG count = 0;

    assert_int_equal(application()->C_FindObjectsInit(session, template_, 2), CKR_OK);
    assert_int_equal(application()->C_FindObjects(session, &object, 1, &count), CKR_OK);
    assert_int_equal(application()->C_FindObjectsFinal(session), CKR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(application()->C_CopyObject(session, object, &hidden, 1, &copy), CKR_OK);
    assert_int_equal(application()->C_DestroyObject(session, object), CKR_OK);
    assert_int_equal(application()->C_CloseSession(session), CKR_OK);
}

/* A token from which nothing shows without a login. */
static void finds_public_objects_after_a_logout(void **state)
{
    struct hsm_key_match match = {.label = ska_span_text("hidden")};
    struct hsm_object_match listed = {HSM_OBJECT_PUBLIC, match.label, {NULL, 0}};
    enum ska_key_type type = SKA_KEY_RSA;
    EVP_PKEY *public = NULL;
    bool found = false;

    (void)state;
    generate(token, SKA_KEY_EC, "hidden");
    hide_public_key("hidden");
    for (int i = 0; i < 2; i++) {
        log_out();
        if (i == 1)
            proxy()->meanwhile = sign_meanwhile;
        assert_true(hsm_public_key_find(token, &match, libctx, &public, &type, &shown));
        EVP_PKEY_free(public);
        log_out();
        if (i == 1)
            proxy()->meanwhile = sign_meanwhile;
        found = false;
        assert_true(hsm_object_list(token, &listed, is_there, &found, &shown));
        assert_true(found);
    }
    assert_null(proxy()->meanwhile);
    assert_all_is_well();
}

static struct hsm_token *newcomer;

static void log_newcomer_in(void)
{
    struct hsm_pin_source pin = {.value = PIN};

    assert_true(hsm_token_login(newcomer, &pin, &shown));
}

/* Looked for without a login, and another thread has logged in before one is thought of. */
static void finds_after_another_was_first_to_log_in(void **state)
{
    const struct hsm_defaults defaults = {.module = HSM_TEST_PROXY};
    struct hsm_look_up wanted = {
        .defaults = &defaults, .source = {.value = PIN}, .private_key = true};
    struct hsm_uri *uri = NULL;
    struct backend_key *key = NULL;

    (void)state;
    make_token("newcomer");
    /* By another process: nobody has logged in to it here. */
    assert_int_equal(system("pkcs11-tool --module '" HSM_TEST_SOFTHSM "' --token-label newcomer "
                            "--login --pin " PIN " --keypairgen --key-type EC:prime256v1 "
                            "--label ec >/dev/null 2>&1"),
                     0);
    assert_int_equal(application()->C_Finalize(NULL), CKR_OK);
    newcomer = find_token(HSM_TEST_PROXY, "newcomer");
    assert_false(hsm_token_logged_in(newcomer));
    assert_true(hsm_uri_parse("ska:token=newcomer;object=ec", &uri, &shown));
    wanted.uri = uri;
    proxy()->meanwhile = log_newcomer_in;
    assert_true(hsm_look_up_key(&wanted, libctx, &key, &shown));
    assert_null(proxy()->meanwhile);
    assert_true(signs(key, &ecdsa_digest, &shown));
    backend_key_free(key);
    hsm_uri_free(uri);
}

static void searches_again_after_a_loss(void **state)
{
    static const char *const calls[] = {"C_FindObjectsInit", "C_GetAttributeValue"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        inject(calls[i], CKR_SESSION_HANDLE_INVALID, 1);
        backend_key_free(find_key(token, "ec"));
        inject(calls[i], CKR_CRYPTOKI_NOT_INITIALIZED, 1);
        backend_key_free(find_key(token, "ec"));
    }
}

/* A PIN that was right when it was kept may be wrong now: tried once, then never again. */
static void gives_up_a_kept_pin_that_is_wrong_now(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct hsm_token *changed = NULL;
    struct backend_key *key = NULL;
    int before = 0;

    (void)state;
    make_token("changed");
    /* SoftHSM finds new tokens when it starts. */
    assert_int_equal(application()->C_Finalize(NULL), CKR_OK);
    changed = login_token(HSM_TEST_PROXY, "changed");
    generate(changed, SKA_KEY_EC, "ec");
    key = find_key(changed, "ec");
    assert_true(signs(key, &ecdsa_digest, &shown));
    {
        CK_SESSION_HANDLE session = application_session("changed");

        assert_int_equal(application()->C_Logout(session), CKR_OK);
    }
    before = proxy()->login;
    inject("C_Login", CKR_PIN_INCORRECT, 1);
    assert_false(signs(key, &ecdsa_digest, &errors));
    assert_raised(&recorder, SKA_R_PIN_INCORRECT, "tried once");
    for (int i = 0; i < 3; i++) {
        errors = errors_into(&recorder);
        assert_false(signs(key, &ecdsa_digest, &errors));
        assert_raised(&recorder, SKA_R_KEY_NOT_FOUND, "only after a login");
    }
    assert_int_equal(proxy()->login, before + 1);
    backend_key_free(key);
    assert_all_is_well();
}

/* ---- Forks ----------------------------------------------------------------------------------- */

/* Runs in a child; its exit status says whether all was well. */
static void in_child(bool (*work)(void))
{
    pid_t child = fork();
    int status = -1;

    assert_true(child >= 0);
    if (child == 0)
        _exit(work() && ERR_peek_error() == 0 ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static bool child_signs(void)
{
    struct hsm_key_match match = {.label = ska_span_text("rsa")};
    struct backend_key *key = NULL;
    bool done = signs(rsa, &pkcs1_digest, &shown) && signs(ec, &ecdsa_digest, &shown) &&
                hsm_token_logged_in(token) && hsm_key_find(token, &match, libctx, &key, &shown) &&
                signs(key, &pkcs1_digest, &shown);

    backend_key_free(key);
    return done;
}

/* Nothing of the parent's sessions is closed: the module's state may be shared. */
static bool child_closes_nothing(void)
{
    int before = proxy()->close_session;

    return signs(ec, &ecdsa_digest, &shown) && proxy()->close_session == before;
}

/* With the PIN that the parent was given; only where the module did not keep the login. */
static bool child_logs_in(void)
{
    int before = proxy()->login;
    struct hsm_pin_source none = {0};

    return hsm_token_login(token, &none, &shown) &&
           proxy()->login == before + (reset_on_fork ? 1 : 0);
}

static bool grandchild_signs(void)
{
    pid_t child = 0;
    int status = -1;

    if (!child_signs())
        return false;
    child = fork();
    if (child == 0)
        _exit(child_signs() ? 0 : 1);
    return waitpid(child, &status, 0) == child && status == 0 && child_signs();
}

static bool child_finalizes(void)
{
    return child_signs() && application()->C_Finalize(NULL) == CKR_OK && child_signs();
}

static void survives_forks(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        in_child(child_signs);
        in_child(child_closes_nothing);
        in_child(child_logs_in);
        in_child(grandchild_signs);
        in_child(child_finalizes);
        assert_all_is_well();
    }
}

/* ---- Threads --------------------------------------------------------------------------------- */

#define THREADS 8

struct signer {
    int count;
    int failed;
};

static void *sign_many(void *arg)
{
    struct signer *signer = arg;

    for (int i = 0; i < signer->count; i++)
        if (!(i % 2 == 0 ? signs(rsa, &pkcs1_digest, &shown) : signs(ec, &ecdsa_digest, &shown)) ||
            ERR_peek_error() != 0)
            signer->failed++;
    return NULL;
}

static void run_signers(int count, void (*meanwhile)(void))
{
    struct signer signers[THREADS];
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++) {
        signers[i] = (struct signer){count, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, sign_many, &signers[i]), 0);
    }
    if (meanwhile != NULL)
        meanwhile();
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    /* Only now: a failure leaves this function, and none may run on without it. */
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(signers[i].failed, 0);
}

static void threads_sign(void **state)
{
    int before = proxy()->open_session;

    (void)state;
    run_signers(50, NULL);
    assert_true(proxy()->open_session - before <= THREADS);
}

/* Handles and login are lost once; every thread notices, one repairs, all go on. */
static void threads_survive_a_logout(void **state)
{
    int before = proxy()->login;

    (void)state;
    run_signers(30, log_out);
    assert_all_is_well();
    assert_int_equal(proxy()->login, before + 1);
}

static void fork_some(void)
{
    for (int i = 0; i < 10; i++) {
        pid_t child = fork();
        int status = -1;

        if (child == 0) {
            /* SoftHSM's own locks may be held by threads that are gone; ours are not. */
            alarm(20);
            hsm_lock();
            hsm_unlock();
            _exit(0);
        }
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

static void threads_do_not_mind_forks(void **state)
{
    (void)state;
    run_signers(100, fork_some);
}

/* ---- Few sessions ---------------------------------------------------------------------------- */

static void waits_for_a_session(void **state)
{
    (void)state;
    assert_int_equal(application()->C_Finalize(NULL), CKR_OK);
    assert_all_is_well();
    /* One session is idle; all others that are asked for are refused. */
    inject("C_OpenSession", CKR_SESSION_COUNT, 1000000);
    run_signers(10, NULL);
    inject(NULL, CKR_OK, 0);
}

static void fails_when_there_is_no_session(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    assert_int_equal(application()->C_Finalize(NULL), CKR_OK);
    inject("C_OpenSession", CKR_SESSION_COUNT, 1000000);
    assert_false(signs(ec, &ecdsa_digest, &errors));
    assert_raised(&recorder, SKA_R_HSM_FAILURE, "C_OpenSession: CKR_SESSION_COUNT");
    inject(NULL, CKR_OK, 0);
    assert_all_is_well();
}

/* With an argument: SoftHSM forgets everything in a child process. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_a_logout),
        cmocka_unit_test(lists_all_after_a_logout),
        cmocka_unit_test(generates_after_a_logout),
        cmocka_unit_test(survives_closed_sessions),
        cmocka_unit_test(survives_finalization),
        cmocka_unit_test(notices_that_the_token_was_replaced),
        cmocka_unit_test(notices_that_the_key_was_replaced),
        cmocka_unit_test(repeats_once_after_a_loss),
        cmocka_unit_test(does_not_repeat_other_failures),
        cmocka_unit_test(repeats_after_another_has_logged_in),
        cmocka_unit_test(finds_after_another_has_logged_in),
        cmocka_unit_test(finds_public_objects_after_a_logout),
        cmocka_unit_test(finds_after_another_was_first_to_log_in),
        cmocka_unit_test(searches_again_after_a_loss),
        cmocka_unit_test(gives_up_a_kept_pin_that_is_wrong_now),
        cmocka_unit_test(survives_forks),
        cmocka_unit_test(threads_sign),
        cmocka_unit_test(threads_survive_a_logout),
        cmocka_unit_test(threads_do_not_mind_forks),
        cmocka_unit_test(waits_for_a_session),
        cmocka_unit_test(fails_when_there_is_no_session),
    };

    (void)argv;
    reset_on_fork = argc > 1;
    return cmocka_run_group_tests(tests, begin, end);
}
