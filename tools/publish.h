/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that skatool puts into an approvals directory, where programs that sign put theirs.
 */
#ifndef SKA_TOOLS_PUBLISH_H
#define SKA_TOOLS_PUBLISH_H

#include "provider/sign/job.h"
#include "provider/sign/open_request.h"
#include "tools/tool.h"

/* What every job of skatool has from the configuration. */
void publish_fill_job(struct tool *tool, struct ska_job *job);

/*
 * Makes a request for what the job is about stand in the signer's directory of this path: the one
 * that is there already, or a new one (*made), of which it says if another one is for the same
 * document. Its id goes to `id`.
 */
bool publish_request(struct tool *tool, const struct ska_job *job, const char *directory,
                     char id[SKA_REQUEST_ID_LENGTH + 1], bool *made) SKA_MUST_CHECK;

#endif
