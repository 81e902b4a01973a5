/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config --plan: the approvers that a policy file names.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/x509.h>

#include "tools/certificate_end.h"
#include "tools/command/plan.h"

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

static void name_issuer(const X509 *certificate, char name[256])
{
    if (X509_NAME_oneline(X509_get_issuer_name(certificate), name, 256) == NULL)
        name[0] = 0;
}

static void plan_certificate(struct plan *plan, const char *name, const X509 *certificate)
{
    enum certificate_end end = certificate_end(certificate, time(NULL));
    struct ska_buffer ended = {0};
    char issuer[256];

    certificate_end_text(certificate, end, &ended);
    name_issuer(certificate, issuer);
    if (end != CERTIFICATE_VALID && end != CERTIFICATE_NOT_YET_VALID)
        plan_item(plan, PLAN_TO_DO, name,
                  "a new certificate, and rules that name it: this one%s; it is for %s",
                  ska_buffer_string(&ended), issuer);
    else
        plan_item(plan, PLAN_DONE, name, "a certificate of %s", issuer);
    ska_buffer_free(&ended);
}

static void plan_approver(struct plan *plan, const struct ska_approver *approver)
{
    const unsigned char *at = approver->data.data;
    const char *name =
        approver->name.data == NULL ? "without a name" : (const char *)approver->name.data;
    X509 *certificate = approver->type != SKA_APPROVER_CERTIFICATE
                            ? NULL
                            : d2i_X509(NULL, &at, (long)approver->data.length);

    if (approver->type == SKA_APPROVER_ONBOARDED)
        plan_item(plan, PLAN_ASK, name,
                  "has the broker made their key and certificate, and have they fetched the key "
                  "(onboarded)? Who they are, only the broker says then");
    else if (certificate != NULL)
        plan_certificate(plan, name, certificate);
    else if (approver->type == SKA_APPROVER_CERTIFICATE)
        plan_item(plan, PLAN_TO_DO, name,
                  "a new certificate, and rules that name it: this one cannot be read");
    else if (plan->sam)
        plan_item(
            plan, PLAN_TO_DO, name,
            "a certificate of a CA that the partition knows: SAM mode does not accept plain keys");
    else
        plan_item(plan, PLAN_DONE, name, "a public key");
    X509_free(certificate);
}

void plan_approvers(struct plan *plan)
{
    for (size_t i = 0; approver_at(plan, i) != NULL; i++)
        if (!was_there(plan, i))
            plan_approver(plan, approver_at(plan, i));
    plan_item(plan, PLAN_ASK, "fingerprints",
              "has each of them confirmed the fingerprint of their key, by telephone or face to "
              "face? skatool inspect shows it");
}
