/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request as a technician reads it (briefing.h is for approvers): first what an approval binds,
 * which the HSM enforces, then what the requester only says.
 */
#ifndef SKA_TOOLS_SHOW_REQUEST_TEXT_H
#define SKA_TOOLS_SHOW_REQUEST_TEXT_H

#include "provider/request/request.h"
#include "tools/key_rules.h"

/* The rule that decides about the request; NULL: the request does not hold it. */
const struct ska_rule *request_stated_rule(const struct ska_request *request);

/* "sign", or of what cannot be shown what the broker calls it, "decryption"; "?": not known. */
const char *request_what(const struct ska_request *request);

/*
 * "request 0123456789abcdef to sign with key 'seal'": what a request is called where something was
 * done with it.
 */
void request_text_name(const struct ska_request *request, struct ska_buffer *text);

/* What the approval token says. */
void request_text_protected(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                            struct ska_buffer *text);

/* What stands outside of the token, approvals excepted. `rules` is for a request to modify. */
void request_text_unprotected(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                              const struct key_rules *rules, struct ska_buffer *text);

/*
 * The id by which people speak of it, the same for whoever asks and for approvers: at a broker the
 * one that the requester states, else the broker's.
 */
const char *request_shown_id(const struct ska_request *request);
/* Whether one of its ids begins like this. */
bool request_is_called(const struct ska_request *request, const char *begin);

/* The digest that the request names for its document; false when it names none that is certain. */
bool request_document_digest(const struct ska_request *request, enum ska_digest *digest,
                             struct ska_span *value) SKA_MUST_CHECK;

/* The type of the request's key, or `otherwise` for one that cannot be read. */
enum ska_key_type request_key_type(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                                   enum ska_key_type otherwise);

/*
 * True when the payload is called a message, but for this or some other key it is a digest: the
 * token does not tell one from the other.
 */
bool request_is_digest_in_disguise(OSSL_LIB_CTX *libctx, const struct ska_request *request);

#endif
