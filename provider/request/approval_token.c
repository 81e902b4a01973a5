/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The approval token and the HSM timestamp inside it.
 */
#include "provider/request/approval_token.h"

#include <string.h>

#include "provider/base/wire.h"

/* ska_operation by its number on the wire; 0 is no operation. */
static const enum ska_operation operations[] = {
    [1] = SKA_OPERATION_SIGN,
    [2] = SKA_OPERATION_BLOCK,
    [3] = SKA_OPERATION_UNBLOCK,
    [4] = SKA_OPERATION_MODIFY,
};

enum { OPERATION_COUNT = sizeof(operations) / sizeof(operations[0]) };

static uint16_t payload_type(bool modify)
{
    return modify ? SKA_WIRE_MODIFY_PAYLOAD : SKA_WIRE_USAGE_PAYLOAD;
}

/* A payload of the kind; that of a modification is itself a container. */
static bool take_payload(struct ska_wire_reader *reader, bool modify, struct ska_span *payload)
{
    return ska_wire_take(reader, payload_type(modify), payload) &&
           (!modify || ska_wire_well_formed(*payload));
}

/* ---- The timestamp -------------------------------------------------------------------------- */

static const char *read_timestamp(struct ska_wire_reader *reader, struct ska_timestamp *timestamp)
{
    timestamp->modify = ska_wire_peek(reader) == SKA_WIRE_MODIFY_PAYLOAD;
    if (!take_payload(reader, timestamp->modify, &timestamp->payload))
        return "the payload is missing or malformed";
    if (!ska_wire_take_u64(reader, SKA_WIRE_TIME, &timestamp->seconds))
        return "the time is missing or malformed";
    if (!ska_wire_take(reader, SKA_WIRE_NAME, &timestamp->key_name))
        return "the name of the timestamp key is missing or malformed";
    if (!ska_wire_at_end(reader))
        return "there is something after the name of the timestamp key";
    return NULL;
}

bool ska_timestamp_decode(struct ska_span encoded, struct ska_timestamp *timestamp,
                          const struct ska_errors *errors)
{
    struct ska_wire_reader reader;
    const char *fault = NULL;

    memset(timestamp, 0, sizeof(*timestamp));
    if (!ska_wire_open(&reader, encoded))
        fault = "its length does not fit its header";
    else
        fault = read_timestamp(&reader, timestamp);
    if (fault != NULL && ska_wire_is_long(&reader))
        fault = SKA_WIRE_LONG_FAULT;
    if (fault != NULL) {
        memset(timestamp, 0, sizeof(*timestamp));
        return ska_fail(errors, SKA_R_BAD_TOKEN, "HSM timestamp: %s", fault);
    }
    timestamp->block = encoded;
    return true;
}

static size_t padded(size_t length)
{
    return (length + 3) / 4 * 4;
}

bool ska_timestamp_fits(size_t payload, struct ska_span key_name, const struct ska_errors *errors)
{
    /* The container's header, those of three elements, and the time. */
    const size_t around = 4 + 3 * 4 + 8;

    if (payload <= SKA_WIRE_VALUE_LIMIT && key_name.length <= SKA_WIRE_VALUE_LIMIT &&
        around + padded(payload) + padded(key_name.length) <= SKA_WIRE_VALUE_LIMIT)
        return true;
    return ska_fail(errors, SKA_R_BAD_INPUT_LENGTH,
                    "a payload of %zu bytes and the label of a timestamp key, of %zu, do not fit "
                    "into a timestamp, which has at most %zu bytes",
                    payload, key_name.length, SKA_WIRE_VALUE_LIMIT);
}

bool ska_timestamp_encode(const struct ska_timestamp *timestamp, struct ska_bytes *encoded,
                          const struct ska_errors *errors)
{
    struct ska_buffer buffer = {0};
    size_t begin = 0;

    if (!ska_timestamp_fits(timestamp->payload.length, timestamp->key_name, errors))
        return false;
    if (timestamp->modify && !ska_wire_well_formed(timestamp->payload))
        return ska_fail(errors, SKA_R_BAD_TOKEN, "HSM timestamp: malformed modify payload");

    begin = ska_wire_begin(&buffer);
    ska_wire_add(&buffer, payload_type(timestamp->modify), timestamp->payload);
    ska_wire_add_u64(&buffer, SKA_WIRE_TIME, timestamp->seconds);
    ska_wire_add(&buffer, SKA_WIRE_NAME, timestamp->key_name);
    ska_wire_end(&buffer, begin);
    return ska_buffer_finish(&buffer, encoded, errors);
}

/* ---- The token ------------------------------------------------------------------------------ */

static bool take_operation(struct ska_wire_reader *reader, enum ska_operation *operation)
{
    uint32_t number = 0;

    if (!ska_wire_take_u32(reader, SKA_WIRE_OPERATION, &number))
        return false;
    if (number == 0 || number >= OPERATION_COUNT)
        return false;
    *operation = operations[number];
    return true;
}

static bool needs_payload(enum ska_operation operation)
{
    return operation == SKA_OPERATION_SIGN || operation == SKA_OPERATION_MODIFY;
}

/* Reads all but the inside of the timestamp. */
static const char *read_token(struct ska_wire_reader *reader, struct ska_approval_token *token)
{
    if (!take_operation(reader, &token->operation))
        return "the operation is missing, malformed or unknown";
    if (!ska_wire_take(reader, SKA_WIRE_NAME, &token->key_name))
        return "the key name is missing or malformed";
    token->has_timestamp = ska_wire_peek(reader) == SKA_WIRE_TIMESTAMP;
    if (token->has_timestamp) {
        if (!ska_wire_take(reader, SKA_WIRE_TIMESTAMP, &token->timestamp.block))
            return "the timestamp is malformed";
        if (!ska_wire_take(reader, SKA_WIRE_SIGNATURE, &token->timestamp_signature))
            return "the timestamp's signature is missing or malformed";
    }
    token->has_payload = needs_payload(token->operation) || !ska_wire_at_end(reader);
    if (token->has_payload &&
        !take_payload(reader, token->operation == SKA_OPERATION_MODIFY, &token->payload))
        return "the payload is missing, malformed or not of the operation's kind";
    if (!ska_wire_at_end(reader))
        return "there is something after the payload";
    return NULL;
}

/* Whether timestamp and token are about the same thing. */
static const char *compare_timestamp(const struct ska_approval_token *token)
{
    if (token->timestamp.modify != (token->operation == SKA_OPERATION_MODIFY))
        return "its timestamp is for another operation";
    /* Devices take a timestamp over any payload for blocking and unblocking. */
    if (needs_payload(token->operation) &&
        !ska_span_equal(token->timestamp.payload, token->payload))
        return "its timestamp is over another payload";
    return NULL;
}

static bool decode_token(struct ska_span encoded, struct ska_approval_token *token,
                         const struct ska_errors *errors)
{
    struct ska_wire_reader reader = {NULL, NULL};
    const char *fault = NULL;

    if (encoded.length > SKA_TOKEN_LIMIT)
        fault = "it is too long";
    else if (!ska_wire_open(&reader, encoded))
        fault = "its length does not fit its header";
    else
        fault = read_token(&reader, token);
    if (fault != NULL && ska_wire_is_long(&reader))
        fault = SKA_WIRE_LONG_FAULT;
    if (fault == NULL && token->has_timestamp) {
        if (!ska_timestamp_decode(token->timestamp.block, &token->timestamp, errors))
            return false;
        fault = compare_timestamp(token);
    }
    if (fault != NULL)
        return ska_fail(errors, SKA_R_BAD_TOKEN, "approval token: %s", fault);
    return true;
}

bool ska_approval_token_decode(struct ska_span encoded, struct ska_approval_token *token,
                               const struct ska_errors *errors)
{
    memset(token, 0, sizeof(*token));
    if (decode_token(encoded, token, errors))
        return true;
    memset(token, 0, sizeof(*token));
    return false;
}

static bool number_of(enum ska_operation operation, uint32_t *number)
{
    for (*number = 1; *number < OPERATION_COUNT; ++*number)
        if (operations[*number] == operation)
            return true;
    return false;
}

static bool lengths_fit(const struct ska_approval_token *token, const struct ska_errors *errors)
{
    const struct {
        const char *what;
        size_t length;
    } values[] = {
        {"the key name", token->key_name.length},
        {"the timestamp", token->has_timestamp ? token->timestamp.block.length : 0},
        {"its signature", token->has_timestamp ? token->timestamp_signature.length : 0},
        {"the payload", token->has_payload ? token->payload.length : 0},
    };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (values[i].length > SKA_WIRE_VALUE_LIMIT)
            return ska_fail(errors, SKA_R_BAD_INPUT_LENGTH,
                            "approval token: %s has %zu bytes, more than %zu", values[i].what,
                            values[i].length, SKA_WIRE_VALUE_LIMIT);
    return true;
}

bool ska_approval_token_encode(const struct ska_approval_token *token, struct ska_bytes *encoded,
                               const struct ska_errors *errors)
{
    struct ska_buffer buffer = {0};
    struct ska_bytes result = {NULL, 0};
    struct ska_approval_token check;
    uint32_t number = 0;
    size_t begin = 0;

    if (!lengths_fit(token, errors))
        return false;
    if (!number_of(token->operation, &number))
        return ska_fail(errors, SKA_R_INTERNAL, "approval token: operation %d",
                        (int)token->operation);

    begin = ska_wire_begin(&buffer);
    ska_wire_add_u32(&buffer, SKA_WIRE_OPERATION, number);
    ska_wire_add(&buffer, SKA_WIRE_NAME, token->key_name);
    if (token->has_timestamp) {
        ska_wire_add(&buffer, SKA_WIRE_TIMESTAMP, token->timestamp.block);
        ska_wire_add(&buffer, SKA_WIRE_SIGNATURE, token->timestamp_signature);
    }
    if (token->has_payload)
        ska_wire_add(&buffer, payload_type(token->operation == SKA_OPERATION_MODIFY),
                     token->payload);
    ska_wire_end(&buffer, begin);
    if (!ska_buffer_finish(&buffer, &result, errors))
        return false;

    /* Timestamp and modify payload come from others: nothing is written that would not be read. */
    if (!ska_approval_token_decode(ska_span_of(&result), &check, errors)) {
        ska_bytes_free(&result);
        return false;
    }
    *encoded = result;
    return true;
}
