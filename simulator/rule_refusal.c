/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/rule_acceptance.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/x509.h>

#include "provider/base/certificate.h"

#define NAME_LIMIT 128

/* The subject of the certificate, or the name in the rule; free with free(). NULL: neither. */
static char *name_of_approver(const struct ska_approver *approver)
{
    X509_NAME *name = approver->type == SKA_APPROVER_CERTIFICATE
                          ? ska_certificate_subject(ska_span_of(&approver->data))
                          : NULL;
    char *subject = name == NULL ? NULL : X509_NAME_oneline(name, NULL, 0);
    char *shown = NULL;

    if (subject != NULL)
        shown = ska_printable(ska_span_text(subject), NAME_LIMIT);
    else if (approver->name.length > 0)
        shown = ska_printable(ska_span_of(&approver->name), NAME_LIMIT);
    OPENSSL_free(subject);
    X509_NAME_free(name);
    return shown;
}

void sim_report_approver(const char *who, const struct ska_approver *approver, const char *reason)
{
    char *name = name_of_approver(approver);

    fprintf(stderr, "SKA simulator: %srefuses approver %s: %s\n", who,
            name == NULL ? "(without a name)" : name, reason);
    free(name);
}

void sim_report_rule(const char *who, const char *reason)
{
    fprintf(stderr, "SKA simulator: %srefuses a rule: %s\n", who, reason);
}
