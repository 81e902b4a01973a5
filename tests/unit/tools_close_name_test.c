/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which name is suggested for one that is unknown.
 */
#include "codec_support.h"

#include "tools/close_name.h"

static const char *const names[] = {"approvals-dir", "approvals-timeout", "audit-log", "log",
                                    "pkcs11-module", "pin-source",        "token",     NULL};

static void suggests(const char *given, const char *expected)
{
    struct close_name close = {.given = given};

    close_name_try_all(&close, names);
    if (expected == NULL)
        assert_null(close.found);
    else
        assert_string_equal(close.found, expected);
}

static void test_typing_errors(void **state)
{
    (void)state;
    suggests("approvals-timout", "approvals-timeout");
    suggests("aprovals-dir", "approvals-dir");
    suggests("approvals-dri", "approvals-dir");
    suggests("approval-dirs", "approvals-dir");
    suggests("auditlog", "audit-log");
    suggests("tokem", "token");
    suggests("lgo", "log");
}

static void test_other_writing(void **state)
{
    (void)state;
    suggests("approvals_timeout", "approvals-timeout");
    suggests("PKCS11_Module", "pkcs11-module");
    suggests("pin.source", "pin-source");
}

static void test_others(void **state)
{
    char endless[4096];

    (void)state;
    suggests("colour", NULL);
    suggests("", NULL);
    suggests("lo", NULL);
    suggests("blog-log", NULL);
    memset(endless, 'a', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = 0;
    suggests(endless, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_typing_errors),
        cmocka_unit_test(test_other_writing),
        cmocka_unit_test(test_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
