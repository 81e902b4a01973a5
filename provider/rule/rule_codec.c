/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules in their serialized form.
 */
#include "provider/rule/rule_codec.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/certificate.h"
#include "provider/base/printable.h"
#include "provider/base/spki.h"
#include "provider/base/wire.h"

/* ---- Approvers ------------------------------------------------------------------------------ */

bool ska_approver_identify(struct ska_approver *approver, const struct ska_errors *errors)
{
    enum ska_spki_algorithm algorithm;
    struct ska_span data = ska_span_of(&approver->data);
    struct ska_bytes key = {NULL, 0};

    if (approver->type == SKA_APPROVER_CERTIFICATE) {
        if (!ska_certificate_key(data, &key))
            return ska_fail(errors, SKA_R_BAD_KEY, "approver: not an X.509 certificate in DER");
    } else if (!ska_bytes_copy(&key, data, errors)) {
        return false;
    }
    if (!ska_spki_algorithm(ska_span_of(&key), &algorithm)) {
        ska_bytes_free(&key);
        return ska_fail(errors, SKA_R_BAD_KEY,
                        "approver: not a public key (SubjectPublicKeyInfo in DER) of RSA, DSA, EC "
                        "with a named curve and an uncompressed point, Ed25519 or Ed448");
    }
    ska_bytes_free(&approver->public_key);
    approver->public_key = key;
    return true;
}

/* ---- Decoding ------------------------------------------------------------------------------- */

/* The fewest bytes that the parts of a rule take, without names and with empty keys. */
enum {
    NUMBER_SIZE = 8,
    APPROVER_SIZE = 4,
    GROUP_SIZE = 2 * NUMBER_SIZE, /* quorum, number of approvers */
    TOKEN_SIZE = 3 * NUMBER_SIZE  /* timelock, timeout, number of groups */
};

struct rule_reader {
    struct ska_wire_reader wire;
    const uint8_t *start;
    const struct ska_errors *errors;
};

static bool fail_here(const struct rule_reader *reader, const char *fault)
{
    return ska_fail(reader->errors, SKA_R_BAD_RULE, "serialized rule, at byte %zu: %s",
                    (size_t)(reader->wire.next - reader->start),
                    ska_wire_is_long(&reader->wire) ? SKA_WIRE_LONG_FAULT : fault);
}

/* A count, and zeroed memory for that many if so many can still follow; NULL for 0. */
static bool decode_count(struct rule_reader *reader, uint16_t type, size_t size_on_wire,
                         size_t size_in_memory, void **items, size_t *count)
{
    uint32_t number = 0;

    if (!ska_wire_take_u32(&reader->wire, type, &number))
        return fail_here(reader, "a count is missing or malformed");
    if (number > (size_t)(reader->wire.end - reader->wire.next) / size_on_wire)
        return fail_here(reader, "a count is larger than what follows can hold");
    if (number == 0)
        return true;
    *items = calloc(number, size_in_memory);
    if (*items == NULL)
        return ska_fail(reader->errors, SKA_R_OUT_OF_MEMORY, "%zu parts of a rule", (size_t)number);
    *count = number;
    return true;
}

static bool decode_name(struct rule_reader *reader, struct ska_bytes *name)
{
    struct ska_span value;

    if (ska_wire_peek(&reader->wire) != SKA_WIRE_NAME)
        return true;
    if (!ska_wire_take(&reader->wire, SKA_WIRE_NAME, &value))
        return fail_here(reader, "a name is malformed");
    return ska_bytes_copy(name, value, reader->errors);
}

static bool decode_approver(struct rule_reader *reader, struct ska_approver *approver)
{
    struct ska_span value;

    if (!decode_name(reader, &approver->name))
        return false;
    if (ska_wire_take(&reader->wire, SKA_WIRE_PUBLIC_KEY, &value)) {
        approver->type = SKA_APPROVER_PUBLIC_KEY;
        return ska_bytes_copy(&approver->data, value, reader->errors) &&
               ska_bytes_copy(&approver->public_key, value, reader->errors);
    }
    if (ska_wire_take(&reader->wire, SKA_WIRE_SIM_CERTIFICATE, &value) ||
        ska_wire_take(&reader->wire, SKA_WIRE_CERTIFICATE, &value)) {
        approver->type = SKA_APPROVER_CERTIFICATE;
        if (!ska_certificate_key(value, &approver->public_key))
            return fail_here(reader, "the certificate before this does not decode");
        return ska_bytes_copy(&approver->data, value, reader->errors);
    }
    return fail_here(reader, "an approver's key is missing or malformed");
}

static bool decode_group(struct rule_reader *reader, struct ska_group *group)
{
    void *approvers = NULL;

    if (!decode_name(reader, &group->name))
        return false;
    if (!ska_wire_take_u32(&reader->wire, SKA_WIRE_QUORUM, &group->quorum))
        return fail_here(reader, "a quorum is missing or malformed");
    if (!decode_count(reader, SKA_WIRE_APPROVER_COUNT, APPROVER_SIZE, sizeof(*group->approvers),
                      &approvers, &group->approver_count))
        return false;
    group->approvers = approvers;
    for (size_t i = 0; i < group->approver_count; i++)
        if (!decode_approver(reader, &group->approvers[i]))
            return false;
    return true;
}

/* Both in minutes or, only where minutes cannot say it, both in seconds. */
static bool decode_times(struct rule_reader *reader, struct ska_alternative *alternative)
{
    uint16_t type = ska_wire_peek(&reader->wire);
    bool minutes = type != SKA_WIRE_SECONDS && type != SKA_WIRE_SIM_SECONDS;
    uint64_t unit = minutes ? 60 : 1;
    uint32_t timelock = 0, timeout = 0;

    if (minutes)
        type = SKA_WIRE_MINUTES;
    if (!ska_wire_take_u32(&reader->wire, type, &timelock) ||
        !ska_wire_take_u32(&reader->wire, type, &timeout))
        return fail_here(reader, "timelock or timeout is missing or malformed");
    if (!minutes && timelock % 60 == 0 && timeout % 60 == 0)
        return fail_here(reader, "times before this are in seconds where minutes would do");
    alternative->timelock = timelock * unit;
    alternative->timeout = timeout * unit;
    return true;
}

static bool decode_alternative(struct rule_reader *reader, struct ska_alternative *alternative)
{
    void *groups = NULL;

    if (!decode_name(reader, &alternative->name) || !decode_times(reader, alternative) ||
        !decode_count(reader, SKA_WIRE_GROUP_COUNT, GROUP_SIZE, sizeof(*alternative->groups),
                      &groups, &alternative->group_count))
        return false;
    alternative->groups = groups;
    for (size_t i = 0; i < alternative->group_count; i++)
        if (!decode_group(reader, &alternative->groups[i]))
            return false;
    return true;
}

static bool decode_rule(struct rule_reader *reader, struct ska_rule *rule)
{
    void *tokens = NULL;

    if (!decode_count(reader, SKA_WIRE_TOKEN_COUNT, TOKEN_SIZE, sizeof(*rule->alternatives),
                      &tokens, &rule->alternative_count))
        return false;
    rule->alternatives = tokens;
    for (size_t i = 0; i < rule->alternative_count; i++)
        if (!decode_alternative(reader, &rule->alternatives[i]))
            return false;
    return ska_wire_at_end(&reader->wire) || fail_here(reader, "there is something after the rule");
}

bool ska_rule_decode(struct ska_span encoded, struct ska_rule *rule,
                     const struct ska_errors *errors)
{
    struct rule_reader reader = {{NULL, NULL}, encoded.data, errors};

    memset(rule, 0, sizeof(*rule));
    if (!ska_wire_open(&reader.wire, encoded))
        return ska_fail(errors, SKA_R_BAD_RULE,
                        "serialized rule: its length does not fit its header");
    if (decode_rule(&reader, rule))
        return true;
    ska_rule_clear(rule);
    return false;
}

/* ---- Encoding ------------------------------------------------------------------------------- */

struct rule_writer {
    struct ska_buffer buffer;
    const struct ska_errors *errors;
};

static bool encode_value(struct rule_writer *writer, uint16_t type, struct ska_span value)
{
    if (value.length > SKA_WIRE_VALUE_LIMIT)
        return ska_fail(writer->errors, SKA_R_BAD_INPUT_LENGTH,
                        "rule: a name, key or certificate has %zu bytes, more than %zu",
                        value.length, SKA_WIRE_VALUE_LIMIT);
    ska_wire_add(&writer->buffer, type, value);
    return true;
}

static bool encode_name(struct rule_writer *writer, const struct ska_bytes *name)
{
    return name->data == NULL || encode_value(writer, SKA_WIRE_NAME, ska_span_of(name));
}

static bool encode_count(struct rule_writer *writer, uint16_t type, size_t count)
{
    if (count > UINT32_MAX)
        return ska_fail(writer->errors, SKA_R_BAD_INPUT_LENGTH, "rule: too many parts");
    ska_wire_add_u32(&writer->buffer, type, (uint32_t)count);
    return true;
}

static bool encode_fail_named(const struct rule_writer *writer, const struct ska_approver *approver)
{
    char *name = ska_printable(ska_span_of(&approver->name), SKA_NAME_SHOWN);

    ska_fail(writer->errors, SKA_R_BAD_POLICY,
             "approver '%s' is given only by name (onboarded_approver_certificate), which a broker "
             "accepts for a new key: here, name the certificate itself",
             name == NULL ? "" : name);
    free(name);
    return false;
}

static bool encode_approver(struct rule_writer *writer, const struct ska_approver *approver)
{
    struct ska_span data = ska_span_of(&approver->data);
    struct ska_bytes key = {NULL, 0};

    if (approver->type == SKA_APPROVER_ONBOARDED)
        return encode_fail_named(writer, approver);
    if (!encode_name(writer, &approver->name))
        return false;
    if (approver->type == SKA_APPROVER_PUBLIC_KEY)
        return encode_value(writer, SKA_WIRE_PUBLIC_KEY, data);
    /* What does not decode must not be written. */
    if (!ska_certificate_key(data, &key))
        return ska_fail(writer->errors, SKA_R_BAD_KEY,
                        "rule: an approver's certificate is not an X.509 certificate in DER");
    ska_bytes_free(&key);
    return encode_value(writer, SKA_WIRE_SIM_CERTIFICATE, data);
}

static bool encode_group(struct rule_writer *writer, const struct ska_group *group)
{
    if (!encode_name(writer, &group->name))
        return false;
    ska_wire_add_u32(&writer->buffer, SKA_WIRE_QUORUM, group->quorum);
    if (!encode_count(writer, SKA_WIRE_APPROVER_COUNT, group->approver_count))
        return false;
    for (size_t i = 0; i < group->approver_count; i++)
        if (!encode_approver(writer, &group->approvers[i]))
            return false;
    return true;
}

static bool encode_times(struct rule_writer *writer, uint64_t timelock, uint64_t timeout)
{
    bool minutes = timelock % 60 == 0 && timeout % 60 == 0;
    uint16_t type = minutes ? SKA_WIRE_MINUTES : SKA_WIRE_SECONDS;
    uint64_t unit = minutes ? 60 : 1;

    if (timelock / unit > UINT32_MAX || timeout / unit > UINT32_MAX)
        return ska_fail(writer->errors, SKA_R_BAD_POLICY,
                        "rule: timelock (%llu s) or timeout (%llu s) is too long",
                        (unsigned long long)timelock, (unsigned long long)timeout);
    ska_wire_add_u32(&writer->buffer, type, (uint32_t)(timelock / unit));
    ska_wire_add_u32(&writer->buffer, type, (uint32_t)(timeout / unit));
    return true;
}

static bool encode_alternative(struct rule_writer *writer,
                               const struct ska_alternative *alternative)
{
    if (!encode_name(writer, &alternative->name) ||
        !encode_times(writer, alternative->timelock, alternative->timeout) ||
        !encode_count(writer, SKA_WIRE_GROUP_COUNT, alternative->group_count))
        return false;
    for (size_t i = 0; i < alternative->group_count; i++)
        if (!encode_group(writer, &alternative->groups[i]))
            return false;
    return true;
}

static bool encode_rule(struct rule_writer *writer, const struct ska_rule *rule)
{
    size_t begin = ska_wire_begin(&writer->buffer);

    if (!encode_count(writer, SKA_WIRE_TOKEN_COUNT, rule->alternative_count))
        return false;
    for (size_t i = 0; i < rule->alternative_count; i++)
        if (!encode_alternative(writer, &rule->alternatives[i]))
            return false;
    ska_wire_end(&writer->buffer, begin);
    return true;
}

bool ska_rule_encode(const struct ska_rule *rule, struct ska_bytes *encoded,
                     const struct ska_errors *errors)
{
    struct rule_writer writer = {{0}, errors};

    if (encode_rule(&writer, rule))
        return ska_buffer_finish(&writer.buffer, encoded, errors);
    ska_buffer_free(&writer.buffer);
    return false;
}
