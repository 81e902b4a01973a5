/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKA_TEST_SOFTHSM_RACING_H
#define SKA_TEST_SOFTHSM_RACING_H

/*
 * Exported by the module under this name. The look-th reading of attributes from now on meets the
 * moment; 0: none does. Returns how many were still to come.
 */
typedef int softhsm_racing_set(int look);
extern int softhsm_racing(int look);

#endif
