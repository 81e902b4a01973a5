/* SPDX-License-Identifier: Apache-2.0 */
/* Modules, tokens and the login. */
#include "hsm_support.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "in_threads.h"
#include "provider/hsm/pin.h"
#include "provider/hsm/state.h"

/* ---- The memory of a PIN --------------------------------------------------------------------- */

static const char *_Atomic watched; /* a text that nobody may give back to the system; NULL: none */
static atomic_bool watched_was_seen; /* that somebody did */

/* In place of libc's. */
int munmap(void *address, size_t length)
{
    const char *text = atomic_load(&watched);

    if (text != NULL && memmem(address, length, text, strlen(text)) != NULL)
        atomic_store(&watched_was_seen, true);
    return (int)syscall(SYS_munmap, address, length);
}

static int begin(void **state)
{
    support_begin(state);
    make_token("one");
    make_token("two");
    make_token("twin");
    make_token("twin");
    make_token("wrong");
    make_token("several");
    make_token("file 0");
    make_token("file 1");
    make_token("file 2");
    make_token("file 3");
    make_token("prompt");
    make_token("silent");
    make_token("locked");
    make_token("race");
    make_token("application");
    make_token("open");
    return 0;
}

/* ---- Modules --------------------------------------------------------------------------------- */

static void says_what_is_wrong_with_a_module(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct hsm_module *module = NULL;

    (void)state;
    assert_false(hsm_module_open("/nonexistent/module.so", NULL, &module, &errors));
    assert_raised(&recorder, SKA_R_MODULE_UNAVAILABLE, "/nonexistent/module.so");
    errors = errors_into(&recorder);
    assert_false(hsm_module_open("libm.so.6", NULL, &module, &errors));
    assert_raised(&recorder, SKA_R_MODULE_UNAVAILABLE, "not a PKCS#11 module");
}

static void tries_a_module_again(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct hsm_module *module = NULL;

    (void)state;
    inject("C_Initialize", CKR_DEVICE_ERROR, 1);
    assert_false(hsm_module_open(HSM_TEST_PROXY, NULL, &module, &errors));
    assert_raised(&recorder, SKA_R_MODULE_UNAVAILABLE, "C_Initialize");
    assert_true(hsm_module_open(HSM_TEST_PROXY, NULL, &module, &shown));
    assert_int_equal(ERR_peek_error(), 0);
    assert_ptr_equal(open_module(HSM_TEST_PROXY), module);
    assert_string_equal(hsm_module_manufacturer(module), "SoftHSM");
}

static void makes_no_ska_calls_elsewhere(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    assert_false(hsm_module_supports_ska(open_module(HSM_TEST_SOFTHSM), &errors));
    assert_raised(&recorder, SKA_R_MODULE_UNAVAILABLE, "no SKA calls");
#ifdef SKA_PLACEHOLDER_NUMBERS
    errors = errors_into(&recorder);
    assert_false(hsm_module_supports_ska(open_module(HSM_TEST_PROXY), &errors));
    assert_raised(&recorder, SKA_R_PLACEHOLDER_NUMBERS, "SKA_VENDOR_INCLUDE_DIR");
    assert_false(hsm_module_supports_ska(open_module(HSM_TEST_PROXY), NULL));
    assert_int_equal(proxy()->ska, 0);
#endif
}

/* ---- Tokens ---------------------------------------------------------------------------------- */

static void finds_the_token(void **state)
{
    struct hsm_token *one = find_token(HSM_TEST_PROXY, "one");
    struct hsm_token_match match = {.serial = one->serial};
    struct hsm_token *same = NULL;

    (void)state;
    assert_string_equal(hsm_token_label(one), "one");
    assert_ptr_equal(hsm_token_module(one), open_module(HSM_TEST_PROXY));
    assert_true(hsm_token_find(open_module(HSM_TEST_PROXY), &match, &same, &shown));
    assert_ptr_equal(same, one);
    match.manufacturer = "SoftHSM project";
    match.model = "SoftHSM v2";
    assert_true(hsm_token_find(open_module(HSM_TEST_PROXY), &match, &same, &shown));
    assert_ptr_equal(same, one);
    assert_int_equal(ERR_peek_error(), 0);
}

static void says_which_tokens_there_are(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct hsm_module *module = open_module(HSM_TEST_PROXY);
    struct hsm_token_match match = {.label = "nobody"};
    struct hsm_token *token = NULL;

    (void)state;
    assert_false(hsm_token_find(module, &match, &token, &errors));
    assert_raised(&recorder, SKA_R_TOKEN_NOT_FOUND, "token=\"nobody\"");
    assert_non_null(strstr(recorder.text, "\"one\""));
    errors = errors_into(&recorder);
    match = (struct hsm_token_match){.label = "one", .model = "other"};
    assert_false(hsm_token_find(module, &match, &token, &errors));
    assert_raised(&recorder, SKA_R_TOKEN_NOT_FOUND, "model=\"other\"");
    errors = errors_into(&recorder);
    match = (struct hsm_token_match){.label = "twin"};
    assert_false(hsm_token_find(module, &match, &token, &errors));
    assert_raised(&recorder, SKA_R_TOKEN_AMBIGUOUS, "2 tokens");
    assert_null(strstr(recorder.text, "\"one\""));
}

/* Serial numbers tell apart what has the same label: a login to one is none to the other. */
static void knows_twins_by_their_serial_numbers(void **state)
{
    struct hsm_token *twins[2] = {NULL, NULL};
    struct hsm_pin_source pin = {.value = PIN};
    CK_SLOT_ID slots[64];
    CK_ULONG count = 64;
    size_t found = 0;

    (void)state;
    assert_int_equal(application()->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;
        char serial[17] = "";
        struct hsm_token_match match = {.label = "twin", .serial = serial};

        assert_int_equal(application()->C_GetTokenInfo(slots[i], &info), CKR_OK);
        memcpy(serial, info.serialNumber, sizeof(info.serialNumber));
        if (memcmp(info.label, "twin ", 5) == 0 && found < 2)
            assert_true(
                hsm_token_find(open_module(HSM_TEST_PROXY), &match, &twins[found++], &shown));
    }
    assert_int_equal(found, 2);
    assert_ptr_not_equal(twins[0], twins[1]);
    assert_true(hsm_token_login(twins[0], &pin, &shown));
    assert_true(hsm_token_logged_in(twins[0]));
    assert_false(hsm_token_logged_in(twins[1]));
}

/* ---- Login ----------------------------------------------------------------------------------- */

static void logs_in_once(void **state)
{
    struct hsm_token *token = find_token(HSM_TEST_PROXY, "one");
    struct hsm_pin_source pin = {.value = PIN};
    struct hsm_pin_source none = {0};
    int before = proxy()->login;

    (void)state;
    assert_false(hsm_token_logged_in(token));
    assert_true(hsm_token_login(token, &pin, &shown));
    assert_true(hsm_token_logged_in(token));
    assert_true(hsm_token_login(token, &none, &shown));
    assert_int_equal(proxy()->login, before + 1);
    assert_false(hsm_token_logged_in(find_token(HSM_TEST_PROXY, "two")));
    assert_int_equal(ERR_peek_error(), 0);
}

static void wants_a_pin(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct hsm_pin_source none = {0};
    struct hsm_pin_source empty = {.value = ""};
    int before = proxy()->login;

    (void)state;
    assert_false(hsm_token_login(find_token(HSM_TEST_PROXY, "two"), &none, &errors));
    assert_raised(&recorder, SKA_R_PIN_MISSING, "\"two\"");
    errors = errors_into(&recorder);
    assert_false(hsm_token_login(find_token(HSM_TEST_PROXY, "two"), &empty, &errors));
    assert_raised(&recorder, SKA_R_PIN_MISSING, "\"two\"");
    assert_int_equal(proxy()->login, before);
}

static void tries_a_wrong_pin_once(void **state)
{
    struct hsm_token *token = find_token(HSM_TEST_PROXY, "wrong");
    struct hsm_pin_source wrong = {.value = "123456"};
    struct hsm_pin_source right = {.value = PIN};
    int before = proxy()->login;
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    assert_false(hsm_token_login(token, &wrong, &errors));
    assert_raised(&recorder, SKA_R_PIN_INCORRECT, "\"wrong\"");
    assert_null(strstr(recorder.text, "123456"));
    assert_non_null(strstr(recorder.text, "a few wrong PINs lock"));
    for (int i = 0; i < 3; i++) {
        errors = errors_into(&recorder);
        assert_false(hsm_token_login(token, &wrong, &errors));
        assert_raised(&recorder, SKA_R_PIN_INCORRECT, "not tried again");
    }
    assert_int_equal(proxy()->login, before + 1);
    assert_true(hsm_token_login(token, &right, &shown));
    assert_int_equal(proxy()->login, before + 2);
}

/* Each of several that were wrong, in whatever order they come back. */
static void tries_no_wrong_pin_twice(void **state)
{
    static const char *const values[] = {"654321", "111111", "222222"};
    struct hsm_token *token = find_token(HSM_TEST_PROXY, "several");
    int before = proxy()->login;
    struct recorder recorder;

    (void)state;
    for (size_t i = 0; i < 12; i++) {
        struct hsm_pin_source wrong = {.value = values[i % 3]};
        struct ska_errors errors = errors_into(&recorder);

        assert_false(hsm_token_login(token, &wrong, &errors));
        assert_raised(&recorder, SKA_R_PIN_INCORRECT, i < 3 ? "tried once" : "not tried again");
        assert_int_equal(proxy()->login, before + (i < 3 ? (int)i + 1 : 3));
    }
}

static void reads_pin_files(void **state)
{
    static const struct {
        const char *token;
        const char *scheme;
        const char *content;
    } files[] = {{"file 0", "", PIN},
                 {"file 1", "file:", PIN "\n"},
                 {"file 2", "file://", PIN "\r\nsecond line\n"},
                 {"file 3", "file://localhost", PIN "\n\n"}};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char source[160];
        char path[128];
        struct hsm_pin_source pin = {.file = source};

        write_file("pin", files[i].content, path);
        snprintf(source, sizeof(source), "%s%s", files[i].scheme, path);
        assert_true(hsm_token_login(find_token(HSM_TEST_PROXY, files[i].token), &pin, &shown));
    }
}

static void says_what_is_wrong_with_a_pin_file(void **state)
{
    struct hsm_token *token = find_token(HSM_TEST_PROXY, "two");
    int before = proxy()->login;
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    char path[128];
    char content[400];
    struct hsm_pin_source pin = {.file = path};

    (void)state;
    write_file("empty", "\n" PIN "\n", path);
    assert_false(hsm_token_login(token, &pin, &errors));
    assert_raised(&recorder, SKA_R_PIN_MISSING, path);
    pin.named_in = HSM_NAMED_IN_URI;
    errors = errors_into(&recorder);
    assert_false(hsm_token_login(token, &pin, &errors));
    assert_raised(&recorder, SKA_R_PIN_MISSING, "pin-source of the URI: ");
    errors = errors_into(&recorder);
    memset(content, '1', sizeof(content));
    content[sizeof(content) - 1] = 0;
    write_file("long", content, path);
    assert_false(hsm_token_login(token, &pin, &errors));
    assert_raised(&recorder, SKA_R_PIN_INCORRECT, "longer than 256");
    errors = errors_into(&recorder);
    pin.file = "file:/nonexistent/pin";
    assert_false(hsm_token_login(token, &pin, &errors));
    assert_raised(&recorder, SKA_R_PIN_UNREADABLE, "/nonexistent: No such file");
    /* Who can exchange the PIN can have the token locked. */
    write_file("shared", PIN "\n", path);
    pin.file = path;
    assert_int_equal(chmod(path, 0620), 0);
    errors = errors_into(&recorder);
    assert_false(hsm_token_login(token, &pin, &errors));
    assert_raised(&recorder, SKA_R_PIN_UNREADABLE, "can be written by users other than");
    assert_int_equal(proxy()->login, before);
}

static void tries_no_value_that_is_no_pin(void **state)
{
    char value[258] = "";
    const struct hsm_pin_source pin = {.value = value};
    struct hsm_token *token = find_token(HSM_TEST_PROXY, "two");
    int before = proxy()->login;
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    assert_false(hsm_token_login(token, &pin, &errors));
    assert_raised(&recorder, SKA_R_PIN_MISSING, "is empty");
    memset(value, '1', sizeof(value) - 1);
    errors = errors_into(&recorder);
    assert_false(hsm_token_login(token, &pin, &errors));
    assert_raised(&recorder, SKA_R_PIN_INCORRECT, "longer than 256");
    assert_int_equal(proxy()->login, before);
}

/* Whether the kernel leaves the memory at an address out of dumps, see proc(5); false: it does not
 * say anything of it. */
static bool find_dump_flag(const void *address, bool *left_out)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    char line[512];
    bool inside = false;
    bool known = false;

    while (file != NULL && !known && fgets(line, sizeof(line), file) != NULL) {
        uintptr_t begin = 0;
        uintptr_t end = 0;

        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &begin, &end) == 2)
            inside = (uintptr_t)address >= begin && (uintptr_t)address < end;
        known = inside && strncmp(line, "VmFlags:", 8) == 0;
    }
    if (file != NULL)
        fclose(file);
    *left_out = known && strstr(line, " dd") != NULL;
    return known;
}

static void keeps_pins_out_of_dumps(void **state)
{
    struct hsm_pin *pin = hsm_pin_new(ska_span_text("out of dumps"));
    bool left_out = false;
    bool known = false;

    (void)state;
    assert_non_null(pin);
    known = find_dump_flag(pin, &left_out);
    hsm_pin_wipe(pin);
    if (!known)
        skip();
    assert_true(left_out);
}

static void wipes_pins(void **state)
{
    struct hsm_pin *pin = hsm_pin_new(ska_span_text("not for anybody"));

    (void)state;
    assert_non_null(pin);
    watched = "not for anybody";
    watched_was_seen = false;
    hsm_pin_wipe(pin);
    watched = NULL;
    assert_false(watched_was_seen);
}

struct prompt {
    const char *answer;
    atomic_int *awaited; /* NULL: nobody; else the answer comes when it is 0 */
    atomic_int asked;
    char token[33];
};

static bool answer(void *arg, const char *token_label, char *pin, size_t size)
{
    struct prompt *prompt = arg;

    prompt->asked++;
    while (prompt->awaited != NULL && *prompt->awaited > 0)
        usleep(1000);
    if (prompt->awaited != NULL)
        usleep(50000); /* those who are there by now come to the question */
    snprintf(prompt->token, sizeof(prompt->token), "%s", token_label);
    /* No lock is held: whatever the prompt does, it may use the token itself. */
    hsm_token_logged_in(find_token(HSM_TEST_PROXY, token_label));
    if (prompt->answer == NULL)
        return false;
    snprintf(pin, size, "%s", prompt->answer);
    return true;
}

static void asks_a_person(void **state)
{
    struct prompt prompt = {.answer = PIN};
    struct hsm_pin_source pin = {.prompt = answer, .prompt_arg = &prompt};
    struct hsm_token *token = find_token(HSM_TEST_PROXY, "prompt");

    (void)state;
    assert_true(hsm_token_login(token, &pin, &shown));
    assert_true(hsm_token_login(token, &pin, &shown));
    assert_int_equal(prompt.asked, 1);
    assert_string_equal(prompt.token, "prompt");
}

static void asks_once_only(void **state)
{
    struct prompt prompt = {.answer = NULL};
    struct hsm_pin_source pin = {.prompt = answer, .prompt_arg = &prompt};
    struct hsm_token *token = find_token(HSM_TEST_PROXY, "silent");
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    assert_false(hsm_token_login(token, &pin, &errors));
    assert_raised(&recorder, SKA_R_PIN_MISSING, "\"silent\"");
    errors = errors_into(&recorder);
    assert_false(hsm_token_login(token, &pin, &errors));
    assert_raised(&recorder, SKA_R_PIN_MISSING,
                  "\"silent\": PIN entry failed earlier in this process; not asking again");
    assert_int_equal(prompt.asked, 1);
    pin.value = PIN;
    assert_true(hsm_token_login(token, &pin, &shown));
}

static void says_that_a_pin_is_locked(void **state)
{
    struct hsm_pin_source pin = {.value = PIN};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    inject("C_Login", CKR_PIN_LOCKED, 1);
    assert_false(hsm_token_login(find_token(HSM_TEST_PROXY, "locked"), &pin, &errors));
    assert_raised(&recorder, SKA_R_PIN_LOCKED, "\"locked\"");
}

/* An answer that says nothing of the PIN does not count against it. */
static void tries_again_after_another_failure(void **state)
{
    struct hsm_pin_source pin = {.value = "other" PIN};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    inject("C_Login", CKR_DEVICE_ERROR, 1);
    assert_false(hsm_token_login(find_token(HSM_TEST_PROXY, "locked"), &pin, &errors));
    assert_raised(&recorder, SKA_R_HSM_FAILURE, "CKR_DEVICE_ERROR");
    errors = errors_into(&recorder);
    assert_false(hsm_token_login(find_token(HSM_TEST_PROXY, "locked"), &pin, &errors));
    assert_raised(&recorder, SKA_R_PIN_INCORRECT, "tried once");
}

static void *login_with_wrong_pin(void *arg)
{
    struct hsm_pin_source wrong = {.value = "999999"};
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    if (hsm_token_login(arg, &wrong, &errors) || recorder.count != 1 ||
        recorder.reason != SKA_R_PIN_INCORRECT)
        return arg;
    return NULL;
}

static void threads_share_one_attempt(void **state)
{
    struct hsm_token *token = find_token(HSM_TEST_PROXY, "race");
    int before = proxy()->login;

    (void)state;
    assert_int_equal(in_threads(8, login_with_wrong_pin, token, NULL), 0);
    assert_int_equal(proxy()->login, before + 1);
}

struct asker {
    struct hsm_token *token;
    struct prompt *prompt;
};

static void *login_by_prompt(void *arg)
{
    struct asker *asker = arg;
    struct hsm_pin_source pin = {.prompt = answer, .prompt_arg = asker->prompt};

    (*asker->prompt->awaited)--;
    return hsm_token_login(asker->token, &pin, &shown) ? NULL : arg;
}

static void threads_share_one_question(void **state)
{
    atomic_int awaited = 8;
    struct prompt prompt = {.answer = PIN, .awaited = &awaited};
    struct asker asker = {find_token(HSM_TEST_PROXY, "race"), &prompt};

    (void)state;
    assert_int_equal(in_threads(8, login_by_prompt, &asker, NULL), 0);
    assert_int_equal(prompt.asked, 1);
}

static void sees_that_the_application_is_logged_in(void **state)
{
    struct hsm_token *token = find_token(HSM_TEST_PROXY, "application");
    struct hsm_pin_source none = {0};
    CK_SESSION_HANDLE session = application_session("application");
    CK_UTF8CHAR pin[] = PIN;
    int before = proxy()->login;

    (void)state;
    assert_false(hsm_token_logged_in(token));
    assert_int_equal(application()->C_Login(session, CKU_USER, pin, strlen(PIN)), CKR_OK);
    assert_true(hsm_token_logged_in(token));
    assert_true(hsm_token_login(token, &none, &shown));
    assert_int_equal(proxy()->login, before);
}

static void says_how_close_to_locked_a_token_is(void **state)
{
    static const struct {
        CK_FLAGS flags;
        const char *words;
    } closer[] = {{CKF_USER_PIN_FINAL_TRY, "one more wrong PIN will lock"},
                  {CKF_USER_PIN_LOCKED, "locked now"}};
    struct hsm_token *token = find_token(HSM_TEST_PROXY, "two");

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct hsm_pin_source wrong = {.value = i == 0 ? "555555" : "666666"};
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);

        proxy()->token_flags = closer[i].flags;
        assert_false(hsm_token_login(token, &wrong, &errors));
        assert_raised(&recorder, SKA_R_PIN_INCORRECT, closer[i].words);
    }
    proxy()->token_flags = 0;
}

static void needs_no_pin_where_none_is_wanted(void **state)
{
    struct hsm_pin_source none = {0};
    struct hsm_token *token = NULL;
    int before = proxy()->login;

    (void)state;
    proxy()->no_login = true;
    token = find_token(HSM_TEST_PROXY, "open");
    assert_false(hsm_token_logged_in(token));
    assert_true(hsm_token_login(token, &none, &shown));
    proxy()->no_login = false;
    assert_ptr_equal(find_token(HSM_TEST_PROXY, "open"), token);
    assert_false(hsm_token_logged_in(token));
    assert_int_equal(proxy()->login, before);
}

/* One slot that does not answer is no reason to miss the token in another. */
static void passes_over_a_slot_that_fails(void **state)
{
    static const char *const labels[] = {"one", "two", "race"};
    struct hsm_token *token = NULL;
    int found = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct hsm_token_match match = {.label = labels[i]};

        inject("C_GetTokenInfo", CKR_DEVICE_ERROR, 1);
        found += hsm_token_find(open_module(HSM_TEST_PROXY), &match, &token, NULL);
        inject("C_GetTokenInfo", CKR_DEVICE_ERROR, 1000);
        assert_false(hsm_token_find(open_module(HSM_TEST_PROXY), &match, &token, NULL));
        inject(NULL, CKR_OK, 0);
    }
    /* The failing slot is the same each time, and has one token. */
    assert_true(found >= 2);
}

/* The application's errors stay in the queue, and nothing is added to them. */
static void leaves_the_error_queue_alone(void **state)
{
    struct hsm_pin_source pin = {.value = PIN};

    (void)state;
    ERR_raise_data(ERR_LIB_USER, 77, "the application's");
    assert_true(hsm_token_login(find_token(HSM_TEST_PROXY, "two"), &pin, &shown));
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 77);
    assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_wrong_with_a_module),
        cmocka_unit_test(tries_a_module_again),
        cmocka_unit_test(makes_no_ska_calls_elsewhere),
        cmocka_unit_test(finds_the_token),
        cmocka_unit_test(says_which_tokens_there_are),
        cmocka_unit_test(knows_twins_by_their_serial_numbers),
        cmocka_unit_test(logs_in_once),
        cmocka_unit_test(wants_a_pin),
        cmocka_unit_test(tries_a_wrong_pin_once),
        cmocka_unit_test(tries_no_wrong_pin_twice),
        cmocka_unit_test(reads_pin_files),
        cmocka_unit_test(says_what_is_wrong_with_a_pin_file),
        cmocka_unit_test(tries_no_value_that_is_no_pin),
        cmocka_unit_test(keeps_pins_out_of_dumps),
        cmocka_unit_test(wipes_pins),
        cmocka_unit_test(asks_a_person),
        cmocka_unit_test(asks_once_only),
        cmocka_unit_test(says_that_a_pin_is_locked),
        cmocka_unit_test(tries_again_after_another_failure),
        cmocka_unit_test(threads_share_one_attempt),
        cmocka_unit_test(threads_share_one_question),
        cmocka_unit_test(sees_that_the_application_is_logged_in),
        cmocka_unit_test(says_how_close_to_locked_a_token_is),
        cmocka_unit_test(needs_no_pin_where_none_is_wanted),
        cmocka_unit_test(passes_over_a_slot_that_fails),
        cmocka_unit_test(leaves_the_error_queue_alone),
    };

    return cmocka_run_group_tests(tests, begin, support_end);
}
