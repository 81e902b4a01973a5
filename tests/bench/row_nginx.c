/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nginx on the loopback, TLS 1.3, P-256, a new connection for each request: keys of ours against a
 * key file. With SKA keys, what is left when the raw calls for each handshake take their time.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "approval.h"
#include "agent_process.h"
#include "rows.h"

#define VISITORS "8"
#define KINDS 4

enum kind { KEY_FILE, ORDINARY, EMPTY_RULE, AGENT };
static const char *const names[KINDS] = {"file", "ordinary", "empty-rule", "agent"};
/* An agent of this benchmark approves for the key of that label alone. */
static const char *const labels[KINDS] = {NULL, "ordinary", "empty", KEY_LABEL};

struct site {
    unsigned int port;
    double handshakes[64]; /* in a second, of each round */
};

struct scene {
    struct token token;
    struct approvers approvers;
    struct site sites[KINDS];
    pid_t agent;
};

/*
 * The simulator, which SKA keys need, looks at ordinary keys before SoftHSM does; a server with
 * these alone would use SoftHSM.
 */
struct server {
    const char *name;
    const char *module;
    enum kind first;
    enum kind last;
};
static const struct server servers[] = {{"ordinary-server", SKA_BENCH_SOFTHSM, KEY_FILE, ORDINARY},
                                        {"ska-server", SKA_BENCH_SIMULATOR, EMPTY_RULE, AGENT}};

/* ---- Certificates ---------------------------------------------------------------------------- */

/* For any key, signed by another: nobody verifies it. */
static void write_certificate(const char *path, EVP_PKEY *key, EVP_PKEY *authority)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_NAME_new();
    FILE *file = fopen(path, "w");

    must(certificate != NULL && name != NULL && file != NULL);
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost",
                                    -1, -1, 0) == 1);
    must(X509_set_version(certificate, X509_VERSION_3) == 1 &&
         ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -60) != NULL &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), 86400) != NULL &&
         X509_set_subject_name(certificate, name) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
         X509_sign(certificate, authority, EVP_sha256()) > 0 &&
         PEM_write_X509(file, certificate) == 1 && fclose(file) == 0);
    X509_NAME_free(name);
    X509_free(certificate);
}

static struct path file_of(const struct bench *bench, enum kind kind, const char *ending)
{
    char name[32];

    snprintf(name, sizeof(name), "%s%s", names[kind], ending);
    return token_path(bench, name);
}

/* The reference to it, and its certificate. */
static void write_reference(const struct bench *bench, const struct scene *scene, enum kind kind,
                            EVP_PKEY *authority)
{
    struct path uri = key_uri(labels[kind]);
    struct path file = file_of(bench, kind, ".pem");
    const char *const arguments[] = {"pem", "--key", uri.text, "-o", file.text, NULL};
    EVP_PKEY *key = load_key(scene->token.libctx, uri.text);

    if (kind == AGENT)
        must(snprintf(uri.text, sizeof(uri.text), "%s?agent=%s", key_uri(labels[kind]).text,
                      token_path(bench, "agent").text) < (int)sizeof(uri.text));
    skatool(bench, arguments);
    write_certificate(file_of(bench, kind, ".crt").text, key, authority);
    EVP_PKEY_free(key);
}

static void write_file_key(const struct bench *bench, EVP_PKEY *authority)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = fopen(file_of(bench, KEY_FILE, ".pem").text, "w");

    must(key != NULL && file != NULL);
    must(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(file) == 0);
    write_certificate(file_of(bench, KEY_FILE, ".crt").text, key, authority);
    EVP_PKEY_free(key);
}

static void make_keys(const struct bench *bench, struct scene *scene)
{
    struct path empty = token_path(bench, "empty.json");
    struct path policy = token_path(bench, "policy.json");
    EVP_PKEY *authority = EVP_EC_gen("P-256");

    must(authority != NULL);
    write_file(empty.text, empty_policy);
    approvers_make(&scene->approvers, 1);
    approvers_policy(&scene->approvers, 1, policy.text);
    make_key(bench, labels[ORDINARY], "EC:P-256", "none");
    make_key(bench, labels[EMPTY_RULE], "EC:P-256", empty.text);
    make_key(bench, labels[AGENT], "EC:P-256", policy.text);
    write_file_key(bench, authority);
    for (int kind = ORDINARY; kind < KINDS; kind++)
        write_reference(bench, scene, (enum kind)kind, authority);
    EVP_PKEY_free(authority);
}

static struct path file_of_server(const struct bench *bench, const struct server *server,
                                  const char *ending)
{
    char name[32];

    snprintf(name, sizeof(name), "%s%s", server->name, ending);
    return token_path(bench, name);
}

/* ---- nginx ----------------------------------------------------------------------------------- */

static unsigned int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    must(fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
         getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void write_main(const struct bench *bench, struct scene *scene, const struct server *server)
{
    FILE *file = fopen(file_of_server(bench, server, ".conf").text, "w");

    must(file != NULL);
    fprintf(file,
            "%sdaemon off;\nworker_processes 1;\npid %s;\nerror_log %s warn;\n"
            "env SOFTHSM2_CONF;\nenv SKASIM_CONF;\nenv OPENSSL_CONF;\n"
            "events { worker_connections 256; }\nhttp {\n  access_log off;\n"
            "  ssl_protocols TLSv1.3;\n  ssl_session_cache off;\n  ssl_session_tickets off;\n",
            geteuid() == 0 ? "user root;\n" : "", file_of_server(bench, server, ".pid").text,
            file_of_server(bench, server, ".log").text);
    for (unsigned int kind = server->first; kind <= server->last; kind++) {
        scene->sites[kind].port = free_port();
        fprintf(file,
                "  server { listen 127.0.0.1:%u ssl; ssl_certificate %s; ssl_certificate_key %s;\n"
                "    location / { return 200 \"Hello\\n\"; } }\n",
                scene->sites[kind].port, file_of(bench, (enum kind)kind, ".crt").text,
                file_of(bench, (enum kind)kind, ".pem").text);
    }
    for (size_t i = 0; i < 5; i++) {
        static const char *const places[] = {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"};

        fprintf(file, "  %s_temp_path %s/%s-%s;\n", places[i], bench->directory, server->name,
                places[i]);
    }
    must(fputs("}\n", file) >= 0 && fclose(file) == 0);
}

static bool listens(unsigned int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected =
        fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;

    close(fd);
    return connected;
}

static pid_t start_nginx(const struct bench *bench, struct scene *scene,
                         const struct server *server)
{
    const struct timespec moment = {0, 10000000};
    struct path main = file_of_server(bench, server, ".conf");
    struct path configuration = file_of_server(bench, server, ".cnf");
    pid_t nginx = 0;

    write_configuration(bench, configuration.text, server->module);
    write_main(bench, scene, server);
    nginx = fork();
    if (nginx == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 &&
            setenv("OPENSSL_CONF", configuration.text, 1) == 0)
            execlp("nginx", "nginx", "-e", "stderr", "-c", main.text, (char *)NULL);
        _exit(127);
    }
    must(nginx > 0);
    for (int tries = 0; !listens(scene->sites[server->last].port); tries++) {
        must(tries < 3000 && waitpid(nginx, NULL, WNOHANG) == 0);
        nanosleep(&moment, NULL);
    }
    return nginx;
}

/* ---- Visitors -------------------------------------------------------------------------------- */

/* Handshakes in a second. */
static double visit(const struct scene *scene, enum kind kind, size_t seconds)
{
    char command[256];
    char line[256];
    double rate = 0;
    FILE *output = NULL;

    snprintf(command, sizeof(command),
             "wrk -t 1 -c " VISITORS " -d %zu --timeout 10s -H 'Connection: close' "
             "https://127.0.0.1:%u/ 2>&1",
             seconds, scene->sites[kind].port);
    output = popen(command, "r");
    must(output != NULL);
    while (fgets(line, sizeof(line), output) != NULL) {
        must(strstr(line, "Socket errors") == NULL && strstr(line, "Non-2xx") == NULL);
        (void)sscanf(line, "Requests/sec: %lf", &rate);
    }
    must(pclose(output) == 0 && rate > 0);
    return rate;
}

/* ---- What the raw calls take ----------------------------------------------------------------- */

/* In seconds: what a handshake takes longer by raw calls than with a key in memory. */
static double longer_by_raw_calls(const struct bench *bench, const struct scene *scene,
                                  enum kind kind)
{
    struct evp_signing soft = {.libctx = NULL, .key = EVP_EC_gen("P-256")};
    struct raw_signing raw = {.token = &scene->token,
                              .key = find_private(&scene->token, labels[kind]),
                              .kind = RAW_EC,
                              .ska = kind != ORDINARY};
    struct loop loops[] = {raw_loop(&raw), evp_loop(&soft)};
    struct times times;
    double longer = 0;

    must(soft.key != NULL);
    if (kind == AGENT) {
        raw.approver = scene->approvers.keys[0];
        raw.approval_count = 1;
    }
    measure(loops, COUNT(loops), 1, pairs_of(bench->options, 100), &times);
    longer = median_time(&times, 0) - median_time(&times, 1);
    times_free(&times);
    EVP_PKEY_free(soft.key);
    return longer > 0 ? longer / 1e6 : 0;
}

/* ---- The row --------------------------------------------------------------------------------- */

static void report(const struct bench *bench, const struct row *row, const struct scene *scene,
                   enum kind kind, size_t rounds)
{
    double longer = kind == ORDINARY ? 0 : longer_by_raw_calls(bench, scene, kind);
    double values[COUNT(scene->sites[0].handshakes)];
    struct result result;

    for (size_t i = 0; i < rounds; i++) {
        double possible = 1 / (1 / scene->sites[KEY_FILE].handshakes[i] + longer);

        values[i] = scene->sites[kind].handshakes[i] / possible;
    }
    result_begin(&result, row);
    snprintf(result.row, sizeof(result.row), "%s-%s", row->name, names[kind]);
    snprintf(result.a, sizeof(result.a), "nginx, TLS 1.3, P-256, new connections: %s", names[kind]);
    snprintf(result.b, sizeof(result.b), "the same with a key file%s",
             kind == ORDINARY ? "" : ", and the time of the raw calls");
    snprintf(result.measure, sizeof(result.measure), "handshakes of A / handshakes of B");
    result.bounds = (struct bounds){kind == ORDINARY ? 0.85 : 0.95, 0};
    result_values(&result, values, rounds);
    bench_report(bench, &result);
}

static bool is_there(const char *program)
{
    char command[64];

    snprintf(command, sizeof(command), "command -v %s >/dev/null", program);
    return system(command) == 0;
}

static void run(struct bench *bench, const struct row *row)
{
    size_t rounds = amount(bench->options, 5, 1);
    size_t seconds = amount(bench->options, 5, 1);
    pid_t running[COUNT(servers)];
    struct scene scene;

    if (!is_there("nginx") || !is_there("wrk"))
        bench_skip("nginx and wrk are not there");
    memset(&scene, 0, sizeof(scene));
    token_open(&scene.token, bench);
    make_keys(bench, &scene);
    scene.agent =
        agent_process_start(bench, token_path(bench, "agent").text, scene.approvers.keys[0]);
    for (size_t i = 0; i < COUNT(servers); i++)
        running[i] = start_nginx(bench, &scene, &servers[i]);
    for (size_t round = 0; round < rounds; round++)
        for (int kind = 0; kind < KINDS; kind++)
            scene.sites[kind].handshakes[round] = visit(&scene, (enum kind)kind, seconds);
    for (int kind = ORDINARY; kind < KINDS; kind++)
        report(bench, row, &scene, (enum kind)kind, rounds);
    for (size_t i = 0; i < COUNT(servers); i++)
        must(kill(running[i], SIGTERM) == 0 && waitpid(running[i], NULL, 0) == running[i]);
    agent_process_stop(scene.agent);
    approvers_free(&scene.approvers);
    token_close(&scene.token);
}

const struct row row_nginx = {
    "nginx", "handshakes of nginx, TLS 1.3, with keys of ours and a key file", {0, 0}, run, NULL};
