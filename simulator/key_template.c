/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private template of SKA and timestamp pairs.
 */
#include "simulator/key_template.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/wire.h"
#include "simulator/attributes.h"
#include "simulator/context.h"
#include "simulator/rule_acceptance.h"
#include "simulator/template.h"

enum treatment {
    HANDED,      /* SoftHSM gets it as it is */
    CLASS,       /* CKO_PRIVATE_KEY, or CKO_SKA_PRIVATE_KEY for an SKA key */
    KEY_TYPE,    /* as the mechanism says */
    MUST_BE_YES, /* any other value contradicts what the key is */
    MUST_BE_NO,
    OVERRULED, /* any value is accepted, and the key is what it is */
    USE,       /* of an SKA key: what its use rule is for */
    LABEL,
    SUBJECT,
    MECHANISMS,
    RULE,
    BLOCKED,
    SENSITIVE_PUBLIC_KEY,
    CURRENCY
};

#define BOTH SIM_ORDINARY /* SKA and timestamp keys */

/*
 * What may be in a template. In the vendor's examples keys are made with DECRYPT, UNWRAP and
 * MODIFIABLE. RSA keys decrypt and unwrap then, by the calls of simulator_calls.h alone; nothing is
 * modifiable.
 */
static const struct known {
    CK_ATTRIBUTE_TYPE type;
    enum treatment treatment;
    enum sim_kind only; /* in templates of this kind */
} known_attributes[] = {
    {CKA_CLASS, CLASS, BOTH},
    {CKA_KEY_TYPE, KEY_TYPE, BOTH},
    {CKA_TOKEN, MUST_BE_YES, BOTH},
    {CKA_PRIVATE, MUST_BE_YES, BOTH},
    {CKA_SENSITIVE, MUST_BE_YES, BOTH},
    {CKA_EXTRACTABLE, MUST_BE_NO, BOTH},
    {CKA_ALWAYS_AUTHENTICATE, MUST_BE_NO, BOTH},
    {CKA_MODIFIABLE, OVERRULED, BOTH},
    {CKA_COPYABLE, OVERRULED, BOTH},
    {CKA_SIGN_RECOVER, OVERRULED, BOTH},
    {CKA_DERIVE, OVERRULED, BOTH},
    {CKA_WRAP_WITH_TRUSTED, OVERRULED, BOTH},
    {CKA_LABEL, LABEL, BOTH},
    {CKA_ID, HANDED, BOTH},
    {CKA_START_DATE, HANDED, BOTH},
    {CKA_END_DATE, HANDED, BOTH},
    {CKA_DESTROYABLE, HANDED, BOTH},
    {CKA_SUBJECT, SUBJECT, BOTH},
    {CKA_ALLOWED_MECHANISMS, MECHANISMS, BOTH},
    {CKA_SIGN, USE, SIM_SKA},
    {CKA_DECRYPT, USE, SIM_SKA},
    {CKA_UNWRAP, USE, SIM_SKA},
    {CKA_SKA_TIMESTAMP_SIGN, MUST_BE_NO, SIM_SKA},
    {CKA_SKA_USAGE_ACCESS_BLOB, RULE, SIM_SKA},
    {CKA_SKA_BLOCK_ACCESS_BLOB, RULE, SIM_SKA},
    {CKA_SKA_UNBLOCK_ACCESS_BLOB, RULE, SIM_SKA},
    {CKA_SKA_MODIFY_ACCESS_BLOB, RULE, SIM_SKA},
    {CKA_SKA_BLOCKED, BLOCKED, SIM_SKA},
    {CKA_SKA_SENSITIVE_PUBLIC_KEY, SENSITIVE_PUBLIC_KEY, SIM_SKA},
    {CKA_SKA_CRYPTO_CURRENCY_TYPE, CURRENCY, SIM_SKA},
    {CKA_SIGN, MUST_BE_NO, SIM_TIMESTAMP},
    {CKA_DECRYPT, OVERRULED, SIM_TIMESTAMP},
    {CKA_UNWRAP, OVERRULED, SIM_TIMESTAMP},
    {CKA_SKA_TIMESTAMP_SIGN, MUST_BE_YES, SIM_TIMESTAMP},
};

#define KNOWN_COUNT (sizeof(known_attributes) / sizeof(known_attributes[0]))

static const struct known *find_known(enum sim_kind kind, CK_ATTRIBUTE_TYPE type)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        if (known_attributes[i].type == type &&
            (known_attributes[i].only == BOTH || known_attributes[i].only == kind))
            return &known_attributes[i];
    }
    return NULL;
}

/* ---- Values ----------------------------------------------------------------------------- */

static CK_RV read_bool(const CK_ATTRIBUTE *attribute, bool *value)
{
    CK_BBOOL given = CK_FALSE;

    if (attribute->ulValueLen != sizeof(given))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    memcpy(&given, attribute->pValue, sizeof(given));
    if (given != CK_TRUE && given != CK_FALSE)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    *value = given == CK_TRUE;
    return CKR_OK;
}

static CK_RV expect_bool(const CK_ATTRIBUTE *attribute, bool expected)
{
    bool value = false;
    CK_RV rv = read_bool(attribute, &value);

    return rv == CKR_OK && value != expected ? CKR_TEMPLATE_INCONSISTENT : rv;
}

static CK_RV read_number(const CK_ATTRIBUTE *attribute, CK_ULONG *value)
{
    if (attribute->ulValueLen != sizeof(*value))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    memcpy(value, attribute->pValue, sizeof(*value));
    return CKR_OK;
}

static CK_RV expect_class(enum sim_kind kind, const CK_ATTRIBUTE *attribute)
{
    CK_OBJECT_CLASS value = 0;
    CK_RV rv = read_number(attribute, &value);

    if (rv != CKR_OK || value == CKO_PRIVATE_KEY ||
        (kind == SIM_SKA && value == CKO_SKA_PRIVATE_KEY))
        return rv;
    return CKR_TEMPLATE_INCONSISTENT;
}

static CK_RV expect_number(const CK_ATTRIBUTE *attribute, CK_ULONG expected)
{
    CK_ULONG value = 0;
    CK_RV rv = read_number(attribute, &value);

    return rv == CKR_OK && value != expected ? CKR_TEMPLATE_INCONSISTENT : rv;
}

static CK_RV keep_bytes(struct ska_bytes *to, const CK_ATTRIBUTE *attribute)
{
    if (attribute->ulValueLen > SKA_WIRE_VALUE_LIMIT)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    return ska_bytes_copy(to, ska_span(attribute->pValue, attribute->ulValueLen), NULL)
               ? CKR_OK
               : CKR_HOST_MEMORY;
}

static CK_RV keep_rule(struct sim_key_template *to, const CK_ATTRIBUTE *attribute)
{
    enum ska_rule_kind kind = SKA_RULE_USE;
    CK_RV rv = CKR_ATTRIBUTE_TYPE_INVALID;

    if (!sim_attribute_is_rule(attribute->type, &kind))
        return rv;
    rv = keep_bytes(&to->record.rules[kind], attribute);

    if (rv == CKR_OK && !sim_rule_acceptable(kind, ska_span_of(&to->record.rules[kind])))
        rv = CKR_ATTRIBUTE_VALUE_INVALID;
    return rv;
}

static CK_RV keep_use(struct sim_key_template *to, const CK_ATTRIBUTE *attribute)
{
    if (attribute->type == CKA_SIGN)
        return read_bool(attribute, &to->sign);
    return read_bool(attribute, attribute->type == CKA_DECRYPT ? &to->decrypt : &to->unwrap);
}

static CK_RV keep_mechanisms(struct sim_key_template *to, const CK_ATTRIBUTE *attribute)
{
    if (attribute->ulValueLen % sizeof(CK_MECHANISM_TYPE) != 0)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    return keep_bytes(&to->record.mechanisms, attribute);
}

static CK_RV keep_currency(struct sim_key_template *to, const CK_ATTRIBUTE *attribute)
{
    CK_ULONG value = 0;
    CK_RV rv = read_number(attribute, &value);

    to->record.has_currency = true;
    to->record.currency = value;
    return rv;
}

/* ---- The template ----------------------------------------------------------------------- */

static void hand_on(struct sim_key_template *to, CK_ATTRIBUTE_TYPE type, const void *value,
                    size_t length)
{
    CK_ATTRIBUTE *attribute = &to->attributes[to->count++];

    attribute->type = type;
    attribute->pValue = (CK_VOID_PTR)(uintptr_t)value;
    attribute->ulValueLen = length;
}

static CK_RV take_attribute(struct sim_key_template *to, CK_KEY_TYPE key_type,
                            enum treatment treatment, const CK_ATTRIBUTE *attribute)
{
    bool ignored = false;

    switch (treatment) {
    case HANDED:
        hand_on(to, attribute->type, attribute->pValue, attribute->ulValueLen);
        return CKR_OK;
    case CLASS:
        return expect_class(to->kind, attribute);
    case KEY_TYPE:
        return expect_number(attribute, key_type);
    case MUST_BE_YES:
        return expect_bool(attribute, true);
    case MUST_BE_NO:
        return expect_bool(attribute, false);
    case OVERRULED:
        return read_bool(attribute, &ignored);
    case USE:
        return keep_use(to, attribute);
    case LABEL:
        return keep_bytes(&to->label, attribute);
    case SUBJECT:
        return keep_bytes(&to->record.subject, attribute);
    case MECHANISMS:
        return keep_mechanisms(to, attribute);
    case RULE:
        return keep_rule(to, attribute);
    case BLOCKED:
        return read_bool(attribute, &to->record.blocked);
    case SENSITIVE_PUBLIC_KEY:
        return read_bool(attribute, &to->record.sensitive_public_key);
    case CURRENCY:
        return keep_currency(to, attribute);
    }
    return CKR_ATTRIBUTE_TYPE_INVALID;
}

static CK_RV take_attributes(struct sim_key_template *to, CK_KEY_TYPE key_type,
                             const CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    CK_RV rv = CKR_OK;

    for (CK_ULONG i = 0; rv == CKR_OK && i < count; i++) {
        const struct known *known = find_known(to->kind, attributes[i].type);

        if (known == NULL)
            rv = CKR_ATTRIBUTE_TYPE_INVALID;
        else if (attributes[i].pValue == NULL && attributes[i].ulValueLen != 0)
            rv = CKR_ATTRIBUTE_VALUE_INVALID;
        else if (sim_template_find(attributes, i, attributes[i].type) != NULL)
            rv = CKR_TEMPLATE_INCONSISTENT; /* given before */
        else
            rv = take_attribute(to, key_type, known->treatment, &attributes[i]);
    }
    return rv;
}

/* A key that does nothing is a mistake; only RSA keys do more than sign. */
static CK_RV settle_use(struct sim_key_template *to, CK_KEY_TYPE key_type)
{
    bool more = to->kind == SIM_SKA && key_type == CKK_RSA;

    to->decrypt = to->decrypt && more;
    to->unwrap = to->unwrap && more;
    if (to->kind == SIM_TIMESTAMP)
        to->sign = true;
    return to->sign || to->decrypt || to->unwrap ? CKR_OK : CKR_TEMPLATE_INCONSISTENT;
}

static CK_RV name_key(struct sim_key_template *to)
{
    char label[SIM_ID_SIZE] = {0};

    if (!sim_id_make(to->id) || !sim_mark(to->kind, to->id, &to->mark))
        return CKR_HOST_MEMORY;
    if (to->label.length > 0)
        return CKR_OK;
    ska_bytes_free(&to->label);
    if (!sim_id_make(label) || !ska_bytes_copy(&to->label, ska_span_text(label), NULL))
        return CKR_HOST_MEMORY;
    return CKR_OK;
}

static void hand_on_flag(struct sim_key_template *to, CK_ATTRIBUTE_TYPE type, bool value)
{
    static const CK_BBOOL yes = CK_TRUE;
    static const CK_BBOOL no = CK_FALSE;

    hand_on(to, type, value ? &yes : &no, sizeof(yes));
}

/* What such a key is, whatever was asked for. SoftHSM lets a timestamp key sign, too. */
static void hand_on_what_it_is(struct sim_key_template *to)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        if (known_attributes[i].only != BOTH)
            continue;
        if (known_attributes[i].treatment == MUST_BE_YES)
            hand_on_flag(to, known_attributes[i].type, true);
        else if (known_attributes[i].treatment == MUST_BE_NO ||
                 known_attributes[i].treatment == OVERRULED)
            hand_on_flag(to, known_attributes[i].type, false);
    }
    hand_on_flag(to, CKA_SIGN, to->sign);
    hand_on_flag(to, CKA_DECRYPT, to->decrypt);
    hand_on_flag(to, CKA_UNWRAP, to->unwrap);
    hand_on(to, CKA_LABEL, to->label.data, to->label.length);
    hand_on(to, CKA_SUBJECT, to->mark.data, to->mark.length);
}

CK_RV sim_key_template_read(struct sim_key_template *to, enum sim_kind kind, CK_KEY_TYPE key_type,
                            const CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    CK_RV rv = CKR_OK;

    memset(to, 0, sizeof(*to));
    to->kind = kind;
    to->sign = true;
    if (attributes == NULL && count != 0)
        return CKR_ARGUMENTS_BAD;
    rv = take_attributes(to, key_type, attributes, count);
    if (rv == CKR_OK && kind == SIM_SKA && !sim_record_has_rules(&to->record))
        rv = CKR_TEMPLATE_INCOMPLETE;
    if (rv == CKR_OK)
        rv = settle_use(to, key_type);
    /* In SAM mode all four rules were accepted by it, and the key says so ever after. */
    to->record.sam_approved = kind == SIM_SKA && sim_config()->sam;
    if (rv == CKR_OK)
        rv = name_key(to);
    if (rv == CKR_OK)
        hand_on_what_it_is(to);
    return rv;
}

void sim_key_template_clear(struct sim_key_template *template)
{
    ska_bytes_free(&template->label);
    ska_bytes_free(&template->mark);
    sim_record_clear(&template->record);
    memset(template, 0, sizeof(*template));
}
