/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ska/simulator.h: what the simulator adds. None of it is the vendor's; the numbers
 * are in a part of the vendor range that the vendor's published numbers do not use.
 */
#ifndef SKA_SIMULATOR_H
#define SKA_SIMULATOR_H

/* CK_INFO.manufacturerID of the simulator (padded with blanks there). */
#define SKASIM_MANUFACTURER "SKA simulator"

/* CK_BBOOL, read only: the key's rules met the requirements of SAM mode when they were made. */
#define CKA_SKA_SAM_APPROVED 0x80534B01UL

/*
 * The label of an SKA key or a timestamp key is its name in approvals and timestamps. Any attempt
 * to give another private key the same label fails with CKR_ATTRIBUTE_VALUE_INVALID.
 *
 * Results of the vendor calls when the rules forbid something. The device has conditions with these
 * names; its numbers are not public.
 */
#define CKR_SKASIM_OBJECT_BLOCKED 0x80534B01UL     /* the key is blocked */
#define CKR_SKASIM_TOKEN_NOT_FOUND 0x80534B02UL    /* no policy token of the rule is satisfied */
#define CKR_SKASIM_PARAMETERS_INVALID 0x80534B03UL /* malformed, or for something else */
#define CKR_SKASIM_PAYLOAD_MISMATCH 0x80534B04UL   /* copies of the payload differ */

/*
 * Of two vendor calls, C_SKADecrypt and C_SKAUnwrap, only the names are public, not the arguments.
 * The simulator's replacements need Cryptoki's types: see simulator_calls.h.
 * Tokens for both are made with CK_SKA_DECRYPT and CK_SKA_UNWRAP; in a token, as in the vendor's,
 * both are a use of the key, like a signature, and the payload says what for.
 */

#endif
