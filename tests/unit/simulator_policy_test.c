/* SPDX-License-Identifier: Apache-2.0 */
/* C_SerializePolicy: what it writes, byte for byte, and what it refuses. It needs no token. */
#include "simulator_fixture.h"
#include "certificate_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

static CK_BYTE key_a[] = {0xAA, 0xAB, 0xAC, 0xAD, 0xAE};
static CK_BYTE key_b[] = {0xBA, 0xBB, 0xBC, 0xBD};

#define NAME(text) (CK_CHAR_PTR)(uintptr_t)(text), sizeof(text) - 1

static CK_RV serialize(CK_SKA_POLICY *policy, CK_BYTE *buffer, CK_ULONG *length)
{
    *length = 4096;
    return C_SerializePolicy(policy, buffer, length);
}

/* The vendor's empty rule. */
static void test_empty(void **state)
{
    static const CK_BYTE expected[] = {0x30, 0, 0,    0, 0x59, 0,    4, 0,    1, 0, 0,    0, 0x55,
                                       0,    4, 0,    0, 0,    0,    0, 0x55, 0, 4, 0,    0, 0,
                                       0,    0, 0x5A, 0, 4,    0,    1, 0,    0, 0, 0x5B, 0, 4,
                                       0,    0, 0,    0, 0,    0x03, 0, 4,    0, 0, 0,    0, 0};
    CK_SKA_GROUP group = {NULL, 0, 0, NULL, 0};
    CK_SKA_TOKEN token = {NULL, 0, 0, 0, &group, 1};
    CK_SKA_POLICY policy = {&token, 1};
    CK_BYTE buffer[4096];
    CK_ULONG length = 0;

    (void)state;
    assert_rv(serialize(&policy, buffer, &length), CKR_OK);
    assert_int_equal(length, sizeof(expected));
    assert_memory_equal(buffer, expected, sizeof(expected));
}

/* Names, times in minutes, two approvers; written out by hand from the format's description. */
static void test_bytes(void **state)
{
    static const CK_BYTE expected[] = {
        /* 124 bytes follow; two tokens */
        0x7C, 0, 0, 0, 0x59, 0, 4, 0, 2, 0, 0, 0,
        /* name "tok", 2 minutes, 3 minutes, one group */
        0x02, 0x10, 3, 0, 't', 'o', 'k', 0, 0x55, 0, 4, 0, 2, 0, 0, 0, 0x55, 0, 4, 0, 3, 0, 0, 0,
        0x5A, 0, 4, 0, 1, 0, 0, 0,
        /* name "group", quorum 1, two approvers */
        0x02, 0x10, 5, 0, 'g', 'r', 'o', 'u', 'p', 0, 0, 0, 0x5B, 0, 4, 0, 1, 0, 0, 0, 0x03, 0, 4,
        0, 2, 0, 0, 0,
        /* name "alice" and key; key alone */
        0x02, 0x10, 5, 0, 'a', 'l', 'i', 'c', 'e', 0, 0, 0, 0x52, 0x10, 5, 0, 0xAA, 0xAB, 0xAC,
        0xAD, 0xAE, 0, 0, 0, 0x52, 0x10, 4, 0, 0xBA, 0xBB, 0xBC, 0xBD,
        /* a second token: 5 s and 600 s, in the simulator's own element; no group */
        0x56, 0, 4, 0, 5, 0, 0, 0, 0x56, 0, 4, 0, 0x58, 2, 0, 0, 0x5A, 0, 4, 0, 0, 0, 0, 0};
    CK_SKA_APPROVER approvers[] = {{NAME("alice"), CKAP_SIGNATURE, key_a, sizeof(key_a)},
                                   {NULL, 0, CKAP_SIGNATURE | 0x100000000UL, key_b, sizeof(key_b)}};
    CK_SKA_GROUP group = {NAME("group"), 1, approvers, 2};
    CK_SKA_TOKEN tokens[] = {{NAME("tok"), 120, 180, &group, 1}, {NULL, 0, 5, 600, NULL, 0}};
    CK_SKA_POLICY policy = {tokens, 2};
    CK_BYTE buffer[4096];
    CK_ULONG length = 0;

    (void)state;
    assert_rv(serialize(&policy, buffer, &length), CKR_OK);
    assert_int_equal(length, sizeof(expected));
    assert_memory_equal(buffer, expected, sizeof(expected));
}

static void test_lengths(void **state)
{
    CK_SKA_POLICY policy = {NULL, 0};
    CK_BYTE buffer[12];
    CK_ULONG length = 0;

    (void)state;
    assert_rv(C_SerializePolicy(&policy, NULL, &length), CKR_OK);
    assert_int_equal(length, 12);
    length = 11;
    assert_rv(C_SerializePolicy(&policy, buffer, &length), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(length, 12);
    assert_rv(C_SerializePolicy(&policy, buffer, &length), CKR_OK);
    assert_rv(C_SerializePolicy(&policy, buffer, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(C_SerializePolicy(NULL, buffer, &length), CKR_ARGUMENTS_BAD);
}

/* Each field wrong in turn. */
static void test_absurd(void **state)
{
    CK_SKA_APPROVER good_approver = {NAME("alice"), CKAP_SIGNATURE, key_a, sizeof(key_a)};
    CK_SKA_GROUP good_group = {NAME("group"), 1, NULL, 1};
    CK_SKA_TOKEN good_token = {NAME("token"), 60, 60, NULL, 1};

    (void)state;
    for (int i = 0; i < 17; i++) {
        CK_SKA_APPROVER approver = good_approver;
        CK_SKA_GROUP group = good_group;
        CK_SKA_TOKEN token = good_token;
        CK_SKA_POLICY policy = {&token, 1};
        CK_BYTE buffer[4096];
        CK_ULONG length = 0;

        group.pApprovers = &approver;
        token.pGroups = &group;
        switch (i) {
        case 0:
            break; /* all is well */
        case 1:
            approver.type = CKAP_NOT_SPECIFIED;
            break;
        case 2:
            approver.type = 77;
            break;
        case 3:
            approver.type = CKAP_CERTIFICATE; /* of which the data are none */
            break;
        case 4:
            approver.pData = NULL;
            break;
        case 5:
            approver.dataLen = 0;
            break;
        case 6:
            approver.dataLen = ~0UL;
            break;
        case 7:
            approver.pName = NULL;
            break;
        case 8:
            approver.nameLen = 1UL << 40;
            break;
        case 9:
            group.pApprovers = NULL;
            break;
        case 10:
            group.approverCount = ~0UL;
            break;
        case 11:
            group.quorum = 1UL << 32;
            break;
        case 12:
            token.groupCount = 1UL << 33;
            break;
        case 13:
            token.pGroups = NULL;
            break;
        case 14:
            token.delay = ~0UL;
            break;
        case 15:
            policy.pTokens = NULL;
            break;
        case 16:
            policy.tokenCount = ~0UL / 2;
            break;
        }
        assert_rv(serialize(&policy, buffer, &length), i == 0 ? CKR_OK : CKR_ARGUMENTS_BAD);
    }
}

/* Arrays that are shared many times over add up to more than a rule can hold. */
static void test_too_large(void **state)
{
    static CK_SKA_APPROVER approvers[1000];
    static CK_SKA_GROUP groups[1000];
    static CK_SKA_TOKEN tokens[1000];
    static CK_BYTE large[40000];
    CK_SKA_POLICY policy = {tokens, COUNT(tokens)};
    CK_SKA_APPROVER two[] = {{NULL, 0, CKAP_SIGNATURE, large, sizeof(large)},
                             {NULL, 0, CKAP_SIGNATURE, large, sizeof(large)}};
    CK_SKA_GROUP pair = {NULL, 0, 1, two, 2};
    CK_SKA_TOKEN token = {NULL, 0, 0, 0, &pair, 1};
    CK_SKA_POLICY long_policy = {&token, 1};
    CK_ULONG length = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(tokens); i++) {
        approvers[i] = (CK_SKA_APPROVER){NULL, 0, CKAP_SIGNATURE, key_a, sizeof(key_a)};
        groups[i] = (CK_SKA_GROUP){NULL, 0, 1, approvers, COUNT(approvers)};
        tokens[i] = (CK_SKA_TOKEN){NULL, 0, 0, 0, groups, COUNT(groups)};
    }
    assert_rv(C_SerializePolicy(&policy, NULL, &length), CKR_ARGUMENTS_BAD);
    assert_rv(C_SerializePolicy(&long_policy, NULL, &length), CKR_ARGUMENTS_BAD);
    pair.approverCount = 1;
    assert_rv(C_SerializePolicy(&long_policy, NULL, &length), CKR_OK);
    assert_true(length > sizeof(large) && length < sizeof(large) + 100);
}

/* ---- Certificates ----------------------------------------------------------------------- */

static X509 *make_certificate(void)
{
    EVP_PKEY *key = make_key("EC:P-256");
    X509 *certificate = X509_new();

    set_certificate_name(certificate, "approver");
    assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    EVP_PKEY_free(key);
    return certificate;
}

/* PEM and DER give the same rule, which holds the DER. */
static void test_certificate(void **state)
{
    X509 *certificate = make_certificate();
    BIO *bio = BIO_new(BIO_s_mem());
    unsigned char *der = NULL;
    char *pem = NULL;
    int der_length = i2d_X509(certificate, &der);
    long pem_length = 0;
    CK_SKA_APPROVER approver = {NULL, 0, CKAP_CERTIFICATE, der, (CK_ULONG)der_length};
    CK_SKA_GROUP group = {NULL, 0, 1, &approver, 1};
    CK_SKA_TOKEN token = {NULL, 0, 0, 0, &group, 1};
    CK_SKA_POLICY policy = {&token, 1};
    CK_BYTE from_der[4096];
    CK_BYTE from_pem[4096];
    CK_ULONG length = 0;
    CK_ULONG same = 0;

    (void)state;
    assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
    pem_length = BIO_get_mem_data(bio, &pem);
    assert_rv(serialize(&policy, from_der, &length), CKR_OK);
    assert_memory_equal(from_der + 52 + 4, der, (size_t)der_length);
    approver.pData = (CK_BYTE_PTR)pem;
    approver.dataLen = (CK_ULONG)pem_length;
    assert_rv(serialize(&policy, from_pem, &same), CKR_OK);
    assert_int_equal(same, length);
    assert_memory_equal(from_pem, from_der, length);
    approver.dataLen -= 30; /* half an end line */
    assert_rv(serialize(&policy, from_pem, &same), CKR_ARGUMENTS_BAD);
    approver.type = CKAP_SIGNATURE; /* then it is any bytes */
    assert_rv(serialize(&policy, from_pem, &same), CKR_OK);
    BIO_free(bio);
    OPENSSL_free(der);
    X509_free(certificate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),     cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_lengths),   cmocka_unit_test(test_absurd),
        cmocka_unit_test(test_too_large), cmocka_unit_test(test_certificate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
