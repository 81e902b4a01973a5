/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/error.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct ska_reason_text ska_reason_texts[] = {
    {SKA_R_BAD_CONFIGURATION, "bad configuration"},
    {SKA_R_BAD_URI, "bad key URI"},
    {SKA_R_BAD_PARAMETER, "bad parameter"},
    {SKA_R_UNSUPPORTED, "not supported"},
    {SKA_R_PIN_MISSING, "PIN missing"},
    {SKA_R_WRONG_USE, "wrong use"},
    {SKA_R_REQUEST_NOT_OPEN, "request is not open"},
    {SKA_R_APPROVALS_PENDING, "approvals pending"},
    {SKA_R_APPROVALS_MISSING, "approvals missing"},
    {SKA_R_APPROVAL_INVALID, "invalid approval"},
    {SKA_R_APPROVER_NOT_LISTED, "approver not listed in the rule"},
    {SKA_R_APPROVER_DOUBLED, "approver counted only once"},
    {SKA_R_RULE_IMPOSSIBLE, "rule that nobody can satisfy"},
    {SKA_R_PAYLOAD_MISMATCH, "approved for other data"},
    {SKA_R_KEY_MISMATCH, "approved for another key"},
    {SKA_R_OPERATION_MISMATCH, "approved for another operation"},
    {SKA_R_PAYLOAD_REFUSED, "payload refused"},
    {SKA_R_NOT_EXPORTABLE, "private key cannot leave the HSM"},
    {SKA_R_KEY_BLOCKED, "key is blocked"},
    {SKA_R_TOO_EARLY, "too early"},
    {SKA_R_EXPIRED, "approvals expired"},
    {SKA_R_HSM_REFUSED, "refused by the HSM"},
    {SKA_R_DECLINED, "declined"},
    {SKA_R_MODULE_UNAVAILABLE, "PKCS#11 module unavailable"},
    {SKA_R_TOKEN_NOT_FOUND, "token not found"},
    {SKA_R_TOKEN_AMBIGUOUS, "several tokens match"},
    {SKA_R_PIN_INCORRECT, "PIN incorrect"},
    {SKA_R_PIN_LOCKED, "PIN locked"},
    {SKA_R_KEY_NOT_FOUND, "key not found"},
    {SKA_R_KEY_AMBIGUOUS, "several keys match"},
    {SKA_R_LABEL_IN_USE, "key label already in use"},
    {SKA_R_REJECTED, "rejected by approvers"},
    {SKA_R_AGENT_REFUSED, "approver agent refused"},
    {SKA_R_WITHDRAWN, "the request was withdrawn"},
    {SKA_R_BROKER_REFUSED, "refused, according to the broker"},
    {SKA_R_DOCUMENT_NOT_CONFIRMED, "document not confirmed"},
    {SKA_R_PLACEHOLDER_NUMBERS, "built without the vendor's header"},
    {SKA_R_HSM_FAILURE, "HSM failure"},
    {SKA_R_FILE_FAILURE, "file failure"},
    {SKA_R_DIRECTORY_UNSAFE, "directory is not safe"},
    {SKA_R_OUT_OF_MEMORY, "out of memory"},
    {SKA_R_INTERNAL, "internal error"},
    {SKA_R_INTERRUPTED, "interrupted while waiting"},
    {SKA_R_AGENT_FAILURE, "approver agent cannot be asked"},
    {SKA_R_SERVER_UNREACHABLE, "server cannot be reached"},
    {SKA_R_SERVER_FAILURE, "server does not answer as it should"},
    {SKA_R_ACCESS_REFUSED, "access refused by the server"},
    {SKA_R_PIN_UNREADABLE, "PIN cannot be read"},
    {SKA_R_APPROVALS_DIRECTORY, "approvals directory cannot be used"},
    {SKA_R_AUDIT_LOG, "audit log cannot be written"},
    {SKA_R_BAD_JSON, "bad JSON"},
    {SKA_R_BAD_REQUEST, "bad request or bundle"},
    {SKA_R_BAD_POLICY, "bad policy"},
    {SKA_R_BAD_TOKEN, "bad approval token"},
    {SKA_R_BAD_RULE, "bad rule"},
    {SKA_R_BAD_KEY, "bad key or certificate"},
    {SKA_R_BAD_SIGNATURE, "bad signature"},
    {SKA_R_BAD_INPUT_LENGTH, "input of wrong length"},
    {SKA_R_EVIDENCE_WRONG, "evidence is wrong"},
    {SKA_R_BAD_REFERENCE, "bad key reference"},
    {0, NULL}};

bool ska_fail_at(const struct ska_errors *errors, enum ska_reason reason, const char *file,
                 int line, const char *function, const char *format, ...)
{
    if (errors != NULL) {
        va_list args;

        va_start(args, format);
        errors->raise(errors->arg, reason, file, line, function, format, args);
        va_end(args);
    }
    return false;
}

const char *ska_system_error(int number, char text[SKA_SYSTEM_ERROR_SIZE])
{
    if (number == EACCES || number == EPERM)
        snprintf(text, SKA_SYSTEM_ERROR_SIZE, "%s (as uid %lu)", strerror(number),
                 (unsigned long)geteuid());
    else
        snprintf(text, SKA_SYSTEM_ERROR_SIZE, "%s", strerror(number));
    return text;
}

const char *ska_reason_text(enum ska_reason reason)
{
    for (size_t i = 0; ska_reason_texts[i].text != NULL; i++)
        if (ska_reason_texts[i].reason == reason)
            return ska_reason_texts[i].text;
    return NULL;
}
