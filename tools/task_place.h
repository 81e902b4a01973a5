/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A broker as a place of requests, as an approver sees it: tasks, which it hands to who signs the
 * time with the approver's key.
 */
#ifndef SKA_TOOLS_TASK_PLACE_H
#define SKA_TOOLS_TASK_PLACE_H

#include "provider/base/settings.h"
#include "tools/place_options.h"

/* The key is borrowed, and opened at the first call; the settings are read now. */
bool task_place_open(struct tool *tool, const struct ska_settings *settings,
                     const struct place_key *key, struct request_place **place) SKA_MUST_CHECK;

#endif
