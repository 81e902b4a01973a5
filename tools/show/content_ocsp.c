/* SPDX-License-Identifier: Apache-2.0 */
/* Not by libcrypto, which does not tell all that it has read. */
#include "tools/show/content_ocsp.h"

#include <openssl/ocsp.h>

#include "provider/base/der.h"
#include "tools/show/content_der.h"
#include "tools/show/content_extension.h"

/* No fingerprint is longer (SHA-512). */
#define FINGERPRINT_LONGEST 64

/* IMPLICIT NULL in a CHOICE. */
#define GOOD 0x80
#define REVOKED SKA_DER_TAGGED(1)
#define UNKNOWN 0x82

static bool row_take_fingerprint(const struct content_listener *listener, const char *name,
                                 struct ska_span *from)
{
    struct ska_span hash = {NULL, 0};

    return ska_der_take(from, SKA_DER_OCTET_STRING, &hash) && hash.length <= FINGERPRINT_LONGEST &&
           content_row_hex(listener, name, hash);
}

/* ---- One certificate ------------------------------------------------------------------------- */

static bool row_status(const struct content_listener *listener, uint8_t status,
                       struct ska_span serial)
{
    struct ska_buffer value = {0};

    ska_buffer_text(&value, status == GOOD      ? "good: "
                            : status == REVOKED ? "revoked: "
                                                : "unknown: ");
    ska_buffer_hex(&value, serial);
    return content_row_of(listener, "certificate with the serial number", &value);
}

/* RevokedInfo ::= SEQUENCE { GeneralizedTime, [0] CRLReason OPTIONAL } */
static bool rows_revoked(const struct content_listener *listener, struct ska_span inside)
{
    struct ska_span tagged = {NULL, 0};
    struct ska_span reason = {NULL, 0};
    struct ska_buffer value = {0};

    if (!content_row_take_time(listener, "  revoked at", &inside))
        return false;
    if (inside.length == 0)
        return true;
    if (!ska_der_take(&inside, SKA_DER_TAGGED(0), &tagged) || inside.length > 0 ||
        !ska_der_take(&tagged, SKA_DER_ENUMERATED, &reason) || tagged.length > 0 ||
        reason.length != 1)
        return false;
    ska_buffer_format(&value, "%s (%d)", OCSP_crl_reason_str(reason.data[0]), reason.data[0]);
    return content_row_of(listener, "  because of", &value);
}

/* CertStatus, with nothing behind it */
static bool rows_status(const struct content_listener *listener, uint8_t status,
                        struct ska_span inside)
{
    if (status == REVOKED)
        return rows_revoked(listener, inside);
    return (status == GOOD || status == UNKNOWN) && inside.length == 0;
}

/* [number] EXPLICIT Extensions; absent is allowed. Takes it. */
static bool rows_take_extensions(const struct content_listener *listener, struct ska_span *from)
{
    struct ska_span tagged = {NULL, 0};

    return from->length == 0 || (ska_der_take(from, SKA_DER_TAGGED(1), &tagged) &&
                                 content_rows_extensions_der(listener, tagged));
}

/* CertID ::= SEQUENCE { AlgorithmIdentifier, OCTET STRING, OCTET STRING, INTEGER } */
static bool rows_issuer(const struct content_listener *listener, struct ska_span id)
{
    struct ska_span algorithm = {NULL, 0};

    return ska_der_take(&id, SKA_DER_SEQUENCE, &algorithm) &&
           content_row_algorithm(listener, "  digest of what follows", algorithm) &&
           row_take_fingerprint(listener, "  fingerprint of its issuer's name", &id) &&
           row_take_fingerprint(listener, "  fingerprint of its issuer's key", &id);
}

static bool read_serial(struct ska_span id, struct ska_span *serial)
{
    struct ska_span ignored = {NULL, 0};

    return ska_der_take(&id, SKA_DER_SEQUENCE, &ignored) &&
           ska_der_take(&id, SKA_DER_OCTET_STRING, &ignored) &&
           ska_der_take(&id, SKA_DER_OCTET_STRING, &ignored) &&
           ska_der_take(&id, SKA_DER_INTEGER, serial) && id.length == 0;
}

static bool row_take_next_update(const struct content_listener *listener, struct ska_span *from)
{
    struct ska_span tagged = {NULL, 0};

    return !ska_der_take(from, SKA_DER_TAGGED(0), &tagged) ||
           (content_row_take_time(listener, "  the next answer by", &tagged) && tagged.length == 0);
}

/* SingleResponse ::= SEQUENCE { CertID, CertStatus, thisUpdate, [0] nextUpdate OPTIONAL,
 * [1] Extensions OPTIONAL } */
static bool rows_single(const struct content_listener *listener, struct ska_span single)
{
    struct ska_span id = {NULL, 0};
    struct ska_span serial = {NULL, 0};
    struct ska_span inside = {NULL, 0};
    uint8_t status = 0;

    return ska_der_take(&single, SKA_DER_SEQUENCE, &id) && read_serial(id, &serial) &&
           ska_der_next(&single, &status, &inside) && row_status(listener, status, serial) &&
           rows_status(listener, status, inside) && rows_issuer(listener, id) &&
           content_row_take_time(listener, "  as of", &single) &&
           row_take_next_update(listener, &single) && rows_take_extensions(listener, &single) &&
           single.length == 0;
}

/* ---- All of it ------------------------------------------------------------------------------- */

/* ResponderID ::= CHOICE { [1] Name, [2] KeyHash } */
static bool row_take_responder(const struct content_listener *listener, struct ska_span *from)
{
    struct ska_span inside = {NULL, 0};

    if (ska_der_take(from, SKA_DER_TAGGED(1), &inside))
        return content_row_name_der(listener, "answered by", inside);
    return ska_der_take(from, SKA_DER_TAGGED(2), &inside) &&
           row_take_fingerprint(listener, "answered by the key with the fingerprint", &inside) &&
           inside.length == 0;
}

/* Of version 1, which DER leaves out. */
bool content_read_ocsp(struct ska_span content, const struct content_listener *listener)
{
    struct ska_span inside = {NULL, 0};
    struct ska_span answers = {NULL, 0};
    struct ska_span single = {NULL, 0};

    if (!ska_der_take(&content, SKA_DER_SEQUENCE, &inside) || content.length > 0 ||
        !row_take_responder(listener, &inside) ||
        !content_row_take_time(listener, "made at", &inside) ||
        !ska_der_take(&inside, SKA_DER_SEQUENCE, &answers))
        return false;
    while (answers.length > 0)
        if (!ska_der_take(&answers, SKA_DER_SEQUENCE, &single) || !rows_single(listener, single))
            return false;
    return rows_take_extensions(listener, &inside) && inside.length == 0;
}
