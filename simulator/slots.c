/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots, tokens, sessions and logins: SoftHSM's, with a word on what they belong to.
 */
#include "simulator/own_calls.h"

#include <stdlib.h>
#include <string.h>

#include "simulator/object_kind.h"
#include "simulator/session_table.h"
#include "simulator/softhsm_calls.h"
#include "simulator/token_file.h"
#include "ska/simulator.h"

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

/* Fills one of Cryptoki's text fields: padded with blanks, without NUL. */
static void set_text(unsigned char *field, size_t size, const char *text)
{
    memset(field, ' ', size);
    memcpy(field, text, strlen(text));
}

CK_RV sim_C_GetInfo(CK_INFO_PTR info)
{
    if (info == NULL)
        return CKR_ARGUMENTS_BAD;
    memset(info, 0, sizeof(*info));
    info->cryptokiVersion.major = 2;
    info->cryptokiVersion.minor = 40;
    set_text(info->manufacturerID, sizeof(info->manufacturerID), SKASIM_MANUFACTURER);
    set_text(info->libraryDescription, sizeof(info->libraryDescription),
             "for development, not certified");
    info->libraryVersion.major = SKASIM_VERSION_MAJOR;
    info->libraryVersion.minor = SKASIM_VERSION_MINOR;
    return CKR_OK;
}

CK_RV sim_C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO_PTR info)
{
    CK_RV rv = info == NULL ? CKR_ARGUMENTS_BAD : softhsm()->C_GetSlotInfo(sim_slot(slot), info);

    if (rv == CKR_OK)
        set_text(info->manufacturerID, sizeof(info->manufacturerID), SKASIM_MANUFACTURER);
    return rv;
}

/* ---- What touches the file of a token --------------------------------------------------- */

CK_RV sim_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info)
{
    CK_RV rv = CKR_ARGUMENTS_BAD;

    if (info == NULL)
        return rv;
    slot = sim_slot(slot);
    rv = sim_token_file_begin();
    if (rv != CKR_OK)
        return rv;
    rv = softhsm()->C_GetTokenInfo(slot, info);
    sim_token_file_end(false);
    if (rv == CKR_OK) {
        set_text(info->manufacturerID, sizeof(info->manufacturerID), SKASIM_MANUFACTURER);
        set_text(info->model, sizeof(info->model), "not certified");
    }
    return rv;
}

CK_RV sim_C_InitToken(CK_SLOT_ID slot, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len, CK_UTF8CHAR_PTR label)
{
    CK_RV rv = CKR_OK;

    slot = sim_slot(slot);
    rv = sim_token_file_begin();
    if (rv != CKR_OK)
        return rv;
    rv = softhsm()->C_InitToken(slot, pin, pin_len, label);
    sim_token_file_end(true);
    if (rv == CKR_OK)
        sim_objects_forget();
    return rv;
}

CK_RV sim_C_InitPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len)
{
    CK_RV rv = sim_token_file_begin();

    if (rv != CKR_OK)
        return rv;
    rv = softhsm()->C_InitPIN(session, pin, pin_len);
    sim_token_file_end(true);
    return rv;
}

CK_RV sim_C_SetPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR old_pin, CK_ULONG old_len,
                   CK_UTF8CHAR_PTR new_pin, CK_ULONG new_len)
{
    CK_RV rv = sim_token_file_begin();

    if (rv != CKR_OK)
        return rv;
    rv = softhsm()->C_SetPIN(session, old_pin, old_len, new_pin, new_len);
    sim_token_file_end(true);
    return rv;
}

CK_RV sim_C_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin,
                  CK_ULONG pin_len)
{
    CK_RV rv = sim_token_file_begin();

    if (rv != CKR_OK)
        return rv;
    rv = softhsm()->C_Login(session, user, pin, pin_len);
    sim_token_file_end(false);
    return rv;
}

/* ---- Sessions --------------------------------------------------------------------------- */

CK_RV sim_C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, CK_VOID_PTR application, CK_NOTIFY notify,
                        CK_SESSION_HANDLE_PTR session)
{
    CK_SESSION_HANDLE opened = CK_INVALID_HANDLE;
    CK_SESSION_HANDLE number = CK_INVALID_HANDLE;
    CK_RV rv = CKR_ARGUMENTS_BAD;

    if (session == NULL)
        return rv;
    slot = sim_slot(slot);
    rv = softhsm()->C_OpenSession(slot, flags, application, notify, &opened);
    if (rv == CKR_OK) {
        rv = sim_session_opened(opened, slot, &number);
        if (rv == CKR_OK)
            *session = number;
        else
            softhsm()->C_CloseSession(opened);
    }
    return rv;
}

/* With the last session the login ends, and with a login the handles of private objects. */

CK_RV sim_C_CloseSession(CK_SESSION_HANDLE session)
{
    bool none_left = false;
    CK_RV rv = sim_session_close(session, &none_left);

    if (rv == CKR_OK && none_left)
        sim_objects_forget();
    return rv;
}

CK_RV sim_C_CloseAllSessions(CK_SLOT_ID slot)
{
    CK_SLOT_INFO info = {0};
    bool none_left = false;
    CK_RV rv = CKR_OK;

    slot = sim_slot(slot);
    rv = softhsm()->C_GetSlotInfo(slot, &info);
    if (rv != CKR_OK)
        return rv;
    sim_slot_sessions_close(slot, &none_left);
    if (none_left)
        sim_objects_forget();
    return rv;
}

CK_RV sim_C_Logout(CK_SESSION_HANDLE session)
{
    CK_RV rv = softhsm()->C_Logout(session);

    if (rv == CKR_OK)
        sim_objects_forget();
    return rv;
}
