/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKATSB_KEY_REGISTER_H
#define SKATSB_KEY_REGISTER_H

#include "simulator/tsb/new_key_body.h"

/*
 * Before a key is made: sees that its label is free, and keeps what the broker itself knows of it.
 * A key that has a record and is not there is none.
 */
bool tsb_new_key_register(struct tsb_exchange *exchange,
                          const struct tsb_new_key *key) SKA_MUST_CHECK;

#endif
