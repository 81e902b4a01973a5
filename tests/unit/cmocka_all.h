/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka, with the headers that it needs before it. */
#ifndef SKA_TESTS_CMOCKA_ALL_H
#define SKA_TESTS_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Version 2 knows the type of what it compares, and warns of the name that all versions have. */
#ifdef assert_uint_in_range
#undef assert_in_range
#define assert_in_range assert_uint_in_range
#endif

#endif
