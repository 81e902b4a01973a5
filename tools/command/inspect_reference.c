/* SPDX-License-Identifier: Apache-2.0 */
/* Key references: PEM files that say where a private key is. */
#include <string.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "provider/hsm/reference.h"
#include "tools/command/inspect.h"
#include "tools/show/text.h"

#define BEGIN "-----BEGIN " HSM_REFERENCE_LABEL "-----"

bool inspect_is_reference(struct ska_span content)
{
    return content.length > strlen(BEGIN) && memcmp(content.data, BEGIN, strlen(BEGIN)) == 0;
}

/* As the provider reads it. */
static bool decode_reference(struct tool *tool, struct ska_span content, const char *shown,
                             struct ska_bytes *der)
{
    BIO *bio = BIO_new_mem_buf(content.data, (int)content.length);
    bool done = false;

    if (bio == NULL)
        return ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "a key reference");
    done = hsm_reference_pem_begins(bio)
               ? hsm_reference_pem_read(bio, der, &tool->errors)
               : ska_fail(&tool->errors, SKA_R_BAD_REFERENCE, "%s: not PEM", shown);
    BIO_free(bio);
    return done;
}

static void add_reference_key(struct tool *tool, struct ska_buffer *text,
                              const struct hsm_reference *reference)
{
    char algorithm[TEXT_ALGORITHM_SIZE];
    unsigned char *der = NULL;
    int length = 0;

    if (reference->public_key == NULL) {
        text_row(text, "public key", "none inside: the HSM is asked for it when the key is loaded");
        return;
    }
    text_key_algorithm(reference->type, reference->public_key, algorithm);
    text_name(text, "public key");
    ska_buffer_format(text, "%s, SHA-256 ", algorithm);
    length = i2d_PUBKEY(reference->public_key, &der);
    if (length > 0)
        text_fingerprint(tool->libctx, ska_span(der, (size_t)length), text);
    OPENSSL_free(der);
    ska_buffer_text(text,
                    "\n    Whether the key in the HSM is this one is seen when it is used.\n");
    if (!text_public_key(text, reference->public_key))
        ska_buffer_text(text, "    It cannot be written.\n");
}

bool inspect_reference(struct tool *tool, struct ska_span content, const char *shown)
{
    struct hsm_reference reference;
    struct ska_bytes der = {NULL, 0};
    struct ska_buffer text = {0};
    bool done = false;

    memset(&reference, 0, sizeof(reference));
    if (!decode_reference(tool, content, shown, &der))
        return false;
    done = hsm_reference_decode(ska_span_of(&der), tool->libctx, &reference, &tool->errors);
    if (done) {
        ska_buffer_text(&text, "Key reference: where a private key is; no secret is in it\n");
        text_row(&text, "URI", reference.text);
        add_reference_key(tool, &text, &reference);
        done = text_print(&text, &tool->errors);
    }
    hsm_reference_clear(&reference);
    ska_bytes_free(&der);
    return done;
}
