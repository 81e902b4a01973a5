/* SPDX-License-Identifier: Apache-2.0 */
/*
 * processes.c: servers and their workers. Keys are loaded in one process and used in others, by
 * other users, by many threads at once, and over restarts of the HSM.
 *
 * processes WAY ARGUMENT...: KEY is a reference file or a URI.
 */
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <pkcs11.h>

#include "application.h"

static const char message[] = "A message.";

#define NOBODY 65534

/* ---- Children -------------------------------------------------------------------------------- */

/* A child that hangs is ended, and its parent tells. */
static pid_t start(void (*run)(void *arg), void *arg)
{
    pid_t child = fork();

    must(child >= 0);
    if (child == 0) {
        alarm(200);
        run(arg);
        exit(0);
    }
    return child;
}

static void wait_for(pid_t child)
{
    int status = 0;

    must(waitpid(child, &status, 0) == child);
    must(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void sign(void *key)
{
    sign_and_verify(NULL, key, message, NULL);
}

struct crowd {
    EVP_PKEY *key;
    int gate[2]; /* a pipe: opens when the parent closes its end */
};

static void sign_with_the_crowd(void *arg)
{
    struct crowd *crowd = arg;
    char byte;

    must(close(crowd->gate[1]) == 0);
    must(read(crowd->gate[0], &byte, 1) == 0);
    sign(crowd->key);
    EVP_PKEY_free(crowd->key);
}

/* 20 children that sign at once. */
static void children_at_once(char **argv)
{
    struct crowd crowd = {load_key(NULL, argv[0]), {-1, -1}};
    pid_t children[20];

    must(pipe(crowd.gate) == 0);
    for (size_t i = 0; i < 20; i++)
        children[i] = start(sign_with_the_crowd, &crowd);
    must(close(crowd.gate[0]) == 0 && close(crowd.gate[1]) == 0);
    for (size_t i = 0; i < 20; i++)
        wait_for(children[i]);
    EVP_PKEY_free(crowd.key);
}

#define BUSY_THREADS 3

struct busy {
    EVP_PKEY *key;
    EVP_PKEY *copy;            /* in software */
    pthread_barrier_t settled; /* all threads have signed once, and the parent goes on */
    atomic_bool enough;
};

static void sign_in_between(void *arg)
{
    struct busy *busy = arg;

    sign_and_verify_by(NULL, busy->key, busy->copy, message, NULL);
}

static void *sign_until_enough(void *arg)
{
    struct busy *busy = arg;

    sign_in_between(busy);
    pthread_barrier_wait(&busy->settled);
    while (!atomic_load(&busy->enough))
        sign_in_between(busy);
    return NULL;
}

/*
 * Children that are born while threads are in the middle of signing. What libcrypto keeps of keys
 * is written under locks of its own, which a child never gets if a thread holds them at that
 * moment: meanwhile the threads neither make nor free keys, nor use one for the first time.
 */
static void fork_while_signing(char **argv)
{
    struct busy busy = {.key = load_key(NULL, argv[0])};
    pthread_t threads[BUSY_THREADS];

    busy.copy = public_copy(NULL, busy.key);
    must(pthread_barrier_init(&busy.settled, NULL, BUSY_THREADS + 1) == 0);
    for (size_t i = 0; i < BUSY_THREADS; i++)
        must(pthread_create(&threads[i], NULL, sign_until_enough, &busy) == 0);
    pthread_barrier_wait(&busy.settled);
    for (int i = 0; i < 10; i++)
        wait_for(start(sign_in_between, &busy));
    atomic_store(&busy.enough, true);
    for (size_t i = 0; i < BUSY_THREADS; i++)
        must(pthread_join(threads[i], NULL) == 0);
    EVP_PKEY_free(busy.copy);
    EVP_PKEY_free(busy.key);
}

static void sign_and_have_signed(void *key)
{
    sign(key);
    wait_for(start(sign, key));
    sign(key);
}

/* First used by a grandchild, by a child, and by the parent. */
static void fork_before_use(char **argv)
{
    EVP_PKEY *key = load_key(NULL, argv[0]);

    wait_for(start(sign_and_have_signed, key));
    sign(key);
    wait_for(start(sign_and_have_signed, key));
    EVP_PKEY_free(key);
}

static void sign_as_nobody(void *key)
{
    must(setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
    sign(key);
}

/* The worker of a server. */
static void as_nobody(char **argv)
{
    EVP_PKEY *key = load_key(NULL, argv[0]);

    wait_for(start(sign_as_nobody, key));
    EVP_PKEY_free(key);
}

static void as_nobody_after_use(char **argv)
{
    EVP_PKEY *key = load_key(NULL, argv[0]);

    sign(key);
    wait_for(start(sign_as_nobody, key));
    EVP_PKEY_free(key);
}

/* ---- The HSM goes and comes ------------------------------------------------------------------ */

static CK_FUNCTION_LIST *calls_of(const char *module)
{
    CK_RV (*get_function_list)(CK_FUNCTION_LIST **);
    CK_FUNCTION_LIST *calls = NULL;
    void *library = dlopen(module, RTLD_NOW | RTLD_LOCAL);

    must(library != NULL);
    *(void **)&get_function_list = dlsym(library, "C_GetFunctionList");
    must(get_function_list != NULL && get_function_list(&calls) == CKR_OK);
    return calls;
}

static void fail_to_sign(EVP_PKEY *key, const char *words)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[1024];
    size_t length = sizeof(signature);
    const char *data = NULL;
    bool said = false;

    must(EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL) > 0);
    must(EVP_DigestSignUpdate(context, message, strlen(message)) <= 0 ||
         EVP_DigestSignFinal(context, signature, &length) <= 0);
    while (ERR_get_error_all(NULL, NULL, NULL, &data, NULL) != 0)
        said = said || strstr(data, words) != NULL;
    must(said);
    EVP_MD_CTX_free(context);
}

/* restart MODULE TOKENS KEY: all sessions are lost, then the token is away for a while. */
static void restart(char **argv)
{
    CK_FUNCTION_LIST *calls = calls_of(argv[0]);
    EVP_PKEY *key = load_key(NULL, argv[2]);
    char away[512];

    for (int i = 0; i < 3; i++) {
        sign(key);
        must(calls->C_Finalize(NULL) == CKR_OK);
    }
    sign(key);
    snprintf(away, sizeof(away), "%s.away", argv[1]);
    must(rename(argv[1], away) == 0);
    must(calls->C_Finalize(NULL) == CKR_OK);
    fail_to_sign(key, argv[1]);
    fail_to_sign(key, argv[1]);
    must(rename(away, argv[1]) == 0);
    sign(key);
    EVP_PKEY_free(key);
}

/* sign-again KEY FILE: makes the file, and signs again when it is gone. */
static void sign_again(char **argv)
{
    EVP_PKEY *key = load_key(NULL, argv[0]);
    FILE *file = NULL;

    sign(key);
    file = fopen(argv[1], "w");
    must(file != NULL && fclose(file) == 0);
    while (access(argv[1], F_OK) == 0)
        usleep(50000);
    sign(key);
    sign(key);
    EVP_PKEY_free(key);
}

/* ---- A PIN that a person enters -------------------------------------------------------------- */

static int questions;

static int answer(char *buffer, int size, int writing, void *pin)
{
    (void)writing;
    questions++;
    must(strlen(pin) < (size_t)size);
    strcpy(buffer, pin);
    return (int)strlen(pin);
}

/* pin-once MODULE PIN URI: one question, whatever happens after it. */
static void pin_once(char **argv)
{
    CK_FUNCTION_LIST *calls = calls_of(argv[0]);
    UI_METHOD *method = UI_UTIL_wrap_read_pem_callback(answer, 0);
    OSSL_STORE_CTX *store = OSSL_STORE_open(argv[2], method, argv[1], NULL, NULL);
    OSSL_STORE_INFO *info = NULL;
    EVP_PKEY *key = NULL;

    must(store != NULL && OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY));
    info = OSSL_STORE_load(store);
    must(info != NULL);
    key = OSSL_STORE_INFO_get1_PKEY(info);
    OSSL_STORE_INFO_free(info);
    OSSL_STORE_close(store);
    wait_for(start(sign_and_have_signed, key));
    sign(key);
    must(calls->C_Finalize(NULL) == CKR_OK);
    wait_for(start(sign_and_have_signed, key));
    sign(key);
    must(questions == 1);
    EVP_PKEY_free(key);
    UI_destroy_method(method);
}

/* ---- Threads --------------------------------------------------------------------------------- */

#define KEYS 4
#define THREADS 16

struct thread {
    EVP_PKEY *const *keys;
    int turns;
};

static void *sign_with_all(void *arg)
{
    const struct thread *thread = arg;

    for (int turn = 0; turn < thread->turns; turn++)
        for (int i = 0; i < KEYS; i++)
            sign_and_verify(NULL, thread->keys[i], message, NULL);
    return NULL;
}

/* threads TURNS KEY KEY KEY KEY */
static void threads(char **argv)
{
    EVP_PKEY *keys[KEYS];
    struct thread thread = {keys, atoi(argv[0])};
    pthread_t started[THREADS];

    for (int i = 0; i < KEYS; i++)
        keys[i] = load_key(NULL, argv[1 + i]);
    for (size_t i = 0; i < THREADS; i++)
        must(pthread_create(&started[i], NULL, sign_with_all, &thread) == 0);
    for (size_t i = 0; i < THREADS; i++)
        must(pthread_join(started[i], NULL) == 0);
    for (int i = 0; i < KEYS; i++)
        EVP_PKEY_free(keys[i]);
}

/* ---- Library contexts ------------------------------------------------------------------------ */

struct side {
    OSSL_LIB_CTX *libctx;
    EVP_PKEY *key;
};

static void open_side(struct side *side, const char *configuration, const char *key,
                      const char *public_key)
{
    BIO *bio = BIO_new_file(public_key, "r");
    EVP_PKEY *expected = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

    side->libctx = OSSL_LIB_CTX_new();
    must(OSSL_LIB_CTX_load_config(side->libctx, configuration));
    side->key = load_key(side->libctx, key);
    must(expected != NULL && EVP_PKEY_eq(side->key, expected) == 1);
    EVP_PKEY_free(expected);
    BIO_free(bio);
}

static void *sign_on_side(void *arg)
{
    struct side *side = arg;

    for (int i = 0; i < 20; i++)
        sign_and_verify(side->libctx, side->key, message, NULL);
    return NULL;
}

/* two-configurations KEY CONFIGURATION PUBLIC-KEY CONFIGURATION PUBLIC-KEY */
static void two_configurations(char **argv)
{
    struct side sides[2];
    pthread_t started[2];

    for (int i = 0; i < 2; i++)
        open_side(&sides[i], argv[1 + 2 * i], argv[0], argv[2 + 2 * i]);
    for (int i = 0; i < 2; i++)
        must(pthread_create(&started[i], NULL, sign_on_side, &sides[i]) == 0);
    for (int i = 0; i < 2; i++)
        must(pthread_join(started[i], NULL) == 0);
    for (int i = 0; i < 2; i++) {
        EVP_PKEY_free(sides[i].key);
        OSSL_LIB_CTX_free(sides[i].libctx);
    }
}

/* ---- Loading and unloading ------------------------------------------------------------------- */

static long resident_pages(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long all = 0;
    long resident = 0;

    must(file != NULL && fscanf(file, "%ld %ld", &all, &resident) == 2);
    fclose(file);
    return resident;
}

static void load_and_use(OSSL_LIB_CTX *libctx, const char *path, const char *key)
{
    OSSL_PROVIDER *provider = OSSL_PROVIDER_load(libctx, path);
    EVP_PKEY *loaded = NULL;

    must(provider != NULL);
    if (key != NULL) {
        loaded = load_key(libctx, key);
        sign_and_verify(libctx, loaded, message, NULL);
        EVP_PKEY_free(loaded);
    }
    must(OSSL_PROVIDER_unload(provider));
}

/* A provider that is unloaded stays in its library context; it ends with the context. */
static void load_anew(const char *path, const char *key)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *base = OSSL_PROVIDER_load(libctx, "default");

    must(base != NULL);
    load_and_use(libctx, path, key);
    OSSL_PROVIDER_unload(base);
    OSSL_LIB_CTX_free(libctx);
}

/*
 * load-and-unload TIMES KILOBYTES PROVIDER [KEY]: KILOBYTES is how much more memory there may be in
 * the end than after a fifth of the times, -1: any.
 */
static void load_and_unload(char **argv)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *base = OSSL_PROVIDER_load(libctx, "default");
    int times = atoi(argv[0]);
    long limit = atol(argv[1]);
    long pages = 0;
    long grown = 0;

    must(base != NULL);
    for (int i = 0; i < times; i++) {
        if (i == times / 5)
            pages = resident_pages();
        load_and_use(libctx, argv[2], argv[3]);
        load_anew(argv[2], argv[3]);
    }
    grown = (resident_pages() - pages) * (sysconf(_SC_PAGESIZE) / 1024);
    if (limit >= 0 && grown > limit) {
        fprintf(stderr, "%ld KiB more after %d times than after %d\n", grown, times, times / 5);
        exit(1);
    }
    OSSL_PROVIDER_unload(base);
    OSSL_LIB_CTX_free(libctx);
}

static const struct {
    const char *name;
    void (*run)(char **argv);
    int arguments;
} ways[] = {
    {"children-at-once", children_at_once, 1},
    {"fork-while-signing", fork_while_signing, 1},
    {"fork-before-use", fork_before_use, 1},
    {"as-nobody", as_nobody, 1},
    {"as-nobody-after-use", as_nobody_after_use, 1},
    {"restart", restart, 3},
    {"sign-again", sign_again, 2},
    {"pin-once", pin_once, 3},
    {"threads", threads, 1 + KEYS},
    {"two-configurations", two_configurations, 5},
    {"load-and-unload", load_and_unload, 3},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (strcmp(argv[1], ways[i].name) == 0 && argc - 2 >= ways[i].arguments) {
            ways[i].run(argv + 2);
            return 0;
        }
    }
    fprintf(stderr, "usage: processes WAY ARGUMENT...\n");
    return 2;
}
