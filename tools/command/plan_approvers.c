/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config --plan: the approvers that a policy file names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/x509.h>

#include "provider/base/printable.h"
#include "provider/rule/approver_name.h"
#include "tools/certificate_end.h"
#include "tools/command/plan.h"
#include "tools/show/text.h"

static const struct ska_approver *approver_at(const struct plan *plan, size_t number)
{
    for (int kind = 0; kind < SKA_RULE_COUNT; kind++) {
        const struct ska_rule *rule = &plan->policy->rules[kind];
        size_t count = 0;

        while (ska_rule_approver_at(rule, count) != NULL)
            count++;
        if (number < count)
            return ska_rule_approver_at(rule, number);
        number -= count;
    }
    return NULL;
}

/* Of those who are only named there is nothing but the name. */
static bool is_same(const struct ska_approver *one, const struct ska_approver *other)
{
    return ska_span_equal(ska_span_of(&one->data), ska_span_of(&other->data)) &&
           (one->data.length > 0 ||
            ska_span_equal(ska_span_of(&one->name), ska_span_of(&other->name)));
}

static bool was_there(const struct plan *plan, size_t number)
{
    const struct ska_approver *approver = approver_at(plan, number);

    for (size_t i = 0; i < number; i++)
        if (is_same(approver_at(plan, i), approver))
            return true;
    return false;
}

static void plan_certificate(struct plan *plan, const char *name, const X509 *certificate)
{
    enum certificate_end end = certificate_end(certificate, time(NULL));
    char *name_shown = ska_x509_name_shown(X509_get_issuer_name(certificate), TEXT_LIMIT);
    const char *issuer = name_shown == NULL ? "(no name)" : name_shown;
    struct ska_buffer ended = {0};

    certificate_end_text(certificate, end, &ended);
    if (end != CERTIFICATE_VALID && end != CERTIFICATE_NOT_YET_VALID)
        plan_item(plan, PLAN_TO_DO, name,
                  "get a new certificate, and rules that name it: this one, issued by %s,%s",
                  issuer, ska_buffer_string(&ended));
    else
        plan_item(plan, PLAN_DONE, name, "certificate issued by %s", issuer);
    free(name_shown);
    ska_buffer_free(&ended);
}

static void plan_approver(struct plan *plan, const struct ska_approver *approver)
{
    const unsigned char *at = approver->data.data;
    struct ska_buffer shown = {0};
    const char *name = "(no name)";
    X509 *certificate = approver->type != SKA_APPROVER_CERTIFICATE
                            ? NULL
                            : d2i_X509(NULL, &at, (long)approver->data.length);

    if (approver->name.data != NULL) {
        ska_buffer_name(&shown, ska_span_of(&approver->name));
        name = ska_buffer_string(&shown);
    }
    if (approver->type == SKA_APPROVER_ONBOARDED)
        plan_item(plan, PLAN_ASK, name,
                  "has the broker made their key and certificate, and have they fetched the key "
                  "(onboarding)? Whose key it is, only the broker says");
    else if (certificate != NULL)
        plan_certificate(plan, name, certificate);
    else if (approver->type == SKA_APPROVER_CERTIFICATE)
        plan_item(plan, PLAN_TO_DO, name,
                  "get a new certificate, and rules that name it: this one cannot be read");
    else if (plan->sam)
        plan_item(
            plan, PLAN_TO_DO, name,
            "get a certificate from a CA that the partition knows: SAM mode does not accept plain "
            "keys");
    else
        plan_item(plan, PLAN_DONE, name, "a public key");
    X509_free(certificate);
    ska_buffer_free(&shown);
}

void plan_approvers(struct plan *plan)
{
    for (size_t i = 0; approver_at(plan, i) != NULL; i++)
        if (!was_there(plan, i))
            plan_approver(plan, approver_at(plan, i));
    plan_item(plan, PLAN_ASK, "fingerprints",
              "has each approver confirmed the fingerprint of their key, by telephone or face to "
              "face? skatool inspect shows it");
}
