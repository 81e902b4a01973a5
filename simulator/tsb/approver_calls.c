/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approvers whose keys the broker makes: for those who manage them, and the call by which one
 * fetches his key.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "simulator/tsb/approver_store.h"
#include "simulator/tsb/body_member.h"
#include "simulator/tsb/calls.h"
#include "simulator/tsb/certificate_build.h"
#include "simulator/tsb/device_ska.h"
#include "simulator/tsb/request_store.h"
#include "simulator/tsb/time_text.h"

#define CODE_LENGTH 6
#define NAME_LIMIT 255
#define DAYS_DEFAULT 3650
#define DAYS_MOST 36500

/* ---- Codes ----------------------------------------------------------------------------------- */

/* Six digits, in the place of the code before. */
static bool renew_code(OSSL_LIB_CTX *libctx, struct tsb_approver *approver)
{
    uint32_t number = 0;
    char digits[CODE_LENGTH + 1];

    if (RAND_bytes_ex(libctx, (unsigned char *)&number, sizeof(number), 0) != 1)
        return false;
    snprintf(digits, sizeof(digits), "%06u", (unsigned int)(number % 1000000));
    free(approver->code);
    approver->code = strdup(digits);
    approver->attempts = 0;
    approver->onboarded = false;
    return approver->code != NULL;
}

static bool code_fits(const struct tsb_approver *approver, struct ska_span code)
{
    return approver->code != NULL && approver->attempts < TSB_CODE_ATTEMPTS &&
           code.length == CODE_LENGTH && CRYPTO_memcmp(approver->code, code.data, CODE_LENGTH) == 0;
}

/* ---- Bodies ---------------------------------------------------------------------------------- */

/* approverName, beside these members. */
static bool read_name(struct tsb_exchange *exchange, const struct ska_errors *errors,
                      const char *const *names, struct ska_json_place *top, const char **name)
{
    tsb_exchange_top(exchange, errors, top);
    if (!ska_json_only(top, names) || !tsb_need_text(top, names[0], name))
        return false;
    return strlen(*name) <= NAME_LIMIT || ska_json_fail(top, names[0], "at most 255 bytes, please");
}

/* A password that must be there; NUL-terminated. */
static bool read_new_password(const struct ska_json_place *top, const char *name,
                              struct ska_bytes *password)
{
    return tsb_read_password(top, name, password) &&
           (password->length > 0 || ska_json_fail(top, name, "missing"));
}

static bool fail_no_approver(struct tsb_exchange *exchange, const char *name)
{
    return tsb_refuse(&exchange->answer, TSB_APPROVER_NOT_EXISTENT, "no approver '%s' is known",
                      name);
}

static bool load_approver(struct tsb_exchange *exchange, const char *name,
                          struct tsb_approver *approver)
{
    bool found = false;

    if (!tsb_approver_load(exchange->server->database, name, approver, &found))
        return tsb_exchange_fail_storage(exchange);
    return found || fail_no_approver(exchange, name);
}

/* ---- Creating -------------------------------------------------------------------------------- */

static bool read_wish(const struct ska_json_place *top, struct tsb_answer *answer,
                      struct tsb_approver_wish *wish)
{
    static const char *const algorithms[] = {"RSA", "EC", NULL};
    const char *algorithm = "RSA";
    uint64_t bits = 2048;

    wish->days = DAYS_DEFAULT;
    if (!tsb_read_choice(top, "algorithm", algorithms, &algorithm) ||
        !ska_json_uint(top, "keySize", SKA_JSON_OPTIONAL, &bits) ||
        !ska_json_uint(top, "validity", SKA_JSON_OPTIONAL, &wish->days))
        return false;
    if (wish->days < 1 || wish->days > DAYS_MOST)
        return ska_json_fail(top, "validity", "from 1 to 36500 days, please");
    wish->bits = strcmp(algorithm, "EC") == 0 ? 0 : (unsigned int)bits;
    return wish->bits == 0 || (bits >= 2048 && bits <= 4096) ||
           tsb_refuse(answer, TSB_KEY_SIZE, "keySize: from 2048 to 4096, please");
}

static bool store_approver(struct tsb_exchange *exchange, const struct tsb_approver *approver)
{
    struct tsb_database *database = exchange->server->database;
    struct tsb_approver there;
    bool found = false;
    bool done = false;

    if (!tsb_database_begin(database))
        return tsb_exchange_fail_storage(exchange);
    done = tsb_approver_load(database, approver->name, &there, &found) && !found &&
           tsb_approver_save(database, approver);
    tsb_approver_clear(&there);
    done = tsb_database_end(database, done);
    if (found)
        return tsb_refuse(&exchange->answer, TSB_APPROVER_EXISTS, "approver %s already exists",
                          approver->name);
    return done || tsb_exchange_fail_storage(exchange);
}

static bool make_approver(struct tsb_exchange *exchange, const struct tsb_approver_wish *wish,
                          struct tsb_approver *approver)
{
    CK_RV rv = tsb_approver_key_make(exchange->server->device, wish, &approver->key);

    if (rv != CKR_OK)
        return tsb_exchange_fail_device(exchange, rv);
    approver->name = strdup(wish->name);
    return (approver->name != NULL && renew_code(exchange->server->libctx, approver)) ||
           tsb_refuse(&exchange->answer, TSB_IMPLEMENTATION, "out of memory");
}

void tsb_create_approver(struct tsb_exchange *exchange)
{
    static const char *const names[] = {"approverName",   "algorithm", "keySize",
                                        "backupPassword", "validity",  NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct tsb_approver approver = {.name = NULL};
    struct tsb_approver_wish wish = {.name = NULL};
    struct ska_bytes password = {NULL, 0};
    struct ska_json_place top;

    if (read_name(exchange, &errors, names, &top, &wish.name) &&
        read_new_password(&top, "backupPassword", &password) &&
        read_wish(&top, &exchange->answer, &wish)) {
        wish.password = (const char *)password.data;
        if (make_approver(exchange, &wish, &approver) && store_approver(exchange, &approver))
            tsb_answer_member(exchange, 201, "oneTimeCode", approver.code);
    }
    ska_bytes_clear_free(&password);
    tsb_approver_clear(&approver);
}

/* ---- Onboarding ------------------------------------------------------------------------------ */

/* A wrong code is counted, which is kept though the call is refused. */
static bool take_code(struct tsb_exchange *exchange, struct tsb_approver *approver,
                      struct ska_span code)
{
    bool fits = code_fits(approver, code);

    if (fits) {
        free(approver->code);
        approver->code = NULL;
        approver->onboarded = true;
    } else {
        approver->attempts++;
    }
    if (!tsb_approver_save(exchange->server->database, approver))
        return tsb_exchange_fail_storage(exchange);
    if (!fits)
        tsb_refuse(&exchange->answer, TSB_INVALID_CODE, "oneTimeCode is not valid");
    return true;
}

static void answer_container(struct tsb_exchange *exchange, struct ska_span key,
                             struct ska_span container)
{
    struct ska_bytes vector = {NULL, 0};
    struct ska_bytes encrypted = {NULL, 0};
    cJSON *json = cJSON_CreateObject();

    if (json != NULL &&
        !(tsb_transport_encrypt(exchange->server->libctx, key, container, &vector, &encrypted) &&
          ska_json_add_base64(json, "encryptedPayload", ska_span_of(&encrypted)) &&
          ska_json_add_base64(json, "initializationVector", ska_span_of(&vector)))) {
        cJSON_Delete(json);
        json = NULL;
    }
    ska_bytes_free(&vector);
    ska_bytes_free(&encrypted);
    tsb_answer_json(&exchange->answer, 200, json);
}

static bool fetch_key(struct tsb_exchange *exchange, const char *name, struct ska_span code,
                      struct tsb_approver *approver)
{
    struct tsb_database *database = exchange->server->database;
    bool done = false;

    if (!tsb_database_begin(database))
        return tsb_exchange_fail_storage(exchange);
    done = load_approver(exchange, name, approver) && take_code(exchange, approver, code);
    if (!tsb_database_end(database, done) && done)
        return tsb_exchange_fail_storage(exchange);
    return done && exchange->answer.status == 0;
}

void tsb_onboard(struct tsb_exchange *exchange)
{
    static const char *const names[] = {"approverName", "oneTimeCode", "transportPassword", NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct tsb_approver approver = {.name = NULL};
    struct ska_bytes code = {NULL, 0};
    struct ska_bytes transport = {NULL, 0};
    const char *name = NULL;
    struct ska_json_place top;
    bool done = read_name(exchange, &errors, names, &top, &name) &&
                read_new_password(&top, "oneTimeCode", &code) &&
                read_new_password(&top, "transportPassword", &transport);

    if (done && transport.length != 16 && transport.length != 32)
        done = ska_json_fail(&top, "transportPassword", "16 or 32 bytes expected");
    if (done && fetch_key(exchange, name, ska_span_of(&code), &approver))
        answer_container(exchange, ska_span_of(&transport), ska_span_of(&approver.key.container));
    ska_bytes_clear_free(&code);
    ska_bytes_clear_free(&transport);
    tsb_approver_clear(&approver);
}

/* ---- Codes again ----------------------------------------------------------------------------- */

/* With a new password for the container, or NULL: the one that it has. */
static bool reissue(struct tsb_exchange *exchange, const char *name, const char *password,
                    struct tsb_approver *approver)
{
    struct tsb_server *server = exchange->server;
    CK_RV rv = CKR_OK;
    bool done = false;

    if (!tsb_database_begin(server->database))
        return tsb_exchange_fail_storage(exchange);
    done = load_approver(exchange, name, approver);
    if (done && password != NULL)
        rv = tsb_approver_key_restore(server->device, name, password, &approver->key);
    if (rv != CKR_OK)
        done = tsb_exchange_fail_device(exchange, rv);
    done = done && renew_code(server->libctx, approver) &&
           tsb_approver_save(server->database, approver);
    return tsb_database_end(server->database, done) || tsb_exchange_fail_storage(exchange);
}

void tsb_renew_code(struct tsb_exchange *exchange)
{
    static const char *const names[] = {"approverName", NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct tsb_approver approver = {.name = NULL};
    const char *name = NULL;
    struct ska_json_place top;

    if (read_name(exchange, &errors, names, &top, &name) &&
        reissue(exchange, name, NULL, &approver))
        tsb_answer_member(exchange, 200, "oneTimeCode", approver.code);
    tsb_approver_clear(&approver);
}

/* The code is the result of a request, as if somebody had been asked; nobody is. */
static bool store_restore(struct tsb_exchange *exchange, const char *code, char id[TSB_ID_SIZE])
{
    static char empty[] = "";
    struct tsb_server *server = exchange->server;
    struct tsb_request request = {.kind = TSB_RESTORE, .status = TSB_EXECUTED};
    bool done = false;

    request.key_name = strdup(TSB_BACKUP_KEY);
    request.result = strdup(code);
    request.created = request.execution_time = tsb_now();
    done = request.key_name != NULL && request.result != NULL &&
           ska_bytes_copy(&request.body, ska_span(empty, 0), NULL) &&
           ska_bytes_copy(&request.token, ska_span(empty, 0), NULL) &&
           ska_bytes_copy(&request.rule, ska_span(empty, 0), NULL) &&
           tsb_uuid_make(server->libctx, request.id) && tsb_database_begin(server->database);
    done =
        done && tsb_database_end(server->database, tsb_request_insert(server->database, &request));
    memcpy(id, request.id, TSB_ID_SIZE);
    tsb_request_clear(&request);
    return done || tsb_exchange_fail_storage(exchange);
}

void tsb_restore_forgotten(struct tsb_exchange *exchange)
{
    static const char *const names[] = {"approverName", "newBackupPassword", NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct tsb_approver approver = {.name = NULL};
    struct ska_bytes password = {NULL, 0};
    const char *name = NULL;
    char id[TSB_ID_SIZE] = "";
    struct ska_json_place top;

    if (read_name(exchange, &errors, names, &top, &name) &&
        read_new_password(&top, "newBackupPassword", &password) &&
        reissue(exchange, name, (const char *)password.data, &approver) &&
        store_restore(exchange, approver.code, id))
        tsb_answer_member(exchange, 201, "unwrapRequestId", id);
    ska_bytes_clear_free(&password);
    tsb_approver_clear(&approver);
}

/* ---- Who there is ---------------------------------------------------------------------------- */

struct status_lists {
    cJSON *onboarded;
    cJSON *pending;
};

static bool add_approver(void *arg, const char *name, struct ska_span certificate, bool onboarded)
{
    const struct status_lists *lists = arg;
    cJSON *entry = cJSON_CreateObject();
    char *pem = NULL;
    bool done = ska_json_add_item(onboarded ? lists->onboarded : lists->pending, NULL, entry) &&
                tsb_pem_write("CERTIFICATE", certificate, &pem) &&
                ska_json_add_text(entry, "approverName", name) &&
                ska_json_add_text(entry, "approverCertificate", pem);

    free(pem);
    return done;
}

void tsb_onboarding_status(struct tsb_exchange *exchange)
{
    struct tsb_database *database = exchange->server->database;
    cJSON *json = cJSON_CreateObject();
    struct status_lists lists = {cJSON_AddArrayToObject(json, "onboarded"),
                                 cJSON_AddArrayToObject(json, "pending")};
    bool done = lists.onboarded != NULL && lists.pending != NULL && tsb_database_begin(database);

    done = done && tsb_database_end(database, tsb_approver_visit(database, add_approver, &lists));
    if (done) {
        tsb_answer_json(&exchange->answer, 200, json);
    } else {
        cJSON_Delete(json);
        tsb_exchange_fail_storage(exchange);
    }
}

void tsb_delete_approver(struct tsb_exchange *exchange)
{
    struct tsb_database *database = exchange->server->database;
    struct tsb_approver approver = {.name = NULL};
    bool done = false;

    if (!tsb_database_begin(database)) {
        tsb_exchange_fail_storage(exchange);
        return;
    }
    done = load_approver(exchange, exchange->argument, &approver) &&
           tsb_approver_delete(database, exchange->argument);
    tsb_approver_clear(&approver);
    if (tsb_database_end(database, done))
        tsb_answer_empty(&exchange->answer, 200);
    else
        tsb_exchange_fail_storage(exchange);
}
