/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two ends of a TLS 1.3 connection sign (RFC 8446, 4.4.3). A key that signs nothing else
 * serves TLS and can seal no document, also in the hands of someone who has taken over the server.
 */
#ifndef SKA_TOOLS_AGENT_TLS13_H
#define SKA_TOOLS_AGENT_TLS13_H

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

enum ska_tls13_role { SKA_TLS13_SERVER, SKA_TLS13_CLIENT };

/*
 * True for a whole message of this end's CertificateVerify and nothing else: 64 spaces, its context
 * string, a zero byte, a transcript hash of SHA-256 or SHA-384.
 */
bool ska_is_tls13_message(enum ska_tls13_role role, struct ska_span message);

/*
 * True for what TLS 1.3 signs with (RFC 8446, 4.2.3): the message itself, with SHA-256, 384 or 512,
 * or EdDSA; of RSA PSS only, its salt as long as the digest. What the requester says is not bound
 * by the approval: this finds programs that are set up wrongly, and keeps SHA-1 out of the log.
 */
bool ska_is_tls13_mechanism(const struct ska_mechanism *mechanism);

#endif
