/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/output.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "provider/base/json.h"
#include "provider/base/file.h"
#include "provider/hsm/reference_pem.h"
#include "provider/hsm/reference.h"
#include "tools/command/inspect.h"

#define INSTEAD "choose another name, or remove it"

enum standing_kind { NOTHING, PRIVATE_KEY, REQUEST, OTHER };
struct standing {
    enum standing_kind kind;
    struct ska_bytes content;
    struct ska_request *request; /* REQUEST only */
};

bool output_is_stdout(const char *path)
{
    return path != NULL && ska_file_descriptor(path) == STDOUT_FILENO;
}

/* It may be a private key. */
static void standing_clear(struct standing *standing)
{
    ska_request_free(standing->request);
    ska_bytes_clear_free(&standing->content);
}

/* Of a line that begins PEM. */
#define LINE_LIMIT ((size_t)100)

/* PEM of any maker: RSA, EC, ENCRYPTED, OPENSSH, TSS2 PRIVATE KEY, PGP PRIVATE KEY BLOCK. */
static bool is_private_pem(struct ska_span content)
{
    static const char begin[] = "-----BEGIN ";
    static const char words[] = "PRIVATE KEY";
    const uint8_t *at = content.data;
    const uint8_t *end = content.data + content.length;

    while ((at = memmem(at, (size_t)(end - at), begin, strlen(begin))) != NULL) {
        const uint8_t *line = NULL;
        size_t rest = 0;

        at += strlen(begin);
        rest = (size_t)(end - at) < LINE_LIMIT ? (size_t)(end - at) : LINE_LIMIT;
        line = memchr(at, '\n', rest);
        if (memmem(at, line == NULL ? rest : (size_t)(line - at), words, strlen(words)) != NULL)
            return true;
    }
    return false;
}

/* PKCS#8, encrypted or not, the older forms of each algorithm, PKCS#12. */
static bool is_private_der(OSSL_LIB_CTX *libctx, struct ska_span content)
{
    const unsigned char *in = content.data;
    EVP_PKEY *key = NULL;
    X509_SIG *encrypted = NULL;
    PKCS12 *bag = NULL;
    bool found = false;

    ERR_set_mark();
    key = d2i_AutoPrivateKey_ex(NULL, &in, (long)content.length, libctx, NULL);
    in = content.data;
    if (key == NULL)
        encrypted = d2i_X509_SIG(NULL, &in, (long)content.length);
    in = content.data;
    if (key == NULL && encrypted == NULL)
        bag = d2i_PKCS12(NULL, &in, (long)content.length);
    ERR_pop_to_mark();
    found = key != NULL || encrypted != NULL || bag != NULL;
    EVP_PKEY_free(key);
    X509_SIG_free(encrypted);
    PKCS12_free(bag);
    return found;
}

/* What cannot be looked at could be anything, and is not replaced. */
static bool look(struct tool *tool, const char *path, struct standing *standing)
{
    struct report_capture failure = {0};
    const struct ska_errors quiet = report_capture_errors(&failure);
    struct stat status;
    bool done = true;

    memset(standing, 0, sizeof(*standing));
    if (path == NULL || ska_file_descriptor(path) >= 0 || stat(path, &status) != 0 ||
        !S_ISREG(status.st_mode) || status.st_size == 0)
        return true; /* what is wrong with it is told when it is written */
    done = ska_file_read(path, SKA_JSON_LIMIT, &standing->content, &quiet);
    if (!done)
        ska_fail(&tool->errors, SKA_R_WRONG_USE, "%s; what it holds would be lost: " INSTEAD,
                 failure.details == NULL ? "out of memory" : failure.details);
    else if (is_private_pem(ska_span_of(&standing->content)) ||
             is_private_der(tool->libctx, ska_span_of(&standing->content)))
        standing->kind = PRIVATE_KEY;
    else if (ska_request_parse(ska_span_of(&standing->content), path, &standing->request, NULL))
        standing->kind = REQUEST;
    else
        standing->kind = OTHER;
    report_capture_clear(&failure);
    return done;
}

static bool is_private(struct tool *tool, const char *path, const struct standing *standing)
{
    if (standing->kind == PRIVATE_KEY)
        ska_fail(&tool->errors, SKA_R_WRONG_USE,
                 "%s holds a private key, which would be lost: " INSTEAD, path);
    return standing->kind == PRIVATE_KEY;
}

static bool fail_other(struct tool *tool, const char *path, const char *wanted)
{
    return ska_fail(&tool->errors, SKA_R_WRONG_USE,
                    "%s holds something else than %s, which would be lost: " INSTEAD, path, wanted);
}

static bool fail_approvals(struct tool *tool, const char *path, const struct ska_request *standing)
{
    return ska_fail(&tool->errors, SKA_R_WRONG_USE,
                    "%s holds request %.16s with %zu approval%s, which would be lost: " INSTEAD,
                    path, standing->id, standing->approval_count,
                    standing->approval_count == 1 ? "" : "s");
}

/* Nothing, or a request. */
static bool look_for_request(struct tool *tool, const char *path, struct standing *standing)
{
    return look(tool, path, standing) && !is_private(tool, path, standing) &&
           (standing->kind != OTHER || fail_other(tool, path, "a request"));
}

bool output_check_early(struct tool *tool, const char *path)
{
    struct standing standing;
    bool done = look_for_request(tool, path, &standing);

    standing_clear(&standing);
    return done;
}

/* Asking once more for the same thing must not cost the approvals that are there already. */
static bool fail_very_request(struct tool *tool, const char *path,
                              const struct ska_request *standing)
{
    return ska_fail(&tool->errors, SKA_R_WRONG_USE,
                    "%s holds this very request with %zu approval%s: go on with it, or name "
                    "another file",
                    path, standing->approval_count, standing->approval_count == 1 ? "" : "s");
}

bool output_check_request(struct tool *tool, const char *path, const struct ska_request *request)
{
    struct standing standing;
    bool done = look_for_request(tool, path, &standing);

    if (done && standing.kind == REQUEST && standing.request->approval_count > 0)
        done = strcmp(standing.request->id, request->id) == 0
                   ? fail_very_request(tool, path, standing.request)
                   : fail_approvals(tool, path, standing.request);
    standing_clear(&standing);
    return done;
}

bool output_check_input(struct tool *tool, const char *path, const struct input *input)
{
    struct stat there;
    struct stat here;

    if (path == NULL || ska_file_descriptor(path) >= 0 || stat(path, &there) != 0 ||
        !S_ISREG(there.st_mode) || fstat(input->fd, &here) != 0 || there.st_dev != here.st_dev ||
        there.st_ino != here.st_ino)
        return true;
    return ska_fail(&tool->errors, SKA_R_WRONG_USE,
                    "%s is what is to be signed, and would be lost: choose another name", path);
}

/* Whether this is what may stand there, to be replaced by its like. */
typedef bool is_kind(struct tool *tool, struct ska_span content);

static bool check_kind(struct tool *tool, const char *path, is_kind *is_wanted, const char *wanted)
{
    struct standing standing;
    bool done = look(tool, path, &standing) && !is_private(tool, path, &standing);

    if (done && standing.kind != NOTHING && !is_wanted(tool, ska_span_of(&standing.content)))
        done = fail_other(tool, path, wanted);
    standing_clear(&standing);
    return done;
}

/* Exactly what we write, so that no certificate beside it is lost. */
static bool is_reference(struct tool *tool, struct ska_span content)
{
    BIO *bio = BIO_new_mem_buf(content.data, (int)content.length);
    struct hsm_reference reference;
    struct ska_bytes der = {NULL, 0};
    struct ska_bytes pem = {NULL, 0};
    bool same = false;

    memset(&reference, 0, sizeof(reference));
    same = bio != NULL && hsm_reference_pem_begins(bio) && hsm_reference_pem_read(bio, &der, NULL) &&
           hsm_reference_decode(ska_span_of(&der), tool->libctx, &reference, NULL) &&
           hsm_reference_pem_write(ska_span_of(&der), &pem, NULL) &&
           ska_span_equal(ska_span_of(&pem), content);
    hsm_reference_clear(&reference);
    ska_bytes_free(&der);
    ska_bytes_free(&pem);
    BIO_free(bio);
    return same;
}

bool output_check_reference(struct tool *tool, const char *path)
{
    return check_kind(tool, path, is_reference, "a key reference");
}

static bool holds(const struct ska_request *bundle, const struct ska_approval *approval)
{
    for (size_t i = 0; i < bundle->approval_count; i++)
        if (ska_span_equal(ska_span_of(&bundle->approvals[i].public_key),
                           ska_span_of(&approval->public_key)))
            return true;
    return false;
}

static bool holds_all(const struct ska_request *bundle, const struct ska_request *standing)
{
    if (standing->approval_count > 0 && !ska_span_equal(ska_span_of(&bundle->approval_token),
                                                        ska_span_of(&standing->approval_token)))
        return false;
    for (size_t i = 0; i < standing->approval_count; i++)
        if (!holds(bundle, &standing->approvals[i]))
            return false;
    return true;
}

bool output_check_bundle(struct tool *tool, const char *path, const struct ska_request *bundle)
{
    struct standing standing;
    bool done = look_for_request(tool, path, &standing);

    if (done && standing.kind == REQUEST && !holds_all(bundle, standing.request))
        done = fail_approvals(tool, path, standing.request);
    standing_clear(&standing);
    return done;
}

/* An approval has the same shape. */
static bool is_refusal(struct tool *tool, struct ska_span content)
{
    cJSON *json = NULL;
    bool found = ska_json_parse(content, "", &json, NULL) && inspect_is_approval(json);

    (void)tool;
    cJSON_Delete(json);
    return found;
}

bool output_check_refusal(struct tool *tool, const char *path)
{
    return check_kind(tool, path, is_refusal, "a refusal");
}

/* No longer than one of RSA with 8192 bits, and no text: what people write by hand is text. */
static bool may_be_signature(struct tool *tool, struct ska_span content)
{
    const size_t longest = 1024;

    (void)tool;
    if (content.length > longest)
        return false;
    for (size_t i = 0; i < content.length; i++)
        if (!isprint(content.data[i]) && !isspace(content.data[i]))
            return true;
    return false;
}

bool output_check_signature(struct tool *tool, const char *path)
{
    return check_kind(tool, path, may_be_signature, "a signature");
}
