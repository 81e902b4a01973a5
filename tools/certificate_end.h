/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When certificates end, with those of the CAs above them: of a key's approvers, and what its rules
 * are without them; of whoever else has one. An HSM may look at that when rules are given only, so
 * nothing here says that a signature would fail.
 */
#ifndef SKA_TOOLS_CERTIFICATE_END_H
#define SKA_TOOLS_CERTIFICATE_END_H

#include <time.h>

#include <openssl/x509.h>

#include "provider/base/bytes.h"
#include "provider/rule/rule.h"

/* Of certificates that end so soon it is time to think. */
#define CERTIFICATE_WARN_DAYS 60

/* From the best to the worst. */
enum certificate_end {
    CERTIFICATE_VALID,
    CERTIFICATE_ENDS_SOON, /* within CERTIFICATE_WARN_DAYS */
    CERTIFICATE_NOT_YET_VALID,
    CERTIFICATE_EXPIRED,
    CERTIFICATE_UNREADABLE /* its dates, or all of it; OpenSSL trusts none of those */
};
enum certificate_end certificate_end(const X509 *certificate, time_t now);
/* Also one that ends soon. */
bool certificate_end_is_valid(enum certificate_end end);

/* A time of a certificate, as ska_time_shown() has it. */
void certificate_time_text(const ASN1_TIME *time, struct ska_buffer *text);

/*
 * " expired at TIME", " expires at TIME", " is not valid before TIME", " has an end date that
 * cannot be read"; nothing of a valid one. NULL: " cannot be read".
 */
void certificate_end_text(const X509 *certificate, enum certificate_end end,
                          struct ska_buffer *text);

/*
 * Is told a sentence for each certificate that is not valid, or not for long. `is_missed`: it has
 * expired, or cannot be read, and nothing stands in for it, or the rule that the sentence is about
 * cannot be satisfied. Each call says an equal sentence once.
 */
typedef void certificate_end_say(void *arg, bool is_missed, const char *sentence);

/*
 * How it is said. A certificate is valid no longer than that of the CA which has issued it, where
 * `known` (borrowed; NULL: none) has that. Of several for one CA the best counts.
 */
struct certificate_ends {
    time_t now;
    STACK_OF(X509) * known;
    certificate_end_say *say;
    void *arg;
};

/* Of this certificate, and of the CAs above it that are known. */
void certificate_ends_say_chain(const struct certificate_ends *ends, X509 *certificate);
/* Of all that are known, but for one in whose place another one is known. */
void certificate_ends_say_known(const struct certificate_ends *ends);

/*
 * Of each approver's certificate, each once, and of each rule that people with valid certificates
 * cannot satisfy, or not for long.
 */
void certificate_ends_say_rules(const struct certificate_ends *ends,
                                const struct ska_rule rules[SKA_RULE_COUNT]);
/* The same of rules as a key has them; those that cannot be read have nothing to say. */
void certificate_ends_say_encoded(const struct certificate_ends *ends,
                                  const struct ska_bytes rules[SKA_RULE_COUNT]);

#endif
