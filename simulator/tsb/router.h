/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKATSB_ROUTER_H
#define SKATSB_ROUTER_H

#include "simulator/tsb/exchange.h"

/* Answers a call, whatever it is; exchange->answer has a status afterwards. */
void tsb_route(struct tsb_exchange *exchange);

/*
 * Whether a path fits a pattern, of which "*" is at least one character; *argument is what stands
 * there, with its % decoded, to be freed; NULL where the pattern has no "*".
 */
bool tsb_path_matches(const char *pattern, const char *path, char **argument) SKA_MUST_CHECK;

/*
 * A target as calls are known by it: without the scheme and host that it may begin with, and with
 * characters that need no % as themselves. NULL: out of memory.
 */
char *tsb_path_normalize(const char *target);

#endif
