/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes as an application sees them.
 */
#include "simulator/attributes.h"

#include <stdlib.h>
#include <string.h>

#include "simulator/caller_memory.h"
#include "simulator/own_calls.h"
#include "simulator/softhsm_calls.h"
#include "ska/simulator.h"

static const struct {
    CK_ATTRIBUTE_TYPE type;
    enum ska_rule_kind kind;
} rule_attributes[] = {
    {CKA_SKA_USAGE_ACCESS_BLOB, SKA_RULE_USE},
    {CKA_SKA_BLOCK_ACCESS_BLOB, SKA_RULE_BLOCK},
    {CKA_SKA_UNBLOCK_ACCESS_BLOB, SKA_RULE_UNBLOCK},
    {CKA_SKA_MODIFY_ACCESS_BLOB, SKA_RULE_MODIFY},
};

bool sim_attribute_is_rule(CK_ATTRIBUTE_TYPE type, enum ska_rule_kind *kind)
{
    for (size_t i = 0; i < sizeof(rule_attributes) / sizeof(rule_attributes[0]); i++) {
        if (rule_attributes[i].type == type) {
            *kind = rule_attributes[i].kind;
            return true;
        }
    }
    return false;
}

bool sim_attribute_is_ska(CK_ATTRIBUTE_TYPE type)
{
    enum ska_rule_kind kind = SKA_RULE_USE;

    return sim_attribute_is_rule(type, &kind) || type == CKA_SKA_BLOCKED ||
           type == CKA_SKA_SENSITIVE_PUBLIC_KEY || type == CKA_SKA_CRYPTO_CURRENCY_TYPE ||
           type == CKA_SKA_TIMESTAMP_SIGN || type == CKA_SKA_SAM_APPROVED;
}

bool sim_attribute_is_own(CK_ATTRIBUTE_TYPE type)
{
    return sim_attribute_is_ska(type) || type == CKA_SUBJECT || type == CKA_SIGN ||
           type == CKA_ALLOWED_MECHANISMS;
}

/* ---- Values that records hold ----------------------------------------------------------- */

static const CK_BBOOL yes = CK_TRUE;
static const CK_BBOOL no = CK_FALSE;

static bool value_of_bool(bool value, struct ska_span *to)
{
    *to = ska_span(value ? &yes : &no, sizeof(CK_BBOOL));
    return true;
}

static bool value_of_ska_key(const struct sim_record *record, CK_ATTRIBUTE_TYPE type,
                             struct ska_span *value)
{
    enum ska_rule_kind kind = SKA_RULE_USE;

    if (sim_attribute_is_rule(type, &kind)) {
        *value = ska_span_of(&record->rules[kind]);
        return true;
    }
    switch (type) {
    case CKA_SKA_BLOCKED:
        return value_of_bool(record->blocked, value);
    case CKA_SKA_SENSITIVE_PUBLIC_KEY:
        return value_of_bool(record->sensitive_public_key, value);
    case CKA_SKA_SAM_APPROVED:
        return value_of_bool(record->sam_approved, value);
    case CKA_SKA_CRYPTO_CURRENCY_TYPE:
        *value = ska_span(&record->currency, sizeof(CK_CRYPTOCURRENCY));
        return record->has_currency;
    default:
        return false;
    }
}

/* The value that takes the place of SoftHSM's. False when SoftHSM is to be asked. */
static bool own_value(const struct sim_object *object, CK_ATTRIBUTE_TYPE type,
                      struct ska_span *value)
{
    if (object->object_class != CKO_PRIVATE_KEY)
        return false;
    if (type == CKA_SKA_TIMESTAMP_SIGN)
        return value_of_bool(object->kind == SIM_TIMESTAMP, value);
    if (object->kind == SIM_ORDINARY)
        return false;
    if (type == CKA_SUBJECT || type == CKA_ALLOWED_MECHANISMS) {
        *value =
            ska_span_of(type == CKA_SUBJECT ? &object->record.subject : &object->record.mechanisms);
        return true;
    }
    if (object->kind == SIM_TIMESTAMP)
        return type == CKA_SIGN && value_of_bool(false, value);
    return value_of_ska_key(&object->record, type, value);
}

bool sim_attribute_may_be_withheld(CK_ATTRIBUTE_TYPE type)
{
    return type == CKA_MODULUS || type == CKA_PUBLIC_EXPONENT || type == CKA_EC_POINT ||
           type == CKA_PUBLIC_KEY_INFO;
}

static bool is_withheld(const struct sim_object *object, CK_ATTRIBUTE_TYPE type)
{
    return object->kind == SIM_SKA && object->record.sensitive_public_key &&
           sim_attribute_may_be_withheld(type);
}

static bool own_or_withheld(const struct sim_object *object, CK_ATTRIBUTE_TYPE type)
{
    struct ska_span value = {NULL, 0};

    return is_withheld(object, type) || own_value(object, type, &value);
}

/* ---- Reading ---------------------------------------------------------------------------- */

static CK_RV copy_value(CK_ATTRIBUTE *attribute, struct ska_span value)
{
    if (attribute->pValue != NULL && attribute->ulValueLen < value.length) {
        attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_BUFFER_TOO_SMALL;
    }
    if (attribute->pValue != NULL && value.length > 0)
        memcpy(attribute->pValue, value.data, value.length);
    attribute->ulValueLen = value.length;
    return CKR_OK;
}

/* Of two answers for one template the graver one, in SoftHSM's order. */
static CK_RV graver_answer(CK_RV a, CK_RV b)
{
    static const CK_RV order[] = {CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_TYPE_INVALID,
                                  CKR_BUFFER_TOO_SMALL};

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        if (a == order[i] || b == order[i])
            return order[i];
    }
    return CKR_OK;
}

static bool is_answer(CK_RV rv)
{
    return rv == CKR_OK || graver_answer(rv, CKR_OK) == rv;
}

/*
 * SoftHSM is asked even when nothing is left to ask it for: it knows whether handle and session are
 * valid.
 */
static CK_RV read_others(CK_SESSION_HANDLE session, const struct sim_object *object,
                         CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    CK_ATTRIBUTE *others = calloc(count + 1, sizeof(*others));
    CK_ULONG asked = 0;
    CK_RV rv = CKR_HOST_MEMORY;

    if (others == NULL)
        return rv;
    for (CK_ULONG i = 0; i < count; i++) {
        if (!own_or_withheld(object, attributes[i].type))
            others[asked++] = attributes[i];
    }
    rv = softhsm()->C_GetAttributeValue(session, object->handle, others, asked);
    asked = 0;
    for (CK_ULONG i = 0; is_answer(rv) && i < count; i++) {
        if (!own_or_withheld(object, attributes[i].type))
            attributes[i].ulValueLen = others[asked++].ulValueLen;
    }
    free(others);
    return rv;
}

/* For an object that was looked at. */
static CK_RV read_attributes(CK_SESSION_HANDLE session, const struct sim_object *object,
                             CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    struct ska_span value = {NULL, 0};
    CK_RV rv = read_others(session, object, attributes, count);

    for (CK_ULONG i = 0; is_answer(rv) && i < count; i++) {
        if (is_withheld(object, attributes[i].type)) {
            attributes[i].ulValueLen = CK_UNAVAILABLE_INFORMATION;
            rv = graver_answer(rv, CKR_ATTRIBUTE_SENSITIVE);
        } else if (own_value(object, attributes[i].type, &value)) {
            rv = graver_answer(rv, copy_value(&attributes[i], value));
        }
    }
    return rv;
}

bool sim_attribute_matches(CK_SESSION_HANDLE session, const struct sim_object *object,
                           const CK_ATTRIBUTE *attribute)
{
    CK_ATTRIBUTE read = {attribute->type, NULL, 0};
    bool same = false;

    if (read_attributes(session, object, &read, 1) != CKR_OK ||
        read.ulValueLen != attribute->ulValueLen)
        return false;
    if (read.ulValueLen == 0)
        return true;
    read.pValue = malloc(read.ulValueLen);
    same = read.pValue != NULL && attribute->pValue != NULL &&
           read_attributes(session, object, &read, 1) == CKR_OK &&
           read.ulValueLen == attribute->ulValueLen &&
           memcmp(read.pValue, attribute->pValue, read.ulValueLen) == 0;
    free(read.pValue);
    return same;
}

CK_RV sim_C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle,
                              CK_ATTRIBUTE_PTR attributes, CK_ULONG count)
{
    struct sim_object object = {0};
    CK_ATTRIBUTE *given = attributes;
    CK_RV rv = CKR_ARGUMENTS_BAD;

    if (given == NULL)
        return rv;
    rv = sim_copy_attributes(&attributes, count);
    if (rv == CKR_OK)
        rv = sim_object_open(session, handle, &object);
    if (rv == CKR_OK) {
        rv = read_attributes(session, &object, attributes, count);
        for (CK_ULONG i = 0; i < count; i++)
            given[i].ulValueLen = attributes[i].ulValueLen;
    }
    sim_object_clear(&object);
    return rv;
}
