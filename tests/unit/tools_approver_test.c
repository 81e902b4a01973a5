/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An approver's key: what others see of the process that holds it, what messages repeat, and what
 * is signed with it.
 */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "recorder.h"

#include "provider/base/evp_key.h"
#include "provider/request/approval.h"
#include "tools/approver.h"

static char path[] = "/tmp/ska-approver-XXXXXX";

/* A software key in a file, and no configuration. */
static int setup(void **state)
{
    int fd = mkstemp(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    int done = file != NULL && key != NULL && setenv("OPENSSL_CONF", "/dev/null", 1) == 0 &&
               PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);

    (void)state;
    EVP_PKEY_free(key);
    if (file != NULL)
        fclose(file);
    return !done;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static bool is_hidden(void)
{
    struct rlimit limit = {1, 1};

    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    return prctl(PR_GET_DUMPABLE) == 0 && limit.rlim_cur == 0;
}

static void hides_its_memory_while_it_holds_a_key(void **state)
{
    struct approver approver = {0};
    struct tool tool;

    (void)state;
    assert_true(tool_init(&tool));
    assert_int_equal(prctl(PR_GET_DUMPABLE), 1);
    assert_true(approver_open(&tool, &approver, path, NULL));
    assert_true(is_hidden());
    approver_close(&approver);
    assert_int_equal(prctl(PR_GET_DUMPABLE), 1);
    /* Nobody has a secret then. */
    assert_true(approver_open_public(&tool, &approver, path));
    assert_int_equal(prctl(PR_GET_DUMPABLE), 1);
    approver_close(&approver);
    assert_int_equal(prctl(PR_GET_DUMPABLE), 1);
    tool_clear(&tool);
}

/* A passphrase may have been typed by then. */
static void hides_it_when_there_is_no_key(void **state)
{
    struct approver approver = {0};
    struct recorder recorder;
    struct tool tool;

    (void)state;
    assert_true(tool_init(&tool));
    tool.errors = errors_into(&recorder);
    assert_false(approver_open(&tool, &approver, "/nonexistent/key.pem", NULL));
    assert_true(is_hidden());
    approver_close(&approver);
    assert_int_equal(prctl(PR_GET_DUMPABLE), 1);
    tool_clear(&tool);
}

static void repeats_no_pin(void **state)
{
    static const char *const uris[] = {
        "pkcs11:object=a?pin-value=471199",
        "pkcs11:object=a?pin-source=471199",
        "pkcs11:object=a;pin-value=471199",
        "PKCS11:object=a?PIN-VALUE=471199",
        "pkcs11:object=a?module-path=/x&pin%2dvalue=471199",
        "pkcs11:object=a?471199",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        struct approver approver = {0};
        struct recorder recorder;
        struct tool tool;

        assert_true(tool_init(&tool));
        tool.errors = errors_into(&recorder);
        assert_false(approver_open(&tool, &approver, uris[i], NULL));
        assert_non_null(strstr(recorder.text, "11:object=a"));
        assert_null(strstr(recorder.text, "471199"));
        approver_close(&approver);
        tool_clear(&tool);
    }
}

static const uint8_t message[] = "an approval token";

static struct approver approver_with(EVP_PKEY *key, const EVP_PKEY *public_key)
{
    struct approver approver = {.key = key};

    assert_non_null(key);
    assert_true(ska_evp_encode(public_key, &approver.public_key, NULL));
    return approver;
}

static bool sign(struct approver *approver, const struct ska_errors *errors)
{
    struct ska_approval approval = {0};
    bool done = approver_sign_checked(approver, NULL, NULL, ska_span(message, sizeof(message)),
                                      &approval, errors);

    ska_approval_clear(&approval);
    return done;
}

/* A card that signs with another key than the one it shows: the person learns of it at once. */
static void refuses_a_signature_by_another_key(void **state)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    struct approver good = approver_with(key, key);
    struct approver bad = approver_with(key, other);
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    (void)state;
    assert_true(sign(&good, &errors));
    assert_int_equal(recorder.count, 0);
    assert_false(sign(&bad, &errors));
    assert_int_equal(recorder.count, 1);
    assert_int_equal(recorder.reason, SKA_R_BAD_SIGNATURE);
    ska_bytes_free(&good.public_key);
    ska_bytes_free(&bad.public_key);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hides_its_memory_while_it_holds_a_key),
        cmocka_unit_test(hides_it_when_there_is_no_key),
        cmocka_unit_test(repeats_no_pin),
        cmocka_unit_test(refuses_a_signature_by_another_key),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
