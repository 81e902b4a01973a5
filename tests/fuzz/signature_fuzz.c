/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures in DER: what decodes is the end of the input, and encoding it for a key of its
 * algorithm and decoding that gives the same again.
 */
#include <string.h>

#include <openssl/err.h>

#include "provider/request/approver_signature.h"

#include "fuzz.h"

/* SubjectPublicKeyInfos with nothing behind them: only their algorithm is looked at, and the first
 * byte of an EC point, which says that it is uncompressed. */
static const struct {
    uint8_t bytes[24];
    size_t length;
} keys[] = {
    {{0x30, 0x13, 0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7,
      0x0D, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x02, 0x00, 0xAA},
     21},
    {{0x30, 0x11, 0x30, 0x0B, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x38, 0x04, 0x01, 0x30, 0x00,
      0x03, 0x02, 0x00, 0xAA},
     19},
    {{0x30, 0x14, 0x30, 0x0E, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D,
      0x02, 0x01, 0x06, 0x03, 0x2A, 0x03, 0x04, 0x03, 0x02, 0x00, 0x04},
     22},
    {{0x30, 0x0B, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x02, 0x00, 0xAA}, 13},
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ska_bytes plain = {NULL, 0};
    const char *digest = NULL;

    if (ska_signature_from_der(ska_span(data, size), &digest, &plain, NULL)) {
        PROMISE(plain.length > 0 && plain.length < size);
        PROMISE(memcmp(data + size - plain.length, plain.data, plain.length) == 0);
        for (size_t i = 0; i < KEYS; i++) {
            bool eddsa = strcmp(digest, "EdDSA") == 0;
            struct ska_bytes der = {NULL, 0}, back = {NULL, 0};
            const char *same = NULL;

            if (eddsa != (i == KEYS - 1))
                continue;
            PROMISE(ska_signature_to_der(ska_span(keys[i].bytes, keys[i].length), digest,
                                         ska_span_of(&plain), &der, NULL));
            PROMISE(ska_signature_from_der(ska_span_of(&der), &same, &back, NULL));
            PROMISE(strcmp(same, digest) == 0);
            PROMISE(ska_span_equal(ska_span_of(&back), ska_span_of(&plain)));
            ska_bytes_free(&der);
            ska_bytes_free(&back);
        }
        ska_bytes_free(&plain);
    }
    PROMISE(ERR_peek_error() == 0);
    return 0;
}
