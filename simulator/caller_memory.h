/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a caller hands in, copied.
 *
 * Another thread of the caller's can write there while a call looks: what was checked would not be
 * what is used. So whatever a decision depends on is copied, each byte once, before anything is
 * decided. Each function puts the copy in the place of the caller's pointer; it lives until the
 * call ends. Memory that runs out is CKR_HOST_MEMORY.
 */
#ifndef SKASIM_CALLER_MEMORY_H
#define SKASIM_CALLER_MEMORY_H

#include <stddef.h>

#include <pkcs11.h>

/* Cryptoki caps no template; the simulator does, far above anything sensible. */
#define SIM_TEMPLATE_LIMIT 4096UL

/* Bytes, as they are; NULL when there is no memory. */
void *sim_copy(const void *data, size_t length);

/* An input of a vendor call: at most as much as an element holds, else CKR_ARGUMENTS_BAD. */
CK_RV sim_copy_input(CK_BYTE_PTR *data, CK_ULONG length);

/*
 * A token and its approvals. CKR_ARGUMENTS_BAD for more approvals than any quorum has; a token or a
 * part of an approval that is longer than it can be becomes NULL, with no length.
 */
CK_RV sim_copy_approved(CK_BYTE_PTR *token, CK_ULONG *token_len, CK_SKA_APPROVAL **approvals,
                        CK_ULONG count);

/* The mechanism itself: its parameter stays where it is. Accepts NULL. */
CK_RV sim_copy_mechanism(CK_MECHANISM_PTR *mechanism);

/*
 * The attributes, and their values. Accepts NULL. CKR_ARGUMENTS_BAD for more than
 * SIM_TEMPLATE_LIMIT or for values that no memory holds. What a value points to stays where it is.
 */
CK_RV sim_copy_template(CK_ATTRIBUTE_PTR *attributes, CK_ULONG count);

/* The attributes alone, for a call that writes their values. */
CK_RV sim_copy_attributes(CK_ATTRIBUTE_PTR *attributes, CK_ULONG count);

/* At the end of a call. */
void sim_copies_free(void);

#endif
