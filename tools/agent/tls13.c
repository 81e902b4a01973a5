/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/agent/tls13.h"

#include <string.h>

#define SPACES "                                                                "
/* The zero byte behind it is the one that ends a C string. */
static const char prefix[] = SPACES "TLS 1.3, server CertificateVerify";

_Static_assert(sizeof(SPACES) - 1 == 64, "as many spaces as RFC 8446 says");

/* Of the digests of the five cipher suites of TLS 1.3. */
#define SHA256_LENGTH 32
#define SHA384_LENGTH 48

bool ska_is_tls13_server_message(struct ska_span message)
{
    return (message.length == sizeof(prefix) + SHA256_LENGTH ||
            message.length == sizeof(prefix) + SHA384_LENGTH) &&
           memcmp(message.data, prefix, sizeof(prefix)) == 0;
}
