/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/key_store.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "simulator/tsb/time_text.h"
#include "simulator/tsb/tsb_server.h"

#define SALT_LENGTH 16
#define HASH_LENGTH 32

void tsb_key_record_clear(struct tsb_key_record *record)
{
    free(record->id);
    memset(record, 0, sizeof(*record));
}

/* Plain and quick: it is asked for at each signature, and this is a simulator. */
static bool hash_password(OSSL_LIB_CTX *libctx, struct ska_span salt, struct ska_span password,
                          uint8_t hash[HASH_LENGTH])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_MD *digest = EVP_MD_fetch(libctx, "SHA256", NULL);
    bool done = context != NULL && digest != NULL &&
                EVP_DigestInit_ex(context, digest, NULL) == 1 &&
                EVP_DigestUpdate(context, salt.data, salt.length) == 1 &&
                EVP_DigestUpdate(context, password.data, password.length) == 1 &&
                EVP_DigestFinal_ex(context, hash, NULL) == 1;

    EVP_MD_free(digest);
    EVP_MD_CTX_free(context);
    return done;
}

bool tsb_key_record_insert(struct tsb_database *database, OSSL_LIB_CTX *libctx, const char *label,
                           const char *id, struct ska_span password)
{
    uint8_t salt[SALT_LENGTH];
    uint8_t hash[HASH_LENGTH];
    char uuid[TSB_ID_SIZE];
    bool protect = password.length > 0;
    struct tsb_query query;

    if (!tsb_uuid_make(libctx, uuid) || RAND_bytes_ex(libctx, salt, sizeof(salt), 0) != 1 ||
        !hash_password(libctx, ska_span(salt, sizeof(salt)), password, hash) ||
        !tsb_database_begin(database))
        return false;
    tsb_query_begin(database, &query, "INSERT OR REPLACE INTO key VALUES (?,?,?,?,?,?)");
    tsb_query_give_text(&query, label);
    tsb_query_give_text(&query, id);
    tsb_query_give_text(&query, uuid);
    tsb_query_give_number(&query, tsb_now());
    tsb_query_give_bytes(&query, ska_span(protect ? salt : NULL, sizeof(salt)));
    tsb_query_give_bytes(&query, ska_span(protect ? hash : NULL, sizeof(hash)));
    return tsb_database_end(database, tsb_query_end(&query));
}

bool tsb_key_record_protect(struct tsb_database *database, OSSL_LIB_CTX *libctx, const char *label,
                            struct ska_span password)
{
    uint8_t salt[SALT_LENGTH];
    uint8_t hash[HASH_LENGTH];
    bool protect = password.length > 0;
    struct tsb_query query;

    if (RAND_bytes_ex(libctx, salt, sizeof(salt), 0) != 1 ||
        !hash_password(libctx, ska_span(salt, sizeof(salt)), password, hash) ||
        !tsb_database_begin(database))
        return false;
    tsb_query_begin(database, &query, "UPDATE key SET salt = ?, password = ? WHERE label = ?");
    tsb_query_give_bytes(&query, ska_span(protect ? salt : NULL, sizeof(salt)));
    tsb_query_give_bytes(&query, ska_span(protect ? hash : NULL, sizeof(hash)));
    tsb_query_give_text(&query, label);
    return tsb_database_end(database, tsb_query_end(&query));
}

bool tsb_key_record_load(struct tsb_database *database, const char *label,
                         struct tsb_key_record *record, bool *found)
{
    struct tsb_query query;
    char *uuid = NULL;

    memset(record, 0, sizeof(*record));
    if (!tsb_database_begin(database))
        return false;
    tsb_query_begin(database, &query, "SELECT id, uuid, created FROM key WHERE label = ?");
    tsb_query_give_text(&query, label);
    *found = tsb_query_row(&query);
    if (*found) {
        record->id = tsb_query_take_text(&query);
        uuid = tsb_query_take_text(&query);
        record->created = tsb_query_take_number(&query);
        if (uuid != NULL && tsb_uuid_valid(uuid))
            memcpy(record->uuid, uuid, sizeof(record->uuid));
        free(uuid);
    }
    return tsb_database_end(database, tsb_query_end(&query));
}

bool tsb_key_record_delete(struct tsb_database *database, const char *label)
{
    struct tsb_query query;
    bool done = false;

    if (!tsb_database_begin(database))
        return false;
    tsb_query_begin(database, &query, "DELETE FROM key WHERE label = ?");
    tsb_query_give_text(&query, label);
    done = tsb_query_end(&query) && tsb_request_cancel_of_key(database, label);
    return tsb_database_end(database, done);
}

bool tsb_key_password_fits(struct tsb_database *database, OSSL_LIB_CTX *libctx, const char *label,
                           struct ska_span password, bool *fits)
{
    struct ska_bytes salt = {NULL, 0};
    struct ska_bytes kept = {NULL, 0};
    uint8_t hash[HASH_LENGTH];
    struct tsb_query query;
    bool done = false;

    *fits = false;
    if (!tsb_database_begin(database))
        return false;
    tsb_query_begin(database, &query, "SELECT salt, password FROM key WHERE label = ?");
    tsb_query_give_text(&query, label);
    if (tsb_query_row(&query)) {
        tsb_query_take_bytes(&query, &salt);
        tsb_query_take_bytes(&query, &kept);
    }
    done = tsb_database_end(database, tsb_query_end(&query));
    if (done && kept.length != HASH_LENGTH)
        *fits = true;
    else if (done)
        done = hash_password(libctx, ska_span_of(&salt), password, hash);
    if (done && !*fits)
        *fits = CRYPTO_memcmp(hash, kept.data, HASH_LENGTH) == 0;
    ska_bytes_free(&salt);
    ska_bytes_free(&kept);
    return done;
}
