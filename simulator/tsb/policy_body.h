/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies in calls: the four rules of a key, and whether it is blocked.
 */
#ifndef SKATSB_POLICY_BODY_H
#define SKATSB_POLICY_BODY_H

#include "provider/rule/rule.h"
#include "simulator/tsb/exchange.h"

struct tsb_policy {
    struct ska_rule rules[SKA_RULE_COUNT];
    bool blocked;
};

/*
 * The policy at a place, an object. `with_status`: it may have keyStatus. What is wrong is refused,
 * times that are no whole minutes and groups that name nobody too. A token whose groups are null
 * needs nobody.
 */
bool tsb_policy_read(struct tsb_exchange *exchange, const struct ska_json_place *place,
                     bool with_status, struct tsb_policy *policy) SKA_MUST_CHECK;
void tsb_policy_clear(struct tsb_policy *policy);

/* NULL: out of memory. */
cJSON *tsb_policy_to_json(const struct tsb_policy *policy);

/* The same in the XML of attestations. */
void tsb_policy_to_xml(const struct tsb_policy *policy, struct ska_buffer *xml);

/* Text as XML has it. */
void tsb_xml_text(struct ska_span text, struct ska_buffer *xml);

#endif
