/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When certificates end: those of a key's approvers, and what its rules are without them. An HSM
 * may look at that when rules are given only, so nothing here says that a signature would fail.
 */
#ifndef SKA_TOOLS_CERTIFICATE_END_H
#define SKA_TOOLS_CERTIFICATE_END_H

#include <time.h>

#include <openssl/x509.h>

#include "provider/rule/rule.h"

/* Of certificates that end so soon it is time to think. */
#define CERTIFICATE_WARN_DAYS 60

enum certificate_end {
    CERTIFICATE_VALID,
    CERTIFICATE_ENDS_SOON, /* within CERTIFICATE_WARN_DAYS */
    CERTIFICATE_NOT_YET_VALID,
    CERTIFICATE_EXPIRED
};
enum certificate_end certificate_end(const X509 *certificate, time_t now);

/*
 * A sentence for each approver's certificate that is not valid, or not for long, each once, and for
 * each rule that people with valid certificates cannot satisfy, or not for long.
 */
typedef void certificate_end_say(void *arg, const char *sentence);
void certificate_ends_say(const struct ska_rule rules[SKA_RULE_COUNT], time_t now,
                          certificate_end_say *say, void *arg);
/* The same of rules as a key has them; those that cannot be read have nothing to say. */
void certificate_ends_say_encoded(const struct ska_bytes rules[SKA_RULE_COUNT],
                                  certificate_end_say *say, void *arg);

#endif
