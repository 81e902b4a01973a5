/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of what a broker had signed: a request without its approval token, and who has approved
 * it by the broker's word.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "provider/base/evp_key.h"
#include "provider/record/evidence_manifest.h"
#include "provider/sign/broker_words.h"
#include "tools/command/inspect.h"
#include "tools/show/request_text.h"
#include "tools/show/text.h"

/* More than any rule lists. */
#define PEOPLE_MOST 4096

static const char *const told_members[] = {"broker",     "id",         "status",
                                           "approvedBy", "rejectedBy", NULL};

static bool read_told_people(const struct ska_json_place *told, const char *name,
                             struct broker_people *people)
{
    struct ska_json_place array;
    const cJSON *item = NULL;
    size_t count = 0;

    if (!ska_json_array(told, name, SKA_JSON_OPTIONAL, &array))
        return false;
    people->told = array.value != NULL;
    count = array.value == NULL ? 0 : (size_t)cJSON_GetArraySize(array.value);
    if (count > PEOPLE_MOST)
        return ska_json_fail(told, name, "too many");
    people->list = calloc(count + 1, sizeof(*people->list));
    if (people->list == NULL)
        return ska_fail(&told->at.errors, SKA_R_OUT_OF_MEMORY, "for a list");
    cJSON_ArrayForEach(item, array.value)
    {
        if (!cJSON_IsString(item) ||
            !ska_base64_decode(item->valuestring, &people->list[people->count]))
            return ska_json_fail(told, name, "public keys in base64 expected");
        people->count++;
    }
    return true;
}

static void add_told_row(struct ska_buffer *text, const char *name, const char *value)
{
    text_name(text, name);
    text_printable(text, ska_span_text(value));
    ska_buffer_text(text, "\n");
}

static void verify_told_status(struct verification *verification, const char *state)
{
    char *shown = ska_printable(ska_span_text(state), TEXT_LIMIT);

    if (strcmp(state, "EXECUTED") != 0)
        verify_add(verification, VERIFY_WRONG,
                   "according to the broker, the status is %s, so it did not have this signed",
                   shown == NULL ? "another" : shown);
    free(shown);
}

static void verify_told_rule(struct verification *verification, const struct ska_rule *rule,
                             const struct broker_people *approved, const char *progress)
{
    if (rule == NULL)
        verify_add(verification, VERIFY_NOTHING, "rule: not in the request");
    else if (!approved->told)
        verify_add(verification, VERIFY_NOTHING, "rule: the broker has not said who approved");
    else if (ska_broker_people_satisfy(rule, approved))
        verify_add(verification, VERIFY_NOTHING,
                   "rule as given here: satisfied, if those whom the broker names have approved");
    else
        verify_add(verification, VERIFY_WRONG,
                   "rule as given here: NOT satisfied by those whom the broker names: %s",
                   progress);
}

/* NULL for those that are none; the array itself: out of memory. */
static EVP_PKEY **open_people(OSSL_LIB_CTX *libctx, const struct broker_people *people)
{
    EVP_PKEY **keys = calloc(people->count + 1, sizeof(EVP_PKEY *));

    for (size_t i = 0; keys != NULL && i < people->count; i++)
        keys[i] = ska_evp_decode(libctx, ska_span_of(&people->list[i]));
    return keys;
}

static void close_people(EVP_PKEY **keys, size_t count)
{
    for (size_t i = 0; keys != NULL && i < count; i++)
        EVP_PKEY_free(keys[i]);
    free(keys);
}

/* A key can be written in several ways. */
static bool is_same_person(const struct ska_bytes *one, const EVP_PKEY *one_key,
                           const struct ska_bytes *other, const EVP_PKEY *other_key)
{
    return ska_span_equal(ska_span_of(one), ska_span_of(other)) ||
           (one_key != NULL && other_key != NULL && EVP_PKEY_eq(one_key, other_key) == 1);
}

/* The lists of `both` are borrowed. False: out of memory. */
static bool find_both(OSSL_LIB_CTX *libctx, const struct broker_people *approved,
                      const struct broker_people *rejected, struct broker_people *both)
{
    EVP_PKEY **approved_keys = open_people(libctx, approved);
    EVP_PKEY **rejected_keys = open_people(libctx, rejected);
    bool done = approved_keys != NULL && rejected_keys != NULL;

    ERR_set_mark();
    for (size_t i = 0; done && i < approved->count; i++)
        for (size_t j = 0; j < rejected->count; j++)
            if (is_same_person(&approved->list[i], approved_keys[i], &rejected->list[j],
                               rejected_keys[j])) {
                both->list[both->count++] = approved->list[i];
                break;
            }
    ERR_pop_to_mark();
    close_people(approved_keys, approved->count);
    close_people(rejected_keys, rejected->count);
    return done;
}

/* Whoever has rejected is not asked again, so nobody can have done both. */
static void verify_told_apart(OSSL_LIB_CTX *libctx, struct verification *verification,
                              const struct ska_rule *rule, const struct broker_status *status)
{
    struct broker_people both = {.list = calloc(status->approved.count + 1, sizeof(*both.list))};
    struct ska_buffer names = {0};
    bool done = both.list != NULL && find_both(libctx, &status->approved, &status->rejected, &both);

    ska_broker_people_text(rule, &both, &names);
    verification->text.failed = verification->text.failed || !done || names.failed;
    if (both.count > 0)
        verify_add(verification, VERIFY_WRONG,
                   "according to the broker, the same people have approved and rejected it: %s",
                   ska_buffer_string(&names));
    ska_buffer_free(&names);
    free(both.list);
}

static bool add_told(OSSL_LIB_CTX *libctx, const struct ska_json_place *told,
                     const struct ska_rule *rule, struct ska_buffer *text,
                     struct verification *verification)
{
    struct broker_status status = {0};
    struct ska_buffer progress = {0};
    const char *broker = NULL;
    const char *id = NULL;
    const char *state = NULL;
    bool done = ska_json_only(told, told_members) &&
                ska_json_text(told, "broker", SKA_JSON_REQUIRED, &broker) &&
                ska_json_text(told, "id", SKA_JSON_REQUIRED, &id) &&
                ska_json_text(told, "status", SKA_JSON_REQUIRED, &state) &&
                read_told_people(told, "approvedBy", &status.approved) &&
                read_told_people(told, "rejectedBy", &status.rejected);

    if (done) {
        add_told_row(text, "broker", broker);
        add_told_row(text, "its request", id);
        add_told_row(text, "status", state);
        text_name(text, "approved by");
        if (status.approved.told)
            ska_broker_people_text(rule, &status.approved, text);
        else
            ska_buffer_text(text, "not known");
        ska_buffer_text(text, "\n");
        ska_broker_progress_text(rule, &status, &progress);
        add_told_row(text, "rule", ska_buffer_string(&progress));
        verify_told_status(verification, state);
        verify_told_apart(libctx, verification, rule, &status);
        verify_told_rule(verification, rule, &status.approved, ska_buffer_string(&progress));
    }
    ska_buffer_free(&progress);
    broker_status_clear(&status);
    return done;
}

static void add_asked(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                      struct ska_buffer *text)
{
    ska_buffer_format(text, "Request %s\n\n", request->id);
    ska_buffer_text(text, "Submitted to a broker, which keeps the approval token\n");
    text_row(text, "operation", "sign");
    text_name(text, "key name");
    text_quoted(text, ska_span_text(request->key_label));
    ska_buffer_text(text, "\n");
    inspect_add_hex(text, "payload", ska_span_of(&request->payload));
    request_text_unprotected(libctx, request, NULL, text);
    inspect_add_hex(text, "signature", ska_span_of(&request->signature));
    text_stated_time_row(text, "executed", request->executed);
    ska_buffer_text(text, "\nAccording to the broker; nothing here proves it\n");
}

/* A broker's words that cannot be read are WRONG; the request is shown all the same. */
static bool show_told(struct tool *tool, const struct ska_request *request, struct ska_span told,
                      struct verification *verification)
{
    const char *name = ska_evidence_names[SKA_EVIDENCE_BROKER];
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    struct ska_buffer text = {0};
    struct ska_json_place place;
    cJSON *json = NULL;
    bool done = false;

    add_asked(tool->libctx, request, &text);
    if (!ska_json_parse(told, name, &json, &quiet)) {
        verify_add_failure(verification, &failure);
    } else {
        ska_json_top(&place, json, name, SKA_R_BAD_REQUEST, &quiet);
        if (!cJSON_IsObject(json))
            verify_add(verification, VERIFY_WRONG, "file %s: an object expected", name);
        else if (!add_told(tool->libctx, &place, request_stated_rule(request), &text, verification))
            verify_add_failure(verification, &failure);
    }
    ska_buffer_text(&text, "\n");
    done = text_print(&text, &tool->errors);
    ska_error_capture_clear(&failure);
    cJSON_Delete(json);
    return done;
}

bool inspect_told_request(struct tool *tool, struct ska_span content, struct ska_span told,
                          const char *shown, struct verification *verification)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    struct ska_request *request = NULL;
    bool done = true;

    if (!ska_request_parse_draft(content, shown, &request, &quiet))
        verify_add_failure(verification, &failure);
    else if (request->operation != SKA_OPERATION_SIGN)
        verify_add(verification, VERIFY_WRONG, "%s: is NOT for a signature", shown);
    else
        done = show_told(tool, request, told, verification) &&
               verify_told_request(verification, request, &tool->errors);
    ska_error_capture_clear(&failure);
    ska_request_free(request);
    return done;
}
