/* SPDX-License-Identifier: Apache-2.0 */
/* Where an approver's key comes from: a file or an OSSL_STORE URI, and what to say if it does not.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/storeerr.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

#include "provider/base/evp_key.h"
#include "provider/base/spki.h"
#include "provider/base/file.h"
#include "provider/base/printable.h"
#include "provider/rule/approver_name.h"
#include "tools/approver.h"
#include "tools/show/terminal.h"

/* A key file is far shorter. */
#define LOOK_LIMIT ((size_t)1024 * 1024)
/* How much of a path or URI stands in a question. */
#define PROMPT_LIMIT 200

/* What messages name: a URI may hold a PIN. NULL: out of memory; free with free(). */
static char *shown_uri(const char *uri)
{
    const char *query = strncasecmp(uri, "pkcs11:", 7) == 0 ? strchr(uri, '?') : NULL;
    const char *const secrets[] = {query == NULL ? NULL : query + 1, strcasestr(uri, "pin-value="),
                                   strcasestr(uri, "pin-source=")};
    const char *end = NULL;
    char *shown = NULL;

    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
        if (secrets[i] != NULL && (end == NULL || secrets[i] < end))
            end = secrets[i];
    if (end == NULL)
        return strdup(uri);
    if (asprintf(&shown, "%.*s...", (int)(end - uri), uri) < 0)
        return NULL;
    return shown;
}

/* ---- What a file is that holds no private key ------------------------------------------------ */

static const struct {
    const char *mark;
    const char *words;
} marks[] = {
    {"-----BEGIN SKA KEY REFERENCE-----",
     "it refers to a key in the HSM that signs documents; an approver has a key of their own"},
    {"-----BEGIN OPENSSH PRIVATE KEY-----", "it is a key of OpenSSH; ssh-keygen -p -m PKCS8 -f "
                                            "COPY turns a copy of it into one that can be read"},
    {"-----BEGIN CERTIFICATE REQUEST-----", "it is a request for a certificate; the private key "
                                            "that belongs to it is needed"},
    {"-----BEGIN NEW CERTIFICATE REQUEST-----", "it is a request for a certificate; the private "
                                                "key that belongs to it is needed"},
    {"-----BEGIN CERTIFICATE-----", "it is a certificate; the private key that belongs to it is "
                                    "needed (the certificate can go with --cert)"},
    {"-----BEGIN PUBLIC KEY-----", "it is a public key; the private key that belongs to it is "
                                   "needed"},
    {"-----BEGIN PGP ", "it is a PGP key, which cannot be read"},
    {"PuTTY-User-Key-File", "it is a key of PuTTY, which cannot be read"},
    {"\"approvalToBeSigned\"", "it is a request, not a key; the request comes last"},
    {"\"ruleUse\"", "it is a policy, not a key"},
};

/* NULL: nothing that is known. */
static const char *words_for_content(struct ska_span content)
{
    if (content.length == 0)
        return "it is empty";
    /* What the private key is beside of does not review; that it cannot be read does. */
    if (memmem(content.data, content.length, "PRIVATE KEY-----", 16) != NULL &&
        memmem(content.data, content.length, "OPENSSH", 7) == NULL)
        return NULL;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (memmem(content.data, content.length, marks[i].mark, strlen(marks[i].mark)) != NULL)
            return marks[i].words;
    return NULL;
}

static bool is_encrypted(struct ska_span content)
{
    return content.length > 0 && memmem(content.data, content.length, "ENCRYPTED", 9) != NULL;
}

/* Raises what the file is, if it is one and that helps. */
static bool fail_with_content(const char *uri, const char *shown, const struct ska_errors *errors)
{
    const char *path = strncasecmp(uri, "file:", 5) == 0 ? uri + 5 : uri;
    struct ska_bytes content = {NULL, 0};
    struct stat status;
    const char *words = NULL;

    if (stat(path, &status) != 0)
        return false;
    if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0) {
        ska_fail(errors, SKA_R_FILE_FAILURE, "%s: %s", shown, strerror(errno));
        return true;
    }
    if (S_ISDIR(status.st_mode))
        words = "it is a directory; name the file with the private key";
    else if (ska_file_read(path, LOOK_LIMIT, &content, NULL))
        words = words_for_content(ska_span_of(&content));
    /* Of 256 wrong passphrases one decrypts to something, which then is nothing that is known. */
    if (words == NULL && is_encrypted(ska_span_of(&content)) && terminal_available())
        words = "wrong passphrase, or it is encrypted in a way that no configured provider knows";
    ska_bytes_clear_free(&content);
    if (words == NULL)
        return false;
    ska_fail(errors, SKA_R_BAD_KEY, "%s: %s", shown, words);
    return true;
}

/* Without a terminal: the reasons that libcrypto gives when nobody tells it the passphrase. */
static bool wants_passphrase(void)
{
    const char *words = ERR_reason_error_string(ERR_peek_last_error());

    return !terminal_available() && words != NULL && strstr(words, "passphrase") != NULL;
}

static bool is_unknown_scheme(void)
{
    return ERR_GET_REASON(ERR_peek_last_error()) == OSSL_STORE_R_UNREGISTERED_SCHEME ||
           ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_UNSUPPORTED;
}

static void fail_without_provider(const struct approver *approver, const struct ska_errors *errors)
{
    static const char words[] = "no configured provider can open it";

    if (approver->not_loaded != NULL)
        ska_fail(errors, SKA_R_FILE_FAILURE,
                 "%s: %s; the one in section [%s] of the configuration could not be loaded: check "
                 "its module",
                 approver->shown, words, approver->not_loaded);
    else
        ska_fail(errors, SKA_R_FILE_FAILURE,
                 "%s: %s; skatool(1), SMART CARDS, says how to set one up for a smart card",
                 approver->shown, words);
}

/* ---- Loading --------------------------------------------------------------------------------- */

/* A new reference; NULL: the object is no key. */
static EVP_PKEY *key_of(const OSSL_STORE_INFO *info, bool public)
{
    X509 *certificate = NULL;

    switch (OSSL_STORE_INFO_get_type(info)) {
    case OSSL_STORE_INFO_PKEY:
        return OSSL_STORE_INFO_get1_PKEY(info);
    case OSSL_STORE_INFO_PUBKEY:
        return public ? OSSL_STORE_INFO_get1_PUBKEY(info) : NULL;
    case OSSL_STORE_INFO_CERT:
        certificate = OSSL_STORE_INFO_get0_CERT(info);
        return public && certificate != NULL ? X509_get_pubkey(certificate) : NULL;
    default:
        return NULL;
    }
}

/*
 * libcrypto tries one decoder after the other, and each asks anew: who has interrupted the first
 * question is asked no more.
 */
struct asking {
    const struct approver *approver;
    bool later; /* nobody is asked now; */
    bool asked; /* but somebody would have been */
    bool interrupted;
};

static int read_passphrase(UI *ui, UI_STRING *string)
{
    struct asking *asking = UI_get0_user_data(ui);
    int result = -1;

    asking->asked = true;
    if (asking->interrupted || asking->later)
        return -1;
    result = UI_method_get_reader(UI_OpenSSL())(ui, string);
    asking->interrupted = result == -1;
    return result;
}

/* Else it may be a token. */
static bool is_file(const char *uri)
{
    return strncasecmp(uri, "file:", 5) == 0 || strchr(uri, ':') == NULL || access(uri, F_OK) == 0;
}

/* "Passphrase of alice.pem (alice): "; whose it is only a certificate says. */
static char *make_prompt(UI *ui, const char *what, const char *name)
{
    const struct asking *asking = UI_get0_user_data(ui);
    const struct approver *approver = asking->approver;
    struct ska_span certificate = ska_span_of(&approver->certificate);
    char *who = certificate.data == NULL
                    ? NULL
                    : ska_signer_shown(true, certificate, ska_span_of(&approver->public_key));
    char *shown = ska_printable(ska_span_text(approver->shown), PROMPT_LIMIT);
    struct ska_buffer prompt = {0};
    char *made = NULL;

    (void)what;
    (void)name;
    ska_buffer_format(
        &prompt, "%s of %s%s%s%s: ", is_file(approver->shown) ? "Passphrase" : "PIN or passphrase",
        shown == NULL ? "the key" : shown, who == NULL ? "" : " (", who == NULL ? "" : who,
        who == NULL ? "" : ")");
    made = prompt.failed ? NULL : OPENSSL_strdup(ska_buffer_string(&prompt));
    ska_buffer_free(&prompt);
    free(shown);
    free(who);
    return made;
}

/* Asks as libcrypto does; the user data is a struct asking. NULL: out of memory. */
static UI_METHOD *make_method(void)
{
    const UI_METHOD *usual = UI_OpenSSL();
    UI_METHOD *method = UI_create_method("skatool");

    if (method != NULL && UI_method_set_opener(method, UI_method_get_opener(usual)) == 0 &&
        UI_method_set_prompt_constructor(method, make_prompt) == 0 &&
        UI_method_set_writer(method, UI_method_get_writer(usual)) == 0 &&
        UI_method_set_reader(method, read_passphrase) == 0 &&
        UI_method_set_closer(method, UI_method_get_closer(usual)) == 0)
        return method;
    UI_destroy_method(method);
    return NULL;
}

static void fail_without_key(const char *uri, const char *shown, bool public,
                             const struct asking *asking, const struct ska_errors *errors)
{
    if (asking->interrupted)
        ska_fail(errors, SKA_R_DECLINED, "%s: no passphrase was given", shown);
    else if (fail_with_content(uri, shown, errors))
        return;
    else if (wants_passphrase())
        ska_fail(errors, SKA_R_BAD_KEY,
                 "%s: it has a passphrase, and there is no terminal to ask for it on", shown);
    else if (ERR_peek_last_error() != 0)
        approver_fail(errors, SKA_R_BAD_KEY, shown);
    else
        ska_fail(errors, SKA_R_BAD_KEY, "%s: there is no %s key", shown,
                 public ? "public" : "private");
}

static EVP_PKEY *load_first(OSSL_STORE_CTX *store, bool public)
{
    EVP_PKEY *key = NULL;

    if (!public)
        (void)OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
    while (key == NULL && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);

        if (info == NULL && OSSL_STORE_error(store))
            break;
        if (info != NULL)
            key = key_of(info, public);
        OSSL_STORE_INFO_free(info);
    }
    return key;
}

/* The first key behind the URI; `later`: it may stay locked. */
static bool load_key(struct approver *approver, const char *uri, bool public, bool later,
                     const struct ska_errors *errors)
{
    const char *shown = approver->shown;
    struct asking asking = {.approver = approver, .later = later && terminal_available()};
    UI_METHOD *method = make_method();
    /* Without a terminal libcrypto would read the passphrase from standard input. */
    const UI_METHOD *ui = method != NULL && terminal_available() ? method : UI_null();
    OSSL_STORE_CTX *store =
        OSSL_STORE_open_ex(uri, approver->libctx, NULL, ui, &asking, NULL, NULL, NULL);

    if (store != NULL) {
        approver->key = load_first(store, public);
        approver->locked = approver->key == NULL && asking.later && asking.asked;
        if (approver->key == NULL && !approver->locked)
            fail_without_key(uri, shown, public, &asking, errors);
    } else if (is_unknown_scheme()) {
        fail_without_provider(approver, errors);
    } else if (!fail_with_content(uri, shown, errors)) {
        approver_fail(errors, SKA_R_FILE_FAILURE, shown);
    }
    OSSL_STORE_close(store);
    UI_destroy_method(method);
    ERR_clear_error();
    return approver->key != NULL || approver->locked;
}

/* A rule lists no key whose point is compressed: one key must not come in two codings. */
static bool check_type(const struct approver *approver, const struct ska_errors *errors)
{
    const char *shown = approver->shown;
    enum ska_spki_algorithm algorithm = SKA_SPKI_RSA;
    enum ska_key_type type = SKA_KEY_RSA;

    if (!ska_evp_type(approver->key, &type) || type == SKA_KEY_RSA_PSS)
        return ska_fail(errors, SKA_R_BAD_KEY,
                        "%s: a key of this type cannot approve: RSA, EC, Ed25519 or Ed448 can",
                        shown);
    return ska_spki_algorithm(ska_span_of(&approver->public_key), &algorithm) ||
           ska_fail(errors, SKA_R_BAD_KEY,
                    "%s: the public key in it is encoded in a way that approvers' keys must not be "
                    "(for EC: a compressed point, or no named curve); openssl ec -conv_form "
                    "uncompressed -param_enc named_curve converts a copy of it",
                    shown);
}

/* A key that is open: its public key, which can approve. */
static bool take_key(struct approver *approver, const struct ska_errors *errors)
{
    return ska_evp_encode(approver->key, &approver->public_key, errors) &&
           check_type(approver, errors);
}

static bool open_key(struct tool *tool, struct approver *approver, const char *uri, bool public,
                     bool later)
{
    const struct ska_errors *errors = &tool->errors;

    if (!tool_configure(tool))
        return false;
    approver->shown = shown_uri(uri);
    if (approver->shown == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "URI of the approver's key");
    if (strncasecmp(uri, "ska:", 4) == 0)
        return ska_fail(errors, SKA_R_BAD_URI,
                        "--approver: the ska provider is not loaded for an approver's key; name "
                        "the key by a URI of another provider");
    approver->libctx = OSSL_LIB_CTX_new();
    if (approver->libctx != NULL)
        approver->provider = OSSL_PROVIDER_load(approver->libctx, "default");
    if (approver->provider == NULL)
        return approver_fail(errors, SKA_R_INTERNAL, "libcrypto");
    configuration_load_others(&tool->configuration, approver->libctx);
    approver->not_loaded = configuration_not_loaded(&tool->configuration, approver->libctx);
    if (!load_key(approver, uri, public, later, errors))
        return false;
    if (!approver->locked)
        return take_key(approver, errors);
    approver->uri = strdup(uri);
    return approver->uri != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "an approver's key");
}

bool approver_unlock(struct approver *approver, OSSL_LIB_CTX *libctx,
                     const struct ska_errors *errors)
{
    struct ska_bytes expected = approver->public_key;
    bool done = false;

    if (!approver->locked)
        return true;
    memset(&approver->public_key, 0, sizeof(approver->public_key));
    done = load_key(approver, approver->uri, false, false, errors) && take_key(approver, errors) &&
           (ska_evp_equal(libctx, ska_span_of(&expected), ska_span_of(&approver->public_key)) ||
            ska_fail(errors, SKA_R_BAD_KEY, "%s: it is not the key of the certificate",
                     approver->shown));
    approver->locked = !done;
    ska_bytes_free(&expected);
    return done;
}

/* Before there is anything to see: passphrase and key come next. */
static bool hide_memory(struct approver *approver, const struct ska_errors *errors)
{
    struct rlimit limit = {0, 0};

    approver->dumpable_again = prctl(PR_GET_DUMPABLE) == 1;
    if (getrlimit(RLIMIT_CORE, &limit) == 0) {
        limit.rlim_cur = 0;
        (void)setrlimit(RLIMIT_CORE, &limit);
    }
    return prctl(PR_SET_DUMPABLE, 0) == 0 ||
           ska_fail(errors, SKA_R_INTERNAL, "prctl: %s", strerror(errno));
}

bool approver_open(struct tool *tool, struct approver *approver, const char *uri,
                   const char *certificate)
{
    return hide_memory(approver, &tool->errors) &&
           open_key(tool, approver, uri, false, certificate != NULL) &&
           (certificate == NULL ||
            approver_read_certificate(approver, tool->libctx, certificate, &tool->errors));
}

bool approver_open_public(struct tool *tool, struct approver *approver, const char *uri)
{
    return open_key(tool, approver, uri, true, false);
}
