/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots.
 */
#ifndef SKASIM_SLOTS_H
#define SKASIM_SLOTS_H

#include <pkcs11.h>

/*
 * The slot that is meant. The vendor's examples open slot 0; SoftHSM gives a slot a number of its
 * own once it has a token. So slot 0 is the first slot with a token, unless there is a real slot 0.
 */
CK_SLOT_ID sim_slot(CK_SLOT_ID slot);

#endif
