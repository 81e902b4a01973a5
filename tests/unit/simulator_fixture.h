/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulator with a token of its own in a directory of its own, approvers that sign with libcrypto
 * directly, and short ways to say what a test wants. Failures fail the test at once.
 */
#ifndef SIMULATOR_FIXTURE_H
#define SIMULATOR_FIXTURE_H

#include <stdbool.h>

#include <openssl/evp.h>

#include <pkcs11.h>

#include "cmocka_all.h"
#include "ska/simulator.h"

#define FIXTURE_PIN "1234"
#define FIXTURE_TOKEN "fixture"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- The token -------------------------------------------------------------------------- */

/* Environment and directory, and a token in it; the module is left without C_Initialize. */
void fixture_create(void);
void fixture_remove(void);

/* Writes the simulator's configuration: lines like "window = from-timestamp\n". */
void fixture_configure(const char *lines);

/* A path inside the directory; valid until the next call. */
const char *fixture_path(const char *name);

/* The content of a file in the directory, NUL-terminated; empty when there is none. Free it. */
char *fixture_read(const char *name);

/* How many objects SoftHSM keeps in files, hidden ones too. */
size_t fixture_stored(void);

/* How many lines of the call log begin with this. */
size_t fixture_logged(const char *start);

/* C_Initialize, a session, a login; and the way back. */
CK_SESSION_HANDLE fixture_open(void);
void fixture_close(void);
CK_SLOT_ID fixture_slot(void);

/* For cmocka: a token that is made before the first test, and a login for each test. */
int fixture_group_setup(void **state);
int fixture_group_teardown(void **state);
int fixture_setup(void **state); /* *state is a CK_SESSION_HANDLE * */
int fixture_teardown(void **state);

static inline CK_SESSION_HANDLE session_of(void **state)
{
    return *(CK_SESSION_HANDLE *)*state;
}

#define assert_rv(actual, expected) assert_int_equal((CK_RV)(actual), (CK_RV)(expected))

/* ---- Bytes ------------------------------------------------------------------------------ */

struct data {
    unsigned char *bytes;
    size_t length;
};

void data_free(struct data *data);

/* ---- Approvers -------------------------------------------------------------------------- */

struct approver {
    EVP_PKEY *key;
    struct data info; /* SubjectPublicKeyInfo or certificate */
    CK_ULONG type;
    const char *name; /* in rules; NULL: none */
};

/* "RSA:2048", "EC:P-256", "ED25519" and the like. */
EVP_PKEY *make_key(const char *kind);
struct approver make_approver(const char *kind);
void approver_free(struct approver *approver);

/* The approver's signature over a token, DER as the HSM takes it, made with libcrypto alone. */
struct data approve(const struct approver *approver, const struct data *token);

/* An approval of the vendor's form. The signature belongs to the approval; see approvals_free(). */
CK_SKA_APPROVAL make_approval(const struct approver *approver, const struct data *token);
void approvals_free(CK_SKA_APPROVAL *approvals, size_t count);

/* ---- Rules ------------------------------------------------------------------------------ */

/* The rule that is satisfied always, and the one that is satisfied never. */
struct data empty_rule(void);
struct data impossible_rule(void);

/* One that no key takes: the second of its tokens has no groups. */
struct data rule_without_groups(void);

/* One alternative with one group: quorum of these approvers, with times in seconds. */
struct data timed_rule(size_t quorum, const struct approver *const *approvers, size_t count,
                       CK_ULONG delay, CK_ULONG timeout);
struct data quorum_rule(size_t quorum, const struct approver *const *approvers, size_t count);

/* ---- Keys ------------------------------------------------------------------------------- */

struct pair {
    CK_OBJECT_HANDLE public_key;
    CK_OBJECT_HANDLE private_key;
};

struct key_wish {
    const char *kind;            /* as for make_key(): RSA:BITS, EC:CURVE, ED25519, ED448 */
    const char *label;           /* NULL: none given */
    const struct data *rules[4]; /* use, block, unblock, modify; NULL: the empty rule */
    CK_ATTRIBUTE more[8];        /* further private attributes */
    size_t more_count;
};

/* Generates an SKA pair. */
CK_RV generate_ska(CK_SESSION_HANDLE session, const struct key_wish *wish, struct pair *pair);
/* The same with an empty rule for everything but use, which must succeed. */
struct pair make_ska(CK_SESSION_HANDLE session, const char *kind, const char *label,
                     const struct data *use);

/* What is said on standard error from here to there; free it. One at a time. */
void fixture_listen(void);
char *fixture_heard(void);

/* An ordinary pair, which must succeed. */
struct pair make_ordinary(CK_SESSION_HANDLE session, const char *kind, const char *label);

/* The public key as libcrypto knows it. */
EVP_PKEY *read_public(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key);

/* All objects that match. */
size_t find_all(CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG count,
                CK_OBJECT_HANDLE *found, size_t room);
/* The private key with a label; CK_INVALID_HANDLE when there is none. */
CK_OBJECT_HANDLE find_private(CK_SESSION_HANDLE session, const char *label);

/* The value of an attribute, which must be readable. */
struct data read_attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                           CK_ATTRIBUTE_TYPE type);
bool read_flag(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);

/* ---- Requests --------------------------------------------------------------------------- */

/* An approval token, without a timestamp. */
struct data make_token(CK_SESSION_HANDLE session, CK_ULONG operation, CK_OBJECT_HANDLE key,
                       const void *payload, size_t length);

/* The timestamp of a key over a payload, and its signature as DER. RSA keys only. */
struct timestamp {
    struct data block;
    struct data signature;
};
struct timestamp get_timestamp(CK_SESSION_HANDLE session, CK_ULONG operation, CK_OBJECT_HANDLE key,
                               const void *payload, size_t length);
void timestamp_free(struct timestamp *timestamp);
struct data make_timed_token(CK_SESSION_HANDLE session, CK_ULONG operation, CK_OBJECT_HANDLE key,
                             const void *payload, size_t length, const struct timestamp *timestamp);

/* A timestamp pair, RSA with 2048 bits. */
struct pair make_timestamp_key(CK_SESSION_HANDLE session, const char *label);

/* C_SKASign with a buffer that is large enough; the signature is to be freed when it succeeds. */
CK_RV ska_sign(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
               const struct data *token, CK_SKA_APPROVAL *approvals, size_t count,
               struct data *signature);

#endif
