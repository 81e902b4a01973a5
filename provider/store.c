/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store behind `ska:` and `pkcs11:` URIs. A URI that names an object gives the private key, the
 * public key and the certificate, as far as type and expectation allow; one that names none lists
 * the token as URIs.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/store.h>

#include "provider/algorithms.h"
#include "provider/base/error_capture.h"
#include "provider/binding.h"
#include "provider/hsm/list.h"
#include "provider/hsm/token.h"
#include "provider/keys/key_place.h"
#include "provider/keys/list_keys.h"

static OSSL_FUNC_store_open_fn store_open;
static OSSL_FUNC_store_settable_ctx_params_fn store_settable_params;
static OSSL_FUNC_store_set_ctx_params_fn store_set_params;
static OSSL_FUNC_store_load_fn store_load;
static OSSL_FUNC_store_eof_fn store_eof;
static OSSL_FUNC_store_close_fn store_close;

/* Something found on the token, kept until libcrypto asks for it. */
struct found {
    enum hsm_object_type type;
    char *uri;                    /* listing only */
    char *description;            /* listing only */
    struct ska_bytes certificate; /* DER */
    struct ska_key *key; /* that is looked up already; NULL: by its name, when it is given */
};

struct store {
    const struct ska_provider *provider;
    struct hsm_uri *uri;
    int expected; /* OSSL_STORE_INFO_*; 0: anything */
    struct hsm_token *token;
    bool several; /* tokens are listed */
    bool searched;
    bool failed;
    bool ended;
    struct found *found;
    size_t found_count;
    size_t next;
};

static const struct ska_errors *errors_of(const struct store *store)
{
    return &store->provider->errors;
}

static bool names_object(const struct store *store)
{
    return store->uri->object.data != NULL || store->uri->id.data != NULL;
}

static void *store_open(void *provider, const char *text)
{
    struct store *store = calloc(1, sizeof(*store));

    if (store == NULL)
        return NULL;
    store->provider = provider;
    if (!ska_provider_configured(provider, errors_of(store)) ||
        !hsm_uri_parse(text, &store->uri, errors_of(store)) ||
        !ska_uri_check(store->uri, errors_of(store))) {
        store_close(store);
        return NULL;
    }
    return store;
}

static const OSSL_PARAM settable_params[] = {
    OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, NULL),
    OSSL_PARAM_utf8_string(OSSL_STORE_PARAM_PROPERTIES, NULL, 0),
    OSSL_PARAM_END,
};
SKA_PARAMS(store_settable_params, settable_params)

static int store_set_params(void *vstore, const OSSL_PARAM params[])
{
    struct store *store = vstore;
    const OSSL_PARAM *expect = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);

    return expect == NULL || OSSL_PARAM_get_int(expect, &store->expected);
}

/* Whether the URI's type and libcrypto's expectation allow this type of object. */
static bool store_wants(const struct store *store, enum hsm_object_type type)
{
    int info = type == HSM_OBJECT_PRIVATE  ? OSSL_STORE_INFO_PKEY
               : type == HSM_OBJECT_PUBLIC ? OSSL_STORE_INFO_PUBKEY
                                           : OSSL_STORE_INFO_CERT;

    if (store->uri->type != HSM_OBJECT_ANY && store->uri->type != type)
        return false;
    return store->expected == 0 || store->expected == info;
}

/* ---- Searching ------------------------------------------------------------------------------- */

static const char *store_describe(const struct hsm_object *object)
{
    switch (object->type) {
    case HSM_OBJECT_PRIVATE:
        return object->ska ? "private key guarded by Smart Key Attributes" : "private key";
    case HSM_OBJECT_PUBLIC:
        return "public key";
    default:
        return "certificate";
    }
}

/* Several public keys or private keys for one name are left to the look-up to refuse. */
static void drop_doubled_keys(struct store *store)
{
    size_t kept = 0;

    for (size_t i = 0; i < store->found_count; i++) {
        bool key = store->found[i].type != HSM_OBJECT_CERTIFICATE;

        if (key && kept > 0 && store->found[kept - 1].type == store->found[i].type)
            continue;
        store->found[kept++] = store->found[i];
    }
    store->found_count = kept;
}

static void drop_found(struct store *store)
{
    for (size_t i = 0; i < store->found_count; i++) {
        free(store->found[i].uri);
        free(store->found[i].description);
        ska_bytes_free(&store->found[i].certificate);
        ska_key_free(store->found[i].key);
    }
    free(store->found);
    store->found = NULL;
    store->found_count = 0;
}

/* Of several tokens the label does not say which one it is. */
static char *listed_name(const struct store *store, const struct hsm_object *object)
{
    struct hsm_uri by = *store->uri; /* borrowed, and only read */

    if (store->token == NULL)
        return hsm_uri_format_like(&by, "", object->label, object->id, object->type);
    if (store->several)
        by.serial = (char *)(uintptr_t)hsm_token_serial(store->token);
    return hsm_uri_format_like(&by, hsm_token_label(store->token), object->label, object->id,
                               object->type);
}

struct store_search {
    struct store *store;
    bool complete; /* false: memory ran out */
};

static bool store_keep_object(void *vsearch, const struct hsm_object *object)
{
    struct store_search *search = vsearch;
    struct store *store = search->store;
    struct found *found = NULL;

    if (!store_wants(store, object->type))
        return true;
    search->complete = false;
    found = realloc(store->found, (store->found_count + 1) * sizeof(*found));
    if (found == NULL)
        return false;
    store->found = found;
    found += store->found_count;
    memset(found, 0, sizeof(*found));
    store->found_count++;
    found->type = object->type;
    if (!names_object(store)) {
        found->uri = listed_name(store, object);
        found->description = strdup(store_describe(object));
        search->complete = found->uri != NULL && found->description != NULL;
    } else if (object->type == HSM_OBJECT_CERTIFICATE) {
        search->complete = ska_bytes_copy(&found->certificate, object->certificate, NULL);
    } else {
        search->complete = true;
    }
    return search->complete;
}

static bool list_into_store(struct store *store, const struct ska_errors *errors)
{
    struct hsm_object_match match = {store->uri->type, ska_span_of(&store->uri->object),
                                     ska_span_of(&store->uri->id)};
    struct store_search search = {store, true};

    return hsm_object_list(store->token, &match, store_keep_object, &search, errors) &&
           (search.complete || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "while listing a token"));
}

static bool has_found(const struct store *store, enum hsm_object_type type)
{
    for (size_t i = 0; i < store->found_count; i++)
        if (store->found[i].type == type)
            return true;
    return false;
}

/*
 * All that has the name. A private key that may be wanted and does not show may need a login; what
 * else was found is kept.
 */
static bool look_for_objects(void *vstore, struct hsm_token *token, const struct ska_errors *errors)
{
    struct store *store = vstore;
    const bool private_key = store_wants(store, HSM_OBJECT_PRIVATE);

    store->token = token;
    drop_found(store);
    if (!list_into_store(store, errors))
        return false;
    if (private_key ? has_found(store, HSM_OBJECT_PRIVATE) : store->found_count > 0)
        return true;
    return ska_fail(
        errors, SKA_R_KEY_NOT_FOUND, "%s '%s' on token '%s'%s",
        store_wants(store, HSM_OBJECT_CERTIFICATE) && !private_key ? "certificate" : "object",
        store->uri->object.data != NULL ? (const char *)store->uri->object.data : "with this id",
        hsm_token_label(token), hsm_token_logged_in(token) ? "" : " (not logged in: no PIN given)");
}

/*
 * What a public key was found for, but no private one, is told to those who look: it may be there
 * and show only after a login.
 */
static bool accept_without_private(const struct store *store,
                                   const struct ska_error_capture *failure)
{
    const bool found = store->found_count > 0 && (failure->reason == SKA_R_KEY_NOT_FOUND ||
                                                  failure->reason == SKA_R_PIN_MISSING);

    if (!found || (has_found(store, HSM_OBJECT_PUBLIC) && !hsm_token_logged_in(store->token)))
        ska_error_capture_raise(failure, errors_of(store));
    return found;
}

/* The public key that goes by the name, of whichever object tells it. NULL: none, or several. */
static EVP_PKEY *key_of_name(const struct store *store)
{
    struct hsm_key_match match = {ska_span_of(&store->uri->object), ska_span_of(&store->uri->id)};
    OSSL_LIB_CTX *libctx = ska_private_libctx();
    enum ska_key_type type = SKA_KEY_RSA;
    EVP_PKEY *public_key = NULL;
    struct backend_key *hsm = NULL;

    if (hsm_public_key_find(store->token, &match, libctx, &public_key, &type, NULL))
        return public_key;
    if (hsm_key_find(store->token, &match, libctx, &hsm, NULL)) {
        public_key = backend_key_public(hsm);
        EVP_PKEY_up_ref(public_key);
        backend_key_free(hsm);
    }
    return public_key;
}

/* Whoever takes the first certificate gets the key's, not its issuer's under the same id. */
static void own_certificates_first(struct store *store)
{
    struct found *certificates = store->found;
    size_t count = store->found_count;
    size_t own = 0;
    EVP_PKEY *key = NULL;

    while (count > 0 && certificates->type != HSM_OBJECT_CERTIFICATE) {
        certificates++;
        count--;
    }
    if (count < 2 || (key = key_of_name(store)) == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        const struct found one = certificates[i];

        if (!hsm_certificate_is_of(ska_private_libctx(), ska_span_of(&one.certificate), key))
            continue;
        memmove(&certificates[own + 1], &certificates[own], (i - own) * sizeof(one));
        certificates[own++] = one;
    }
    EVP_PKEY_free(key);
}

static bool search_named(struct store *store, const struct hsm_look_up *wanted)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    bool done = hsm_look_up(wanted, look_for_objects, store, &quiet) ||
                accept_without_private(store, &failure);

    ska_error_capture_clear(&failure);
    if (done) {
        drop_doubled_keys(store);
        own_certificates_first(store);
    }
    return done;
}

/* ---- Keys ------------------------------------------------------------------------------------ */

/* Takes the public key over, come what may. */
static struct ska_key *store_make_key(const struct store *store, enum ska_key_type type,
                                      EVP_PKEY *public_key)
{
    struct hsm_uri *uri = hsm_uri_copy(store->uri);
    struct ska_key *key = NULL;

    if (uri == NULL)
        ska_fail(errors_of(store), SKA_R_OUT_OF_MEMORY, "for a key");
    else
        key = ska_key_for_uri(store->provider, type, public_key, uri, errors_of(store));
    if (key == NULL) {
        hsm_uri_free(uri);
        EVP_PKEY_free(public_key);
    }
    return key;
}

/* Takes the HSM's key over, come what may. */
static struct ska_key *store_private_key(const struct store *store, struct backend_key *hsm)
{
    struct ska_key *key = NULL;

    EVP_PKEY_up_ref(backend_key_public(hsm));
    key = store_make_key(store, backend_key_type(hsm), backend_key_public(hsm));
    if (key == NULL)
        backend_key_free(hsm);
    else
        ska_key_set_hsm(key, hsm);
    return key;
}

static bool keep_key(struct store *store, enum hsm_object_type type, struct ska_key *key)
{
    struct found *found = NULL;

    if (key == NULL)
        return false;
    found = realloc(store->found, (store->found_count + 1) * sizeof(*found));
    if (found == NULL) {
        ska_key_free(key);
        return ska_fail(errors_of(store), SKA_R_OUT_OF_MEMORY, "for a key");
    }
    store->found = found;
    found += store->found_count++;
    memset(found, 0, sizeof(*found));
    found->type = type;
    found->key = key;
    return true;
}

static bool search_private(struct store *store, const struct hsm_look_up *wanted,
                           const struct ska_errors *errors)
{
    struct backend_key *hsm = NULL;

    return keys_find(&store->provider->settings, wanted, ska_private_libctx(), &hsm, errors) &&
           keep_key(store, HSM_OBJECT_PRIVATE, store_private_key(store, hsm));
}

static bool search_public(struct store *store, const struct hsm_look_up *wanted)
{
    enum ska_key_type type = SKA_KEY_RSA;
    EVP_PKEY *key = NULL;

    return keys_find_public(&store->provider->settings, wanted, ska_private_libctx(), &key, &type,
                            errors_of(store)) &&
           keep_key(store, HSM_OBJECT_PUBLIC, store_make_key(store, type, key));
}

/* ---- What is wanted -------------------------------------------------------------------------- */

/* Whoever lists asks nobody for a PIN, but uses what is to be had. */
static bool search_all(struct store *store, struct hsm_look_up *wanted)
{
    struct hsm_tokens tokens = {.count = 0};

    wanted->private_key = false;
    if (!hsm_look_up_tokens(wanted, &tokens, errors_of(store)))
        return false;
    store->several = tokens.count > 1;
    for (size_t i = 0; i < tokens.count; i++) {
        store->token = tokens.list[i];
        if (!list_into_store(store, errors_of(store)))
            return false;
    }
    return true;
}

/*
 * A private key is wanted, and the URI names none: it is the only one of the token. Where there are
 * several, they are listed, and it is said why none is given.
 */
static bool search_the_one(struct store *store, struct hsm_look_up *wanted)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    bool done = search_private(store, wanted, &quiet);

    if (!done)
        ska_error_capture_raise(&failure, errors_of(store));
    if (failure.reason == SKA_R_KEY_AMBIGUOUS)
        done = search_all(store, wanted);
    ska_error_capture_clear(&failure);
    return done;
}

/* ---- Where keys are on no token -------------------------------------------------------------- */

static bool search_labels(struct store *store, const struct hsm_look_up *wanted)
{
    struct store_search search = {store, true};

    return keys_list(&store->provider->settings, wanted, store_keep_object, &search,
                     errors_of(store)) &&
           (search.complete || ska_fail(errors_of(store), SKA_R_OUT_OF_MEMORY, "for a list"));
}

/* The private key is asked for once, and tells the public one. There are no certificates. */
static bool search_private_keys(struct store *store, struct hsm_look_up *wanted)
{
    struct backend_key *hsm = NULL;
    struct ska_key *private_key = NULL;

    if (!names_object(store))
        return search_labels(store, wanted);
    if (!store_wants(store, HSM_OBJECT_PRIVATE))
        return !store_wants(store, HSM_OBJECT_PUBLIC) || search_public(store, wanted);
    if (!keys_find(&store->provider->settings, wanted, ska_private_libctx(), &hsm,
                   errors_of(store)))
        return false;
    private_key = store_private_key(store, hsm);
    if (!keep_key(store, HSM_OBJECT_PRIVATE, private_key))
        return false;
    if (!store_wants(store, HSM_OBJECT_PUBLIC))
        return true;
    EVP_PKEY_up_ref(private_key->software);
    return keep_key(store, HSM_OBJECT_PUBLIC,
                    store_make_key(store, private_key->type, private_key->software));
}

static bool store_search(struct store *store, struct hsm_look_up *wanted)
{
    bool private_key = store_wants(store, HSM_OBJECT_PRIVATE);
    bool public_key = store_wants(store, HSM_OBJECT_PUBLIC);
    bool certificate = store_wants(store, HSM_OBJECT_CERTIFICATE);

    wanted->private_key = private_key;
    if (!key_place_of(&store->provider->settings, store->uri)->has_objects)
        return search_private_keys(store, wanted);
    if (!names_object(store))
        return private_key && store->expected == OSSL_STORE_INFO_PKEY
                   ? search_the_one(store, wanted)
                   : search_all(store, wanted);
    if (certificate)
        return search_named(store, wanted);
    if (private_key != public_key)
        return private_key ? search_private(store, wanted, errors_of(store))
                           : search_public(store, wanted);
    return !private_key || search_named(store, wanted);
}

static bool store_begin(struct store *store, OSSL_PASSPHRASE_CALLBACK *callback, void *arg)
{
    struct ska_prompt prompt = {callback, arg};
    struct ska_look_up look_up;

    store->searched = true;
    ska_look_up_init(&look_up, store->provider, store->uri, NULL, &prompt);
    return store_search(store, &look_up.wanted);
}

/* ---- Giving objects to libcrypto ------------------------------------------------------------- */

static struct ska_key *find_private_key(const struct store *store)
{
    struct hsm_key_match match = {ska_span_of(&store->uri->object), ska_span_of(&store->uri->id)};
    struct backend_key *hsm = NULL;

    return hsm_key_find(store->token, &match, ska_private_libctx(), &hsm, errors_of(store))
               ? store_private_key(store, hsm)
               : NULL;
}

static struct ska_key *find_public_key(const struct store *store)
{
    struct hsm_key_match match = {ska_span_of(&store->uri->object), ska_span_of(&store->uri->id)};
    enum ska_key_type type = SKA_KEY_RSA;
    EVP_PKEY *public_key = NULL;

    return hsm_public_key_find(store->token, &match, ska_private_libctx(), &public_key, &type,
                               errors_of(store))
               ? store_make_key(store, type, public_key)
               : NULL;
}

/* libcrypto 3.5 looks for octets in a name first, and leaves an error behind that is none. */
static int hand_over(const OSSL_PARAM params[], OSSL_CALLBACK *callback, void *arg)
{
    int taken = 0;

    ERR_set_mark();
    taken = callback(params, arg);
    if (taken)
        ERR_pop_to_mark();
    else
        ERR_clear_last_mark();
    return taken;
}

static int give_certificate(const struct found *found, OSSL_CALLBACK *callback, void *arg)
{
    int type = OSSL_OBJECT_CERT;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, found->certificate.data,
                                          found->certificate.length),
        OSSL_PARAM_END,
    };

    return hand_over(params, callback, arg);
}

static int give_name(const struct found *found, OSSL_CALLBACK *callback, void *arg)
{
    int type = OSSL_OBJECT_NAME;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA, found->uri, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DESC, found->description, 0),
        OSSL_PARAM_END,
    };

    return hand_over(params, callback, arg);
}

static int give(const struct store *store, struct found *found, OSSL_CALLBACK *callback, void *arg)
{
    struct ska_key *key = found->key;

    if (found->uri != NULL)
        return give_name(found, callback, arg);
    if (found->type == HSM_OBJECT_CERTIFICATE)
        return give_certificate(found, callback, arg);
    found->key = NULL;
    if (key == NULL)
        key = found->type == HSM_OBJECT_PRIVATE ? find_private_key(store) : find_public_key(store);
    return key != NULL && ska_key_give(key, callback, arg);
}

/*
 * A program that wants a key, and was given a URI of a token or of other objects, passes over the
 * names in it and then shows what is in the queue beside its own "could not read private key".
 */
static void note_no_object(struct store *store)
{
    if (store->expected == 0 || store->expected == OSSL_STORE_INFO_NAME || store_eof(store) != 1)
        return;
    if (!names_object(store))
        ska_fail(errors_of(store), SKA_R_BAD_URI,
                 "it names no key: add object=LABEL or id=ID; in a shell URIs need quotes");
    else if (store->expected == OSSL_STORE_INFO_PKEY && !store_wants(store, HSM_OBJECT_PRIVATE))
        ska_fail(errors_of(store), SKA_R_BAD_URI,
                 "type=%s in it excludes private keys, and one is needed",
                 store->uri->type == HSM_OBJECT_PUBLIC ? "public" : "cert");
}

static int store_load(void *vstore, OSSL_CALLBACK *object_callback, void *object_arg,
                      OSSL_PASSPHRASE_CALLBACK *pin_callback, void *pin_arg)
{
    struct store *store = vstore;

    /*
     * One failure ends the store, but only at the next call: libcrypto takes a load that fails at
     * the end for the end and nothing else, and `openssl storeutl` would then report success.
     */
    if (store->failed)
        store->ended = true;
    if (store_eof(store))
        return 0;
    if (!store->searched && !store_begin(store, pin_callback, pin_arg)) {
        store->failed = true;
        return 0;
    }
    if (store_eof(store)) {
        note_no_object(store);
        return 0;
    }
    if (!give(store, &store->found[store->next++], object_callback, object_arg)) {
        store->failed = true;
        return 0;
    }
    note_no_object(store);
    return 1;
}

static int store_eof(void *vstore)
{
    const struct store *store = vstore;

    return store->ended || (store->searched && !store->failed && store->next >= store->found_count);
}

static int store_close(void *vstore)
{
    struct store *store = vstore;

    drop_found(store);
    hsm_uri_free(store->uri);
    free(store);
    return 1;
}

static const OSSL_DISPATCH functions[] = {
    {OSSL_FUNC_STORE_OPEN, (void (*)(void))store_open},
    {OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, (void (*)(void))store_settable_params},
    {OSSL_FUNC_STORE_SET_CTX_PARAMS, (void (*)(void))store_set_params},
    {OSSL_FUNC_STORE_LOAD, (void (*)(void))store_load},
    {OSSL_FUNC_STORE_EOF, (void (*)(void))store_eof},
    {OSSL_FUNC_STORE_CLOSE, (void (*)(void))store_close},
    {0, NULL},
};

const OSSL_ALGORITHM ska_store_algorithms[] = {
    {"ska", SKA_PROPERTIES, functions, "keys and certificates of an HSM"},
    {"pkcs11", SKA_PROPERTIES, functions, "keys and certificates of an HSM"},
    {NULL, NULL, NULL, NULL},
};
