/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates as an application gives them.
 */
#ifndef SKASIM_TEMPLATE_H
#define SKASIM_TEMPLATE_H

#include <stdbool.h>

#include <pkcs11.h>

/* An attribute of a template; NULL when it is not there, or has a length but no value. */
const CK_ATTRIBUTE *sim_template_find(const CK_ATTRIBUTE *attributes, CK_ULONG count,
                                      CK_ATTRIBUTE_TYPE type);

/* Whether a template names this object class. */
bool sim_template_has_class(const CK_ATTRIBUTE *attributes, CK_ULONG count,
                            CK_OBJECT_CLASS object_class);

#endif
