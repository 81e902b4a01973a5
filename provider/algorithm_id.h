/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AlgorithmIdentifier of a signature, which certificates and CMS carry.
 */
#ifndef SKA_PROVIDER_ALGORITHM_ID_H
#define SKA_PROVIDER_ALGORITHM_ID_H

#include "provider/signature_context.h"

/* In DER; to at most size bytes. */
bool ska_algorithm_id(const struct ska_signature *signature, uint8_t *der, size_t size,
                      size_t *length) SKA_MUST_CHECK;

#endif
