/* SPDX-License-Identifier: Apache-2.0 */
/* The log of calls. With the argument "off": that nothing is in the way without one. */
#include "hsm_support.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "provider/hsm/state.h"

static char log_path[128];
static struct backend_key *key;

static int begin(void **state)
{
    support_begin(state);
    make_token("logged");
    snprintf(log_path, sizeof(log_path), "%s/log", support_directory);
    return 0;
}

static int begin_logged(void **state)
{
    char value[160];

    begin(state);
    snprintf(value, sizeof(value), "%s:2", log_path);
    assert_int_equal(setenv("SKA_DEBUG", value, 1), 0);
    return 0;
}

/* How often the log has this. */
static int count_in_log(const char *text)
{
    char *line = NULL;
    size_t size = 0;
    int count = 0;
    FILE *file = fopen(log_path, "r");

    assert_non_null(file);
    while (getline(&line, &size, file) > 0)
        count += strstr(line, text) != NULL;
    free(line);
    assert_int_equal(fclose(file), 0);
    return count;
}

static void logs_what_the_module_is_asked(void **state)
{
    struct hsm_token *token = login_token(HSM_TEST_PROXY, "logged");
    struct stat status;
    int signed_before = 0;

    (void)state;
    generate(token, SKA_KEY_EC, "p256");
    key = find_key(token, "p256");
    signed_before = count_in_log("C_Sign(");
    for (int i = 0; i < 5; i++)
        assert_true(signs(key, &ecdsa_digest, &shown));
    assert_int_equal(count_in_log("C_Sign(") - signed_before, 5);
    assert_int_equal(count_in_log("C_Sign("), proxy()->sign);
    assert_int_equal(count_in_log("C_SignInit("), proxy()->sign_init);
    assert_int_equal(count_in_log("C_Login("), proxy()->login);
    assert_int_equal(count_in_log("C_OpenSession("), proxy()->open_session);
    assert_int_equal(count_in_log("C_GetAttributeValue("), proxy()->get_attributes);
    assert_int_equal(count_in_log("C_FindObjectsInit("), proxy()->find);
    assert_int_equal(count_in_log("C_GenerateKeyPair("), 1);
    assert_int_equal(proxy()->unshielded, 0);
    /* Neither the PIN nor a value of an attribute. */
    assert_int_equal(count_in_log(PIN), 0);
    assert_int_equal(count_in_log("p256"), 0);
    assert_int_equal(stat(log_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void logs_what_the_module_answers(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    inject("C_Sign", CKR_DEVICE_MEMORY, 1);
    assert_false(signs(key, &ecdsa_digest, &errors));
    assert_raised(&recorder, SKA_R_HSM_FAILURE, "CKR_DEVICE_MEMORY");
    assert_int_equal(count_in_log("CKR_DEVICE_MEMORY, 0."), 1);
}

/* Each module's lines are told apart, and its calls reach it. */
static void tells_modules_apart(void **state)
{
    struct hsm_token *token = find_token(HSM_TEST_SOFTHSM, "logged");

    (void)state;
    assert_string_equal(hsm_token_label(token), "logged");
    assert_int_equal(count_in_log("module 1: " HSM_TEST_PROXY), 1);
    assert_int_equal(count_in_log("module 2: " HSM_TEST_SOFTHSM), 1);
    assert_true(count_in_log("module 2: C_GetTokenInfo(") > 0);
    assert_true(signs(key, &ecdsa_digest, &shown));
}

/* Exchanges the descriptor of the log for another file, as a program may that closes all. */
static void exchange_log(const char *path)
{
    struct stat wanted;
    int other = open(path, O_WRONLY | O_CREAT, 0600);

    assert_true(other >= 0);
    assert_int_equal(stat(log_path, &wanted), 0);
    for (int fd = 3; fd < 1024; fd++) {
        struct stat status;

        if (fstat(fd, &status) == 0 && status.st_ino == wanted.st_ino &&
            status.st_dev == wanted.st_dev)
            assert_int_equal(dup2(other, fd), fd);
    }
    close(other);
}

static void writes_nowhere_else(void **state)
{
    char other[128];
    struct stat status;

    (void)state;
    snprintf(other, sizeof(other), "%s/other", support_directory);
    exchange_log(other);
    assert_true(signs(key, &ecdsa_digest, &shown));
    assert_int_equal(stat(other, &status), 0);
    assert_int_equal(status.st_size, 0);
    backend_key_free(key);
}

static void costs_nothing_when_off(void **state)
{
    void *symbol = module_symbol(HSM_TEST_PROXY, "C_GetFunctionList");
    CK_C_GetFunctionList get = NULL;
    CK_FUNCTION_LIST *calls = NULL;

    (void)state;
    memcpy(&get, &symbol, sizeof(get));
    assert_int_equal(get(&calls), CKR_OK);
    assert_ptr_equal(open_module(HSM_TEST_PROXY)->calls, calls);
    assert_int_equal(access(log_path, F_OK), -1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest on[] = {
        cmocka_unit_test(logs_what_the_module_is_asked),
        cmocka_unit_test(logs_what_the_module_answers),
        cmocka_unit_test(tells_modules_apart),
        cmocka_unit_test(writes_nowhere_else),
    };
    const struct CMUnitTest off[] = {cmocka_unit_test(costs_nothing_when_off)};

    (void)argv;
    return argc > 1 ? cmocka_run_group_tests(off, begin, support_end)
                    : cmocka_run_group_tests(on, begin_logged, support_end);
}
