/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vendor's structures for rules, as the application hands them in.
 */
#ifndef SKASIM_POLICY_STRUCTURE_H
#define SKASIM_POLICY_STRUCTURE_H

#include <pkcs11.h>

#include "provider/base/bytes.h"
#include "provider/rule/rule.h"

/*
 * Serializes one rule. CKR_ARGUMENTS_BAD for NULL where something must be, for counts and lengths
 * that no serialized rule can hold, for unknown approver types and for certificates that cannot be
 * read. Whether the rule makes sense is found out when a key gets it.
 */
CK_RV sim_policy_serialize(const CK_SKA_POLICY *policy, struct ska_bytes *encoded);

/* One approver, as above; a certificate in PEM becomes DER. Free the bytes of `to` in any case. */
CK_RV sim_approver_read(const CK_SKA_APPROVER *approver, struct ska_approver *to);

#endif
