/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the simulator's own calls take, against a signature with an ordinary key: the less, the more
 * is the provider what the other rows measure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"

#define ORDINARY_LABEL "ordinary"

struct calls {
    const struct token *token;
    CK_OBJECT_HANDLE key;
    CK_OBJECT_HANDLE ordinary;
    CK_SESSION_HANDLE session;
    CK_BYTE digest[32];
    CK_BYTE approved[1024];
    CK_ULONG approved_length;
};

static void *begin(const void *what)
{
    const struct calls *calls = what;
    struct calls *copy = malloc(sizeof(*copy));

    must(copy != NULL);
    *copy = *calls;
    copy->session = open_session(copy->token, 0);
    return copy;
}

static void end(void *with)
{
    struct calls *calls = with;

    must(calls->token->calls->C_CloseSession(calls->session) == CKR_OK);
    free(calls);
}

static void make_token(void *with)
{
    struct calls *calls = with;

    calls->approved_length = sizeof(calls->approved);
    must(calls->token->create_approval_token(calls->session, CK_SKA_SIGN, calls->key, calls->digest,
                                             sizeof(calls->digest), NULL, 0, NULL, 0,
                                             calls->approved, &calls->approved_length) == CKR_OK);
}

static void sign_approved(void *with)
{
    struct calls *calls = with;
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_BYTE signature[128];
    CK_ULONG length = sizeof(signature);

    must(calls->token->ska_sign(calls->session, &mechanism, calls->key, calls->approved,
                                calls->approved_length, NULL, 0, signature, &length, NULL,
                                NULL) == CKR_OK);
}

static void sign_ordinary(void *with)
{
    struct calls *calls = with;
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_BYTE signature[128];
    CK_ULONG length = sizeof(signature);

    must(calls->token->calls->C_SignInit(calls->session, &mechanism, calls->ordinary) == CKR_OK);
    must(calls->token->calls->C_Sign(calls->session, calls->digest, sizeof(calls->digest),
                                     signature, &length) == CKR_OK);
}

static void report(const struct bench *bench, const struct row *row, const struct times *times,
                   size_t loop, const char *name, double at_most)
{
    double *values = calloc(times->rounds, sizeof(*values));
    struct result result;

    must(values != NULL);
    result_begin(&result, row);
    snprintf(result.row, sizeof(result.row), "%s-%s", row->name, name);
    snprintf(result.a, sizeof(result.a), "%s, P-256, empty rule",
             loop == 0 ? "C_CreateApprovalToken" : "C_SKASign");
    snprintf(result.b, sizeof(result.b), "C_SignInit, C_Sign, ordinary key, P-256");
    snprintf(result.measure, sizeof(result.measure), "what A takes / what B takes");
    result.bounds = (struct bounds){0, at_most};
    for (size_t i = 0; i < times->rounds; i++)
        values[i] = time_of(times, i, loop) / time_of(times, i, 2);
    result_values(&result, values, times->rounds);
    result.a_microseconds = median_time(times, loop);
    result.b_microseconds = median_time(times, 2);
    bench_report(bench, &result);
    free(values);
}

static void run(struct bench *bench, const struct row *row)
{
    struct path policy = token_path(bench, "policy.json");
    struct calls calls = {.digest = "a digest"};
    const struct loop loops[] = {{begin, make_token, end, &calls, false, NULL},
                                 {begin, sign_approved, end, &calls, false, NULL},
                                 {begin, sign_ordinary, end, &calls, false, NULL}};
    struct token token;
    struct times times;

    token_open(&token, bench);
    write_file(policy.text, empty_policy);
    make_key(bench, KEY_LABEL, "EC:P-256", policy.text);
    make_key(bench, ORDINARY_LABEL, "EC:P-256", "none");
    calls.token = &token;
    calls.key = find_private(&token, KEY_LABEL);
    calls.ordinary = find_private(&token, ORDINARY_LABEL);
    calls.session = token.session;
    make_token(&calls);
    measure(loops, COUNT(loops), 1, pairs_of(bench->options, 200), &times);
    report(bench, row, &times, 0, "token", 0.3);
    report(bench, row, &times, 1, "sign", 1.3);
    times_free(&times);
    token_close(&token);
}

const struct row row_simulator_calls = {"simulator-calls",
                                        "the simulator's own calls against an ordinary signature",
                                        {0, 0},
                                        run,
                                        NULL};
