/* SPDX-License-Identifier: Apache-2.0 */
/* Ordinary keys: our provider, and others, against C_SignInit and C_Sign. */
#include <stdio.h>
#include <string.h>

#include "peers.h"
#include "rows.h"
#include "signing.h"

/* What tells the rows apart. */
struct ordinary {
    const char *algorithm;
    bool reused;
    bool threads;
};

struct contest {
    struct token token;
    struct evp_signing a;
    struct evp_signing peers[PEER_LIMIT]; /* key == NULL: has no such key */
    struct raw_signing b;
    struct loop loops[PEER_LIMIT + 2];
    size_t count;
};

/* ---- Peers ----------------------------------------------------------------------------------- */

static bool is_same_kind(const EVP_PKEY *a, const EVP_PKEY *b)
{
    return EVP_PKEY_is_a(a, EVP_PKEY_get0_type_name(b)) &&
           EVP_PKEY_get_bits(a) == EVP_PKEY_get_bits(b);
}

/* A key of another type than the row's is another row's business. */
static void add_peer(struct contest *contest, const struct peer *peer, struct evp_signing *signing)
{
    *signing = contest->a;
    signing->libctx = new_context(peer->configuration);
    signing->key = load_key(signing->libctx, peers_uri(peer).text);
    if (is_same_kind(signing->key, contest->a.key) && (!signing->reused || evp_reuses(signing))) {
        evp_try(signing, &contest->a);
        contest->loops[contest->count++] = evp_loop(signing);
    } else {
        EVP_PKEY_free(signing->key);
        signing->key = NULL;
    }
}

static void report_peers(const struct bench *bench, const struct contest *contest,
                         const struct result *ours, const struct times *times)
{
    size_t loop = 1;

    for (size_t i = 0; i < bench->options->peer_count; i++) {
        struct result result = *ours;

        if (contest->peers[i].key == NULL)
            continue;
        snprintf(result.row, sizeof(result.row), "%.30s (%.24s)", ours->row,
                 bench->options->peers[i].name);
        memset(&result.bounds, 0, sizeof(result.bounds));
        result_ratio(&result, times, loop++, contest->count - 1);
        bench_report(bench, &result);
    }
}

/* ---- The contest ----------------------------------------------------------------------------- */

static void begin(struct contest *contest, const struct bench *bench,
                  const struct ordinary *ordinary)
{
    const struct options *options = bench->options;
    struct token *token = &contest->token;

    memset(contest, 0, sizeof(*contest));
    token_open(token, bench);
    make_key(bench, KEY_LABEL, ordinary->algorithm, "none");
    contest->a.libctx = token->libctx;
    contest->a.key = load_key(token->libctx, key_uri(KEY_LABEL).text);
    contest->a.reused = ordinary->reused;
    contest->b.token = token;
    contest->b.key = find_private(token, KEY_LABEL);
    contest->b.kind = raw_kind_of(ordinary->algorithm);
    evp_try(&contest->a, &contest->a);
    contest->loops[contest->count++] = evp_loop(&contest->a);
    for (size_t i = 0; i < options->peer_count; i++)
        add_peer(contest, &options->peers[i], &contest->peers[i]);
    contest->loops[contest->count++] = raw_loop(&contest->b);
}

static void end(struct contest *contest)
{
    for (size_t i = 0; i < PEER_LIMIT; i++) {
        EVP_PKEY_free(contest->peers[i].key);
        OSSL_LIB_CTX_free(contest->peers[i].libctx);
    }
    EVP_PKEY_free(contest->a.key);
    token_close(&contest->token);
}

static void run(struct bench *bench, const struct row *row)
{
    const struct ordinary *ordinary = row->detail;
    struct contest contest;
    struct result result;
    struct times times;

    begin(&contest, bench, ordinary);
    measure(contest.loops, contest.count, ordinary->threads ? bench->options->threads : 1,
            pairs_of(bench->options, 500), &times);
    result_begin(&result, row);
    snprintf(result.a, sizeof(result.a), "EVP_DigestSign, %s, %s context", ordinary->algorithm,
             ordinary->reused ? "reused" : "fresh");
    snprintf(result.b, sizeof(result.b), "digest, C_SignInit, C_Sign");
    result_ratio(&result, &times, 0, contest.count - 1);
    bench_report(bench, &result);
    report_peers(bench, &contest, &result, &times);
    times_free(&times);
    end(&contest);
}

static const struct ordinary rsa = {"RSA:2048", false, false};
static const struct ordinary ed25519 = {"ED25519", false, false};
static const struct ordinary p256_fresh = {"EC:P-256", false, false};
static const struct ordinary p256_reused = {"EC:P-256", true, false};
static const struct ordinary threads_rsa = {"RSA:2048", false, true};
static const struct ordinary threads_p256 = {"EC:P-256", true, true};

const struct row row_rsa = {"rsa2048", "ordinary key, RSA-2048", {0.97, 0}, run, &rsa};
const struct row row_ed25519 = {"ed25519", "ordinary key, Ed25519", {0.97, 0}, run, &ed25519};
const struct row row_p256_fresh = {
    "p256-fresh", "ordinary key, P-256, a fresh context each time", {0.92, 0}, run, &p256_fresh};
const struct row row_p256_reused = {
    "p256-reused", "ordinary key, P-256, one context used again", {0.95, 0}, run, &p256_reused};
const struct row row_threads_rsa = {
    "threads-rsa2048", "ordinary key, RSA-2048, several threads", {0.95, 0}, run, &threads_rsa};
const struct row row_threads_p256 = {"threads-p256",
                                     "ordinary key, P-256, several threads, reused contexts",
                                     {0.95, 0},
                                     run,
                                     &threads_p256};
