/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions, and starting anew when they are lost: after a fork, or because the application has
 * logged out, closed all sessions or finalized the module.
 */
#ifndef SKA_HSM_SESSION_H
#define SKA_HSM_SESSION_H

#include "provider/hsm/cryptoki.h"
#include "provider/hsm/state.h"

/* A session for one operation. */
struct hsm_lease {
    struct hsm_token *token;
    const CK_FUNCTION_LIST *calls;
    CK_SESSION_HANDLE session;
    unsigned long generation; /* of the token: handles found in another one are stale */
    unsigned long pool;
    unsigned long incarnation; /* of the module */
};

/*
 * Work in a session: Cryptoki calls only. It names the call that it makes, for the message, and
 * returns the first answer that is not CKR_OK. It may be called a second time after a loss.
 */
struct hsm_work {
    const char *call;
    CK_RV (*run)(struct hsm_work *work, const struct hsm_lease *lease);
    bool only_if_nothing_done; /* repeat only after an answer that proves that nothing was done */
    bool raised;               /* set by run: it failed, and why is told already */
};

/*
 * Does the work, once more after a loss. True: *answer is what the last call said, nothing is
 * raised; false: it did not come to that, raised.
 */
bool hsm_session_answer(struct hsm_token *token, struct hsm_work *work, CK_RV *answer,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

/* The same; any other answer than CKR_OK is raised. */
bool hsm_session_work(struct hsm_token *token, struct hsm_work *work,
                      const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The same for looking at objects: where the token says that this wants a login, that is
 * SKA_R_PIN_MISSING.
 */
bool hsm_session_look(struct hsm_token *token, struct hsm_work *work,
                      const struct ska_errors *errors) SKA_MUST_CHECK;

/* Another session, CKF_RW_SESSION for writing. The caller closes it. */
CK_RV hsm_session_open(struct hsm_token *token, CK_FLAGS flags, CK_SESSION_HANDLE *session);

/*
 * Objects just do not show without a login, and the application may have logged out behind our
 * back: CKR_USER_NOT_LOGGED_IN when the login that we believe in is gone, or was for a moment.
 */
CK_RV hsm_session_check_login(const struct hsm_lease *lease);

#endif
