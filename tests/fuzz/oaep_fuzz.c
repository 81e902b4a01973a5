/* SPDX-License-Identifier: Apache-2.0 */
/* What a raw decryption gave: two bytes choose the digests, the rest is the block. */
#include <stdlib.h>
#include <string.h>

#include "provider/hsm/oaep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct backend_encryption how = {.oaep = true};
    uint8_t *block = NULL;
    size_t length = 0;

    if (size < 2)
        return 0;
    how.digest = (enum ska_digest)(data[0] % SKA_DIGEST_COUNT);
    how.mgf1_digest = (enum ska_digest)(data[1] % SKA_DIGEST_COUNT);
    size -= 2;
    /* As long as it is, so that a byte too far is noticed. */
    block = malloc(size == 0 ? 1 : size);
    if (block == NULL)
        return 0;
    memcpy(block, data + 2, size);
    if (hsm_oaep_remove(NULL, &how, block, size, &length) && length > size)
        abort();
    free(block);
    return 0;
}
