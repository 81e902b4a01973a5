/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatsb: a simulator of the Transaction Security Broker, the vendor's REST API to its HSMs.
 */
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "provider/base/error_capture.h"
#include "simulator/tsb/database.h"
#include "simulator/tsb/device_ska.h"
#include "simulator/tsb/engine.h"
#include "simulator/tsb/http_server.h"

static const char help[] =
    "usage: skatsb --database FILE --config FILE [--listen ADDRESS:PORT]\n"
    "              [--tls-cert FILE --tls-key FILE]\n"
    "A simulator of the Transaction Security Broker (TSB), the REST API to the HSM, on top of the\n"
    "simulator of the HSM. It is for developing and testing. It protects nothing.\n\n"
    "  --database FILE        where requests are kept; created if it does not exist\n"
    "  --config FILE          pin-source (required), token, API keys, delays, faults: see\n"
    "                         doc/simulator.md\n"
    "  --listen ADDRESS:PORT  default: 127.0.0.1:8080; port 0: any free one; addresses other\n"
    "                         than this computer's own only with TLS\n"
    "  --tls-cert FILE        the server's certificate and its chain, PEM\n"
    "  --tls-key FILE         its private key, PEM\n"
    "  --help                 this text\n\n"
    "It signs, decrypts, unwraps, certifies, blocks, unblocks and changes rules, at once or after\n"
    "approvers have approved; it encrypts, wraps and verifies, and creates and derives keys: RSA,\n"
    "EC, ED, AES, TDEA and HMAC, and keys for approvers. It has no DSA, BLS or post-quantum keys,\n"
    "no RFC 3161 and no attestation by HSMs: it answers such calls with 501.\n\n"
    "The HSM's token is found as for every user of the simulator: SOFTHSM2_CONF, SKASIM_CONF.\n"
    "When it is ready it says on standard error: skatsb: listening on URL\n\n"
    "Exit status:\n"
    "  0  done, or stopped by SIGTERM, SIGINT or SIGHUP\n"
    "  1  wrong use or configuration\n"
    "  3  failure of the HSM or the system\n";

struct options {
    const char *database;
    const char *config;
    struct tsb_listen listen;
    bool help;
};

/* Of letters getopt_long() goes on to the next argument only after the last one. */
static bool fail_unknown(const char *given, const struct ska_errors *errors)
{
    if (optopt != 0 && optopt != 'h')
        return ska_fail(errors, SKA_R_WRONG_USE, "unknown option -%c; see skatsb --help", optopt);
    return ska_fail(errors, SKA_R_WRONG_USE, "unknown or wrong option %s; see skatsb --help",
                    given);
}

static bool parse_options(int argc, char **argv, struct options *options,
                          const struct ska_errors *errors)
{
    static const struct option names[] = {{"database", required_argument, NULL, 'd'},
                                          {"listen", required_argument, NULL, 'l'},
                                          {"tls-cert", required_argument, NULL, 'c'},
                                          {"tls-key", required_argument, NULL, 'k'},
                                          {"config", required_argument, NULL, 'f'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int name = 0;

    opterr = 0;
    options->listen.address = "127.0.0.1:8080";
    while ((name = getopt_long(argc, argv, ":h", names, NULL)) != -1) {
        switch (name) {
        case 'd':
            options->database = optarg;
            break;
        case 'l':
            options->listen.address = optarg;
            break;
        case 'c':
            options->listen.tls_cert = optarg;
            break;
        case 'k':
            options->listen.tls_key = optarg;
            break;
        case 'f':
            options->config = optarg;
            break;
        case 'h':
            options->help = true;
            return true;
        case ':':
            return ska_fail(errors, SKA_R_WRONG_USE, "%s takes a value; see skatsb --help",
                            argv[optind - 1]);
        default:
            return fail_unknown(argv[optind - 1], errors);
        }
    }
    if (optind < argc)
        return ska_fail(errors, SKA_R_WRONG_USE,
                        "unexpected argument after the options; see skatsb --help");
    if (options->database == NULL || options->config == NULL)
        return ska_fail(errors, SKA_R_WRONG_USE,
                        "--database FILE and --config FILE are required; see skatsb --help");
    return (options->listen.tls_cert == NULL) == (options->listen.tls_key == NULL) ||
           ska_fail(errors, SKA_R_WRONG_USE, "--tls-cert and --tls-key need each other");
}

/* The simulator of the HSM: beside this program, as it is built, or where it is installed. */
static char *find_module(void)
{
    char self[4096];
    char *path = NULL;
    char *installed = NULL;
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash = NULL;

    self[length < 0 ? 0 : length] = '\0';
    slash = strrchr(self, '/');
    if (slash == NULL)
        return NULL;
    *slash = '\0';
    if (asprintf(&path, "%s/libskasim.so", self) < 0)
        return NULL;
    if (access(path, R_OK) == 0)
        return path;
    free(path);
    return asprintf(&installed, "%s/" SKATSB_MODULE_DIRECTORY "/libskasim.so", self) < 0
               ? NULL
               : installed;
}

static bool open_device(struct tsb_server *server, const struct ska_errors *errors)
{
    char *beside = find_module();
    char text[64];
    CK_RV rv = CKR_OK;
    bool done = beside != NULL &&
                tsb_device_open(&server->config, beside, server->libctx, &server->device, errors);

    free(beside);
    if (!done)
        return false;
    rv = tsb_ska_make_own_keys(server->device);
    return rv == CKR_OK ||
           ska_fail(errors, SKA_R_HSM_FAILURE, "the broker's own keys cannot be created: %s",
                    tsb_device_result(rv, text));
}

/* Until somebody wants it to end. */
static void wait_for_end(const sigset_t *signals)
{
    int which = 0;

    while (sigwait(signals, &which) != 0)
        ;
}

/* Signals are this thread's business; it blocks them before it starts others. */
static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static bool serve(struct tsb_server *server, const struct options *options,
                  const struct ska_errors *errors)
{
    struct tsb_http *http = NULL;
    char *url = NULL;
    sigset_t signals;
    bool done = false;

    block_signals(&signals);
    if (!open_device(server, errors) ||
        !tsb_database_open(options->database, &server->database, errors) ||
        !tsb_engine_start(server, errors))
        return false;
    done = tsb_http_start(server, &options->listen, &http, &url, errors);
    if (done) {
        fprintf(stderr,
                "skatsb: a simulator, which protects nothing\n"
                "skatsb: listening on %s\n",
                url);
        wait_for_end(&signals);
    }
    free(url);
    tsb_http_stop(http);
    return done;
}

static bool run(const struct options *options, const struct ska_errors *errors)
{
    struct tsb_server server;
    bool done = false;

    memset(&server, 0, sizeof(server));
    server.libctx = OSSL_LIB_CTX_new();
    if (server.libctx == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "libcrypto");
    if (tsb_config_read(&server.config, options->config, server.libctx, errors)) {
        if (tsb_faults_init(&server.faults, server.config.fault)) {
            done = serve(&server, options, errors);
            tsb_engine_stop(server.engine);
            tsb_database_close(server.database);
            tsb_device_close(server.device);
            tsb_faults_clear(&server.faults);
        } else {
            ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a lock");
        }
    }
    tsb_config_clear(&server.config);
    OSSL_LIB_CTX_free(server.libctx);
    return done;
}

int main(int argc, char **argv)
{
    struct ska_error_capture capture = {0};
    struct ska_errors errors = ska_error_capture(&capture);
    struct options options;
    int status = 0;

    /* The configuration of the environment may name our provider, which is not wanted in here. */
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    memset(&options, 0, sizeof(options));
    if (!parse_options(argc, argv, &options, &errors) ||
        (!options.help && !run(&options, &errors))) {
        fprintf(stderr, "skatsb: %s\n", ska_error_capture_text(&capture));
        status = (int)capture.reason / 100; /* as skatool */
    } else if (options.help) {
        fputs(help, stdout);
    }
    ska_error_capture_clear(&capture);
    return status;
}
