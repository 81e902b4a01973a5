/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps threads apart that SoftHSM does not. SoftHSM 2.6.1 re-reads an object's file whenever
 * anything looks at the object. A thread that looks while another one makes or changes it reads
 * half of it, and the object counts as broken for both. So calls that write objects have SoftHSM
 * for themselves.
 */
#ifndef SKASIM_GATE_H
#define SKASIM_GATE_H

#include <pkcs11.h>

/* Puts the gate in front of the functions of SoftHSM that touch objects. */
void sim_gate_install(CK_FUNCTION_LIST *functions);

/*
 * Around fork(): no thread is inside then. In the child the gate is made anew: who waited in front
 * of it were the parent's threads.
 */
void sim_gate_close(void);
void sim_gate_open(void);
void sim_gate_renew(void);

#endif
