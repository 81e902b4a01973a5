/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cryptoki: its types and numbers, ours, or the vendor's header when the build was given it; how
 * its functions are called; what their answers mean. Only the files of this folder include it.
 */
#ifndef SKA_HSM_CRYPTOKI_H
#define SKA_HSM_CRYPTOKI_H

#include <string.h>

#include <openssl/types.h>

#include <pkcs11.h>

#include "ska/simulator.h"

#include "provider/base/error.h"
#include "provider/base/mechanism.h"

struct hsm_token;

/* Of Cryptoki 3.0; a vendor's header may be older. */
#ifndef CKK_EC_EDWARDS
#define CKK_EC_EDWARDS 0x40UL
#endif
#ifndef CKM_EC_EDWARDS_KEY_PAIR_GEN
#define CKM_EC_EDWARDS_KEY_PAIR_GEN 0x1055UL
#endif
#ifndef CKM_EDDSA
#define CKM_EDDSA 0x1057UL
#endif
#ifndef CKA_ALLOWED_MECHANISMS
#define CKA_ALLOWED_MECHANISMS 0x40000600UL
#endif
#ifndef CKA_PUBLIC_KEY_INFO /* of Cryptoki 2.40 */
#define CKA_PUBLIC_KEY_INFO 0x00000129UL
#endif
#ifndef CKU_CONTEXT_SPECIFIC
#define CKU_CONTEXT_SPECIFIC 2UL
#endif
#ifndef CKA_ALWAYS_AUTHENTICATE
#define CKA_ALWAYS_AUTHENTICATE 0x00000202UL
#endif
/* Of Cryptoki 3.0, digests and their mask generation functions. */
#ifndef CKM_SHA3_256
#define CKM_SHA3_256 0x2B0UL
#define CKM_SHA3_224 0x2B5UL
#define CKM_SHA3_384 0x2C0UL
#define CKM_SHA3_512 0x2D0UL
#endif
#ifndef CKG_MGF1_SHA3_224
#define CKG_MGF1_SHA3_224 6UL
#define CKG_MGF1_SHA3_256 7UL
#define CKG_MGF1_SHA3_384 8UL
#define CKG_MGF1_SHA3_512 9UL
#endif
#ifndef CK_UNAVAILABLE_INFORMATION
#define CK_UNAVAILABLE_INFORMATION ((CK_ULONG)-1)
#endif

/* Cryptoki's input pointers are not const, though nothing is written through them. */
static inline void *hsm_writable(const void *pointer)
{
    void *plain = NULL;

    memcpy(&plain, &pointer, sizeof(plain));
    return plain;
}

/* ---- Mechanisms, and what is done with a key, in its numbers --------------------------------- */

/* What an RSA-PSS key is generated to allow. */
#define HSM_PSS_COUNT 5
extern const CK_MECHANISM_TYPE hsm_pss_mechanisms[HSM_PSS_COUNT];

struct hsm_mechanism {
    CK_MECHANISM cryptoki; /* points to pss where that is needed: do not copy */
    CK_RSA_PKCS_PSS_PARAMS pss;
};

/* SKA_R_UNSUPPORTED when keys of the type cannot do it, or no mechanism says it. */
bool hsm_mechanism_from(const struct ska_mechanism *mechanism, enum ska_key_type type,
                        struct hsm_mechanism *to, const struct ska_errors *errors) SKA_MUST_CHECK;

/* The mechanism of a scheme that takes digests; and the one that takes messages and hashes them. */
CK_MECHANISM_TYPE hsm_raw_mechanism(enum ska_scheme scheme);
/* False: there is none for this digest. */
bool hsm_hashing_mechanism(enum ska_scheme scheme, enum ska_digest digest, CK_MECHANISM_TYPE *type);

struct hsm_oaep {
    CK_MECHANISM cryptoki; /* points to the parameters: do not copy */
    CK_RSA_PKCS_OAEP_PARAMS parameters;
};

/* Without a label. False: no number of Cryptoki is one of these digests. */
bool hsm_oaep_from(enum ska_digest digest, enum ska_digest mgf1_digest,
                   struct hsm_oaep *to) SKA_MUST_CHECK;

/* CK_SKA_SIGN and so on. */
CK_ULONG hsm_operation_number(enum ska_operation operation);

/* ---- Calls ----------------------------------------------------------------------------------- */

/*
 * Every call into a module is made with HSM_CALL(). Modules use libcrypto too, with the thread's
 * default library context, in which this very provider may be active; and they leave errors in the
 * thread's queue. So a call runs with ska_private_libctx(), which has been made, as the thread's
 * default, and what it adds to the queue is dropped.
 */
#define HSM_CALL(call) (hsm_isolation_enter(), hsm_isolation_leave(call))

void hsm_isolation_enter(void);
CK_RV hsm_isolation_leave(CK_RV rv);

/* ---- Answers --------------------------------------------------------------------------------- */

/* What an answer shows to be gone, each worse than the one before. */
enum hsm_loss {
    HSM_LOSS_NONE,
    HSM_LOSS_OBJECT,  /* the handle of the object */
    HSM_LOSS_LOGIN,   /* the login, and with it handles of private objects */
    HSM_LOSS_SESSION, /* all sessions */
    HSM_LOSS_MODULE   /* somebody finalized the module */
};

enum hsm_loss hsm_rv_loss(CK_RV rv);

/* Whether it also proves that the call did nothing, so that it may be repeated. */
bool hsm_rv_nothing_done(CK_RV rv);

/* "CKR_PIN_INCORRECT", or the number. */
struct hsm_rv_text {
    char text[48];
};
struct hsm_rv_text hsm_rv_text(CK_RV rv);

/* Raises SKA_R_HSM_FAILURE with call, token (may be NULL) and answer. */
bool hsm_fail_rv(const struct ska_errors *errors, const char *call, const struct hsm_token *token,
                 CK_RV rv);

/*
 * From Cryptoki's blank-padded field of at most 64 bytes to a string, with room for one byte more;
 * some modules pad with NUL.
 */
void hsm_unpad(char *to, const CK_UTF8CHAR *field, size_t size);

/* A label for messages, made harmless. */
struct hsm_shown {
    char text[264];
};
struct hsm_shown hsm_show(const char *text);

#endif
