/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where requests lie that people answer: an approvals directory, or a broker. Whatever looks at
 * more than one request, or at one by its id, goes by this; what kinds there are is known to
 * place_options.c alone, which opens one.
 */
#ifndef SKA_TOOLS_REQUEST_PLACE_H
#define SKA_TOOLS_REQUEST_PLACE_H

#include "provider/backend/broker.h"
#include "provider/sign/ballot.h"
#include "provider/sign/directory.h"
#include "tools/approver.h"
#include "tools/own_answers.h"
#include "tools/tool.h"

/* ---- Requests -------------------------------------------------------------------------------- */

/* What can become of a request. */
enum request_outlook {
    REQUEST_OPEN,     /* approvals are missing, and may come */
    REQUEST_COMPLETE, /* there are enough */
    REQUEST_HOPELESS, /* too many have refused, or nobody may approve */
    REQUEST_OVER      /* it is too late for approvals, or they could never be used */
};

/* Who has put a request there, by the file system. */
struct request_origin {
    bool known;  /* false: nobody can tell */
    uid_t owner; /* of the file */
    bool remote; /* the file system is another computer's, and so its users are */
};

/* One request, and what is known of it; it is gone when the visitor returns. */
struct listed_request {
    struct ska_request *request;
    size_t digits; /* of its id that tell it from others */
    struct request_origin origin;
    time_t arrived;             /* 0: not known */
    bool answers_hidden;        /* nothing is known of those so far */
    struct ska_ballot ballot;   /* by the requester's rule */
    struct ska_standing chance; /* of the approvals that are enough, else of one by anybody */
    enum request_outlook outlook;
    enum ska_awaited awaited;
    const char *word; /* what the place says of it; NULL: nothing */
};
void listed_request_clear(struct listed_request *listed);
/* Finds chance and outlook by the ballot. */
void listed_request_judge(struct listed_request *listed);

/* Which requests are wanted. Starts as REQUEST_FILTER_ALL. */
struct request_filter {
    const struct approver *approver; /* only what waits for this one; NULL: all */
    const char *key;                 /* label; NULL: all */
    const char *operation;           /* "sign", "block", ...; NULL: all */
    const char *requester;           /* number or name of a user, host or program; NULL: all */
    /* Only a user whose file it is, and who has not imported it: anybody can write the rest. */
    bool certain_requester;
    int64_t least_age; /* in seconds; 0: all */
    int64_t most_age;  /* INT64_MAX: all */
};
#define REQUEST_FILTER_ALL ((struct request_filter){.most_age = INT64_MAX})

/*
 * By key and operation, which are those of the approval token in all that was read, and requester.
 */
bool request_filter_takes(const struct request_filter *filter, const struct ska_request *request,
                          const struct request_origin *origin);
/* By age; what has come at an unknown time is as old as is wanted. */
bool request_filter_takes_age(const struct request_filter *filter, time_t arrived, time_t now);

/* By name, or by a number that need not be a user of this computer; (uid_t)-1: nobody, or NULL. */
uid_t request_user(const char *who);

/* "30m", "12h", "7d": SKA_R_WRONG_USE for others. `text` NULL leaves *seconds as it is. */
bool request_age(struct tool *tool, const char *option, const char *text,
                 int64_t *seconds) SKA_MUST_CHECK;

/* ---- Places ---------------------------------------------------------------------------------- */

struct request_place;

/* Calls of a visitor: false ends it, who has raised why. */
typedef bool request_visit(void *arg, struct listed_request *listed);

/*
 * What each kind of place does. Those that may be NULL: it cannot, which the functions below say.
 * All raise into place->tool->errors.
 */
struct request_place_kind {
    /*
     * Others carry requests to approvers and tell them nothing of each other: no rule, and none of
     * the answers so far; ids are what they call their tasks.
     */
    bool is_broker;
    bool keeps_results; /* what has become of a request is fetched from there */
    void (*close)(struct request_place *place);
    struct ska_directory *(*directory)(struct request_place *place);
    bool (*visit)(struct request_place *place, const struct request_filter *filter,
                  request_visit *visit, void *arg);
    bool (*find)(struct request_place *place, const char *given,
                 char id[SKA_REQUEST_ID_LENGTH + 1]);
    bool (*read)(struct request_place *place, const char *id, struct ska_request **request,
                 struct request_origin *origin);
    const struct own_rejections *(*rejections)(struct request_place *place);
    bool (*count)(struct request_place *place, struct ska_ballot *ballot, bool quiet);
    bool (*waits)(struct request_place *place, const struct ska_ballot *ballot,
                  struct ska_span public_key);
    bool (*put)(struct request_place *place, const struct ska_request *request,
                enum ska_file_kind kind, struct ska_approval *answer, char *name);
    bool (*broker_id)(struct request_place *place, const struct ska_request *request,
                      char id[BROKER_ID_SIZE]);
    bool (*is_open)(struct request_place *place, const char *id);
    bool (*withdraw)(struct request_place *place, const struct ska_ballot *ballot);
};

/* The first member of each kind's own. */
struct request_place {
    const struct request_place_kind *kind;
    struct tool *tool;
    const char *name;  /* a path, or a URL: for messages */
    size_t unreadable; /* by the last visit: requests that this user may not read */
    size_t passed_by;  /* and those that are there, and are not those that are wanted */
    /* What a place that keeps results says of the request that was counted last. */
    const char *word; /* "pending", "executed"; NULL: nothing */
    bool is_executed;
    enum ska_reason ended; /* why it never will be; 0: it may be */
    /* What was looked for last waits no more, since this approver has answered it. */
    struct own_answer answered;
};
void request_place_close(struct request_place *place); /* NULL is fine */

/* The directory that it is; NULL: it is none. */
struct ska_directory *request_place_directory(struct request_place *place);

/*
 * Goes through those that are wanted, the newest last. What is wrong is named in warnings and
 * passed over, and so are copies of requests under another id.
 */
bool request_place_visit(struct request_place *place, const struct request_filter *filter,
                         request_visit *visit, void *arg) SKA_MUST_CHECK;
/* What there is to say where none was visited: not always that there are none. */
void request_place_say_none(const struct request_place *place, bool for_approver);

/*
 * The id of an open request, from the whole of it or from its first digits. False with nothing
 * raised where place->answered.found.
 */
bool request_place_find(struct request_place *place, const char *given,
                        char id[SKA_REQUEST_ID_LENGTH + 1]) SKA_MUST_CHECK;
/* The open request with this id. */
bool request_place_read(struct request_place *place, const char *id, struct ska_request **request,
                        struct request_origin *origin) SKA_MUST_CHECK;
/*
 * Of a place that does not keep what an approver has rejected: what he has, by his own history;
 * borrowed until the next call. NULL: out of memory, raised.
 */
const struct own_rejections *request_place_rejections(struct request_place *place);
/*
 * Opens the ballot, whose members are set, and takes the answers that are there; `quiet`: names no
 * wrong ones.
 */
bool request_place_count(struct request_place *place, struct ska_ballot *ballot,
                         bool quiet) SKA_MUST_CHECK;
/* Whether the request of the ballot waits for this approver. */
bool request_place_waits(struct request_place *place, const struct ska_ballot *ballot,
                         struct ska_span public_key);
/*
 * How the broker calls the request of an open task, by which others speak of it. False, nothing
 * raised: it is not known.
 */
bool request_place_broker_id(struct request_place *place, const struct ska_request *request,
                             char id[BROKER_ID_SIZE]) SKA_MUST_CHECK;
/*
 * Hands in an approval or a refusal. `name` (NULL: it is not wanted) has room for
 * SKA_FILE_NAME_SIZE: of the file that it is in a directory.
 */
bool request_place_put(struct request_place *place, const struct ska_request *request,
                       enum ska_file_kind kind, struct ska_approval *answer,
                       char *name) SKA_MUST_CHECK;
/* Whether a request that was answered is still open, as far as that is known. */
bool request_place_is_open(struct request_place *place, const char *id);
/* Ends a request, and says so: how many have approved, and what that is still good for. */
bool request_place_withdraw(struct request_place *place,
                            const struct ska_ballot *ballot) SKA_MUST_CHECK;

#endif
