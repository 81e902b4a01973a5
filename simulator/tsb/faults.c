/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/faults.h"

#include <string.h>

#include "simulator/tsb/text_list.h"

#define MOST_FAULTS (sizeof(((struct tsb_faults *)NULL)->happened) / sizeof(unsigned int))

static const char *const fault_names[TSB_FAULT_COUNT] = {
    [TSB_FAULT_DELETE_204] = "delete-204",
    [TSB_FAULT_EMPTY_BODY] = "empty-body",
    [TSB_FAULT_HTML_502] = "html-502",
    [TSB_FAULT_PLAIN_401] = "plain-401",
    [TSB_FAULT_NO_RESULT] = "no-result",
    [TSB_FAULT_MISSING_LISTS] = "missing-lists",
    [TSB_FAULT_EXTRA_MEMBERS] = "extra-members",
    [TSB_FAULT_NO_ZONE] = "no-zone",
    [TSB_FAULT_BLANK_RESULT] = "blank-result",
    [TSB_FAULT_SLOW] = "slow",
    [TSB_FAULT_LOST_ANSWER] = "lost-answer",
    [TSB_FAULT_HALF_ANSWER] = "half-answer",
    [TSB_FAULT_HUGE_ANSWER] = "huge-answer",
    [TSB_FAULT_HSM_ERROR] = "hsm-error",
    [TSB_FAULT_SIGNER_NOT_ALLOWED] = "signer-not-allowed",
    [TSB_FAULT_API_KEY_MISSING] = "api-key-missing",
    [TSB_FAULT_AIR_GAPPED] = "air-gapped",
    [TSB_FAULT_PENDING] = "pending",
    [TSB_FAULT_FOREIGN_RESULT] = "foreign-result",
};

struct entry {
    enum tsb_fault fault;
    struct ska_span path; /* empty: all */
    uint64_t count;       /* 0: always */
};

static bool read_fault_count(struct ska_span text, uint64_t *count)
{
    char digits[10] = {0};

    if (text.length >= sizeof(digits))
        return false;
    memcpy(digits, text.data, text.length);
    return ska_decimal_decode(digits, 1000000, count) && *count > 0;
}

/* Cuts off what begins with this character. */
static struct ska_span cut_from(struct ska_span *text, char mark)
{
    const uint8_t *found = text->length == 0 ? NULL : memchr(text->data, mark, text->length);
    struct ska_span rest = {NULL, 0};

    if (found == NULL)
        return rest;
    rest = ska_span(found + 1, text->length - (size_t)(found + 1 - text->data));
    text->length = (size_t)(found - text->data);
    return rest;
}

static bool read_fault_entry(struct ska_span text, struct entry *entry)
{
    struct ska_span count = cut_from(&text, '*');

    entry->count = 0;
    if (count.data != NULL && !read_fault_count(count, &entry->count))
        return false;
    entry->path = cut_from(&text, '@');
    if (entry->path.data != NULL && (entry->path.length == 0 || entry->path.data[0] != '/'))
        return false;
    for (int i = 0; i < TSB_FAULT_COUNT; i++) {
        if (!ska_span_equal(text, ska_span_text(fault_names[i])))
            continue;
        entry->fault = (enum tsb_fault)i;
        return true;
    }
    return false;
}

bool tsb_faults_valid(const char *text)
{
    struct entry entry;
    size_t count = 0;

    while (text != NULL)
        if (++count > MOST_FAULTS || !read_fault_entry(tsb_list_next(&text), &entry))
            return false;
    return true;
}

bool tsb_faults_init(struct tsb_faults *faults, const char *text)
{
    memset(faults, 0, sizeof(*faults));
    faults->text = text;
    return pthread_mutex_init(&faults->lock, NULL) == 0;
}

void tsb_faults_clear(struct tsb_faults *faults)
{
    pthread_mutex_destroy(&faults->lock);
}

static bool is_about(const struct entry *entry, enum tsb_fault fault, const char *path)
{
    return entry->fault == fault &&
           (entry->path.length == 0 ||
            strncmp(path, (const char *)entry->path.data, entry->path.length) == 0);
}

bool tsb_fault_happens(struct tsb_faults *faults, enum tsb_fault fault, const char *path)
{
    const char *rest = faults->text;
    bool happens = false;

    if (rest == NULL)
        return false;
    pthread_mutex_lock(&faults->lock);
    for (size_t i = 0; rest != NULL && i < MOST_FAULTS && !happens; i++) {
        struct entry entry;

        if (read_fault_entry(tsb_list_next(&rest), &entry) && is_about(&entry, fault, path) &&
            (entry.count == 0 || faults->happened[i] < entry.count)) {
            faults->happened[i]++;
            happens = true;
        }
    }
    pthread_mutex_unlock(&faults->lock);
    return happens;
}
