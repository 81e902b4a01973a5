/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/cryptoki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/bytes.h"
#include "provider/hsm/state.h"

#define NAME(rv)                                                                                   \
    {                                                                                              \
        rv, #rv                                                                                    \
    }

static const struct {
    CK_RV rv;
    const char *name;
} names[] = {
    NAME(CKR_OK),
    NAME(CKR_HOST_MEMORY),
    NAME(CKR_SLOT_ID_INVALID),
    NAME(CKR_GENERAL_ERROR),
    NAME(CKR_FUNCTION_FAILED),
    NAME(CKR_ARGUMENTS_BAD),
    NAME(CKR_CANT_LOCK),
    NAME(CKR_ATTRIBUTE_READ_ONLY),
    NAME(CKR_ATTRIBUTE_SENSITIVE),
    NAME(CKR_ATTRIBUTE_TYPE_INVALID),
    NAME(CKR_ATTRIBUTE_VALUE_INVALID),
    NAME(CKR_DATA_INVALID),
    NAME(CKR_DATA_LEN_RANGE),
    NAME(CKR_DEVICE_ERROR),
    NAME(CKR_DEVICE_MEMORY),
    NAME(CKR_DEVICE_REMOVED),
    NAME(CKR_FUNCTION_CANCELED),
    NAME(CKR_FUNCTION_NOT_SUPPORTED),
    NAME(CKR_KEY_HANDLE_INVALID),
    NAME(CKR_KEY_SIZE_RANGE),
    NAME(CKR_KEY_TYPE_INCONSISTENT),
    NAME(CKR_KEY_FUNCTION_NOT_PERMITTED),
    NAME(CKR_MECHANISM_INVALID),
    NAME(CKR_MECHANISM_PARAM_INVALID),
    NAME(CKR_OBJECT_HANDLE_INVALID),
    NAME(CKR_OPERATION_ACTIVE),
    NAME(CKR_OPERATION_NOT_INITIALIZED),
    NAME(CKR_PIN_INCORRECT),
    NAME(CKR_PIN_INVALID),
    NAME(CKR_PIN_LEN_RANGE),
    NAME(CKR_PIN_EXPIRED),
    NAME(CKR_PIN_LOCKED),
    NAME(CKR_SESSION_CLOSED),
    NAME(CKR_SESSION_COUNT),
    NAME(CKR_SESSION_HANDLE_INVALID),
    NAME(CKR_SESSION_READ_ONLY),
    NAME(CKR_SESSION_READ_ONLY_EXISTS),
    NAME(CKR_SESSION_READ_WRITE_SO_EXISTS),
    NAME(CKR_SIGNATURE_INVALID),
    NAME(CKR_SIGNATURE_LEN_RANGE),
    NAME(CKR_TEMPLATE_INCOMPLETE),
    NAME(CKR_TEMPLATE_INCONSISTENT),
    NAME(CKR_TOKEN_NOT_PRESENT),
    NAME(CKR_TOKEN_NOT_RECOGNIZED),
    NAME(CKR_TOKEN_WRITE_PROTECTED),
    NAME(CKR_USER_ALREADY_LOGGED_IN),
    NAME(CKR_USER_NOT_LOGGED_IN),
    NAME(CKR_USER_PIN_NOT_INITIALIZED),
    NAME(CKR_USER_TYPE_INVALID),
    NAME(CKR_USER_ANOTHER_ALREADY_LOGGED_IN),
    NAME(CKR_DOMAIN_PARAMS_INVALID),
    NAME(CKR_BUFFER_TOO_SMALL),
#ifdef CKR_CURVE_NOT_SUPPORTED
    NAME(CKR_CURVE_NOT_SUPPORTED),
#endif
    NAME(CKR_CRYPTOKI_NOT_INITIALIZED),
    NAME(CKR_CRYPTOKI_ALREADY_INITIALIZED),
    NAME(CKR_FUNCTION_REJECTED),
};

static const struct {
    CK_RV rv;
    enum hsm_loss loss;
    bool nothing_done;
} losses[] = {
    {CKR_OBJECT_HANDLE_INVALID, HSM_LOSS_OBJECT, true},
    {CKR_KEY_HANDLE_INVALID, HSM_LOSS_OBJECT, true},
    {CKR_USER_NOT_LOGGED_IN, HSM_LOSS_LOGIN, true},
    {CKR_SESSION_HANDLE_INVALID, HSM_LOSS_SESSION, true},
    {CKR_TOKEN_NOT_PRESENT, HSM_LOSS_SESSION, true},
    /* These two may come in the middle of a call. */
    {CKR_SESSION_CLOSED, HSM_LOSS_SESSION, false},
    {CKR_DEVICE_REMOVED, HSM_LOSS_SESSION, false},
    {CKR_CRYPTOKI_NOT_INITIALIZED, HSM_LOSS_MODULE, true},
};

enum hsm_loss hsm_rv_loss(CK_RV rv)
{
    for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++)
        if (losses[i].rv == rv)
            return losses[i].loss;
    return HSM_LOSS_NONE;
}

bool hsm_rv_nothing_done(CK_RV rv)
{
    for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++)
        if (losses[i].rv == rv)
            return losses[i].nothing_done;
    return false;
}

struct hsm_rv_text hsm_rv_text(CK_RV rv)
{
    struct hsm_rv_text text;

    snprintf(text.text, sizeof(text.text), "0x%08lX", (unsigned long)rv);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].rv == rv)
            snprintf(text.text, sizeof(text.text), "%s", names[i].name);
    return text;
}

bool hsm_fail_rv(const struct ska_errors *errors, const char *call, const struct hsm_token *token,
                 CK_RV rv)
{
    struct hsm_rv_text text = hsm_rv_text(rv);

    if (token == NULL)
        return ska_fail(errors, SKA_R_HSM_FAILURE, "%s: %s", call, text.text);
    return ska_fail(errors, SKA_R_HSM_FAILURE, "token \"%s\": %s: %s", hsm_show(token->label).text,
                    call, text.text);
}

void hsm_unpad(char *to, const CK_UTF8CHAR *field, size_t size)
{
    while (size > 0 && (field[size - 1] == ' ' || field[size - 1] == 0))
        size--;
    memcpy(to, field, size);
    to[size] = 0;
}

struct hsm_shown hsm_show(const char *text)
{
    struct hsm_shown shown;
    char *printable = ska_printable(ska_span_text(text), 64);

    snprintf(shown.text, sizeof(shown.text), "%s", printable == NULL ? "?" : printable);
    free(printable);
    return shown;
}
