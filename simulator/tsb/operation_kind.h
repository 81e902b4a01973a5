/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKATSB_OPERATION_KIND_H
#define SKATSB_OPERATION_KIND_H

#include "simulator/tsb/operation.h"
#include "simulator/tsb/operation_number.h"

const struct tsb_operation_kind *tsb_operation_kind(enum tsb_kind kind);

#endif
