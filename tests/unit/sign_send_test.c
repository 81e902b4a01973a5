/* SPDX-License-Identifier: Apache-2.0 */
/* The last look before the HSM: a request, wherever it comes from, for anything else than the job.
 */
#include "hsm_ska_support.h"

#include "provider/sign/bundle.h"
#include "provider/sign/make_request.h"
#include "provider/sign/send.h"

static const struct ska_mechanism by_digest = {
    .scheme = SKA_SCHEME_ECDSA, .form = SKA_PAYLOAD_DIGEST, .digest = SKA_DIGEST_SHA256};

static struct backend_key *key;
static uint8_t asked[32], other[32];
static uint8_t signature[256];
static size_t length;
static struct recorder recorder;
static struct ska_errors errors;

static int make_key(void **state)
{
    const struct ska_rule *const rules[] = {&two_of_three, &two_of_three, &always, &never};
    struct backend_key_template wanted = {.type = SKA_KEY_EC, .curve = "P-256", .label = "seal"};

    begin(state);
    memset(asked, 1, sizeof(asked));
    memset(other, 2, sizeof(other));
    memcpy(wanted.rules, rules, sizeof(wanted.rules));
    assert_true(hsm_key_generate(token, &wanted, &shown));
    key = find_key(token, "seal");
    return 0;
}

static struct ska_job job_for(enum ska_operation operation, const uint8_t payload[32])
{
    length = sizeof(signature);
    errors = errors_into(&recorder);
    return (struct ska_job){.libctx = libctx,
                            .key = key,
                            .operation = operation,
                            .mechanism = by_digest,
                            .payload = ska_span(payload, 32),
                            .errors = &errors,
                            .signature = signature,
                            .signature_length = &length};
}

/* With the approvals of the first two, which are enough. */
static struct ska_request *approved(const struct ska_job *job)
{
    struct ska_request *request = NULL;

    assert_true(ska_request_make(job, &request));
    for (size_t i = 0; i < 2; i++) {
        struct ska_approval approval = {.digest = "SHA-256"};
        struct ska_span to_be_signed = ska_span_of(&request->approval_token);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        uint8_t plain[256];
        size_t plain_length = sizeof(plain);

        assert_true(
            EVP_DigestSignInit_ex(context, NULL, "SHA256", libctx, NULL, approvers[i].key, NULL));
        assert_true(
            EVP_DigestSign(context, plain, &plain_length, to_be_signed.data, to_be_signed.length));
        EVP_MD_CTX_free(context);
        assert_true(ska_bytes_copy(&approval.signature, ska_span(plain, plain_length), &shown));
        assert_true(ska_bytes_copy(&approval.signer, ska_span_of(&approvers[i].info), &shown));
        assert_true(ska_bytes_copy(&approval.public_key, ska_span_of(&approvers[i].info), &shown));
        assert_true(ska_request_add_approval(request, &approval, &shown));
    }
    return request;
}

/* ---- What was gathered ----------------------------------------------------------------------- */

static void what_was_approved_is_signed(void **state)
{
    struct ska_job job = job_for(SKA_OPERATION_SIGN, asked);
    struct ska_request *request = approved(&job);
    struct backend_refusal refusal = {0};

    (void)state;
    forget_log();
    assert_int_equal(ska_send_gathered(&job, request, NULL, true, &refusal), BACKEND_DONE);
    assert_int_equal(recorder.count, 0);
    assert_true(length > 0 && length <= sizeof(signature));
    assert_int_equal(logged("C_SKASign "), 1);
    ska_request_free(request);
}

/* The HSM would sign it, since its approvals are good: only we know that nobody has asked for it.
 */
static void other_data_do_not_reach_the_hsm(void **state)
{
    struct ska_job approved_job = job_for(SKA_OPERATION_SIGN, other);
    struct ska_request *request = approved(&approved_job);
    struct ska_job job = job_for(SKA_OPERATION_SIGN, asked);
    struct backend_refusal refusal = {0};

    (void)state;
    forget_log();
    memset(signature, 0x5A, sizeof(signature));
    assert_int_equal(ska_send_gathered(&job, request, NULL, true, &refusal), BACKEND_FAILED);
    assert_raised(&recorder, SKA_R_PAYLOAD_MISMATCH, "other data");
    assert_int_equal(logged("C_SKASign "), 0);
    for (size_t i = 0; i < sizeof(signature); i++)
        assert_int_equal(signature[i], 0x5A);
    ska_request_free(request);
}

static void another_operation_does_not_reach_the_hsm(void **state)
{
    struct ska_job approved_job = job_for(SKA_OPERATION_BLOCK, asked);
    struct ska_request *request = approved(&approved_job);
    struct ska_job job = job_for(SKA_OPERATION_SIGN, asked);
    struct backend_refusal refusal = {0};

    (void)state;
    forget_log();
    assert_int_equal(ska_send_gathered(&job, request, NULL, true, &refusal), BACKEND_FAILED);
    assert_raised(&recorder, SKA_R_OPERATION_MISMATCH, "seal");
    assert_int_equal(logged("C_SKA"), 0);
    ska_request_free(request);
}

/* ---- What was handed in ---------------------------------------------------------------------- */

/* The bundle as text, read for the job; what is refused is refused with nothing left over. */
static bool read_for(struct ska_job *job, const struct ska_request *bundle)
{
    struct ska_request *read = NULL;
    struct ska_bytes text = {NULL, 0};
    bool done = false;

    assert_true(ska_request_print(bundle, &text, &shown));
    job->sources.bundle = (const char *)text.data;
    done = ska_bundles_read(job, &read);
    assert_true(!done || read != NULL);
    ska_request_free(read);
    ska_bytes_free(&text);
    return done;
}

static void a_bundle_for_this_is_read(void **state)
{
    struct ska_job job = job_for(SKA_OPERATION_SIGN, asked);
    struct ska_request *request = approved(&job);

    (void)state;
    assert_true(read_for(&job, request));
    assert_int_equal(recorder.count, 0);
    ska_request_free(request);
}

static void a_bundle_for_other_data_is_refused(void **state)
{
    struct ska_job approved_job = job_for(SKA_OPERATION_SIGN, other);
    struct ska_request *request = approved(&approved_job);
    struct ska_job job = job_for(SKA_OPERATION_SIGN, asked);

    (void)state;
    assert_false(read_for(&job, request));
    assert_raised(&recorder, SKA_R_PAYLOAD_MISMATCH, "is for other data than these");
    ska_request_free(request);
}

/* The token does not say by which digest the payload was made: the approvers were shown it. */
static void a_bundle_for_another_algorithm_is_refused(void **state)
{
    struct ska_job approved_job = job_for(SKA_OPERATION_SIGN, asked);
    struct ska_request *request = NULL;
    struct ska_job job = job_for(SKA_OPERATION_SIGN, asked);

    (void)state;
    approved_job.mechanism = (struct ska_mechanism){
        .scheme = SKA_SCHEME_ECDSA, .form = SKA_PAYLOAD_MESSAGE, .digest = SKA_DIGEST_SHA256};
    approved_job.payload = ska_span_text("a message that is no digest at all");
    request = approved(&approved_job);
    job.payload = approved_job.payload;
    job.mechanism = approved_job.mechanism;
    job.mechanism.digest = SKA_DIGEST_SHA384;
    assert_false(read_for(&job, request));
    assert_raised(&recorder, SKA_R_PAYLOAD_MISMATCH, "SHA384");
    ska_request_free(request);
}

static void a_bundle_to_block_is_refused(void **state)
{
    struct ska_job approved_job = job_for(SKA_OPERATION_BLOCK, asked);
    struct ska_request *request = approved(&approved_job);
    struct ska_job job = job_for(SKA_OPERATION_SIGN, asked);

    (void)state;
    assert_false(read_for(&job, request));
    assert_raised(&recorder, SKA_R_OPERATION_MISMATCH, "not a request to sign");
    ska_request_free(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_approved_is_signed),
        cmocka_unit_test(other_data_do_not_reach_the_hsm),
        cmocka_unit_test(another_operation_does_not_reach_the_hsm),
        cmocka_unit_test(a_bundle_for_this_is_read),
        cmocka_unit_test(a_bundle_for_other_data_is_refused),
        cmocka_unit_test(a_bundle_for_another_algorithm_is_refused),
        cmocka_unit_test(a_bundle_to_block_is_refused),
    };

    return cmocka_run_group_tests(tests, make_key, end);
}
