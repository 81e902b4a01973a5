/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ska-bench itself, with small numbers: that every row works, that its JSON is complete and that
 * nothing is left behind. How fast things are is no question for a machine that does other work
 * too; only gross defects are.
 */
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cJSON.h>
#include <cmocka.h>

/* Where ska-bench makes its directories, with nothing else in it. */
static char place[] = "/tmp/ska-bench-test-XXXXXX";
static char beside[sizeof(place) + 16]; /* for what this test writes */
static const char *tmpdir = place;

/* ---- Running ska-bench ----------------------------------------------------------------------- */

/* With its standard output and standard error in `output` and `errors` beside the place. */
static pid_t start(const char *const *arguments)
{
    char output[sizeof(beside) + 16];
    char errors[sizeof(beside) + 16];
    const char *argv[16] = {"ska-bench"};
    size_t count = 1;
    pid_t child = 0;

    while (*arguments != NULL)
        argv[count++] = *arguments++;
    snprintf(output, sizeof(output), "%s/output", beside);
    snprintf(errors, sizeof(errors), "%s/errors", beside);
    child = fork();
    if (child == 0) {
        setenv("TMPDIR", tmpdir, 1);
        if (freopen(output, "w", stdout) != NULL && freopen(errors, "w", stderr) != NULL)
            execv(SKA_BENCH, (char **)(uintptr_t)argv);
        _exit(127);
    }
    assert_true(child > 0);
    return child;
}

static int finish(pid_t child)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

#define run(...) finish(start((const char *const[]){__VA_ARGS__, NULL}))
#define assert_exit(status, expected) check_exit(status, expected, __LINE__)

/* Empty when it is not there. */
static char *read_file(const char *name)
{
    char path[sizeof(beside) + 16];
    FILE *file = NULL;
    char *text = calloc(1, 1 << 20);

    snprintf(path, sizeof(path), "%s/%s", beside, name);
    assert_non_null(text);
    file = fopen(path, "r");
    if (file != NULL) {
        assert_true(fread(text, 1, (1 << 20) - 1, file) > 0 || feof(file));
        fclose(file);
    }
    return text;
}

/* What was said is shown when it is another status. */
static void check_exit(int status, int expected, int line)
{
    char *errors = read_file("errors");

    if (!WIFEXITED(status) || WEXITSTATUS(status) != expected)
        fail_msg("line %d: wait status 0x%x instead of exit status %d: %s", line, (unsigned)status,
                 expected, errors);
    free(errors);
}

static void assert_says(const char *name, const char *text)
{
    char *said = read_file(name);

    if (strstr(said, text) == NULL)
        fail_msg("%s without '%s': %s", name, text, said);
    free(said);
}

static size_t entries(void)
{
    DIR *directory = opendir(place);
    size_t count = 0;

    assert_non_null(directory);
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory))
        if (entry->d_name[0] != '.')
            count++;
    closedir(directory);
    return count;
}

static const char *json_path(void)
{
    static char path[sizeof(beside) + 16];

    snprintf(path, sizeof(path), "%s/json", beside);
    unlink(path);
    return path;
}

static cJSON *read_json(void)
{
    char *text = read_file("json");
    cJSON *json = cJSON_Parse(text);

    assert_non_null(json);
    free(text);
    return json;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static double number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    assert_true(cJSON_IsNumber(item));
    assert_true(isfinite(item->valuedouble));
    return item->valuedouble;
}

static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    assert_true(cJSON_IsString(item));
    assert_true(strlen(item->valuestring) > 0);
    return item->valuestring;
}

/* ---- What is measured ------------------------------------------------------------------------ */

/* Sanitizers keep freed memory for a while. */
static void check_gross(const char *row, double median, const char *build)
{
    if (strstr(build, "sanitizers") != NULL)
        return;
    if (strncmp(row, "growth-", 7) == 0)
        assert_true(median <= 4096);
    if (strncmp(row, "p256-", 5) == 0)
        assert_true(median > 0.1);
}

/* Short runs judge nothing. */
static void check_result(const cJSON *result, const char *build)
{
    const char *row = text_of(result, "row");
    double median = number(result, "median");

    text_of(result, "a");
    text_of(result, "measure");
    text_of(result, "unit");
    assert_true(number(result, "lowest") <= median && median <= number(result, "highest"));
    assert_true(number(result, "pairs") >= 1);
    if (strcmp(text_of(result, "unit"), "ratio") == 0)
        assert_true(median > 0);
    assert_false(cJSON_HasObjectItem(result, "reached"));
    check_gross(row, median, build);
}

/* Rows with several results add to their names. */
static bool is_reported(const cJSON *results, const char *row)
{
    const cJSON *result = NULL;

    cJSON_ArrayForEach(result, results)
    {
        if (strncmp(text_of(result, "row"), row, strlen(row)) == 0)
            return true;
    }
    return false;
}

static bool is_named(const cJSON *list, const char *name)
{
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, list)
    {
        if (strcmp(item->valuestring, name) == 0)
            return true;
    }
    return false;
}

static void all_rows(void **state)
{
    const cJSON *results = NULL;
    const cJSON *result = NULL;
    char *names = NULL;
    char *rest = NULL;
    cJSON *json = NULL;
    size_t count = 0;

    (void)state;
    assert_exit(run("--short", "--pairs", "1", "--json", json_path()), 0);
    assert_int_equal(entries(), 0);
    names = read_file("output");
    assert_non_null(strstr(names, "not how fast things are: nothing is judged"));
    assert_non_null(strstr(names, ">= 0.97\n"));
    assert_null(strstr(names, "MISSED"));
    free(names);
    json = read_json();
    results = cJSON_GetObjectItemCaseSensitive(json, "rows");
    cJSON_ArrayForEach(result, results) check_result(result, text_of(json, "build"));
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "failed")), 0);
    assert_exit(run("--list"), 0);
    names = read_file("output");
    for (const char *name = strtok_r(names, "\n", &rest); name != NULL;
         name = strtok_r(NULL, "\n", &rest), count++)
        assert_true(is_reported(results, name) ||
                    is_named(cJSON_GetObjectItemCaseSensitive(json, "skipped"), name));
    assert_true(count >= 17);
    free(names);
    cJSON_Delete(json);
}

/* Not short, but of few turns. */
static void a_verdict(void **state)
{
    const cJSON *result = NULL;
    char *table = NULL;
    cJSON *json = NULL;

    (void)state;
    assert_exit(run("--rows", "pem-p256", "--pairs", "2", "--json", json_path()), 0);
    table = read_file("output");
    json = read_json();
    result = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(json, "rows"), 0);
    assert_true(cJSON_IsBool(cJSON_GetObjectItemCaseSensitive(result, "reached")));
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(result, "reached")))
        assert_non_null(strstr(table, ">= 0.6  ok\n"));
    else
        assert_non_null(strstr(table, ">= 0.6  MISSED\n"));
    assert_null(strstr(table, "--short"));
    free(table);
    cJSON_Delete(json);
}

/* Nobody waits for a measurement whose results cannot be written. */
static void json_to_places(void **state)
{
    char absent[sizeof(beside) + 16];
    cJSON *json = NULL;
    char *text = NULL;

    (void)state;
    snprintf(absent, sizeof(absent), "%s/absent/json", beside);
    assert_exit(run("--short", "--rows", "pem-p256", "--json", absent), 2);
    assert_says("errors", "ska-bench: --json ");
    assert_says("errors", "absent/json: No such file or directory\n");
    text = read_file("output");
    assert_string_equal(text, "");
    free(text);
    assert_exit(run("--short", "--rows", "pem-p256", "--json", "/dev/full"), 1);
    assert_says("errors", "ska-bench: --json /dev/full: No space left on device\n");
    assert_says("output", "pem-p256");
    assert_exit(run("--short", "--rows", "pem-p256", "--json", "-"), 0);
    assert_says("errors", "row  ");
    text = read_file("output");
    json = cJSON_Parse(text);
    assert_non_null(json);
    assert_true(is_reported(cJSON_GetObjectItemCaseSensitive(json, "rows"), "pem-p256"));
    cJSON_Delete(json);
    free(text);
}

/* ---- Peers ----------------------------------------------------------------------------------- */

#define TWIN_URI "ska:token=bench;object={key}?pin-value=4711"

/* The argument of --peer for this URI, and a configuration of that text. */
static const char *peer_with(const char *uri, const char *configuration)
{
    static char peer[sizeof(beside) + 256];
    char path[sizeof(beside) + 16];
    FILE *file = NULL;

    snprintf(path, sizeof(path), "%s/peer.cnf", beside);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(configuration, file) >= 0);
    assert_int_equal(fclose(file), 0);
    snprintf(peer, sizeof(peer), "twin=%s,%s", path, uri);
    return peer;
}

/* A configuration with this provider under our name. */
static const char *with_provider(const char *provider)
{
    static char text[2048];

    snprintf(text, sizeof(text),
             "openssl_conf = init\n[init]\nproviders = providers\n"
             "[providers]\ndefault = default_provider\nska = ska_provider\n"
             "[default_provider]\nactivate = 1\n"
             "[ska_provider]\nmodule = %s\nactivate = 1\npkcs11-module = %s\n",
             provider, SKA_BENCH_SIMULATOR);
    return text;
}

/* Our own provider as a peer of itself. */
static void a_peer(void **state)
{
    const char *peer = peer_with(TWIN_URI, with_provider(SKA_BENCH_PROVIDER));
    const cJSON *results = NULL;
    cJSON *json = NULL;

    (void)state;
    assert_exit(run("--short", "--rows", "p256-fresh,ed*", "--peer", peer, "--json", json_path()),
                0);
    json = read_json();
    results = cJSON_GetObjectItemCaseSensitive(json, "rows");
    assert_int_equal(cJSON_GetArraySize(results), 4);
    assert_true(is_reported(results, "p256-fresh (twin)"));
    assert_true(is_reported(results, "ed25519 (twin)"));
    cJSON_Delete(json);
}

/* Refused before anything is measured, with what is wrong with which file or URI. */
static void assert_peer_refused(const char *peer, const char *text)
{
    char *table = NULL;
    char *errors = NULL;

    assert_exit(run("--short", "--rows", "p256-fresh", "--peer", peer), 2);
    assert_says("errors", "ska-bench: --peer twin: ");
    assert_says("errors", text);
    errors = read_file("errors");
    table = read_file("output");
    assert_string_equal(table, "");
    assert_null(strstr(errors, ".c:")); /* no place in the source, as of a failed assertion */
    assert_null(strstr(errors, "4711"));
    assert_int_equal(entries(), 0);
    free(table);
    free(errors);
}

/* The URI of an X25519 key, which cannot sign. */
static const char *exchange_key(void)
{
    static char uri[sizeof(beside) + 16];
    char command[sizeof(uri) + 64];

    snprintf(uri, sizeof(uri), "file:%s/peer.pem", beside);
    snprintf(command, sizeof(command), "openssl genpkey -algorithm X25519 -out %s/peer.pem",
             beside);
    assert_int_equal(system(command), 0);
    return uri;
}

static void faulty_peers(void **state)
{
    const char *good = with_provider(SKA_BENCH_PROVIDER);

    (void)state;
    assert_peer_refused("twin=/nowhere/peer.cnf," TWIN_URI,
                        "/nowhere/peer.cnf: No such file or directory\n");
    assert_peer_refused("twin=/dev/null," TWIN_URI, "/dev/null: not a regular file\n");
    assert_peer_refused(peer_with(TWIN_URI, "[init\n"), "peer.cnf cannot be loaded: missing close");
    assert_peer_refused(peer_with("unknown:object={key}?pin-value=4711", good),
                        "no private key (P-256) at unknown:object=key: unsupported: ");
    assert_peer_refused(peer_with("ska:token=bench;object=other?pin-value=4711", good),
                        "no private key (P-256) at ska:token=bench;object=other: key not found");
    assert_peer_refused(peer_with("file:/nowhere?pin-value=4711", good),
                        "no private key (P-256) at file:/nowhere: No such file or directory");
    assert_peer_refused(peer_with(TWIN_URI, with_provider("/nowhere/other.so")),
                        "peer.cnf: the provider 'ska' does not load: /nowhere/other.so: cannot");
    assert_peer_refused(peer_with(exchange_key(), good),
                        "no signature with the private key (P-256) at file:/");
}

/* ---- Places ---------------------------------------------------------------------------------- */

static void odd_places(void **state)
{
    char file[sizeof(beside) + 16];

    (void)state;
    snprintf(file, sizeof(file), "%s/output", beside);
    tmpdir = "/nowhere/at all";
    assert_exit(run("--short", "--rows", "pem-p256"), 2);
    assert_says("errors", "ska-bench: TMPDIR /nowhere/at all: no directory can be made there: No "
                          "such file or directory\n");
    tmpdir = file;
    assert_exit(run("--short", "--rows", "pem-p256"), 2);
    assert_says("errors", "no directory can be made there: Not a directory\n");
    tmpdir = "/tmp/a-path-of-which-the-sockets-of-agents-would-get-one-that-is-too-long-for-an-"
             "address/of-them";
    assert_exit(run("--short", "--rows", "pem-p256"), 2);
    assert_says("errors", ": too long for sockets below it: 96 bytes, at most 84\n");
    tmpdir = place;
}

/* ---- What is left ---------------------------------------------------------------------------- */

static void wait_a_moment(void)
{
    const struct timespec moment = {0, 50000000};

    nanosleep(&moment, NULL);
}

/* A row that takes long, in the midst of it. */
static pid_t start_long(void)
{
    pid_t child =
        start((const char *const[]){"--rows", "growth-ordinary", "--json", json_path(), NULL});

    for (int i = 0; i < 200 && entries() == 0; i++)
        wait_a_moment();
    assert_int_equal(entries(), 1);
    for (int i = 0; i < 10; i++)
        wait_a_moment();
    return child;
}

/* The process in which the row runs. */
static pid_t child_of(pid_t parent)
{
    char path[64];
    FILE *file = NULL;
    int child = 0;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &child), 1);
    fclose(file);
    return child;
}

static void interrupted(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM};

    (void)state;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        pid_t bench = start_long();
        pid_t row = child_of(bench);
        char json[sizeof(beside) + 16];
        int status = 0;

        snprintf(json, sizeof(json), "%s/json", beside);

        assert_int_equal(kill(bench, signals[i]), 0);
        status = finish(bench);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signals[i]);
        assert_int_equal(entries(), 0);
        assert_int_equal(kill(row, 0), -1);
        assert_false(is_there(json));
    }
}

static void a_row_that_dies(void **state)
{
    pid_t bench = start_long();
    const cJSON *failed = NULL;
    cJSON *json = NULL;

    (void)state;
    assert_int_equal(kill(child_of(bench), SIGKILL), 0);
    assert_exit(finish(bench), 1);
    assert_int_equal(entries(), 0);
    json = read_json();
    failed = cJSON_GetObjectItemCaseSensitive(json, "failed");
    assert_int_equal(cJSON_GetArraySize(failed), 1);
    assert_string_equal(cJSON_GetArrayItem(failed, 0)->valuestring, "growth-ordinary");
    cJSON_Delete(json);
}

static void wrong_use(void **state)
{
    char *help = NULL;

    (void)state;
    assert_exit(run("--rows", "no-such-row"), 2);
    assert_says("errors", "ska-bench: --rows: no row is called 'no-such-row'\n");
    assert_says("errors", "ska-bench: the rows are rsa2048, ed25519,");
    assert_says("errors", " simulator");
    assert_exit(run("--rows", "ed25519,no-such-row"), 2);
    assert_exit(run("--rows", "lookup-label-1000"), 2);
    assert_says("errors", "called 'lookup-label-1000'; lines of such names come from the row "
                          "'lookup'\n");
    assert_exit(run("--rows", "ska-2-of-3-kept (other)"), 2);
    assert_says("errors", "from the row 'ska-2-of-3-kept'\n");
    assert_exit(run("--rows", ""), 2);
    assert_says("errors", "ska-bench: --rows '': names of rows expected\n");
    assert_exit(run("--rows", ","), 2);
    assert_says("errors", "ska-bench: --rows ',': names of rows expected\n");
    assert_exit(run("--pairs", "0"), 2);
    assert_exit(run("--threads", "many"), 2);
    assert_exit(run("--keys", "-1"), 2);
    assert_exit(run("--peer", "name=configuration"), 2);
    assert_exit(run("--unknown"), 2);
    assert_exit(run("argument"), 2);
    assert_int_equal(entries(), 0);
    assert_exit(run("--help"), 0);
    help = read_file("output");
    assert_non_null(strstr(help, "--peer NAME=OPENSSL_CONF,URI"));
    assert_non_null(strstr(help, "p256-reused"));
    assert_non_null(strstr(help, "about fifteen minutes"));
    assert_non_null(strstr(help, "Exit status: 0 if"));
    assert_non_null(strstr(help, "2 of 3 approvals, several threads"));
    free(help);
}

static int begin(void **state)
{
    (void)state;
    snprintf(beside, sizeof(beside), "%s", place);
    if (mkdtemp(beside) == NULL || mkdtemp(place) == NULL)
        return -1;
    return 0;
}

static int end(void **state)
{
    static const char *const files[] = {"output", "errors", "json", "peer.cnf", "peer.pem"};

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[sizeof(beside) + 16];

        snprintf(path, sizeof(path), "%s/%s", beside, files[i]);
        unlink(path);
    }
    return rmdir(beside) == 0 && rmdir(place) == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_rows),       cmocka_unit_test(a_verdict),
        cmocka_unit_test(json_to_places), cmocka_unit_test(a_peer),
        cmocka_unit_test(faulty_peers),   cmocka_unit_test(odd_places),
        cmocka_unit_test(interrupted),    cmocka_unit_test(a_row_that_dies),
        cmocka_unit_test(wrong_use),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
