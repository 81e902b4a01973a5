/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vendor's calls against a second implementation of the formats (wire_support.h): what they
 * write of random content is written here too, byte for byte, and reads here as what it was; and
 * what is written here, a key takes and gives back.
 */
#include "simulator_fixture.h"
#include "certificate_name.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/x509.h>

#include "wire_support.h"

enum { PARTS = 4, NAME_LIMIT = 60, PAYLOAD_LIMIT = 65535, POOL = 7 };

/* ---- Rules of chance ------------------------------------------------------------------------ */

struct name {
    bool there;
    uint8_t bytes[NAME_LIMIT];
    size_t length;
};

struct chance_approver {
    struct name name;
    unsigned int element;      /* 0x1052: public key, 0x10F2: certificate */
    const unsigned char *data; /* of the pool, or of `bytes` */
    size_t length;
    uint8_t bytes[200];
};

struct chance_group {
    struct name name;
    uint32_t quorum;
    struct chance_approver approvers[PARTS];
    size_t count;
};

struct chance_token {
    struct name name;
    uint64_t delay, timeout; /* seconds */
    struct chance_group groups[PARTS];
    size_t count;
};

struct chance_rule {
    struct chance_token tokens[PARTS];
    size_t count;
};

/* How free chance is. */
enum freedom {
    FOR_A_KEY, /* groups in each token; approvers with keys, distinct, and enough of them */
    ANY_BYTES  /* a public key may be any bytes, and a quorum any number */
};

static struct approver pool[POOL];
static struct dice dice;

static void roll_name(struct name *name, bool may_be_empty)
{
    name->there = roll_below(&dice, 3) != 0;
    name->length = may_be_empty ? roll_below(&dice, NAME_LIMIT) : 1 + roll_below(&dice, 59);
    if (!name->there)
        name->length = 0;
    roll_bytes(&dice, name->bytes, name->length);
}

static void roll_approver(enum freedom freedom, size_t member, struct chance_approver *approver)
{
    roll_name(&approver->name, freedom == FOR_A_KEY);
    approver->element = pool[member].type == CKAP_CERTIFICATE ? 0x10F2 : 0x1052;
    approver->data = pool[member].info.bytes;
    approver->length = pool[member].info.length;
    if (freedom == ANY_BYTES && approver->element == 0x1052 && roll_below(&dice, 2) == 0) {
        approver->length = 1 + roll_below(&dice, sizeof(approver->bytes) - 1);
        roll_bytes(&dice, approver->bytes, approver->length);
        approver->data = approver->bytes;
    }
}

static void roll_group(enum freedom freedom, struct chance_group *group)
{
    size_t first = roll_below(&dice, POOL);

    roll_name(&group->name, freedom == FOR_A_KEY);
    group->count = roll_below(&dice, PARTS + 1);
    group->quorum = freedom == FOR_A_KEY ? (uint32_t)roll_below(&dice, group->count + 1)
                                         : (uint32_t)(roll(&dice) >> roll_below(&dice, 32));
    for (size_t i = 0; i < group->count; i++)
        roll_approver(freedom, (first + i) % POOL, &group->approvers[i]);
}

static void roll_token(enum freedom freedom, struct chance_token *token)
{
    /* Half of them in whole minutes, which reach further. */
    uint64_t unit = roll_below(&dice, 2) == 0 ? 1 : 60;

    roll_name(&token->name, freedom == FOR_A_KEY);
    token->delay = unit * (uint32_t)(roll(&dice) >> roll_below(&dice, 64));
    token->timeout = unit * (uint32_t)(roll(&dice) >> roll_below(&dice, 64));
    token->count =
        freedom == FOR_A_KEY ? 1 + roll_below(&dice, PARTS) : roll_below(&dice, PARTS + 1);
    for (size_t i = 0; i < token->count; i++)
        roll_group(freedom, &token->groups[i]);
}

static void roll_rule(enum freedom freedom, struct chance_rule *rule)
{
    memset(rule, 0, sizeof(*rule));
    rule->count = roll_below(&dice, PARTS);
    for (size_t i = 0; i < rule->count; i++)
        roll_token(freedom, &rule->tokens[i]);
}

/* ---- Written here --------------------------------------------------------------------------- */

static void write_name(struct writer *w, const struct name *name)
{
    if (name->there)
        put_element(w, 0x1002, name->bytes, name->length);
}

static void write_group(struct writer *w, const struct chance_group *group)
{
    write_name(w, &group->name);
    put_u32(w, 0x005B, group->quorum);
    put_u32(w, 0x0003, (uint32_t)group->count);
    for (size_t i = 0; i < group->count; i++) {
        write_name(w, &group->approvers[i].name);
        put_element(w, group->approvers[i].element, group->approvers[i].data,
                    group->approvers[i].length);
    }
}

static void write_rule(struct writer *w, const struct chance_rule *rule)
{
    w->length = 0;
    put_u32(w, 0x0059, (uint32_t)rule->count);
    for (size_t i = 0; i < rule->count; i++) {
        const struct chance_token *token = &rule->tokens[i];
        bool minutes = token->delay % 60 == 0 && token->timeout % 60 == 0;

        write_name(w, &token->name);
        put_u32(w, minutes ? 0x0055 : 0x00F5, (uint32_t)(token->delay / (minutes ? 60 : 1)));
        put_u32(w, minutes ? 0x0055 : 0x00F5, (uint32_t)(token->timeout / (minutes ? 60 : 1)));
        put_u32(w, 0x005A, (uint32_t)token->count);
        for (size_t j = 0; j < token->count; j++)
            write_group(w, &token->groups[j]);
    }
    wrap(w);
}

/* The rules of a modification; NULL is left out. */
static void write_modification(struct writer *w, const struct chance_rule *const rules[4])
{
    static struct writer inner;

    w->length = 0;
    for (unsigned int i = 0; i < 4; i++) {
        if (rules[i] == NULL)
            continue;
        write_rule(&inner, rules[i]);
        put_element(w, 0x104E + i, inner.data, inner.length);
    }
    wrap(w);
}

/* ---- Read here ------------------------------------------------------------------------------ */

static void read_name(struct reader *reader, const struct name *expected)
{
    struct element element = {NULL, 0};

    assert_int_equal(next_type(reader) == 0x1002, expected->there);
    if (!expected->there)
        return;
    element = get_element(reader, 0x1002);
    assert_int_equal(element.length, expected->length);
    assert_memory_equal(element.value, expected->bytes, element.length);
}

static void read_group(struct reader *reader, const struct chance_group *expected)
{
    read_name(reader, &expected->name);
    assert_int_equal(get_u32(reader, 0x005B), expected->quorum);
    assert_int_equal(get_u32(reader, 0x0003), expected->count);
    for (size_t i = 0; i < expected->count; i++) {
        struct element element = {NULL, 0};

        read_name(reader, &expected->approvers[i].name);
        element = get_element(reader, expected->approvers[i].element);
        assert_int_equal(element.length, expected->approvers[i].length);
        assert_memory_equal(element.value, expected->approvers[i].data, element.length);
    }
}

static void read_rule(const uint8_t *data, size_t length, const struct chance_rule *expected)
{
    struct reader reader = read_container(data, length);

    assert_int_equal(get_u32(&reader, 0x0059), expected->count);
    for (size_t i = 0; i < expected->count; i++) {
        const struct chance_token *token = &expected->tokens[i];
        unsigned int unit = 0;

        read_name(&reader, &token->name);
        unit = next_type(&reader) == 0x0055 ? 60 : 1;
        assert_true(get_u32(&reader, unit == 60 ? 0x0055 : 0x00F5) * (uint64_t)unit ==
                    token->delay);
        assert_true(get_u32(&reader, unit == 60 ? 0x0055 : 0x00F5) * (uint64_t)unit ==
                    token->timeout);
        assert_int_equal(get_u32(&reader, 0x005A), token->count);
        for (size_t j = 0; j < token->count; j++)
            read_group(&reader, &token->groups[j]);
    }
    assert_int_equal(reader.left, 0);
}

static void expect_bytes(const void *bytes, size_t length, const struct writer *expected)
{
    assert_int_equal(length, expected->length);
    assert_memory_equal(bytes, expected->data, length);
}

/* ---- The vendor's structures ---------------------------------------------------------------- */

struct structures {
    CK_SKA_APPROVER approvers[PARTS][PARTS][PARTS];
    CK_SKA_GROUP groups[PARTS][PARTS];
    CK_SKA_TOKEN tokens[PARTS];
    CK_SKA_POLICY policy;
};

#define NAME_OF(name) (name)->there ? (CK_CHAR_PTR)(name)->bytes : NULL, (name)->length

static CK_SKA_POLICY *structures_of(struct chance_rule *rule, struct structures *to)
{
    to->policy = (CK_SKA_POLICY){rule->count == 0 ? NULL : to->tokens, rule->count};
    for (size_t i = 0; i < rule->count; i++) {
        struct chance_token *token = &rule->tokens[i];

        to->tokens[i] = (CK_SKA_TOKEN){NAME_OF(&token->name), token->delay, token->timeout,
                                       to->groups[i], token->count};
        for (size_t j = 0; j < token->count; j++) {
            struct chance_group *group = &token->groups[j];

            to->groups[i][j] = (CK_SKA_GROUP){NAME_OF(&group->name), group->quorum,
                                              to->approvers[i][j], group->count};
            for (size_t k = 0; k < group->count; k++) {
                struct chance_approver *approver = &group->approvers[k];

                to->approvers[i][j][k] = (CK_SKA_APPROVER){
                    NAME_OF(&approver->name),
                    approver->element == 0x1052 ? CKAP_SIGNATURE : CKAP_CERTIFICATE,
                    (CK_BYTE_PTR)(uintptr_t)approver->data, approver->length};
            }
        }
    }
    return &to->policy;
}

static void test_policies(void **state)
{
    static struct chance_rule rule;
    static struct structures structures;
    static struct writer expected;

    (void)state;
    dice = new_dice(0xF0F0);
    for (size_t i = 0; i < rounds(400); i++) {
        CK_SKA_POLICY *policy = NULL;
        CK_ULONG length = 0;
        CK_BYTE *bytes = NULL;

        roll_rule(ANY_BYTES, &rule);
        policy = structures_of(&rule, &structures);
        assert_rv(C_SerializePolicy(policy, NULL, &length), CKR_OK);
        bytes = malloc(length);
        assert_rv(C_SerializePolicy(policy, bytes, &length), CKR_OK);
        write_rule(&expected, &rule);
        expect_bytes(bytes, length, &expected);
        read_rule(bytes, length, &rule);
        free(bytes);
    }
}

static void test_modify_payloads(void **state)
{
    static struct chance_rule rules[4];
    static struct structures structures[4];
    static struct writer expected;

    (void)state;
    dice = new_dice(0xF1F1);
    for (size_t i = 0; i < rounds(150); i++) {
        size_t mask = 1 + i % 15;
        const struct chance_rule *named[4] = {NULL};
        CK_SKA_POLICY *policies[4] = {NULL};
        CK_ULONG length = 0;
        CK_BYTE *bytes = NULL;
        struct reader reader;

        for (size_t j = 0; j < 4; j++) {
            if ((mask >> j & 1) == 0)
                continue;
            roll_rule(ANY_BYTES, &rules[j]);
            named[j] = &rules[j];
            policies[j] = structures_of(&rules[j], &structures[j]);
        }
        write_modification(&expected, named);
        if (expected.length > PAYLOAD_LIMIT)
            continue;
        assert_rv(C_CreateModifyPayload(policies[0], policies[1], policies[2], policies[3], NULL,
                                        &length),
                  CKR_OK);
        bytes = malloc(length);
        assert_rv(C_CreateModifyPayload(policies[0], policies[1], policies[2], policies[3], bytes,
                                        &length),
                  CKR_OK);
        expect_bytes(bytes, length, &expected);
        reader = read_container(bytes, length);
        for (unsigned int j = 0; j < 4; j++) {
            struct element element = {NULL, 0};

            if (named[j] == NULL)
                continue;
            element = get_element(&reader, 0x104E + j);
            read_rule(element.value, element.length, named[j]);
        }
        assert_int_equal(reader.left, 0);
        free(bytes);
    }
}

/* ---- Keys with any names -------------------------------------------------------------------- */

struct label {
    char text[NAME_LIMIT + 1]; /* without NUL inside */
};

static void roll_label(struct label *label)
{
    size_t length = 1 + roll_below(&dice, NAME_LIMIT);

    for (size_t i = 0; i < length; i++)
        label->text[i] = (char)(1 + roll_below(&dice, 255));
    label->text[length] = 0;
}

static int clean_teardown(void **state)
{
    CK_OBJECT_HANDLE found[64];
    size_t count = find_all(session_of(state), NULL, 0, found, COUNT(found));

    for (size_t i = 0; i < count; i++)
        assert_rv(C_DestroyObject(session_of(state), found[i]), CKR_OK);
    return fixture_teardown(state);
}

/* ---- Timestamps ----------------------------------------------------------------------------- */

static void write_timestamp(struct writer *w, bool modification, const struct data *payload,
                            uint64_t seconds, const void *name, size_t name_length)
{
    w->length = 0;
    put_element(w, modification ? 0x1058 : 0x1057, payload->bytes, payload->length);
    put_u64(w, 0x0107, seconds);
    put_element(w, 0x1002, name, name_length);
    wrap(w);
}

/* Payloads of all lengths, most of them short. */
static struct data roll_payload(bool modification, size_t limit)
{
    static struct chance_rule rule;
    static struct writer writer;
    size_t length = roll_below(&dice, roll_below(&dice, 8) == 0 ? limit + 1 : 300);
    struct data payload = {NULL, 0};

    if (modification) {
        const struct chance_rule *rules[4] = {NULL};

        rules[roll_below(&dice, 4)] = &rule;
        roll_rule(ANY_BYTES, &rule);
        write_modification(&writer, rules);
        length = writer.length;
    }
    payload.bytes = malloc(length + 1);
    payload.length = length;
    assert_non_null(payload.bytes);
    if (modification)
        memcpy(payload.bytes, writer.data, length);
    else
        roll_bytes(&dice, payload.bytes, length);
    return payload;
}

static void test_timestamps(void **state)
{
    static struct writer expected;
    CK_SESSION_HANDLE session = session_of(state);

    dice = new_dice(0xF2F2);
    for (size_t i = 0; i < rounds(3); i++) {
        struct label label;
        struct pair clock;

        roll_label(&label);
        clock = make_timestamp_key(session, label.text);
        for (size_t j = 0; j < 20; j++) {
            static const CK_ULONG operations[] = {CK_SKA_SIGN, CK_SKA_BLOCK, CK_SKA_UNBLOCK,
                                                  CK_SKA_MODIFY};
            CK_ULONG operation = operations[roll_below(&dice, 4)];
            bool modification = operation == CK_SKA_MODIFY;
            struct data payload = roll_payload(modification, 7000);
            time_t before = time(NULL);
            struct timestamp timestamp =
                get_timestamp(session, operation, clock.private_key, payload.bytes, payload.length);
            struct reader reader = read_container(timestamp.block.bytes, timestamp.block.length);
            uint64_t seconds = 0;

            get_element(&reader, modification ? 0x1058 : 0x1057);
            seconds = get_u64(&reader, 0x0107);
            assert_true(seconds >= (uint64_t)before && seconds <= (uint64_t)time(NULL));
            write_timestamp(&expected, modification, &payload, seconds, label.text,
                            strlen(label.text));
            expect_bytes(timestamp.block.bytes, timestamp.block.length, &expected);
            timestamp_free(&timestamp);
            data_free(&payload);
        }
        assert_rv(C_DestroyObject(session, clock.private_key), CKR_OK);
        assert_rv(C_DestroyObject(session, clock.public_key), CKR_OK);
    }
}

/* ---- Tokens --------------------------------------------------------------------------------- */

/* A timestamp that no HSM made: its signature is looked at when the token is used. */
struct chance_stamp {
    bool there;
    struct writer block;
    uint8_t signature[300];
    size_t length;
};

static void roll_stamp(bool modification, bool any_payload, const struct data *payload,
                       struct chance_stamp *stamp)
{
    struct label label;
    struct data other = {NULL, 0};

    stamp->there = roll_below(&dice, 2) == 0;
    stamp->block.length = 0;
    stamp->length = 0;
    if (!stamp->there)
        return;
    roll_label(&label);
    if (any_payload)
        other = roll_payload(modification, 1000);
    write_timestamp(&stamp->block, modification, any_payload ? &other : payload,
                    roll(&dice) >> roll_below(&dice, 64), label.text, strlen(label.text));
    stamp->length = 1 + roll_below(&dice, sizeof(stamp->signature) - 1);
    roll_bytes(&dice, stamp->signature, stamp->length);
    data_free(&other);
}

static void write_token(struct writer *w, uint32_t operation, const struct label *label,
                        const struct data *payload, const struct chance_stamp *stamp)
{
    w->length = 0;
    put_u32(w, 0x003B, operation);
    put_element(w, 0x1002, label->text, strlen(label->text));
    if (stamp != NULL && stamp->there) {
        put_element(w, 0x1054, stamp->block.data, stamp->block.length);
        put_element(w, 0x1056, stamp->signature, stamp->length);
    }
    if (payload->length > 0 || operation == 1)
        put_element(w, operation == 4 ? 0x1058 : 0x1057, payload->bytes, payload->length);
    wrap(w);
}

static void test_tokens(void **state)
{
    static const CK_ULONG operations[] = {CK_SKA_SIGN, CK_SKA_BLOCK, CK_SKA_UNBLOCK, CK_SKA_MODIFY};
    static struct chance_stamp stamp;
    static struct writer expected;
    static CK_BYTE bytes[320 * 1024];
    CK_SESSION_HANDLE session = session_of(state);

    dice = new_dice(0xF3F3);
    for (size_t i = 0; i < rounds(6); i++) {
        struct label label;
        CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;

        roll_label(&label);
        key = make_ska(session, "ED25519", label.text, NULL).private_key;
        for (size_t j = 0; j < 40; j++) {
            uint32_t operation = 1 + (uint32_t)roll_below(&dice, 4);
            struct data payload = roll_payload(operation == 4, PAYLOAD_LIMIT - 100);
            CK_ULONG length = 0;

            roll_stamp(operation == 4, operation == 2 || operation == 3, &payload, &stamp);
            write_token(&expected, operation, &label, &payload, &stamp);
#define CREATE(to)                                                                                 \
    C_CreateApprovalToken(session, operations[operation - 1], key, payload.bytes, payload.length,  \
                          stamp.there ? stamp.block.data : NULL, stamp.block.length,               \
                          stamp.there ? stamp.signature : NULL, stamp.length, to, &length)
            assert_rv(CREATE(NULL), CKR_OK);
            assert_int_equal(length, expected.length);
            length--;
            assert_rv(CREATE(bytes), CKR_BUFFER_TOO_SMALL);
            assert_int_equal(length, expected.length);
            assert_rv(CREATE(bytes), CKR_OK);
#undef CREATE
            expect_bytes(bytes, length, &expected);
            data_free(&payload);
        }
        assert_rv(C_DestroyObject(session, key), CKR_OK);
    }
}

/* ---- Given to a key, and read from it ------------------------------------------------------- */

static const CK_ATTRIBUTE_TYPE places[] = {CKA_SKA_USAGE_ACCESS_BLOB, CKA_SKA_BLOCK_ACCESS_BLOB,
                                           CKA_SKA_UNBLOCK_ACCESS_BLOB, CKA_SKA_MODIFY_ACCESS_BLOB};

static void expect_rule(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, size_t place,
                        const struct chance_rule *rule)
{
    static struct writer expected;
    struct data value = read_attribute(session, key, places[place]);

    write_rule(&expected, rule);
    expect_bytes(value.bytes, value.length, &expected);
    read_rule(value.bytes, value.length, rule);
    data_free(&value);
}

static void test_rules_of_keys(void **state)
{
    static struct chance_rule rules[4];
    static struct writer writers[4];
    CK_SESSION_HANDLE session = session_of(state);

    dice = new_dice(0xF4F4);
    for (size_t i = 0; i < rounds(15); i++) {
        struct data blobs[4];
        struct key_wish wish = {.kind = "ED25519", .label = "chance"};
        struct pair pair = {0, 0};

        for (size_t j = 0; j < 4; j++) {
            roll_rule(FOR_A_KEY, &rules[j]);
            write_rule(&writers[j], &rules[j]);
            blobs[j] = (struct data){writers[j].data, writers[j].length};
            wish.rules[j] = &blobs[j];
        }
        assert_rv(generate_ska(session, &wish, &pair), CKR_OK);
        for (size_t j = 0; j < 4; j++)
            expect_rule(session, pair.private_key, j, &rules[j]);
        assert_rv(C_DestroyObject(session, pair.private_key), CKR_OK);
        assert_rv(C_DestroyObject(session, pair.public_key), CKR_OK);
    }
}

/* Tokens and payloads that were written here, for modifications that nobody need approve. */
static void test_modifications(void **state)
{
    static const struct label label = {"changing"};
    static struct chance_rule kept[3], next[3];
    static struct writer payload, token;
    CK_SESSION_HANDLE session = session_of(state);
    CK_OBJECT_HANDLE key = make_ska(session, "ED25519", label.text, NULL).private_key;

    dice = new_dice(0xF5F5);
    for (size_t i = 0; i < rounds(40); i++) {
        size_t mask = i == 0 ? 7 : 1 + roll_below(&dice, 7);
        const struct chance_rule *named[4] = {NULL};

        for (size_t j = 0; j < 3; j++) {
            if ((mask >> j & 1) == 0)
                continue;
            roll_rule(FOR_A_KEY, &next[j]);
            kept[j] = next[j];
            named[j] = &kept[j];
        }
        write_modification(&payload, named);
        write_token(&token, 4, &label, &(struct data){payload.data, payload.length}, NULL);
        assert_rv(C_SKAModify(session, &key, token.data, token.length, NULL, 0), CKR_OK);
        for (size_t j = 0; j < 3; j++)
            expect_rule(session, key, j, &kept[j]);
    }
}

/* ---- The pool ------------------------------------------------------------------------------- */

static struct data certify(EVP_PKEY *key, const char *name)
{
    X509 *certificate = X509_new();
    unsigned char *der = NULL;
    struct data data = {NULL, 0};
    int length = 0;

    set_certificate_name(certificate, name);
    assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    length = i2d_X509(certificate, &der);
    assert_true(length > 0);
    data = (struct data){malloc((size_t)length), (size_t)length};
    memcpy(data.bytes, der, data.length);
    OPENSSL_free(der);
    X509_free(certificate);
    return data;
}

static int fill_pool(void **state)
{
    static const char *const kinds[POOL] = {"EC:P-256", "ED25519",      "EC:P-384", "RSA:2048",
                                            "ED448",    "EC:secp256k1", "EC:P-256"};

    for (size_t i = 0; i < POOL; i++) {
        pool[i] = make_approver(kinds[i]);
        if (i % 3 == 2) {
            data_free(&pool[i].info);
            pool[i].info = certify(pool[i].key, kinds[i]);
            pool[i].type = CKAP_CERTIFICATE;
        }
    }
    return fixture_group_setup(state);
}

static int empty_pool(void **state)
{
    for (size_t i = 0; i < POOL; i++)
        approver_free(&pool[i]);
    return fixture_group_teardown(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, clean_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies), cmocka_unit_test(test_modify_payloads),
        TEST(test_timestamps),           TEST(test_tokens),
        TEST(test_rules_of_keys),        TEST(test_modifications),
    };

    return cmocka_run_group_tests(tests, fill_pool, empty_pool);
}
