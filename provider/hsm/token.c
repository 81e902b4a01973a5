/* SPDX-License-Identifier: Apache-2.0 */
/* Which tokens a module has, and which one is meant. */
#include "provider/hsm/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/hsm/cryptoki.h"
#include "provider/hsm/module.h"
#include "provider/hsm/state.h"

/* How often the list of slots may change while it is read. */
#define SLOT_LIST_TRIES 8

static struct hsm_token *token_new(struct hsm_module *module, const CK_TOKEN_INFO *info)
{
    struct hsm_token *token = calloc(1, sizeof(*token));

    if (token == NULL)
        return NULL;
    token->module = module;
    hsm_unpad(token->label, info->label, sizeof(info->label));
    hsm_unpad(token->serial, info->serialNumber, sizeof(info->serialNumber));
    hsm_unpad(token->manufacturer, info->manufacturerID, sizeof(info->manufacturerID));
    hsm_unpad(token->model, info->model, sizeof(info->model));
    return token;
}

static bool same_token(const struct hsm_token *a, const struct hsm_token *b)
{
    return strcmp(a->label, b->label) == 0 && strcmp(a->serial, b->serial) == 0 &&
           strcmp(a->manufacturer, b->manufacturer) == 0 && strcmp(a->model, b->model) == 0;
}

/* Some modules never say that a token is initialised, but then it has a label. */
static bool is_initialised(const CK_TOKEN_INFO *info)
{
    char label[sizeof(info->label) + 1];

    hsm_unpad(label, info->label, sizeof(info->label));
    return (info->flags & CKF_TOKEN_INITIALIZED) != 0 || label[0] != 0;
}

/* A slot with an initialised token in it. */
struct filled_slot {
    CK_SLOT_ID slot;
    CK_FLAGS flags;
    struct hsm_token *read;  /* as the module tells of it */
    struct hsm_token *token; /* that is known, or made of it */
};

/* Inside the lock. One card in several slots is as many tokens, all alike. */
static struct hsm_token *known_token(const struct hsm_module *module,
                                     const struct filled_slot *slots, size_t count, size_t which,
                                     bool in_this_slot)
{
    for (struct hsm_token *token = module->tokens; token != NULL; token = token->next) {
        bool taken = false;

        for (size_t i = 0; i < count; i++)
            taken = taken || slots[i].token == token;
        if (!taken && same_token(token, slots[which].read) &&
            (!in_this_slot || token->slot == slots[which].slot))
            return token;
    }
    return NULL;
}

/* Inside the lock: notes which token is in which slot; first those that stayed where they were. */
static void note_tokens(struct hsm_module *module, struct filled_slot *slots, size_t count)
{
    for (size_t i = 0; i < count; i++)
        slots[i].token = known_token(module, slots, count, i, true);
    for (size_t i = 0; i < count; i++) {
        struct filled_slot *slot = &slots[i];

        if (slot->token == NULL)
            slot->token = known_token(module, slots, count, i, false);
        if (slot->token == NULL) {
            slot->token = slot->read;
            slot->read = NULL;
            slot->token->next = module->tokens;
            module->tokens = slot->token;
        }
        if (slot->token->slot != slot->slot)
            slot->token->ready = false;
        slot->token->slot = slot->slot;
        slot->token->flags = slot->flags;
    }
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
typedef void token_visit(void *arg, struct hsm_token *token, CK_SLOT_ID slot);

/* A slot that does not answer is passed over: the others are as good as before. */
static CK_RV read_slots(struct hsm_module *module, const CK_SLOT_ID *ids, CK_ULONG id_count,
                        struct filled_slot *slots, size_t *count)
{
    *count = 0;
    for (CK_ULONG i = 0; i < id_count; i++) {
        struct filled_slot *slot = &slots[*count];
        CK_TOKEN_INFO info;

        memset(&info, 0, sizeof(info));
        if (HSM_CALL(module->calls->C_GetTokenInfo(ids[i], &info)) != CKR_OK ||
            !is_initialised(&info))
            continue;
        slot->slot = ids[i];
        slot->flags = info.flags;
        slot->read = token_new(module, &info);
        if (slot->read == NULL)
            return CKR_HOST_MEMORY;
        ++*count;
    }
    return CKR_OK;
}

static CK_RV visit_tokens(struct hsm_module *module, token_visit *visit, void *arg)
{
    struct filled_slot *slots = NULL;
    CK_SLOT_ID *ids = NULL;
    CK_ULONG id_count = 0;
    size_t count = 0;
    CK_RV rv = list_slots(module, &ids, &id_count);

    if (rv == CKR_OK && (slots = calloc(id_count + 1, sizeof(*slots))) == NULL)
        rv = CKR_HOST_MEMORY;
    if (rv == CKR_OK)
        rv = read_slots(module, ids, id_count, slots, &count);
    if (rv == CKR_OK) {
        hsm_lock();
        note_tokens(module, slots, count);
        hsm_unlock();
    }
    for (size_t i = 0; i < count; i++) {
        if (rv == CKR_OK)
            visit(arg, slots[i].token, slots[i].slot);
        free(slots[i].read);
    }
    free(slots);
    free(ids);
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
    if (rv == CKR_CRYPTOKI_NOT_INITIALIZED && !hsm_module_ready(module, incarnation, errors))
        return false;
    if (rv == CKR_CRYPTOKI_NOT_INITIALIZED ||
        (rv == CKR_DEVICE_ERROR && hsm_module_revive(module, incarnation)))
        rv = visit_tokens(module, visit, arg);
    return rv == CKR_OK || ska_fail(errors, SKA_R_MODULE_UNAVAILABLE, "%s: C_GetSlotList: %s",
                                    module->path, hsm_rv_text(rv).text);
}

struct token_search {
    const struct hsm_module *module;
    const struct hsm_token_match *match;
    bool library; /* whether the module is one that is meant */
    struct hsm_tokens found;
    size_t count;               /* of all that match */
    bool alike;                 /* all of them */
    struct ska_buffer matching; /* for messages */
    struct ska_buffer others;
};

static bool matches(const char *wanted, const char *value)
{
    return wanted == NULL || strcmp(wanted, value) == 0;
}

static bool matches_padded(const char *wanted, const CK_UTF8CHAR *field, size_t size)
{
    char value[65];

    hsm_unpad(value, field, size);
    return matches(wanted, value);
}

/* "2" is any of 2.0, 2.1 ... */
static bool version_matches(const char *wanted, const CK_VERSION *version)
{
    char major[8];
    char whole[16];

    snprintf(major, sizeof(major), "%u", (unsigned int)version->major);
    snprintf(whole, sizeof(whole), "%u.%u", (unsigned int)version->major,
             (unsigned int)version->minor);
    return wanted == NULL || strcmp(wanted, major) == 0 || strcmp(wanted, whole) == 0;
}

static bool library_matches(const struct hsm_module *module, const struct hsm_token_match *match)
{
    CK_INFO info;

    if (match->library_description == NULL && match->library_manufacturer == NULL &&
        match->library_version == NULL)
        return true;
    memset(&info, 0, sizeof(info));
    return HSM_CALL(module->calls->C_GetInfo(&info)) == CKR_OK &&
           matches_padded(match->library_description, info.libraryDescription,
                          sizeof(info.libraryDescription)) &&
           matches_padded(match->library_manufacturer, info.manufacturerID,
                          sizeof(info.manufacturerID)) &&
           version_matches(match->library_version, &info.libraryVersion);
}

static bool slot_matches(const struct hsm_module *module, CK_SLOT_ID slot,
                         const struct hsm_token_match *match)
{
    CK_SLOT_INFO info;

    if (match->slot_id != NULL && strtoull(match->slot_id, NULL, 10) != slot)
        return false;
    if (match->slot_description == NULL && match->slot_manufacturer == NULL)
        return true;
    memset(&info, 0, sizeof(info));
    return HSM_CALL(module->calls->C_GetSlotInfo(slot, &info)) == CKR_OK &&
           matches_padded(match->slot_description, info.slotDescription,
                          sizeof(info.slotDescription)) &&
           matches_padded(match->slot_manufacturer, info.manufacturerID,
                          sizeof(info.manufacturerID));
}

static bool token_matches(const struct token_search *search, const struct hsm_token *token,
                          CK_SLOT_ID slot)
{
    const struct hsm_token_match *match = search->match;

    return search->library && matches(match->label, token->label) &&
           matches(match->serial, token->serial) &&
           matches(match->manufacturer, token->manufacturer) &&
           matches(match->model, token->model) && slot_matches(search->module, slot, match);
}

static void consider_token(void *arg, struct hsm_token *token, CK_SLOT_ID slot)
{
    struct token_search *search = arg;
    bool match = token_matches(search, token, slot);
    struct ska_buffer *list = match ? &search->matching : &search->others;

    ska_buffer_format(list, "%s\"%s\" (serial %s, slot-id %lu)", list->length == 0 ? "" : ", ",
                      hsm_show(token->label).text, hsm_show(token->serial).text,
                      (unsigned long)slot);
    if (!match)
        return;
    search->count++;
    search->alike =
        search->count == 1 || (search->alike && same_token(search->found.list[0], token));
    if (search->found.count < HSM_TWINS)
        search->found.list[search->found.count++] = token;
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
                   {"model", match->model},
                   {"slot-id", match->slot_id},
                   {"slot-description", match->slot_description},
                   {"slot-manufacturer", match->slot_manufacturer},
                   {"library-description", match->library_description},
                   {"library-manufacturer", match->library_manufacturer},
                   {"library-version", match->library_version}};

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
        ska_fail(errors, SKA_R_TOKEN_AMBIGUOUS, "%s: %zu tokens match %s: %s; give %s",
                 module->path, search->count, (const char *)shown[0].data,
                 (const char *)shown[1].data, search->alike ? "slot-id" : "label or serial");
out:
    free(access);
    ska_buffer_free(&wanted);
    for (size_t i = 0; i < 3; i++)
        ska_bytes_free(&shown[i]);
    return false;
}

static void clear_search(struct token_search *search)
{
    ska_buffer_free(&search->matching);
    ska_buffer_free(&search->others);
    memset(&search->found, 0, sizeof(search->found));
    search->count = 0;
}

/*
 * Modules that read their list of tokens when they are initialized do not see one that was made
 * since. Where there is nobody who has a session, ourselves included, they are asked anew.
 */
static bool look_again(struct hsm_module *module)
{
    unsigned long incarnation = 0;
    bool idle = true;

    hsm_lock();
    incarnation = module->incarnation;
    for (const struct hsm_token *token = module->tokens; token != NULL; token = token->next)
        idle =
            idle && (token->incarnation != incarnation || token->idle_count + token->leased == 0);
    hsm_unlock();
    return idle && hsm_module_restart(module, incarnation);
}

/* How many tokens may match. */
enum wanted_tokens { ONE_TOKEN, ALIKE_TOKENS, ANY_TOKENS };

static bool is_wanted_count(const struct token_search *search, enum wanted_tokens wanted)
{
    switch (wanted) {
    case ONE_TOKEN:
        return search->count == 1;
    case ALIKE_TOKENS:
        return search->count > 0 && search->count <= HSM_TWINS && search->alike;
    case ANY_TOKENS:
        break;
    }
    return search->count > 0 && search->count <= HSM_TWINS;
}

static bool find_tokens(struct hsm_module *module, const struct hsm_token_match *match,
                        enum wanted_tokens wanted, struct hsm_tokens *tokens,
                        const struct ska_errors *errors)
{
    struct token_search search = {.module = module, .match = match};
    bool done = false;

    if (!hsm_module_ready(module, 0, errors))
        return false;
    search.library = library_matches(module, match);
    done = scan_tokens(module, consider_token, &search, errors);
    if (done && search.count == 0 && search.library && look_again(module)) {
        clear_search(&search);
        done = scan_tokens(module, consider_token, &search, errors);
    }
    done =
        done && (is_wanted_count(&search, wanted) || raise_token_search(module, &search, errors));
    if (done)
        *tokens = search.found;
    clear_search(&search);
    return done;
}

bool hsm_token_find_alike(struct hsm_module *module, const struct hsm_token_match *match,
                          struct hsm_tokens *tokens, const struct ska_errors *errors)
{
    return find_tokens(module, match, ALIKE_TOKENS, tokens, errors);
}

bool hsm_token_find_all(struct hsm_module *module, const struct hsm_token_match *match,
                        struct hsm_tokens *tokens, const struct ska_errors *errors)
{
    return find_tokens(module, match, ANY_TOKENS, tokens, errors);
}

bool hsm_token_find(struct hsm_module *module, const struct hsm_token_match *match,
                    struct hsm_token **token, const struct ska_errors *errors)
{
    struct hsm_tokens tokens = {.count = 0};
    bool done = find_tokens(module, match, ONE_TOKEN, &tokens, errors);

    if (done)
        *token = tokens.list[0];
    return done;
}

static void note_if_wanted(void *arg, struct hsm_token *token, CK_SLOT_ID slot)
{
    const struct hsm_token **wanted = arg;

    (void)slot;
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
        is_initialised(&info)) {
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

const char *hsm_token_serial(const struct hsm_token *token)
{
    return token->serial;
}

struct hsm_module *hsm_token_module(const struct hsm_token *token)
{
    return token->module;
}
