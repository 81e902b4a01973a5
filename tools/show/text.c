/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>

#include "tools/show/terminal.h"
#include "tools/show/wire_dump.h"
#include "provider/base/character.h"
#include "provider/base/error_capture.h"
#include "provider/base/file.h"
#include "provider/base/printable.h"
#include "provider/request/request.h"
#include "provider/rule/rule_codec.h"
#include "provider/rule/rule_text.h"

#define NAME_WIDTH 16

void text_printable(struct ska_buffer *text, struct ska_span untrusted)
{
    ska_buffer_printable(text, untrusted, TEXT_LIMIT);
}

void text_quoted(struct ska_buffer *text, struct ska_span untrusted)
{
    ska_buffer_quoted(text, untrusted, TEXT_LIMIT);
}

void text_output_path(const char *path, struct ska_buffer *text)
{
    if (ska_file_descriptor(path) == STDOUT_FILENO)
        ska_buffer_text(text, "standard output");
    else
        ska_buffer_name(text, ska_span_text(path));
}

void text_name(struct ska_buffer *text, const char *name)
{
    ska_buffer_format(text, "    %-*s", NAME_WIDTH, name);
}

void text_row(struct ska_buffer *text, const char *name, const char *untrusted)
{
    if (untrusted == NULL)
        return;
    text_name(text, name);
    text_printable(text, ska_span_text(untrusted));
    ska_buffer_text(text, "\n");
}

void text_digits(struct ska_buffer *text, struct ska_span bytes, const char *new_line)
{
    for (size_t i = 0; i < bytes.length; i++) {
        if (i > 0 && i % 16 == 0)
            ska_buffer_text(text, new_line);
        else if (i > 0 && i % 2 == 0)
            ska_buffer_text(text, " ");
        ska_buffer_hex(text, ska_span(bytes.data + i, 1));
    }
}

const char *text_time(uint64_t seconds, char text[TEXT_TIME_SIZE])
{
    return ska_time_shown(seconds, text);
}

/* What lies before 1970 stands as it is. */
void text_stated_time(struct ska_buffer *text, const char *stated)
{
    char shown[TEXT_TIME_SIZE];
    uint64_t seconds = 0;

    if (ska_time_read(stated, &seconds) && seconds > 0)
        ska_buffer_text(text, text_time(seconds, shown));
    else
        ska_buffer_name(text, ska_span_text(stated));
}

void text_stated_time_row(struct ska_buffer *text, const char *name, const char *stated)
{
    if (stated == NULL)
        return;
    text_name(text, name);
    text_stated_time(text, stated);
    ska_buffer_text(text, "\n");
}

void text_rule(struct ska_buffer *text, const struct ska_rule *rule)
{
    ska_rule_list_text(rule, TEXT_NEXT_LINE, text);
}

void text_encoded_rule(struct ska_buffer *text, struct ska_span encoded)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    struct ska_rule rule = {NULL, 0};

    if (encoded.data == NULL) {
        ska_buffer_text(text, "(not known)");
    } else if (ska_rule_decode(encoded, &rule, &quiet)) {
        text_rule(text, &rule);
    } else if (failure.reason == SKA_R_OUT_OF_MEMORY) {
        text->failed = true;
    } else {
        ska_buffer_text(text, "(not understood by this version)\n");
        wire_dump(encoded, text);
    }
    ska_error_capture_clear(&failure);
    ska_rule_clear(&rule);
}

void text_key_algorithm(enum ska_key_type type, const EVP_PKEY *key,
                        char algorithm[TEXT_ALGORITHM_SIZE])
{
    static const char *const names[] = {[SKA_KEY_RSA] = "RSA",
                                        [SKA_KEY_RSA_PSS] = "RSA-PSS",
                                        [SKA_KEY_EC] = "EC",
                                        [SKA_KEY_ED25519] = "ED25519",
                                        [SKA_KEY_ED448] = "ED448"};
    char group[48] = "";
    const char *nist = NULL;

    if (key != NULL && type == SKA_KEY_EC &&
        EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
                                       NULL) == 1) {
        nist = EC_curve_nid2nist(OBJ_txt2nid(group));
        snprintf(algorithm, TEXT_ALGORITHM_SIZE, "EC %s", nist != NULL ? nist : group);
    } else if (key != NULL && (type == SKA_KEY_RSA || type == SKA_KEY_RSA_PSS)) {
        snprintf(algorithm, TEXT_ALGORITHM_SIZE, "%s %d", names[type], EVP_PKEY_get_bits(key));
    } else {
        snprintf(algorithm, TEXT_ALGORITHM_SIZE, "%s", names[type]);
    }
}

void text_fingerprint(OSSL_LIB_CTX *libctx, struct ska_span of, struct ska_buffer *text)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t length = 0;

    if (EVP_Q_digest(libctx, "SHA256", NULL, of.data, of.length, digest, &length) != 1) {
        text->failed = true;
        return;
    }
    ska_buffer_hex(text, ska_span(digest, length));
}

bool text_public_key(struct ska_buffer *text, const EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;
    long length = 0;
    bool done = bio != NULL && PEM_write_bio_PUBKEY(bio, key) == 1;

    if (done) {
        length = BIO_get_mem_data(bio, &pem);
        ska_buffer_add(text, pem, (size_t)length);
    }
    BIO_free(bio);
    return done;
}

const char *text_told(enum backend_told told)
{
    return told == BACKEND_NOT_TOLD ? "not known" : told == BACKEND_YES ? "yes" : "no";
}

bool text_add_told(cJSON *object, const char *name, enum backend_told told)
{
    return told == BACKEND_NOT_TOLD ||
           cJSON_AddBoolToObject(object, name, told == BACKEND_YES) != NULL;
}

const char *text_operation(enum ska_operation operation)
{
    static const char *const names[] = {[SKA_OPERATION_SIGN] = "sign",
                                        [SKA_OPERATION_BLOCK] = "block",
                                        [SKA_OPERATION_UNBLOCK] = "unblock",
                                        [SKA_OPERATION_MODIFY] = "modify"};

    return names[operation];
}

bool text_read_operation(const char *name, enum ska_operation *operation)
{
    static const enum ska_operation all[] = {SKA_OPERATION_SIGN, SKA_OPERATION_BLOCK,
                                             SKA_OPERATION_UNBLOCK, SKA_OPERATION_MODIFY};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(name, text_operation(all[i])) == 0) {
            *operation = all[i];
            return true;
        }
    return false;
}

bool text_print(struct ska_buffer *text, const struct ska_errors *errors)
{
    struct ska_bytes whole = {NULL, 0};

    if (!ska_buffer_finish(text, &whole, errors) || !terminal_fold(STDOUT_FILENO, &whole, errors))
        return false;
    fwrite(whole.data, 1, whole.length, stdout);
    ska_bytes_free(&whole);
    return true;
}

/* Which a terminal could obey, or which turn the order of what is read. */
static bool is_harmful_in_json(uint32_t character)
{
    static const struct ska_range harmful[] = {{0x7F, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},
                                               {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F},
                                               {0xFEFF, 0xFEFF}};

    return SKA_IS_IN(harmful, character);
}

/* Machines read the escape as the character. It stands in strings only. */
static void add_harmless_json(struct ska_buffer *text, const char *json)
{
    struct ska_span rest = ska_span_text(json);

    while (rest.length > 0) {
        uint32_t character = 0;
        size_t length = ska_utf8_decode(rest, &character);

        if (length > 0 && is_harmful_in_json(character))
            ska_buffer_format(text, "\\u%04X", (unsigned int)character);
        else
            ska_buffer_add(text, rest.data, length > 0 ? length : 1);
        length = length > 0 ? length : 1;
        rest = ska_span(rest.data + length, rest.length - length);
    }
}

bool text_print_json(cJSON *json, const struct ska_errors *errors)
{
    char *printed = json == NULL ? NULL : cJSON_Print(json);
    struct ska_buffer text = {0};
    struct ska_bytes whole = {NULL, 0};
    bool done = false;

    if (printed != NULL) {
        add_harmless_json(&text, printed);
        ska_buffer_text(&text, "\n");
        done = ska_buffer_finish(&text, &whole, errors);
    } else {
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "writing JSON");
    }
    if (done)
        fwrite(whole.data, 1, whole.length, stdout);
    ska_bytes_free(&whole);
    cJSON_free(printed);
    cJSON_Delete(json);
    return done;
}
