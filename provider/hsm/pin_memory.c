/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/pin_memory.h"

#include <string.h>
#include <sys/mman.h>

#include <openssl/crypto.h>

static size_t pin_size(const struct hsm_pin *pin)
{
    return sizeof(*pin) + pin->capacity + 1;
}

struct hsm_pin *hsm_pin_room(size_t capacity)
{
    const struct hsm_pin wanted = {.capacity = capacity};
    struct hsm_pin *pin = NULL;
    void *pages =
        mmap(NULL, pin_size(&wanted), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED)
        return NULL;
    pin = pages;
    pin->capacity = capacity;
    hsm_pin_lock(pin);
    return pin;
}

struct hsm_pin *hsm_pin_new(struct ska_span value)
{
    struct hsm_pin *pin = hsm_pin_room(value.length);

    if (pin == NULL)
        return NULL;
    pin->length = value.length;
    if (value.length > 0)
        memcpy(pin->value, value.data, value.length);
    return pin;
}

void hsm_pin_lock(const struct hsm_pin *pin)
{
    /* Neither is vital: a process may have no right to lock memory. */
    (void)mlock(pin, pin_size(pin));
    (void)madvise((void *)(uintptr_t)pin, pin_size(pin), MADV_DONTDUMP);
}

void hsm_pin_wipe(struct hsm_pin *pin)
{
    size_t size = 0;

    if (pin == NULL)
        return;
    size = pin_size(pin);
    OPENSSL_cleanse(pin, size);
    munmap(pin, size);
}

struct hsm_pin *hsm_pin_of_line(struct ska_span line, const char *from,
                                const struct ska_errors *errors)
{
    struct hsm_pin *pin = NULL;

    if (line.length == 0)
        ska_fail(errors, SKA_R_PIN_MISSING, "%s: its first line, the PIN, is empty", from);
    else if (line.length > HSM_PIN_LIMIT)
        ska_fail(errors, SKA_R_PIN_INCORRECT,
                 "%s: its first line, the PIN, is longer than %d bytes and was not tried", from,
                 HSM_PIN_LIMIT);
    else if ((pin = hsm_pin_new(line)) == NULL)
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a PIN");
    return pin;
}
