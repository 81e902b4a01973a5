/* SPDX-License-Identifier: Apache-2.0 */
/* Timestamps and time limits: what a timestamp key is, and the window to the second. */
#include "simulator_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wire_support.h"

static CK_MECHANISM mechanism = {CKM_ECDSA_SHA256, NULL, 0};
static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

#define TEXT(text) (CK_VOID_PTR)(uintptr_t)(text), sizeof(text) - 1

static int clean_teardown(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_OBJECT_HANDLE found[32];
    size_t count = find_all(session, NULL, 0, found, COUNT(found));

    for (size_t i = 0; i < count; i++)
        assert_rv(C_DestroyObject(session, found[i]), CKR_OK);
    assert_int_equal(fixture_stored(), 0);
    return fixture_teardown(state);
}

/* ---- Timestamp keys --------------------------------------------------------------------- */

static void test_timestamp_key(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct pair stamp = make_timestamp_key(session, "clock");
    struct pair ordinary = make_ordinary(session, "EC:P-256", "ordinary");
    CK_OBJECT_CLASS ska = CKO_SKA_PRIVATE_KEY;
    CK_ATTRIBUTE by_flag[] = {{CKA_SKA_TIMESTAMP_SIGN, &yes, 1}};
    CK_ATTRIBUTE by_class[] = {{CKA_CLASS, &ska, sizeof(ska)}};
    CK_ATTRIBUTE by_sign[] = {{CKA_SIGN, &yes, 1}};
    CK_OBJECT_HANDLE found[8];
    struct data subject = read_attribute(session, stamp.private_key, CKA_SUBJECT);

    assert_true(read_flag(session, stamp.private_key, CKA_SKA_TIMESTAMP_SIGN));
    assert_false(read_flag(session, stamp.private_key, CKA_SIGN));
    assert_false(read_flag(session, stamp.private_key, CKA_EXTRACTABLE));
    assert_false(read_flag(session, ordinary.private_key, CKA_SKA_TIMESTAMP_SIGN));
    assert_int_equal(subject.length, 0);
    assert_int_equal(find_private(session, "clock"), stamp.private_key);
    assert_int_equal(find_all(session, by_flag, 1, found, COUNT(found)), 1);
    assert_int_equal(found[0], stamp.private_key);
    assert_int_equal(find_all(session, by_class, 1, found, COUNT(found)), 0);
    assert_int_equal(find_all(session, by_sign, 1, found, COUNT(found)), 1);
    assert_int_equal(found[0], ordinary.private_key);
    data_free(&subject);
}

/* It signs timestamps and nothing else. */
static void test_no_other_use(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct pair stamp = make_timestamp_key(session, "clock");
    CK_OBJECT_HANDLE key = stamp.private_key;
    CK_MECHANISM rsa = {CKM_SHA256_RSA_PKCS, NULL, 0};
    CK_MECHANISM raw = {CKM_RSA_X_509, NULL, 0};
    CK_ATTRIBUTE sign[] = {{CKA_SIGN, &yes, 1}};
    CK_ATTRIBUTE label[] = {{CKA_LABEL, TEXT("clock")}};
    struct pair ordinary = make_ordinary(session, "EC:P-256", "ordinary");
    struct key_wish wish = {.kind = "EC:P-256", .label = "clock"};
    CK_OBJECT_HANDLE made = 0;
    CK_BYTE buffer[512];
    CK_ULONG length = sizeof(buffer);

    assert_rv(C_SignInit(session, &rsa, key), CKR_KEY_FUNCTION_NOT_PERMITTED);
    assert_rv(C_DecryptInit(session, &raw, key), CKR_KEY_FUNCTION_NOT_PERMITTED);
    assert_rv(C_SetAttributeValue(session, key, sign, 1), CKR_ACTION_PROHIBITED);
    assert_rv(C_CopyObject(session, key, sign, 1, &made), CKR_ACTION_PROHIBITED);
    assert_rv(C_SKASign(session, &rsa, key, buffer, 8, NULL, 0, buffer, &length, NULL, NULL),
              CKR_KEY_TYPE_INCONSISTENT);
    assert_rv(C_SetAttributeValue(session, ordinary.private_key, label, 1),
              CKR_ATTRIBUTE_VALUE_INVALID);
    assert_rv(generate_ska(session, &wish, &ordinary), CKR_ATTRIBUTE_VALUE_INVALID);
}

static void test_refused_templates(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_MECHANISM dh = {CKM_DH_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_BBOOL strange = 7;
    CK_ATTRIBUTE curve[] = {{CKA_EC_PARAMS, TEXT("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")}};
    CK_ATTRIBUTE signing[] = {{CKA_SKA_TIMESTAMP_SIGN, &yes, 1}, {CKA_SIGN, &yes, 1}};
    CK_ATTRIBUTE blocked[] = {{CKA_SKA_TIMESTAMP_SIGN, &yes, 1}, {CKA_SKA_BLOCKED, &no, 1}};
    CK_ATTRIBUTE nonsense[] = {{CKA_SKA_TIMESTAMP_SIGN, &strange, 1}};
    CK_ATTRIBUTE plain[] = {{CKA_SKA_TIMESTAMP_SIGN, &no, 1}, {CKA_SIGN, &yes, 1}};
    CK_OBJECT_HANDLE keys[2];

    assert_rv(C_GenerateKeyPair(session, &generate, curve, 1, signing, 2, &keys[0], &keys[1]),
              CKR_TEMPLATE_INCONSISTENT);
    assert_rv(C_GenerateKeyPair(session, &generate, curve, 1, blocked, 2, &keys[0], &keys[1]),
              CKR_ATTRIBUTE_TYPE_INVALID);
    assert_rv(C_GenerateKeyPair(session, &generate, curve, 1, nonsense, 1, &keys[0], &keys[1]),
              CKR_ATTRIBUTE_TYPE_INVALID);
    assert_rv(C_GenerateKeyPair(session, &dh, curve, 1, signing, 1, &keys[0], &keys[1]),
              CKR_MECHANISM_INVALID);
    assert_int_equal(fixture_stored(), 0);
    /* To say that a key is none is to say nothing. */
    assert_rv(C_GenerateKeyPair(session, &generate, curve, 1, plain, 2, &keys[0], &keys[1]),
              CKR_OK);
}

/* ---- C_GetTimestamp --------------------------------------------------------------------- */

static void test_get_timestamp(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct pair stamp = make_timestamp_key(session, "clock");
    EVP_PKEY *key = read_public(session, stamp.public_key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    CK_MECHANISM rsa = {CKM_SHA256_RSA_PKCS, NULL, 0};
    CK_BYTE payload[] = "payload!";
    CK_BYTE block[64];
    CK_BYTE signature[256];
    CK_ULONG block_len = 0;
    CK_ULONG signature_len = 0;
    uint64_t seconds = 0;
    time_t now = time(NULL);

    assert_rv(C_GetTimestamp(session, CK_SKA_SIGN, &rsa, stamp.private_key, payload, 8, NULL,
                             &block_len, NULL, &signature_len),
              CKR_OK);
    assert_int_equal(block_len, 4 + 12 + 12 + 4 + 8);
    assert_int_equal(signature_len, 256);
    block_len--;
    assert_rv(C_GetTimestamp(session, CK_SKA_SIGN, &rsa, stamp.private_key, payload, 8, block,
                             &block_len, signature, &signature_len),
              CKR_BUFFER_TOO_SMALL);
    assert_int_equal(block_len, 40);
    signature_len = 255;
    assert_rv(C_GetTimestamp(session, CK_SKA_SIGN, &rsa, stamp.private_key, payload, 8, block,
                             &block_len, signature, &signature_len),
              CKR_BUFFER_TOO_SMALL);
    assert_int_equal(signature_len, 256);
    block_len = sizeof(block);
    assert_rv(C_GetTimestamp(session, CK_SKA_SIGN, &rsa, stamp.private_key, payload, 8, block,
                             &block_len, signature, &signature_len),
              CKR_OK);
    assert_int_equal(block_len, 40);
    assert_memory_equal(block, "\x24\0\0\0\x57\x10\x08\0payload!\x07\x01\x08\0", 20);
    memcpy(&seconds, block + 20, 8);
    assert_true(seconds >= (uint64_t)now && seconds <= (uint64_t)now + 30);
    assert_memory_equal(block + 28, "\x02\x10\x05\0clock\0\0\0", 12);
    assert_int_equal(EVP_DigestVerifyInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL), 1);
    assert_int_equal(EVP_DigestVerify(context, signature, 256, block, block_len), 1);
    assert_int_equal(fixture_logged("C_GetTimestamp(length) clock CKR_OK"), 1);
    assert_int_equal(fixture_logged("C_GetTimestamp clock CKR_OK"), 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
}

/* The clock may stand, for tests that take their time. */
static void test_standing_clock(void **state)
{
    struct timestamp timestamp;
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;

    make_timestamp_key(session_of(state), "clock");
    for (size_t i = 0; i < 2; i++) {
        fixture_close();
        fixture_configure(i == 0 ? "clock = 1900000000\n"
                                 : "clock = 1900000000\nclock-offset = -60\n");
        *(CK_SESSION_HANDLE *)*state = fixture_open();
        key = find_private(session_of(state), "clock");
        timestamp = get_timestamp(session_of(state), CK_SKA_SIGN, key, "payload!", 8);
        assert_true(get_number(timestamp.block.bytes + 20, 8) ==
                    (i == 0 ? 1900000000 : 1899999940));
        timestamp_free(&timestamp);
    }
}

/* What would not fit into a token is refused where it begins. */
static void test_longest_payload(void **state)
{
    static CK_BYTE payload[65536], block[65536];
    CK_SESSION_HANDLE session = session_of(state);
    struct pair stamp = make_timestamp_key(session, "clock");
    CK_MECHANISM rsa = {CKM_SHA256_RSA_PKCS, NULL, 0};
    CK_BYTE signature[256];
    const size_t most = 65500; /* 24 bytes and the label in 8 around it */

    for (size_t length = most; length <= sizeof(payload); length++) {
        CK_ULONG block_length = sizeof(block), signature_length = sizeof(signature);
        CK_RV rv = CKR_OK;
        char *heard = NULL;

        fixture_listen();
        rv = C_GetTimestamp(session, CK_SKA_SIGN, &rsa, stamp.private_key, payload, length, block,
                            &block_length, signature, &signature_length);
        heard = fixture_heard();
        assert_rv(rv, length == most ? CKR_OK : CKR_DATA_LEN_RANGE);
        assert_int_equal(strstr(heard, "refuses a payload of") != NULL, length > most);
        free(heard);
        if (length == most)
            assert_true(block_length <= 65534);
        else if (length < 65534)
            length += 15;
    }
}

static void test_get_timestamp_refused(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct pair stamp = make_timestamp_key(session, "clock");
    struct pair ordinary = make_ordinary(session, "RSA:2048", "ordinary");
    struct pair ska = make_ska(session, "RSA:2048", "ska", NULL);
    CK_RSA_PKCS_PSS_PARAMS params = {CKM_SHA256, CKG_MGF1_SHA256, 32};
    struct {
        CK_MECHANISM mechanism;
        CK_OBJECT_HANDLE key;
        CK_ULONG operation;
        CK_RV expected;
    } cases[] = {
        {{CKM_SHA256_RSA_PKCS, NULL, 0},
         ordinary.private_key,
         CK_SKA_SIGN,
         CKR_KEY_FUNCTION_NOT_PERMITTED},
        {{CKM_SHA256_RSA_PKCS, NULL, 0},
         ska.private_key,
         CK_SKA_SIGN,
         CKR_KEY_FUNCTION_NOT_PERMITTED},
        {{CKM_SHA256_RSA_PKCS, NULL, 0},
         stamp.public_key,
         CK_SKA_SIGN,
         CKR_KEY_FUNCTION_NOT_PERMITTED},
        {{CKM_SHA256_RSA_PKCS, NULL, 0}, 4242, CK_SKA_SIGN, CKR_OBJECT_HANDLE_INVALID},
        {{CKM_RSA_PKCS, NULL, 0}, stamp.private_key, CK_SKA_SIGN, CKR_MECHANISM_INVALID},
        {{CKM_RSA_X_509, NULL, 0}, stamp.private_key, CK_SKA_SIGN, CKR_MECHANISM_INVALID},
        {{CKM_SHA1_RSA_PKCS, NULL, 0}, stamp.private_key, CK_SKA_SIGN, CKR_MECHANISM_INVALID},
        {{CKM_SHA256_RSA_PKCS_PSS, &params, sizeof(params)},
         stamp.private_key,
         CK_SKA_SIGN,
         CKR_MECHANISM_INVALID},
        {{CKM_ECDSA_SHA256, NULL, 0}, stamp.private_key, CK_SKA_SIGN, CKR_KEY_TYPE_INCONSISTENT},
        {{CKM_SHA256_RSA_PKCS, &params, 8},
         stamp.private_key,
         CK_SKA_SIGN,
         CKR_MECHANISM_PARAM_INVALID},
        {{CKM_SHA256_RSA_PKCS, NULL, 0}, stamp.private_key, 1234, CKR_ARGUMENTS_BAD},
        {{CKM_SHA256_RSA_PKCS, NULL, 0},
         stamp.private_key,
         CK_SKA_MODIFY,
         CKR_SKASIM_PARAMETERS_INVALID}, /* of which the payload is none */
        {{CKM_SHA512_RSA_PKCS, NULL, 0}, stamp.private_key, CK_SKA_SIGN, CKR_OK},
    };
    CK_BYTE payload[] = "payload";
    CK_BYTE block[64];
    CK_BYTE signature[256];

    for (size_t i = 0; i < COUNT(cases); i++) {
        CK_ULONG lengths[] = {sizeof(block), sizeof(signature)};

        assert_rv(C_GetTimestamp(session, cases[i].operation, &cases[i].mechanism, cases[i].key,
                                 payload, 7, block, &lengths[0], signature, &lengths[1]),
                  cases[i].expected);
    }
}

/* Keys of other kinds make timestamps that are accepted too. */
static void test_ec_timestamp_key(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE curve[] = {{CKA_EC_PARAMS, TEXT("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")}};
    CK_ATTRIBUTE wish[] = {{CKA_SKA_TIMESTAMP_SIGN, &yes, 1}, {CKA_LABEL, TEXT("ec clock")}};
    struct approver approver = make_approver("ED25519");
    const struct approver *one[] = {&approver};
    struct data rule = timed_rule(1, one, 1, 0, 3600);
    struct pair ska = make_ska(session, "EC:P-256", "limited", &rule);
    CK_OBJECT_HANDLE keys[2];
    CK_BYTE block[64];
    CK_BYTE plain[64];
    CK_BYTE der[128];
    CK_ULONG lengths[] = {sizeof(block), sizeof(plain)};
    struct timestamp timestamp = {{block, 0}, {der, 0}};
    struct data token = {NULL, 0};
    struct data signature = {NULL, 0};
    CK_SKA_APPROVAL approval;

    assert_rv(C_GenerateKeyPair(session, &generate, curve, 1, wish, 2, &keys[0], &keys[1]), CKR_OK);
    assert_rv(C_GetTimestamp(session, CK_SKA_SIGN, &mechanism, keys[1], (CK_BYTE_PTR)der, 0, block,
                             &lengths[0], plain, &lengths[1]),
              CKR_OK);
    assert_int_equal(lengths[1], 64); /* raw: r || s */
    timestamp.block.length = lengths[0];
    {
        /* SEQUENCE { ecdsa-with-SHA256, BIT STRING { SEQUENCE { r, s } } } with r, s of 33 bytes */
        static const CK_BYTE head[] = {0x30, 0x5B, 0x30, 0x0c, 0x06, 0x08, 0x2a,
                                       0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
                                       0x05, 0x00, 0x03, 0x4B, 0x00, 0x30, 0x48};
        CK_BYTE *next = der + sizeof(head);

        memcpy(der, head, sizeof(head));
        for (int half = 0; half < 2; half++) {
            const CK_BYTE *number = plain + 32 * half;
            size_t length = 32;

            while (length > 1 && *number == 0 && (number[1] & 0x80) == 0) {
                number++;
                length--;
            }
            *next++ = 0x02;
            *next++ = (CK_BYTE)(length + ((*number & 0x80) != 0));
            if ((*number & 0x80) != 0)
                *next++ = 0;
            memcpy(next, number, length);
            next += length;
        }
        timestamp.signature.length = (size_t)(next - der);
        der[1] = (CK_BYTE)(timestamp.signature.length - 2);
        der[17] = (CK_BYTE)(timestamp.signature.length - 18);
        der[20] = (CK_BYTE)(timestamp.signature.length - 21);
    }
    token = make_timed_token(session, CK_SKA_SIGN, ska.private_key, NULL, 0, &timestamp);
    approval = make_approval(&approver, &token);
    assert_rv(ska_sign(session, &mechanism, ska.private_key, &token, &approval, 1, &signature),
              CKR_OK);
    approvals_free(&approval, 1);
    data_free(&signature);
    data_free(&token);
    data_free(&rule);
    approver_free(&approver);
}

/* ---- Windows ---------------------------------------------------------------------------- */

struct limited {
    struct approver approver;
    struct pair stamp;
    struct timestamp timestamp;
    struct data token;
    CK_SKA_APPROVAL approval;
    time_t real; /* when the timestamp was made */
};

/* A key whose use has these limits, and an approved request with a timestamp of now. */
static void limited_open(CK_SESSION_HANDLE session, CK_ULONG delay, CK_ULONG timeout,
                         struct limited *limited)
{
    const struct approver *one[] = {&limited->approver};
    struct data rule = {NULL, 0};
    struct pair pair = {0, 0};
    uint64_t seconds = 0;

    limited->approver = make_approver("EC:P-256");
    rule = timed_rule(1, one, 1, delay, timeout);
    pair = make_ska(session, "EC:P-256", "limited", &rule);
    limited->stamp = make_timestamp_key(session, "clock");
    limited->timestamp =
        get_timestamp(session, CK_SKA_SIGN, limited->stamp.private_key, "payload!", 8);
    memcpy(&seconds, limited->timestamp.block.bytes + 20, 8);
    limited->real = (time_t)seconds;
    limited->token = make_timed_token(session, CK_SKA_SIGN, pair.private_key, "payload!", 8,
                                      &limited->timestamp);
    limited->approval = make_approval(&limited->approver, &limited->token);
    data_free(&rule);
}

static void limited_close(struct limited *limited)
{
    approvals_free(&limited->approval, 1);
    data_free(&limited->token);
    timestamp_free(&limited->timestamp);
    approver_free(&limited->approver);
}

static CK_RV sign_limited(CK_SESSION_HANDLE session, struct limited *limited)
{
    struct data signature = {NULL, 0};
    CK_RV rv = ska_sign(session, &mechanism, find_private(session, "limited"), &limited->token,
                        &limited->approval, 1, &signature);

    data_free(&signature);
    return rv;
}

/*
 * Signs with the simulator's clock at so many seconds after the timestamp. The real clock may tick
 * between setting and signing; then the attempt is repeated.
 */
static CK_RV sign_at(void **state, const char *lines, struct limited *limited, long elapsed)
{
    for (;;) {
        time_t before = time(NULL);
        char text[256];
        CK_RV rv = CKR_OK;

        fixture_close();
        snprintf(text, sizeof(text), "%sclock-offset = %ld\n", lines,
                 elapsed - (long)(before - limited->real));
        fixture_configure(text);
        *(CK_SESSION_HANDLE *)*state = fixture_open();
        rv = sign_limited(session_of(state), limited);
        if (time(NULL) == before)
            return rv;
    }
}

static const CK_RV closed = CKR_SKASIM_TOKEN_NOT_FOUND;
static const char literally[] = "window = from-timestamp\n";

/* Timelock 100 s, timeout 50 s: open from 100 to 149. */
static void test_window_after_delay(void **state)
{
    static const struct {
        long elapsed;
        bool open;
    } moments[] = {{-1, false}, {0, false},  {1, false},   {99, false},  {100, true},
                   {101, true}, {149, true}, {150, false}, {151, false}, {100000, false}};
    struct limited limited;

    limited_open(session_of(state), 100, 50, &limited);
    for (size_t i = 0; i < COUNT(moments); i++)
        assert_rv(sign_at(state, "", &limited, moments[i].elapsed),
                  moments[i].open ? CKR_OK : closed);
    limited_close(&limited);
}

/* The literal reading: the timeout counts from the timestamp and includes its last second. */
static void test_window_from_timestamp(void **state)
{
    static const struct {
        long elapsed;
        bool open;
    } moments[] = {{-1, false},  {0, false},   {1, false},     {99, false},
                   {100, true},  {101, true},  {199, true},    {200, true},
                   {201, false}, {202, false}, {100000, false}};
    struct limited limited;

    limited_open(session_of(state), 100, 200, &limited);
    for (size_t i = 0; i < COUNT(moments); i++)
        assert_rv(sign_at(state, literally, &limited, moments[i].elapsed),
                  moments[i].open ? CKR_OK : closed);
    limited_close(&limited);
}

/* In that reading a timeout of the timelock's length leaves one second, and a shorter one none. */
static void test_literal_windows_of_a_second_and_of_none(void **state)
{
    struct limited limited;

    limited_open(session_of(state), 50, 50, &limited);
    assert_rv(sign_at(state, literally, &limited, 49), closed);
    assert_rv(sign_at(state, literally, &limited, 50), CKR_OK);
    assert_rv(sign_at(state, literally, &limited, 51), closed);
    limited_close(&limited);
    assert_rv(C_DestroyObject(session_of(state), find_private(session_of(state), "limited")),
              CKR_OK);
    assert_rv(C_DestroyObject(session_of(state), find_private(session_of(state), "clock")), CKR_OK);
    limited_open(session_of(state), 50, 49, &limited);
    for (long elapsed = 48; elapsed <= 51; elapsed++)
        assert_rv(sign_at(state, literally, &limited, elapsed), closed);
    assert_rv(sign_at(state, "", &limited, 50), CKR_OK);
    limited_close(&limited);
}

static void test_delay_alone(void **state)
{
    struct limited limited;

    limited_open(session_of(state), 60, 0, &limited);
    for (int reading = 0; reading < 2; reading++) {
        const char *lines = reading == 0 ? "" : literally;

        assert_rv(sign_at(state, lines, &limited, 59), closed);
        assert_rv(sign_at(state, lines, &limited, 60), CKR_OK);
        assert_rv(sign_at(state, lines, &limited, 61), CKR_OK);
        assert_rv(sign_at(state, lines, &limited, 1000000), CKR_OK);
    }
    limited_close(&limited);
}

static void test_timeout_alone(void **state)
{
    struct limited limited;

    limited_open(session_of(state), 0, 7, &limited);
    assert_rv(sign_at(state, "", &limited, -1), closed);
    assert_rv(sign_at(state, "", &limited, 0), CKR_OK);
    assert_rv(sign_at(state, "", &limited, 1), CKR_OK);
    assert_rv(sign_at(state, "", &limited, 6), CKR_OK);
    assert_rv(sign_at(state, "", &limited, 7), closed);
    assert_rv(sign_at(state, "", &limited, 8), closed);
    assert_rv(sign_at(state, literally, &limited, -1), closed);
    assert_rv(sign_at(state, literally, &limited, 0), CKR_OK);
    assert_rv(sign_at(state, literally, &limited, 6), CKR_OK);
    assert_rv(sign_at(state, literally, &limited, 7), CKR_OK);
    assert_rv(sign_at(state, literally, &limited, 8), closed);
    limited_close(&limited);
}

/* Without time limits a timestamp is needless, but one that is wrong is still refused. */
static void test_needless_timestamp(void **state)
{
    struct limited limited;

    limited_open(session_of(state), 0, 0, &limited);
    assert_rv(sign_at(state, "", &limited, 100000), CKR_OK);
    assert_rv(sign_at(state, "", &limited, 0), CKR_OK);
    assert_rv(sign_at(state, "", &limited, -1), closed); /* from the future */
    assert_rv(sign_at(state, literally, &limited, -1), closed);
    assert_rv(sign_at(state, "", &limited, 0), CKR_OK);
    assert_rv(C_DestroyObject(session_of(state), find_private(session_of(state), "clock")), CKR_OK);
    assert_rv(sign_limited(session_of(state), &limited), CKR_SKASIM_PARAMETERS_INVALID);
    limited_close(&limited);
}

/* Time limits belong to an alternative: another one of the same rule may have none. */
static void test_limits_of_one_token(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct approver people[] = {make_approver("EC:P-256"), make_approver("EC:P-256")};
    CK_SKA_APPROVER listed[] = {
        {NULL, 0, CKAP_SIGNATURE, people[0].info.bytes, people[0].info.length},
        {NULL, 0, CKAP_SIGNATURE, people[1].info.bytes, people[1].info.length}};
    CK_SKA_GROUP groups[] = {{NULL, 0, 1, &listed[0], 1}, {NULL, 0, 1, &listed[1], 1}};
    CK_SKA_TOKEN tokens[] = {{NULL, 0, 0, 600, &groups[0], 1}, {NULL, 0, 0, 0, &groups[1], 1}};
    CK_SKA_POLICY policy = {tokens, 2};
    CK_BYTE bytes[1024];
    struct data rule = {bytes, sizeof(bytes)};
    struct pair pair = {0, 0};
    struct data token = {NULL, 0};
    struct data signature = {NULL, 0};
    CK_SKA_APPROVAL approvals[2];

    assert_rv(C_SerializePolicy(&policy, bytes, &rule.length), CKR_OK);
    pair = make_ska(session, "EC:P-256", "two ways", &rule);
    token = make_token(session, CK_SKA_SIGN, pair.private_key, "x", 1);
    approvals[0] = make_approval(&people[0], &token);
    approvals[1] = make_approval(&people[1], &token);
    assert_rv(ska_sign(session, &mechanism, pair.private_key, &token, approvals, 1, &signature),
              closed);
    assert_rv(ska_sign(session, &mechanism, pair.private_key, &token, &approvals[1], 1, &signature),
              CKR_OK);
    approvals_free(approvals, 2);
    data_free(&signature);
    data_free(&token);
    approver_free(&people[0]);
    approver_free(&people[1]);
}

/* ---- Timestamps that are none ----------------------------------------------------------- */

/* A request of which the timestamp has been replaced after the token was made. */
static CK_RV sign_with_timestamp(CK_SESSION_HANDLE session, struct limited *limited,
                                 const struct timestamp *timestamp)
{
    struct data token = make_timed_token(session, CK_SKA_SIGN, find_private(session, "limited"),
                                         "payload!", 8, timestamp);
    struct data signature = {NULL, 0};
    CK_SKA_APPROVAL approval = make_approval(&limited->approver, &token);
    CK_RV rv = ska_sign(session, &mechanism, find_private(session, "limited"), &token, &approval, 1,
                        &signature);

    approvals_free(&approval, 1);
    data_free(&signature);
    data_free(&token);
    return rv;
}

static void test_false_timestamps(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct limited limited;
    struct pair other = {0, 0};
    struct timestamp foreign;
    struct data plain_token;
    struct data signature;

    limited_open(session, 0, 600, &limited);
    other = make_timestamp_key(session, "sundial");
    foreign = get_timestamp(session, CK_SKA_SIGN, other.private_key, "payload!", 8);
    assert_rv(sign_with_timestamp(session, &limited, &limited.timestamp), CKR_OK);
    assert_rv(sign_with_timestamp(session, &limited, &foreign), CKR_OK);
    /* The signature of one key with the block of another. */
    {
        struct timestamp mixed = {limited.timestamp.block, foreign.signature};

        assert_rv(sign_with_timestamp(session, &limited, &mixed), CKR_SKASIM_PARAMETERS_INVALID);
    }
    /* The time turned forward. */
    limited.timestamp.block.bytes[20]++;
    assert_rv(sign_with_timestamp(session, &limited, &limited.timestamp),
              CKR_SKASIM_PARAMETERS_INVALID);
    limited.timestamp.block.bytes[20]--;
    /* No timestamp at all. */
    plain_token = make_token(session, CK_SKA_SIGN, find_private(session, "limited"), "payload!", 8);
    {
        CK_SKA_APPROVAL approval = make_approval(&limited.approver, &plain_token);

        assert_rv(ska_sign(session, &mechanism, find_private(session, "limited"), &plain_token,
                           &approval, 1, &signature),
                  closed);
        approvals_free(&approval, 1);
    }
    /* Destroyed keys made no valid timestamps, and no key of that name that comes later did. */
    assert_rv(C_DestroyObject(session, other.private_key), CKR_OK);
    assert_rv(sign_with_timestamp(session, &limited, &foreign), CKR_SKASIM_PARAMETERS_INVALID);
    make_ordinary(session, "RSA:2048", "sundial");
    assert_rv(sign_with_timestamp(session, &limited, &foreign), CKR_SKASIM_PARAMETERS_INVALID);
    data_free(&plain_token);
    timestamp_free(&foreign);
    limited_close(&limited);
}

static void test_timestamp_over_other_things(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct limited limited;
    struct timestamp other;
    CK_OBJECT_HANDLE key = 0;
    CK_BYTE buffer[4096];
    CK_ULONG length = sizeof(buffer);

    limited_open(session, 0, 600, &limited);
    key = find_private(session, "limited");
    other = get_timestamp(session, CK_SKA_SIGN, limited.stamp.private_key, "another payload", 15);
#define CREATE(operation, payload, size, stamp)                                                    \
    C_CreateApprovalToken(session, operation, key, (CK_BYTE_PTR)(uintptr_t)(payload), size,        \
                          (stamp).block.bytes, (stamp).block.length, (stamp).signature.bytes,      \
                          (stamp).signature.length, buffer, &length)
    assert_rv(CREATE(CK_SKA_SIGN, "payload!", 8, other), CKR_SKASIM_PAYLOAD_MISMATCH);
    assert_rv(CREATE(CK_SKA_SIGN, "another payload", 15, other), CKR_OK);
    length = sizeof(buffer);
    /* For blocking the payload of the timestamp does not matter. */
    assert_rv(CREATE(CK_SKA_BLOCK, NULL, 0, other), CKR_OK);
    length = sizeof(buffer);
    assert_rv(CREATE(CK_SKA_UNBLOCK, "payload!", 8, other), CKR_OK);
    other.block.length--;
    assert_rv(CREATE(CK_SKA_SIGN, "another payload", 15, other), CKR_SKASIM_PARAMETERS_INVALID);
    other.block.length++;
    other.signature.length = 0;
    assert_rv(CREATE(CK_SKA_SIGN, "another payload", 15, other), CKR_ARGUMENTS_BAD);
#undef CREATE
    data_free(&other.signature);
    timestamp_free(&other);
    limited_close(&limited);
}

/* A token that C_CreateApprovalToken would not make: its timestamp is over something else. */
static void test_token_with_another_payload(void **state)
{
    static struct writer token;
    CK_SESSION_HANDLE session = session_of(state);
    struct limited limited;
    const char *payloads[] = {"payload!", "payload?"};

    limited_open(session, 0, 600, &limited);
    for (size_t i = 0; i < COUNT(payloads); i++) {
        struct data signature = {NULL, 0};
        struct data made = {token.data, 0};
        CK_SKA_APPROVAL approval;

        token.length = 0;
        put_u32(&token, 0x003B, 1);
        put_element(&token, 0x1002, "limited", 7);
        put_element(&token, 0x1054, limited.timestamp.block.bytes, limited.timestamp.block.length);
        put_element(&token, 0x1056, limited.timestamp.signature.bytes,
                    limited.timestamp.signature.length);
        put_element(&token, 0x1057, payloads[i], 8);
        wrap(&token);
        made.length = token.length;
        approval = make_approval(&limited.approver, &made);
        assert_rv(ska_sign(session, &mechanism, find_private(session, "limited"), &made, &approval,
                           1, &signature),
                  i == 0 ? CKR_OK : CKR_SKASIM_PARAMETERS_INVALID);
        approvals_free(&approval, 1);
        data_free(&signature);
    }
    limited_close(&limited);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, clean_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_timestamp_key),
        TEST(test_no_other_use),
        TEST(test_refused_templates),
        TEST(test_get_timestamp),
        TEST(test_standing_clock),
        TEST(test_longest_payload),
        TEST(test_get_timestamp_refused),
        TEST(test_ec_timestamp_key),
        TEST(test_window_after_delay),
        TEST(test_window_from_timestamp),
        TEST(test_literal_windows_of_a_second_and_of_none),
        TEST(test_delay_alone),
        TEST(test_timeout_alone),
        TEST(test_needless_timestamp),
        TEST(test_limits_of_one_token),
        TEST(test_false_timestamps),
        TEST(test_timestamp_over_other_things),
        TEST(test_token_with_another_payload),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
