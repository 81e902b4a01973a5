/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/order_refusal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/file.h"
#include "provider/base/json.h"
#include "provider/base/listing.h"
#include "provider/base/printable.h"
#include "provider/record/audit_line.h"
#include "provider/rule/window.h"
#include "provider/sign/answer_budget.h"
#include "provider/sign/new_file.h"

#define PREFIX "order-"
#define SUFFIX ".refused.json"
#define NAME_SIZE 64
#define TIME_LIMIT 32
/* As of an order: who ordered may be of no group of the signer's. */
#define REFUSAL_MODE 0644
#define REFUSAL_LIMIT ((size_t)16 * 1024)
/* So much of a key's label is kept. */
#define ORDER_KEY_LIMIT 1000
/* So many names others may have taken before it. */
#define NAMES_MOST 1000
/* So many files of one owner are looked at. */
#define LOOKED_AT_MOST 1000

/* ---- The file -------------------------------------------------------------------------------- */

void order_refusal_clear(struct order_refusal *refusal)
{
    free(refusal->order);
    free(refusal->operation);
    free(refusal->key_label);
    free(refusal->refused);
    free(refusal->reason);
    memset(refusal, 0, sizeof(*refusal));
}

static bool read_member(const struct ska_json_place *place, const char *name,
                        enum ska_json_need need, size_t limit, char **value)
{
    const char *text = NULL;

    if (!ska_json_text(place, name, need, &text))
        return false;
    if (text == NULL)
        return true;
    if (strlen(text) > limit)
        return ska_json_fail(place, name, "too long");
    *value = strdup(text);
    return *value != NULL || ska_fail(place->at.sink, SKA_R_OUT_OF_MEMORY, "for an order");
}

static bool read_refusal(const struct ska_json_place *place, struct order_refusal *refusal)
{
    static const char *const names[] = {"version", "order",   "uid",    "operation",
                                        "key",     "refused", "reason", NULL};
    uint64_t version = 0;

    return ska_json_only(place, names) &&
           ska_json_uint(place, "version", SKA_JSON_REQUIRED, &version) &&
           (version == 1 || ska_json_fail(place, "version", "only 1 is known")) &&
           read_member(place, "order", SKA_JSON_REQUIRED, REFUSAL_LIMIT, &refusal->order) &&
           ska_json_uint(place, "uid", SKA_JSON_REQUIRED, &refusal->uid) &&
           read_member(place, "operation", SKA_JSON_OPTIONAL, REFUSAL_LIMIT, &refusal->operation) &&
           read_member(place, "key", SKA_JSON_OPTIONAL, REFUSAL_LIMIT, &refusal->key_label) &&
           read_member(place, "refused", SKA_JSON_REQUIRED, TIME_LIMIT, &refusal->refused) &&
           read_member(place, "reason", SKA_JSON_REQUIRED, REFUSAL_LIMIT, &refusal->reason);
}

bool order_refusal_parse(struct ska_span text, const char *shown, struct order_refusal *refusal,
                         const struct ska_errors *errors)
{
    struct ska_json_place place;
    cJSON *json = NULL;
    bool done = false;

    memset(refusal, 0, sizeof(*refusal));
    if (text.length > REFUSAL_LIMIT)
        return ska_fail(errors, SKA_R_BAD_REQUEST, "%s: too long", shown);
    if (!ska_json_parse(text, shown, &json, errors))
        return false;
    ska_json_top(&place, json, shown, SKA_R_BAD_REQUEST, errors);
    done = cJSON_IsObject(json) ? read_refusal(&place, refusal)
                                : ska_fail(&place.at.errors, SKA_R_BAD_REQUEST, "object expected");
    cJSON_Delete(json);
    if (!done)
        order_refusal_clear(refusal);
    return done;
}

bool order_refusal_print(const struct order_refusal *refusal, struct ska_bytes *text,
                         const struct ska_errors *errors)
{
    cJSON *json = cJSON_CreateObject();
    bool done = json != NULL && cJSON_AddNumberToObject(json, "version", 1) != NULL &&
                ska_json_add_untrusted(json, "order", ska_span_text(refusal->order)) &&
                cJSON_AddNumberToObject(json, "uid", (double)refusal->uid) != NULL &&
                ska_json_add_text(json, "operation", refusal->operation) &&
                (refusal->key_label == NULL ||
                 ska_json_add_untrusted(json, "key", ska_span_text(refusal->key_label))) &&
                ska_json_add_text(json, "refused", refusal->refused) &&
                ska_json_add_text(json, "reason", refusal->reason);

    done = done ? ska_json_print(json, text, errors)
                : ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for the refusal of an order");
    cJSON_Delete(json);
    return done;
}

/* ---- Names ----------------------------------------------------------------------------------- */

static bool is_refusal_name(const char *name)
{
    size_t length = strlen(name);

    return length > strlen(PREFIX SUFFIX) && strncmp(name, PREFIX, strlen(PREFIX)) == 0 &&
           strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

/*
 * A name that is free, or the oldest of this user's where there are enough; "": others have taken
 * all.
 */
static void choose_name(const struct ska_directory *directory, uid_t orderer,
                        char chosen[NAME_SIZE])
{
    struct timespec oldest = {0, 0};
    size_t own = 0;

    chosen[0] = 0;
    for (int i = 0; i < NAMES_MOST && own < ORDER_REFUSALS_KEPT; i++) {
        char name[NAME_SIZE];
        struct stat status;

        snprintf(name, sizeof(name), PREFIX "%lu-%d" SUFFIX, (unsigned long)orderer, i);
        if (fstatat(ska_directory_fd(directory), name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
            memcpy(chosen, name, sizeof(name));
            return;
        }
        if (status.st_uid != geteuid())
            continue;
        if (own++ == 0 || status.st_mtim.tv_sec < oldest.tv_sec ||
            (status.st_mtim.tv_sec == oldest.tv_sec && status.st_mtim.tv_nsec < oldest.tv_nsec)) {
            oldest = status.st_mtim;
            memcpy(chosen, name, sizeof(name));
        }
    }
}

/* ---- Leaving one ----------------------------------------------------------------------------- */

static bool write_refusal(const struct ska_directory *directory, OSSL_LIB_CTX *libctx,
                          const char *name, struct ska_span text, const struct ska_errors *errors)
{
    struct ska_new_file file = {.group = (gid_t)-1};
    char id[SKA_AUDIT_HASH_SIZE];
    int fd = ska_directory_fd(directory);
    bool done = ska_audit_hash(libctx, text, id, errors) &&
                ska_new_file_write(&file, fd, ska_directory_path(directory), id, text, REFUSAL_MODE,
                                   errors);

    if (!done)
        return false;
    done = renameat(fd, file.name, fd, name) == 0 || ska_directory_fail(directory, name, errors);
    ska_new_file_end(&file);
    return done;
}

/* What the order said; of one that could not be read nothing. */
static bool copy_order(const struct order *order, struct order_refusal *refusal)
{
    if (order->key_label == NULL)
        return true;
    refusal->operation = strdup(ska_operation_names[order->operation]);
    refusal->key_label = ska_printable(ska_span_text(order->key_label), ORDER_KEY_LIMIT);
    return refusal->operation != NULL && refusal->key_label != NULL;
}

bool order_refusal_put(const struct ska_directory *directory, OSSL_LIB_CTX *libctx,
                       const struct order_file *file, const struct order *order, const char *reason,
                       const struct ska_errors *errors)
{
    struct order_refusal refusal = {.order = strdup(file->name),
                                    .uid = file->owner,
                                    .refused = malloc(TIME_LIMIT),
                                    .reason =
                                        ska_printable(ska_span_text(reason), ORDER_REASON_LIMIT)};
    struct ska_bytes text = {NULL, 0};
    char name[NAME_SIZE];
    bool done = refusal.order != NULL && refusal.refused != NULL && refusal.reason != NULL &&
                copy_order(order, &refusal);

    choose_name(directory, file->owner, name);
    if (done)
        ska_time_text((uint64_t)time(NULL), refusal.refused);
    else
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for the refusal of an order");
    done = done && name[0] != 0 && order_refusal_print(&refusal, &text, errors) &&
           write_refusal(directory, libctx, name, ska_span_of(&text), errors);
    ska_bytes_free(&text);
    order_refusal_clear(&refusal);
    return done;
}

/* ---- All of them ----------------------------------------------------------------------------- */

void order_refusals_clean(const struct ska_directory *directory)
{
    const struct dirent *entry = NULL;
    struct ska_listing listing;
    time_t now = time(NULL);

    ska_listing_start_at(&listing, ska_directory_fd(directory));
    while ((entry = ska_listing_next(&listing)) != NULL) {
        struct stat status;

        if (is_refusal_name(entry->d_name) &&
            fstatat(ska_directory_fd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) ==
                0 &&
            status.st_uid == geteuid() && now - status.st_mtime > ORDER_REFUSAL_SECONDS)
            unlinkat(ska_directory_fd(directory), entry->d_name, 0);
    }
    (void)!ska_listing_end(&listing); /* the next time, then */
}

static bool visit_one(const struct ska_directory *directory, const char *name, uid_t owner,
                      order_refusal_visit *visit, void *arg)
{
    struct order_refusal refusal = {.order = NULL};
    struct ska_bytes text = {NULL, 0};
    bool done = true;

    if (ska_file_read_at(ska_directory_fd(directory), name, name, REFUSAL_LIMIT, &text, NULL) &&
        order_refusal_parse(ska_span_of(&text), name, &refusal, NULL))
        done = visit(arg, &refusal, owner);
    order_refusal_clear(&refusal);
    ska_bytes_free(&text);
    return done;
}

/* A directory is the signer's, or root's. */
static bool is_by_signer(const struct stat *place, const struct stat *file)
{
    return place->st_uid == 0 || file->st_uid == place->st_uid || file->st_uid == 0;
}

bool order_refusals_visit(const struct ska_directory *directory, order_refusal_visit *visit,
                          void *arg, struct order_hearsay *hearsay, const struct ska_errors *errors)
{
    struct ska_budget budget = {.share = {LOOKED_AT_MOST, 0, 0, 0}};
    const struct dirent *entry = NULL;
    struct ska_listing listing;
    struct stat place;
    bool done = true;

    if (fstat(ska_directory_fd(directory), &place) != 0)
        return ska_directory_fail(directory, ".", errors);
    ska_listing_start_at(&listing, ska_directory_fd(directory));
    while (done && (entry = ska_listing_next(&listing)) != NULL) {
        struct stat status;

        if (!is_refusal_name(entry->d_name) ||
            fstatat(ska_directory_fd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (!is_by_signer(&place, &status)) {
            hearsay->count++;
            hearsay->owner = status.st_uid;
        } else if (ska_budget_take_file(&budget, status.st_uid, 0)) {
            done = visit_one(directory, entry->d_name, status.st_uid, visit, arg);
        }
    }
    ska_budget_clear(&budget);
    return ska_listing_end(&listing) ? done : ska_directory_fail(directory, ".", errors);
}
