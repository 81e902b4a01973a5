/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/agent/tls13.h"

#include <string.h>

#define SPACES "                                                                "
/* The zero byte behind each is the one that ends a C string. */
#define SERVER SPACES "TLS 1.3, server CertificateVerify"
#define CLIENT SPACES "TLS 1.3, client CertificateVerify"
#define PREFIX_LENGTH sizeof(SERVER)

_Static_assert(sizeof(SPACES) - 1 == 64, "as many spaces as RFC 8446 says");
_Static_assert(sizeof(CLIENT) == PREFIX_LENGTH, "both have one length");

/* Of the digests of the five cipher suites of TLS 1.3. */
#define SHA256_LENGTH 32
#define SHA384_LENGTH 48

bool ska_is_tls13_message(enum ska_tls13_role role, struct ska_span message)
{
    return (message.length == PREFIX_LENGTH + SHA256_LENGTH ||
            message.length == PREFIX_LENGTH + SHA384_LENGTH) &&
           memcmp(message.data, role == SKA_TLS13_SERVER ? SERVER : CLIENT, PREFIX_LENGTH) == 0;
}

bool ska_is_tls13_mechanism(const struct ska_mechanism *mechanism)
{
    bool digest = mechanism->digest == SKA_DIGEST_SHA256 ||
                  mechanism->digest == SKA_DIGEST_SHA384 || mechanism->digest == SKA_DIGEST_SHA512;

    if (mechanism->form != SKA_PAYLOAD_MESSAGE)
        return false;
    switch (mechanism->scheme) {
    case SKA_SCHEME_EDDSA:
        return true;
    case SKA_SCHEME_ECDSA:
        return digest;
    case SKA_SCHEME_PSS:
        return digest && mechanism->mgf1_digest == mechanism->digest &&
               mechanism->salt_length == ska_digest_length(mechanism->digest);
    case SKA_SCHEME_PKCS1:
        break;
    }
    return false;
}
