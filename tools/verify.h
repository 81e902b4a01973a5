/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be verified of a request, a bundle or evidence without an HSM.
 */
#ifndef SKA_TOOLS_VERIFY_H
#define SKA_TOOLS_VERIFY_H

#include "provider/base/error_capture.h"
#include "provider/request/request.h"
#include "tools/tool.h"

/*
 * Lines "    ok      ...", "    WRONG   ...", "    MISSING ..." and "    -       ..." (nothing to
 * verify). Starts with libctx set and the rest zero; free with verify_clear().
 */
struct verification {
    OSSL_LIB_CTX *libctx;
    struct ska_buffer text;
    size_t wrong;            /* lines WRONG and MISSING */
    struct ska_buffer first; /* what the first of them says */
    enum ska_reason reason;  /* of a failure that is among them; 0: none */
};
void verify_clear(struct verification *verification);

enum verdict { VERIFY_OK, VERIFY_WRONG, VERIFY_MISSING, VERIFY_NOTHING };

void verify_add(struct verification *verification, enum verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A failure as something that is WRONG. Whatever it is refused for elsewhere, here it is input. */
void verify_add_failure(struct verification *verification, const struct ska_error_capture *failure);

/* Prints what was verified and clears it; false, and said with `reason`, when something is wrong.
 */
bool verify_conclude(struct tool *tool, struct verification *verification, enum ska_reason reason,
                     const char *shown) SKA_MUST_CHECK;

/* Everything, for a request that ska_request_parse() has accepted. False: out of memory. */
bool verify_request(struct verification *verification, struct ska_request *request,
                    const struct ska_errors *errors) SKA_MUST_CHECK;

/* What there is without a token, for one that ska_request_parse_draft() has accepted. */
bool verify_told_request(struct verification *verification, const struct ska_request *request,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
