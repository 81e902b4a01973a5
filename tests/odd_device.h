/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS#11 module for tests: SoftHSM, behaving as this or that vendor's module does. Which of it
 * is in the environment: ODD_DEVICE, words separated by blanks (the table in odd_device.c);
 * ODD_DEVICE_PIN, a file with the PIN that the device takes (pin-of-file=SOFTHSM'S);
 * ODD_DEVICE_LOG, a file that gets a line for each call of C_Initialize, C_Finalize, C_Login and
 * C_SignInit. A program can do to the device what happens to devices.
 */
#ifndef SKA_TEST_ODD_DEVICE_H
#define SKA_TEST_ODD_DEVICE_H

/* Exported by the module under this name: CKR_DEVICE_ERROR from now on, until C_Finalize and
 * C_Initialize. */
typedef void odd_device_event(void);
extern void odd_device_break_down(void);

#endif
