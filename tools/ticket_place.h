/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A broker as a place of requests, as their owner sees it: what was handed in from here, which
 * state-dir remembers, and what the broker says of each.
 */
#ifndef SKA_TOOLS_TICKET_PLACE_H
#define SKA_TOOLS_TICKET_PLACE_H

#include "provider/base/settings.h"
#include "tools/request_place.h"

/*
 * The settings are read now. SKA_R_WRONG_USE where the configuration has no state-dir;
 * `may_answer`: the message names --approver, too.
 */
bool ticket_place_open(struct tool *tool, const struct ska_settings *settings, bool may_answer,
                       struct request_place **place) SKA_MUST_CHECK;

#endif
