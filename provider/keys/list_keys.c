/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/list_keys.h"

#include "provider/tsb/broker_key.h"

static bool list_token(const struct hsm_look_up *wanted, hsm_object_visit *visit, void *arg,
                       const struct ska_errors *errors)
{
    const struct hsm_object_match match = {HSM_OBJECT_PRIVATE, ska_span_of(&wanted->uri->object),
                                           ska_span_of(&wanted->uri->id)};
    struct hsm_token *token = NULL;

    return hsm_locate(wanted->uri, wanted->defaults, &token, errors) &&
           hsm_token_login(token, &wanted->source, errors) &&
           hsm_object_list(token, &match, visit, arg, errors);
}

struct label_list {
    struct ska_span only; /* data == NULL: all */
    hsm_object_visit *visit;
    void *arg;
};

static bool visit_label(void *arg, struct ska_span label)
{
    const struct label_list *list = arg;
    const struct hsm_object object = {
        .type = HSM_OBJECT_PRIVATE, .label = label, .only_label = true};

    return (list->only.data != NULL && !ska_span_equal(list->only, label)) ||
           list->visit(list->arg, &object);
}

bool keys_list(const struct ska_settings *settings, const struct hsm_look_up *wanted,
               hsm_object_visit *visit, void *arg, const struct ska_errors *errors)
{
    struct label_list list = {ska_span_of(&wanted->uri->object), visit, arg};
    struct tsb_connection *connection = NULL;

    return keys_are_on_tokens(settings, wanted->uri)
               ? list_token(wanted, visit, arg, errors)
               : keys_find_broker(settings, wanted->uri, &connection, errors) &&
                     tsb_key_list(connection, visit_label, &list, errors);
}
