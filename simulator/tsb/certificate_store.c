/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/certificate_store.h"

#include <string.h>

#include <openssl/x509.h>

#include "provider/base/certificate.h"
#include "provider/base/evp_key.h"

static CK_RV find_certificate(struct tsb_device *device, CK_SESSION_HANDLE session,
                              const char *label, CK_OBJECT_HANDLE *object)
{
    CK_OBJECT_CLASS class = CKO_CERTIFICATE;
    struct tsb_template wanted = {.count = 0};

    tsb_template_put(&wanted, CKA_CLASS, &class, sizeof(class));
    tsb_template_put(&wanted, CKA_LABEL, label, strlen(label));
    return tsb_object_match(device, session, &wanted, object);
}

static CK_RV delete_in(struct tsb_device *device, CK_SESSION_HANDLE session, const char *label)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    CK_RV rv = find_certificate(device, session, label, &object);

    return rv == CKR_OK ? tsb_device_calls(device)->C_DestroyObject(session, object) : rv;
}

static CK_RV create_in(struct tsb_device *device, CK_SESSION_HANDLE session, const char *label,
                       struct ska_span der, struct ska_span subject)
{
    CK_OBJECT_CLASS class = CKO_CERTIFICATE;
    CK_CERTIFICATE_TYPE type = CKC_X_509;
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    struct tsb_template template = {.count = 0};

    tsb_template_put(&template, CKA_CLASS, &class, sizeof(class));
    tsb_template_put(&template, CKA_CERTIFICATE_TYPE, &type, sizeof(type));
    tsb_template_put_flag(&template, CKA_TOKEN, true);
    tsb_template_put_flag(&template, CKA_PRIVATE, false);
    tsb_template_put(&template, CKA_LABEL, label, strlen(label));
    tsb_template_put(&template, CKA_SUBJECT, subject.data, subject.length);
    tsb_template_put(&template, CKA_VALUE, der.data, der.length);
    return tsb_device_calls(device)->C_CreateObject(session, template.list, template.count,
                                                    &object);
}

bool tsb_certificate_fits(OSSL_LIB_CTX *libctx, struct ska_span certificate, struct ska_span spki)
{
    struct ska_bytes key = {NULL, 0};
    bool fits =
        ska_certificate_key(certificate, &key) && ska_evp_equal(libctx, ska_span_of(&key), spki);

    ska_bytes_free(&key);
    return fits;
}

CK_RV tsb_certificate_put(struct tsb_device *device, const char *label, struct ska_span der)
{
    X509_NAME *subject = ska_certificate_subject(der);
    const unsigned char *name = NULL;
    size_t length = 0;
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_RV rv = subject != NULL && X509_NAME_get0_der(subject, &name, &length) == 1
                   ? tsb_session_take(device, &session)
                   : CKR_ATTRIBUTE_VALUE_INVALID;

    if (rv == CKR_OK)
        rv = delete_in(device, session, label);
    if (rv == CKR_OK || rv == CKR_OBJECT_HANDLE_INVALID)
        rv = create_in(device, session, label, der, ska_span(name, length));
    tsb_session_give(device, session);
    X509_NAME_free(subject);
    return rv;
}

CK_RV tsb_certificate_get(struct tsb_device *device, const char *label, struct ska_bytes *der)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    CK_RV rv = tsb_session_take(device, &session);

    if (rv == CKR_OK)
        rv = find_certificate(device, session, label, &object);
    if (rv == CKR_OK)
        rv = tsb_key_bytes(device, session, object, CKA_VALUE, der);
    tsb_session_give(device, session);
    return rv;
}

CK_RV tsb_certificate_delete(struct tsb_device *device, const char *label)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_RV rv = tsb_session_take(device, &session);

    if (rv == CKR_OK)
        rv = delete_in(device, session, label);
    tsb_session_give(device, session);
    return rv;
}
