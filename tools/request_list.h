/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open requests in an approvals directory, and how far each is: the one listing that everything
 * goes by which looks at more than one request.
 */
#ifndef SKA_TOOLS_REQUEST_LIST_H
#define SKA_TOOLS_REQUEST_LIST_H

#include "provider/sign/answers.h"
#include "tools/approver.h"
#include "tools/tool.h"

/* What can become of a request. */
enum request_outlook {
    REQUEST_OPEN,     /* approvals are missing, and may come */
    REQUEST_COMPLETE, /* there are enough */
    REQUEST_HOPELESS, /* too many have refused, or nobody may approve */
    REQUEST_OVER      /* it is too late for approvals, or they could never be used */
};

/* One request, and what is known of it; it is gone when the visitor returns. */
struct listed_request {
    struct ska_request *request;
    size_t digits; /* of its id that tell it from others, see ska_directory_names_unique() */
    uid_t owner;   /* of the file, and when it was written */
    time_t arrived;
    struct ska_ballot ballot;   /* by the requester's rule */
    struct ska_standing chance; /* of an approval by anybody */
    enum request_outlook outlook;
    enum ska_awaited awaited;
};

/* Which requests are wanted. Starts as REQUEST_FILTER_ALL. */
struct request_filter {
    const struct approver *approver; /* only what waits for this one; NULL: all */
    const char *key;                 /* label; NULL: all */
    const char *requester;           /* number or name of a user, host or program; NULL: all */
    /* Only a user whose file it is, and who has not imported it: anybody can write the rest. */
    bool certain_requester;
    int64_t least_age; /* in seconds; 0: all */
    int64_t most_age;  /* INT64_MAX: all */
};
#define REQUEST_FILTER_ALL ((struct request_filter){.most_age = INT64_MAX})

/* Open with request_list_open(), close in any case. Starts as {0}. */
struct request_list {
    struct tool *tool;
    struct ska_directory *directory;
    struct ska_directory_names names;
    size_t unreadable; /* requests that this user may not read */
    size_t passed_by;  /* that are there, and are not those that are wanted */
};

/* `path` NULL: the configuration's approvals-dir; without one SKA_R_WRONG_USE. */
bool request_list_open(struct tool *tool, const char *path,
                       struct request_list *list) SKA_MUST_CHECK;
void request_list_close(struct request_list *list);

/*
 * Goes through those that are wanted, the newest last. Files that are wrong are named in warnings
 * and passed over, and so are copies of requests under another id. False when the visitor says so,
 * who has raised why.
 */
typedef bool request_visit(void *arg, struct listed_request *listed);
bool request_list_visit(struct request_list *list, const struct request_filter *filter,
                        request_visit *visit, void *arg) SKA_MUST_CHECK;
/* What there is to say where none was visited: not always that there are none. */
void request_list_say_none(const struct request_list *list, bool for_approver);

/* By name, or by a number that need not be a user of this computer; (uid_t)-1: nobody, or NULL. */
uid_t request_user(const char *who);

/* "30m", "12h", "7d": SKA_R_WRONG_USE for others. `text` NULL leaves *seconds as it is. */
bool request_age(struct tool *tool, const char *option, const char *text,
                 int64_t *seconds) SKA_MUST_CHECK;

/* The configuration's approvals-dir where *path is NULL. */
bool request_list_find_directory(struct tool *tool, const char **path) SKA_MUST_CHECK;

#endif
