/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that runs out while something is shown: the page is complete, or there is none and an
 * error. Each command runs in a process of its own, over and over, and each time another allocation
 * fails, once: of ours and cJSON's many, of libcrypto's some (SKA_EVERY_ALLOCATION=ours: each of
 * ours; all: each, which takes minutes).
 *
 * The linker hands our calls of malloc() and its kin to the functions below (--wrap).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sign_support.h"

#include <openssl/pem.h>

#include "provider/rule/rule_codec.h"
#include "tools/tool.h"

/* ---- Allocations ----------------------------------------------------------------------------- */

enum allocator { OURS, LIBCRYPTO, ALLOCATORS };

/* Shared with the process that a command runs in. */
struct plan {
    enum allocator allocator;
    unsigned long number; /* of the one that fails, from 1; 0: none */
    unsigned long made[ALLOCATORS];
};
static struct plan *plan;
static bool watching;

static bool fails(enum allocator allocator)
{
    if (!watching)
        return false;
    plan->made[allocator]++;
    if (plan->allocator != allocator || plan->made[allocator] != plan->number)
        return false;
    errno = ENOMEM;
    return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
char *__real_realpath(const char *path, char *resolved);
int __real_vasprintf(char **text, const char *format, va_list args);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);
char *__wrap_realpath(const char *path, char *resolved);
int __wrap_vasprintf(char **text, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
int __wrap___vasprintf_chk(char **text, int flag, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
int __wrap_asprintf(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap___asprintf_chk(char **text, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void *__wrap_malloc(size_t size)
{
    return fails(OURS) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails(OURS) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails(OURS) ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
    return fails(OURS) ? NULL : __real_reallocarray(old, count, size);
}

char *__wrap_strdup(const char *text)
{
    return fails(OURS) ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
    return fails(OURS) ? NULL : __real_strndup(text, length);
}

char *__wrap_realpath(const char *path, char *resolved)
{
    return fails(OURS) ? NULL : __real_realpath(path, resolved);
}

int __wrap_vasprintf(char **text, const char *format, va_list args)
{
    return fails(OURS) ? -1 : __real_vasprintf(text, format, args);
}

int __wrap___vasprintf_chk(char **text, int flag, const char *format, va_list args)
{
    (void)flag;
    return __wrap_vasprintf(text, format, args);
}

int __wrap_asprintf(char **text, const char *format, ...)
{
    va_list args;
    int length = 0;

    va_start(args, format);
    length = __wrap_vasprintf(text, format, args);
    va_end(args);
    return length;
}

int __wrap___asprintf_chk(char **text, int flag, const char *format, ...)
{
    va_list args;
    int length = 0;

    (void)flag;
    va_start(args, format);
    length = __wrap_vasprintf(text, format, args);
    va_end(args);
    return length;
}

static void *json_malloc(size_t size)
{
    return fails(OURS) ? NULL : __real_malloc(size);
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return fails(LIBCRYPTO) ? NULL : __real_malloc(size);
}

static void *crypto_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return fails(LIBCRYPTO) ? NULL : __real_realloc(old, size);
}

static void crypto_free(void *old, const char *file, int line)
{
    (void)file;
    (void)line;
    free(old);
}

/* ---- A folder with requests ------------------------------------------------------------------ */

static char folder[] = "/tmp/ska-memory-XXXXXX";
static EVP_PKEY *alice;
static EVP_PKEY *bob;
static EVP_PKEY *mallory;

static void write_text(const char *name, struct ska_span text)
{
    struct ska_file_place place;

    assert_true(ska_file_place_open(&place, name, NULL));
    assert_true(ska_file_place_replace(&place, text, 0600, NULL));
    ska_file_place_close(&place);
}

static void add_approver(struct ska_group *group, const char *name, EVP_PKEY *key)
{
    struct ska_approver *approver = &group->approvers[group->approver_count++];

    assert_true(ska_bytes_copy(&approver->name, ska_span_text(name), NULL));
    approver->data = spki_of(key);
    approver->public_key = spki_of(key);
}

static struct ska_rule two_of_three(EVP_PKEY *second)
{
    struct ska_rule rule = {calloc(1, sizeof(*rule.alternatives)), 1};
    struct ska_group *group = calloc(1, sizeof(*group));

    rule.alternatives[0].groups = group;
    rule.alternatives[0].group_count = 1;
    assert_true(ska_bytes_copy(&group->name,
                               ska_span_text("the b\xd0\xbe"
                                             "ard"),
                               NULL));
    group->quorum = 2;
    group->approvers = calloc(3, sizeof(*group->approvers));
    add_approver(group, "alice", alice);
    add_approver(group, "bob, the second", second);
    add_approver(group, "c\xd0\xb0rol", mallory);
    return rule;
}

/* Bob gets another key, and two become one. */
static void make_change(struct ska_request *request)
{
    struct ska_rule rule = two_of_three(mallory);
    struct ska_bytes encoded = {NULL, 0};
    struct ska_modify modify = {0};

    rule.alternatives[0].groups[0].quorum = 1;
    assert_true(ska_rule_encode(&rule, &encoded, NULL));
    modify.rules[SKA_RULE_USE] = ska_span_of(&encoded);
    assert_true(ska_modify_encode(&modify, &request->payload, NULL));
    for (int i = 0; i < SKA_RULE_COUNT; i++) {
        request->has_rule[i] = true;
        request->rules[i] = two_of_three(bob);
    }
    ska_bytes_free(&encoded);
    ska_rule_clear(&rule);
}

static void make_signature(struct ska_request *request)
{
    static const char message[] = "A text, signed as it is:\n  \xd0\xb0nd look closely.\n";

    assert_true(ska_bytes_copy(&request->payload, ska_span_text(message), NULL));
    request->mechanism.scheme = SKA_SCHEME_EDDSA;
    request->mechanism.form = SKA_PAYLOAD_MESSAGE;
    request->has_rule[SKA_RULE_USE] = true;
    request->rules[SKA_RULE_USE] = two_of_three(bob);
}

static void make_request(const char *name, enum ska_operation operation)
{
    struct ska_request *request = calloc(1, sizeof(*request));
    EVP_PKEY *key = new_key("ED25519");
    struct ska_approval_token token = {
        .operation = operation, .key_name = ska_span_text("the seal"), .has_payload = true};
    struct ska_bytes text = {NULL, 0};

    request->operation = operation;
    request->key_label = strdup("the seal");
    request->token_label = strdup("tok");
    request->description = strdup("what it is for,\nin two lines");
    request->requester_host = strdup("a host");
    request->requester_program = strdup("a program");
    request->has_requester = true;
    request->public_key = spki_of(key);
    if (operation == SKA_OPERATION_MODIFY)
        make_change(request);
    else
        make_signature(request);
    token.payload = ska_span_of(&request->payload);
    assert_true(ska_approval_token_encode(&token, &request->approval_token, NULL));
    assert_true(ska_request_identify(request, NULL, NULL));
    assert_true(ska_request_print(request, &text, NULL));
    write_text(name, ska_span_of(&text));
    ska_bytes_free(&text);
    EVP_PKEY_free(key);
    ska_request_free(request);
}

#define ZEROS "00000000000000000000000000000000"
/* Bob's key was a third one. */
static const char history[] =
    "{\"time\":\"2026-01-01T00:00:00Z\",\"answer\":\"approved\",\"operation\":\"SIGN\","
    "\"requestId\":\"" ZEROS ZEROS "\",\"key\":\"the seal\",\"keySha256\":\"" ZEROS ZEROS "\","
    "\"approverSha256\":\"" ZEROS ZEROS "\",\"payloadSha256\":\"" ZEROS ZEROS
    "\",\"approvers\":[{\"name\":\"bob, the second\","
    "\"sha256\":\"" ZEROS ZEROS "\"}]}\n";

static int make_folder(void **state)
{
    FILE *file = NULL;

    (void)state;
    plan = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (plan == MAP_FAILED || mkdtemp(folder) == NULL || chdir(folder) != 0)
        return -1;
    setenv("OPENSSL_CONF", "/dev/null", 1);
    setenv("XDG_STATE_HOME", folder, 1);
    alice = new_key("EC", "P-256");
    bob = new_key("EC", "P-256");
    mallory = new_key("ED25519");
    file = fopen("alice.pem", "w");
    if (file == NULL || PEM_write_PrivateKey(file, alice, NULL, NULL, 0, NULL, NULL) != 1 ||
        fclose(file) != 0 || mkdir("ska", 0700) != 0)
        return -1;
    make_request("sign.json", SKA_OPERATION_SIGN);
    make_request("modify.json", SKA_OPERATION_MODIFY);
    return 0;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"alice.pem",    "sign.json",        "modify.json",
                                        "out.json",     "good.txt",         "shown.txt",
                                        "messages.txt", "ska/history.jsonl"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(names[i]);
    rmdir("ska");
    EVP_PKEY_free(alice);
    EVP_PKEY_free(bob);
    EVP_PKEY_free(mallory);
    return rmdir(folder);
}

/* ---- Runs ------------------------------------------------------------------------------------ */

typedef bool run_command(struct tool *tool, int argc, char **argv);

struct command {
    run_command *run;
    /* Not of inspect: a key that libcrypto has no memory for is unknown, as one it cannot read. */
    bool libcrypto_too;
    const char *arguments[8];
};

static void redirect(int fd, const char *path)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (file < 0 || dup2(file, fd) < 0)
        _exit(99);
    close(file);
}

/* In a process of its own, since libcrypto keeps what it could not make. */
static void run_child(const struct command *command, const char *shown)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS};
    char *arguments[8] = {NULL};
    struct tool tool;
    int count = 0;
    bool done = false;

    while (command->arguments[count] != NULL) {
        arguments[count] = strdup(command->arguments[count]);
        count++;
    }
    for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
        signal(crashes[i], SIG_DFL); /* cmocka would go on with the next test */
    redirect(STDOUT_FILENO, shown);
    redirect(STDERR_FILENO, "messages.txt");
    if (!tool_init(&tool))
        _exit(98);
    watching = true;
    done = command->run(&tool, count, arguments);
    watching = false;
    fflush(NULL);
    _exit(done && tool.report.status == 0 ? 0 : done ? 97 : 1);
}

/* True: it says that it succeeded. */
static bool run(const struct command *command, const char *shown, enum allocator allocator,
                unsigned long number)
{
    int status = 0;
    pid_t child = 0;

    unlink("out.json");
    write_text("ska/history.jsonl", ska_span_text(history));
    memset(plan, 0, sizeof(*plan));
    plan->allocator = allocator;
    plan->number = number;
    fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        run_child(command, shown);
    assert_int_equal(waitpid(child, &status, 0), child);
    /* libcrypto's decoders are known to crash; then there is no page either. */
    if (WIFSIGNALED(status) && allocator == LIBCRYPTO)
        return false;
    if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
        fail_msg("allocation %lu of %d: status %x", number, allocator, (unsigned int)status);
    return WEXITSTATUS(status) == 0;
}

static struct ska_bytes read_text(const char *name)
{
    struct ska_bytes text = {NULL, 0};

    assert_true(ska_file_read(name, 1024 * 1024, &text, NULL));
    return text;
}

/* Where they begin to differ. */
static void tell_difference(struct ska_span good, struct ska_span shown)
{
    size_t at = 0;

    while (at < good.length && at < shown.length && good.data[at] == shown.data[at])
        at++;
    while (at > 0 && good.data[at - 1] != '\n')
        at--;
    print_message("should be: %.120s\nis:        %.120s\n",
                  at < good.length ? (const char *)good.data + at : "",
                  at < shown.length ? (const char *)shown.data + at : "");
}

/* What was shown is all of it; where it failed, all of it or nothing was written. */
static bool is_whole(bool done, struct ska_span good, enum allocator allocator,
                     unsigned long number)
{
    struct ska_bytes shown = read_text("shown.txt");
    bool whole =
        ska_span_equal(ska_span_of(&shown), good) || (!done && access("out.json", F_OK) != 0);

    if (!whole) {
        print_message("allocation %lu of %s: went on with another page\n", number,
                      allocator == OURS ? "ours" : "libcrypto");
        tell_difference(good, ska_span_of(&shown));
    }
    ska_bytes_free(&shown);
    return whole;
}

/* A process takes much longer to start where a sanitizer watches. */
#ifdef __SANITIZE_ADDRESS__
#define SAMPLES 60
#else
#define SAMPLES 300
#endif

static void try_all(const struct command *command)
{
    static const unsigned long samples[ALLOCATORS] = {SAMPLES, SAMPLES / 5};
    const char *every = getenv("SKA_EVERY_ALLOCATION");
    unsigned long made[ALLOCATORS];
    struct ska_bytes good = {NULL, 0};
    size_t broken = 0;

    assert_true(run(command, "good.txt", OURS, 0));
    memcpy(made, plan->made, sizeof(made));
    assert_true(made[OURS] > 50);
    good = read_text("good.txt");
    for (int allocator = 0; allocator < (command->libcrypto_too ? ALLOCATORS : LIBCRYPTO);
         allocator++) {
        bool each = every != NULL && (allocator == OURS || strcmp(every, "all") == 0);
        unsigned long step = each ? 1 : made[allocator] / samples[allocator] + 1;
        size_t failed = 0;

        for (unsigned long number = 1; number <= made[allocator]; number += step) {
            bool done = run(command, "shown.txt", (enum allocator)allocator, number);

            broken += !is_whole(done, ska_span_of(&good), (enum allocator)allocator, number);
            failed += !done;
        }
        print_message("%lu allocations, every %lu. tried: %zu failures\n", made[allocator], step,
                      failed);
        assert_true(failed > 0 || allocator == LIBCRYPTO);
    }
    assert_int_equal(broken, 0);
    ska_bytes_free(&good);
}

static void approving_a_text(void **state)
{
    const struct command command = {
        approve_command,
        true,
        {"approve", "--approver", "alice.pem", "--yes", "-o", "out.json", "sign.json"}};

    (void)state;
    try_all(&command);
}

static void approving_a_change(void **state)
{
    const struct command command = {
        approve_command,
        true,
        {"approve", "--approver", "alice.pem", "--yes", "-o", "out.json", "modify.json"}};

    (void)state;
    try_all(&command);
}

static void refusing_a_change(void **state)
{
    const struct command command = {
        reject_command,
        true,
        {"reject", "--approver", "alice.pem", "--yes", "-o", "out.json", "modify.json"}};

    (void)state;
    try_all(&command);
}

static void inspecting_a_text(void **state)
{
    const struct command command = {inspect_command, false, {"inspect", "sign.json"}};

    (void)state;
    try_all(&command);
}

static void inspecting_a_change(void **state)
{
    const struct command command = {inspect_command, false, {"inspect", "modify.json"}};

    (void)state;
    try_all(&command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(approving_a_text),    cmocka_unit_test(approving_a_change),
        cmocka_unit_test(refusing_a_change),   cmocka_unit_test(inspecting_a_text),
        cmocka_unit_test(inspecting_a_change),
    };
    cJSON_Hooks hooks = {json_malloc, free};

    if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1)
        return 1;
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    cJSON_InitHooks(&hooks);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
