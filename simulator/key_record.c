/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records: a container like those of the approval tokens, with elements of the simulator's own. The
 * last element is the SHA-256 digest of all before it.
 */
#include "simulator/key_record.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "provider/base/wire.h"
#include "simulator/context.h"

#define FORMAT 1U

/* Element types inside a record. They never leave the simulator. */
enum {
    RECORD_FORMAT = 0x00E0,
    RECORD_VERSION = 0x00E1,
    RECORD_FLAGS = 0x00E2,
    RECORD_CURRENCY = 0x01E0,
    RECORD_RULE = 0x10E0, /* four of them, in the order of the kinds */
    RECORD_SUBJECT = 0x10E4,
    RECORD_MECHANISMS = 0x10E5,
    RECORD_PUBLIC_KEY = 0x10E6,
    RECORD_DIGEST = 0x10E7
};

#define FLAG_BLOCKED 0x01U
#define FLAG_SENSITIVE_PUBLIC_KEY 0x02U
#define FLAG_SAM_APPROVED 0x04U
#define FLAG_CURRENCY 0x08U
#define FLAGS_KNOWN 0x0FU

static bool digest_of(struct ska_span data, unsigned char digest[SHA256_DIGEST_LENGTH])
{
    size_t length = 0;

    return EVP_Q_digest(sim_libctx(), "SHA256", NULL, data.data, data.length, digest, &length) &&
           length == SHA256_DIGEST_LENGTH;
}

static uint32_t flags_of(const struct sim_record *record)
{
    return (record->blocked ? FLAG_BLOCKED : 0) |
           (record->sensitive_public_key ? FLAG_SENSITIVE_PUBLIC_KEY : 0) |
           (record->sam_approved ? FLAG_SAM_APPROVED : 0) |
           (record->has_currency ? FLAG_CURRENCY : 0);
}

bool sim_record_encode(const struct sim_record *record, struct ska_bytes *encoded)
{
    unsigned char digest[SHA256_DIGEST_LENGTH] = {0};
    struct ska_buffer buffer = {0};
    size_t begin = ska_wire_begin(&buffer);
    size_t content = buffer.length;

    ska_wire_add_u32(&buffer, RECORD_FORMAT, FORMAT);
    ska_wire_add_u32(&buffer, RECORD_VERSION, record->version);
    ska_wire_add_u32(&buffer, RECORD_FLAGS, flags_of(record));
    ska_wire_add_u64(&buffer, RECORD_CURRENCY, record->currency);
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        ska_wire_add(&buffer, (uint16_t)(RECORD_RULE + i), ska_span_of(&record->rules[i]));
    ska_wire_add(&buffer, RECORD_SUBJECT, ska_span_of(&record->subject));
    ska_wire_add(&buffer, RECORD_MECHANISMS, ska_span_of(&record->mechanisms));
    ska_wire_add(&buffer, RECORD_PUBLIC_KEY, ska_span_of(&record->public_key));
    if (buffer.failed ||
        !digest_of(ska_span(buffer.data + content, buffer.length - content), digest)) {
        ska_buffer_free(&buffer);
        return false;
    }
    ska_wire_add(&buffer, RECORD_DIGEST, ska_span(digest, sizeof(digest)));
    ska_wire_end(&buffer, begin);
    return ska_buffer_finish(&buffer, encoded, NULL);
}

/* All elements but the digest, of which the reader ends up in front. */
static bool decode_elements(struct ska_wire_reader *reader, struct sim_record *record)
{
    uint32_t format = 0;
    uint32_t flags = 0;
    struct ska_span value = {NULL, 0};

    if (!ska_wire_take_u32(reader, RECORD_FORMAT, &format) || format != FORMAT ||
        !ska_wire_take_u32(reader, RECORD_VERSION, &record->version) ||
        !ska_wire_take_u32(reader, RECORD_FLAGS, &flags) || (flags & ~FLAGS_KNOWN) != 0 ||
        !ska_wire_take_u64(reader, RECORD_CURRENCY, &record->currency))
        return false;
    record->blocked = (flags & FLAG_BLOCKED) != 0;
    record->sensitive_public_key = (flags & FLAG_SENSITIVE_PUBLIC_KEY) != 0;
    record->sam_approved = (flags & FLAG_SAM_APPROVED) != 0;
    record->has_currency = (flags & FLAG_CURRENCY) != 0;
    for (int i = 0; i < SKA_RULE_COUNT; i++) {
        if (!ska_wire_take(reader, (uint16_t)(RECORD_RULE + i), &value) ||
            !ska_bytes_copy(&record->rules[i], value, NULL))
            return false;
    }
    return ska_wire_take(reader, RECORD_SUBJECT, &value) &&
           ska_bytes_copy(&record->subject, value, NULL) &&
           ska_wire_take(reader, RECORD_MECHANISMS, &value) &&
           ska_bytes_copy(&record->mechanisms, value, NULL) &&
           ska_wire_take(reader, RECORD_PUBLIC_KEY, &value) &&
           ska_bytes_copy(&record->public_key, value, NULL);
}

bool sim_record_decode(struct ska_span encoded, struct sim_record *record)
{
    unsigned char digest[SHA256_DIGEST_LENGTH] = {0};
    struct ska_wire_reader reader = {NULL, NULL};
    struct ska_span value = {NULL, 0};
    const uint8_t *content = NULL;

    memset(record, 0, sizeof(*record));
    if (!ska_wire_open(&reader, encoded))
        return false;
    content = reader.next;
    if (decode_elements(&reader, record) &&
        digest_of(ska_span(content, (size_t)(reader.next - content)), digest) &&
        ska_wire_take(&reader, RECORD_DIGEST, &value) &&
        ska_span_equal(value, ska_span(digest, sizeof(digest))) && ska_wire_at_end(&reader))
        return true;
    sim_record_clear(record);
    return false;
}

void sim_record_clear(struct sim_record *record)
{
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        ska_bytes_free(&record->rules[i]);
    ska_bytes_free(&record->subject);
    ska_bytes_free(&record->mechanisms);
    ska_bytes_free(&record->public_key);
    memset(record, 0, sizeof(*record));
}

bool sim_record_copy(const struct sim_record *from, struct sim_record *to)
{
    bool done = true;

    *to = *from;
    memset(to->rules, 0, sizeof(to->rules));
    memset(&to->subject, 0, sizeof(to->subject));
    memset(&to->mechanisms, 0, sizeof(to->mechanisms));
    memset(&to->public_key, 0, sizeof(to->public_key));
    for (int i = 0; i < SKA_RULE_COUNT && done; i++)
        done = ska_bytes_copy(&to->rules[i], ska_span_of(&from->rules[i]), NULL);
    if (done && ska_bytes_copy(&to->subject, ska_span_of(&from->subject), NULL) &&
        ska_bytes_copy(&to->mechanisms, ska_span_of(&from->mechanisms), NULL) &&
        ska_bytes_copy(&to->public_key, ska_span_of(&from->public_key), NULL))
        return true;
    sim_record_clear(to);
    return false;
}

bool sim_record_has_rules(const struct sim_record *record)
{
    for (int i = 0; i < SKA_RULE_COUNT; i++) {
        if (record->rules[i].length == 0)
            return false;
    }
    return true;
}

bool sim_record_allows(const struct sim_record *record, CK_MECHANISM_TYPE mechanism)
{
    CK_MECHANISM_TYPE allowed = 0;

    if (record->mechanisms.length == 0)
        return true;
    for (size_t at = 0; at + sizeof(allowed) <= record->mechanisms.length; at += sizeof(allowed)) {
        memcpy(&allowed, record->mechanisms.data + at, sizeof(allowed));
        if (allowed == mechanism)
            return true;
    }
    return false;
}
