/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking an approver agent: what it answers, and agents that never answer, answer half, answer
 * something else or end meanwhile.
 */
#include "sign_support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <openssl/async.h>

#include "provider/sign/agent_client.h"
#include "provider/base/json.h"
#include "provider/base/clock.h"

#define HASTE_MS 2000 /* "at once", on a slow machine */

static char directory[] = "/tmp/ska-agent-test-XXXXXX";

/* A request as long as is wanted, and an approval for it as an agent writes it. */
static struct {
    EVP_PKEY *alice;
    struct ska_bytes public_key;
    struct ska_bytes token;
    struct ska_request request;
    char *approval;
} fixture;

static char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *text_of(const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    assert_true(vasprintf(&text, format, args) >= 0);
    va_end(args);
    return text;
}

static int set_up(void **state)
{
    static uint8_t payload[32] = {7};
    struct ska_bytes signature = {NULL, 0};
    char *key = NULL;
    char *value = NULL;

    (void)state;
    assert_non_null(mkdtemp(directory));
    fixture.alice = new_key("EC", "P-256");
    fixture.public_key = spki_of(fixture.alice);
    fixture.token = token_for(SKA_OPERATION_SIGN, "seal", ska_span(payload, sizeof(payload)));
    memset(fixture.request.id, 'a', SKA_REQUEST_ID_LENGTH);
    fixture.request.operation = SKA_OPERATION_SIGN;
    fixture.request.key_label = strdup("seal");
    fixture.request.mechanism.scheme = SKA_SCHEME_ECDSA;
    assert_true(
        ska_bytes_copy(&fixture.request.public_key, ska_span_of(&fixture.public_key), NULL));
    assert_true(ska_bytes_copy(&fixture.request.payload, ska_span(payload, 32), NULL));
    assert_true(ska_bytes_copy(&fixture.request.approval_token, ska_span_of(&fixture.token), NULL));
    signature = signature_of(fixture.alice, "SHA256", ska_span_of(&fixture.token));
    key = base64_of(ska_span_of(&fixture.public_key));
    value = base64_of(ska_span_of(&signature));
    fixture.approval = text_of("{\"approverPublicKey\":\"%s\",\"approvalDigestAlgorithm\":"
                               "\"SHA-256\",\"signature\":\"%s\"}",
                               key, value);
    free(key);
    free(value);
    ska_bytes_free(&signature);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    EVP_PKEY_free(fixture.alice);
    ska_bytes_free(&fixture.public_key);
    ska_bytes_free(&fixture.token);
    free(fixture.request.key_label);
    free(fixture.request.description);
    ska_bytes_free(&fixture.request.public_key);
    ska_bytes_free(&fixture.request.payload);
    ska_bytes_free(&fixture.request.approval_token);
    free(fixture.approval);
    return rmdir(directory);
}

/* ---- Fake agents ----------------------------------------------------------------------------- */

struct fake {
    void (*behave)(struct fake *fake, int connection);
    const char *says; /* what it answers */
    char path[64];
    int listener;
    pthread_t thread;
    bool accepts;
    struct ska_bytes heard; /* the line that came */
};

static void say(int connection, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(connection, text, length, MSG_NOSIGNAL);

        if (sent <= 0)
            return;
        text += sent;
        length -= (size_t)sent;
    }
}

static void listen_for_line(struct fake *fake, int connection)
{
    struct ska_buffer line = {0};
    char part[65536];
    ssize_t got = 0;

    while ((got = recv(connection, part, sizeof(part), 0)) > 0) {
        ska_buffer_add(&line, part, (size_t)got);
        if (part[got - 1] == '\n')
            break;
    }
    assert_true(ska_buffer_finish(&line, &fake->heard, NULL));
}

static void answer(struct fake *fake, int connection)
{
    listen_for_line(fake, connection);
    say(connection, fake->says, strlen(fake->says));
}

/* Does not even read the question. */
static void answer_early(struct fake *fake, int connection)
{
    say(connection, fake->says, strlen(fake->says));
}

static void wait_for_hangup(int connection)
{
    struct pollfd polled = {connection, 0, 0};

    (void)poll(&polled, 1, 60000);
}

static void never_answer(struct fake *fake, int connection)
{
    listen_for_line(fake, connection);
    wait_for_hangup(connection);
}

static void never_read(struct fake *fake, int connection)
{
    (void)fake;
    wait_for_hangup(connection);
}

static void drip(struct fake *fake, int connection)
{
    listen_for_line(fake, connection);
    while (send(connection, " ", 1, MSG_NOSIGNAL) == 1)
        usleep(20000);
}

static void talk_without_end(struct fake *fake, int connection)
{
    static char spaces[2 * 1024 * 1024];

    memset(spaces, ' ', sizeof(spaces));
    listen_for_line(fake, connection);
    say(connection, spaces, sizeof(spaces));
}

static void answer_in_bits(struct fake *fake, int connection)
{
    listen_for_line(fake, connection);
    for (const char *next = fake->says; *next != 0; next++) {
        say(connection, next, 1);
        usleep(200);
    }
}

static void answer_late(struct fake *fake, int connection)
{
    listen_for_line(fake, connection);
    usleep(300000);
    say(connection, fake->says, strlen(fake->says));
}

static void *run_fake(void *arg)
{
    struct fake *fake = arg;
    int connection = accept(fake->listener, NULL, NULL);

    if (connection >= 0) {
        fake->behave(fake, connection);
        close(connection);
    }
    return NULL;
}

static void new_path(char path[64])
{
    static int number;

    snprintf(path, 64, "%s/%d", directory, number++);
}

static int new_listener(const char *path, int backlog)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static void fake_start(struct fake *fake, void (*behave)(struct fake *fake, int connection),
                       const char *says)
{
    memset(fake, 0, sizeof(*fake));
    new_path(fake->path);
    fake->behave = behave;
    fake->says = says;
    fake->listener = new_listener(fake->path, 5);
    assert_int_equal(pthread_create(&fake->thread, NULL, run_fake, fake), 0);
}

static void fake_end(struct fake *fake)
{
    /* An agent that nobody called is still in accept(). */
    shutdown(fake->listener, SHUT_RDWR);
    assert_int_equal(pthread_join(fake->thread, NULL), 0);
    close(fake->listener);
    unlink(fake->path);
    ska_bytes_free(&fake->heard);
}

/* ---- Asking ---------------------------------------------------------------------------------- */

struct exchange {
    bool done;
    struct recorder recorder;
    struct ska_approval *approvals;
    size_t count;
    int64_t took;
};

static void abandon(void *object)
{
    ska_agent_free(object);
}

static void ask_path(const char *path, struct exchange *exchange)
{
    struct ska_errors errors = errors_into(&exchange->recorder);
    struct ska_agent *agent = NULL;
    struct ska_waiter waiter = {abandon, NULL, NULL};
    int64_t before = ska_clock_ms();

    exchange->approvals = NULL;
    exchange->count = 0;
    exchange->done = ska_agent_new(path, &agent, &errors);
    if (exchange->done) {
        waiter.object = agent;
        exchange->done = ska_agent_ask(agent, &fixture.request, &waiter, &exchange->approvals,
                                       &exchange->count, &errors);
    }
    ska_agent_free(agent);
    exchange->took = ska_clock_ms() - before;
    assert_int_equal(exchange->done, exchange->recorder.count == 0);
}

static void assert_fails(const char *path, enum ska_reason reason, const char *message)
{
    struct exchange exchange;

    ask_path(path, &exchange);
    assert_false(exchange.done);
    assert_raised_with(&exchange.recorder, reason, message);
    assert_text_contains(exchange.recorder.text, path);
    assert_true(exchange.took < HASTE_MS);
    assert_int_equal(exchange.count, 0);
    ska_approvals_free(exchange.approvals, exchange.count);
}

/* An agent that behaves so makes the exchange fail at once. */
static void assert_failure_of(void (*behave)(struct fake *fake, int connection), const char *says,
                              enum ska_reason reason, const char *message)
{
    struct fake fake;

    fake_start(&fake, behave, says);
    assert_fails(fake.path, reason, message);
    fake_end(&fake);
}

static void assert_no_answer(const char *says, const char *message)
{
    assert_failure_of(answer, says, SKA_R_AGENT_FAILURE, message);
}

/* ---- Answers --------------------------------------------------------------------------------- */

static void approvals_are_appended(void **state)
{
    struct fake fake;
    struct exchange exchange;
    char *says = text_of("{\"approvals\":[%s,%s]}\n", fixture.approval, fixture.approval);
    struct ska_request *heard = NULL;

    (void)state;
    fake_start(&fake, answer, says);
    ask_path(fake.path, &exchange);
    if (!exchange.done)
        fail_msg("%s", exchange.recorder.text);
    assert_int_equal(exchange.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_span_equal(ska_span_of(&exchange.approvals[i].public_key),
                          ska_span_of(&fixture.public_key));
        assert_true(ska_approval_verify(NULL, &exchange.approvals[i], ska_span_of(&fixture.token)));
        /* That is for others to say. */
        assert_int_equal(exchange.approvals[i].state, SKA_ANSWER_UNSEEN);
    }
    /* What it was asked is the request, on one line. */
    assert_ptr_equal(memchr(fake.heard.data, '\n', fake.heard.length),
                     fake.heard.data + fake.heard.length - 1);
    assert_true(ska_request_parse(ska_span_of(&fake.heard), "heard", &heard, NULL));
    assert_span_equal(ska_span_of(&heard->approval_token), ska_span_of(&fixture.token));
    ska_request_free(heard);
    ska_approvals_free(exchange.approvals, exchange.count);
    fake_end(&fake);
    free(says);
}

static void answers_may_come_in_bits(void **state)
{
    struct fake fake;
    struct exchange exchange;
    char *says = text_of("{ \"approvals\": [ %s ], \"more\": 1 }\r\n", fixture.approval);

    (void)state;
    fake_start(&fake, answer_in_bits, says);
    ask_path(fake.path, &exchange);
    assert_true(exchange.done);
    assert_int_equal(exchange.count, 1);
    ska_approvals_free(exchange.approvals, exchange.count);
    fake_end(&fake);
    free(says);
}

static void one_exchange_after_the_other(void **state)
{
    struct fake fakes[3];
    struct ska_agent *agent = NULL;
    struct ska_waiter waiter = {abandon, NULL, NULL};
    struct ska_approval *approvals = NULL;
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    char *says = text_of("{\"approvals\":[%s]}\n", fixture.approval);
    size_t count = 0;

    (void)state;
    /* The same path three times, one agent after the other; the second one fails. */
    for (int i = 0; i < 3; i++) {
        fake_start(&fakes[i], answer, i == 1 ? "{\"approvals\"" : says);
        if (i == 0) {
            assert_true(ska_agent_new(fakes[0].path, &agent, NULL));
            waiter.object = agent;
        } else {
            assert_int_equal(rename(fakes[i].path, fakes[0].path), 0);
            memcpy(fakes[i].path, fakes[0].path, sizeof(fakes[i].path));
        }
        assert_int_equal(
            ska_agent_ask(agent, &fixture.request, &waiter, &approvals, &count, &errors), i != 1);
        fake_end(&fakes[i]);
    }
    assert_raised_with(&recorder, SKA_R_AGENT_FAILURE, "middle");
    assert_int_equal(count, 2);
    ska_approvals_free(approvals, count);
    ska_agent_free(agent);
    free(says);
}

static int64_t no_more_at;

static bool wants_no_more(void)
{
    return ska_clock_ms() >= no_more_at;
}

/* Without a signal that interrupts poll(): it may have come just before. */
static void who_wants_no_more_is_heard(void **state)
{
    const struct ska_waiter waiter = {abandon, NULL, wants_no_more};
    const int64_t before = ska_clock_ms();

    (void)state;
    no_more_at = before + 200;
    assert_int_equal(ska_pause(&waiter, -1, 0, before + 20000), SKA_PAUSE_INTERRUPTED);
    assert_true(ska_clock_ms() - before < 10000);
}

static void what_an_agent_says_is_told(void **state)
{
    (void)state;
    assert_failure_of(answer, "{\"error\":\"not this key\"}\n", SKA_R_AGENT_REFUSED,
                      "not this key");
    assert_failure_of(answer, "{\"error\":\"\\u001b[2Jred\\u202e\"}\n", SKA_R_AGENT_REFUSED,
                      "\\x1B[2Jred\\xE2\\x80\\xAE");
}

/* With a question that does not fit into the socket: telling it fails, and the reason is there. */
static void early_answers_are_heard(void **state)
{
    (void)state;
    fixture.request.description = calloc(1, 900001);
    memset(fixture.request.description, 'a', 900000);
    assert_failure_of(answer_early, "{\"error\":\"not you\"}\n", SKA_R_AGENT_REFUSED, "not you");
    assert_failure_of(answer_early, "", SKA_R_AGENT_FAILURE,
                      "closed the connection without an answer");
    assert_failure_of(answer, "{\"error\":\"not this\"}\n", SKA_R_AGENT_REFUSED, "not this");
    free(fixture.request.description);
    fixture.request.description = NULL;
}

static void too_long_questions_are_not_asked(void **state)
{
    struct fake fake;
    struct exchange exchange;

    (void)state;
    fixture.request.description = calloc(1, SKA_JSON_LIMIT + 1);
    memset(fixture.request.description, 'a', SKA_JSON_LIMIT);
    fake_start(&fake, answer, "");
    ask_path(fake.path, &exchange);
    assert_raised(&exchange.recorder, SKA_R_BAD_INPUT_LENGTH);
    fake_end(&fake);
    free(fixture.request.description);
    fixture.request.description = NULL;
}

static void other_answers_are_none(void **state)
{
    char *half = text_of("{\"approvals\":[%s", fixture.approval);
    char *both = text_of("{\"approvals\":[%s],\"error\":\"x\"}\n", fixture.approval);
    char *more = text_of("{\"approvals\":[%s]}\n{}\n", fixture.approval);
    char *deep = calloc(1, 5010);

    (void)state;
    memset(deep, '[', 5000);
    strcat(deep, "\n");
    assert_no_answer("", "closed the connection without an answer");
    assert_no_answer("{", "closed the connection in the middle");
    assert_no_answer(half, "closed the connection in the middle");
    assert_no_answer("\n", "not an answer");
    assert_no_answer("garbage\n", "not an answer");
    assert_no_answer("HTTP/1.1 400 Bad Request\r\n\r\n", "not an answer");
    assert_no_answer("\x16\x03\x01\x02\n", "not an answer");
    assert_no_answer("[]\n", "object");
    assert_no_answer("null\n", "object");
    assert_no_answer("{}\n", "either");
    assert_no_answer(both, "either");
    assert_no_answer(more, "not an answer");
    assert_no_answer(deep, "deep");
    assert_no_answer("{\"error\":1}\n", "error: text expected");
    assert_no_answer("{\"error\":null}\n", "either");
    assert_no_answer("{\"error\":\"a\",\"error\":\"b\"}\n", "error");
    assert_no_answer("{\"approvals\":{}}\n", "array expected");
    assert_no_answer("{\"approvals\":[]}\n", "none");
    assert_no_answer("{\"approvals\":[1]}\n", "approvals[0]");
    assert_no_answer("{\"approvals\":[{}]}\n", "approvals[0]");
    assert_no_answer("{\"approvals\":\"\x1b\"}\n", "not an answer");
    assert_failure_of(talk_without_end, NULL, SKA_R_AGENT_FAILURE, "longer than");
    free(half);
    free(both);
    free(more);
    free(deep);
}

/* ---- Agents that are not there --------------------------------------------------------------- */

static void absent_agents_are_told_at_once(void **state)
{
    char path[64];
    char file[80];
    int fd = -1;

    (void)state;
    new_path(path);
    assert_fails(path, SKA_R_AGENT_FAILURE, "no such socket");
    close(new_listener(path, 5)); /* as a killed agent leaves it */
    assert_fails(path, SKA_R_AGENT_FAILURE, "nothing is listening");
    unlink(path);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_fails(path, SKA_R_AGENT_FAILURE, "nothing is listening");
    snprintf(file, sizeof(file), "%s/below", path);
    assert_fails(file, SKA_R_AGENT_FAILURE, "Not a directory");
    unlink(path);
}

static void refused_permission_is_told(void **state)
{
    struct fake fake;
    struct exchange exchange;

    (void)state;
    if (geteuid() != 0)
        skip();
    fake_start(&fake, answer, "");
    assert_int_equal(chmod(fake.path, 0600), 0);
    assert_int_equal(chmod(directory, 0711), 0);
    assert_int_equal(seteuid(65534), 0);
    ask_path(fake.path, &exchange);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(directory, 0700), 0);
    assert_raised_with(&exchange.recorder, SKA_R_AGENT_FAILURE, "uid 65534 may not connect");
    assert_text_contains(exchange.recorder.text, fake.path);
    fake_end(&fake);
}

static void paths_have_the_length_of_a_socket(void **state)
{
    static const size_t lengths[] = {0, 108, 109, 5000};
    char path[5001];
    struct recorder recorder;
    struct ska_errors errors;
    struct ska_agent *agent = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        memset(path, 'a', lengths[i]);
        path[lengths[i]] = 0;
        errors = errors_into(&recorder);
        assert_false(ska_agent_new(path, &agent, &errors));
        assert_raised_with(&recorder, SKA_R_AGENT_FAILURE, "107 bytes");
    }
    path[107] = 0;
    assert_true(ska_agent_new(path, &agent, NULL));
    ska_agent_free(agent);
}

/* ---- Time ------------------------------------------------------------------------------------ */

struct patient {
    pthread_t thread;
    char path[64];
    struct exchange exchange;
};

static void *ask_in_thread(void *arg)
{
    struct patient *patient = arg;

    ask_path(patient->path, &patient->exchange);
    return NULL;
}

static void start_asking(struct patient *patient, const char *path)
{
    snprintf(patient->path, sizeof(patient->path), "%s", path);
    assert_int_equal(pthread_create(&patient->thread, NULL, ask_in_thread, patient), 0);
}

static void assert_time_is_over(struct patient *patient)
{
    assert_raised_with(&patient->exchange.recorder, SKA_R_AGENT_FAILURE,
                       "no answer within 5 seconds");
    assert_text_contains(patient->exchange.recorder.text, patient->path);
    assert_in_range(patient->exchange.took, SKA_AGENT_TIME, SKA_AGENT_TIME + HASTE_MS);
}

/* All at once, so that the test takes the time of one. */
static void time_is_limited(void **state)
{
    void (*const behaviours[])(struct fake *, int) = {never_answer, never_read, drip};
    struct fake fakes[3];
    struct patient patients[4];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int busy = -1, listener = -1;

    (void)state;
    fixture.request.description = calloc(1, 900001);
    memset(fixture.request.description, 'a', 900000);
    for (size_t i = 0; i < 3; i++) {
        fake_start(&fakes[i], behaviours[i], NULL);
        start_asking(&patients[i], fakes[i].path);
    }
    /* One that takes no connection, and another is waiting already. */
    new_path(address.sun_path);
    listener = new_listener(address.sun_path, 0);
    busy = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(busy, (struct sockaddr *)&address, sizeof(address)), 0);
    start_asking(&patients[3], address.sun_path);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(patients[i].thread, NULL), 0);
    for (size_t i = 0; i < 3; i++)
        fake_end(&fakes[i]);
    close(busy);
    close(listener);
    unlink(address.sun_path);
    free(fixture.request.description);
    fixture.request.description = NULL;
    for (size_t i = 0; i < 4; i++)
        assert_time_is_over(&patients[i]);
}

/* The one before is taken meanwhile. */
static void busy_agents_are_asked_again(void **state)
{
    struct patient patient;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct pollfd polled = {-1, POLLIN, 0};
    char part[16];
    int busy = -1, listener = -1, connection = -1;

    (void)state;
    new_path(address.sun_path);
    listener = new_listener(address.sun_path, 0);
    busy = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(busy, (struct sockaddr *)&address, sizeof(address)), 0);
    start_asking(&patient, address.sun_path);
    usleep(200000);
    close(accept(listener, NULL, NULL));
    polled.fd = listener;
    assert_int_equal(poll(&polled, 1, HASTE_MS), 1);
    connection = accept(listener, NULL, NULL);
    assert_true(recv(connection, part, sizeof(part), 0) > 0);
    say(connection, "{\"error\":\"at last\"}\n", 20);
    assert_int_equal(pthread_join(patient.thread, NULL), 0);
    assert_raised_with(&patient.exchange.recorder, SKA_R_AGENT_REFUSED, "at last");
    close(connection);
    close(busy);
    close(listener);
    unlink(address.sun_path);
}

static void on_signal(int number)
{
    (void)number;
}

static void signals_interrupt(void **state)
{
    struct sigaction action = {.sa_handler = on_signal}, before;
    struct patient patient;
    struct fake fake;

    (void)state;
    assert_int_equal(sigaction(SIGINT, &action, &before), 0);
    fake_start(&fake, never_answer, NULL);
    start_asking(&patient, fake.path);
    usleep(200000);
    assert_int_equal(pthread_kill(patient.thread, SIGINT), 0);
    assert_int_equal(pthread_join(patient.thread, NULL), 0);
    assert_raised_with(&patient.exchange.recorder, SKA_R_INTERRUPTED, fake.path);
    assert_true(patient.exchange.took < HASTE_MS);
    fake_end(&fake);
    assert_int_equal(sigaction(SIGINT, &before, NULL), 0);
}

/* ---- ASYNC jobs ------------------------------------------------------------------------------ */

struct job {
    const char *path;
    struct exchange *exchange;
};

static int ask_in_job(void *arg)
{
    struct job *job = arg;

    ask_path(job->path, job->exchange);
    return 1;
}

static void wait_for_job(ASYNC_WAIT_CTX *context)
{
    struct pollfd polled = {-1, POLLIN, 0};
    size_t count = 1;

    assert_true(ASYNC_WAIT_CTX_get_all_fds(context, NULL, &count));
    assert_int_equal(count, 1);
    assert_true(ASYNC_WAIT_CTX_get_all_fds(context, &polled.fd, &count));
    assert_int_equal(poll(&polled, 1, HASTE_MS), 1);
}

static void jobs_are_paused(void **state)
{
    struct fake fake;
    struct exchange exchange;
    struct job job = {fake.path, &exchange};
    ASYNC_WAIT_CTX *context = ASYNC_WAIT_CTX_new();
    ASYNC_JOB *running = NULL;
    char *says = text_of("{\"approvals\":[%s]}\n", fixture.approval);
    int result = 0, pauses = 0, state_of_job = ASYNC_ERR;

    (void)state;
    fake_start(&fake, answer_late, says);
    while ((state_of_job = ASYNC_start_job(&running, context, &result, ask_in_job, &job,
                                           sizeof(job))) == ASYNC_PAUSE) {
        pauses++;
        wait_for_job(context);
    }
    assert_int_equal(state_of_job, ASYNC_FINISH);
    assert_true(pauses >= 1);
    if (!exchange.done)
        fail_msg("%s", exchange.recorder.text);
    assert_int_equal(exchange.count, 1);
    ska_approvals_free(exchange.approvals, exchange.count);
    ASYNC_WAIT_CTX_free(context);
    ASYNC_cleanup_thread();
    fake_end(&fake);
    free(says);
}

/* ---- All of it ------------------------------------------------------------------------------- */

static size_t open_descriptors(void)
{
    DIR *all = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(all);
    while (readdir(all) != NULL)
        count++;
    closedir(all);
    return count;
}

static void no_descriptor_is_left(void **state)
{
    size_t before = open_descriptors();

    other_answers_are_none(state);
    early_answers_are_heard(state);
    absent_agents_are_told_at_once(state);
    assert_int_equal(open_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(approvals_are_appended),
        cmocka_unit_test(answers_may_come_in_bits),
        cmocka_unit_test(one_exchange_after_the_other),
        cmocka_unit_test(what_an_agent_says_is_told),
        cmocka_unit_test(early_answers_are_heard),
        cmocka_unit_test(too_long_questions_are_not_asked),
        cmocka_unit_test(other_answers_are_none),
        cmocka_unit_test(absent_agents_are_told_at_once),
        cmocka_unit_test(refused_permission_is_told),
        cmocka_unit_test(paths_have_the_length_of_a_socket),
        cmocka_unit_test(time_is_limited),
        cmocka_unit_test(busy_agents_are_asked_again),
        cmocka_unit_test(signals_interrupt),
        cmocka_unit_test(who_wants_no_more_is_heard),
        cmocka_unit_test(jobs_are_paused),
        cmocka_unit_test(no_descriptor_is_left),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
