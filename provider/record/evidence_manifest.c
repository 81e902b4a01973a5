/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/record/evidence_manifest.h"

#include <string.h>

#include "provider/record/audit_line.h"

#define HASH_LENGTH (SKA_AUDIT_HASH_SIZE - 1)

const char *const ska_evidence_names[SKA_EVIDENCE_FILES] = {[SKA_EVIDENCE_REQUEST] = "request.json",
                                                            [SKA_EVIDENCE_TOKEN] = "token",
                                                            [SKA_EVIDENCE_BROKER] = "broker.json",
                                                            [SKA_EVIDENCE_SIGNATURE] = "signature",
                                                            [SKA_EVIDENCE_MANIFEST] = "SHA256SUMS"};

static const char heading[] =
    "# What was signed and who approved it. `sha256sum -c SHA256SUMS` checks the files.\n";
/* Comments that former versions wrote below; the hash of the whole manifest covers them as well. */
static const char members_heading[] =
    "# The members of request.json: SHA-256, first byte, length, name.\n";

bool ska_manifest_make(OSSL_LIB_CTX *libctx, const struct ska_span contents[SKA_MANIFEST_FILES],
                       struct ska_bytes *manifest, const struct ska_errors *errors)
{
    struct ska_buffer text = {0};
    char hash[SKA_AUDIT_HASH_SIZE];

    ska_buffer_text(&text, heading);
    for (int i = 0; i < SKA_MANIFEST_FILES; i++) {
        if (contents[i].data == NULL)
            continue;
        if (!ska_audit_hash(libctx, contents[i], hash, errors)) {
            ska_buffer_free(&text);
            return false;
        }
        ska_buffer_format(&text, "%s  %s\n", hash, ska_evidence_names[i]);
    }
    return ska_buffer_finish(&text, manifest, errors);
}

/* Takes a fixed text off the front of what is left. */
static bool take_fixed_text(struct ska_span *left, const char *text)
{
    size_t length = strlen(text);

    if (left->length < length || memcmp(left->data, text, length) != 0)
        return false;
    *left = ska_span(left->data + length, left->length - length);
    return true;
}

static bool take_file_hash(struct ska_span *left, char hash[SKA_AUDIT_HASH_SIZE])
{
    if (left->length < HASH_LENGTH)
        return false;
    memcpy(hash, left->data, HASH_LENGTH);
    hash[HASH_LENGTH] = 0;
    *left = ska_span(left->data + HASH_LENGTH, left->length - HASH_LENGTH);
    return ska_audit_is_hash(hash);
}

/* Only comments, in whole lines: sha256sum would check other lines. */
static bool take_comments(struct ska_span *left)
{
    while (left->length > 0) {
        const uint8_t *end = memchr(left->data, '\n', left->length);

        if (end == NULL || !take_fixed_text(left, "# "))
            return false;
        *left = ska_span(end + 1, left->length - (size_t)(end + 1 - left->data));
    }
    return true;
}

static bool take_file(struct ska_span *left, enum ska_evidence_file file,
                      char hashes[SKA_MANIFEST_FILES][SKA_AUDIT_HASH_SIZE])
{
    struct ska_span after = *left;

    hashes[file][0] = 0;
    if (!take_file_hash(&after, hashes[file]) || !take_fixed_text(&after, "  ") ||
        !take_fixed_text(&after, ska_evidence_names[file]) || !take_fixed_text(&after, "\n")) {
        hashes[file][0] = 0;
        return false;
    }
    *left = after;
    return true;
}

/*
 * Nothing but what is written, so that nothing stands in it that nobody looks at. "": of a file
 * that it does not list.
 */
static bool read_manifest(struct ska_span text,
                          char hashes[SKA_MANIFEST_FILES][SKA_AUDIT_HASH_SIZE])
{
    bool token = false;

    if (!take_fixed_text(&text, heading) || !take_file(&text, SKA_EVIDENCE_REQUEST, hashes))
        return false;
    token = take_file(&text, SKA_EVIDENCE_TOKEN, hashes);
    hashes[SKA_EVIDENCE_BROKER][0] = 0;
    if ((!token && !take_file(&text, SKA_EVIDENCE_BROKER, hashes)) ||
        !take_file(&text, SKA_EVIDENCE_SIGNATURE, hashes))
        return false;
    return text.length == 0 || (take_fixed_text(&text, members_heading) && take_comments(&text));
}

bool ska_manifest_compare(OSSL_LIB_CTX *libctx, struct ska_span manifest,
                          const struct ska_span contents[SKA_MANIFEST_FILES], bool *well_formed,
                          bool same[SKA_MANIFEST_FILES], const struct ska_errors *errors)
{
    char hashes[SKA_MANIFEST_FILES][SKA_AUDIT_HASH_SIZE];
    char own[SKA_AUDIT_HASH_SIZE];

    memset(same, 0, SKA_MANIFEST_FILES * sizeof(*same));
    *well_formed = read_manifest(manifest, hashes);
    for (int i = 0; *well_formed && i < SKA_MANIFEST_FILES; i++) {
        if (!ska_audit_hash(libctx, contents[i], own, errors))
            return false;
        same[i] = strcmp(own, hashes[i]) == 0;
    }
    return true;
}
