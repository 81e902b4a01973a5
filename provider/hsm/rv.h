/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the answers of Cryptoki calls mean, and how they are told.
 */
#ifndef SKA_HSM_RV_H
#define SKA_HSM_RV_H

#include "provider/hsm/cryptoki.h"

struct hsm_token;

/* What an answer shows to be gone, each worse than the one before. */
enum hsm_loss {
    HSM_LOSS_NONE,
    HSM_LOSS_OBJECT,  /* the handle of the object */
    HSM_LOSS_LOGIN,   /* the login, and with it handles of private objects */
    HSM_LOSS_SESSION, /* all sessions */
    HSM_LOSS_MODULE   /* somebody finalized the module */
};

enum hsm_loss hsm_rv_loss(CK_RV rv);

/* Whether it also proves that the call did nothing, so that it may be repeated. */
bool hsm_rv_nothing_done(CK_RV rv);

/* "CKR_PIN_INCORRECT", or the number. */
struct hsm_rv_text {
    char text[48];
};
struct hsm_rv_text hsm_rv_text(CK_RV rv);

/* Raises SKA_R_HSM_FAILURE with call, token (may be NULL) and answer. */
bool hsm_fail_rv(const struct ska_errors *errors, const char *call, const struct hsm_token *token,
                 CK_RV rv);

/* A label for messages, made harmless. */
struct hsm_shown {
    char text[264];
};
struct hsm_shown hsm_show(const char *text);

#endif
