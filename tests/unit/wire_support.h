/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The format of containers a second time, written from its description and without a line of what
 * is tested: a writer, a reader, and chance that is the same in every run unless it is asked
 * otherwise:
 *
 *   SKA_TEST_SEED=N    other chances; each test that uses them prints the number
 *   SKA_TEST_ROUNDS=N  N times as many rounds
 */
#ifndef SKA_TEST_WIRE_SUPPORT_H
#define SKA_TEST_WIRE_SUPPORT_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"

/* ---- Writing -------------------------------------------------------------------------------- */

struct writer {
    uint8_t data[320 * 1024];
    size_t length;
};

static inline void put(struct writer *w, const void *data, size_t length)
{
    assert_true(length <= sizeof(w->data) - w->length);
    if (length > 0)
        memcpy(w->data + w->length, data, length);
    w->length += length;
}

static inline void put_number(struct writer *w, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        uint8_t byte = (uint8_t)(value >> 8 * i);

        put(w, &byte, 1);
    }
}

static inline void put_element(struct writer *w, unsigned int type, const void *data, size_t length)
{
    put_number(w, type, 2);
    put_number(w, length, 2);
    put(w, data, length);
    while (w->length % 4 != 0)
        put(w, "", 1);
}

static inline void put_u32(struct writer *w, unsigned int type, uint32_t value)
{
    put_number(w, type, 2);
    put_number(w, 4, 2);
    put_number(w, value, 4);
}

static inline void put_u64(struct writer *w, unsigned int type, uint64_t value)
{
    put_number(w, type, 2);
    put_number(w, 8, 2);
    put_number(w, value, 8);
}

/* Puts the length in front of what was written so far. */
static inline void wrap(struct writer *w)
{
    uint8_t header[4];

    for (size_t i = 0; i < 4; i++)
        header[i] = (uint8_t)(w->length >> 8 * i);
    assert_true(w->length + 4 <= sizeof(w->data));
    memmove(w->data + 4, w->data, w->length);
    memcpy(w->data, header, 4);
    w->length += 4;
}

/* ---- Reading: whatever is not as it should be fails the test -------------------------------- */

struct reader {
    const uint8_t *next;
    size_t left;
};

struct element {
    const uint8_t *value;
    size_t length;
};

static inline uint64_t get_number(const uint8_t *data, size_t bytes)
{
    uint64_t value = 0;

    while (bytes > 0)
        value = value << 8 | data[--bytes];
    return value;
}

static inline struct reader read_container(const uint8_t *data, size_t length)
{
    struct reader reader = {data + 4, length - 4};

    assert_true(length >= 4);
    assert_int_equal(get_number(data, 4), length - 4);
    assert_int_equal(length % 4, 0);
    return reader;
}

/* The type of the next element; 0 at the end. */
static inline unsigned int next_type(const struct reader *reader)
{
    return reader->left < 4 ? 0 : (unsigned int)get_number(reader->next, 2);
}

static inline struct element get_element(struct reader *reader, unsigned int type)
{
    struct element element = {reader->next + 4, 0};
    size_t whole = 0;

    assert_true(reader->left >= 4);
    assert_int_equal(get_number(reader->next, 2), type);
    element.length = (size_t)get_number(reader->next + 2, 2);
    whole = 4 + (element.length + 3) / 4 * 4;
    assert_true(whole <= reader->left);
    for (size_t i = 4 + element.length; i < whole; i++)
        assert_int_equal(reader->next[i], 0);
    reader->next += whole;
    reader->left -= whole;
    return element;
}

static inline uint32_t get_u32(struct reader *reader, unsigned int type)
{
    struct element element = get_element(reader, type);

    assert_int_equal(element.length, 4);
    return (uint32_t)get_number(element.value, 4);
}

static inline uint64_t get_u64(struct reader *reader, unsigned int type)
{
    struct element element = get_element(reader, type);

    assert_int_equal(element.length, 8);
    return get_number(element.value, 8);
}

/* ---- Chance --------------------------------------------------------------------------------- */

struct dice {
    uint64_t state;
};

static inline uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text == NULL || *text == 0 ? otherwise : strtoull(text, NULL, 0);
}

/* The dice of a test; what is thrown depends on its own number and on SKA_TEST_SEED. */
static inline struct dice new_dice(uint64_t own)
{
    uint64_t seed = number_from_environment("SKA_TEST_SEED", 0);
    struct dice dice = {own ^ seed * 0x9E3779B97F4A7C15};

    printf("SKA_TEST_SEED=%" PRIu64 "\n", seed);
    if (dice.state == 0)
        dice.state = 1;
    return dice;
}

static inline size_t rounds(size_t usual)
{
    return usual * (size_t)number_from_environment("SKA_TEST_ROUNDS", 1);
}

/* xorshift64; the state must not be 0. */
static inline uint64_t roll(struct dice *dice)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return dice->state;
}

static inline size_t roll_below(struct dice *dice, size_t limit)
{
    return (size_t)(roll(dice) % limit);
}

static inline void roll_bytes(struct dice *dice, uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++)
        data[i] = (uint8_t)(roll(dice) >> 11);
}

#endif
