/* SPDX-License-Identifier: Apache-2.0 */
/*
 * same_module.c: an application that uses the PKCS#11 module itself, beside the provider.
 *
 * same_module ORDER MODULE TOKEN PIN URI: URI names a key on TOKEN that needs no approval.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <pkcs11.h>

#include "application.h"

static const char message[] = "A message.";

/* ---- The application's own use of the module ------------------------------------------------- */

struct own_use {
    void *library;
    CK_FUNCTION_LIST *calls;
    CK_SESSION_HANDLE session;
};

static CK_SLOT_ID find_slot(CK_FUNCTION_LIST *calls, const char *label)
{
    CK_SLOT_ID slots[16];
    CK_ULONG count = sizeof(slots) / sizeof(slots[0]);

    must(calls->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK);
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;

        must(calls->C_GetTokenInfo(slots[i], &info) == CKR_OK);
        if (memcmp(info.label, label, strlen(label)) == 0 && info.label[strlen(label)] == ' ')
            return slots[i];
    }
    must(!"the token is there");
    return 0;
}

static void own_open(struct own_use *own, const char *module)
{
    CK_RV (*get_function_list)(CK_FUNCTION_LIST **);
    CK_C_INITIALIZE_ARGS args = {0};
    CK_RV rv;

    own->library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    must(own->library != NULL);
    *(void **)&get_function_list = dlsym(own->library, "C_GetFunctionList");
    must(get_function_list != NULL);
    must(get_function_list(&own->calls) == CKR_OK);
    args.flags = CKF_OS_LOCKING_OK;
    rv = own->calls->C_Initialize(&args);
    must(rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED);
    /* SoftHSM looks for an engine of libcrypto and leaves its disappointment behind. */
    ERR_clear_error();
}

static void own_login(struct own_use *own, const char *token, char *pin)
{
    CK_SLOT_ID slot = find_slot(own->calls, token);
    CK_RV rv;

    must(own->calls->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &own->session) == CKR_OK);
    rv = own->calls->C_Login(own->session, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin));
    must(rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN);
}

/* The session still works, is still logged in, and sees the private key. */
static void own_work(struct own_use *own)
{
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_ATTRIBUTE match = {CKA_CLASS, &class, sizeof(class)};
    CK_OBJECT_HANDLE found = 0;
    CK_SESSION_INFO info;
    CK_BYTE random[16];
    CK_ULONG count = 0;

    must(own->calls->C_GetSessionInfo(own->session, &info) == CKR_OK);
    must(info.state == CKS_RO_USER_FUNCTIONS);
    must(own->calls->C_GenerateRandom(own->session, random, sizeof(random)) == CKR_OK);
    must(own->calls->C_FindObjectsInit(own->session, &match, 1) == CKR_OK);
    must(own->calls->C_FindObjects(own->session, &found, 1, &count) == CKR_OK);
    must(own->calls->C_FindObjectsFinal(own->session) == CKR_OK);
    must(count == 1);
}

static void own_finalize(struct own_use *own)
{
    must(own->calls->C_Finalize(NULL) == CKR_OK);
    must(dlclose(own->library) == 0);
    own->library = NULL;
}

/* ---- The provider's use ---------------------------------------------------------------------- */

static void provider_signs(const char *uri)
{
    OSSL_LIB_CTX *libctx = new_context();
    EVP_PKEY *key = load_key(libctx, uri);

    sign_and_verify(libctx, key, message, NULL);
    EVP_PKEY_free(key);
    OSSL_LIB_CTX_free(libctx);
}

/* ---- Orders ---------------------------------------------------------------------------------- */

struct setting {
    const char *module;
    const char *token;
    char *pin;
    const char *uri;
};

/* The application uses the module before, while and after the provider is there. */
static void around(const struct setting *set)
{
    struct own_use own = {0};
    OSSL_LIB_CTX *libctx;
    EVP_PKEY *key;

    own_open(&own, set->module);
    own_login(&own, set->token, set->pin);
    own_work(&own);
    libctx = new_context();
    key = load_key(libctx, set->uri);
    own_work(&own);
    sign_and_verify(libctx, key, message, NULL);
    own_work(&own);
    EVP_PKEY_free(key);
    OSSL_LIB_CTX_free(libctx);
    own_work(&own);
    provider_signs(set->uri);
    own_work(&own);
    own_finalize(&own);
}

/* The application is done with the module before the provider comes. */
static void before(const struct setting *set)
{
    struct own_use own = {0};

    own_open(&own, set->module);
    own_login(&own, set->token, set->pin);
    own_work(&own);
    own_finalize(&own);
    provider_signs(set->uri);
}

/* The provider has come and gone before the application begins. */
static void after(const struct setting *set)
{
    struct own_use own = {0};

    provider_signs(set->uri);
    own_open(&own, set->module);
    own_login(&own, set->token, set->pin);
    own_work(&own);
    provider_signs(set->uri);
    own_work(&own);
    own_finalize(&own);
}

/* The application never finalizes, and exits with everything open. */
static void leave_open(const struct setting *set)
{
    struct own_use own = {0};
    EVP_PKEY *key = load_key(NULL, set->uri);

    own_open(&own, set->module);
    own_login(&own, set->token, set->pin);
    sign_and_verify(NULL, key, message, NULL);
    own_work(&own);
    EVP_PKEY_free(key);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(const struct setting *set);
    } orders[] = {
        {"around", around}, {"before", before}, {"after", after}, {"leave-open", leave_open}};

    for (size_t i = 0; argc == 6 && i < sizeof(orders) / sizeof(orders[0]); i++) {
        if (strcmp(argv[1], orders[i].name) == 0) {
            const struct setting set = {argv[2], argv[3], argv[4], argv[5]};

            orders[i].run(&set);
            return 0;
        }
    }
    fprintf(stderr, "usage: same_module ORDER MODULE TOKEN PIN URI\n");
    return 2;
}
