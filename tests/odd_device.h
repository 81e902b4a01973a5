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

struct odd_device_control {
    void (*lose_sessions)(void); /* all, and with them the login */
    void (*log_out)(void);
    void (*break_down)(void); /* CKR_DEVICE_ERROR from now on, until C_Finalize and C_Initialize */
};

/* Exported by the module under this name. */
typedef const struct odd_device_control *odd_device_get(void);
extern const struct odd_device_control *odd_device(void);

#endif
