/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of a seal until it is done: OUT.ska-pending, the signed attributes in DER. They have
 * the time in them, so made anew they would be another thing to approve.
 */
#ifndef SKA_TOOLS_SEAL_PENDING_H
#define SKA_TOOLS_SEAL_PENDING_H

#include "tools/seal/signer.h"

#define SEAL_PENDING_SUFFIX ".ska-pending"

/*
 * The attributes that are kept at `path`; what is there must be for this document, signer and
 * digest. Where nothing is there, or to `restart`, new ones are made for now and written first.
 * *begun: they are of an earlier call.
 */
bool seal_pending_take(struct tool *tool, const char *path, const struct seal_signer *signer,
                       struct ska_span document_digest, bool restart, bool *begun,
                       struct ska_bytes *attributes,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * When the seal with these attributes is written; what is kept for another one stays, with its
 * approvals. That it cannot be removed is a warning.
 */
void seal_pending_remove(const char *path, struct ska_span attributes);

#endif
