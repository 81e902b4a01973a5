/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl, loaded when a web service is first called. Were it linked, each process that has the
 * provider in its configuration would load it, and the thirty libraries that it needs.
 */
#ifndef SKA_BASE_LIBCURL_H
#define SKA_BASE_LIBCURL_H

#include <curl/curl.h>

#include "provider/base/bytes.h"

/* libcurl's functions, without curl_ before their names. */
struct ska_libcurl {
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_free) *free;
    __typeof__(curl_getdate) *getdate;
    __typeof__(curl_url) *url;
    __typeof__(curl_url_get) *url_get;
    __typeof__(curl_url_set) *url_set;
    __typeof__(curl_url_cleanup) *url_cleanup;
    __typeof__(curl_slist_append) *slist_append;
    __typeof__(curl_slist_free_all) *slist_free_all;
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_setopt) *easy_setopt;
    __typeof__(curl_easy_getinfo) *easy_getinfo;
    __typeof__(curl_easy_perform) *easy_perform;
    __typeof__(curl_easy_reset) *easy_reset;
    __typeof__(curl_easy_strerror) *easy_strerror;
    __typeof__(curl_easy_cleanup) *easy_cleanup;
};

/* False, in silence: it is not there. It stays loaded to the end of the process. */
bool ska_libcurl_load(struct ska_libcurl *curl) SKA_MUST_CHECK;

#endif
