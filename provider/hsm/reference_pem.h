/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key references as PEM, in files in which certificates, other keys and any words may stand too.
 * Stricter than libcrypto's PEM_read_bio(), and without its complaints about what is no PEM.
 */
#ifndef SKA_HSM_REFERENCE_PEM_H
#define SKA_HSM_REFERENCE_PEM_H

#include <openssl/types.h>

#include "provider/base/bytes.h"

/*
 * Reads up to the next PEM block, its first line included. True: it is a key reference. False: it
 * is something else, or there is none.
 */
bool hsm_reference_pem_begins(BIO *in) SKA_MUST_CHECK;

/*
 * Reads the rest of the block: its DER, which may be no reference yet. It is read to its end also
 * when it is refused (SKA_R_BAD_REFERENCE): callers go on behind it, and would fill the error queue
 * with complaints about its remains.
 */
bool hsm_reference_pem_read(BIO *in, struct ska_bytes *der,
                            const struct ska_errors *errors) SKA_MUST_CHECK;

/* DER as PEM. */
bool hsm_reference_pem_write(struct ska_span der, struct ska_bytes *pem,
                             const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
