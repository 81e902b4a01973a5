/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One document on its way to its seal. Whatever ends a call in between, the same call goes on: what
 * is to be approved is fixed and kept first (pending.h), and the seal appears as a whole.
 */
#ifndef SKA_TOOLS_SEAL_SEALING_H
#define SKA_TOOLS_SEAL_SEALING_H

#include <sys/stat.h>

#include "provider/base/error_capture.h"
#include "provider/base/error_place.h"
#include "provider/sign/job.h"
#include "tools/seal/signer.h"

/* What all documents of one call have in common. Borrowed, but for the signer. */
struct seal_call {
    struct tool *tool;
    struct seal_signer signer;
    struct backend_key *key;
    struct ska_sources sources;
    struct ska_approver_keys *approver_keys;
    unsigned int timeout;
    bool alone;              /* the only document: the line of a waiting signature is shown */
    const char *description; /* for approvers; NULL: the document's name */
    bool restart;
    bool force;
    /* Time-stamps; members are NULL where nothing is wanted. */
    const char *tsa;    /* URL */
    const char *tsa_ca; /* path */
    const char *reply;  /* path of what an authority has answered */
    const char *query;  /* path to write to */
};

enum sealing_state {
    SEALING_OPEN,   /* to be signed */
    SEALING_SIGNED, /* and to be written */
    SEALING_WRITTEN,
    SEALING_FAILED /* raised, with the document's name */
};

/* Refers to itself: stays where it is. Free with sealing_clear(). */
struct sealing {
    const struct seal_call *call;
    const char *document;
    char *out;
    char *pending;
    char *description;
    enum sealing_state state;
    bool begun;       /* by an earlier call, which may have signed */
    bool was_there;   /* the seal is of an earlier call */
    bool gives_up;    /* the time-stamp in it, for another one */
    struct stat seen; /* the document, when it was read */
    struct ska_bytes digest;
    struct ska_bytes attributes;
    struct ska_bytes payload;
    struct ska_bytes signature;
    struct ska_bytes timestamp; /* TimeStampToken */
    struct ska_error_place place;
    struct ska_error_capture failure; /* of sealing_sign() */
};

/* Takes over `out`, the path of the seal (NULL: no memory, raised). */
bool sealing_open(struct sealing *sealing, const struct seal_call *call, const char *document,
                  char *out) SKA_MUST_CHECK;
void sealing_clear(struct sealing *sealing);

/* Reads the document, and what earlier calls have left. */
void sealing_prepare(struct sealing *sealing);
/* Asks for approvals and waits, as long as may be; in an ASYNC job it is paused meanwhile. */
void sealing_sign(struct sealing *sealing);
/* Says what has become of it, writes the seal, has the time-stamp made. */
void sealing_finish(struct sealing *sealing);

#endif
