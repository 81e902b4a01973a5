/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vendor's structures for rules, as the application hands them in.
 */
#ifndef SKASIM_POLICY_STRUCTURE_H
#define SKASIM_POLICY_STRUCTURE_H

#include <pkcs11.h>

#include "provider/rule/rule.h"

/*
 * One approver; a certificate in PEM becomes DER. CKR_ARGUMENTS_BAD for NULL where something must
 * be, for lengths that no serialized rule can hold, for unknown types and for certificates that
 * cannot be read. Free the bytes of `to` in any case.
 */
CK_RV sim_approver_read(const CK_SKA_APPROVER *approver, struct ska_approver *to);

#endif
