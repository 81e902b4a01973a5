/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this user has answered with skatool, and which approvers the requests named then: a file of
 * one JSON object on each line, which is only ever added to (doc/formats.md). It is below
 * $XDG_STATE_HOME/ska, or ~/.local/state/ska, and this user's alone.
 */
#ifndef SKA_TOOLS_HISTORY_H
#define SKA_TOOLS_HISTORY_H

#include "provider/base/json.h"
#include "provider/request/request.h"
#include "tools/show/named_keys.h"

/* ---- Writing --------------------------------------------------------------------------------- */

enum history_answer { HISTORY_APPROVED, HISTORY_REFUSED };
/* Whether that, by the member "answer" of a line, was a rejection. */
bool history_is_refusal(const char *answer);

struct history_record {
    OSSL_LIB_CTX *libctx;
    enum history_answer answer;
    const struct ska_request *request;
    struct ska_span key_name;   /* in the approval token */
    struct ska_span public_key; /* of who answers */
    const char *reason;         /* of a refusal; NULL: none */
    const char *broker_id;      /* of the request of a task; NULL: it is not known */
};

/*
 * Adds a line, and has it on the disk before it returns. Makes the file and its folder where they
 * are missing.
 */
bool history_add(const struct history_record *record,
                 const struct ska_errors *errors) SKA_MUST_CHECK;

/* What was answered, whatever id it had. Free with history_subject_clear(). */
struct history_subject {
    const char *operation;                    /* a literal */
    char *key;                                /* its name, as it is printed */
    char payload_sha256[NAMED_KEY_HASH_SIZE]; /* to block and to unblock, of no bytes */
    char *document_digest;                    /* in hexadecimal; NULL: none is told */
};
/* False: out of memory; clear it all the same. */
bool history_subject_of(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                        struct ska_span key_name, struct history_subject *subject) SKA_MUST_CHECK;
void history_subject_clear(struct history_subject *subject);

/* ---- Reading --------------------------------------------------------------------------------- */

/* What earlier requests for a key said. Starts as {0}; free with history_clear(). */
struct history {
    size_t requests;             /* for a key of this name; 0: nothing is known */
    size_t broken;               /* lines that were passed over */
    struct named_keys approvers; /* of them, unsorted */
    /* The key itself in the latest request that told which it is; "" and 0: none did. */
    char key_sha256[NAMED_KEY_HASH_SIZE];
    uint64_t key_seconds;
};

/*
 * Reads what is known of keys of this name. Lines that are none of such a file are passed over, and
 * raised into `broken`. That there is no file is no failure; one that others may write is.
 */
bool history_read(struct ska_span key_name, struct history *history,
                  const struct ska_errors *broken, const struct ska_errors *errors) SKA_MUST_CHECK;
void history_clear(struct history *history);

/*
 * The file itself, for history_entries.h: *file is -1 where there is none yet. *path is to be
 * freed, also after a failure.
 */
bool history_open_to_read(int *file, char **path, const struct ska_errors *errors) SKA_MUST_CHECK;

/* Any line, without its end: an object that is not too long. Free *json after success. */
bool history_parse_line(struct ska_span line, const char *shown, cJSON **json,
                        struct ska_json_place *top, const struct ska_errors *errors) SKA_MUST_CHECK;
/* The members of a line that are of one form only. */
bool history_take_time(const struct ska_json_place *place, const char **text,
                       uint64_t *seconds) SKA_MUST_CHECK;
bool history_take_answer(const struct ska_json_place *place, const char **answer) SKA_MUST_CHECK;
bool history_take_sha256(const struct ska_json_place *place, const char *name,
                         const char **sha256) SKA_MUST_CHECK;

/* One line, without its end, as history_read() takes it: false, with errors raised, for others. */
bool history_take_line(struct ska_span line, const char *shown, struct ska_span key_name,
                       struct history *history, const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
