/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/certificate_end.h"

#include "provider/rule/approver_name.h"
#include "provider/rule/rule_codec.h"

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

/* A public key has no end. */
static enum certificate_end approver_end(const struct ska_approver *approver, time_t now)
{
    const unsigned char *at = approver->data.data;
    X509 *certificate = approver->type == SKA_APPROVER_CERTIFICATE
                            ? d2i_X509(NULL, &at, (long)approver->data.length)
                            : NULL;
    enum certificate_end end =
        certificate == NULL ? CERTIFICATE_VALID : certificate_end(certificate, now);

    X509_free(certificate);
    return end;
}

/* ---- People ---------------------------------------------------------------------------------- */

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

static void say_buffer(struct ska_buffer *text, certificate_end_say *say, void *arg)
{
    if (!text->failed)
        say(arg, ska_buffer_string(text));
    ska_buffer_free(text);
}

static void say_approver(const struct ska_approver *approver, enum certificate_end end,
                         certificate_end_say *say, void *arg)
{
    struct ska_buffer text = {0};

    ska_buffer_text(&text, "the certificate of ");
    ska_listed_approver_name_text(approver, &text);
    switch (end) {
    case CERTIFICATE_EXPIRED:
        ska_buffer_text(&text, " has expired: give the key rules that name a new one");
        break;
    case CERTIFICATE_NOT_YET_VALID:
        ska_buffer_text(&text, " is not valid yet");
        break;
    default:
        ska_buffer_format(&text,
                          " expires within %d days: renew it, and give the key rules that name the "
                          "new one",
                          CERTIFICATE_WARN_DAYS);
    }
    say_buffer(&text, say, arg);
}

/* ---- Rules ----------------------------------------------------------------------------------- */

static bool alternative_is_reached(const struct ska_alternative *alternative, time_t when)
{
    for (size_t i = 0; i < alternative->group_count; i++) {
        const struct ska_group *group = &alternative->groups[i];
        size_t valid = 0;

        for (size_t j = 0; j < group->approver_count; j++) {
            enum certificate_end end = approver_end(&group->approvers[j], when);

            valid += end == CERTIFICATE_VALID || end == CERTIFICATE_ENDS_SOON;
        }
        if (valid < group->quorum)
            return false;
    }
    return true;
}

/* One without alternatives is so on purpose. */
static bool rule_is_reached(const struct ska_rule *rule, time_t when)
{
    for (size_t i = 0; i < rule->alternative_count; i++)
        if (alternative_is_reached(&rule->alternatives[i], when))
            return true;
    return rule->alternative_count == 0;
}

static void say_rule(const struct ska_rule *rule, const char *name, time_t now,
                     certificate_end_say *say, void *arg)
{
    struct ska_buffer text = {0};

    if (!rule_is_reached(rule, now))
        ska_buffer_format(&text,
                          "too few approvers have a valid certificate to satisfy the rule to %s "
                          "the key",
                          name);
    else if (!rule_is_reached(rule, soon(now)))
        ska_buffer_format(&text,
                          "within %d days too few approvers will have a valid certificate to "
                          "satisfy the rule to %s the key",
                          CERTIFICATE_WARN_DAYS, name);
    else
        return;
    say_buffer(&text, say, arg);
}

void certificate_ends_say(const struct ska_rule rules[SKA_RULE_COUNT], time_t now,
                          certificate_end_say *say, void *arg)
{
    for (int kind = 0; kind < SKA_RULE_COUNT; kind++)
        for (size_t i = 0; ska_rule_approver_at(&rules[kind], i) != NULL; i++) {
            const struct ska_approver *approver = ska_rule_approver_at(&rules[kind], i);
            enum certificate_end end = approver_end(approver, now);

            if (end != CERTIFICATE_VALID && !was_named(rules, kind, i))
                say_approver(approver, end, say, arg);
        }
    for (int kind = 0; kind < SKA_RULE_COUNT; kind++)
        say_rule(&rules[kind], ska_rule_names[kind], now, say, arg);
}

void certificate_ends_say_encoded(const struct ska_bytes rules[SKA_RULE_COUNT],
                                  certificate_end_say *say, void *arg)
{
    struct ska_rule decoded[SKA_RULE_COUNT] = {{NULL, 0}};

    for (int i = 0; i < SKA_RULE_COUNT; i++)
        if (rules[i].data != NULL && !ska_rule_decode(ska_span_of(&rules[i]), &decoded[i], NULL))
            ska_rule_clear(&decoded[i]);
    certificate_ends_say(decoded, time(NULL), say, arg);
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        ska_rule_clear(&decoded[i]);
}
