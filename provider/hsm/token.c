/* SPDX-License-Identifier: Apache-2.0 */
/* Which tokens a module has, and which one is meant. */
#include "provider/hsm/token.h"

#include <stdlib.h>
#include <string.h>

#include "provider/hsm/cryptoki.h"
#include "provider/hsm/module.h"
#include "provider/hsm/state.h"

/* How often the list of slots may change while it is read. */
#define SLOT_LIST_TRIES 8

/* From Cryptoki's blank-padded field to a string; some modules pad with NUL. */
static void unpad(char *to, const CK_UTF8CHAR *field, size_t size)
{
    while (size > 0 && (field[size - 1] == ' ' || field[size - 1] == 0))
        size--;
    memcpy(to, field, size);
    to[size] = 0;
}

static struct hsm_token *token_new(struct hsm_module *module, const CK_TOKEN_INFO *info)
{
    struct hsm_token *token = calloc(1, sizeof(*token));

    if (token == NULL)
        return NULL;
    token->module = module;
    unpad(token->label, info->label, sizeof(info->label));
    unpad(token->serial, info->serialNumber, sizeof(info->serialNumber));
    unpad(token->manufacturer, info->manufacturerID, sizeof(info->manufacturerID));
    unpad(token->model, info->model, sizeof(info->model));
    return token;
}

static bool same_token(const struct hsm_token *a, const struct hsm_token *b)
{
    return strcmp(a->label, b->label) == 0 && strcmp(a->serial, b->serial) == 0 &&
           strcmp(a->manufacturer, b->manufacturer) == 0 && strcmp(a->model, b->model) == 0;
}

/* Notes that a token is in a slot. NULL: out of memory. */
static struct hsm_token *note_token(struct hsm_module *module, CK_SLOT_ID slot,
                                    const CK_TOKEN_INFO *info)
{
    struct hsm_token *added = token_new(module, info);
    struct hsm_token *token = NULL;

    if (added == NULL)
        return NULL;
    hsm_lock();
    for (token = module->tokens; token != NULL; token = token->next)
        if (same_token(token, added))
            break;
    if (token == NULL) {
        added->next = module->tokens;
        module->tokens = token = added;
        added = NULL;
    }
    if (token->slot != slot)
        token->ready = false;
    token->slot = slot;
    token->login_required = (info->flags & CKF_LOGIN_REQUIRED) != 0;
    hsm_unlock();
    free(added);
    return token;
}

/* The slots that have a token. Free *slots with free(). */
static CK_RV list_slots(const struct hsm_module *module, CK_SLOT_ID **slots, CK_ULONG *count)
{
    CK_RV rv = CKR_OK;

    *slots = NULL;
    for (int tries = 0; tries < SLOT_LIST_TRIES; tries++) {
        rv = HSM_CALL(module->calls->C_GetSlotList(CK_TRUE, NULL, count));
        if (rv != CKR_OK)
            return rv;
        free(*slots);
        *slots = calloc(*count + 1, sizeof(**slots));
        if (*slots == NULL)
            return CKR_HOST_MEMORY;
        rv = HSM_CALL(module->calls->C_GetSlotList(CK_TRUE, *slots, count));
        if (rv != CKR_BUFFER_TOO_SMALL)
            break;
    }
    return rv;
}

/* Called for each initialised token of the module. */
typedef void token_visit(void *arg, struct hsm_token *token);

/* A slot that does not answer is passed over: the others are as good as before. */
static CK_RV visit_tokens(struct hsm_module *module, token_visit *visit, void *arg)
{
    CK_SLOT_ID *slots = NULL;
    CK_ULONG count = 0;
    CK_RV rv = list_slots(module, &slots, &count);

    for (CK_ULONG i = 0; rv == CKR_OK && i < count; i++) {
        CK_TOKEN_INFO info;
        struct hsm_token *token = NULL;

        memset(&info, 0, sizeof(info));
        if (HSM_CALL(module->calls->C_GetTokenInfo(slots[i], &info)) != CKR_OK ||
            (info.flags & CKF_TOKEN_INITIALIZED) == 0)
            continue;
        token = note_token(module, slots[i], &info);
        if (token == NULL)
            rv = CKR_HOST_MEMORY;
        else
            visit(arg, token);
    }
    free(slots);
    return rv;
}

static bool scan_tokens(struct hsm_module *module, token_visit *visit, void *arg,
                        const struct ska_errors *errors)
{
    unsigned long incarnation = 0;
    CK_RV rv = CKR_OK;

    if (!hsm_module_ready(module, 0, errors))
        return false;
    hsm_lock();
    incarnation = module->incarnation;
    hsm_unlock();
    rv = visit_tokens(module, visit, arg);
    if (rv == CKR_CRYPTOKI_NOT_INITIALIZED) {
        if (!hsm_module_ready(module, incarnation, errors))
            return false;
        rv = visit_tokens(module, visit, arg);
    }
    return rv == CKR_OK || ska_fail(errors, SKA_R_MODULE_UNAVAILABLE, "%s: C_GetSlotList: %s",
                                    module->path, hsm_rv_text(rv).text);
}

struct token_search {
    const struct hsm_token_match *match;
    struct hsm_token *found;
    size_t count;
    struct ska_buffer matching; /* for messages */
    struct ska_buffer others;
};

static bool token_matches(const struct hsm_token *token, const struct hsm_token_match *match)
{
    return (match->label == NULL || strcmp(match->label, token->label) == 0) &&
           (match->serial == NULL || strcmp(match->serial, token->serial) == 0) &&
           (match->manufacturer == NULL || strcmp(match->manufacturer, token->manufacturer) == 0) &&
           (match->model == NULL || strcmp(match->model, token->model) == 0);
}

static void consider_token(void *arg, struct hsm_token *token)
{
    struct token_search *search = arg;
    bool match = token_matches(token, search->match);
    struct ska_buffer *list = match ? &search->matching : &search->others;

    ska_buffer_format(list, "%s\"%s\" (serial %s)", list->length == 0 ? "" : ", ",
                      hsm_show(token->label).text, hsm_show(token->serial).text);
    if (!match)
        return;
    search->count++;
    search->found = token;
}

/* "token=x serial=y", of what was asked for. */
static void describe_match(struct ska_buffer *text, const struct hsm_token_match *match)
{
    const struct {
        const char *name;
        const char *value;
    } members[] = {{"token", match->label},
                   {"serial", match->serial},
                   {"manufacturer", match->manufacturer},
                   {"model", match->model}};

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (members[i].value != NULL)
            ska_buffer_format(text, "%s%s=\"%s\"", text->length == 0 ? "" : " ", members[i].name,
                              hsm_show(members[i].value).text);
    if (text->length == 0)
        ska_buffer_text(text, "any token");
}

static bool raise_token_search(const struct hsm_module *module, struct token_search *search,
                               const struct ska_errors *errors)
{
    struct ska_buffer wanted = {0};
    struct ska_bytes shown[3] = {{NULL, 0}};
    char *access = search->count == 0 ? hsm_explain_access(module) : NULL;

    describe_match(&wanted, search->match);
    if (search->others.length == 0)
        ska_buffer_text(&search->others, "none");
    if (!ska_buffer_finish(&wanted, &shown[0], errors) ||
        !ska_buffer_finish(&search->matching, &shown[1], errors) ||
        !ska_buffer_finish(&search->others, &shown[2], errors))
        goto out;
    if (search->count == 0)
        ska_fail(errors, SKA_R_TOKEN_NOT_FOUND, "%s: no token matches %s; there is: %s%s",
                 module->path, (const char *)shown[0].data, (const char *)shown[2].data,
                 access == NULL ? "" : access);
    else
        ska_fail(errors, SKA_R_TOKEN_AMBIGUOUS, "%s: %zu tokens match %s: %s; give label or serial",
                 module->path, search->count, (const char *)shown[0].data,
                 (const char *)shown[1].data);
out:
    free(access);
    ska_buffer_free(&wanted);
    for (size_t i = 0; i < 3; i++)
        ska_bytes_free(&shown[i]);
    return false;
}

bool hsm_token_find(struct hsm_module *module, const struct hsm_token_match *match,
                    struct hsm_token **token, const struct ska_errors *errors)
{
    struct token_search search = {.match = match};
    bool done = scan_tokens(module, consider_token, &search, errors) &&
                (search.count == 1 || raise_token_search(module, &search, errors));

    if (done)
        *token = search.found;
    ska_buffer_free(&search.matching);
    ska_buffer_free(&search.others);
    return done;
}

static void note_if_wanted(void *arg, struct hsm_token *token)
{
    const struct hsm_token **wanted = arg;

    if (token == *wanted)
        *wanted = NULL;
}

static bool raise_token_gone(const struct hsm_token *token, const struct ska_errors *errors)
{
    char *access = hsm_explain_access(token->module);

    ska_fail(errors, SKA_R_TOKEN_NOT_FOUND, "%s: token \"%s\" (serial %s) is gone%s",
             token->module->path, hsm_show(token->label).text, hsm_show(token->serial).text,
             access == NULL ? "" : access);
    free(access);
    return false;
}

bool hsm_token_locate(struct hsm_token *token, const struct ska_errors *errors)
{
    const struct hsm_token *wanted = token;
    CK_SLOT_ID slot = 0;
    CK_TOKEN_INFO info;

    memset(&info, 0, sizeof(info));
    hsm_lock();
    slot = token->slot;
    hsm_unlock();
    if (HSM_CALL(token->module->calls->C_GetTokenInfo(slot, &info)) == CKR_OK &&
        (info.flags & CKF_TOKEN_INITIALIZED) != 0) {
        struct hsm_token *there = token_new(token->module, &info);
        bool same = there != NULL && same_token(there, token);

        free(there);
        if (same)
            return true;
    }
    if (!scan_tokens(token->module, note_if_wanted, &wanted, errors))
        return false;
    return wanted == NULL || raise_token_gone(token, errors);
}

const char *hsm_token_label(const struct hsm_token *token)
{
    return token->label;
}

struct hsm_module *hsm_token_module(const struct hsm_token *token)
{
    return token->module;
}
