/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKA_TEST_SOFTHSM_RACING_H
#define SKA_TEST_SOFTHSM_RACING_H

/*
 * Exported by the module under this name. The look-th reading of attributes from now on meets the
 * moment; 0: none does. Returns how many were still to come.
 */
typedef int softhsm_racing_set(int look);
extern int softhsm_racing(int look);

/*
 * Likewise. The function that is called, in its thread, before each call goes to SoftHSM, with the
 * call's name; NULL: none. To be set when no call is under way.
 */
typedef void softhsm_visitor(const char *name);
typedef void softhsm_visit_set(softhsm_visitor *visitor);
extern void softhsm_visit(softhsm_visitor *visitor);

#endif
