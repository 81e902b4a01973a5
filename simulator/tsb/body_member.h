/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members that several bodies have.
 */
#ifndef SKATSB_BODY_MEMBER_H
#define SKATSB_BODY_MEMBER_H

#include "simulator/tsb/exchange.h"

/* A text of this list, which ends with NULL; *value is untouched where it is absent. */
bool tsb_read_choice(const struct ska_json_place *place, const char *name,
                     const char *const *choices, const char **value) SKA_MUST_CHECK;

/* Members that must be there and not be empty. */
bool tsb_need_text(const struct ska_json_place *place, const char *name,
                   const char **value) SKA_MUST_CHECK;
bool tsb_need_base64(const struct ska_json_place *place, const char *name,
                     struct ska_bytes *value) SKA_MUST_CHECK;

/* The digest of a signature; *digest is static. */
bool tsb_read_digest(const struct ska_json_place *place, const char *name,
                     const char **digest) SKA_MUST_CHECK;

/* Checked to be base64, and kept as it is. */
bool tsb_read_base64_text(const struct ska_json_place *place, const char *name,
                          const char **value) SKA_MUST_CHECK;

/* Whether it is a UUID; becomes lower-case, in place: in upper case it is the same one. */
bool tsb_check_uuid(struct tsb_exchange *exchange, char *text) SKA_MUST_CHECK;

/* Such a one of the body; *value is untouched where it is absent. */
bool tsb_read_uuid(struct tsb_exchange *exchange, const struct ska_json_place *place,
                   const char *name, enum ska_json_need need, const char **value) SKA_MUST_CHECK;

/*
 * The place of {ROOT: {...}, "requestSignature": ...}, whose inside has no other members than
 * these; NULL: that is for others to see.
 */
bool tsb_read_root(const struct ska_json_place *top, const char *root, const char *const *members,
                   struct ska_json_place *inner) SKA_MUST_CHECK;

/* requestSignature; whose it is, is not looked at. */
bool tsb_read_request_signature(const struct ska_json_place *top) SKA_MUST_CHECK;

/* The password of a key: that of a member, which must be the key's. Else it is refused. */
bool tsb_check_key_password(struct tsb_exchange *exchange, const struct ska_json_place *place,
                            const char *member, const char *label) SKA_MUST_CHECK;

/* {"label", "password"}: the label, borrowed, of a key with that password. */
bool tsb_read_key_label(struct tsb_exchange *exchange, const char **label) SKA_MUST_CHECK;

/* Answers with one member, or refuses for memory that ran out. */
void tsb_answer_member(struct tsb_exchange *exchange, unsigned int status, const char *name,
                       const char *value);
void tsb_answer_bytes(struct tsb_exchange *exchange, unsigned int status, const char *name,
                      struct ska_span value);

void tsb_answer_flag(struct tsb_exchange *exchange, unsigned int status, const char *name,
                     bool value);

/* Refuse for a key that is not there, or what the HSM says. Returns false. */
bool tsb_fail_key(struct tsb_exchange *exchange, unsigned long rv, const char *label);

#endif
