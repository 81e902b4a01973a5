/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/keccak.h"

#include <string.h>

#define LANES 25
#define ROUNDS 24
#define STATE_LENGTH 200

static uint64_t rotate(uint64_t value, unsigned int by)
{
    return by == 0 ? value : value << by | value >> (64 - by);
}

/* Each bit is a parity of two columns beside it. */
static void theta(uint64_t lanes[LANES])
{
    uint64_t columns[5];

    for (unsigned int x = 0; x < 5; x++)
        columns[x] = lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20];
    for (unsigned int x = 0; x < 5; x++)
        for (unsigned int y = 0; y < LANES; y += 5)
            lanes[x + y] ^= columns[(x + 4) % 5] ^ rotate(columns[(x + 1) % 5], 1);
}

/* Lanes are turned, and change places. */
static void rho_pi(uint64_t lanes[LANES])
{
    unsigned int x = 1;
    unsigned int y = 0;
    uint64_t moved = lanes[1];

    for (unsigned int t = 0; t < 24; t++) {
        unsigned int next = (2 * x + 3 * y) % 5;
        uint64_t there = 0;

        x = y;
        y = next;
        there = lanes[x + 5 * y];
        lanes[x + 5 * y] = rotate(moved, (t + 1) * (t + 2) / 2 % 64);
        moved = there;
    }
}

static void chi(uint64_t lanes[LANES])
{
    for (unsigned int y = 0; y < LANES; y += 5) {
        uint64_t row[5];

        memcpy(row, lanes + y, sizeof(row));
        for (unsigned int x = 0; x < 5; x++)
            lanes[x + y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
}

/* The constants of the rounds come from a shift register. */
static void iota(uint64_t lanes[LANES], uint8_t *shift)
{
    for (unsigned int j = 0; j <= 6; j++) {
        if ((*shift & 1) != 0)
            lanes[0] ^= (uint64_t)1 << ((1U << j) - 1);
        *shift = (uint8_t)(*shift << 1 ^ (*shift >> 7) * 0x71);
    }
}

static void permute(uint8_t state[STATE_LENGTH])
{
    uint64_t lanes[LANES] = {0};
    uint8_t shift = 1;

    for (unsigned int i = 0; i < STATE_LENGTH; i++)
        lanes[i / 8] |= (uint64_t)state[i] << (8 * (i % 8));
    for (unsigned int round = 0; round < ROUNDS; round++) {
        theta(lanes);
        rho_pi(lanes);
        chi(lanes);
        iota(lanes, &shift);
    }
    for (unsigned int i = 0; i < STATE_LENGTH; i++)
        state[i] = (uint8_t)(lanes[i / 8] >> (8 * (i % 8)));
}

void tsb_keccak(struct ska_span data, uint8_t *hash, size_t length)
{
    uint8_t state[STATE_LENGTH] = {0};
    size_t rate = STATE_LENGTH - 2 * length;
    size_t at = 0;

    for (size_t i = 0; i < data.length; i++) {
        state[at++] ^= data.data[i];
        if (at == rate) {
            permute(state);
            at = 0;
        }
    }
    state[at] ^= 0x01; /* SHA-3 has 0x06 */
    state[rate - 1] ^= 0x80;
    permute(state);
    memcpy(hash, state, length);
}
