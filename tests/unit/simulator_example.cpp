/* SPDX-License-Identifier: Apache-2.0 */
/* The same program as C++, as the vendor's examples are. */
#include "simulator_example_test.c"
