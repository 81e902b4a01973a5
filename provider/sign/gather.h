/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of signing share: bundles that were handed in, and gathering approvals from agents
 * and from an approvals directory, for as long as the signature may wait.
 */
#ifndef SKA_SIGN_GATHER_H
#define SKA_SIGN_GATHER_H

#include "provider/sign/directory.h"
#include "provider/sign/send.h"

struct ska_request_options ska_signing_options(const struct ska_signing *signing);
struct ska_sender ska_signing_sender(const struct ska_signing *signing);

/* ---- signing.c ------------------------------------------------------------------------------- */

/* Signs for a rule that needs nobody; fails for any other. */
bool ska_sign_alone(const struct ska_signing *signing, const struct ska_output *output,
                    const struct ska_errors *errors) SKA_MUST_CHECK;

/* ---- bundle.c -------------------------------------------------------------------------------- */

/* The bundles of the sources as one request; NULL when there is none. Freed by the caller, also
 * after a failure. */
bool ska_bundles_read(const struct ska_signing *signing, struct ska_request **request,
                      const struct ska_errors *errors) SKA_MUST_CHECK;

/* ---- open_request.c -------------------------------------------------------------------------- */

/* A request, and where it stands in the approvals directory. */
struct ska_open_request {
    struct ska_directory *directory; /* NULL: none */
    struct ska_request *request;
    struct ska_request *superseded; /* what it replaces there */
    bool published;
    bool exchanged; /* by ska_open_request_publish(): it is another request than before */
    int hold;       /* see ska_directory_hold(); -1: none */
};

/*
 * The request for this signature: the bundle's (open->request), the one that stands in the
 * directory, the prepared one, or a new one. `rule` is NULL where the HSM does not tell it.
 */
bool ska_open_request_find(const struct ska_signing *signing, const struct ska_rule *rule,
                           struct ska_open_request *open,
                           const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Makes it stand in the directory, where it may have stood before; when another process was faster,
 * open->request is its request then, without approvals.
 */
bool ska_open_request_publish(const struct ska_signing *signing, const struct ska_rule *rule,
                              struct ska_open_request *open,
                              const struct ska_errors *errors) SKA_MUST_CHECK;

/* Removes it there, unless another process works on it. */
void ska_open_request_finish(struct ska_open_request *open);
void ska_open_request_clear(struct ska_open_request *open);

/* ---- gather.c -------------------------------------------------------------------------------- */

/*
 * Takes over the bundle's request, which may be NULL. `remembered`: the rule by which approvals are
 * counted, emptied when it is taken, still the caller's to clear; NULL: as the HSM tells it now.
 */
bool ska_gather_and_sign(const struct ska_signing *signing, struct ska_request *bundle,
                         struct ska_rule *remembered, const struct ska_output *output,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

/* ---- remembered.c ---------------------------------------------------------------------------- */

/*
 * The same, by the rule that was read with the key where that is enough. Takes over the bundle's
 * request, which may be NULL.
 */
bool ska_sign_gathering(const struct ska_signing *signing, struct ska_request *bundle,
                        const struct ska_output *output,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
