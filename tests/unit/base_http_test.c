/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of a web service: what goes out, what comes back, and what is said when nothing does. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "http_server.h"
#include "in_threads.h"
#include "provider/base/http.h"
#include "recorder.h"

static struct http_server *server;
static struct recorder recorder;
static char url[64];

static const char *url_of(const struct http_server *of, const char *scheme)
{
    snprintf(url, sizeof(url), "%s://127.0.0.1:%d", scheme, http_server_port(of));
    return url;
}

static struct ska_http *open_with(const struct ska_http_settings *settings)
{
    struct ska_errors errors = errors_into(&recorder);
    struct ska_http *http = NULL;

    assert_true(ska_http_open(settings, &http, &errors));
    return http;
}

static struct ska_http *open_plain(void)
{
    return open_with(
        &(struct ska_http_settings){.url = url_of(server, "http"), .call_seconds = 20});
}

static enum ska_http_outcome call(struct ska_http *http, enum ska_http_method method,
                                  const char *path, const char *body,
                                  struct ska_http_answer *answer)
{
    struct ska_errors errors = errors_into(&recorder);
    const char *const headers[] = {"Authorization: Bearer s3cret", NULL};
    const struct ska_http_call what = {.method = method,
                                       .path = path,
                                       .headers = headers,
                                       .content_type = "application/json",
                                       .body = ska_span_text(body)};

    return ska_http_call(http, &what, answer, &errors);
}

static void assert_fails(struct ska_http *http, enum ska_http_method method, const char *path,
                         enum ska_http_outcome outcome, const char *words)
{
    struct ska_http_answer answer;

    assert_int_equal(call(http, method, path, "{}", &answer), outcome);
    assert_int_equal(recorder.count, 1);
    assert_int_equal(recorder.reason, outcome == SKA_HTTP_NOT_SENT ? SKA_R_SERVER_UNREACHABLE
                                                                   : SKA_R_SERVER_FAILURE);
    if (strstr(recorder.text, words) == NULL)
        fail_msg("'%s' does not say '%s'", recorder.text, words);
    assert_null(strstr(recorder.text, "s3cret"));
    assert_null(answer.body.data);
    assert_null(answer.content_type);
}

static void assert_answers(struct ska_http *http, const char *path, unsigned int status)
{
    struct ska_http_answer answer;

    assert_int_equal(call(http, SKA_HTTP_GET, path, NULL, &answer), SKA_HTTP_ANSWERED);
    assert_int_equal(answer.status, status);
    ska_http_answer_clear(&answer);
}

/* ---- Answers --------------------------------------------------------------------------------- */

static void test_get(void **state)
{
    struct ska_http *http = open_plain();
    struct ska_http_answer answer;

    (void)state;
    assert_int_equal(call(http, SKA_HTTP_GET, "/v1/key?level=2", NULL, &answer), SKA_HTTP_ANSWERED);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.content_type, "application/json");
    assert_string_equal((char *)answer.body.data, "{\"answer\": 1}");
    assert_memory_equal(http_server_head(server), "GET /v1/key?level=2 HTTP/1.1\r\n", 30);
    assert_non_null(strstr(http_server_head(server), "\r\nAuthorization: Bearer s3cret\r\n"));
    assert_null(strstr(http_server_head(server), "Content-Type"));
    ska_http_answer_clear(&answer);
    ska_http_close(http);
}

static void test_post(void **state)
{
    struct ska_http *http = open_plain();
    struct ska_http_answer answer;

    (void)state;
    assert_int_equal(call(http, SKA_HTTP_POST, "/v1/sign", "{\"a\": 2}", &answer),
                     SKA_HTTP_ANSWERED);
    assert_string_equal((char *)answer.body.data, "{\"a\": 2}");
    assert_memory_equal(http_server_head(server), "POST /v1/sign HTTP/1.1\r\n", 24);
    assert_non_null(strstr(http_server_head(server), "\r\nContent-Type: application/json\r\n"));
    assert_null(strstr(http_server_head(server), "Expect"));
    assert_null(strstr(http_server_head(server), "Transfer-Encoding"));
    ska_http_answer_clear(&answer);
    /* Nothing of it is left for the next call. */
    assert_answers(http, "/v1/next", 200);
    assert_null(strstr(http_server_head(server), "Content-"));
    ska_http_close(http);
}

static void test_post_without_body(void **state)
{
    struct ska_http *http = open_plain();
    struct ska_http_answer answer;

    (void)state;
    assert_int_equal(call(http, SKA_HTTP_POST, "/v1/x", NULL, &answer), SKA_HTTP_ANSWERED);
    assert_non_null(strstr(http_server_head(server), "\r\nContent-Length: 0\r\n"));
    ska_http_answer_clear(&answer);
    ska_http_close(http);
}

static void test_delete(void **state)
{
    struct ska_http *http = open_plain();
    struct ska_http_answer answer;

    (void)state;
    assert_int_equal(call(http, SKA_HTTP_DELETE, "/empty", NULL, &answer), SKA_HTTP_ANSWERED);
    assert_int_equal(answer.status, 204);
    assert_int_equal(answer.body.length, 0);
    assert_non_null(answer.body.data);
    assert_memory_equal(http_server_head(server), "DELETE /empty HTTP/1.1\r\n", 24);
    ska_http_answer_clear(&answer);
    ska_http_close(http);
}

static int64_t time_of(struct ska_http *http, const char *path)
{
    struct ska_http_answer answer;
    int64_t time = 0;

    assert_int_equal(call(http, SKA_HTTP_GET, path, NULL, &answer), SKA_HTTP_ANSWERED);
    time = ska_http_answer_time(&answer);
    ska_http_answer_clear(&answer);
    return time;
}

static void test_time(void **state)
{
    struct ska_http *http = open_plain();

    (void)state;
    assert_int_equal(time_of(http, "/dated"), 784111777);
    /* Nothing of it is left for the next answer. */
    assert_int_equal(time_of(http, "/"), -1);
    assert_int_equal(time_of(http, "/misdated"), -1);
    ska_http_close(http);
}

/* Where to is the server's word, and with what is ours alone. */
static void test_redirects_are_answers(void **state)
{
    struct ska_http *http = open_plain();
    int requests = http_server_requests(server);

    (void)state;
    assert_answers(http, "/moved", 302);
    assert_int_equal(http_server_requests(server), requests + 1);
    assert_answers(http, "/error", 502);
    ska_http_close(http);
}

static void test_bounds(void **state)
{
    struct ska_http *http = open_plain();

    (void)state;
    assert_answers(http, "/just", 200);
    assert_fails(http, SKA_HTTP_GET, "/long", SKA_HTTP_TOO_LONG, "more than 1048576 bytes");
    assert_fails(http, SKA_HTTP_GET, "/long-unnamed", SKA_HTTP_TOO_LONG, "more than 1048576 bytes");
    assert_fails(http, SKA_HTTP_GET, "/headers", SKA_HTTP_TOO_LONG, "more than 65536 bytes");
    ska_http_close(http);
}

/* ---- Connections ----------------------------------------------------------------------------- */

static void test_connections_are_kept(void **state)
{
    struct ska_http *http = open_plain();
    int before = http_server_connections(server);

    (void)state;
    for (int i = 0; i < 20; i++)
        assert_answers(http, "/", 200);
    assert_int_equal(http_server_connections(server), before + 1);
    ska_http_close(http);
}

/* A connection that was kept dies after the request: libcurl would send it again by itself. */
static void test_nothing_is_repeated(void **state)
{
    static const enum ska_http_method methods[] = {SKA_HTTP_POST, SKA_HTTP_PATCH, SKA_HTTP_DELETE};
    struct ska_http *http = open_plain();

    (void)state;
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        int requests = 0;

        assert_answers(http, "/", 200);
        requests = http_server_requests(server);
        assert_fails(http, methods[i], "/hang-up", SKA_HTTP_NO_ANSWER,
                     "was sent, but not answered: the connection was closed");
        assert_int_equal(http_server_requests(server), requests + 1);
    }
    ska_http_close(http);
}

static void test_post_without_body_is_not_repeated(void **state)
{
    struct ska_http *http = open_plain();
    struct ska_http_answer answer;
    int requests = 0;

    (void)state;
    assert_answers(http, "/", 200);
    requests = http_server_requests(server);
    assert_int_equal(call(http, SKA_HTTP_POST, "/hang-up", NULL, &answer), SKA_HTTP_NO_ANSWER);
    assert_int_equal(http_server_requests(server), requests + 1);
    ska_http_close(http);
}

static void test_no_answer(void **state)
{
    struct ska_http *http = open_plain();

    (void)state;
    assert_fails(http, SKA_HTTP_POST, "/hang-up", SKA_HTTP_NO_ANSWER, "was sent, but not answered");
    assert_fails(http, SKA_HTTP_GET, "/cut", SKA_HTTP_NO_ANSWER, "was sent, but not answered");
    /* Whatever has happened before. */
    assert_answers(http, "/", 200);
    ska_http_close(http);
}

static void test_silence_ends(void **state)
{
    struct ska_http *http =
        open_with(&(struct ska_http_settings){.url = url_of(server, "http"), .call_seconds = 1});

    (void)state;
    assert_fails(http, SKA_HTTP_POST, "/silent", SKA_HTTP_NO_ANSWER, "was sent, but not answered");
    ska_http_close(http);
}

static void test_nobody_there(void **state)
{
    struct http_server *gone = http_server_start(NULL);
    struct ska_http_settings settings = {.url = url_of(gone, "http")};
    struct ska_http *http = open_with(&settings);

    (void)state;
    http_server_stop(gone);
    assert_fails(http, SKA_HTTP_GET, "/", SKA_HTTP_NOT_SENT, "127.0.0.1");
    assert_fails(http, SKA_HTTP_POST, "/", SKA_HTTP_NOT_SENT, "127.0.0.1");
    ska_http_close(http);
}

/* A child has connections of its own, and leaves those of its parent alone. */
static void test_fork(void **state)
{
    struct ska_http *http = open_plain();
    int connections = 0;
    int status = 0;
    pid_t child = 0;

    (void)state;
    assert_answers(http, "/", 200);
    connections = http_server_connections(server);
    child = fork();
    if (child == 0) {
        struct ska_http_answer answer;
        bool done = call(http, SKA_HTTP_GET, "/child", NULL, &answer) == SKA_HTTP_ANSWERED &&
                    answer.status == 200;

        ska_http_close(http);
        _exit(done ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(http_server_connections(server), connections + 1);
    assert_answers(http, "/", 200);
    assert_int_equal(http_server_connections(server), connections + 1);
    ska_http_close(http);
}

#define THREADS 8

static void *call_often(void *vhttp)
{
    size_t wrong = 0;

    for (int i = 0; i < 50; i++) {
        const struct ska_http_call what = {
            .method = SKA_HTTP_POST, .path = "/thread", .body = ska_span_text("{\"thread\": 1}")};
        struct ska_http_answer answer;

        if (ska_http_call(vhttp, &what, &answer, NULL) != SKA_HTTP_ANSWERED ||
            strcmp((char *)answer.body.data, "{\"thread\": 1}") != 0)
            wrong++;
        ska_http_answer_clear(&answer);
    }
    return wrong == 0 ? vhttp : NULL;
}

static void test_threads(void **state)
{
    struct ska_http *http = open_plain();
    int before = http_server_connections(server);

    (void)state;
    assert_int_equal(in_threads(THREADS, call_often, http, http), 0);
    assert_in_range(http_server_connections(server) - before, 1, THREADS);
    ska_http_close(http);
}

/* ---- What it does not take from elsewhere ---------------------------------------------------- */

static void test_environment(void **state)
{
    static const char *const names[] = {"http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY",
                                        "all_proxy"};
    struct ska_http *http = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        setenv(names[i], "http://127.0.0.1:1", 1);
    http = open_plain();
    assert_answers(http, "/", 200);
    ska_http_close(http);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
    /* The one that is named is used, whatever no_proxy says. */
    setenv("no_proxy", "*", 1);
    http = open_with(&(struct ska_http_settings){.url = url_of(server, "http"),
                                                 .proxy = "http://127.0.0.1:1",
                                                 .proxy_credentials = "me:s3cret"});
    assert_fails(http, SKA_HTTP_GET, "/", SKA_HTTP_NOT_SENT, "127.0.0.1");
    ska_http_close(http);
    unsetenv("no_proxy");
}

static void assert_settings_refused(const struct ska_http_settings *settings, const char *words)
{
    struct ska_errors errors = errors_into(&recorder);
    struct ska_http *http = NULL;

    assert_false(ska_http_open(settings, &http, &errors));
    assert_null(http);
    assert_int_equal(recorder.count, 1);
    if (strstr(recorder.text, words) == NULL)
        fail_msg("'%s' does not say '%s'", recorder.text, words);
    assert_null(strstr(recorder.text, "s3cret"));
}

static void assert_refused(const char *text, const char *words)
{
    assert_settings_refused(&(struct ska_http_settings){.url = text}, words);
}

static void test_missing_files(void **state)
{
    static const char url_there[] = "https://broker.example";

    (void)state;
    assert_settings_refused(&(struct ska_http_settings){.url = url_there, .ca_file = "/no/ca.pem"},
                            "/no/ca.pem: No such file");
    assert_settings_refused(&(struct ska_http_settings){.url = url_there, .key = "/no/key.pem"},
                            "/no/key.pem: No such file");
}

static void test_urls(void **state)
{
    static const char *const fine[] = {"https://broker.example/", "https://broker.example:8443/tsb",
                                       "http://localhost:80", "http://[::1]:8080",
                                       "http://127.1.2.3"};

    (void)state;
    assert_refused("http://broker.example", "https: is needed");
    assert_refused("http://127.0.0.1.example", "https: is needed");
    assert_refused("http://localhost.example", "https: is needed");
    assert_refused("http://10.0.0.1", "https: is needed");
    assert_refused("file:///etc/passwd", "https://HOST");
    assert_refused("ftp://127.0.0.1/", "https://HOST");
    assert_refused("https://me:s3cret@broker.example", "user or a password");
    assert_refused("https://s3cret@broker.example", "user or a password");
    assert_refused("https://broker.example/?token=x", "? or #");
    assert_refused("https://broker.example/#x", "? or #");
    assert_refused("s3cret", "not a URL");
    assert_refused("", "not a URL");
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
        ska_http_close(open_with(&(struct ska_http_settings){.url = fine[i]}));
    setenv("SSLKEYLOGFILE", "/dev/null", 1);
    assert_refused("https://broker.example/", "SSLKEYLOGFILE is set");
    unsetenv("SSLKEYLOGFILE");
}

/* ---- TLS ------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/ska-http-XXXXXX";

static const char *in_folder(const char *name)
{
    static char paths[4][128];
    static unsigned int turn;
    char *path = paths[turn++ % 4];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

struct identity {
    EVP_PKEY *key;
    X509 *certificate;
};

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* A certificate for `host`; for a CA without one. Good for a day from so many seconds on. */
static struct identity make_identity(const char *name, const char *host, long from,
                                     const struct identity *issuer)
{
    struct identity made = {EVP_EC_gen("P-256"), X509_new()};
    X509_NAME *subject = X509_get_subject_name(made.certificate);

    X509_set_version(made.certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), 1 + from + (long)strlen(name));
    X509_gmtime_adj(X509_getm_notBefore(made.certificate), from);
    X509_gmtime_adj(X509_getm_notAfter(made.certificate), from + 86400);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(
        made.certificate,
        X509_get_subject_name(issuer == NULL ? made.certificate : issuer->certificate));
    X509_set_pubkey(made.certificate, made.key);
    add_extension(made.certificate, NID_basic_constraints,
                  host == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (host != NULL)
        add_extension(made.certificate, NID_subject_alt_name, host);
    assert_int_not_equal(
        X509_sign(made.certificate, issuer == NULL ? made.key : issuer->key, EVP_sha256()), 0);
    return made;
}

static void free_identity(struct identity *identity)
{
    EVP_PKEY_free(identity->key);
    X509_free(identity->certificate);
}

static void write_identity(const struct identity *identity, const char *name)
{
    FILE *file = fopen(in_folder(name), "w");

    assert_non_null(file);
    PEM_write_X509(file, identity->certificate);
    PEM_write_PrivateKey(file, identity->key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
}

static void write_locked_key(const struct identity *identity, const char *name)
{
    FILE *file = fopen(in_folder(name), "w");

    assert_non_null(file);
    PEM_write_PKCS8PrivateKey(file, identity->key, EVP_aes_256_cbc(), "key-s3cret", 10, NULL, NULL);
    fclose(file);
}

static SSL_CTX *tls_with(const struct identity *identity)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

    assert_int_equal(SSL_CTX_use_certificate(tls, identity->certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(tls, identity->key), 1);
    return tls;
}

struct pki {
    struct identity ca;
    struct identity other_ca;
    struct identity good;
    struct identity elsewhere;
    struct identity expired;
    struct identity client;
};

static struct pki pki;

static int make_pki(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    server = http_server_start(NULL);
    http_server_answer(server, "/dated", "200 OK\nDate: Sun, 06 Nov 1994 08:49:37 GMT\n{}");
    http_server_answer(server, "/misdated", "200 OK\nDate: tomorrow, perhaps\n{}");
    pki.ca = make_identity("CA", NULL, -86400 / 2, NULL);
    pki.other_ca = make_identity("Other CA", NULL, -86400 / 2, NULL);
    pki.good = make_identity("good", "IP:127.0.0.1", -86400 / 2, &pki.ca);
    pki.elsewhere = make_identity("elsewhere", "DNS:broker.example", -86400 / 2, &pki.ca);
    pki.expired = make_identity("expired", "IP:127.0.0.1", -2 * 86400, &pki.ca);
    pki.client = make_identity("client", "email:me@example.org", -86400 / 2, &pki.ca);
    write_identity(&pki.ca, "ca.pem");
    write_identity(&pki.other_ca, "other.pem");
    write_identity(&pki.client, "client.pem");
    write_locked_key(&pki.client, "locked.pem");
    return 0;
}

static int free_pki(void **state)
{
    (void)state;
    unlink(in_folder("ca.pem"));
    unlink(in_folder("other.pem"));
    unlink(in_folder("client.pem"));
    unlink(in_folder("locked.pem"));
    rmdir(folder);
    free_identity(&pki.ca);
    free_identity(&pki.other_ca);
    free_identity(&pki.good);
    free_identity(&pki.elsewhere);
    free_identity(&pki.expired);
    free_identity(&pki.client);
    http_server_stop(server);
    return 0;
}

/* The context is freed after the server. */
static struct http_server *start_tls(const struct identity *identity, SSL_CTX **tls)
{
    *tls = tls_with(identity);
    return http_server_start(*tls);
}

static void assert_tls_refused(const struct identity *identity, const char *ca)
{
    SSL_CTX *tls = NULL;
    struct http_server *secure = start_tls(identity, &tls);
    struct ska_http_settings settings = {.url = url_of(secure, "https"),
                                         .ca_file = ca == NULL ? NULL : in_folder(ca)};
    struct ska_http *http = open_with(&settings);

    assert_fails(http, SKA_HTTP_POST, "/", SKA_HTTP_NOT_SENT, "certificate");
    assert_fails(http, SKA_HTTP_GET, "/", SKA_HTTP_NOT_SENT, "certificate");
    assert_int_equal(http_server_requests(secure), 0);
    ska_http_close(http);
    http_server_stop(secure);
    SSL_CTX_free(tls);
}

static void test_tls(void **state)
{
    SSL_CTX *tls = NULL;
    struct http_server *secure = start_tls(&pki.good, &tls);
    struct ska_http_settings settings = {.url = url_of(secure, "https"),
                                         .ca_file = in_folder("ca.pem")};
    struct ska_http *http = open_with(&settings);

    (void)state;
    assert_answers(http, "/", 200);
    assert_answers(http, "/", 200);
    assert_int_equal(http_server_connections(secure), 1);
    ska_http_close(http);
    http_server_stop(secure);
    SSL_CTX_free(tls);
}

static void test_tls_is_verified(void **state)
{
    (void)state;
    assert_tls_refused(&pki.good, "other.pem");
    assert_tls_refused(&pki.good, NULL);
    assert_tls_refused(&pki.elsewhere, "ca.pem");
    assert_tls_refused(&pki.expired, "ca.pem");
}

/* Plain HTTP is spoken there: no request goes out before the server has said who it is. */
static void test_tls_of_a_plain_server(void **state)
{
    struct ska_http_settings settings = {
        .url = url_of(server, "https"), .ca_file = in_folder("ca.pem"), .call_seconds = 3};
    struct ska_http *http = open_with(&settings);
    int requests = http_server_requests(server);

    (void)state;
    assert_fails(http, SKA_HTTP_POST, "/", SKA_HTTP_NOT_SENT, "127.0.0.1");
    assert_int_equal(http_server_requests(server), requests);
    ska_http_close(http);
}

/* The proxy learns where to, and its own credentials; the server neither, nor the proxy what is
 * said. */
static void test_proxy(void **state)
{
    char proxy[64];
    SSL_CTX *tls = NULL;
    struct http_server *secure = start_tls(&pki.good, &tls);
    struct ska_http_settings settings = {
        .ca_file = in_folder("ca.pem"), .proxy = proxy, .proxy_credentials = "me:proxy-s3cret"};
    struct ska_http *http = NULL;
    int connections = http_server_connections(server);

    (void)state;
    snprintf(proxy, sizeof(proxy), "%s", url_of(server, "http"));
    settings.url = url_of(secure, "https");
    http = open_with(&settings);
    assert_answers(http, "/through", 200);
    assert_answers(http, "/through", 200);
    assert_int_equal(http_server_connections(server), connections + 1);
    assert_memory_equal(http_server_head(server), "CONNECT 127.0.0.1:", 18);
    assert_non_null(strstr(http_server_head(server), "\r\nProxy-Authorization: Basic "));
    assert_null(strstr(http_server_head(server), "s3cret"));
    assert_non_null(strstr(http_server_head(secure), "Bearer s3cret"));
    assert_null(strstr(http_server_head(secure), "Proxy-"));
    ska_http_close(http);
    http_server_stop(secure);
    SSL_CTX_free(tls);
}

static void test_client_certificate(void **state)
{
    SSL_CTX *tls = tls_with(&pki.good);
    struct ska_http_settings settings = {.ca_file = in_folder("ca.pem")};
    struct http_server *secure = NULL;
    struct ska_http *http = NULL;
    struct ska_http_answer answer;

    (void)state;
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(tls), pki.ca.certificate);
    secure = http_server_start(tls);
    settings.url = url_of(secure, "https");
    http = open_with(&settings);
    /* With TLS 1.3 the server's no comes after the client's first words. */
    assert_int_not_equal(call(http, SKA_HTTP_GET, "/", NULL, &answer), SKA_HTTP_ANSWERED);
    assert_int_equal(http_server_requests(secure), 0);
    ska_http_close(http);
    settings.certificate = in_folder("client.pem");
    settings.key = in_folder("client.pem");
    http = open_with(&settings);
    assert_answers(http, "/", 200);
    ska_http_close(http);
    /* A key that only a password opens. */
    settings.key = in_folder("locked.pem");
    settings.key_password = "key-s3cret";
    http = open_with(&settings);
    assert_answers(http, "/", 200);
    ska_http_close(http);
    settings.key_password = "wrong-s3cret";
    http = open_with(&settings);
    assert_fails(http, SKA_HTTP_GET, "/", SKA_HTTP_NOT_SENT, "127.0.0.1");
    ska_http_close(http);
    http_server_stop(secure);
    SSL_CTX_free(tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_post),
        cmocka_unit_test(test_post_without_body),
        cmocka_unit_test(test_delete),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_redirects_are_answers),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_connections_are_kept),
        cmocka_unit_test(test_nothing_is_repeated),
        cmocka_unit_test(test_post_without_body_is_not_repeated),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_silence_ends),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_missing_files),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_tls_is_verified),
        cmocka_unit_test(test_tls_of_a_plain_server),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_client_certificate),
    };

    return cmocka_run_group_tests(tests, make_pki, free_pki);
}
