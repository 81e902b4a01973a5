/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one open request for a signature, or for a change of the key, which all who ask for the same
 * thing share.
 */
#ifndef SKA_SIGN_OPEN_REQUEST_H
#define SKA_SIGN_OPEN_REQUEST_H

#include "provider/sign/directory.h"
#include "provider/sign/job.h"

/* A request, and where it stands in the approvals directory. */
struct ska_open_request {
    struct ska_directory *directory; /* NULL: none */
    struct ska_request *request;
    struct ska_request *superseded; /* what it replaces there */
    bool published;
    bool taken_up;  /* it stood there before */
    bool exchanged; /* by ska_open_request_publish(): it is another request than before */
    int hold;       /* see struct ska_standing_request; -1: none */
    /* Names that others have taken, so that it has a later one; of the first ones, with owners. */
    struct ska_buffer passed_by;
    size_t passed_by_count;
};

/*
 * The request for what the job is about: the bundle's (open->request), the one that stands in the
 * directory, the prepared one, or a new one. `rule` is that of a signature, NULL where the HSM does
 * not tell it; rules of a change are read.
 */
bool ska_open_request_find(const struct ska_job *job, const struct ska_rule *rule,
                           struct ska_open_request *open) SKA_MUST_CHECK;

/*
 * Makes it stand in the directory, where it may have stood before; when another process was faster,
 * open->request is its request then, without approvals. When others have taken its name meanwhile
 * it gets another attempt number, and with it another id.
 */
bool ska_open_request_publish(const struct ska_job *job, const struct ska_rule *rule,
                              struct ska_open_request *open) SKA_MUST_CHECK;

/* As ska_directory_close_request(). */
bool ska_open_request_close(struct ska_open_request *open, struct timespec *changed,
                            struct ska_leftovers *left) SKA_MUST_CHECK;
void ska_open_request_clear(struct ska_open_request *open);

#endif
