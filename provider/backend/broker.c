/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/backend/broker.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "provider/backend/backend.h"

static void people_free(struct broker_people *people)
{
    for (size_t i = 0; i < people->count; i++)
        ska_bytes_free(&people->list[i]);
    free(people->list);
}

void broker_status_clear(struct broker_status *status)
{
    people_free(&status->approved);
    people_free(&status->rejected);
    OPENSSL_cleanse(status, sizeof(*status));
}

bool backend_key_has_broker(const struct backend_key *key)
{
    return key->backend->broker != NULL;
}

static const struct broker *broker_of(const struct backend_key *key,
                                      const struct ska_errors *errors)
{
    if (key->backend->broker == NULL)
        ska_fail(errors, SKA_R_INTERNAL, "key '%s' is not behind a broker", backend_key_label(key));
    return key->backend->broker;
}

bool broker_hand_in(struct backend_key *key, const struct broker_request *request,
                    struct ska_span meta_data, char id[BROKER_ID_SIZE],
                    const struct ska_errors *errors)
{
    const struct broker *broker = broker_of(key, errors);

    return broker != NULL && broker->hand_in(key, request, meta_data, id, errors);
}

enum broker_answer broker_look(struct backend_key *key, const char *id,
                               const struct broker_request *request, struct broker_status *status,
                               const struct ska_errors *errors)
{
    const struct broker *broker = broker_of(key, errors);

    memset(status, 0, sizeof(*status));
    return broker == NULL ? BROKER_WRONG : broker->look(key, id, request, status, errors);
}

struct broker_place broker_place_of(struct backend_key *key)
{
    const struct broker *broker = key->backend->broker;
    struct broker_place place = {broker, broker == NULL ? NULL : broker->connection(key)};

    return place;
}

enum broker_withdrawal broker_withdraw(const struct broker_place *place, const char *id, bool brief,
                                       const struct ska_errors *errors)
{
    return place->broker->withdraw(place->connection, id, brief, errors);
}

const char *broker_name(const struct broker_place *place)
{
    return place->broker->name(place->connection);
}
