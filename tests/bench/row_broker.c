/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys behind a broker: our provider against the same call by libcurl on a connection that is kept.
 * Both go to the broker's simulator, without TLS, which would cost both the same.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <curl/curl.h>
#include <openssl/evp.h>

#include "rows.h"
#include "signing.h"

/* ---- The broker ------------------------------------------------------------------------------ */

struct broker {
    pid_t pid;
    FILE *words; /* its standard error */
    char url[64];
};

static void exec_broker(const struct bench *bench, int words)
{
    struct path configuration = token_path(bench, "tsb.cnf");
    struct path database = token_path(bench, "tsb.db");

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    must(dup2(words, STDERR_FILENO) >= 0);
    execl(SKA_BENCH_SKATSB, "skatsb", "--listen", "127.0.0.1:0", "--database", database.text,
          "--config", configuration.text, (char *)NULL);
    must(!"skatsb is there");
}

static void broker_start(struct broker *broker, const struct bench *bench)
{
    static const char said[] = "listening on ";
    const char *url = NULL;
    char line[512] = "";
    char text[1024];
    int words[2];

    must(snprintf(text, sizeof(text), "module = %s\ntoken = %s\npin-source = file:%s/pin\n",
                  SKA_BENCH_SIMULATOR, TOKEN_LABEL, bench->directory) < (int)sizeof(text));
    write_file(token_path(bench, "tsb.cnf").text, text);
    must(pipe(words) == 0);
    broker->pid = fork();
    must(broker->pid >= 0);
    if (broker->pid == 0)
        exec_broker(bench, words[1]);
    close(words[1]);
    broker->words = fdopen(words[0], "r");
    while (url == NULL) {
        must(fgets(line, sizeof(line), broker->words) != NULL);
        url = strstr(line, said);
    }
    must(sscanf(url + strlen(said), "%63s", broker->url) == 1);
}

static void broker_stop(struct broker *broker)
{
    must(kill(broker->pid, SIGTERM) == 0 && waitpid(broker->pid, NULL, 0) == broker->pid);
    fclose(broker->words);
}

/* ---- Raw calls ------------------------------------------------------------------------------- */

struct call {
    CURL *easy;
    struct curl_slist *headers;
    char url[128];
    char answer[8192];
    size_t length;
};

static size_t keep(char *data, size_t size, size_t count, void *vcall)
{
    struct call *call = vcall;

    must(call->length + size * count < sizeof(call->answer));
    memcpy(call->answer + call->length, data, size * count);
    call->length += size * count;
    return size * count;
}

static void call_open(struct call *call, const struct broker *broker, const char *path)
{
    memset(call, 0, sizeof(*call));
    snprintf(call->url, sizeof(call->url), "%s%s", broker->url, path);
    call->easy = curl_easy_init();
    call->headers = curl_slist_append(NULL, "Content-Type: application/json");
    must(call->easy != NULL && call->headers != NULL);
    must(curl_easy_setopt(call->easy, CURLOPT_URL, call->url) == CURLE_OK &&
         curl_easy_setopt(call->easy, CURLOPT_PROXY, "") == CURLE_OK &&
         curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers) == CURLE_OK &&
         curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, keep) == CURLE_OK &&
         curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call) == CURLE_OK);
}

static void call_close(struct call *call)
{
    curl_slist_free_all(call->headers);
    curl_easy_cleanup(call->easy);
}

/* The answer is a text. */
static const char *post(struct call *call, const char *body, long expected)
{
    long status = 0;

    call->length = 0;
    must(curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, body) == CURLE_OK &&
         curl_easy_perform(call->easy) == CURLE_OK &&
         curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK);
    call->answer[call->length] = 0;
    must(status == expected);
    return call->answer;
}

static void create_key(const struct broker *broker, const char *algorithm)
{
    struct call call;
    char body[512];

    snprintf(body, sizeof(body),
             "{\"label\":\"" KEY_LABEL "\",%s,\"attributes\":{\"decrypt\":false,\"sign\":true,"
             "\"unwrap\":false},\"policy\":null}",
             algorithm);
    call_open(&call, broker, "/v1/key");
    (void)post(&call, body, 201);
    call_close(&call);
}

struct raw_call {
    const struct broker *broker;
    struct call call;
};

static void *raw_call_start(const void *what)
{
    struct raw_call *raw = calloc(1, sizeof(*raw));

    must(raw != NULL);
    raw->broker = what;
    call_open(&raw->call, raw->broker, "/v1/synchronousSign");
    return raw;
}

static void raw_call_once(void *with)
{
    static const char before[] = "\"signature\":\"";
    struct raw_call *raw = with;
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned char coded[2 * EVP_MAX_MD_SIZE];
    unsigned char signature[1024];
    const char *found = NULL;
    unsigned int length = 0;
    char body[512];

    must(EVP_Digest(message, strlen(message), hash, &length, EVP_sha256(), NULL) == 1);
    must(EVP_EncodeBlock(coded, hash, (int)length) > 0);
    snprintf(body, sizeof(body),
             "{\"signRequest\":{\"payload\":\"%s\",\"payloadType\":\"UNSPECIFIED\","
             "\"signKeyName\":\"" KEY_LABEL "\",\"signatureAlgorithm\":\"NONESHA256_WITH_RSA\"}}",
             (const char *)coded);
    found = strstr(post(&raw->call, body, 200), before);
    must(found != NULL);
    found += strlen(before);
    must(strcspn(found, "\"") < sizeof(signature) &&
         EVP_DecodeBlock(signature, (const unsigned char *)found, (int)strcspn(found, "\"")) > 0);
}

static void raw_call_stop(void *with)
{
    struct raw_call *raw = with;

    call_close(&raw->call);
    free(raw);
}

/* ---- The contest ----------------------------------------------------------------------------- */

static OSSL_LIB_CTX *context_of(const struct bench *bench, const struct broker *broker)
{
    struct path path = token_path(bench, "broker.cnf");
    char text[1024];

    must(snprintf(text, sizeof(text),
                  "config_diagnostics = 1\nopenssl_conf = init\n[init]\nproviders = providers\n"
                  "[providers]\ndefault = default_provider\nska = ska_provider\n"
                  "[default_provider]\nactivate = 1\n"
                  "[ska_provider]\nmodule = %s\nactivate = 1\ntsb-url = %s\n",
                  SKA_BENCH_PROVIDER, broker->url) < (int)sizeof(text));
    write_file(path.text, text);
    return new_context(path.text);
}

static void run(struct bench *bench, const struct row *row)
{
    struct evp_signing a = {NULL, NULL, false, NULL, NULL};
    struct broker broker;
    struct loop loops[2];
    struct token token;
    struct times times;
    struct result result;

    token_open(&token, bench);
    broker_start(&broker, bench);
    create_key(&broker, row->detail);
    a.libctx = context_of(bench, &broker);
    a.key = load_key(a.libctx, "ska:object=" KEY_LABEL);
    loops[0] = evp_loop(&a);
    loops[0].waits = true;
    loops[1] = (struct loop){raw_call_start, raw_call_once, raw_call_stop, &broker, true, NULL};
    evp_try(&a, &a);
    measure(loops, COUNT(loops), 1, pairs_of(bench->options, 500), &times);
    result_begin(&result, row);
    result_ratio(&result, &times, 0, 1);
    snprintf(result.a, sizeof(result.a), "EVP_DigestSign, RSA:2048 behind a broker");
    snprintf(result.b, sizeof(result.b), "digest, POST /v1/synchronousSign by libcurl");
    bench_report(bench, &result);
    times_free(&times);
    EVP_PKEY_free(a.key);
    OSSL_LIB_CTX_free(a.libctx);
    broker_stop(&broker);
    token_close(&token);
}

const struct row row_broker = {"tsb-synchronous",
                               "key behind a broker, signature at once, RSA-2048",
                               {0.95, 0},
                               run,
                               "\"algorithm\":\"RSA\",\"keySize\":2048"};
