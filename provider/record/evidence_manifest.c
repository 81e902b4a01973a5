/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/record/evidence_manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/record/audit_line.h"

#define HASH_LENGTH (SKA_AUDIT_HASH_SIZE - 1)
/* The longest name of a member. */
#define NAME_SIZE 64

static const char heading[] =
    "# What was signed and who approved it. `sha256sum -c " SKA_EVIDENCE_MANIFEST
    "` checks the files.\n";
static const char members_heading[] =
    "# The members of " SKA_EVIDENCE_REQUEST ": SHA-256, first byte, length, name.\n";

/* ---- Writing --------------------------------------------------------------------------------- */

static bool add_file(OSSL_LIB_CTX *libctx, struct ska_span content, const char *name,
                     struct ska_buffer *text, const struct ska_errors *errors)
{
    char hash[SKA_AUDIT_HASH_SIZE];

    if (!ska_audit_hash(libctx, content, hash, errors))
        return false;
    ska_buffer_format(text, "%s  %s\n", hash, name);
    return true;
}

/* A member of the outermost object starts a line with one tab; deeper ones with more. */
static bool starts_member(struct ska_span request, size_t at)
{
    return at > 0 && request.length - at > 2 && request.data[at - 1] == '\n' &&
           request.data[at] == '\t' && request.data[at + 1] == '"';
}

static size_t next_member(struct ska_span request, size_t at)
{
    while (at < request.length && !starts_member(request, at))
        at++;
    return at;
}

static void copy_name(struct ska_span request, size_t at, char name[NAME_SIZE])
{
    size_t length = 0;

    for (at += 2; at < request.length && request.data[at] != '"' && length < NAME_SIZE - 1; at++)
        name[length++] = (char)request.data[at];
    name[length] = 0;
}

/* Each byte belongs to a member: the first brace to the first, the last one to the last. */
static bool add_members(OSSL_LIB_CTX *libctx, struct ska_span request, struct ska_buffer *text,
                        const struct ska_errors *errors)
{
    size_t start = 0;
    size_t at = next_member(request, 0);

    while (at < request.length) {
        char hash[SKA_AUDIT_HASH_SIZE];
        char name[NAME_SIZE];
        size_t end = next_member(request, at + 1);

        copy_name(request, at, name);
        if (!ska_audit_hash(libctx, ska_span(request.data + start, end - start), hash, errors))
            return false;
        ska_buffer_format(text, "# %s %zu %zu %s\n", hash, start, end - start, name);
        start = end;
        at = end;
    }
    return true;
}

bool ska_manifest_make(OSSL_LIB_CTX *libctx, const struct ska_evidence_files *files,
                       struct ska_bytes *manifest, const struct ska_errors *errors)
{
    struct ska_buffer text = {0};

    ska_buffer_text(&text, heading);
    if (!add_file(libctx, files->request, SKA_EVIDENCE_REQUEST, &text, errors) ||
        !add_file(libctx, files->token, SKA_EVIDENCE_TOKEN, &text, errors) ||
        !add_file(libctx, files->signature, SKA_EVIDENCE_SIGNATURE, &text, errors)) {
        ska_buffer_free(&text);
        return false;
    }
    ska_buffer_text(&text, members_heading);
    if (!add_members(libctx, files->request, &text, errors)) {
        ska_buffer_free(&text);
        return false;
    }
    return ska_buffer_finish(&text, manifest, errors);
}

/* ---- Reading --------------------------------------------------------------------------------- */

#define FILE_COUNT 3

struct manifest {
    char files[FILE_COUNT][SKA_AUDIT_HASH_SIZE];
    struct ska_span members; /* their lines */
    size_t request_length;   /* as they have it */
};

/* A member of the request, as its line in the manifest has it. */
struct member {
    char hash[SKA_AUDIT_HASH_SIZE];
    size_t start;
    size_t length;
    char name[NAME_SIZE];
};

/* Takes a fixed text off the front of what is left. */
static bool take_text(struct ska_span *left, const char *text)
{
    size_t length = strlen(text);

    if (left->length < length || memcmp(left->data, text, length) != 0)
        return false;
    *left = ska_span(left->data + length, left->length - length);
    return true;
}

static bool take_hash(struct ska_span *left, char hash[SKA_AUDIT_HASH_SIZE])
{
    if (left->length < HASH_LENGTH)
        return false;
    memcpy(hash, left->data, HASH_LENGTH);
    hash[HASH_LENGTH] = 0;
    *left = ska_span(left->data + HASH_LENGTH, left->length - HASH_LENGTH);
    return ska_audit_is_hash(hash);
}

/* A number as printf() writes it; none is longer than that of bytes in a request. */
static bool take_number(struct ska_span *left, size_t *number)
{
    char digits[8] = "";
    char printed[24];

    for (size_t i = 0; i < sizeof(digits) - 1 && i < left->length; i++)
        if (left->data[i] >= '0' && left->data[i] <= '9')
            digits[i] = (char)left->data[i];
        else
            break;
    *number = strtoul(digits, NULL, 10);
    snprintf(printed, sizeof(printed), "%zu", *number);
    return take_text(left, printed);
}

/* Whatever the locale is. */
static bool is_letter(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

static bool take_name(struct ska_span *left, char name[NAME_SIZE])
{
    size_t length = 0;

    while (length < left->length && length < NAME_SIZE - 1 && is_letter(left->data[length]))
        length++;
    memcpy(name, left->data, length);
    name[length] = 0;
    *left = ska_span(left->data + length, left->length - length);
    return length > 0;
}

static bool take_member(struct ska_span *left, struct member *member)
{
    return take_text(left, "# ") && take_hash(left, member->hash) && take_text(left, " ") &&
           take_number(left, &member->start) && take_text(left, " ") &&
           take_number(left, &member->length) && take_text(left, " ") &&
           take_name(left, member->name) && take_text(left, "\n");
}

static const char *const file_names[FILE_COUNT] = {SKA_EVIDENCE_REQUEST, SKA_EVIDENCE_TOKEN,
                                                   SKA_EVIDENCE_SIGNATURE};

/* Exactly what is written, so that nothing stands in it that nobody looks at. */
static bool read_manifest(struct ska_span text, struct manifest *manifest)
{
    struct member member;

    if (!take_text(&text, heading))
        return false;
    for (size_t i = 0; i < FILE_COUNT; i++)
        if (!take_hash(&text, manifest->files[i]) || !take_text(&text, "  ") ||
            !take_text(&text, file_names[i]) || !take_text(&text, "\n"))
            return false;
    if (!take_text(&text, members_heading))
        return false;
    manifest->members = text;
    manifest->request_length = 0;
    while (text.length > 0) {
        if (!take_member(&text, &member) || member.start != manifest->request_length)
            return false;
        manifest->request_length += member.length;
    }
    return true;
}

/* ---- Comparing ------------------------------------------------------------------------------- */

static bool is_same(OSSL_LIB_CTX *libctx, struct ska_span content, const char *hash, bool *same,
                    const struct ska_errors *errors)
{
    char own[SKA_AUDIT_HASH_SIZE];

    if (!ska_audit_hash(libctx, content, own, errors))
        return false;
    *same = strcmp(own, hash) == 0;
    return true;
}

/* Which members of a request that is another one are not as they were. */
static bool compare_members(OSSL_LIB_CTX *libctx, const struct manifest *manifest,
                            struct ska_span request, const struct ska_manifest_check *check,
                            const struct ska_errors *errors)
{
    struct ska_span lines = manifest->members;
    struct member member;
    bool told = false;

    while (lines.length > 0 && take_member(&lines, &member)) {
        bool same = false;

        if (member.start + member.length <= request.length &&
            !is_same(libctx, ska_span(request.data + member.start, member.length), member.hash,
                     &same, errors))
            return false;
        if (same)
            continue;
        check->differs(check->arg, SKA_EVIDENCE_REQUEST, member.name);
        told = true;
        /* What follows a byte too many or too few is somewhere else. */
        if (request.length != manifest->request_length)
            break;
    }
    /* The same members, another file: one of both hashes is wrong. */
    if (!told)
        check->differs(check->arg, SKA_EVIDENCE_MANIFEST, NULL);
    return true;
}

/* Of files that are as they were no other manifest is made. */
static bool compare_whole(OSSL_LIB_CTX *libctx, struct ska_span manifest,
                          const struct ska_evidence_files *files,
                          const struct ska_manifest_check *check, const struct ska_errors *errors)
{
    struct ska_bytes expected = {NULL, 0};

    if (!ska_manifest_make(libctx, files, &expected, errors))
        return false;
    if (!ska_span_equal(ska_span_of(&expected), manifest))
        check->differs(check->arg, SKA_EVIDENCE_MANIFEST, NULL);
    ska_bytes_free(&expected);
    return true;
}

bool ska_manifest_compare(OSSL_LIB_CTX *libctx, struct ska_span manifest,
                          const struct ska_evidence_files *files,
                          const struct ska_manifest_check *check, const struct ska_errors *errors)
{
    const struct ska_span contents[FILE_COUNT] = {files->request, files->token, files->signature};
    struct manifest read;
    bool same[FILE_COUNT] = {false};

    if (!read_manifest(manifest, &read)) {
        check->differs(check->arg, SKA_EVIDENCE_MANIFEST, NULL);
        return true;
    }
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (!is_same(libctx, contents[i], read.files[i], &same[i], errors))
            return false;
        if (!same[i])
            check->differs(check->arg, file_names[i], NULL);
    }
    if (!same[0])
        return compare_members(libctx, &read, files->request, check, errors);
    return !same[1] || !same[2] || compare_whole(libctx, manifest, files, check, errors);
}
