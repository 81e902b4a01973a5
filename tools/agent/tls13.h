/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a TLS 1.3 server signs (RFC 8446, 4.4.3). A key that signs nothing else serves TLS and can
 * seal no document, also in the hands of someone who has taken over the server.
 */
#ifndef SKA_TOOLS_AGENT_TLS13_H
#define SKA_TOOLS_AGENT_TLS13_H

#include "provider/base/bytes.h"

/*
 * True for a whole message of a server's CertificateVerify and nothing else: 64 spaces, the
 * server's context string, a zero byte, a transcript hash of SHA-256 or SHA-384.
 */
bool ska_is_tls13_server_message(struct ska_span message);

#endif
