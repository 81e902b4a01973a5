/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes wrong on purpose, so that clients can be tried: "NAME[@PATH][*COUNT]", several
 * separated by commas. PATH is how the paths of calls begin that it is about ("/v1/request"), none:
 * all; COUNT is how often it happens, none: always.
 */
#ifndef SKATSB_FAULTS_H
#define SKATSB_FAULTS_H

#include <pthread.h>

#include "provider/base/bytes.h"

enum tsb_fault {
    TSB_FAULT_DELETE_204,         /* DELETE answers 204 */
    TSB_FAULT_EMPTY_BODY,         /* an answer has no body */
    TSB_FAULT_HTML_502,           /* 502 and a page of a proxy, nothing done */
    TSB_FAULT_PLAIN_401,          /* 401 without JSON, nothing done */
    TSB_FAULT_NO_RESULT,          /* EXECUTED, and no result */
    TSB_FAULT_MISSING_LISTS,      /* status without lists of approvers, time and result null */
    TSB_FAULT_EXTRA_MEMBERS,      /* members that nobody knows */
    TSB_FAULT_NO_ZONE,            /* executionTime without a zone */
    TSB_FAULT_BLANK_RESULT,       /* blanks and line breaks in a result */
    TSB_FAULT_SLOW,               /* slow-answer milliseconds before the answer */
    TSB_FAULT_LOST_ANSWER,        /* the call is done, and the connection cut without an answer */
    TSB_FAULT_HALF_ANSWER,        /* the connection is cut in the middle of the answer */
    TSB_FAULT_HUGE_ANSWER,        /* 2 MiB */
    TSB_FAULT_HSM_ERROR,          /* 500, 701 instead of doing it */
    TSB_FAULT_SIGNER_NOT_ALLOWED, /* 400, 415 */
    TSB_FAULT_API_KEY_MISSING,    /* 400, 416 */
    TSB_FAULT_AIR_GAPPED,         /* status with a sentence as result while it is pending */
    TSB_FAULT_PENDING,            /* requests stay pending for ever */
    TSB_FAULT_FOREIGN_RESULT,     /* the result is another key's signature */
    TSB_FAULT_COUNT
};

struct tsb_faults {
    const char *text; /* as in the configuration, borrowed; NULL: none */
    pthread_mutex_t lock;
    unsigned int happened[64]; /* of each entry */
};

/* Whether a text says faults. */
bool tsb_faults_valid(const char *text);

bool tsb_faults_init(struct tsb_faults *faults, const char *text) SKA_MUST_CHECK;
void tsb_faults_clear(struct tsb_faults *faults);

/* Whether this one happens now, at a call of this path; it is counted then. */
bool tsb_fault_happens(struct tsb_faults *faults, enum tsb_fault fault, const char *path);

#endif
