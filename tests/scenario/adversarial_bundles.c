/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hands bundles that an attacker made to the provider, and holds each signature that comes out
 * against what was asked for and what was approved:
 *
 *     adversarial_bundles PLAIN.CNF LOGGED.CNF COUNT SEED
 *
 * Some go by a configuration with an audit log: who shows a bundle to people reads all of it, and
 * who does not hands it to the HSM as it is.
 *
 * In the current directory: the approvers' keys and the pool (bundle_pool.h), LABEL.pub.pem of each
 * key, the documents, and the simulator's call log in calls.log. Prints how many were signed, and
 * what refused the others; a signature that must not be there ends it with status 1, and the bundle
 * is in finding.1 and finding.2.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "application.h"
#include "bundle_mutation.h"
#include "ska/provider.h"

#define SIGNATURE_LIMIT 1024

/* ---- The keys ----------------------------------------------------------------------------------
 */

#define BIT(approver) (1U << (approver))

/* What the rules of adversarial_bundles.sh say. An alternative is a list of groups. */
struct group {
    unsigned int quorum;
    unsigned int approvers; /* as bits; 0 ends the list */
};

static struct signer {
    const char *label;
    bool limited; /* a rule with a timeout: only tokens in time count */
    struct group alternatives[2][3];
    EVP_PKEY *keys[2];     /* the provider's, by each configuration */
    EVP_PKEY *public_copy; /* plain libcrypto's */
} signers[] = {
    {"seal", false, {{{2, BIT(ALICE) | BIT(BOB) | BIT(CAROL)}}}, {NULL}, NULL},
    {"double",
     false,
     {{{1, BIT(ALICE)}, {1, BIT(BOB) | BIT(CAROL)}},
      {{3, BIT(ALICE) | BIT(BOB) | BIT(CAROL) | BIT(DAVE)}}},
     {NULL},
     NULL},
    {"archive", false, {{{2, BIT(BOB) | BIT(CAROL) | BIT(DAVE)}}}, {NULL}, NULL},
    {"brief", true, {{{2, BIT(ALICE) | BIT(BOB) | BIT(CAROL)}}}, {NULL}, NULL},
};

static struct signer *find_signer(const char *label)
{
    for (size_t i = 0; i < COUNT(signers); i++)
        if (strcmp(signers[i].label, label) == 0)
            return &signers[i];
    must(!"a key of this name");
    return NULL;
}

static EVP_PKEY *read_public_key(const char *label)
{
    char path[64];
    BIO *file = NULL;
    EVP_PKEY *key = NULL;

    snprintf(path, sizeof(path), "%s.pub.pem", label);
    file = BIO_new_file(path, "r");
    must(file != NULL);
    key = PEM_read_bio_PUBKEY(file, NULL, NULL, NULL);
    must(key != NULL);
    BIO_free(file);
    return key;
}

static void open_signers(OSSL_LIB_CTX *const libctx[2])
{
    char uri[64];

    for (size_t i = 0; i < COUNT(signers); i++) {
        snprintf(uri, sizeof(uri), "ska:object=%s", signers[i].label);
        for (int j = 0; j < 2; j++)
            signers[i].keys[j] = load_key(libctx[j], uri);
        signers[i].public_copy = read_public_key(signers[i].label);
    }
}

static void close_signers(void)
{
    for (size_t i = 0; i < COUNT(signers); i++) {
        for (int j = 0; j < 2; j++)
            EVP_PKEY_free(signers[i].keys[j]);
        EVP_PKEY_free(signers[i].public_copy);
    }
}

static unsigned int bits_in(unsigned int set)
{
    unsigned int count = 0;

    for (; set != 0; set &= set - 1)
        count++;
    return count;
}

static bool rule_satisfied(const struct signer *signer, unsigned int approvers)
{
    for (size_t i = 0; i < COUNT(signer->alternatives); i++) {
        const struct group *group = signer->alternatives[i];
        bool satisfied = group->approvers != 0;

        for (; group->approvers != 0; group++)
            satisfied = satisfied && bits_in(approvers & group->approvers) >= group->quorum;
        if (satisfied)
            return true;
    }
    return false;
}

/* ---- Asking ------------------------------------------------------------------------------------
 */

/* A signature that an application asks for, as the request of it in the pool says. */
struct wish {
    const struct pooled *request;
    struct signer *signer;
    struct bytes document;
    const char *digest; /* NULL: EdDSA */
    bool pss, message;
};

static struct bytes read_document(const char *path)
{
    struct bytes document = {calloc(1, 4096), 0};
    FILE *file = fopen(path, "r");

    must(document.data != NULL && file != NULL);
    document.length = fread(document.data, 1, 4096, file);
    fclose(file);
    return document;
}

static struct wish wish_of(const struct pooled *request)
{
    struct wish wish = {.request = request, .signer = find_signer(request->label)};

    wish.document = read_document(request->document);
    wish.pss = strcmp(request->way, "pss") == 0;
    wish.message = strcmp(request->way, "message") == 0;
    if (!EVP_PKEY_is_a(wish.signer->public_copy, "ED25519"))
        wish.digest = strcmp(request->way, "sha384") == 0 ? "SHA384" : "SHA256";
    return wish;
}

static void choose_padding(const struct wish *wish, EVP_PKEY_CTX *parameters)
{
    if (!wish->pss)
        return;
    must(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) > 0);
    must(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) > 0);
}

static OSSL_PARAM text_param(const char *name, const void *text)
{
    return OSSL_PARAM_construct_utf8_string(name, (char *)(uintptr_t)text, 0);
}

/* Signs with these bundles; a NULL is not given. Returns the length, 0 when refused. */
static size_t ask(const struct wish *wish, EVP_PKEY *key, OSSL_LIB_CTX *libctx,
                  const struct bytes *text, const char *path, unsigned char *signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL;
    OSSL_PARAM params[4];
    size_t length = SIGNATURE_LIMIT;
    int count = 0;
    bool done = false;

    must(context != NULL);
    if (text->data != NULL)
        params[count++] = text_param(SKA_PARAM_APPROVALS, text->data);
    if (path != NULL)
        params[count++] = text_param(SKA_PARAM_APPROVALS_FILE, path);
    if (wish->message)
        params[count++] = text_param(SKA_PARAM_PAYLOAD, "message");
    params[count] = OSSL_PARAM_construct_end();
    must(EVP_DigestSignInit_ex(context, &parameters, wish->digest, libctx, NULL, key, NULL) == 1);
    choose_padding(wish, parameters);
    done = EVP_PKEY_CTX_set_params(parameters, params) == 1 &&
           EVP_DigestSign(context, signature, &length, wish->document.data,
                          wish->document.length) == 1;
    EVP_MD_CTX_free(context);
    return done ? length : 0;
}

/* ---- What is allowed ---------------------------------------------------------------------------
 */

static bool verifies(EVP_PKEY *key, const char *digest, const struct wish *pss,
                     const struct bytes *message, const void *signature, size_t length)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL;
    bool valid = false;

    must(context != NULL);
    must(EVP_DigestVerifyInit_ex(context, &parameters, digest, NULL, NULL, key, NULL) == 1);
    if (pss != NULL)
        choose_padding(pss, parameters);
    valid = EVP_DigestVerify(context, signature, length, message->data, message->length) == 1;
    EVP_MD_CTX_free(context);
    return valid;
}

/* The request that this bundle's token is of: for what is asked, and one that may be used now. */
static const struct pooled *approved_request(const struct pool *pool, const struct wish *wish,
                                             const cJSON *bundle)
{
    const char *token = text_member(bundle, "approvalToBeSigned");

    for (size_t i = 0; i < pool->count; i++) {
        const struct pooled *request = &pool->requests[i];

        if (strcmp(request->token, token) == 0 && strcmp(request->operation, "SIGN") == 0 &&
            strcmp(request->label, wish->signer->label) == 0 &&
            strcmp(request->payload, wish->request->payload) == 0 &&
            (request->in_time || !wish->signer->limited))
            return request;
    }
    return NULL;
}

/* Who has signed the token of the request, by the approvals in this bundle, as bits. */
static unsigned int genuine_approvers(const struct pool *pool, const struct pooled *request,
                                      const cJSON *bundle)
{
    const cJSON *approval = NULL;
    unsigned int approvers = 0;

    cJSON_ArrayForEach(approval, cJSON_GetObjectItemCaseSensitive(bundle, "approvals"))
    {
        struct bytes signature = base64_decode(text_member(approval, "signature"));

        for (int i = 0; i < APPROVER_COUNT; i++)
            if (strcmp(text_member(approval, "signature"), request->signatures[i]) == 0 ||
                verifies(pool->approvers[i].key, approver_digest((enum approver)i), NULL,
                         &request->token_bytes, signature.data, signature.length))
                approvers |= BIT(i);
        free(signature.data);
    }
    return approvers;
}

/* Two bundles are one when they have the same token. */
static bool allowed(const struct pool *pool, const struct wish *wish, const struct bytes texts[2])
{
    const struct pooled *request = NULL;
    unsigned int approvers = 0;

    for (int i = 0; i < 2; i++) {
        cJSON *bundle = texts[i].data == NULL ? NULL : cJSON_Parse((char *)texts[i].data);
        const struct pooled *found = bundle == NULL ? NULL : approved_request(pool, wish, bundle);

        if (found != NULL && (request == NULL || request == found)) {
            request = found;
            approvers |= genuine_approvers(pool, request, bundle);
        } else if (texts[i].data != NULL) {
            approvers = 0;
            i = 2;
        }
        cJSON_Delete(bundle);
    }
    return rule_satisfied(wish->signer, approvers);
}

/* ---- Counting ----------------------------------------------------------------------------------
 */

/* What ended an attempt: the provider's reason, and the HSM's answer if it was asked. */
static struct outcome {
    char text[128];
    unsigned long count;
} outcomes[128];

static void count_outcome(const char *text)
{
    size_t i = 0;

    while (i < COUNT(outcomes) - 1 && outcomes[i].count > 0 && strcmp(outcomes[i].text, text) != 0)
        i++;
    snprintf(outcomes[i].text, sizeof(outcomes[i].text), "%s", text);
    outcomes[i].count++;
}

static int by_count(const void *a, const void *b)
{
    const struct outcome *left = a, *right = b;

    return (left->count < right->count) - (left->count > right->count);
}

static void print_outcomes(void)
{
    qsort(outcomes, COUNT(outcomes), sizeof(outcomes[0]), by_count);
    for (size_t i = 0; i < COUNT(outcomes) && outcomes[i].count > 0; i++)
        printf("%9lu  %s\n", outcomes[i].count, outcomes[i].text);
}

/* The HSM's answer since the last time, "" when it was not asked for a signature. */
static const char *hsm_answer(int log)
{
    static char lines[65536];
    static char answer[64];
    ssize_t length = pread(log, lines, sizeof(lines) - 1, 0);
    const char *call = NULL;

    must(length >= 0 && ftruncate(log, 0) == 0);
    lines[length] = '\0';
    call = strstr(lines, "C_SKASign ");
    if (call == NULL || sscanf(call, "%*s %*s %63s", answer) != 1)
        return "";
    return answer;
}

static void describe_outcome(bool signed_, int log, char *text, size_t size)
{
    const char *answer = hsm_answer(log);
    const char *reason = signed_ ? "signed" : ERR_reason_error_string(ERR_peek_error());

    snprintf(text, size, "%s%s%s", reason == NULL ? "?" : reason,
             answer[0] == '\0' ? ", by the provider" : ", by the HSM: ", answer);
}

/* ---- The run -----------------------------------------------------------------------------------
 */

struct run {
    OSSL_LIB_CTX *libctx[2]; /* by each configuration */
    struct pool pool;
    struct wish *wishes;
    size_t wish_count;
    struct chance chance;
    int log;
};

static void write_bytes(const char *path, const struct bytes *bytes)
{
    FILE *file = fopen(path, "w");

    must(file != NULL && fwrite(bytes->data, 1, bytes->length, file) == bytes->length &&
         fclose(file) == 0);
}

static void expect_allowed(const struct run *run, const struct wish *wish,
                           const struct bytes texts[2], const unsigned char *signature,
                           size_t length)
{
    bool genuine =
        verifies(wish->signer->public_copy, wish->digest, wish, &wish->document, signature, length);

    if (genuine && allowed(&run->pool, wish, texts))
        return;
    fprintf(stderr, "adversarial_bundles: key '%s', document '%s', %s: %s\n", wish->signer->label,
            wish->request->document, wish->request->way,
            genuine ? "a signature that nobody approved" : "a signature of something else");
    for (int i = 0; i < 2; i++)
        if (texts[i].data != NULL)
            write_bytes(i == 0 ? "finding.1" : "finding.2", &texts[i]);
    exit(1);
}

/* As the parameter, as a file, or both: two bundles that are to be one. */
static void attempt(struct run *run)
{
    const struct wish *wish = &run->wishes[chance_below(&run->chance, run->wish_count)];
    struct bytes texts[2] = {{NULL, 0}, {NULL, 0}};
    size_t way = chance_below(&run->chance, 10);
    int by = chance_percent(&run->chance, 10);
    unsigned char signature[SIGNATURE_LIMIT];
    char text[128];
    size_t length = 0;

    if (way != 0)
        texts[0] = bundle_attack(&run->pool, wish->request, &run->chance);
    if (way < 2) {
        texts[1] = bundle_attack(&run->pool, wish->request, &run->chance);
        write_bytes("bundle", &texts[1]);
    }
    ERR_clear_error();
    length = ask(wish, wish->signer->keys[by], run->libctx[by], &texts[0],
                 texts[1].data == NULL ? NULL : "bundle", signature);
    describe_outcome(length > 0, run->log, text, sizeof(text));
    count_outcome(text);
    if (length > 0)
        expect_allowed(run, wish, texts, signature, length);
    free(texts[0].data);
    free(texts[1].data);
}

static void open_run(struct run *run, char *const configurations[2])
{
    for (int i = 0; i < 2; i++) {
        run->libctx[i] = OSSL_LIB_CTX_new();
        must(run->libctx[i] != NULL && OSSL_LIB_CTX_load_config(run->libctx[i], configurations[i]));
    }
    open_signers(run->libctx);
    pool_read(&run->pool);
    run->wishes = calloc(run->pool.count, sizeof(*run->wishes));
    must(run->wishes != NULL);
    for (size_t i = 0; i < run->pool.count; i++)
        if (run->pool.requests[i].in_time && strcmp(run->pool.requests[i].operation, "SIGN") == 0)
            run->wishes[run->wish_count++] = wish_of(&run->pool.requests[i]);
    run->log = open("calls.log", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    must(run->wish_count > 0 && run->log >= 0 && ftruncate(run->log, 0) == 0);
}

static void close_run(struct run *run)
{
    for (size_t i = 0; i < run->wish_count; i++)
        free(run->wishes[i].document.data);
    free(run->wishes);
    pool_free(&run->pool);
    close_signers();
    for (int i = 0; i < 2; i++)
        OSSL_LIB_CTX_free(run->libctx[i]);
    close(run->log);
}

int main(int argc, char **argv)
{
    struct run run = {0};
    time_t start = time(NULL);
    unsigned long count = 0;

    must(argc == 5);
    count = strtoul(argv[3], NULL, 10);
    run.chance.state = strtoull(argv[4], NULL, 10);
    open_run(&run, &argv[1]);
    for (unsigned long i = 0; i < count; i++) {
        attempt(&run);
        if (i % 100000 == 99999)
            fprintf(stderr, "%lu after %ld s\n", i + 1, (long)(time(NULL) - start));
    }
    print_outcomes();
    close_run(&run);
    return 0;
}
