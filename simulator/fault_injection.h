/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults on demand, for tests: a call answers what it is told to, or the process dies there.
 *
 * A fault names a PKCS#11 call, or one of the moments at which a crash would hurt most:
 * "rules-written" (before their key is generated), "key-generated", "rules-replaced" (before the
 * old ones go) and "key-destroyed" (before its rules are).
 */
#ifndef SKASIM_FAULT_INJECTION_H
#define SKASIM_FAULT_INJECTION_H

#include <stdbool.h>

#include <pkcs11.h>

/* Whether the text is a list of faults. */
bool sim_fault_valid(const char *faults);

/* CKR_OK, or what the list (may be NULL) wants at this place; does not return for a crash. */
CK_RV sim_fault_at(const char *faults, const char *place);

#endif
