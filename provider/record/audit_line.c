/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/record/audit_line.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "provider/base/json.h"

/* Members that are texts, in the order in which they stand in a line. */
static const struct {
    const char *name;
    size_t offset;
    enum ska_json_need need;
    bool hash;
} texts[] = {
    {"time", offsetof(struct ska_audit_line, time), SKA_JSON_REQUIRED, false},
    {"event", offsetof(struct ska_audit_line, event), SKA_JSON_REQUIRED, false},
    {"requestId", offsetof(struct ska_audit_line, request), SKA_JSON_OPTIONAL, true},
    {"operation", offsetof(struct ska_audit_line, operation), SKA_JSON_OPTIONAL, false},
    {"token", offsetof(struct ska_audit_line, token), SKA_JSON_OPTIONAL, false},
    {"key", offsetof(struct ska_audit_line, key), SKA_JSON_OPTIONAL, false},
    {"approvalToken", offsetof(struct ska_audit_line, approval_token), SKA_JSON_OPTIONAL, true},
    {"approver", offsetof(struct ska_audit_line, approver), SKA_JSON_OPTIONAL, false},
    {"approverKey", offsetof(struct ska_audit_line, approver_key), SKA_JSON_OPTIONAL, true},
    {"evidence", offsetof(struct ska_audit_line, evidence), SKA_JSON_OPTIONAL, true},
    {"detail", offsetof(struct ska_audit_line, detail), SKA_JSON_OPTIONAL, false},
    {"description", offsetof(struct ska_audit_line, description), SKA_JSON_OPTIONAL, false},
    {"digest", offsetof(struct ska_audit_line, digest), SKA_JSON_OPTIONAL, false},
};
#define TEXT_COUNT (sizeof(texts) / sizeof(texts[0]))

static const char **member_text(struct ska_audit_line *line, size_t index)
{
    return (const char **)(void *)((char *)line + texts[index].offset);
}

bool ska_audit_is_hash(const char *text)
{
    return strlen(text) == SKA_AUDIT_HASH_SIZE - 1 &&
           strspn(text, "0123456789abcdef") == SKA_AUDIT_HASH_SIZE - 1;
}

/* ---- Writing -------------------------------------------------------------------------------- */

static bool add_members(cJSON *json, const struct ska_audit_line *line)
{
    struct ska_audit_line copy = *line;

    if (line->previous != NULL &&
        cJSON_AddNumberToObject(json, "sequence", (double)line->sequence) == NULL)
        return false;
    for (size_t i = 0; i < TEXT_COUNT; i++)
        if (!ska_json_add_text(json, texts[i].name, *member_text(&copy, i)))
            return false;
    return cJSON_AddNumberToObject(json, "uid", (double)line->uid) != NULL &&
           cJSON_AddNumberToObject(json, "pid", (double)line->pid) != NULL &&
           ska_json_add_text(json, "previous", line->previous);
}

bool ska_audit_line_print(const struct ska_audit_line *line, struct ska_buffer *text,
                          const struct ska_errors *errors)
{
    cJSON *json = cJSON_CreateObject();
    char *printed = json != NULL && add_members(json, line) ? cJSON_PrintUnformatted(json) : NULL;
    bool done = false;

    if (printed == NULL) {
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a line of the audit log");
    } else if (strlen(printed) >= SKA_AUDIT_LINE_LIMIT) {
        ska_fail(errors, SKA_R_INTERNAL, "a line of %zu bytes for the audit log", strlen(printed));
    } else {
        ska_buffer_text(text, printed);
        ska_buffer_text(text, "\n");
        done = !text->failed || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a line of the audit log");
    }
    cJSON_free(printed);
    cJSON_Delete(json);
    return done;
}

/* ---- Reading -------------------------------------------------------------------------------- */

static bool read_hash(const struct ska_json_place *place, const char *name, const char *text)
{
    return text == NULL || ska_audit_is_hash(text) ||
           ska_json_fail(place, name, "64 hexadecimal digits expected");
}

static bool read_members(const struct ska_json_place *place, struct ska_audit_line *line)
{
    if (!ska_json_uint(place, "sequence", SKA_JSON_REQUIRED, &line->sequence))
        return false;
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        const char **text = member_text(line, i);

        if (!ska_json_text(place, texts[i].name, texts[i].need, text) ||
            (texts[i].hash && !read_hash(place, texts[i].name, *text)))
            return false;
    }
    return ska_json_uint(place, "uid", SKA_JSON_REQUIRED, &line->uid) &&
           ska_json_uint(place, "pid", SKA_JSON_REQUIRED, &line->pid) &&
           ska_json_text(place, "previous", SKA_JSON_REQUIRED, &line->previous) &&
           read_hash(place, "previous", line->previous);
}

bool ska_audit_line_parse(struct ska_span text, const char *shown, cJSON **json,
                          struct ska_audit_line *line, const struct ska_errors *errors)
{
    struct ska_json_place place;
    bool done = false;

    memset(line, 0, sizeof(*line));
    *json = NULL;
    if (ska_json_parse(text, shown, json, errors)) {
        ska_json_top(&place, *json, shown, SKA_R_EVIDENCE_WRONG, errors);
        done = cJSON_IsObject(*json)
                   ? read_members(&place, line)
                   : ska_fail(&place.at.errors, SKA_R_EVIDENCE_WRONG, "object expected");
    }
    if (!done) {
        cJSON_Delete(*json);
        *json = NULL;
        memset(line, 0, sizeof(*line));
    }
    return done;
}

bool ska_audit_line_continues(const struct ska_audit_line *line)
{
    return line->sequence > 1 && strcmp(line->event, SKA_AUDIT_CONTINUATION) == 0;
}

/* ---- Hashing -------------------------------------------------------------------------------- */

bool ska_audit_hash(OSSL_LIB_CTX *libctx, struct ska_span of, char hash[SKA_AUDIT_HASH_SIZE],
                    const struct ska_errors *errors)
{
    uint8_t digest[32];
    char *hex = NULL;

    if (EVP_Q_digest(libctx, "SHA256", NULL, of.data, of.length, digest, NULL) != 1)
        return ska_fail(errors, SKA_R_INTERNAL, "SHA-256");
    if (!ska_hex_encode(ska_span(digest, sizeof(digest)), &hex, errors))
        return false;
    memcpy(hash, hex, SKA_AUDIT_HASH_SIZE);
    free(hex);
    return true;
}
