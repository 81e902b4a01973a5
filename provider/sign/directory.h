/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An approvals directory, for the signer and for approvers (doc/formats.md): open requests, and the
 * approvals and refusals that are put there for them. Everything goes through one directory
 * descriptor, without following links; regular files only.
 */
#ifndef SKA_SIGN_DIRECTORY_H
#define SKA_SIGN_DIRECTORY_H

#include <sys/types.h>
#include <time.h>

#include "provider/request/request.h"

struct ska_directory;

enum ska_directory_use {
    SKA_DIRECTORY_TO_SIGN,    /* its requests are ours: owned by this user or root */
    SKA_DIRECTORY_TO_APPROVE, /* it belongs to a signer, who has put requests there */
    SKA_DIRECTORY_OF_FILE     /* any folder, with a request in it that is handed on as a file */
};

/*
 * Refused (SKA_R_DIRECTORY_UNSAFE, with what to do) where others could replace what stands there:
 * world-writable, or group-writable without the sticky bit. A folder of a file may be anything.
 */
bool ska_directory_open(const char *path, enum ska_directory_use use,
                        struct ska_directory **directory,
                        const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_directory_close(struct ska_directory *directory); /* NULL is fine */
const char *ska_directory_path(const struct ska_directory *directory);
int ska_directory_fd(const struct ska_directory *directory);
/* Approvals beside a file that is handed on do not count: they are in the file. */
bool ska_directory_holds_approvals(const struct ska_directory *directory);

/*
 * Whether its files' owners are users of this computer: not on NFS, CIFS, FUSE (sshfs) and the
 * like, where a number means what another computer means by it.
 */
bool ska_directory_knows_owners(const struct ska_directory *directory);

/*
 * Whether everything that happens there is done by this computer's kernel, which tells of it
 * (inotify) and keeps the directory's time: not where another computer may have written. False for
 * file systems that are not known.
 */
bool ska_directory_is_local(const struct ska_directory *directory);
/* When a name in it was made or removed last. */
bool ska_directory_changed(const struct ska_directory *directory,
                           struct timespec *changed) SKA_MUST_CHECK;

/*
 * Approvers are the directory's group. False, with the group: it cannot read the open request with
 * this id, since the signer is not in it and the directory is not setgid. A directory that is
 * closed to its group is shared with nobody.
 */
bool ska_directory_group_reads(const struct ska_directory *directory, const char *id, gid_t *group);

/* ---- Names ----------------------------------------------------------------------------------- */

/* ID.request.json, ID.<anything>.approval.json, ID.<anything>.reject.json */
enum ska_file_kind { SKA_FILE_OTHER, SKA_FILE_REQUEST, SKA_FILE_APPROVAL, SKA_FILE_REFUSAL };
enum ska_file_kind ska_file_kind_of(const char *name);
/* Whether it is an approval or a refusal for the request with this id. */
bool ska_file_is_answer(const char *name, const char *id);

/* The name of a file; `middle` makes it another one than that of other answers (NULL: a request).
 */
#define SKA_FILE_NAME_SIZE (SKA_REQUEST_ID_LENGTH + 80)
void ska_file_name(const char *id, const char *middle, enum ska_file_kind kind,
                   char name[SKA_FILE_NAME_SIZE]);

/* Raises errno, of what was done with this name. Returns false. */
bool ska_directory_fail(const struct ska_directory *directory, const char *name,
                        const struct ska_errors *errors);
/*
 * Raises SKA_R_REQUEST_NOT_OPEN for an id or its first digits; `why` NULL: it is not known. Returns
 * false.
 */
bool ska_directory_fail_not_open(const struct ska_directory *directory, const char *digits,
                                 const char *why, const struct ska_errors *errors);
/* Of an errno: the process or the file system is to blame, and the file is to be read again. */
bool ska_directory_failure_passes(int error);

/* Starts as {0}. */
struct ska_directory_names {
    char **names;
    size_t count;
    size_t room;
};
/* The names of all files that belong to requests, sorted, so that those of one stand together. */
bool ska_directory_list(const struct ska_directory *directory, struct ska_directory_names *names,
                        const struct ska_errors *errors) SKA_MUST_CHECK;
/* One more, a copy, at the end; sorted they are as long as nothing is added. */
bool ska_directory_names_add(struct ska_directory_names *names, const char *name,
                             const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_directory_names_sort(struct ska_directory_names *names);
void ska_directory_names_free(struct ska_directory_names *names);
/* Where those of a request begin and end. */
void ska_directory_names_of(const struct ska_directory_names *names, const char *id, size_t *first,
                            size_t *end);

/*
 * How many digits of a request's id tell it from those of all other requests listed, at least
 * SKA_REQUEST_ID_SHORT: so many that nobody can make another request that begins alike.
 */
#define SKA_REQUEST_ID_SHORT 16
size_t ska_directory_names_unique(const struct ska_directory_names *names, const char *id);

/*
 * What a person gives as an id: the whole of it or its first digits, at least SKA_REQUEST_ID_LEAST
 * of them, in small letters or capitals; `digits` has the small ones. False for anything else:
 * nothing else may become part of a file name.
 */
#define SKA_REQUEST_ID_LEAST 4
bool ska_request_id_take(const char *given, char digits[SKA_REQUEST_ID_LENGTH + 1]);

/*
 * The id of an open request, by such digits; SKA_R_WRONG_USE for what are none,
 * SKA_R_REQUEST_NOT_OPEN where none is open.
 */
bool ska_directory_find_id(const struct ska_directory *directory, const char *given,
                           char id[SKA_REQUEST_ID_LENGTH + 1],
                           const struct ska_errors *errors) SKA_MUST_CHECK;

/* ---- Requests -------------------------------------------------------------------------------- */

/*
 * The open request with this id, and who has put it there (by the file system). It comes without
 * approvals: in a directory they are files of their own, and nobody has looked at those inside.
 */
bool ska_directory_read(const struct ska_directory *directory, const char *id,
                        struct ska_request **request, uid_t *owner,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * A descriptor of what stands under this name, for reading; a link is not followed. -1: errno says
 * why.
 */
int ska_directory_open_request(const struct ska_directory *directory, const char *name);

/*
 * Whether a process holds the request (see struct ska_standing_request): it waits for answers. Not
 * known of a file that this user may not read, and where the file system is of a network.
 */
enum ska_awaited { SKA_AWAITED_UNKNOWN, SKA_AWAITED_NO, SKA_AWAITED_YES };
enum ska_awaited ska_directory_awaited(const struct ska_directory *directory, const char *id);

enum ska_name_state {
    SKA_NAME_FREE, /* nothing stands there */
    SKA_NAME_OWN,  /* a request of this id, in a file of this user's */
    SKA_NAME_TAKEN /* a file of another user, or anything that is no request of this id */
};

/* What stands under the name of a request. Starts as {0}. */
struct ska_standing_request {
    enum ska_name_state state;
    struct ska_request *request; /* SKA_NAME_OWN: without approvals, as above */
    uid_t owner;                 /* SKA_NAME_TAKEN */
    /*
     * Says that this process works on the request, so that no other closes it: a descriptor for
     * ska_directory_finish(); -1 when there is none (that is no failure).
     */
    int hold;
};
bool ska_directory_find(const struct ska_directory *directory, const char *id,
                        struct ska_standing_request *found,
                        const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_standing_request_clear(struct ska_standing_request *standing);
void ska_directory_let_go(int hold); /* -1 is fine */

/*
 * Writes a complete request, so that it appears as a whole: then *standing is SKA_NAME_FREE with
 * the hold on it. Else nothing is written, and *standing is what was there already. A request of
 * this user's with the token of `expired` (may be NULL) is replaced, and with another token the
 * approvals for it are removed. Clear *standing in any case.
 */
bool ska_directory_publish(const struct ska_directory *directory, const struct ska_request *request,
                           const struct ska_request *expired, struct ska_standing_request *standing,
                           const struct ska_errors *errors) SKA_MUST_CHECK;

/* Whether a request stands there; with a hold (else -1), whether it is the one that is held. */
bool ska_directory_stands(const struct ska_directory *directory, const char *id, int hold);

/* Files of others for a request that is done, which this user may not remove. */
struct ska_leftovers {
    size_t count;
    uid_t owner; /* of the last one */
};

/*
 * Removes the request and the answers to it, as far as this user may and unless another process
 * holds it or has put another one in its place; evidence stays. Closes `hold`. *left (may be NULL)
 * is what stays there.
 */
void ska_directory_finish(const struct ska_directory *directory, const struct ska_request *request,
                          int hold, struct ska_leftovers *left);
/*
 * The same of the request alone; false: it stays, and so do the answers. *changed is the
 * directory's time just before, {0} where it is not known: who puts an answer there holds the
 * request, so that none comes in between.
 */
bool ska_directory_close_request(const struct ska_directory *directory,
                                 const struct ska_request *request, int hold,
                                 struct timespec *changed,
                                 struct ska_leftovers *left) SKA_MUST_CHECK;

/*
 * Ends a request that nobody is to answer any more, and removes the answers as above. Only its
 * owner and root may. Processes that wait for it are told: it does not come back by them.
 */
bool ska_directory_withdraw(const struct ska_directory *directory, const char *id,
                            struct ska_leftovers *left,
                            const struct ska_errors *errors) SKA_MUST_CHECK;
/* Of a request that is held and stands there no more: whether it was withdrawn. */
bool ska_directory_was_withdrawn(int hold);

/*
 * Only the answers, and what processes that died have left of such: `answers` are their names,
 * where all of them are known, after the request has gone (NULL: the directory is listed, however
 * long it is). `left` may be NULL; what stays is added to it, as is one name that stays.
 */
void ska_directory_note_leftover(const struct ska_directory *directory, const char *name,
                                 struct ska_leftovers *left);
void ska_directory_remove_answers(const struct ska_directory *directory, const char *id,
                                  const struct ska_directory_names *answers,
                                  struct ska_leftovers *left);

/*
 * A lock of flock(2) on a held request. Somebody who only looks whether it is held has the other
 * one for a moment, so it is tried for two milliseconds.
 */
bool ska_directory_lock_moment(int fd, int operation) SKA_MUST_CHECK;

/* ---- Answers --------------------------------------------------------------------------------- */

/*
 * Puts an approval or a refusal there, so that it appears as a whole. `name` (NULL: not wanted)
 * receives what it is called. Where the request was closed meanwhile nothing stays.
 */
bool ska_directory_put(const struct ska_directory *directory, const char *id,
                       enum ska_file_kind kind, const struct ska_approval *answer,
                       char name[SKA_FILE_NAME_SIZE],
                       const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Removes the refusals of a request by this key, of which a new one takes the place, but for the
 * file `kept`. False: one stays, as it is in a file of another user.
 */
bool ska_directory_remove_refusals(const struct ska_directory *directory, const char *id,
                                   struct ska_span public_key, const char *kept) SKA_MUST_CHECK;

#endif
