/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/certificate_end.h"

#include <openssl/err.h>
#include <openssl/safestack.h>
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
    enum { BEFORE = -1, UNREADABLE = 0, AFTER = 1 }; /* equal times: BEFORE */
    const int start = X509_cmp_time(X509_get0_notBefore(certificate), &now);
    const int end = X509_cmp_time(X509_get0_notAfter(certificate), &now);
    time_t later = soon(now);

    if (start == UNREADABLE || end == UNREADABLE)
        return CERTIFICATE_UNREADABLE;
    if (start == AFTER)
        return CERTIFICATE_NOT_YET_VALID;
    if (end == BEFORE)
        return CERTIFICATE_EXPIRED;
    return X509_cmp_time(X509_get0_notAfter(certificate), &later) == AFTER ? CERTIFICATE_VALID
                                                                           : CERTIFICATE_ENDS_SOON;
}

bool certificate_end_is_valid(enum certificate_end end)
{
    return end == CERTIFICATE_VALID || end == CERTIFICATE_ENDS_SOON;
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

static bool is_named_as_issuer(const X509 *issuer, const X509 *certificate)
{
    return X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(certificate)) == 0;
}

/*
 * The CA above it; NULL: it is not known, or the certificate is its own. Of several the best by
 * itself, since certificates that others have sent could be made to have endless ways upwards.
 * Signatures are verified last, since that takes the longest.
 */
static X509 *find_issuer(const struct certificate_ends *ends, X509 *certificate)
{
    enum certificate_end best = CERTIFICATE_VALID;
    X509 *found = NULL;

    if (ends->known == NULL || has_issued(certificate, certificate))
        return NULL;
    for (int i = 0; i < sk_X509_num(ends->known); i++) {
        X509 *issuer = sk_X509_value(ends->known, i);
        enum certificate_end end = CERTIFICATE_VALID;

        if (!is_named_as_issuer(issuer, certificate))
            continue;
        end = certificate_end(issuer, ends->now);
        if ((found == NULL || end < best) && has_issued(issuer, certificate)) {
            found = issuer;
            best = end;
        }
    }
    return found;
}

/* A certificate and the CAs above it that are known, each once. All are borrowed. */
struct chain {
    X509 *certificates[CHAIN_MOST];
    size_t count;
};

static bool is_in_chain(const struct chain *chain, const X509 *certificate)
{
    for (size_t i = 0; i < chain->count; i++)
        if (X509_cmp(chain->certificates[i], certificate) == 0)
            return true;
    return false;
}

/* CAs can have certified each other. */
static struct chain find_chain(const struct certificate_ends *ends, X509 *certificate)
{
    struct chain chain = {{NULL}, 0};

    while (certificate != NULL && chain.count < CHAIN_MOST && !is_in_chain(&chain, certificate)) {
        chain.certificates[chain.count++] = certificate;
        certificate = find_issuer(ends, certificate);
    }
    return chain;
}

/* The worst of the certificate and those above it. */
static enum certificate_end chain_end(const struct certificate_ends *ends, X509 *certificate)
{
    const struct chain chain = find_chain(ends, certificate);
    enum certificate_end worst = CERTIFICATE_VALID;

    for (size_t i = 0; i < chain.count; i++) {
        enum certificate_end end = certificate_end(chain.certificates[i], ends->now);

        worst = end > worst ? end : worst;
    }
    return worst;
}

/* ---- Sentences ------------------------------------------------------------------------------- */

/* Different certificates can have the same name and end: an equal sentence is said once. */
struct sentences {
    const struct certificate_ends *ends;
    STACK_OF(OPENSSL_STRING) * said;
};

static struct sentences sentences_start(const struct certificate_ends *ends)
{
    return (struct sentences){ends, sk_OPENSSL_STRING_new_null()};
}

static void free_sentence(char *sentence)
{
    OPENSSL_free(sentence);
}

static void sentences_free(struct sentences *sentences)
{
    sk_OPENSSL_STRING_pop_free(sentences->said, free_sentence);
}

static bool was_said(const struct sentences *sentences, const char *sentence)
{
    for (int i = 0; i < sk_OPENSSL_STRING_num(sentences->said); i++)
        if (strcmp(sk_OPENSSL_STRING_value(sentences->said, i), sentence) == 0)
            return true;
    return false;
}

/* Without memory it may be said again. */
static void remember_sentence(const struct sentences *sentences, const char *sentence)
{
    char *copy = sentences->said == NULL ? NULL : OPENSSL_strdup(sentence);

    if (copy != NULL && sk_OPENSSL_STRING_push(sentences->said, copy) <= 0)
        OPENSSL_free(copy);
}

static void say_buffer(const struct sentences *sentences, bool is_missed, struct ska_buffer *text)
{
    if (!text->failed && !was_said(sentences, ska_buffer_string(text))) {
        remember_sentence(sentences, ska_buffer_string(text));
        sentences->ends->say(sentences->ends->arg, is_missed, ska_buffer_string(text));
    }
    ska_buffer_free(text);
}

void certificate_time_text(const ASN1_TIME *time, struct ska_buffer *text)
{
    char shown[SKA_TIME_SHOWN_SIZE];
    struct tm parts;
    time_t seconds = ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : -1;

    ska_buffer_text(text, seconds < 0 ? "a time that cannot be read"
                                      : ska_time_shown((uint64_t)seconds, shown));
}

/* The epoch is a time like any other: only whether it can be read counts. */
static void add_unreadable(struct ska_buffer *text, const X509 *certificate)
{
    time_t any = 0;

    if (certificate == NULL)
        ska_buffer_text(text, " cannot be read");
    else if (X509_cmp_time(X509_get0_notAfter(certificate), &any) == 0)
        ska_buffer_text(text, " has an end date that cannot be read");
    else
        ska_buffer_text(text, " has a start date that cannot be read");
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
    if (end == CERTIFICATE_UNREADABLE) {
        add_unreadable(text, certificate);
        return;
    }
    ska_buffer_text(text, words[end]);
    certificate_time_text(end == CERTIFICATE_NOT_YET_VALID ? X509_get0_notBefore(certificate)
                                                           : X509_get0_notAfter(certificate),
                          text);
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

static bool is_over(enum certificate_end end)
{
    return end == CERTIFICATE_EXPIRED || end == CERTIFICATE_UNREADABLE;
}

static void say_certificate(const struct sentences *sentences, X509 *certificate)
{
    enum certificate_end end = certificate_end(certificate, sentences->ends->now);
    struct ska_buffer text = {0};

    if (end == CERTIFICATE_VALID)
        return;
    ska_buffer_text(&text, "the certificate of ");
    if (X509_check_ca(certificate) != 0)
        ska_buffer_text(&text, "the CA ");
    add_subject(&text, certificate);
    certificate_end_text(certificate, end, &text);
    say_buffer(sentences, is_over(end), &text);
}

void certificate_ends_say_chain(const struct certificate_ends *ends, X509 *certificate)
{
    const struct chain chain = find_chain(ends, certificate);
    struct sentences sentences = sentences_start(ends);

    for (size_t i = 0; i < chain.count; i++)
        say_certificate(&sentences, chain.certificates[i]);
    sentences_free(&sentences);
}

/* ---- Renewed certificates -------------------------------------------------------------------- */

/* What comparing each with each needs, worked out once. */
struct known {
    const X509_NAME *subject;
    struct ska_bytes public_key; /* SubjectPublicKeyInfo, also of an algorithm nobody here knows */
    enum certificate_end end;
};

static struct ska_bytes encoded_key(const X509 *certificate)
{
    struct ska_bytes copy = {NULL, 0};
    unsigned char *der = NULL;
    int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);

    if (length > 0)
        (void)!ska_bytes_copy(&copy, ska_span(der, (size_t)length), NULL);
    OPENSSL_free(der);
    return copy;
}

static struct known *list_known(const struct certificate_ends *ends, size_t count)
{
    struct known *list = count == 0 ? NULL : calloc(count, sizeof(*list));

    for (size_t i = 0; list != NULL && i < count; i++) {
        const X509 *certificate = sk_X509_value(ends->known, (int)i);

        list[i].subject = X509_get_subject_name(certificate);
        list[i].public_key = encoded_key(certificate);
        list[i].end = certificate_end(certificate, ends->now);
    }
    return list;
}

static void free_known(struct known *list, size_t count)
{
    for (size_t i = 0; list != NULL && i < count; i++)
        ska_bytes_free(&list[i].public_key);
    free(list);
}

/* A CA keeps its name and key when its certificate is renewed. */
static bool is_renewed(const struct known *list, size_t count, const struct known *certificate)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].end < certificate->end &&
            X509_NAME_cmp(list[i].subject, certificate->subject) == 0 &&
            certificate->public_key.length > 0 &&
            ska_span_equal(ska_span_of(&list[i].public_key), ska_span_of(&certificate->public_key)))
            return true;
    return false;
}

/* Without memory none is taken for renewed. */
void certificate_ends_say_known(const struct certificate_ends *ends)
{
    const size_t count = ends->known == NULL ? 0 : (size_t)sk_X509_num(ends->known);
    struct known *list = list_known(ends, count);
    struct sentences sentences = sentences_start(ends);

    for (size_t i = 0; i < count; i++)
        if (list == NULL || !is_renewed(list, count, &list[i]))
            say_certificate(&sentences, sk_X509_value(ends->known, (int)i));
    sentences_free(&sentences);
    free_known(list, count);
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

/* Of an approver whose certificate is NULL. A public key has no end. */
static enum certificate_end end_without_certificate(const struct ska_approver *approver)
{
    return approver->type == SKA_APPROVER_CERTIFICATE ? CERTIFICATE_UNREADABLE : CERTIFICATE_VALID;
}

/* With that of the CA above it. */
static enum certificate_end approver_end(const struct certificate_ends *ends,
                                         const struct ska_approver *approver)
{
    X509 *certificate = approver_certificate(approver);
    enum certificate_end end =
        certificate == NULL ? end_without_certificate(approver) : chain_end(ends, certificate);

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
static void say_approver(const struct sentences *sentences, const struct ska_approver *approver)
{
    X509 *certificate = approver_certificate(approver);
    enum certificate_end end = certificate == NULL
                                   ? end_without_certificate(approver)
                                   : certificate_end(certificate, sentences->ends->now);
    struct ska_buffer text = {0};

    if (end != CERTIFICATE_VALID) {
        ska_buffer_text(&text, "the certificate of ");
        ska_listed_approver_name_text(approver, &text);
        certificate_end_text(certificate, end, &text);
        if (is_over(end))
            ska_buffer_text(&text, ": give the key rules that name a new one");
        else if (end == CERTIFICATE_ENDS_SOON)
            ska_buffer_text(&text, ": renew it, and give the key rules that name the new one");
        say_buffer(sentences, false, &text); /* others may be enough: the rule tells */
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

        for (size_t j = 0; j < group->approver_count; j++)
            valid += certificate_end_is_valid(approver_end(ends, &group->approvers[j]));
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

static void say_rule(const struct sentences *sentences, const struct ska_rule *rule,
                     const char *name)
{
    const struct certificate_ends *ends = sentences->ends;
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
    say_buffer(sentences, is_missed, &text);
}

void certificate_ends_say_rules(const struct certificate_ends *ends,
                                const struct ska_rule rules[SKA_RULE_COUNT])
{
    struct sentences sentences = sentences_start(ends);

    for (int kind = 0; kind < SKA_RULE_COUNT; kind++)
        for (size_t i = 0; ska_rule_approver_at(&rules[kind], i) != NULL; i++)
            if (!was_named(rules, kind, i))
                say_approver(&sentences, ska_rule_approver_at(&rules[kind], i));
    for (int kind = 0; kind < SKA_RULE_COUNT; kind++)
        say_rule(&sentences, &rules[kind], ska_rule_names[kind]);
    sentences_free(&sentences);
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
