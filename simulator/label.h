/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels of private keys. Approvals and timestamps name a key by its label, so no other private key
 * may have the label of an SKA key or of a timestamp key.
 *
 * Whoever gives a private key a label holds sim_lock() from the check until the key is there.
 */
#ifndef SKASIM_LABEL_H
#define SKASIM_LABEL_H

#include <stdbool.h>

#include <pkcs11.h>

#include "provider/base/bytes.h"

/* All private keys of SoftHSM with a label, hidden ones too. Free the list. */
CK_RV sim_label_search(CK_SESSION_HANDLE session, struct ska_span label, CK_OBJECT_HANDLE **handles,
                       size_t *count);

/* For a new SKA or timestamp key: CKR_ATTRIBUTE_VALUE_INVALID when any private key has the label.
 */
CK_RV sim_label_unused(CK_SESSION_HANDLE session, struct ska_span label);

/*
 * For the template of an ordinary object. CKR_ATTRIBUTE_VALUE_INVALID when it forges what is the
 * simulator's own. If it gives a private key a label: takes the lock and checks, with
 * CKR_ATTRIBUTE_VALUE_INVALID when an SKA or timestamp key has the label, CKR_USER_NOT_LOGGED_IN
 * when nobody could see whether. sim_label_release() must follow in any case, when `claimed` was
 * false before.
 */
CK_RV sim_label_claim(CK_SESSION_HANDLE session, bool private_key, const CK_ATTRIBUTE *attributes,
                      CK_ULONG count, bool *claimed);

/* The same for a new object, of the class that the template names. */
CK_RV sim_label_claim_new(CK_SESSION_HANDLE session, const CK_ATTRIBUTE *attributes, CK_ULONG count,
                          bool *claimed);
void sim_label_release(bool claimed);

#endif
