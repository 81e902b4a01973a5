/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/key_register.h"

#include "simulator/tsb/key_store.h"

bool tsb_new_key_register(struct tsb_exchange *exchange, const struct tsb_new_key *key)
{
    struct tsb_server *server = exchange->server;

    if (!tsb_new_key_is_new(exchange, key))
        return false;
    return tsb_key_record_insert(server->database, server->libctx, key->plan.label, key->plan.id,
                                 ska_span_of(&key->password)) ||
           tsb_exchange_fail_storage(exchange);
}
