/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/device_data.h"

#include <string.h>

static CK_RV find_data(struct tsb_device *device, CK_SESSION_HANDLE session,
                       const struct tsb_data *data, CK_OBJECT_HANDLE *object)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    struct tsb_template wanted = {.count = 0};

    tsb_template_put(&wanted, CKA_CLASS, &class, sizeof(class));
    tsb_template_put(&wanted, CKA_APPLICATION, data->application, strlen(data->application));
    tsb_template_put(&wanted, CKA_LABEL, data->name, strlen(data->name));
    return tsb_object_match(device, session, &wanted, object);
}

static bool read_flag(struct tsb_device *device, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                      CK_ATTRIBUTE_TYPE type)
{
    CK_BBOOL value = CK_FALSE;
    CK_ATTRIBUTE attribute = {type, &value, sizeof(value)};

    return tsb_device_calls(device)->C_GetAttributeValue(session, object, &attribute, 1) ==
               CKR_OK &&
           value == CK_TRUE;
}

CK_RV tsb_data_read(struct tsb_device *device, struct tsb_data *data, struct ska_bytes *value)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    CK_RV rv = tsb_session_take(device, &session);

    if (rv == CKR_OK)
        rv = find_data(device, session, data, &object);
    if (rv == CKR_OK)
        rv = tsb_key_bytes(device, session, object, CKA_VALUE, value);
    if (rv == CKR_OK) {
        data->private_object = read_flag(device, session, object, CKA_PRIVATE);
        data->modifiable = read_flag(device, session, object, CKA_MODIFIABLE);
        data->destroyable = read_flag(device, session, object, CKA_DESTROYABLE);
    }
    tsb_session_give(device, session);
    return rv;
}

CK_RV tsb_data_write(struct tsb_device *device, const struct tsb_data *data, struct ska_span value)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    struct tsb_template template = {.count = 0};
    CK_RV rv = tsb_session_take(device, &session);

    tsb_template_put(&template, CKA_CLASS, &class, sizeof(class));
    tsb_template_put_flag(&template, CKA_TOKEN, true);
    tsb_template_put_flag(&template, CKA_PRIVATE, data->private_object);
    tsb_template_put_flag(&template, CKA_MODIFIABLE, data->modifiable);
    tsb_template_put_flag(&template, CKA_DESTROYABLE, data->destroyable);
    tsb_template_put(&template, CKA_APPLICATION, data->application, strlen(data->application));
    tsb_template_put(&template, CKA_LABEL, data->name, strlen(data->name));
    tsb_template_put(&template, CKA_VALUE, value.data, value.length);
    if (rv == CKR_OK)
        rv = tsb_device_calls(device)->C_CreateObject(session, template.list, template.count,
                                                      &object);
    tsb_session_give(device, session);
    return rv;
}

CK_RV tsb_data_destroy(struct tsb_device *device, const struct tsb_data *data)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    CK_RV rv = tsb_session_take(device, &session);

    if (rv == CKR_OK)
        rv = find_data(device, session, data, &object);
    if (rv == CKR_OK)
        rv = tsb_device_calls(device)->C_DestroyObject(session, object);
    tsb_session_give(device, session);
    return rv;
}
