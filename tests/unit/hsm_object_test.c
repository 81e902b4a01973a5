/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes and searches of a module that says something else than it does. */
#include "hsm_support.h"

#include "provider/hsm/cryptoki.h"
#include "provider/hsm/object.h"

/* What the module answers to C_GetAttributeValue: of a length, into a buffer, for several at once.
 */
static struct {
    CK_RV query;
    CK_RV fetch;
    CK_RV together;
    CK_ULONG length;      /* of the value, by the query */
    CK_ULONG fetched;     /* the same, behind the value */
    CK_ULONG untouched;   /* in a call for several: attributes whose length stays as it was given */
    unsigned int fetches; /* how often a value was asked for alone */
    CK_ULONG found;       /* objects, by C_FindObjects */
    unsigned int searches; /* how often it was called */
} module;

static CK_RV get_attributes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                            CK_ATTRIBUTE *template_, CK_ULONG count)
{
    (void)session;
    (void)object;
    if (count > 1) {
        for (CK_ULONG i = module.untouched; i < count; i++)
            template_[i].ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return module.together;
    }
    if (template_->pValue == NULL) {
        template_->ulValueLen = module.length;
        return module.query;
    }
    if (template_->ulValueLen != module.length) { /* into what is offered to any */
        template_->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_BUFFER_TOO_SMALL;
    }
    module.fetches++;
    memset(template_->pValue, 'x', template_->ulValueLen);
    template_->ulValueLen = module.fetched;
    return module.fetch;
}

static CK_RV find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template_, CK_ULONG count)
{
    (void)session;
    (void)template_;
    (void)count;
    return CKR_OK;
}

static CK_RV find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most,
                          CK_ULONG *count)
{
    (void)session;
    for (CK_ULONG i = 0; i < most; i++)
        objects[i] = i + 1;
    *count = module.searches++ == 0 ? module.found : 0;
    return CKR_OK;
}

static CK_RV find_final(CK_SESSION_HANDLE session)
{
    (void)session;
    return CKR_OK;
}

static struct hsm_lease lease_of(CK_FUNCTION_LIST *calls)
{
    struct hsm_lease lease = {.calls = calls};

    memset(calls, 0, sizeof(*calls));
    calls->C_GetAttributeValue = get_attributes;
    calls->C_FindObjectsInit = find_init;
    calls->C_FindObjects = find_objects;
    calls->C_FindObjectsFinal = find_final;
    memset(&module, 0, sizeof(module));
    return lease;
}

/* Longer than what is offered at first, so that it is asked for alone. */
#define LONG_VALUE 5000

static void reads_long_attributes(void **state)
{
    CK_FUNCTION_LIST calls;
    struct hsm_lease lease = lease_of(&calls);
    struct hsm_attribute read = {.type = CKA_LABEL};

    (void)state;
    module.length = module.fetched = LONG_VALUE;
    module.untouched = 0;
    assert_int_equal(hsm_attributes_read(&lease, 1, &read, 1), CKR_OK);
    assert_true(read.present);
    assert_int_equal(read.value.length, LONG_VALUE);
    assert_int_equal(module.fetches, 1);
    hsm_attributes_free(&read, 1);
}

static void allocates_no_more_than_an_attribute_can_have(void **state)
{
    CK_FUNCTION_LIST calls;
    struct hsm_lease lease = lease_of(&calls);
    struct hsm_attribute read = {.type = CKA_LABEL};

    (void)state;
    /* It is there all the same, so it is not taken for one that is missing. */
    module.length = HSM_ATTRIBUTE_LIMIT + 1;
    assert_int_equal(hsm_attributes_read(&lease, 1, &read, 1), CKR_GENERAL_ERROR);
    assert_false(read.present);
    assert_int_equal(module.fetches, 0);
}

static void takes_no_length_that_is_not_that_of_the_buffer(void **state)
{
    CK_FUNCTION_LIST calls;
    struct hsm_lease lease = lease_of(&calls);
    struct hsm_attribute read = {.type = CKA_LABEL};

    (void)state;
    module.length = LONG_VALUE;
    module.fetched = 2 * LONG_VALUE;
    assert_int_equal(hsm_attributes_read(&lease, 1, &read, 1), CKR_GENERAL_ERROR);
    assert_false(read.present);
    assert_null(read.value.data);
}

/* One whose length is still what was offered is not there, unless all went well. */
static void takes_nothing_for_a_value_that_was_not_written(void **state)
{
    CK_FUNCTION_LIST calls;
    struct hsm_lease lease = lease_of(&calls);
    struct hsm_attribute read[] = {{.type = CKA_LABEL}, {.type = CKA_ID}};

    (void)state;
    module.together = CKR_ATTRIBUTE_TYPE_INVALID;
    module.query = CKR_ATTRIBUTE_TYPE_INVALID;
    module.untouched = 2;
    assert_int_equal(hsm_attributes_read(&lease, 1, read, 2), CKR_OK);
    assert_false(read[0].present);
    assert_false(read[1].present);
}

static void takes_no_more_objects_than_it_asked_for(void **state)
{
    const struct hsm_key_match any = {{NULL, 0}, {NULL, 0}};
    CK_FUNCTION_LIST calls;
    struct hsm_lease lease = lease_of(&calls);
    struct hsm_entries entries = {NULL, 0};

    (void)state;
    module.found = 1000;
    assert_int_equal(hsm_objects_search(&lease, NULL, &any, &entries), CKR_GENERAL_ERROR);
    assert_int_equal(entries.count, 0);
    hsm_entries_free(&entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_long_attributes),
        cmocka_unit_test(allocates_no_more_than_an_attribute_can_have),
        cmocka_unit_test(takes_no_length_that_is_not_that_of_the_buffer),
        cmocka_unit_test(takes_nothing_for_a_value_that_was_not_written),
        cmocka_unit_test(takes_no_more_objects_than_it_asked_for),
    };

    return cmocka_run_group_tests(tests, support_begin, support_end);
}
