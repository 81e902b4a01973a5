/* SPDX-License-Identifier: Apache-2.0 */
/* Key references: PEM files that say where a private key is. */
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "provider/hsm/reference.h"
#include "tools/command/inspect.h"
#include "tools/show/text.h"

/* The DER of the first block, if that is a reference in PKCS#8: a private key is none. */
static bool read_pkcs8(BIO *bio, struct ska_bytes *der)
{
    struct hsm_reference_pkcs8 read;
    unsigned char *data = NULL;
    char *name = NULL;
    char *header = NULL;
    long length = 0;
    bool is = false;

    ERR_set_mark();
    if (PEM_read_bio(bio, &name, &header, &data, &length) == 1 &&
        strcmp(name, HSM_REFERENCE_PKCS8_LABEL) == 0 &&
        hsm_reference_pkcs8_begins(ska_span(data, (size_t)length), &read))
        is = ska_bytes_copy(der, ska_span(data, (size_t)length), NULL);
    ERR_pop_to_mark();
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, data == NULL ? 0 : (size_t)length);
    return is;
}

/* In front there may be words, but no other PEM; a memory BIO does not fail to go back. */
static bool is_reference(BIO *bio)
{
    struct ska_bytes der = {NULL, 0};
    const bool is = hsm_reference_pem_begins(bio) || (BIO_reset(bio) == 1 && read_pkcs8(bio, &der));

    ska_bytes_free(&der);
    return is;
}

bool inspect_is_reference(struct ska_span content)
{
    BIO *bio = BIO_new_mem_buf(content.data, (int)content.length);
    const bool is = bio != NULL && is_reference(bio);

    BIO_free(bio);
    return is;
}

static bool decode_pkcs8(struct tool *tool, BIO *bio, const char *shown,
                         struct hsm_reference *reference)
{
    struct hsm_reference_pkcs8 read;
    struct ska_bytes der = {NULL, 0};
    const bool done =
        read_pkcs8(bio, &der) && hsm_reference_pkcs8_begins(ska_span_of(&der), &read)
            ? hsm_reference_pkcs8_decode(&read, tool->libctx, reference, &tool->errors)
            : ska_fail(&tool->errors, SKA_R_BAD_REFERENCE, "%s: not PEM", shown);

    ska_bytes_free(&der);
    return done;
}

static bool decode_plain(struct tool *tool, BIO *bio, struct hsm_reference *reference)
{
    struct ska_bytes der = {NULL, 0};
    const bool done =
        hsm_reference_pem_read(bio, &der, &tool->errors) &&
        hsm_reference_decode(ska_span_of(&der), tool->libctx, reference, &tool->errors);

    ska_bytes_free(&der);
    return done;
}

/* As the provider reads it. */
static bool decode_reference(struct tool *tool, struct ska_span content, const char *shown,
                             bool *pkcs8, struct hsm_reference *reference)
{
    BIO *bio = BIO_new_mem_buf(content.data, (int)content.length);
    bool done = false;

    if (bio == NULL)
        return ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "a key reference");
    *pkcs8 = !hsm_reference_pem_begins(bio);
    done = *pkcs8 ? BIO_reset(bio) == 1 && decode_pkcs8(tool, bio, shown, reference)
                  : decode_plain(tool, bio, reference);
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
    struct ska_buffer text = {0};
    bool pkcs8 = false;
    bool done = false;

    memset(&reference, 0, sizeof(reference));
    done = decode_reference(tool, content, shown, &pkcs8, &reference);
    if (done) {
        ska_buffer_format(&text, "Key reference%s: where a private key is; no secret is in it\n",
                          pkcs8 ? " in PKCS#8" : "");
        text_row(&text, "URI", reference.text);
        add_reference_key(tool, &text, &reference);
        done = text_print(&text, &tool->errors);
    }
    hsm_reference_clear(&reference);
    return done;
}
