/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/libcurl.h"

#include "provider/base/library.h"

#define FIND(name) ska_library_find(library, "curl_" #name, &curl->name, sizeof(curl->name))

bool ska_libcurl_load(struct ska_libcurl *curl)
{
    void *library = ska_library_load(SKA_LIBCURL);

    return library != NULL && FIND(global_init) && FIND(free) && FIND(getdate) && FIND(url) &&
           FIND(url_get) && FIND(url_set) && FIND(url_cleanup) && FIND(slist_append) &&
           FIND(slist_free_all) && FIND(easy_init) && FIND(easy_setopt) && FIND(easy_getinfo) &&
           FIND(easy_perform) && FIND(easy_reset) && FIND(easy_strerror) && FIND(easy_cleanup);
}
