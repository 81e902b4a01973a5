/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers are tried before anything is measured, on tokens like those of the rows: what is wrong with
 * one is said then, in words, instead of by a row that fails.
 */
#include "peers.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/store.h>

#include "rows.h"

/* What is tried: the algorithm of a key, and whose row's key it is. */
struct trial {
    const char *algorithm;
    const struct row *rows[5];
};

static const struct trial rsa = {"RSA:2048", {&row_rsa, &row_threads_rsa}};
static const struct trial ed25519 = {"ED25519", {&row_ed25519}};
static const struct trial p256 = {
    "EC:P-256",
    {&row_p256_fresh, &row_p256_reused, &row_threads_p256, &row_command_sign, &row_memory}};

bool peers_are_for(const struct row *rehearsal, const struct row *row)
{
    const struct trial *trial = rehearsal->detail;

    for (size_t i = 0; i < COUNT(trial->rows); i++)
        if (trial->rows[i] == row)
            return true;
    return false;
}

/* ---- What is wrong --------------------------------------------------------------------------- */

/* One of libcrypto's reasons, as the end of a line. */
static void tell_reason(bool last)
{
    const char *data = NULL;
    int flags = 0;
    unsigned long error = last ? ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags)
                               : ERR_peek_error_all(NULL, NULL, NULL, &data, &flags);
    const char *reason =
        ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error)) : ERR_reason_error_string(error);

    if (reason != NULL)
        fprintf(stderr, ": %s", reason);
    /* Where it is the URI, it may hold a PIN. */
    if (error != 0 && (flags & ERR_TXT_STRING) != 0 && strstr(data, "pin-value") == NULL)
        fprintf(stderr, ": %s", data);
    fputc('\n', stderr);
}

/* The name of a provider, with its section: whether it is to be active, and is not. */
static bool is_missing(const CONF *configuration, const CONF_VALUE *entry, OSSL_LIB_CTX *libctx)
{
    const char *name = NCONF_get_string(configuration, entry->value, "identity");
    const char *active = NCONF_get_string(configuration, entry->value, "activate");

    return active != NULL && !OSSL_PROVIDER_available(libctx, name == NULL ? entry->name : name);
}

static void tell_missing(const struct peer *peer, const CONF *configuration,
                         const CONF_VALUE *entry)
{
    const char *module = NCONF_get_string(configuration, entry->value, "module");
    void *library = module == NULL ? NULL : dlopen(module, RTLD_NOW | RTLD_LOCAL);
    const char *why = library == NULL && module != NULL ? dlerror() : NULL;

    fprintf(stderr, "ska-bench: --peer %s: %s: the provider '%s' does not load%s%s\n", peer->name,
            peer->configuration, entry->name, why == NULL ? "" : ": ", why == NULL ? "" : why);
    if (library != NULL)
        dlclose(library);
}

/* libcrypto goes on without a word where a provider of the configuration does not load. */
static bool tell_missing_providers(const struct peer *peer, OSSL_LIB_CTX *libctx)
{
    CONF *configuration = NCONF_new(NULL);
    const char *section = NULL;
    const STACK_OF(CONF_VALUE) *entries = NULL;
    bool told = false;

    ERR_set_mark();
    if (configuration != NULL && NCONF_load(configuration, peer->configuration, NULL) > 0)
        section = NCONF_get_string(configuration, NULL, "openssl_conf");
    if (section != NULL)
        section = NCONF_get_string(configuration, section, "providers");
    if (section != NULL)
        entries = NCONF_get_section(configuration, section);
    for (int i = 0; entries != NULL && i < sk_CONF_VALUE_num(entries); i++) {
        const CONF_VALUE *entry = sk_CONF_VALUE_value(entries, i);

        if (is_missing(configuration, entry, libctx)) {
            tell_missing(peer, configuration, entry);
            told = true;
        }
    }
    NCONF_free(configuration);
    ERR_pop_to_mark();
    return told;
}

/* ---- Trying ---------------------------------------------------------------------------------- */

struct path peers_uri(const struct peer *peer)
{
    const char *place = strstr(peer->uri, "{key}");
    struct path uri;

    if (place == NULL)
        snprintf(uri.text, sizeof(uri.text), "%s", peer->uri);
    else
        snprintf(uri.text, sizeof(uri.text), "%.*s%s%s", (int)(place - peer->uri), peer->uri,
                 KEY_LABEL, place + strlen("{key}"));
    return uri;
}

static EVP_PKEY *private_key(OSSL_LIB_CTX *libctx, const char *uri)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open_ex(uri, libctx, NULL, NULL, NULL, NULL, NULL, NULL);
    OSSL_STORE_INFO *info = NULL;
    EVP_PKEY *key = NULL;

    if (store != NULL && OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY))
        info = OSSL_STORE_load(store);
    if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
        key = OSSL_STORE_INFO_get1_PKEY(info);
    OSSL_STORE_INFO_free(info);
    OSSL_STORE_close(store);
    return key;
}

static bool signs(OSSL_LIB_CTX *libctx, EVP_PKEY *key)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[1024];
    size_t length = sizeof(signature);
    bool done =
        context != NULL &&
        EVP_DigestSignInit_ex(context, NULL, evp_digest(key), libctx, NULL, key, NULL) > 0 &&
        EVP_DigestSign(context, signature, &length, (const unsigned char *)message,
                       strlen(message)) > 0;

    EVP_MD_CTX_free(context);
    return done;
}

static bool try_peer(const struct peer *peer, const char *kind)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    struct path uri = peers_uri(peer);
    EVP_PKEY *key = NULL;
    bool good = false;

    must(libctx != NULL);
    ERR_clear_error();
    if (!OSSL_LIB_CTX_load_config(libctx, peer->configuration)) {
        fprintf(stderr, "ska-bench: --peer %s: %s cannot be loaded", peer->name,
                peer->configuration);
        tell_reason(false);
    } else {
        key = private_key(libctx, uri.text);
        good = key != NULL && signs(libctx, key);
        /* What follows a '?' may be a PIN. */
        if (!good && (key != NULL || !tell_missing_providers(peer, libctx))) {
            fprintf(stderr, "ska-bench: --peer %s: %s private key (%s) at %.*s", peer->name,
                    key == NULL ? "no" : "no signature with the", kind, (int)strcspn(uri.text, "?"),
                    uri.text);
            tell_reason(true);
        }
    }
    ERR_clear_error();
    EVP_PKEY_free(key);
    OSSL_LIB_CTX_free(libctx);
    return good;
}

static void run(struct bench *bench, const struct row *row)
{
    const struct trial *trial = row->detail;
    struct token token;
    bool good = true;

    token_open(&token, bench);
    make_key(bench, KEY_LABEL, trial->algorithm, "none");
    for (size_t i = 0; i < bench->options->peer_count; i++)
        good = try_peer(&bench->options->peers[i], row->what) && good;
    token_close(&token);
    if (!good)
        exit(2);
}

const struct row peers_rehearsals[PEERS_REHEARSALS] = {
    {"peers-rsa2048", "RSA-2048", {0, 0}, run, &rsa},
    {"peers-ed25519", "Ed25519", {0, 0}, run, &ed25519},
    {"peers-p256", "P-256", {0, 0}, run, &p256},
};
