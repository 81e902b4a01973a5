/* SPDX-License-Identifier: Apache-2.0 */
#include "hsm_proxy.h"

#include <dlfcn.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#define EXPORT __attribute__((visibility("default")))

static struct hsm_proxy proxy;
static CK_FUNCTION_LIST calls;
static CK_FUNCTION_LIST *real;

EXPORT struct hsm_proxy *hsm_proxy(void)
{
    return &proxy;
}

/* A module that uses libcrypto itself meets the thread's default context, and leaves errors behind.
 */
static void use_libcrypto(void)
{
    if (OSSL_LIB_CTX_set0_default(NULL) == OSSL_LIB_CTX_get0_global_default())
        proxy.unshielded++;
    ERR_raise_data(ERR_LIB_USER, 78, "the module's");
}

/* Whether this call is to fail, and with what. */
static int faulty(const char *call, CK_RV *rv)
{
    use_libcrypto();
    if (proxy.fault_call == NULL || strcmp(proxy.fault_call, call) != 0 ||
        atomic_fetch_sub(&proxy.fault_times, 1) <= 0)
        return 0;
    *rv = proxy.fault_rv;
    return 1;
}

/* Notes what only the vendor's module would understand. */
static void look_at(const CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    for (CK_ULONG i = 0; i < count; i++) {
        CK_OBJECT_CLASS class_ = 0;

        if (attributes[i].type == CKA_CLASS && attributes[i].pValue != NULL &&
            attributes[i].ulValueLen == sizeof(class_))
            memcpy(&class_, attributes[i].pValue, sizeof(class_));
        if (((attributes[i].type | class_) & CKA_VENDOR_DEFINED) != 0)
            proxy.vendor_numbers++;
    }
}

static CK_RV initialize(void *arguments)
{
    CK_RV rv = CKR_OK;

    proxy.initialize++;
    return faulty("C_Initialize", &rv) ? rv : real->C_Initialize(arguments);
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG length)
{
    CK_RV rv = CKR_OK;

    proxy.login++;
    return faulty("C_Login", &rv) ? rv : real->C_Login(session, user, pin, length);
}

static CK_RV token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    CK_RV rv = CKR_OK;

    if (faulty("C_GetTokenInfo", &rv))
        return rv;
    rv = real->C_GetTokenInfo(slot, info);
    if (proxy.other_token)
        info->serialNumber[0] ^= 1;
    if (proxy.no_login)
        info->flags &= ~(CK_FLAGS)CKF_LOGIN_REQUIRED;
    info->flags |= proxy.token_flags;
    return rv;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session)
{
    CK_RV rv = CKR_OK;

    proxy.open_session++;
    return faulty("C_OpenSession", &rv)
               ? rv
               : real->C_OpenSession(slot, flags, application, notify, session);
}

static CK_RV session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
    void (*meanwhile)(void) = proxy.meanwhile;

    proxy.meanwhile = NULL;
    if (meanwhile != NULL)
        meanwhile();
    return real->C_GetSessionInfo(session, info);
}

static CK_RV close_session(CK_SESSION_HANDLE session)
{
    proxy.close_session++;
    return real->C_CloseSession(session);
}

static CK_RV find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template_, CK_ULONG count)
{
    CK_RV rv = CKR_OK;

    proxy.find++;
    look_at(template_, count);
    return faulty("C_FindObjectsInit", &rv) ? rv
                                            : real->C_FindObjectsInit(session, template_, count);
}

static CK_RV get_attributes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                            CK_ATTRIBUTE *template_, CK_ULONG count)
{
    CK_RV rv = CKR_OK;

    proxy.get_attributes++;
    look_at(template_, count);
    return faulty("C_GetAttributeValue", &rv)
               ? rv
               : real->C_GetAttributeValue(session, object, template_, count);
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    CK_RV rv = CKR_OK;

    proxy.sign_init++;
    if ((mechanism->mechanism & CKM_VENDOR_DEFINED) != 0)
        proxy.vendor_numbers++;
    return faulty("C_SignInit", &rv) ? rv : real->C_SignInit(session, mechanism, key);
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_length,
                  CK_BYTE *signature, CK_ULONG *length)
{
    CK_RV rv = CKR_OK;

    proxy.sign++;
    if (faulty("C_Sign", &rv))
        return rv;
    rv = real->C_Sign(session, data, data_length, signature, length);
    if (rv == CKR_OK)
        *length -= (CK_ULONG)proxy.cut_signature;
    return rv;
}

static CK_RV decrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    CK_RV rv = CKR_OK;

    return faulty("C_DecryptInit", &rv) ? rv : real->C_DecryptInit(session, mechanism, key);
}

static CK_RV decrypt(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_length, CK_BYTE *out,
                     CK_ULONG *length)
{
    CK_RV rv = CKR_OK;

    proxy.decrypt++;
    return faulty("C_Decrypt", &rv) ? rv : real->C_Decrypt(session, data, data_length, out, length);
}

static CK_RV derive(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
                    CK_ATTRIBUTE *template_, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    CK_RV rv = CKR_OK;

    proxy.derive++;
    if (faulty("C_DeriveKey", &rv))
        return rv;
    for (CK_ULONG i = 0; i < count; i++)
        if (template_[i].type == CKA_VALUE_LEN)
            *(CK_ULONG *)template_[i].pValue -= (CK_ULONG)proxy.cut_secret;
    rv = real->C_DeriveKey(session, mechanism, base, template_, count, key);
    for (CK_ULONG i = 0; i < count; i++)
        if (template_[i].type == CKA_VALUE_LEN)
            *(CK_ULONG *)template_[i].pValue += (CK_ULONG)proxy.cut_secret;
    return rv;
}

static CK_RV destroy(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    CK_RV rv = CKR_OK;

    proxy.destroy++;
    return faulty("C_DestroyObject", &rv) ? rv : real->C_DestroyObject(session, object);
}

static CK_RV generate(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public,
                      CK_ULONG public_count, CK_ATTRIBUTE *private, CK_ULONG private_count,
                      CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
    CK_RV rv = CKR_OK;

    if ((mechanism->mechanism & CKM_VENDOR_DEFINED) != 0)
        proxy.vendor_numbers++;
    look_at(public, public_count);
    look_at(private, private_count);
    rv = real->C_GenerateKeyPair(session, mechanism, public, public_count, private, private_count,
                                 public_key, private_key);
    return rv == CKR_OK && faulty("C_GenerateKeyPair", &rv) ? proxy.fault_rv : rv;
}

EXPORT CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    CK_RV (*get)(CK_FUNCTION_LIST **) = NULL;
    void *library = dlopen(HSM_PROXY_MODULE, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library == NULL ? NULL : dlsym(library, "C_GetFunctionList");

    if (symbol == NULL)
        return CKR_GENERAL_ERROR;
    memcpy(&get, &symbol, sizeof(get));
    if (get(&real) != CKR_OK)
        return CKR_GENERAL_ERROR;
    calls = *real;
    calls.C_Initialize = initialize;
    calls.C_Login = login;
    calls.C_GetTokenInfo = token_info;
    calls.C_OpenSession = open_session;
    calls.C_CloseSession = close_session;
    calls.C_GetSessionInfo = session_info;
    calls.C_FindObjectsInit = find_init;
    calls.C_GetAttributeValue = get_attributes;
    calls.C_SignInit = sign_init;
    calls.C_Sign = sign;
    calls.C_DecryptInit = decrypt_init;
    calls.C_Decrypt = decrypt;
    calls.C_DeriveKey = derive;
    calls.C_DestroyObject = destroy;
    calls.C_GenerateKeyPair = generate;
    *list = &calls;
    return CKR_OK;
}

/* It has SKA calls, but is not the simulator: a build with placeholders must not make them. */
EXPORT CK_RV C_SerializePolicy(CK_SKA_POLICY *policy, CK_BYTE *buffer, CK_ULONG *length)
{
    (void)policy;
    (void)buffer;
    (void)length;
    proxy.ska++;
    return CKR_FUNCTION_FAILED;
}

EXPORT CK_RV C_CreateApprovalToken(CK_SESSION_HANDLE session, CK_ULONG operation,
                                   CK_OBJECT_HANDLE key, CK_BYTE *payload, CK_ULONG payload_length,
                                   CK_BYTE *timestamp, CK_ULONG timestamp_length,
                                   CK_BYTE *timestamp_signature,
                                   CK_ULONG timestamp_signature_length, CK_BYTE *token,
                                   CK_ULONG *token_length)
{
    (void)session, (void)operation, (void)key, (void)payload, (void)payload_length;
    (void)timestamp, (void)timestamp_length, (void)timestamp_signature;
    (void)timestamp_signature_length, (void)token, (void)token_length;
    proxy.ska++;
    return CKR_FUNCTION_FAILED;
}

EXPORT CK_RV C_SKASign(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
                       CK_BYTE *token, CK_ULONG token_length, CK_SKA_APPROVAL *approvals,
                       CK_ULONG approval_count, CK_BYTE *signature, CK_ULONG *signature_length,
                       void *reserved, CK_ULONG *reserved_length)
{
    (void)session, (void)mechanism, (void)key, (void)token, (void)token_length, (void)approvals;
    (void)approval_count, (void)signature, (void)signature_length, (void)reserved;
    (void)reserved_length;
    proxy.ska++;
    return CKR_FUNCTION_FAILED;
}

EXPORT CK_RV C_CreateModifyPayload(CK_SKA_POLICY *usage, CK_SKA_POLICY *block,
                                   CK_SKA_POLICY *unblock, CK_SKA_POLICY *modify, CK_BYTE *buffer,
                                   CK_ULONG *length)
{
    (void)usage, (void)block, (void)unblock, (void)modify, (void)buffer, (void)length;
    proxy.ska++;
    return CKR_FUNCTION_FAILED;
}

EXPORT CK_RV C_GetTimestamp(CK_SESSION_HANDLE session, CK_ULONG operation, CK_MECHANISM *mechanism,
                            CK_OBJECT_HANDLE key, CK_BYTE *payload, CK_ULONG payload_length,
                            CK_BYTE *timestamp, CK_ULONG *timestamp_length, CK_BYTE *signature,
                            CK_ULONG *signature_length)
{
    (void)session, (void)operation, (void)mechanism, (void)key, (void)payload;
    (void)payload_length, (void)timestamp, (void)timestamp_length, (void)signature;
    (void)signature_length;
    proxy.ska++;
    return CKR_FUNCTION_FAILED;
}

static CK_RV change(void)
{
    proxy.ska++;
    return CKR_FUNCTION_FAILED;
}

EXPORT CK_RV C_SKABlock(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key, CK_BYTE *token,
                        CK_ULONG token_length, CK_SKA_APPROVAL *approvals, CK_ULONG approval_count)
{
    (void)session, (void)key, (void)token, (void)token_length, (void)approvals;
    (void)approval_count;
    return change();
}

EXPORT CK_RV C_SKAUnblock(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key, CK_BYTE *token,
                          CK_ULONG token_length, CK_SKA_APPROVAL *approvals,
                          CK_ULONG approval_count)
{
    (void)session, (void)key, (void)token, (void)token_length, (void)approvals;
    (void)approval_count;
    return change();
}

EXPORT CK_RV C_SKAModify(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key, CK_BYTE *token,
                         CK_ULONG token_length, CK_SKA_APPROVAL *approvals, CK_ULONG approval_count)
{
    (void)session, (void)key, (void)token, (void)token_length, (void)approvals;
    (void)approval_count;
    return change();
}
