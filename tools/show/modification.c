/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/modification.h"

#include <string.h>

#include "provider/base/error_capture.h"
#include "provider/rule/rule.h"

/* False: out of memory, raised. Anything else that is wrong with what others wrote is an answer. */
static bool is_memory_left(bool decoded, struct ska_error_capture *failure,
                           const struct ska_errors *errors)
{
    bool left = decoded || failure->reason != SKA_R_OUT_OF_MEMORY;

    if (!left)
        ska_error_capture_raise(failure, errors);
    ska_error_capture_clear(failure);
    return left;
}

bool modification_read(const struct ska_request *request, struct modification *modification,
                       const struct ska_errors *errors)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);

    memset(modification, 0, sizeof(*modification));
    if (request->operation != SKA_OPERATION_MODIFY)
        return true;
    modification->readable =
        ska_modify_decode(ska_span_of(&request->payload), &modification->named, &quiet);
    if (!is_memory_left(modification->readable, &failure, errors))
        return false;
    for (int i = 0; modification->readable && i < SKA_RULE_COUNT; i++) {
        bool decoded = false;

        if (modification->named.rules[i].data == NULL)
            continue;
        decoded = ska_rule_decode(modification->named.rules[i], &modification->rules[i], &quiet);
        if (!is_memory_left(decoded, &failure, errors))
            return false;
        if (decoded)
            modification->known[i] = &modification->rules[i];
    }
    return true;
}

void modification_clear(struct modification *modification)
{
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        ska_rule_clear(&modification->rules[i]);
    memset(modification, 0, sizeof(*modification));
}

static bool check_known(const struct modification *modification, const struct ska_errors *errors)
{
    bool any = false;

    for (int i = 0; i < SKA_RULE_COUNT; i++) {
        if (modification->named.rules[i].data == NULL)
            continue;
        any = true;
        if (modification->known[i] == NULL)
            return ska_fail(errors, SKA_R_BAD_RULE,
                            "the new %s rule is not understood by this version of skatool, so "
                            "nobody can see what it would do",
                            ska_rule_names[i]);
    }
    return any || ska_fail(errors, SKA_R_BAD_RULE, "the change that is asked for names no rule");
}

bool modification_can_be_shown(const struct ska_request *request, const struct ska_errors *errors)
{
    struct modification modification;
    bool done = false;

    if (request->operation != SKA_OPERATION_MODIFY)
        return true;
    if (modification_read(request, &modification, errors))
        done = modification.readable
                   ? check_known(&modification, errors)
                   : ska_fail(errors, SKA_R_BAD_RULE,
                              "the change that is asked for cannot be read, so nobody can see what "
                              "it would do");
    modification_clear(&modification);
    return done;
}
