/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/certificate_end.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "provider/base/printable.h"
#include "provider/rule/approver_name.h"
#include "provider/rule/rule_codec.h"
#include "provider/rule/window.h"

static time_t soon(time_t now)
{
    return now + (time_t)CERTIFICATE_WARN_DAYS * 24 * 3600;
}

enum certificate_end certificate_end(const X509 *certificate, time_t now)
{
    time_t later = soon(now);

    if (X509_cmp_time(X509_get0_notBefore(certificate), &now) > 0)
        return CERTIFICATE_NOT_YET_VALID;
    if (X509_cmp_time(X509_get0_notAfter(certificate), &now) < 0)
        return CERTIFICATE_EXPIRED;
    return X509_cmp_time(X509_get0_notAfter(certificate), &later) < 0 ? CERTIFICATE_ENDS_SOON
                                                                      : CERTIFICATE_VALID;
}

/* ---- Chains ---------------------------------------------------------------------------------- */

/* More CAs above each other are not followed. */
#define CHAIN_MOST 10

static bool has_issued(X509 *issuer, X509 *certificate)
{
    bool issued = false;

    ERR_set_mark();
    issued = X509_check_issued(issuer, certificate) == X509_V_OK &&
             X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
    ERR_pop_to_mark();
    return issued;
}

/*
 * The CA above it; NULL: it is not known, or the certificate is its own. Of several the best by
 * itself, since certificates that others have sent could be made to have endless ways upwards.
 */
static X509 *find_issuer(const struct certificate_ends *ends, X509 *certificate)
{
    X509 *found = NULL;

    if (ends->known == NULL || has_issued(certificate, certificate))
        return NULL;
    for (int i = 0; i < sk_X509_num(ends->known); i++) {
        X509 *issuer = sk_X509_value(ends->known, i);

        if (has_issued(issuer, certificate) &&
            (found == NULL ||
             certificate_end(issuer, ends->now) < certificate_end(found, ends->now)))
            found = issuer;
    }
    return found;
}

/* The worst of the certificate and those above it. */
static enum certificate_end chain_end(const struct certificate_ends *ends, X509 *certificate)
{
    enum certificate_end worst = CERTIFICATE_VALID;

    for (int depth = 0; certificate != NULL && depth < CHAIN_MOST; depth++) {
        enum certificate_end end = certificate_end(certificate, ends->now);

        worst = end > worst ? end : worst;
        certificate = find_issuer(ends, certificate);
    }
    return worst;
}

/* ---- Sentences ------------------------------------------------------------------------------- */

static void say_buffer(const struct certificate_ends *ends, bool is_missed, struct ska_buffer *text)
{
    if (!text->failed)
        ends->say(ends->arg, is_missed, ska_buffer_string(text));
    ska_buffer_free(text);
}

static void add_time(struct ska_buffer *text, const ASN1_TIME *time)
{
    char shown[SKA_TIME_SHOWN_SIZE];
    struct tm parts;
    time_t seconds = ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : -1;

    ska_buffer_text(text, seconds < 0 ? "a time that cannot be read"
                                      : ska_time_shown((uint64_t)seconds, shown));
}

void certificate_end_text(const X509 *certificate, enum certificate_end end,
                          struct ska_buffer *text)
{
    static const char *const words[] = {
        [CERTIFICATE_ENDS_SOON] = " expires at ",
        [CERTIFICATE_NOT_YET_VALID] = " is not valid before ",
        [CERTIFICATE_EXPIRED] = " expired at ",
    };

    if (end == CERTIFICATE_VALID)
        return;
    ska_buffer_text(text, words[end]);
    add_time(text, end == CERTIFICATE_NOT_YET_VALID ? X509_get0_notBefore(certificate)
                                                    : X509_get0_notAfter(certificate));
}

static void add_subject(struct ska_buffer *text, const X509 *certificate)
{
    unsigned char *der = NULL;
    int length = i2d_X509(certificate, &der);
    struct ska_bytes name = {NULL, 0};

    if (length > 0 && ska_certificate_name(ska_span(der, (size_t)length), &name))
        ska_buffer_name(text, ska_span_of(&name));
    else
        ska_buffer_text(text, "nobody who is named in it");
    ska_bytes_free(&name);
    OPENSSL_free(der);
}

static void say_certificate(const struct certificate_ends *ends, X509 *certificate)
{
    enum certificate_end end = certificate_end(certificate, ends->now);
    struct ska_buffer text = {0};

    if (end == CERTIFICATE_VALID)
        return;
    ska_buffer_text(&text, "the certificate of ");
    if (X509_check_ca(certificate) != 0)
        ska_buffer_text(&text, "the CA ");
    add_subject(&text, certificate);
    certificate_end_text(certificate, end, &text);
    say_buffer(ends, end == CERTIFICATE_EXPIRED, &text);
}

void certificate_ends_say_chain(const struct certificate_ends *ends, X509 *certificate)
{
    for (int depth = 0; certificate != NULL && depth < CHAIN_MOST; depth++) {
        say_certificate(ends, certificate);
        certificate = find_issuer(ends, certificate);
    }
}

/* A CA keeps its name and key when its certificate is renewed. */
static bool is_renewed(const struct certificate_ends *ends, const X509 *certificate)
{
    for (int i = 0; i < sk_X509_num(ends->known); i++) {
        const X509 *other = sk_X509_value(ends->known, i);

        if (X509_NAME_cmp(X509_get_subject_name(other), X509_get_subject_name(certificate)) == 0 &&
            EVP_PKEY_eq(X509_get0_pubkey(other), X509_get0_pubkey(certificate)) == 1 &&
            certificate_end(other, ends->now) < certificate_end(certificate, ends->now))
            return true;
    }
    return false;
}

void certificate_ends_say_known(const struct certificate_ends *ends)
{
    for (int i = 0; i < sk_X509_num(ends->known); i++)
        if (!is_renewed(ends, sk_X509_value(ends->known, i)))
            say_certificate(ends, sk_X509_value(ends->known, i));
}

/* ---- People ---------------------------------------------------------------------------------- */

/* NULL: there is none, or it cannot be read. */
static X509 *approver_certificate(const struct ska_approver *approver)
{
    const unsigned char *at = approver->data.data;

    return approver->type == SKA_APPROVER_CERTIFICATE
               ? d2i_X509(NULL, &at, (long)approver->data.length)
               : NULL;
}

/* With that of the CA above it. A public key has no end. */
static enum certificate_end approver_end(const struct certificate_ends *ends,
                                         const struct ska_approver *approver)
{
    X509 *certificate = approver_certificate(approver);
    enum certificate_end end =
        certificate == NULL ? CERTIFICATE_VALID : chain_end(ends, certificate);

    X509_free(certificate);
    return end;
}

static bool was_named(const struct ska_rule *rules, int kind, size_t number)
{
    struct ska_span data = ska_span_of(&ska_rule_approver_at(&rules[kind], number)->data);

    for (int before = 0; before <= kind; before++)
        for (size_t i = 0; ska_rule_approver_at(&rules[before], i) != NULL; i++) {
            if (before == kind && i == number)
                return false;
            if (ska_span_equal(ska_span_of(&ska_rule_approver_at(&rules[before], i)->data), data))
                return true;
        }
    return false;
}

/* The CA's is said once, and not of each whom it has certified. */
static void say_approver(const struct certificate_ends *ends, const struct ska_approver *approver)
{
    X509 *certificate = approver_certificate(approver);
    enum certificate_end end =
        certificate == NULL ? CERTIFICATE_VALID : certificate_end(certificate, ends->now);
    struct ska_buffer text = {0};

    if (end != CERTIFICATE_VALID) {
        ska_buffer_text(&text, "the certificate of ");
        ska_listed_approver_name_text(approver, &text);
        certificate_end_text(certificate, end, &text);
        if (end == CERTIFICATE_EXPIRED)
            ska_buffer_text(&text, ": give the key rules that name a new one");
        else if (end == CERTIFICATE_ENDS_SOON)
            ska_buffer_text(&text, ": renew it, and give the key rules that name the new one");
        say_buffer(ends, false, &text); /* others may be enough: the rule tells */
    }
    X509_free(certificate);
}

/* ---- Rules ----------------------------------------------------------------------------------- */

static bool alternative_is_reached(const struct certificate_ends *ends,
                                   const struct ska_alternative *alternative)
{
    for (size_t i = 0; i < alternative->group_count; i++) {
        const struct ska_group *group = &alternative->groups[i];
        size_t valid = 0;

        for (size_t j = 0; j < group->approver_count; j++) {
            enum certificate_end end = approver_end(ends, &group->approvers[j]);

            valid += end == CERTIFICATE_VALID || end == CERTIFICATE_ENDS_SOON;
        }
        if (valid < group->quorum)
            return false;
    }
    return true;
}

/* One without alternatives is so on purpose. */
static bool rule_is_reached(const struct certificate_ends *ends, const struct ska_rule *rule)
{
    for (size_t i = 0; i < rule->alternative_count; i++)
        if (alternative_is_reached(ends, &rule->alternatives[i]))
            return true;
    return rule->alternative_count == 0;
}

static bool rule_is_reached_at(const struct certificate_ends *ends, const struct ska_rule *rule,
                               time_t at)
{
    struct certificate_ends then = *ends;

    then.now = at;
    return rule_is_reached(&then, rule);
}

/* The first second without, of a rule that is reached now and will not be at `later`. */
static time_t rule_reached_until(const struct certificate_ends *ends, const struct ska_rule *rule,
                                 time_t later)
{
    time_t reached = ends->now;

    while (later - reached > 1) {
        time_t middle = reached + (later - reached) / 2;

        if (rule_is_reached_at(ends, rule, middle))
            reached = middle;
        else
            later = middle;
    }
    return later;
}

static void say_rule(const struct certificate_ends *ends, const struct ska_rule *rule,
                     const char *name)
{
    const bool is_missed = !rule_is_reached(ends, rule);
    const time_t later = soon(ends->now);
    struct ska_buffer text = {0};
    char shown[SKA_TIME_SHOWN_SIZE];

    if (is_missed)
        ska_buffer_format(&text,
                          "too few approvers have a valid certificate to satisfy the rule to %s "
                          "the key",
                          name);
    else if (!rule_is_reached_at(ends, rule, later))
        ska_buffer_format(
            &text,
            "from %s too few approvers will have a valid certificate to satisfy the rule to %s "
            "the key",
            ska_time_shown((uint64_t)rule_reached_until(ends, rule, later), shown), name);
    else
        return;
    say_buffer(ends, is_missed, &text);
}

void certificate_ends_say_rules(const struct certificate_ends *ends,
                                const struct ska_rule rules[SKA_RULE_COUNT])
{
    for (int kind = 0; kind < SKA_RULE_COUNT; kind++)
        for (size_t i = 0; ska_rule_approver_at(&rules[kind], i) != NULL; i++)
            if (!was_named(rules, kind, i))
                say_approver(ends, ska_rule_approver_at(&rules[kind], i));
    for (int kind = 0; kind < SKA_RULE_COUNT; kind++)
        say_rule(ends, &rules[kind], ska_rule_names[kind]);
}

void certificate_ends_say_encoded(const struct certificate_ends *ends,
                                  const struct ska_bytes rules[SKA_RULE_COUNT])
{
    struct ska_rule decoded[SKA_RULE_COUNT] = {{NULL, 0}};

    for (int i = 0; i < SKA_RULE_COUNT; i++)
        if (rules[i].data != NULL && !ska_rule_decode(ska_span_of(&rules[i]), &decoded[i], NULL))
            ska_rule_clear(&decoded[i]);
    certificate_ends_say_rules(ends, decoded);
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        ska_rule_clear(&decoded[i]);
}
