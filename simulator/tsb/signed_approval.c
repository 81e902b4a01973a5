/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/signed_approval.h"

#include <string.h>

#include "provider/base/wire.h"

bool tsb_signed_approval_read(const char *text, struct tsb_signed_approval *approval)
{
    struct ska_wire_reader reader;

    memset(approval, 0, sizeof(*approval));
    if (!ska_base64_decode(text, &approval->serialized))
        return false;
    if (!ska_wire_open(&reader, ska_span_of(&approval->serialized)) ||
        !ska_wire_take(&reader, SKA_WIRE_APPROVAL_TOKEN, &approval->token) ||
        !ska_wire_take(&reader, SKA_WIRE_SIGNATURE, &approval->approval.signature))
        goto err;
    approval->approval.certificate = ska_wire_peek(&reader) == SKA_WIRE_CERTIFICATE;
    if (ska_wire_take(&reader,
                      approval->approval.certificate ? SKA_WIRE_CERTIFICATE : SKA_WIRE_PUBLIC_KEY,
                      &approval->approval.signer) &&
        ska_wire_at_end(&reader))
        return true;
err:
    tsb_signed_approval_clear(approval);
    return false;
}

bool tsb_signed_approval_write(struct ska_span token, const struct tsb_approval *approval,
                               char **text)
{
    struct ska_buffer buffer = {0};
    struct ska_bytes serialized = {NULL, 0};
    size_t begin = ska_wire_begin(&buffer);
    bool done = false;

    ska_wire_add(&buffer, SKA_WIRE_APPROVAL_TOKEN, token);
    ska_wire_add(&buffer, SKA_WIRE_SIGNATURE, approval->signature);
    ska_wire_add(&buffer, approval->certificate ? SKA_WIRE_CERTIFICATE : SKA_WIRE_PUBLIC_KEY,
                 approval->signer);
    ska_wire_end(&buffer, begin);
    done = ska_buffer_finish(&buffer, &serialized, NULL) &&
           ska_base64_encode(ska_span_of(&serialized), text, NULL);
    ska_bytes_free(&serialized);
    return done;
}

void tsb_signed_approval_clear(struct tsb_signed_approval *approval)
{
    ska_bytes_free(&approval->serialized);
    memset(approval, 0, sizeof(*approval));
}
