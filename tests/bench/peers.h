/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the peers can be measured at all. */
#ifndef SKA_BENCH_PEERS_H
#define SKA_BENCH_PEERS_H

#include "bench.h"
#include "token.h"

/*
 * Run like rows, but before all of them: one for each kind of ordinary key. Ends with status 2 when
 * a peer does not load such a key, which has been said.
 */
#define PEERS_REHEARSALS 3
extern const struct row peers_rehearsals[PEERS_REHEARSALS];

/* The URI of a row's key, {key} replaced. */
struct path peers_uri(const struct peer *peer);

/* Whether this row signs with such a key. */
bool peers_are_for(const struct row *rehearsal, const struct row *row);

#endif
