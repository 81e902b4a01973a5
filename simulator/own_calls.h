/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the simulator answers itself: sim_C_SignInit() for C_SignInit, and so on, for each call that
 * cryptoki_calls.h says is its OWN. entry_points.c calls them, with the private context in place.
 */
#ifndef SKASIM_OWN_CALLS_H
#define SKASIM_OWN_CALLS_H

#include <pkcs11.h>

#define DECLARE_PASSED(name, parameters)
#define DECLARE_ORDINARY(name, parameters)
#define DECLARE_SELF(name, parameters)
#define DECLARE_OWN(name, parameters) CK_RV sim_##name parameters;

#define CRYPTOKI_CALL(name, in, answered, objects, parameters, arguments)                          \
    DECLARE_##answered(name, parameters)
#include "simulator/cryptoki_calls.h"

/*
 * The slot that is meant. The vendor's examples open slot 0; SoftHSM gives a slot a number of its
 * own once it has a token. So slot 0 is the first slot with a token, unless there is a real slot 0.
 */
CK_SLOT_ID sim_slot(CK_SLOT_ID slot);

#endif
