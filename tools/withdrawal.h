/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ending a request in an approvals directory, by who has made it.
 */
#ifndef SKA_TOOLS_WITHDRAWAL_H
#define SKA_TOOLS_WITHDRAWAL_H

#include "provider/sign/ballot.h"
#include "provider/sign/directory.h"
#include "tools/tool.h"

/* Says that the request of the ballot was withdrawn, as below. */
void withdrawal_say(const struct ska_ballot *ballot, const struct ska_leftovers *left);

/*
 * Tells the audit log, if one is configured, that this command has withdrawn the request with this
 * id. `broker_id` is how a broker calls it; NULL: it was in a directory. Warns where it cannot.
 */
void withdrawal_audit(struct tool *tool, const struct ska_request *request, const char *broker_id);

/*
 * Withdraws the request of the ballot and says so: how many have approved it, until when copies of
 * these approvals can be used, and what others have left in the directory.
 */
bool withdraw_request(struct tool *tool, const struct ska_directory *directory,
                      const struct ska_ballot *ballot) SKA_MUST_CHECK;

#endif
