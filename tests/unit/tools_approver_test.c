/* SPDX-License-Identifier: Apache-2.0 */
/* What is signed with an approver's key. */
#include "cmocka_all.h"

#include <openssl/evp.h>

#include "recorder.h"

#include "provider/base/evp_key.h"
#include "provider/request/approval.h"
#include "tools/approver.h"

static const uint8_t message[] = "an approval token";

static struct approver approver_with(EVP_PKEY *key, const EVP_PKEY *public_key)
{
    struct approver approver = {.key = key};

    assert_non_null(key);
    assert_true(ska_evp_encode(public_key, &approver.public_key, NULL));
    return approver;
}

static bool sign(const struct approver *approver, const struct ska_errors *errors)
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
        cmocka_unit_test(refuses_a_signature_by_another_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
