/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time-stamps of a signature (RFC 3161): what is asked of a time-stamp authority, and whether its
 * reply is one to that.
 */
#ifndef SKA_TOOLS_SEAL_TIMESTAMP_H
#define SKA_TOOLS_SEAL_TIMESTAMP_H

#include <time.h>

#include <openssl/types.h>

#include "provider/base/bytes.h"
#include "tools/certificate_end.h"

/* A longer reply is not read. */
#define SEAL_REPLY_LIMIT ((size_t)256 * 1024)

/*
 * TimeStampReq over SHA-256 of a signature, in DER. It is the same whenever it is made for the same
 * signature, nonce included, so that a reply which comes days later, in a file, can be told from
 * one to another query. (That nobody can have the reply beforehand follows from the signature.)
 */
bool seal_timestamp_query(OSSL_LIB_CTX *libctx, struct ska_span signature, struct ska_bytes *query,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The time-stamp in a TimeStampResp: granted, for this signature and query, signed by a certificate
 * for time-stamps of one of the CAs in ca_path (PEM; NULL: the system's). `token` points into the
 * reply. `wrong` is the reason of the failure where it is none, or not to this query.
 */
bool seal_timestamp_take(struct ska_span reply, struct ska_span query, const char *ca_path,
                         enum ska_reason wrong, struct ska_span *token,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Whether a TimeStampToken is one of this signature, which the certificate in it has signed; where
 * there are CAs to go by (as above) also one of theirs, for time-stamps, at the time that it
 * states: whoever wants to know which of the two it is not asks for OF_ANYBODY first.
 * SKA_R_BAD_SIGNATURE: it is not; anything else: that cannot be told.
 */
enum seal_timestamp_trust {
    SEAL_TIMESTAMP_OF_ANYBODY,
    SEAL_TIMESTAMP_OF_CAS /* in ca_path; NULL: the system's */
};
bool seal_timestamp_verify(struct ska_span token, struct ska_span signature,
                           enum seal_timestamp_trust trust, const char *ca_path,
                           const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * How long a time-stamp that was verified can be verified by those who do not go by the time that
 * it states: of the certificate that has signed it, and the CAs above, in it or in ca_path (NULL:
 * none), as certificate_ends_say_chain().
 */
void seal_timestamp_say_ends(OSSL_LIB_CTX *libctx, struct ska_span token, const char *ca_path,
                             certificate_end_say *say, void *arg);

/* The TimeStampToken in a reply, as far as its outermost shape tells. */
bool seal_timestamp_find(struct ska_span reply, struct ska_span *token) SKA_MUST_CHECK;

/* Whether it could be asked at all: nobody shall approve only to hear of a wrong URL. */
bool seal_timestamp_check(const char *url, const char *ca_path,
                          const struct ska_errors *errors) SKA_MUST_CHECK;
/* Asks the authority at a URL. */
bool seal_timestamp_ask(const char *url, const char *ca_path, struct ska_span query,
                        struct ska_bytes *reply, const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
