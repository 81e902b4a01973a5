/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request that an approver has before him, from a file or from a place of requests, with his
 * key, and with what others have said already. What approve, reject and the inbox have in common.
 */
#ifndef SKA_TOOLS_REVIEW_H
#define SKA_TOOLS_REVIEW_H

#include "tools/approver.h"
#include "tools/own_answers.h"
#include "tools/show/briefing.h"
#include "tools/request_source.h"
#include "tools/tool.h"

/* Starts with the command line filled in and the rest zero. */
struct review {
    const char *approver;    /* KEY */
    const char *certificate; /* --cert; NULL: none */
    /* Opened where it is not open yet, so that several reviews can go by one; closed by its owner.
     */
    struct approver *key;
    /* What it has to be, each time that it is read: a place may hold something else by then than
     * when it was listed. NULL: anything. */
    const struct request_filter *wanted;

    /* What this user has rejected before, to be looked at for several; NULL: read for this one. */
    const struct own_rejections *rejections;

    struct document_folder *folder; /* in which documents are looked for; NULL: none */

    struct request_source source;
    struct ska_request *request;
    struct ska_ballot ballot;          /* by the requester's rule */
    const struct ska_approver *listed; /* this approver in the request's rule; NULL: no rule */
    struct ska_standing chance;        /* of this approver's approval; only with a rule */
};

/*
 * Opens the place that the source names, unless it is a file; then others can ask what it can.
 */
bool review_open_place(struct tool *tool, struct review *review) SKA_MUST_CHECK;
/*
 * Reads the request; one that is not wanted is refused (SKA_R_KEY_MISMATCH,
 * SKA_R_OPERATION_MISMATCH, SKA_R_BAD_REQUEST, SKA_R_UNSUPPORTED). After false see
 * review_answer_again().
 */
bool review_read(struct tool *tool, struct review *review) SKA_MUST_CHECK;
/*
 * Where review_read() has raised nothing: this approver has answered it, and is asked no more. The
 * same answer again is nothing to do; the other one is refused (SKA_R_DECLINED).
 */
bool review_answer_again(struct tool *tool, const struct review *review,
                         bool refusing) SKA_MUST_CHECK;
/* Whether it lies where a broker carries requests to approvers; false for a file. */
bool review_is_of_broker(const struct review *review);
/* Whether it still waits for this approver: others may have answered since it was listed. */
bool review_waits(const struct review *review);

/* An id stands for what is in the request; another one would be taken for another request. */
bool review_check_id(struct tool *tool, const struct ska_request *request,
                     const char *shown) SKA_MUST_CHECK;
/*
 * Refuses what nobody should be asked to approve: what cannot be shown, what is not what it says,
 * and a request whose id is another's.
 */
bool review_check(struct tool *tool, const struct review *review) SKA_MUST_CHECK;
/* Opens the key (a passphrase may be asked for), finds its place in the rule, counts. */
bool review_open_key(struct tool *tool, struct review *review) SKA_MUST_CHECK;
void review_close(struct review *review);

/* The approver's key in the very encoding of the rule, which is what approvals are told by. */
struct ska_span review_key(const struct review *review);

/* Counts again what is there now. */
bool review_count(struct tool *tool, struct review *review) SKA_MUST_CHECK;

/*
 * People take their time: reads the request again. Refused when another stands in its place;
 * otherwise it takes the place of the one before (with --dir: that one stays).
 */
bool review_read_again(struct tool *tool, struct review *review) SKA_MUST_CHECK;

/*
 * Shows the briefing and asks; with `yes` it is printed to standard output (with `to_stderr`: to
 * standard error) and nobody is asked. False, with SKA_R_DECLINED raised, for any answer but yes,
 * and with `yes` for another request for what this approver has rejected.
 */
struct review_question {
    const char *question;
    const char *declined;            /* "nothing was signed" */
    const struct document *document; /* see struct briefing */
    bool refusing;
    bool yes;
    bool to_stderr;
};
bool review_ask(struct tool *tool, const struct review *review,
                const struct review_question *question) SKA_MUST_CHECK;

/*
 * The same for one of many, which is shown in six lines where they are enough (briefing_short.h).
 * `lead` is before them: "3 of 50"; `patience_ms` as in terminal.h.
 */
enum review_choice {
    REVIEW_YES,
    REVIEW_NEXT,
    REVIEW_REJECT,
    REVIEW_QUIT,
    REVIEW_NOBODY /* has answered in time */
};
struct review_offer {
    const char *lead;
    const struct document *document;
    const char *searched; /* a folder in which no file is the document; NULL: none */
    int64_t patience_ms;
};
bool review_choose(struct tool *tool, const struct review *review, const struct review_offer *offer,
                   enum review_choice *choice) SKA_MUST_CHECK;
/*
 * Whether this approver has rejected the same, by whatever id; `document` (NULL: none) is from the
 * review's folder. Of a directory it is looked for in
 * `rejections`, which must not be NULL.
 */
struct rejected_before {
    const char *when;   /* borrowed; NULL: not that it were known */
    const char *unread; /* borrowed: why not all is known, see own_rejections; NULL: it is */
};
bool review_rejected_before(struct tool *tool, const struct review *review,
                            const struct document *document,
                            struct rejected_before *before) SKA_MUST_CHECK;
/*
 * Whether it may be approved where nobody reads the page: of a signature six lines would be enough,
 * of a change of a key there is no warning, and of either it is known whether it was rejected
 * before. *why_not says what has to be read.
 */
bool review_may_be_unread(struct tool *tool, const struct review *review,
                          const struct document *document, bool *may,
                          struct ska_buffer *why_not) SKA_MUST_CHECK;

/*
 * Adds the answer to what this user's skatool has seen; before it is handed out. That it cannot is
 * a warning.
 */
void review_remember(struct tool *tool, const struct review *review, enum history_answer answer,
                     const char *reason);

/*
 * Approves what was shown, unless another stands in its place by now, and hands that in where the
 * request lies.
 */
bool review_approve(struct tool *tool, struct review *review) SKA_MUST_CHECK;
/* The same of a refusal; reason NULL: none. */
bool review_refuse(struct tool *tool, struct review *review, const char *reason) SKA_MUST_CHECK;

/* A reason that a refusal can have where the request lies; NULL, none, is one. */
bool review_check_reason(struct tool *tool, const struct review *review,
                         const char *reason) SKA_MUST_CHECK;

/*
 * The refusal of what was shown, remembered as above. To be cleared by the caller, also after a
 * failure.
 */
bool review_sign_refusal(struct tool *tool, struct review *review, const char *reason,
                         struct ska_approval *refusal) SKA_MUST_CHECK;

/*
 * ". Send it to whoever asked: user 1000 of the computer vm, as the request says": after the name
 * of a file.
 */
void review_add_addressee(const struct review *review, struct ska_buffer *text);

/* "alice's approval of request 0123456789abcdef to sign with key 'seal'"; `what`: "approval". */
void review_name_answer(const struct review *review, const char *what, struct ska_buffer *text);
/* "Put ", or to a broker "Sent ": what was done with it. */
const char *review_sent_word(const struct review *review);

#endif
