/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes as an application sees them: SoftHSM's, and for the private keys of SKA and timestamp
 * pairs those that their records hold.
 */
#ifndef SKASIM_ATTRIBUTES_H
#define SKASIM_ATTRIBUTES_H

#include <stdbool.h>

#include <pkcs11.h>

#include "simulator/object_kind.h"

/* Whether the object has the attribute with just this value. */
bool sim_attribute_matches(CK_SESSION_HANDLE session, const struct sim_object *object,
                           const CK_ATTRIBUTE *attribute);

/* Whether it holds a rule of an SKA key, and which. */
bool sim_attribute_is_rule(CK_ATTRIBUTE_TYPE type, enum ska_rule_kind *kind);

/* Whether it is one of the vendor's for SKA and timestamp keys, which SoftHSM does not know. */
bool sim_attribute_is_ska(CK_ATTRIBUTE_TYPE type);

/* Whether SoftHSM's value of this attribute may differ from what an application sees. */
bool sim_attribute_is_own(CK_ATTRIBUTE_TYPE type);

/* Whether it may be withheld from the application: the public key that is to stay secret. */
bool sim_attribute_may_be_withheld(CK_ATTRIBUTE_TYPE type);

#endif
