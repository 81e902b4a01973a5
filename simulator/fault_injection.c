/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults on demand: a list of PLACE=RESULT or PLACE=crash, separated by commas.
 */
#include "simulator/fault_injection.h"

#include <stdlib.h>
#include <string.h>

#include "simulator/result_name.h"

struct fault {
    const char *place;
    size_t place_length;
    bool crash;
    CK_RV rv;
};

/* The first fault of the list; *next is where the rest begins, NULL at its end. */
static bool parse_fault(const char *list, struct fault *fault, const char **next)
{
    size_t length = strcspn(list, ",");
    const char *equals = memchr(list, '=', length);
    const char *value = NULL;
    size_t value_length = 0;

    if (equals == NULL || equals == list)
        return false;
    value = equals + 1;
    value_length = (size_t)(list + length - value);
    fault->place = list;
    fault->place_length = (size_t)(equals - list);
    fault->crash = value_length == strlen("crash") && memcmp(value, "crash", value_length) == 0;
    *next = list[length] == '\0' ? NULL : list + length + 1;
    return fault->crash || sim_result_parse(value, value_length, &fault->rv);
}

bool sim_fault_valid(const char *faults)
{
    struct fault fault;

    while (faults != NULL) {
        if (!parse_fault(faults, &fault, &faults))
            return false;
    }
    return true;
}

CK_RV sim_fault_at(const char *faults, const char *place)
{
    struct fault fault;

    while (faults != NULL && parse_fault(faults, &fault, &faults)) {
        if (fault.place_length != strlen(place) ||
            memcmp(fault.place, place, fault.place_length) != 0)
            continue;
        if (fault.crash)
            abort();
        return fault.rv;
    }
    return CKR_OK;
}
