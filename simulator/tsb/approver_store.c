/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/approver_store.h"

#include <stdlib.h>
#include <string.h>

void tsb_approver_clear(struct tsb_approver *approver)
{
    free(approver->name);
    free(approver->code);
    tsb_approver_key_clear(&approver->key);
    memset(approver, 0, sizeof(*approver));
}

bool tsb_approver_save(struct tsb_database *database, const struct tsb_approver *approver)
{
    struct tsb_query query;

    tsb_query_begin(database, &query, "INSERT OR REPLACE INTO approver VALUES (?,?,?,?,?,?,?,?)");
    tsb_query_give_text(&query, approver->name);
    tsb_query_give_bytes(&query, ska_span_of(&approver->key.certificate));
    tsb_query_give_bytes(&query, ska_span_of(&approver->key.container));
    tsb_query_give_bytes(&query, ska_span_of(&approver->key.backup));
    tsb_query_give_bytes(&query, ska_span_of(&approver->key.backup_key));
    tsb_query_give_text(&query, approver->code);
    tsb_query_give_number(&query, approver->attempts);
    tsb_query_give_number(&query, approver->onboarded);
    return tsb_query_end(&query);
}

bool tsb_approver_load(struct tsb_database *database, const char *name,
                       struct tsb_approver *approver, bool *found)
{
    struct tsb_query query;

    memset(approver, 0, sizeof(*approver));
    tsb_query_begin(database, &query, "SELECT * FROM approver WHERE name = ?");
    tsb_query_give_text(&query, name);
    *found = tsb_query_row(&query);
    if (*found) {
        approver->name = tsb_query_take_text(&query);
        tsb_query_take_bytes(&query, &approver->key.certificate);
        tsb_query_take_bytes(&query, &approver->key.container);
        tsb_query_take_bytes(&query, &approver->key.backup);
        tsb_query_take_bytes(&query, &approver->key.backup_key);
        approver->code = tsb_query_take_text(&query);
        approver->attempts = tsb_query_take_number(&query);
        approver->onboarded = tsb_query_take_number(&query) != 0;
    }
    return tsb_query_end(&query);
}

bool tsb_approver_delete(struct tsb_database *database, const char *name)
{
    struct tsb_query query;

    tsb_query_begin(database, &query, "DELETE FROM approver WHERE name = ?");
    tsb_query_give_text(&query, name);
    return tsb_query_end(&query);
}

bool tsb_approver_visit(struct tsb_database *database, tsb_approver_visitor *visit, void *arg)
{
    struct tsb_query query;
    bool going_on = true;

    tsb_query_begin(database, &query,
                    "SELECT name, certificate, onboarded FROM approver ORDER BY name");
    while (going_on && tsb_query_row(&query)) {
        struct ska_bytes certificate = {NULL, 0};
        char *name = tsb_query_take_text(&query);

        tsb_query_take_bytes(&query, &certificate);
        going_on = name != NULL &&
                   visit(arg, name, ska_span_of(&certificate), tsb_query_take_number(&query) != 0);
        ska_bytes_free(&certificate);
        free(name);
    }
    return tsb_query_end(&query) && going_on;
}
