/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates as an application gives them.
 */
#include "simulator/template.h"

#include <string.h>

const CK_ATTRIBUTE *sim_template_find(const CK_ATTRIBUTE *attributes, CK_ULONG count,
                                      CK_ATTRIBUTE_TYPE type)
{
    for (CK_ULONG i = 0; attributes != NULL && i < count; i++) {
        if (attributes[i].type == type &&
            (attributes[i].pValue != NULL || attributes[i].ulValueLen == 0))
            return &attributes[i];
    }
    return NULL;
}

bool sim_template_has_class(const CK_ATTRIBUTE *attributes, CK_ULONG count,
                            CK_OBJECT_CLASS object_class)
{
    const CK_ATTRIBUTE *attribute = sim_template_find(attributes, count, CKA_CLASS);
    CK_OBJECT_CLASS given = 0;

    if (attribute == NULL || attribute->ulValueLen != sizeof(given))
        return false;
    memcpy(&given, attribute->pValue, sizeof(given));
    return given == object_class;
}
