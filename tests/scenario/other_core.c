/* SPDX-License-Identifier: Apache-2.0 */
/*
 * other_core MODULE REFERENCE: in a process that uses the provider by its libcrypto, a second one
 * loads it too, as a Python wheel does that brings its own. This program is the second one: its
 * BIOs are no BIOs of the first, and both read the same key reference.
 */
#include "application.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/params.h>

struct ossl_core_bio_st {
    const char *data;
    size_t length;
    size_t read;
};

/* ---- The second core ------------------------------------------------------------------------- */

static int get_no_params(const OSSL_CORE_HANDLE *core, OSSL_PARAM params[])
{
    (void)core;
    (void)params;
    return 1;
}

static void new_error(const OSSL_CORE_HANDLE *core)
{
    (void)core;
}

static void set_error_debug(const OSSL_CORE_HANDLE *core, const char *file, int line,
                            const char *function)
{
    (void)core;
    (void)file;
    (void)line;
    (void)function;
}

static void vset_error(const OSSL_CORE_HANDLE *core, uint32_t reason, const char *format,
                       va_list args)
{
    (void)core;
    (void)reason;
    vfprintf(stderr, format, args);
}

static int read_ex(OSSL_CORE_BIO *bio, void *data, size_t size, size_t *got)
{
    *got = bio->length - bio->read < size ? bio->length - bio->read : size;
    memcpy(data, bio->data + bio->read, *got);
    bio->read += *got;
    return *got > 0;
}

static int gets(OSSL_CORE_BIO *bio, char *line, int size)
{
    int length = 0;

    while (length + 1 < size && bio->read < bio->length) {
        line[length++] = bio->data[bio->read++];
        if (line[length - 1] == '\n')
            break;
    }
    line[length] = 0;
    return length;
}

static int write_ex(OSSL_CORE_BIO *bio, const void *data, size_t length, size_t *written)
{
    (void)bio;
    (void)data;
    (void)length;
    *written = 0;
    return 0;
}

static int puts_none(OSSL_CORE_BIO *bio, const char *text)
{
    (void)bio;
    (void)text;
    return -1;
}

static int ctrl(OSSL_CORE_BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)command;
    (void)number;
    (void)pointer;
    return 0;
}

static const OSSL_DISPATCH second_core[] = {
    {OSSL_FUNC_CORE_GET_PARAMS, (void (*)(void))get_no_params},
    {OSSL_FUNC_CORE_NEW_ERROR, (void (*)(void))new_error},
    {OSSL_FUNC_CORE_SET_ERROR_DEBUG, (void (*)(void))set_error_debug},
    {OSSL_FUNC_CORE_VSET_ERROR, (void (*)(void))vset_error},
    {OSSL_FUNC_BIO_READ_EX, (void (*)(void))read_ex},
    {OSSL_FUNC_BIO_WRITE_EX, (void (*)(void))write_ex},
    {OSSL_FUNC_BIO_GETS, (void (*)(void))gets},
    {OSSL_FUNC_BIO_PUTS, (void (*)(void))puts_none},
    {OSSL_FUNC_BIO_CTRL, (void (*)(void))ctrl},
    {0, NULL}};

/* ---- Decoding -------------------------------------------------------------------------------- */

static void (*function_of(const OSSL_DISPATCH *functions, int id))(void)
{
    while (functions->function_id != 0 && functions->function_id != id)
        functions++;
    return functions->function;
}

static int count_object(const OSSL_PARAM params[], void *count)
{
    (void)params;
    ++*(int *)count;
    return 1;
}

/* How many objects a decoder finds. It has to read what is there. */
static int decode(const OSSL_ALGORITHM *algorithm, void *provider, const char *data, size_t length)
{
    const OSSL_DISPATCH *functions = algorithm->implementation;
    const OSSL_DISPATCH found[] = {
        {OSSL_FUNC_DECODER_NEWCTX, function_of(functions, OSSL_FUNC_DECODER_NEWCTX)},
        {OSSL_FUNC_DECODER_FREECTX, function_of(functions, OSSL_FUNC_DECODER_FREECTX)},
        {OSSL_FUNC_DECODER_DECODE, function_of(functions, OSSL_FUNC_DECODER_DECODE)}};
    void *decoder = OSSL_FUNC_decoder_newctx(&found[0])(provider);
    OSSL_CORE_BIO bio = {data, length, 0};
    int count = 0;

    must(decoder != NULL);
    must(OSSL_FUNC_decoder_decode(&found[2])(decoder, &bio, 0, count_object, &count, NULL, NULL));
    must(bio.read > 0);
    OSSL_FUNC_decoder_freectx (&found[1])(decoder);
    return count;
}

static OSSL_provider_init_fn *loaded_init(const char *path)
{
    void *module = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    OSSL_provider_init_fn *init = NULL;

    must(module != NULL);
    *(void **)&init = dlsym(module, "OSSL_provider_init");
    must(init != NULL);
    return init;
}

static void decode_by_second(const char *path, const char *data, size_t length)
{
    const int core = 2;
    const OSSL_DISPATCH *out = NULL;
    void *provider = NULL;
    int objects = 0;
    int no_cache = 0;

    must(loaded_init(path)((const OSSL_CORE_HANDLE *)&core, second_core, &out, &provider));
    {
        const OSSL_DISPATCH query = {OSSL_FUNC_PROVIDER_QUERY_OPERATION,
                                     function_of(out, OSSL_FUNC_PROVIDER_QUERY_OPERATION)};
        const OSSL_DISPATCH teardown = {OSSL_FUNC_PROVIDER_TEARDOWN,
                                        function_of(out, OSSL_FUNC_PROVIDER_TEARDOWN)};
        const OSSL_ALGORITHM *decoder =
            OSSL_FUNC_provider_query_operation(&query)(provider, OSSL_OP_DECODER, &no_cache);

        for (; decoder->algorithm_names != NULL; decoder++)
            objects += decode(decoder, provider, data, length);
        OSSL_FUNC_provider_teardown (&teardown)(provider);
    }
    must(objects == 1);
}

int main(int argc, char **argv)
{
    static char reference[16384];
    OSSL_LIB_CTX *libctx = new_context();
    FILE *file = argc == 3 ? fopen(argv[2], "r") : NULL;
    size_t length = 0;

    must(file != NULL);
    length = fread(reference, 1, sizeof(reference), file);
    fclose(file);
    EVP_PKEY_free(load_key(libctx, argv[2]));
    decode_by_second(argv[1], reference, length);
    EVP_PKEY_free(load_key(libctx, argv[2]));
    OSSL_LIB_CTX_free(libctx);
    return 0;
}
