/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots, tokens, sessions and logins: SoftHSM's, with a word on what they belong to.
 */
#include "simulator/slots.h"

#include <stdlib.h>

#include "simulator/module.h"
#include "simulator/session.h"
#include "ska/simulator.h"
#include "simulator/softhsm.h"
#include "simulator/store.h"
#include "simulator/token_file.h"

static CK_SLOT_ID find_slot_with_token(void)
{
    CK_SLOT_ID *slots = NULL;
    CK_SLOT_ID found = 0;
    CK_ULONG count = 0;

    if (softhsm()->C_GetSlotList(CK_TRUE, NULL, &count) != CKR_OK || count == 0)
        return 0;
    slots = calloc(count, sizeof(*slots));
    if (slots != NULL && softhsm()->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK) {
        for (CK_ULONG i = 0; found == 0 && i < count; i++) {
            CK_TOKEN_INFO info = {0};

            if (softhsm()->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
                (info.flags & CKF_TOKEN_INITIALIZED) != 0)
                found = slots[i];
        }
    }
    free(slots);
    return found;
}

static CK_SLOT_ID first_slot_with_token(void)
{
    CK_SLOT_ID found = 0;

    if (sim_token_file_begin() == CKR_OK) {
        found = find_slot_with_token();
        sim_token_file_end(false);
    }
    return found;
}

CK_SLOT_ID sim_slot(CK_SLOT_ID slot)
{
    CK_SLOT_INFO info = {0};

    if (slot != 0 || softhsm()->C_GetSlotInfo(0, &info) == CKR_OK)
        return slot;
    return first_slot_with_token();
}

CK_RV C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO_PTR info)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK && info == NULL)
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = softhsm()->C_GetSlotInfo(sim_slot(slot), info);
    if (rv == CKR_OK)
        sim_set_text(info->manufacturerID, sizeof(info->manufacturerID), SKASIM_MANUFACTURER);
    return sim_leave(&call, rv);
}

CK_RV C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK && info == NULL)
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK) {
        slot = sim_slot(slot);
        rv = sim_token_file_begin();
    }
    if (rv == CKR_OK) {
        rv = softhsm()->C_GetTokenInfo(slot, info);
        sim_token_file_end(false);
    }
    if (rv == CKR_OK) {
        sim_set_text(info->manufacturerID, sizeof(info->manufacturerID), SKASIM_MANUFACTURER);
        sim_set_text(info->model, sizeof(info->model), "not certified");
    }
    return sim_leave(&call, rv);
}

CK_RV C_InitToken(CK_SLOT_ID slot, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len, CK_UTF8CHAR_PTR label)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK) {
        slot = sim_slot(slot);
        rv = sim_token_file_begin();
    }
    if (rv == CKR_OK) {
        rv = softhsm()->C_InitToken(slot, pin, pin_len, label);
        sim_token_file_end(true);
    }
    if (rv == CKR_OK)
        sim_store_forget();
    return sim_leave(&call, rv);
}

CK_RV C_InitPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = sim_token_file_begin();
    if (rv == CKR_OK) {
        rv = softhsm()->C_InitPIN(session, pin, pin_len);
        sim_token_file_end(true);
    }
    return sim_leave(&call, rv);
}

CK_RV C_SetPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR old_pin, CK_ULONG old_len,
               CK_UTF8CHAR_PTR new_pin, CK_ULONG new_len)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = sim_token_file_begin();
    if (rv == CKR_OK) {
        rv = softhsm()->C_SetPIN(session, old_pin, old_len, new_pin, new_len);
        sim_token_file_end(true);
    }
    return sim_leave(&call, rv);
}

CK_RV C_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = sim_token_file_begin();
    if (rv == CKR_OK) {
        rv = softhsm()->C_Login(session, user, pin, pin_len);
        sim_token_file_end(false);
    }
    return sim_leave(&call, rv);
}

CK_RV C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, CK_VOID_PTR application, CK_NOTIFY notify,
                    CK_SESSION_HANDLE_PTR session)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK) {
        slot = sim_slot(slot);
        rv = softhsm()->C_OpenSession(slot, flags, application, notify, session);
    }
    if (rv == CKR_OK) {
        rv = sim_session_opened(*session, slot);
        if (rv != CKR_OK)
            softhsm()->C_CloseSession(*session);
    }
    return sim_leave(&call, rv);
}

CK_RV C_CloseSession(CK_SESSION_HANDLE session)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = softhsm()->C_CloseSession(session);
    if (rv == CKR_OK)
        sim_session_closed(session);
    return sim_leave(&call, rv);
}

CK_RV C_CloseAllSessions(CK_SLOT_ID slot)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK) {
        slot = sim_slot(slot);
        rv = softhsm()->C_CloseAllSessions(slot);
    }
    if (rv == CKR_OK)
        sim_slot_sessions_closed(slot);
    return sim_leave(&call, rv);
}

CK_RV C_Logout(CK_SESSION_HANDLE session)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = softhsm()->C_Logout(session);
    if (rv == CKR_OK)
        sim_store_forget(); /* the handles of private objects are invalid now */
    return sim_leave(&call, rv);
}
