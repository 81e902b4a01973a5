/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include "simulator_fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

/* ---- The token -------------------------------------------------------------------------- */

static char directory[256];
static CK_SESSION_HANDLE current;

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(fixture_path(name), "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

const char *fixture_path(const char *name)
{
    static char path[512];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

char *fixture_read(const char *name)
{
    FILE *file = fopen(fixture_path(name), "r");
    char *text = calloc(1, 1 << 20);

    assert_non_null(text);
    if (file != NULL) {
        size_t length = fread(text, 1, (1 << 20) - 1, file);

        text[length] = '\0';
        fclose(file);
    }
    return text;
}

size_t fixture_logged(const char *start)
{
    char *text = fixture_read("call.log");
    size_t count = 0;

    for (const char *line = text; line != NULL && *line != '\0';) {
        if (strncmp(line, start, strlen(start)) == 0)
            count++;
        line = strchr(line, '\n');
        if (line != NULL)
            line++;
    }
    free(text);
    return count;
}

void fixture_configure(const char *lines)
{
    char text[4096];

    snprintf(text, sizeof(text), "call-log = %s/call.log\n%s", directory, lines);
    write_file("skasim.conf", text);
}

static CK_SLOT_ID free_slot(void)
{
    CK_SLOT_ID slots[8];
    CK_ULONG count = COUNT(slots);

    assert_rv(C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
    assert_true(count > 0);
    return slots[count - 1];
}

static void init_token(void)
{
    CK_UTF8CHAR label[32];
    CK_UTF8CHAR so_pin[] = "5678";
    CK_UTF8CHAR pin[] = FIXTURE_PIN;
    CK_SESSION_HANDLE session = 0;
    CK_SLOT_ID slot = 0;

    memset(label, ' ', sizeof(label));
    memcpy(label, FIXTURE_TOKEN, strlen(FIXTURE_TOKEN));
    assert_rv(C_Initialize(NULL), CKR_OK);
    slot = free_slot();
    assert_rv(C_InitToken(slot, so_pin, 4, label), CKR_OK);
    assert_rv(C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
              CKR_OK);
    assert_rv(C_Login(session, CKU_SO, so_pin, 4), CKR_OK);
    assert_rv(C_InitPIN(session, pin, strlen(FIXTURE_PIN)), CKR_OK);
    assert_rv(C_Finalize(NULL), CKR_OK);
}

void fixture_create(void)
{
    const char *base = getenv("TMPDIR");
    char text[1024];

    snprintf(directory, sizeof(directory), "%s/skasim-XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(directory));
    assert_int_equal(mkdir(fixture_path("tokens"), 0700), 0);
    snprintf(text, sizeof(text),
             "directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n",
             directory);
    write_file("softhsm2.conf", text);
    fixture_configure("");
    assert_int_equal(setenv("SOFTHSM2_CONF", fixture_path("softhsm2.conf"), 1), 0);
    assert_int_equal(setenv("SKASIM_CONF", fixture_path("skasim.conf"), 1), 0);
    init_token();
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static size_t stored;

static int count_object(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    const char *name = path + walk->base;
    size_t length = strlen(name);

    (void)info;
    if (type == FTW_F && length > 7 && strcmp(name + length - 7, ".object") == 0 &&
        strcmp(name, "token.object") != 0)
        stored++;
    return 0;
}

size_t fixture_stored(void)
{
    stored = 0;
    assert_int_equal(nftw(fixture_path("tokens"), count_object, 16, FTW_PHYS), 0);
    return stored;
}

void fixture_remove(void)
{
    nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

CK_SLOT_ID fixture_slot(void)
{
    CK_SLOT_ID slots[8];
    CK_ULONG count = COUNT(slots);

    assert_rv(C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;

        if (C_GetTokenInfo(slots[i], &info) == CKR_OK &&
            memcmp(info.label, FIXTURE_TOKEN, strlen(FIXTURE_TOKEN)) == 0)
            return slots[i];
    }
    fail_msg("no token");
    return 0;
}

CK_SESSION_HANDLE fixture_open(void)
{
    CK_UTF8CHAR pin[] = FIXTURE_PIN;
    CK_SESSION_HANDLE session = 0;

    assert_rv(C_Initialize(NULL), CKR_OK);
    assert_rv(
        C_OpenSession(fixture_slot(), CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
        CKR_OK);
    assert_rv(C_Login(session, CKU_USER, pin, strlen(FIXTURE_PIN)), CKR_OK);
    return session;
}

void fixture_close(void)
{
    assert_rv(C_Finalize(NULL), CKR_OK);
}

int fixture_group_setup(void **state)
{
    (void)state;
    fixture_create();
    return 0;
}

int fixture_group_teardown(void **state)
{
    (void)state;
    fixture_remove();
    return 0;
}

int fixture_setup(void **state)
{
    fixture_configure("");
    current = fixture_open();
    *state = &current;
    return 0;
}

int fixture_teardown(void **state)
{
    (void)state;
    C_Finalize(NULL);
    remove(fixture_path("call.log"));
    return 0;
}

/* ---- Bytes ------------------------------------------------------------------------------ */

void data_free(struct data *data)
{
    free(data->bytes);
    data->bytes = NULL;
    data->length = 0;
}

static struct data data_new(size_t length)
{
    struct data data = {calloc(1, length + 1), length};

    assert_non_null(data.bytes);
    return data;
}

static struct data data_copy(const void *bytes, size_t length)
{
    struct data data = data_new(length);

    if (length > 0)
        memcpy(data.bytes, bytes, length);
    return data;
}

/* ---- Approvers -------------------------------------------------------------------------- */

EVP_PKEY *make_key(const char *kind)
{
    EVP_PKEY *key = NULL;

    if (strncmp(kind, "RSA:", 4) == 0)
        key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)atoi(kind + 4));
    else if (strncmp(kind, "EC:", 3) == 0)
        key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind + 3);
    else
        key = EVP_PKEY_Q_keygen(NULL, NULL, kind);
    assert_non_null(key);
    return key;
}

static struct data public_info(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(key, &der);
    struct data info;

    assert_true(length > 0);
    info = data_copy(der, (size_t)length);
    OPENSSL_free(der);
    return info;
}

struct approver make_approver(const char *kind)
{
    struct approver approver = {make_key(kind), {NULL, 0}, CKAP_SIGNATURE, NULL};

    approver.info = public_info(approver.key);
    return approver;
}

void approver_free(struct approver *approver)
{
    EVP_PKEY_free(approver->key);
    data_free(&approver->info);
}

static struct data sign_plain(EVP_PKEY *key, const struct data *message)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const char *digest =
        EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448") ? NULL : "SHA256";
    struct data signature;

    assert_int_equal(EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL, key, NULL), 1);
    assert_int_equal(
        EVP_DigestSign(context, NULL, &signature.length, message->bytes, message->length), 1);
    signature = data_new(signature.length);
    assert_int_equal(EVP_DigestSign(context, signature.bytes, &signature.length, message->bytes,
                                    message->length),
                     1);
    EVP_MD_CTX_free(context);
    return signature;
}

/* SEQUENCE { AlgorithmIdentifier, BIT STRING }, put together byte by byte. */
static struct data wrap_signature(const char *type, const struct data *plain)
{
    static const unsigned char rsa[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                        0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00};
    static const unsigned char ec[] = {0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                       0xce, 0x3d, 0x04, 0x03, 0x02, 0x05, 0x00};
    static const unsigned char ed25519[] = {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70};
    const unsigned char *algorithm = rsa;
    size_t algorithm_length = sizeof(rsa);
    struct data der = data_new(plain->length + 64);
    unsigned char *next = der.bytes;
    size_t bits = plain->length + 1;
    size_t bits_header = bits < 128 ? 2 : bits < 256 ? 3 : 4;
    size_t content = 0;

    if (strcmp(type, "EC") == 0) {
        algorithm = ec;
        algorithm_length = sizeof(ec);
    } else if (strcmp(type, "ED25519") == 0) {
        algorithm = ed25519;
        algorithm_length = sizeof(ed25519);
    }
    content = algorithm_length + bits_header + bits;
    for (int level = 0; level < 2; level++) {
        size_t length = level == 0 ? content : bits;

        *next++ = level == 0 ? 0x30 : 0x03;
        if (length >= 256) {
            *next++ = 0x82;
            *next++ = (unsigned char)(length >> 8);
        } else if (length >= 128) {
            *next++ = 0x81;
        }
        *next++ = (unsigned char)length;
        if (level == 0) {
            memcpy(next, algorithm, algorithm_length);
            next += algorithm_length;
        }
    }
    *next++ = 0;
    memcpy(next, plain->bytes, plain->length);
    der.length = (size_t)(next - der.bytes) + plain->length;
    return der;
}

struct data approve(const struct approver *approver, const struct data *token)
{
    struct data plain = sign_plain(approver->key, token);
    struct data der = wrap_signature(EVP_PKEY_get0_type_name(approver->key), &plain);

    data_free(&plain);
    return der;
}

CK_SKA_APPROVAL make_approval(const struct approver *approver, const struct data *token)
{
    struct data signature = approve(approver, token);
    CK_SKA_APPROVAL approval = {approver->type, signature.bytes, signature.length,
                                approver->info.bytes, approver->info.length};

    return approval;
}

void approvals_free(CK_SKA_APPROVAL *approvals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(approvals[i].pSignature);
        approvals[i].pSignature = NULL;
    }
}

/* ---- Rules ------------------------------------------------------------------------------ */

static struct data serialize(CK_SKA_POLICY *policy)
{
    CK_ULONG length = 0;
    struct data rule;

    assert_rv(C_SerializePolicy(policy, NULL, &length), CKR_OK);
    rule = data_new(length);
    assert_rv(C_SerializePolicy(policy, rule.bytes, &length), CKR_OK);
    assert_int_equal(length, rule.length);
    return rule;
}

struct data empty_rule(void)
{
    CK_SKA_GROUP group = {NULL, 0, 0, NULL, 0};
    CK_SKA_TOKEN token = {NULL, 0, 0, 0, &group, 1};
    CK_SKA_POLICY policy = {&token, 1};

    return serialize(&policy);
}

struct data impossible_rule(void)
{
    CK_SKA_POLICY policy = {NULL, 0};

    return serialize(&policy);
}

struct data rule_without_groups(void)
{
    CK_SKA_GROUP group = {NULL, 0, 0, NULL, 0};
    CK_SKA_TOKEN tokens[] = {{NULL, 0, 0, 0, &group, 1}, {NULL, 0, 0, 0, NULL, 0}};
    CK_SKA_POLICY policy = {tokens, COUNT(tokens)};

    return serialize(&policy);
}

struct data timed_rule(size_t quorum, const struct approver *const *approvers, size_t count,
                       CK_ULONG delay, CK_ULONG timeout)
{
    CK_SKA_APPROVER list[16] = {0};
    CK_SKA_GROUP group = {NULL, 0, quorum, list, count};
    CK_SKA_TOKEN token = {NULL, 0, delay, timeout, &group, 1};
    CK_SKA_POLICY policy = {&token, 1};

    assert_true(count <= COUNT(list));
    for (size_t i = 0; i < count; i++) {
        list[i].pName = (CK_CHAR_PTR)(uintptr_t)approvers[i]->name;
        list[i].nameLen = approvers[i]->name == NULL ? 0 : strlen(approvers[i]->name);
        list[i].type = approvers[i]->type;
        list[i].pData = approvers[i]->info.bytes;
        list[i].dataLen = approvers[i]->info.length;
    }
    return serialize(&policy);
}

struct data quorum_rule(size_t quorum, const struct approver *const *approvers, size_t count)
{
    return timed_rule(quorum, approvers, count, 0, 0);
}

/* ---- Keys ------------------------------------------------------------------------------- */

static CK_BBOOL yes = CK_TRUE;

struct algorithm {
    const char *kind;
    CK_MECHANISM_TYPE ska;
    CK_MECHANISM_TYPE ordinary;
    const char *params;
    size_t params_length;
};

static const struct algorithm algorithms[] = {
    {"EC:P-256", CKM_SKA_EC_KEY_PAIR_GEN, CKM_EC_KEY_PAIR_GEN,
     "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10},
    {"EC:P-384", CKM_SKA_EC_KEY_PAIR_GEN, CKM_EC_KEY_PAIR_GEN, "\x06\x05\x2b\x81\x04\x00\x22", 7},
    {"EC:P-521", CKM_SKA_EC_KEY_PAIR_GEN, CKM_EC_KEY_PAIR_GEN, "\x06\x05\x2b\x81\x04\x00\x23", 7},
    {"EC:secp256k1", CKM_SKA_EC_KEY_PAIR_GEN, CKM_EC_KEY_PAIR_GEN, "\x06\x05\x2b\x81\x04\x00\x0a",
     7},
    {"EC:P-224", CKM_SKA_EC_KEY_PAIR_GEN, CKM_EC_KEY_PAIR_GEN, "\x06\x05\x2b\x81\x04\x00\x21", 7},
    {"ED25519", CKM_SKA_EC_EDWARDS_KEY_PAIR_GEN, CKM_EC_EDWARDS_KEY_PAIR_GEN,
     "\x06\x03\x2b\x65\x70", 5},
    {"ED448", CKM_SKA_EC_EDWARDS_KEY_PAIR_GEN, CKM_EC_EDWARDS_KEY_PAIR_GEN, "\x06\x03\x2b\x65\x71",
     5},
};

/* The public template for a kind; `bits` and `template` must stay. */
static CK_ULONG public_template(const char *kind, bool ska, CK_ULONG *bits, CK_ATTRIBUTE *template,
                                CK_MECHANISM_TYPE *mechanism)
{
    template[0] = (CK_ATTRIBUTE){CKA_TOKEN, &yes, sizeof(yes)};
    template[1] = (CK_ATTRIBUTE){CKA_VERIFY, &yes, sizeof(yes)};
    if (strncmp(kind, "RSA:", 4) == 0) {
        *bits = (CK_ULONG)atoi(kind + 4);
        *mechanism = ska ? CKM_SKA_RSA_PKCS_KEY_PAIR_GEN : CKM_RSA_PKCS_KEY_PAIR_GEN;
        template[2] = (CK_ATTRIBUTE){CKA_MODULUS_BITS, bits, sizeof(*bits)};
        return 3;
    }
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        if (strcmp(algorithms[i].kind, kind) == 0) {
            *mechanism = ska ? algorithms[i].ska : algorithms[i].ordinary;
            template[2] =
                (CK_ATTRIBUTE){CKA_EC_PARAMS, (CK_VOID_PTR)(uintptr_t)algorithms[i].params,
                               algorithms[i].params_length};
            return 3;
        }
    }
    fail_msg("unknown kind of key: %s", kind);
    return 0;
}

CK_RV generate_ska(CK_SESSION_HANDLE session, const struct key_wish *wish, struct pair *pair)
{
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_SKA_USAGE_ACCESS_BLOB, CKA_SKA_BLOCK_ACCESS_BLOB,
                                              CKA_SKA_UNBLOCK_ACCESS_BLOB,
                                              CKA_SKA_MODIFY_ACCESS_BLOB};
    CK_ATTRIBUTE public_attributes[4];
    CK_ATTRIBUTE private_attributes[20];
    CK_ULONG count = 0;
    CK_ULONG bits = 0;
    CK_MECHANISM mechanism = {0, NULL, 0};
    CK_ULONG public_count =
        public_template(wish->kind, true, &bits, public_attributes, &mechanism.mechanism);
    struct data empty = empty_rule();
    CK_RV rv = CKR_OK;

    private_attributes[count++] = (CK_ATTRIBUTE){CKA_TOKEN, &yes, sizeof(yes)};
    private_attributes[count++] = (CK_ATTRIBUTE){CKA_SIGN, &yes, sizeof(yes)};
    if (wish->label != NULL)
        private_attributes[count++] =
            (CK_ATTRIBUTE){CKA_LABEL, (CK_VOID_PTR)(uintptr_t)wish->label, strlen(wish->label)};
    for (size_t i = 0; i < COUNT(types); i++) {
        const struct data *rule = wish->rules[i] != NULL ? wish->rules[i] : &empty;

        private_attributes[count++] = (CK_ATTRIBUTE){types[i], rule->bytes, rule->length};
    }
    for (size_t i = 0; i < wish->more_count; i++)
        private_attributes[count++] = wish->more[i];
    rv = C_GenerateKeyPair(session, &mechanism, public_attributes, public_count, private_attributes,
                           count, &pair->public_key, &pair->private_key);
    data_free(&empty);
    return rv;
}

struct pair make_ska(CK_SESSION_HANDLE session, const char *kind, const char *label,
                     const struct data *use)
{
    struct key_wish wish = {.kind = kind, .label = label, .rules = {use, NULL, NULL, NULL}};
    struct pair pair = {0, 0};

    assert_rv(generate_ska(session, &wish, &pair), CKR_OK);
    return pair;
}

static struct {
    FILE *capture;
    int saved;
} listening;

void fixture_listen(void)
{
    listening.capture = tmpfile();
    listening.saved = dup(STDERR_FILENO);
    assert_true(listening.capture != NULL && listening.saved >= 0);
    fflush(stderr);
    assert_true(dup2(fileno(listening.capture), STDERR_FILENO) >= 0);
}

char *fixture_heard(void)
{
    const size_t limit = 1 << 16;
    char *text = calloc(1, limit + 1);

    fflush(stderr);
    assert_true(dup2(listening.saved, STDERR_FILENO) >= 0);
    close(listening.saved);
    assert_non_null(text);
    rewind(listening.capture);
    text[fread(text, 1, limit, listening.capture)] = 0;
    fclose(listening.capture);
    return text;
}

struct pair make_ordinary(CK_SESSION_HANDLE session, const char *kind, const char *label)
{
    CK_ATTRIBUTE public_attributes[4];
    CK_ATTRIBUTE private_attributes[] = {
        {CKA_TOKEN, &yes, sizeof(yes)},
        {CKA_SIGN, &yes, sizeof(yes)},
        {CKA_LABEL, (CK_VOID_PTR)(uintptr_t)label, label == NULL ? 0 : strlen(label)}};
    CK_ULONG bits = 0;
    CK_MECHANISM mechanism = {0, NULL, 0};
    CK_ULONG count = public_template(kind, false, &bits, public_attributes, &mechanism.mechanism);
    struct pair pair = {0, 0};

    assert_rv(C_GenerateKeyPair(session, &mechanism, public_attributes, count, private_attributes,
                                label == NULL ? 2 : 3, &pair.public_key, &pair.private_key),
              CKR_OK);
    return pair;
}

struct data read_attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                           CK_ATTRIBUTE_TYPE type)
{
    CK_ATTRIBUTE attribute = {type, NULL, 0};
    struct data value;

    assert_rv(C_GetAttributeValue(session, object, &attribute, 1), CKR_OK);
    value = data_new(attribute.ulValueLen);
    attribute.pValue = value.bytes;
    assert_rv(C_GetAttributeValue(session, object, &attribute, 1), CKR_OK);
    assert_int_equal(attribute.ulValueLen, value.length);
    return value;
}

bool read_flag(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    struct data value = read_attribute(session, object, type);
    bool flag = false;

    assert_int_equal(value.length, sizeof(CK_BBOOL));
    flag = value.bytes[0] == CK_TRUE;
    data_free(&value);
    return flag;
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    EVP_PKEY_CTX_free(context);
    return key;
}

static EVP_PKEY *read_rsa(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    struct data n = read_attribute(session, key, CKA_MODULUS);
    struct data e = read_attribute(session, key, CKA_PUBLIC_EXPONENT);
    BIGNUM *modulus = BN_bin2bn(n.bytes, (int)n.length, NULL);
    BIGNUM *exponent = BN_bin2bn(e.bytes, (int)e.length, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY *result = NULL;

    assert_true(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) &&
                OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent));
    params = OSSL_PARAM_BLD_to_param(builder);
    result = from_params("RSA", params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    BN_free(modulus);
    BN_free(exponent);
    data_free(&n);
    data_free(&e);
    return result;
}

/* CKA_EC_POINT is an OCTET STRING around the point. */
static struct data read_point(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    struct data value = read_attribute(session, key, CKA_EC_POINT);
    const unsigned char *next = value.bytes;
    ASN1_OCTET_STRING *point = d2i_ASN1_OCTET_STRING(NULL, &next, (long)value.length);
    struct data content;

    assert_non_null(point);
    content = data_copy(ASN1_STRING_get0_data(point), (size_t)ASN1_STRING_length(point));
    ASN1_OCTET_STRING_free(point);
    data_free(&value);
    return content;
}

static EVP_PKEY *read_ec(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    struct data oid = read_attribute(session, key, CKA_EC_PARAMS);
    struct data point = read_point(session, key);
    const unsigned char *next = oid.bytes;
    ASN1_OBJECT *object = d2i_ASN1_OBJECT(NULL, &next, (long)oid.length);
    char group[64] = {0};
    OSSL_PARAM params[3];
    EVP_PKEY *result = NULL;

    assert_non_null(object);
    snprintf(group, sizeof(group), "%s", OBJ_nid2sn(OBJ_obj2nid(object)));
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
    params[1] =
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.bytes, point.length);
    params[2] = OSSL_PARAM_construct_end();
    result = from_params("EC", params);
    ASN1_OBJECT_free(object);
    data_free(&oid);
    data_free(&point);
    return result;
}

EVP_PKEY *read_public(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    struct data type = read_attribute(session, key, CKA_KEY_TYPE);
    CK_KEY_TYPE value = 0;
    struct data point = {NULL, 0};
    EVP_PKEY *result = NULL;

    memcpy(&value, type.bytes, sizeof(value));
    data_free(&type);
    if (value == CKK_RSA)
        return read_rsa(session, key);
    if (value == CKK_EC)
        return read_ec(session, key);
    point = read_point(session, key);
    result = EVP_PKEY_new_raw_public_key_ex(NULL, point.length == 32 ? "ED25519" : "ED448", NULL,
                                            point.bytes, point.length);
    assert_non_null(result);
    data_free(&point);
    return result;
}

size_t find_all(CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG count,
                CK_OBJECT_HANDLE *found, size_t room)
{
    CK_ULONG got = 0;

    assert_rv(C_FindObjectsInit(session, attributes, count), CKR_OK);
    assert_rv(C_FindObjects(session, found, room, &got), CKR_OK);
    assert_rv(C_FindObjectsFinal(session), CKR_OK);
    return got;
}

CK_OBJECT_HANDLE find_private(CK_SESSION_HANDLE session, const char *label)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)},
                             {CKA_LABEL, (CK_VOID_PTR)(uintptr_t)label, strlen(label)}};
    CK_OBJECT_HANDLE found[2] = {0, 0};
    size_t count = find_all(session, wanted, 2, found, 2);

    assert_true(count <= 1);
    return count == 1 ? found[0] : CK_INVALID_HANDLE;
}

/* ---- Requests --------------------------------------------------------------------------- */

struct data make_token(CK_SESSION_HANDLE session, CK_ULONG operation, CK_OBJECT_HANDLE key,
                       const void *payload, size_t length)
{
    CK_BYTE_PTR bytes = (CK_BYTE_PTR)(uintptr_t)payload;
    CK_ULONG token_length = 0;
    struct data token;

    assert_rv(C_CreateApprovalToken(session, operation, key, bytes, length, NULL, 0, NULL, 0, NULL,
                                    &token_length),
              CKR_OK);
    token = data_new(token_length);
    assert_rv(C_CreateApprovalToken(session, operation, key, bytes, length, NULL, 0, NULL, 0,
                                    token.bytes, &token_length),
              CKR_OK);
    assert_int_equal(token_length, token.length);
    return token;
}

struct data make_timed_token(CK_SESSION_HANDLE session, CK_ULONG operation, CK_OBJECT_HANDLE key,
                             const void *payload, size_t length, const struct timestamp *timestamp)
{
    CK_ULONG token_length = 8192;
    struct data token = data_new(token_length);

    assert_rv(C_CreateApprovalToken(session, operation, key, (CK_BYTE_PTR)(uintptr_t)payload,
                                    length, timestamp->block.bytes, timestamp->block.length,
                                    timestamp->signature.bytes, timestamp->signature.length,
                                    token.bytes, &token_length),
              CKR_OK);
    token.length = token_length;
    return token;
}

struct timestamp get_timestamp(CK_SESSION_HANDLE session, CK_ULONG operation, CK_OBJECT_HANDLE key,
                               const void *payload, size_t length)
{
    CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
    CK_ULONG block_length = 8192;
    CK_ULONG signature_length = 512;
    struct timestamp timestamp = {data_new(block_length), {NULL, 0}};
    struct data plain = data_new(signature_length);

    assert_rv(C_GetTimestamp(session, operation, &mechanism, key, (CK_BYTE_PTR)(uintptr_t)payload,
                             length, timestamp.block.bytes, &block_length, plain.bytes,
                             &signature_length),
              CKR_OK);
    timestamp.block.length = block_length;
    plain.length = signature_length;
    timestamp.signature = wrap_signature("RSA", &plain);
    data_free(&plain);
    return timestamp;
}

void timestamp_free(struct timestamp *timestamp)
{
    data_free(&timestamp->block);
    data_free(&timestamp->signature);
}

struct pair make_timestamp_key(CK_SESSION_HANDLE session, const char *label)
{
    CK_BBOOL no = CK_FALSE;
    CK_ULONG bits = 2048;
    CK_MECHANISM mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE public_attributes[] = {{CKA_TOKEN, &yes, sizeof(yes)},
                                        {CKA_MODULUS_BITS, &bits, sizeof(bits)}};
    CK_ATTRIBUTE private_attributes[] = {{CKA_TOKEN, &yes, sizeof(yes)},
                                         {CKA_SIGN, &no, sizeof(no)},
                                         {CKA_SKA_TIMESTAMP_SIGN, &yes, sizeof(yes)},
                                         {CKA_LABEL, (CK_VOID_PTR)(uintptr_t)label, strlen(label)}};
    struct pair pair = {0, 0};

    assert_rv(C_GenerateKeyPair(session, &mechanism, public_attributes, 2, private_attributes, 4,
                                &pair.public_key, &pair.private_key),
              CKR_OK);
    return pair;
}

CK_RV ska_sign(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
               const struct data *token, CK_SKA_APPROVAL *approvals, size_t count,
               struct data *signature)
{
    CK_ULONG length = 1024;
    CK_RV rv = CKR_OK;

    *signature = data_new(length);
    rv = C_SKASign(session, mechanism, key, token->bytes, token->length, approvals, count,
                   signature->bytes, &length, NULL, NULL);
    signature->length = length;
    if (rv != CKR_OK)
        data_free(signature);
    return rv;
}
