/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void ska_listing_start(struct ska_listing *listing, int directory)
{
    *listing = (struct ska_listing){.stream = NULL};
    if (directory >= 0)
        listing->stream = fdopendir(directory);
    if (listing->stream != NULL)
        return;
    listing->fault = errno;
    if (directory >= 0)
        close(directory);
}

void ska_listing_start_at(struct ska_listing *listing, int directory)
{
    ska_listing_start(listing, openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static bool is_itself_or_above(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

const struct dirent *ska_listing_next(struct ska_listing *listing)
{
    const struct dirent *entry = NULL;

    if (listing->stream == NULL || listing->fault != 0)
        return NULL;
    do {
        errno = 0;
        entry = readdir(listing->stream);
    } while (entry != NULL && is_itself_or_above(entry->d_name));
    if (entry == NULL)
        listing->fault = errno;
    return entry;
}

bool ska_listing_end(struct ska_listing *listing)
{
    if (listing->stream != NULL)
        closedir(listing->stream);
    listing->stream = NULL;
    errno = listing->fault;
    return listing->fault == 0;
}
