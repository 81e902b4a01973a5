/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_mutation.h: bundles as an attacker would make them of what is in the pool.
 */
#ifndef SKA_SCENARIO_BUNDLE_MUTATION_H
#define SKA_SCENARIO_BUNDLE_MUTATION_H

#include <stdint.h>

#include "bundle_pool.h"

/* Pseudo-random numbers; the seed makes them repeatable. */
struct chance {
    uint64_t state;
};
/* Below a limit that is not 0. */
size_t chance_below(struct chance *chance, size_t limit);
/* True in so many of a hundred. */
bool chance_percent(struct chance *chance, unsigned int percent);

/*
 * A bundle for whoever wants a signature for the request `wanted`: mostly of that request, with
 * approvals, and a few things done to it. Free with free(); the text may hold anything, NUL too.
 */
struct bytes bundle_attack(const struct pool *pool, const struct pooled *wanted,
                           struct chance *chance);

#endif
