/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container that tokens, timestamps, rules and modify payloads are written in: a u32 length
 * (little endian, of what follows), then elements: u16 type, u16 length, value, zero padding to a
 * multiple of four. Strict in both directions; for showing foreign bytes see wire_dump.h of the
 * tool.
 */
#ifndef SKA_BASE_WIRE_H
#define SKA_BASE_WIRE_H

#include "provider/base/bytes.h"

/*
 * A length is 16 bits wide, and 0xFFFF is said to announce a longer one of 32 bits behind it. That
 * form is neither written nor read.
 */
#define SKA_WIRE_VALUE_LIMIT ((size_t)0xFFFE)

/* Published element types, by the vendor's samples and data or by third parties (SECONDS,
 * CERTIFICATE). */
enum ska_wire_type {
    SKA_WIRE_APPROVER_COUNT = 0x0003,
    SKA_WIRE_OPERATION = 0x003B,
    SKA_WIRE_MINUTES = 0x0055, /* delay, then timeout */
    SKA_WIRE_SECONDS = 0x0056, /* the same, where minutes cannot say it */
    SKA_WIRE_TOKEN_COUNT = 0x0059,
    SKA_WIRE_GROUP_COUNT = 0x005A,
    SKA_WIRE_QUORUM = 0x005B,
    SKA_WIRE_TIME = 0x0107,
    SKA_WIRE_NAME = 0x1002,
    SKA_WIRE_CERTIFICATE = 0x1009, /* of an approver, in a serialized approval */
    SKA_WIRE_RULE_USE = 0x104E,
    SKA_WIRE_RULE_BLOCK = 0x104F,
    SKA_WIRE_RULE_UNBLOCK = 0x1050,
    SKA_WIRE_RULE_MODIFY = 0x1051,
    SKA_WIRE_PUBLIC_KEY = 0x1052,
    SKA_WIRE_TIMESTAMP = 0x1054,
    SKA_WIRE_APPROVAL_TOKEN = 0x1055, /* in a serialized approval */
    SKA_WIRE_SIGNATURE = 0x1056,
    SKA_WIRE_USAGE_PAYLOAD = 0x1057,
    SKA_WIRE_MODIFY_PAYLOAD = 0x1058,

    /* Private to the simulator. */
    SKA_WIRE_SIM_SECONDS = 0x00F5,    /* SKA_WIRE_SECONDS in keys of older ones; read only */
    SKA_WIRE_SIM_CERTIFICATE = 0x10F2 /* of an approver in a rule: the vendor's is not public */
};

struct ska_wire_element {
    uint16_t type;
    struct ska_span value;
};

struct ska_wire_reader {
    const uint8_t *next;
    const uint8_t *end;
};

/* Checks the header of a whole container and stands before its first element. */
bool ska_wire_open(struct ska_wire_reader *reader, struct ska_span container) SKA_MUST_CHECK;

/* Whether the bytes are one whole container of elements, each of them checked; of any types. */
bool ska_wire_well_formed(struct ska_span container);

bool ska_wire_at_end(const struct ska_wire_reader *reader);

/* The next element, checked: inside the container, padding inside and zero. */
bool ska_wire_next(struct ska_wire_reader *reader, struct ska_wire_element *element) SKA_MUST_CHECK;

/* The next element only if it is of this type; stands still otherwise. */
bool ska_wire_take(struct ska_wire_reader *reader, uint16_t type,
                   struct ska_span *value) SKA_MUST_CHECK;
bool ska_wire_take_u32(struct ska_wire_reader *reader, uint16_t type,
                       uint32_t *value) SKA_MUST_CHECK;
bool ska_wire_take_u64(struct ska_wire_reader *reader, uint16_t type,
                       uint64_t *value) SKA_MUST_CHECK;
/* The type of the next element, or 0 at the end or when too little is left. */
uint16_t ska_wire_peek(const struct ska_wire_reader *reader);
/* Whether the next element cannot be read because its length is of the long form. */
bool ska_wire_is_long(const struct ska_wire_reader *reader);
#define SKA_WIRE_LONG_FAULT "an element is longer than 65534 bytes, in a form that is not supported"

/*
 * Writing: begin, add elements, end with the value that begin gave; a value above
 * SKA_WIRE_VALUE_LIMIT sets buffer->failed.
 */
size_t ska_wire_begin(struct ska_buffer *buffer);
void ska_wire_end(struct ska_buffer *buffer, size_t begin);
void ska_wire_add(struct ska_buffer *buffer, uint16_t type, struct ska_span value);
void ska_wire_add_u32(struct ska_buffer *buffer, uint16_t type, uint32_t value);
void ska_wire_add_u64(struct ska_buffer *buffer, uint16_t type, uint64_t value);

#endif
