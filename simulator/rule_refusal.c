/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/rule_refusal.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/x509.h>

#include "provider/base/bytes.h"
#include "simulator/context.h"

#define NAME_LIMIT 128

/* The subject of the certificate, or the name in the rule; free with free(). NULL: neither. */
static char *name_of_approver(const struct ska_approver *approver)
{
    const unsigned char *next = approver->data.data;
    X509 *certificate = NULL;
    char *subject = NULL;
    char *shown = NULL;

    if (approver->type == SKA_APPROVER_CERTIFICATE)
        certificate = X509_new_ex(sim_libctx(), NULL);
    if (certificate != NULL && d2i_X509(&certificate, &next, (long)approver->data.length) == NULL)
        certificate = NULL; /* which has freed it */
    if (certificate != NULL)
        subject = X509_NAME_oneline(X509_get_subject_name(certificate), NULL, 0);
    if (subject != NULL)
        shown = ska_printable(ska_span_text(subject), NAME_LIMIT);
    else if (approver->name.length > 0)
        shown = ska_printable(ska_span_of(&approver->name), NAME_LIMIT);
    OPENSSL_free(subject);
    X509_free(certificate);
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
