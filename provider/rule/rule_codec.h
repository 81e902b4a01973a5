/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules and modify payloads in their serialized form.
 */
#ifndef SKA_RULE_RULE_CODEC_H
#define SKA_RULE_RULE_CODEC_H

#include "provider/rule/rule.h"

/*
 * Decodes a serialized rule, strictly, accepting only what ska_rule_encode() would have written,
 * but for two elements that have another number too (wire.h: SIM_SECONDS, CERTIFICATE). A public
 * key is taken as it stands, a certificate must parse, so that each approver has its public_key. On
 * failure the rule is left empty; else free with ska_rule_clear().
 */
bool ska_rule_decode(struct ska_span encoded, struct ska_rule *rule,
                     const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Times are written in minutes when timelock and timeout of an alternative are both multiples of
 * 60, else in seconds. approver->public_key is not read. SKA_R_BAD_POLICY for an approver who is
 * only named.
 */
bool ska_rule_encode(const struct ska_rule *rule, struct ska_bytes *encoded,
                     const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Fills public_key from data: of a certificate approver (DER) its SubjectPublicKeyInfo, of a public
 * key approver the data themselves, which must be one SubjectPublicKeyInfo of an algorithm that can
 * approve (RSA, DSA, EC, Ed25519, Ed448), without trailing bytes.
 */
bool ska_approver_identify(struct ska_approver *approver,
                           const struct ska_errors *errors) SKA_MUST_CHECK;

/* A modify payload: the rules it names as spans of serialized rules; data == NULL: not named. */
struct ska_modify {
    struct ska_span rules[SKA_RULE_COUNT];
};

/*
 * Strict about the payload; of a rule only that it is a whole container of elements, since it may
 * be one that only the device can read. ska_rule_decode() reads it.
 */
bool ska_modify_decode(struct ska_span encoded, struct ska_modify *modify,
                       const struct ska_errors *errors) SKA_MUST_CHECK;
bool ska_modify_encode(const struct ska_modify *modify, struct ska_bytes *encoded,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
