/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/seal/signer.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "provider/base/certificate.h"
#include "provider/base/evp_key.h"
#include "provider/base/file.h"
#include "provider/request/algorithm.h"
#include "provider/rule/approver_name.h"
#include "tools/certificate_end.h"
#include "tools/certificate_file.h"
#include "tools/options.h"
#include "tools/report.h"

#define FILE_LIMIT ((size_t)1024 * 1024)

/* ---- Files of certificates ------------------------------------------------------------------- */

static bool add_certificate(struct seal_signer *signer, struct ska_span der, const char *path,
                            const struct ska_errors *errors)
{
    struct ska_bytes spki = {NULL, 0};

    if (!ska_certificate_key(der, &spki))
        return ska_fail(errors, SKA_R_BAD_KEY, "%s: not an X.509 certificate, in PEM or DER", path);
    ska_bytes_free(&spki);
    for (size_t i = 0; i < signer->certificate_count; i++)
        if (ska_span_equal(ska_span_of(&signer->certificates[i]), der))
            return true;
    if (signer->certificate_count == SEAL_CERTIFICATES_MOST)
        return ska_fail(errors, SKA_R_BAD_KEY, "%s: more than %d certificates in all", path,
                        SEAL_CERTIFICATES_MOST);
    return ska_bytes_copy(&signer->certificates[signer->certificate_count++], der, errors);
}

struct reading {
    struct seal_signer *signer;
    const char *path;
    const struct ska_errors *errors;
    size_t found;
};

static bool add_found(void *vreading, struct ska_span der)
{
    struct reading *reading = vreading;

    reading->found++;
    return add_certificate(reading->signer, der, reading->path, reading->errors);
}

static bool add_file(struct seal_signer *signer, const char *path, const struct ska_errors *errors)
{
    struct ska_bytes content = {NULL, 0};
    struct reading reading = {signer, path, errors, 0};
    BIO *bio = NULL;
    bool done = false;

    if (!ska_file_read(path, FILE_LIMIT, &content, errors))
        return false;
    ERR_set_mark();
    bio = BIO_new_mem_buf(content.data, (int)content.length);
    done = bio != NULL ? certificates_each(bio, add_found, &reading)
                       : ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", path);
    if (done && reading.found == 0)
        done = add_certificate(signer, ska_span_of(&content), path, errors);
    ERR_pop_to_mark();
    BIO_free(bio);
    ska_bytes_clear_free(&content);
    return done;
}

/* ---- The signer's certificate ---------------------------------------------------------------- */

static X509 *open_certificate(OSSL_LIB_CTX *libctx, struct ska_span der)
{
    const unsigned char *next = der.data;
    X509 *certificate = X509_new_ex(libctx, NULL);

    if (certificate != NULL && d2i_X509(&certificate, &next, (long)der.length) == NULL)
        certificate = NULL; /* d2i_X509() has freed it */
    return certificate;
}

static bool take_names(const X509 *certificate, struct seal_signer *signer,
                       const struct ska_errors *errors)
{
    unsigned char *issuer = NULL;
    unsigned char *serial = NULL;
    int issuer_length = i2d_X509_NAME(X509_get_issuer_name(certificate), &issuer);
    int serial_length = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &serial);
    bool done = issuer_length > 0 && serial_length > 0 &&
                ska_bytes_copy(&signer->issuer, ska_span(issuer, (size_t)issuer_length), errors) &&
                ska_bytes_copy(&signer->serial, ska_span(serial, (size_t)serial_length), errors);

    OPENSSL_free(issuer);
    OPENSSL_free(serial);
    return done || ska_fail(errors, SKA_R_BAD_KEY, "the certificate's issuer cannot be encoded");
}

static bool take_moment(const ASN1_TIME *time, int64_t *seconds)
{
    struct tm parts;

    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return false;
    *seconds = timegm(&parts);
    return true;
}

static bool take_validity(const X509 *certificate, const char *path, struct seal_signer *signer,
                          const struct ska_errors *errors)
{
    return (take_moment(X509_get0_notBefore(certificate), &signer->valid_from) &&
            take_moment(X509_get0_notAfter(certificate), &signer->valid_until)) ||
           ska_fail(errors, SKA_R_BAD_KEY, "%s: the times of this certificate cannot be read",
                    path);
}

static bool check_validity(const X509 *certificate, const char *path,
                           const struct ska_errors *errors)
{
    enum certificate_end end = certificate_end(certificate, time(NULL));
    struct ska_buffer text = {0};
    bool done = certificate_end_is_valid(end);

    certificate_end_text(certificate, end, &text);
    if (!done)
        ska_fail(errors, SKA_R_BAD_KEY, "%s: this certificate%s%s", path, ska_buffer_string(&text),
                 end == CERTIFICATE_EXPIRED ? ": a seal with it would be useless" : "");
    ska_buffer_free(&text);
    return done;
}

static void warn_of_usage(X509 *certificate, const char *path)
{
    uint32_t usage = X509_get_key_usage(certificate);

    if (usage != UINT32_MAX && (usage & KU_NON_REPUDIATION) == 0)
        report_warning("%s: this certificate is not for signatures that bind (its keyUsage lacks "
                       "nonRepudiation): others may refuse the seal",
                       path);
}

static bool read_signer(struct tool *tool, const char *path, struct seal_signer *signer)
{
    struct ska_span der = ska_span_of(&signer->certificates[0]);
    X509 *certificate = open_certificate(tool->libctx, der);
    bool done = false;

    if (certificate == NULL || !ska_certificate_key(der, &signer->public_key))
        ska_fail(&tool->errors, SKA_R_BAD_KEY, "%s: not an X.509 certificate", path);
    else
        done = take_names(certificate, signer, &tool->errors) &&
               take_validity(certificate, path, signer, &tool->errors) &&
               check_validity(certificate, path, &tool->errors);
    if (done)
        warn_of_usage(certificate, path);
    X509_free(certificate);
    return done;
}

/* ---- Its chain ------------------------------------------------------------------------------- */

struct chain {
    X509 *certificates[SEAL_CERTIFICATES_MOST]; /* those of the signer */
    bool belongs[SEAL_CERTIFICATES_MOST];       /* the signer's, or above it */
};

static bool has_issued(X509 *issuer, X509 *certificate)
{
    return X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(certificate)) == 0 &&
           X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
}

static bool has_issued_any(const struct chain *chain, size_t count, size_t issuer)
{
    for (size_t i = 0; i < count; i++)
        if (chain->belongs[i] && has_issued(chain->certificates[issuer], chain->certificates[i]))
            return true;
    return false;
}

/* From the signer's certificate on, in whatever order they stand in the files. */
static void find_chain(struct chain *chain, size_t count)
{
    bool more = true;

    chain->belongs[0] = true;
    while (more) {
        more = false;
        for (size_t i = 1; i < count; i++)
            if (!chain->belongs[i] && has_issued_any(chain, count, i))
                more = chain->belongs[i] = true;
    }
}

static bool fail_stranger(const X509 *stranger, const char *path, const struct ska_errors *errors)
{
    char *name = ska_x509_name_shown(X509_get_subject_name(stranger), 200);

    ska_fail(errors, SKA_R_BAD_KEY,
             "%s: %s has issued neither the certificate of the seal nor one above it", path,
             name == NULL ? "a certificate without a name" : name);
    free(name);
    return false;
}

/* Of --chain, which begins with the certificate `first`: whoever verifies could do nothing with
 * another one. */
static bool check_chain(struct tool *tool, const struct seal_signer *signer, size_t first,
                        const char *path)
{
    struct chain chain = {{NULL}, {false}};
    const size_t count = signer->certificate_count;
    bool done = true;

    for (size_t i = 0; done && i < count; i++) {
        chain.certificates[i] =
            open_certificate(tool->libctx, ska_span_of(&signer->certificates[i]));
        done = chain.certificates[i] != NULL ||
               ska_fail(&tool->errors, SKA_R_BAD_KEY, "%s: not an X.509 certificate", path);
    }
    ERR_set_mark();
    if (done)
        find_chain(&chain, count);
    ERR_pop_to_mark();
    for (size_t i = first; done && i < count; i++)
        done = chain.belongs[i] || fail_stranger(chain.certificates[i], path, &tool->errors);
    for (size_t i = 0; i < count; i++)
        X509_free(chain.certificates[i]);
    return done;
}

static bool read_chain(struct tool *tool, const char *path, struct seal_signer *signer)
{
    const size_t first = signer->certificate_count;

    return add_file(signer, path, &tool->errors) && check_chain(tool, signer, first, path);
}

static void warn_of_end(void *path, bool is_missed, const char *sentence)
{
    (void)is_missed;
    report_warning("%s: %s", (const char *)path, sentence);
}

/* Who renews it in time needs no time-stamp to show that a seal was made before it ended. */
static void warn_of_ends(struct tool *tool, const char *path, const struct seal_signer *signer)
{
    STACK_OF(X509) *all = sk_X509_new_null();
    const struct certificate_ends ends = {time(NULL), all, warn_of_end, (void *)(uintptr_t)path};

    for (size_t i = 0; all != NULL && i < signer->certificate_count; i++) {
        X509 *certificate = open_certificate(tool->libctx, ska_span_of(&signer->certificates[i]));

        if (certificate != NULL && sk_X509_push(all, certificate) <= 0)
            X509_free(certificate);
    }
    if (sk_X509_num(all) > 0)
        certificate_ends_say_chain(&ends, sk_X509_value(all, 0));
    certificates_free(all);
}

bool seal_signer_read(struct tool *tool, const char *path, const char *chain_path,
                      struct seal_signer *signer)
{
    if (!add_file(signer, path, &tool->errors) || !read_signer(tool, path, signer) ||
        (chain_path != NULL && !read_chain(tool, chain_path, signer)))
        return false;
    warn_of_ends(tool, path, signer);
    return true;
}

/* ---- Its key --------------------------------------------------------------------------------- */

static bool choose_digest(struct tool *tool, const char *name, enum ska_digest *digest)
{
    *digest = SKA_DIGEST_SHA256;
    if (name == NULL)
        return true;
    return (ska_digest_from_name(name, digest) && ska_digest_length(*digest) >= 32) ||
           options_wrong(tool, "--digest '%s' cannot be used: SHA256, SHA384 or SHA512", name);
}

/* RFC 8419, 3: with Ed25519 the document's digest is SHA-512, and nothing else is to be chosen. */
static bool choose_ed25519(struct tool *tool, const char *name, struct seal_signer *signer)
{
    signer->digest = SKA_DIGEST_SHA512;
    signer->mechanism.scheme = SKA_SCHEME_EDDSA;
    signer->mechanism.form = SKA_PAYLOAD_MESSAGE;
    if (name != NULL)
        return options_wrong(tool, "--digest: this key works only with SHA512");
    report_warning("OpenSSL 3.0 cannot verify CMS signatures of Ed25519 keys: make sure that the "
                   "recipients of the seal have another program, or seal with an EC or RSA key");
    return true;
}

static bool choose_seal_mechanism(struct tool *tool, enum ska_key_type type, const char *digest,
                                  struct seal_signer *signer)
{
    struct ska_mechanism *mechanism = &signer->mechanism;

    memset(mechanism, 0, sizeof(*mechanism));
    if (type == SKA_KEY_ED25519)
        return choose_ed25519(tool, digest, signer);
    if (type == SKA_KEY_ED448)
        return ska_fail(
            &tool->errors, SKA_R_UNSUPPORTED,
            "a seal cannot be made with an Ed448 key, which no common program verifies");
    if (!choose_digest(tool, digest, &signer->digest))
        return false;
    mechanism->form = SKA_PAYLOAD_DIGEST;
    mechanism->digest = signer->digest;
    mechanism->scheme = type == SKA_KEY_EC    ? SKA_SCHEME_ECDSA
                        : type == SKA_KEY_RSA ? SKA_SCHEME_PKCS1
                                              : SKA_SCHEME_PSS;
    if (mechanism->scheme == SKA_SCHEME_PSS) {
        mechanism->mgf1_digest = signer->digest;
        mechanism->salt_length = ska_digest_length(signer->digest);
    }
    return ska_algorithm_fits(mechanism, type, &tool->errors);
}

bool seal_signer_take_key(struct tool *tool, const struct backend_key *key, struct ska_span spki,
                          const char *digest, struct seal_signer *signer)
{
    if (!ska_evp_equal(tool->libctx, spki, ska_span_of(&signer->public_key)))
        return ska_fail(&tool->errors, SKA_R_BAD_KEY,
                        "the certificate is not that of key '%s': it has another public key",
                        backend_key_label(key));
    return choose_seal_mechanism(tool, backend_key_type(key), digest, signer);
}

void seal_signer_clear(struct seal_signer *signer)
{
    for (size_t i = 0; i < signer->certificate_count; i++)
        ska_bytes_free(&signer->certificates[i]);
    ska_bytes_free(&signer->issuer);
    ska_bytes_free(&signer->serial);
    ska_bytes_free(&signer->public_key);
    memset(signer, 0, sizeof(*signer));
}
