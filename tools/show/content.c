/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/content.h"

#include <openssl/err.h>

#include "provider/base/printable.h"
#include "tools/show/content_attributes.h"
#include "tools/show/content_ocsp.h"
#include "tools/show/content_x509.h"
#include "tools/show/text.h"

const char *content_kind_text(enum ska_content_kind kind)
{
    switch (kind) {
    case SKA_CONTENT_ATTRIBUTES:
        return "a signature of a document (CMS, as CAdES, S/MIME and PDF use it)";
    case SKA_CONTENT_CERTIFICATE:
        return "a certificate";
    case SKA_CONTENT_CRL:
        return "a list of revoked certificates (CRL)";
    case SKA_CONTENT_CERTIFICATION_REQUEST:
        return "a request for a certificate (CSR)";
    case SKA_CONTENT_OCSP_RESPONSE:
        return "an answer about the state of certificates (OCSP)";
    case SKA_CONTENT_OTHER:
        break;
    }
    return NULL;
}

bool content_read(OSSL_LIB_CTX *libctx, struct ska_span content,
                  const struct content_listener *listener)
{
    enum ska_content_kind kind = ska_content_kind(content);
    bool done = false;

    ERR_set_mark();
    if (kind == SKA_CONTENT_ATTRIBUTES)
        done = content_read_attributes(content, listener);
    else if (kind == SKA_CONTENT_OCSP_RESPONSE)
        done = content_read_ocsp(content, listener);
    else
        done = kind != SKA_CONTENT_OTHER && content_read_x509(libctx, kind, content, listener);
    ERR_pop_to_mark();
    return done;
}

/* Of data so much is shown in hexadecimal. */
#define HEX_LIMIT 256

/* ---- For technicians ------------------------------------------------------------------------- */

static void add_row(void *arg, const char *name, struct ska_span untrusted)
{
    struct ska_buffer *text = arg;

    ska_buffer_format(text, TEXT_NEXT_LINE "%s: ", name);
    ska_buffer_quoted(text, untrusted, CONTENT_VALUE_SHOWN);
}

static void add_unshown(void *arg, const char *name, size_t length)
{
    ska_buffer_format(arg, TEXT_NEXT_LINE "%s: %zu bytes that are not shown", name, length);
}

void content_text(OSSL_LIB_CTX *libctx, struct ska_span content, struct ska_buffer *text)
{
    const struct content_listener listener = {add_row, add_unshown, text};
    const char *kind = content_kind_text(ska_content_kind(content));

    ska_buffer_format(text, "%s, %zu bytes", kind == NULL ? "data of unknown form" : kind,
                      content.length);
    if (kind != NULL && content_read(libctx, content, &listener))
        return;
    if (kind != NULL)
        ska_buffer_text(text, TEXT_NEXT_LINE "(it cannot be read further)");
    ska_buffer_text(text, TEXT_NEXT_LINE);
    text_quoted(text, content);
    ska_buffer_text(text, TEXT_NEXT_LINE);
    text_digits(text,
                ska_span(content.data, content.length < HEX_LIMIT ? content.length : HEX_LIMIT),
                TEXT_NEXT_LINE);
    ska_buffer_text(text, content.length > HEX_LIMIT ? " ..." : "");
}
