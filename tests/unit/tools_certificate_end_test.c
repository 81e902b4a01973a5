/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said of approvers whose certificates end, and of rules that need them.
 */
#include "sign_support.h"

#include <openssl/x509.h>

#include "provider/rule/window.h"
#include "tools/certificate_end.h"

#define DAY (24 * 3600L)

static EVP_PKEY *key;
static time_t now;
static char said[4096];

static void add_sentence(void *arg, bool is_missed, const char *sentence)
{
    (void)arg;
    if (is_missed)
        strncat(said, "MISSED: ", sizeof(said) - strlen(said) - 1);
    strncat(said, sentence, sizeof(said) - strlen(said) - 1);
    strncat(said, "\n", sizeof(said) - strlen(said) - 1);
}

static struct certificate_ends ends = {.say = add_sentence};

static X509 *ca; /* that signs certificates; NULL: nobody that is known */

static bool is_start_unreadable; /* of certificates that are made */
static bool is_end_unreadable;

/* Month 13: neither X509_cmp_time() nor ASN1_TIME_to_tm() can read it. */
static void spoil(ASN1_TIME *time)
{
    static const char text[] = "301301000000Z";

    assert_true(ASN1_STRING_set(time, text, (int)strlen(text)));
    time->type = V_ASN1_UTCTIME;
}

/* Valid from and to so many days from now. */
static struct ska_bytes certificate(const char *name, long from, long to)
{
    X509 *x509 = X509_new();
    unsigned char *der = NULL;
    struct ska_bytes copy = {NULL, 0};
    int length = 0;

    assert_non_null(x509);
    assert_true(X509_set_version(x509, X509_VERSION_3));
    assert_true(X509_set_pubkey(x509, key));
    assert_true(X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
                                           (const unsigned char *)name, -1, -1, 0));
    if (ca != NULL)
        assert_true(X509_set_issuer_name(x509, X509_get_subject_name(ca)));
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x509), now + from * DAY));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x509), now + to * DAY));
    if (is_start_unreadable)
        spoil(X509_getm_notBefore(x509));
    if (is_end_unreadable)
        spoil(X509_getm_notAfter(x509));
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    length = i2d_X509(x509, &der);
    assert_true(length > 0);
    assert_true(ska_bytes_copy(&copy, ska_span(der, (size_t)length), NULL));
    OPENSSL_free(der);
    X509_free(x509);
    return copy;
}

struct person {
    const char *name;
    long from, to; /* days; both 0: a public key */
};

/* One alternative with one group. */
static struct ska_rule rule(uint32_t quorum, const struct person *people, size_t count)
{
    struct ska_rule made = {calloc(1, sizeof(*made.alternatives)), 1};
    struct ska_group *group = calloc(1, sizeof(*group));

    group->quorum = quorum;
    group->approvers = calloc(count, sizeof(*group->approvers));
    group->approver_count = count;
    for (size_t i = 0; i < count; i++) {
        struct ska_approver *approver = &group->approvers[i];

        assert_true(ska_bytes_copy(&approver->name, ska_span_text(people[i].name), NULL));
        approver->public_key = spki_of(key);
        if (people[i].from == 0 && people[i].to == 0) {
            approver->data = spki_of(key);
        } else {
            approver->type = SKA_APPROVER_CERTIFICATE;
            approver->data = certificate(people[i].name, people[i].from, people[i].to);
        }
    }
    made.alternatives[0].groups = group;
    made.alternatives[0].group_count = 1;
    return made;
}

/* What is said, where "<30>" in what is expected stands for the time in 30 days. */
static void said_is(const char *expected)
{
    struct ska_buffer text = {0};
    char shown[SKA_TIME_SHOWN_SIZE];

    while (*expected != 0) {
        const char *open = strchr(expected, '<');
        char *close = NULL;
        long days = open == NULL ? 0 : strtol(open + 1, &close, 10);

        if (open == NULL) {
            ska_buffer_text(&text, expected);
            break;
        }
        ska_buffer_format(&text, "%.*s%s", (int)(open - expected), expected,
                          ska_time_shown((uint64_t)(now + days * DAY), shown));
        expected = close + 1;
    }
    assert_string_equal(said, ska_buffer_string(&text));
    ska_buffer_free(&text);
}

static void says(uint32_t quorum, const struct person *people, size_t count, const char *expected)
{
    struct ska_rule rules[SKA_RULE_COUNT] = {{NULL, 0}};

    said[0] = 0;
    rules[0] = rule(quorum, people, count);
    certificate_ends_say_rules(&ends, rules);
    said_is(expected);
    ska_rule_clear(&rules[0]);
}

#define EXPIRED(days) " expired at <" #days ">: give the key rules that name a new one\n"
#define SOON(days)                                                                                 \
    " expires at <" #days ">: renew it, and give the key rules that name the new one\n"
#define MISSED(name)                                                                               \
    "MISSED: too few approvers have a valid certificate to satisfy the rule to " name " the key\n"
#define LATER(days)                                                                                \
    "from <" #days "> too few approvers will have a valid certificate to satisfy the rule to use " \
    "the key\n"

static void test_valid_is_not_mentioned(void **state)
{
    const struct person people[] = {{"alice", -1, 61}, {"bob", 0, 0}};

    (void)state;
    says(2, people, 2, "");
}

static void test_each_end_is_said(void **state)
{
    const struct person people[] = {
        {"alice", -9, -1}, {"bob", -1, 59}, {"carol", 1, 99}, {"dave", 0, 0}};

    (void)state;
    says(1, people, 4,
         "the certificate of alice" EXPIRED(-1) "the certificate of bob" SOON(
             59) "the certificate of carol is not valid before <1>\n");
}

static void test_a_quorum_that_is_gone(void **state)
{
    const struct person people[] = {{"alice", -9, -1}, {"bob", -1, 99}};

    (void)state;
    says(2, people, 2, "the certificate of alice" EXPIRED(-1) MISSED("use"));
}

static void test_a_quorum_that_goes(void **state)
{
    const struct person people[] = {{"alice", -9, 10}, {"bob", -1, 99}};

    (void)state;
    says(2, people, 2, "the certificate of alice" SOON(10) LATER(10));
}

/* In two rules, said once. */
static void test_each_once(void **state)
{
    const struct person people[] = {{"alice", -9, -1}, {"bob", -1, 99}};
    struct ska_rule rules[SKA_RULE_COUNT] = {{NULL, 0}};
    struct ska_bytes *again = NULL;

    (void)state;
    said[0] = 0;
    rules[0] = rule(1, people, 2);
    rules[1] = rule(1, people, 2);
    again = &rules[1].alternatives[0].groups[0].approvers[0].data;
    ska_bytes_free(again);
    assert_true(ska_bytes_copy(
        again, ska_span_of(&rules[0].alternatives[0].groups[0].approvers[0].data), NULL));
    certificate_ends_say_rules(&ends, rules);
    said_is("the certificate of alice" EXPIRED(-1));
    ska_rule_clear(&rules[0]);
    ska_rule_clear(&rules[1]);
}

/* Nobody is meant to satisfy one without alternatives. */
static void test_no_alternatives(void **state)
{
    struct ska_rule rules[SKA_RULE_COUNT] = {{NULL, 0}};

    (void)state;
    said[0] = 0;
    certificate_ends_say_rules(&ends, rules);
    assert_string_equal(said, "");
}

static X509 *open_certificate(const char *name, long from, long to)
{
    struct ska_bytes der = certificate(name, from, to);
    const unsigned char *at = der.data;
    X509 *x509 = d2i_X509(NULL, &at, (long)der.length);

    assert_non_null(x509);
    ska_bytes_free(&der);
    return x509;
}

static void know(X509 *x509)
{
    assert_true(sk_X509_push(ends.known, x509) > 0);
}

static void forget_all(void)
{
    sk_X509_pop_free(ends.known, X509_free);
    ends.known = NULL;
    ca = NULL;
}

/* Each valid for long, but not their CA. */
static void test_a_quorum_whose_ca_goes(void **state)
{
    const struct person people[] = {{"alice", -9, 99}, {"bob", -1, 99}};
    X509 *root = open_certificate("root", -9, 30);

    (void)state;
    ca = root;
    says(2, people, 2, "");
    ends.known = sk_X509_new_null();
    know(root);
    says(2, people, 2, LATER(30));
    /* Renewed: the better one counts, wherever it stands. */
    ca = NULL;
    know(open_certificate("root", -1, 99));
    ca = root;
    says(2, people, 2, "");
    said[0] = 0;
    certificate_ends_say_known(&ends);
    assert_string_equal(said, "");
    forget_all();
}

/* One step above the CA. */
static void test_a_chain_that_has_ended(void **state)
{
    const struct person people[] = {{"alice", -9, 99}, {"bob", 0, 0}};
    X509 *root = open_certificate("root", -9, -1);
    X509 *issuing = NULL;
    X509 *leaf = NULL;

    (void)state;
    ca = root;
    issuing = open_certificate("issuing", -9, 59);
    ca = issuing;
    leaf = open_certificate("seal", -9, 61);
    ends.known = sk_X509_new_null();
    know(issuing);
    know(root);
    says(2, people, 2, MISSED("use"));
    says(1, people, 2, "");
    said[0] = 0;
    certificate_ends_say_chain(&ends, leaf);
    said_is("the certificate of issuing expires at <59>\n"
            "MISSED: the certificate of root expired at <-1>\n");
    X509_free(leaf);
    forget_all();
}

/* Of the name of a CA, but not by its key. */
static void test_a_ca_that_has_not_issued_it(void **state)
{
    const struct person people[] = {{"alice", -9, 99}};
    EVP_PKEY *own = key;
    X509 *other = NULL;

    (void)state;
    key = EVP_EC_gen("P-256");
    other = open_certificate("root", -9, -1);
    EVP_PKEY_free(key);
    key = own;
    ca = other;
    ends.known = sk_X509_new_null();
    know(other);
    says(1, people, 1, "");
    forget_all();
}

/* Two that have issued each other. */
static void test_a_circle_of_cas(void **state)
{
    X509 *one = open_certificate("one", -9, 59);
    X509 *other = NULL;
    X509 *back = NULL;

    (void)state;
    ca = one;
    other = open_certificate("other", -9, 99);
    ca = other;
    back = open_certificate("one", -9, 99);
    ends.known = sk_X509_new_null();
    know(other);
    know(back);
    ca = NULL;
    said[0] = 0;
    certificate_ends_say_chain(&ends, back);
    assert_string_equal(said, "");
    X509_free(one);
    forget_all();
}

/* Each in the circle ends: each is said once. */
static void test_a_circle_of_cas_that_end(void **state)
{
    X509 *start = open_certificate("one", -9, 59);
    X509 *other = NULL;
    X509 *back = NULL;
    X509 *leaf = NULL;

    (void)state;
    ca = start;
    other = open_certificate("other", -9, 20);
    ca = other;
    back = open_certificate("one", -9, 10);
    ca = back;
    leaf = open_certificate("leaf", -9, 30);
    ends.known = sk_X509_new_null();
    know(other);
    know(back);
    ca = NULL;
    said[0] = 0;
    certificate_ends_say_chain(&ends, leaf);
    said_is("the certificate of leaf expires at <30>\n"
            "the certificate of one expires at <10>\n"
            "the certificate of other expires at <20>\n");
    X509_free(leaf);
    X509_free(start);
    forget_all();
}

#define NEW_ONE ": give the key rules that name a new one\n"

/* Nothing trusts a certificate whose dates cannot be read. */
static void test_dates_that_cannot_be_read(void **state)
{
    const struct person people[] = {{"alice", -9, 99}};
    X509 *root = NULL;

    (void)state;
    is_end_unreadable = true;
    says(1, people, 1,
         "the certificate of alice has an end date that cannot be read" NEW_ONE MISSED("use"));
    root = open_certificate("root", -9, 99);
    is_end_unreadable = false;
    is_start_unreadable = true;
    says(1, people, 1,
         "the certificate of alice has a start date that cannot be read" NEW_ONE MISSED("use"));
    is_start_unreadable = false;
    /* Of the CA above it. */
    ca = root;
    ends.known = sk_X509_new_null();
    know(root);
    says(1, people, 1, MISSED("use"));
    said[0] = 0;
    certificate_ends_say_known(&ends);
    said_is("MISSED: the certificate of root has an end date that cannot be read\n");
    assert_false(certificate_end_is_valid(certificate_end(root, now)));
    forget_all();
}

static void test_a_certificate_that_cannot_be_read(void **state)
{
    const struct person people[] = {{"alice", -9, 99}, {"bob", -9, 99}};
    struct ska_rule rules[SKA_RULE_COUNT] = {{NULL, 0}};

    (void)state;
    said[0] = 0;
    rules[0] = rule(2, people, 2);
    rules[0].alternatives[0].groups[0].approvers[1].data.length = 20;
    certificate_ends_say_rules(&ends, rules);
    said_is("the certificate of bob cannot be read" NEW_ONE MISSED("use"));
    ska_rule_clear(&rules[0]);
}

/* Its key is of an algorithm that libcrypto does not know. */
static X509 *open_with_unknown_key(long from, long to)
{
    X509 *x509 = open_certificate("root", from, to);
    X509_ALGOR *algorithm = NULL;
    unsigned char *der = NULL;
    const unsigned char *at = NULL;
    int length = 0;

    assert_true(X509_PUBKEY_get0_param(NULL, NULL, NULL, &algorithm, X509_get_X509_PUBKEY(x509)));
    assert_true(X509_ALGOR_set0(algorithm, OBJ_txt2obj("1.2.3.4", 1), V_ASN1_UNDEF, NULL));
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    length = i2d_X509(x509, &der);
    X509_free(x509);
    at = der;
    x509 = d2i_X509(NULL, &at, length);
    assert_non_null(x509);
    assert_null(X509_get0_pubkey(x509));
    OPENSSL_free(der);
    return x509;
}

/* Different keys are different also if nobody here can read them. */
static void test_keys_that_are_not_known(void **state)
{
    EVP_PKEY *own = key;
    X509 *same = NULL;

    (void)state;
    ends.known = sk_X509_new_null();
    know(open_with_unknown_key(-9, -1));
    same = open_with_unknown_key(-9, 99);
    key = EVP_EC_gen("P-256");
    know(open_with_unknown_key(-9, 99));
    EVP_PKEY_free(key);
    key = own;
    said[0] = 0;
    certificate_ends_say_known(&ends);
    said_is("MISSED: the certificate of root expired at <-1>\n");
    know(same);
    said[0] = 0;
    certificate_ends_say_known(&ends);
    said_is("");
    forget_all();
}

/* Thousands that say the same, and none of which is renewed: said once, without delay. */
static void test_many_that_are_equal(void **state)
{
    X509 *root = open_certificate("root", -9, 10);
    const clock_t start = clock();

    (void)state;
    ends.known = sk_X509_new_null();
    for (int i = 0; i < 3000; i++) {
        assert_true(X509_up_ref(root));
        know(root);
    }
    said[0] = 0;
    certificate_ends_say_known(&ends);
    said_is("the certificate of root expires at <10>\n");
    /* Processor time: 0.1 s at most, where comparing times and keys of each with each took 24 s. */
    assert_true(clock() - start < 5 * CLOCKS_PER_SEC);
    X509_free(root);
    forget_all();
}

static int make_key(void **state)
{
    (void)state;
    now = time(NULL);
    ends.now = now;
    key = EVP_EC_gen("P-256");
    return key == NULL;
}

static int free_key(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_is_not_mentioned),
        cmocka_unit_test(test_each_end_is_said),
        cmocka_unit_test(test_a_quorum_that_is_gone),
        cmocka_unit_test(test_a_quorum_that_goes),
        cmocka_unit_test(test_each_once),
        cmocka_unit_test(test_no_alternatives),
        cmocka_unit_test(test_a_quorum_whose_ca_goes),
        cmocka_unit_test(test_a_chain_that_has_ended),
        cmocka_unit_test(test_a_ca_that_has_not_issued_it),
        cmocka_unit_test(test_a_circle_of_cas),
        cmocka_unit_test(test_a_circle_of_cas_that_end),
        cmocka_unit_test(test_dates_that_cannot_be_read),
        cmocka_unit_test(test_a_certificate_that_cannot_be_read),
        cmocka_unit_test(test_keys_that_are_not_known),
        cmocka_unit_test(test_many_that_are_equal),
    };

    return cmocka_run_group_tests(tests, make_key, free_key);
}
