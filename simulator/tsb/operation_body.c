/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/operation_body.h"

#include <string.h>

#include "simulator/tsb/body_member.h"
#include "simulator/tsb/derived_key.h"
#include "simulator/tsb/operation_kind.h"

#define MOST_MEMBERS 24

/* ---- Members --------------------------------------------------------------------------------- */

struct members {
    const char *names[MOST_MEMBERS];
    size_t count;
};

static void add_members(struct members *members, const char *const *names)
{
    for (; *names != NULL && members->count + 1 < MOST_MEMBERS; names++)
        members->names[members->count++] = *names;
}

/* The kind's own members, and those that all have. */
static bool check_members(const struct ska_json_place *inner, const struct tsb_operation_kind *kind,
                          bool synchronous)
{
    const char *const own[] = {kind->key_name, kind->password, NULL};
    const char *const with_request[] = {"metaData", "metaDataSignature", NULL};
    const char *const with_call[] = {"signedApprovals", kind->bare ? "requestSignature" : NULL,
                                     NULL};
    struct members members = {{NULL}, 0};

    add_members(&members, own);
    add_members(&members, kind->members);
    add_members(&members, synchronous ? with_call : with_request);
    if (synchronous && kind->at_once != NULL)
        add_members(&members, kind->at_once);
    return ska_json_only(inner, members.names);
}

static bool read_inner(struct tsb_exchange *exchange, const struct ska_json_place *inner,
                       bool synchronous, struct tsb_operation *wanted)
{
    struct ska_json_place approvals;

    if (!check_members(inner, wanted->kind, synchronous) ||
        !tsb_need_text(inner, wanted->kind->key_name, &wanted->key_name) ||
        !tsb_read_base64_text(inner, "metaData", &wanted->meta_data) ||
        !tsb_read_base64_text(inner, "metaDataSignature", &wanted->meta_data_signature) ||
        !ska_json_array(inner, "signedApprovals", SKA_JSON_OPTIONAL, &approvals))
        return false;
    wanted->approvals = approvals.value;
    return wanted->kind->read(exchange, inner, wanted);
}

/* ---- The key --------------------------------------------------------------------------------- */

static bool open_key(struct tsb_exchange *exchange, struct tsb_operation *wanted)
{
    CK_RV rv = tsb_key_open(exchange->server->device, wanted->key_name, &wanted->key);

    if (rv == CKR_OK && tsb_ska_is_own_key(wanted->key_name))
        rv = CKR_KEY_FUNCTION_NOT_PERMITTED;
    if (rv == CKR_OK && wanted->key.private_key == CK_INVALID_HANDLE)
        rv = CKR_KEY_FUNCTION_NOT_PERMITTED;
    if (rv != CKR_OK)
        return tsb_fail_key(exchange, rv, wanted->key_name);
    return !wanted->kind->needs_rules || wanted->key.ska ||
           tsb_refuse(&exchange->answer, TSB_OPERATION_FORBIDDEN_FOR_KEY, "key %s has no policy",
                      wanted->key_name);
}

/* ---- Bodies ---------------------------------------------------------------------------------- */

static bool read_top(struct tsb_exchange *exchange, bool synchronous,
                     const struct ska_json_place *top, struct ska_json_place *inner,
                     struct tsb_operation *wanted)
{
    bool bare = synchronous && wanted->kind->bare;

    *inner = *top;
    if (bare ? !tsb_read_request_signature(top)
             : !tsb_read_root(top, wanted->kind->root, NULL, inner))
        return false;
    return read_inner(exchange, inner, synchronous, wanted);
}

bool tsb_operation_read(struct tsb_exchange *exchange, enum tsb_kind kind, bool synchronous,
                        struct tsb_operation *wanted)
{
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct ska_json_place top;
    struct ska_json_place inner;

    memset(wanted, 0, sizeof(*wanted));
    wanted->kind = tsb_operation_kind(kind);
    wanted->synchronous = synchronous;
    tsb_exchange_top(exchange, &errors, &top);
    if (!read_top(exchange, synchronous, &top, &inner, wanted))
        return false;
    if (tsb_fault_happens(&exchange->server->faults, TSB_FAULT_SIGNER_NOT_ALLOWED, exchange->path))
        return tsb_refuse(&exchange->answer, TSB_REQUEST_SIGNER_NOT_ALLOWED,
                          "requests of this signer are not allowed");
    return open_key(exchange, wanted) &&
           tsb_check_key_password(exchange, &inner, wanted->kind->password, wanted->key_name) &&
           wanted->kind->prepare(exchange, wanted);
}

bool tsb_operation_read_again(struct tsb_exchange *exchange, const struct tsb_request *request,
                              struct tsb_operation *wanted)
{
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct ska_json_place top;
    struct ska_json_place inner;

    memset(wanted, 0, sizeof(*wanted));
    wanted->kind = tsb_operation_kind(request->kind);
    wanted->again = true;
    tsb_exchange_top(exchange, &errors, &top);
    if (!read_top(exchange, false, &top, &inner, wanted))
        return false;
    ska_bytes_free(&wanted->payload);
    return (ska_bytes_copy(&wanted->payload, ska_span_of(&request->payload), NULL) ||
            tsb_refuse(&exchange->answer, TSB_IMPLEMENTATION, "out of memory")) &&
           open_key(exchange, wanted) && wanted->kind->prepare(exchange, wanted);
}

void tsb_operation_clear(struct tsb_exchange *exchange, struct tsb_operation *wanted)
{
    tsb_key_close(exchange->server->device, &wanted->key);
    ska_bytes_free(&wanted->payload);
    ska_bytes_free(&wanted->data);
    ska_bytes_free(&wanted->wrapped);
    ska_bytes_free(&wanted->random);
    tsb_cipher_clear(&wanted->cipher);
    tsb_certificate_body_clear(&wanted->certificate);
    tsb_new_key_clear(&wanted->new_key);
}

/* ---- Doing it -------------------------------------------------------------------------------- */

bool tsb_operation_run(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                       const struct tsb_authority *by, char **text, CK_RV *rv)
{
    struct ska_bytes made = {NULL, 0};
    bool done = true;

    *text = NULL;
    *rv = wanted->kind->run(exchange->server->device, wanted, by, &made);
    if (*rv == CKR_OK)
        done = wanted->kind->finish(exchange, wanted, &made, text) ||
               tsb_refuse(&exchange->answer, TSB_IMPLEMENTATION, "the result cannot be made");
    ska_bytes_clear_free(&made);
    return done;
}
