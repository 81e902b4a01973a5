/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a URI to a key, on a token with few keys and on the same one with many, against one filtered
 * search and one read of each of the two objects found.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/bytes.h"
#include "rows.h"

/* Every look-up is for another key than the one before; far from it, too. */
#define STEP 7919

/* P-256, as an object identifier. */
static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

struct lookup {
    const struct token *token;
    bool by_id;
    size_t keys;
};

/* Label and id of a key. */
struct name {
    char label[16];
    char id[16];
};

static struct name name_of(size_t number)
{
    struct name name;

    snprintf(name.label, sizeof(name.label), "key%zu", number % 1000000000);
    snprintf(name.id, sizeof(name.id), "id%zu", number % 1000000000);
    return name;
}

static void make_pair(const struct token *token, size_t number)
{
    struct name name = name_of(number);
    CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE label = {CKA_LABEL, name.label, strlen(name.label)};
    CK_ATTRIBUTE id = {CKA_ID, name.id, strlen(name.id)};
    CK_ATTRIBUTE stored = {CKA_TOKEN, &yes, sizeof(yes)};
    CK_ATTRIBUTE private[] = {
        label, id, stored, {CKA_PRIVATE, &yes, sizeof(yes)}, {CKA_SIGN, &yes, sizeof(yes)}};
    CK_ATTRIBUTE public[] = {label, id, stored, {CKA_EC_PARAMS, p256, sizeof(p256)}};
    CK_OBJECT_HANDLE made[2];

    must(token->calls->C_GenerateKeyPair(token->session, &mechanism, public, COUNT(public), private,
                                         COUNT(private), &made[0], &made[1]) == CKR_OK);
}

/* ---- Loops ----------------------------------------------------------------------------------- */

struct lookup_state {
    const struct lookup *lookup;
    CK_SESSION_HANDLE session; /* of the raw calls */
    size_t next;
};

static struct name next_name(struct lookup_state *state)
{
    state->next = (state->next + STEP) % state->lookup->keys;
    return name_of(state->next);
}

static void *start(const void *what)
{
    struct lookup_state *state = calloc(1, sizeof(*state));

    must(state != NULL);
    state->lookup = what;
    state->session = open_session(state->lookup->token, 0);
    return state;
}

static void stop(void *with)
{
    struct lookup_state *state = with;

    must(state->lookup->token->calls->C_CloseSession(state->session) == CKR_OK);
    free(state);
}

static void store_once(void *with)
{
    struct lookup_state *state = with;
    struct name name = next_name(state);
    struct path uri = key_uri(name.label);

    if (state->lookup->by_id)
        snprintf(uri.text, sizeof(uri.text), "ska:token=" TOKEN_LABEL ";id=%s", name.id);
    EVP_PKEY_free(load_key(state->lookup->token->libctx, uri.text));
}

/* What a key is made of, of a private object and of a public one. */
static void read_object(const struct lookup_state *state, CK_OBJECT_HANDLE object)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_KEY_TYPE type = 0;
    CK_BYTE label[64];
    CK_BYTE id[64];
    CK_BYTE parameters[32];
    CK_BYTE point[160];
    CK_ATTRIBUTE read[] = {{CKA_CLASS, &class, sizeof(class)},
                           {CKA_KEY_TYPE, &type, sizeof(type)},
                           {CKA_LABEL, label, sizeof(label)},
                           {CKA_ID, id, sizeof(id)},
                           {CKA_EC_PARAMS, parameters, sizeof(parameters)},
                           {CKA_EC_POINT, point, sizeof(point)}};
    CK_RV rv =
        state->lookup->token->calls->C_GetAttributeValue(state->session, object, read, COUNT(read));

    /* A private object does not show its point. */
    must(rv == CKR_OK || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE);
    must(type == CKK_EC && (rv == CKR_OK || class != CKO_PUBLIC_KEY));
}

static void raw_once(void *with)
{
    struct lookup_state *state = with;
    const CK_FUNCTION_LIST *calls = state->lookup->token->calls;
    struct name name = next_name(state);
    CK_ATTRIBUTE by_label = {CKA_LABEL, name.label, strlen(name.label)};
    CK_ATTRIBUTE by_id = {CKA_ID, name.id, strlen(name.id)};
    CK_OBJECT_HANDLE found[4];
    CK_ULONG count = 0;

    must(calls->C_FindObjectsInit(state->session, state->lookup->by_id ? &by_id : &by_label, 1) ==
         CKR_OK);
    must(calls->C_FindObjects(state->session, found, COUNT(found), &count) == CKR_OK);
    must(calls->C_FindObjectsFinal(state->session) == CKR_OK);
    must(count == 2);
    for (CK_ULONG i = 0; i < count; i++)
        read_object(state, found[i]);
}

/* ---- The row --------------------------------------------------------------------------------- */

/* The ratio, which is to be kept. */
static struct result compare(const struct bench *bench, const struct row *row,
                             const struct lookup *lookup)
{
    struct loop loops[] = {{start, store_once, stop, lookup, false, NULL},
                           {start, raw_once, stop, lookup, false, NULL}};
    struct result result;
    struct times times;

    measure(loops, COUNT(loops), 1, pairs_of(bench->options, 50), &times);
    result_begin(&result, row);
    result_ratio(&result, &times, 0, 1);
    times_free(&times);
    snprintf(result.row, sizeof(result.row), "%s-%s-%zu", row->name, lookup->by_id ? "id" : "label",
             lookup->keys);
    snprintf(result.a, sizeof(result.a), "OSSL_STORE open, load, close, %zu keys", lookup->keys);
    snprintf(result.b, sizeof(result.b), "one C_FindObjects, two C_GetAttributeValue");
    bench_report(bench, &result);
    return result;
}

/* How the ratio changes with the number of keys. */
static void compare_sizes(const struct bench *bench, const struct row *row,
                          const struct result *few, const struct result *many)
{
    struct result result;

    result_begin(&result, row);
    snprintf(result.row, sizeof(result.row), "%.50s-sizes", few->row);
    snprintf(result.a, sizeof(result.a), "%.60s", many->row);
    snprintf(result.b, sizeof(result.b), "%.60s", few->row);
    snprintf(result.measure, sizeof(result.measure), "ratio of A / ratio of B");
    result.median = many->median / few->median;
    result.lowest = result.highest = result.median;
    result.pairs = 1;
    result.bounds = (struct bounds){0.95, 0};
    bench_report(bench, &result);
}

static void run(struct bench *bench, const struct row *row)
{
    size_t sizes[] = {bench->options->keys / 4, bench->options->keys};
    struct result results[2][2];
    struct token token;
    size_t made = 0;

    if (sizes[0] > 1000)
        sizes[0] = 1000;
    token_open(&token, bench);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        while (made < sizes[i])
            make_pair(&token, made++);
        for (int by_id = 0; by_id < 2; by_id++) {
            struct lookup lookup = {&token, by_id != 0, sizes[i]};

            results[by_id][i] = compare(bench, row, &lookup);
        }
    }
    for (int by_id = 0; by_id < 2; by_id++)
        compare_sizes(bench, row, &results[by_id][0], &results[by_id][1]);
    token_close(&token);
}

const struct row row_lookup = {
    "lookup", "from a URI to a key, by label and by id, few and many keys", {0.75, 0}, run, NULL};
