/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data objects of the token. Each has an application, and a name that is its own there.
 */
#ifndef SKATSB_DEVICE_DATA_H
#define SKATSB_DEVICE_DATA_H

#include "simulator/tsb/device_key.h"

struct tsb_data {
    const char *application;
    const char *name;
    bool private_object, modifiable, destroyable;
};

/* CKR_OBJECT_HANDLE_INVALID, here and below: there is none of this name. */
CK_RV tsb_data_read(struct tsb_device *device, struct tsb_data *data, struct ska_bytes *value);
CK_RV tsb_data_write(struct tsb_device *device, const struct tsb_data *data, struct ska_span value);
CK_RV tsb_data_destroy(struct tsb_device *device, const struct tsb_data *data);

#endif
