/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names in a directory, one after another. A disk or a network that fails half-way must not
 * look like a directory with fewer files: a rejection may be among those that were not read.
 */
#ifndef SKA_BASE_LISTING_H
#define SKA_BASE_LISTING_H

#include <dirent.h>

#include "provider/base/bytes.h"

struct ska_listing {
    DIR *stream;
    int fault; /* of errno; 0: none so far */
};

/*
 * Begins. Takes over an open directory that nobody else reads from; -1, with errno, is fine: a
 * listing of nothing that ends with this fault. End it in any case.
 */
void ska_listing_start(struct ska_listing *listing, int directory);
/*
 * The same for a directory that stays open, by a descriptor of its own: reading must not move the
 * position of another's.
 */
void ska_listing_start_at(struct ska_listing *listing, int directory);

/* The next, without "." and ".."; NULL: there is no other, or it could not be read. */
const struct dirent *ska_listing_next(struct ska_listing *listing);

/* Closes the directory. False, with errno: not all of it could be read. */
bool ska_listing_end(struct ska_listing *listing) SKA_MUST_CHECK;

#endif
