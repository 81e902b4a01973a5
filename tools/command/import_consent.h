/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole request that somebody has sent: taken into an approvals directory it asks there in the
 * name of who imports it, so that person sees what it says, and has to want it.
 */
#ifndef SKA_TOOLS_COMMAND_IMPORT_CONSENT_H
#define SKA_TOOLS_COMMAND_IMPORT_CONSENT_H

#include "provider/request/request.h"
#include "tools/tool.h"

struct import_offer {
    const char *path;      /* of the file */
    const char *directory; /* where it would stand */
    const struct ska_request *request;
    const char *fate; /* "withdrawn at ...": of this very request; NULL: it is not known here */
    bool wanted;      /* --requests: nobody is asked */
};

/*
 * Shows what the request says, and what became of it here before, and asks at the terminal.
 * *why_not: the reason why it is not to be taken, NULL where it is.
 */
bool import_ask_consent(struct tool *tool, const struct import_offer *offer,
                        const char **why_not) SKA_MUST_CHECK;

#endif
