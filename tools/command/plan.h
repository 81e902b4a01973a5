/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config --plan: what there still is to prepare, on the HSM and on this computer, for
 * what the configuration names. doc/hsm.md says the same as a page.
 */
#ifndef SKA_TOOLS_COMMAND_PLAN_H
#define SKA_TOOLS_COMMAND_PLAN_H

#include <sys/stat.h>

#include "tools/policy_file.h"
#include "tools/tool.h"

/* As the packages make them. */
#define USUAL_APPROVALS "/var/lib/ska/approvals"
#define USUAL_STATE "/var/lib/ska/state"
#define USUAL_EVIDENCE "/var/lib/ska/evidence"
#define USUAL_LOG "/var/log/ska/audit.log"

struct hsm_token;

enum plan_state {
    PLAN_DONE,
    PLAN_TO_DO,
    PLAN_ASK,  /* it does not show from here: the HSM's officers know, or another user sees it */
    PLAN_UNSET /* a setting that is usually wanted, and may be left out */
};

struct plan {
    struct tool *tool;
    const char *user; /* who signs */
    bool user_exists; /* then these are known: */
    uid_t uid;
    gid_t gid;
    const char *policy_path;         /* NULL: none was given */
    const struct ska_policy *policy; /* likewise */
    const char *key;                 /* URI; NULL: none was given */
    struct ska_policy key_rules;     /* what is known of the key's own: those that are named */
    bool sam;                        /* the partition is to be in SAM mode */
    size_t to_do;
    size_t to_ask;
};

/* A line, printed at once: what is needed, and how it stands. */
void plan_item(struct plan *plan, enum plan_state state, const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/*
 * A command that does it, on a line of its own under an item. Each %s is a word, quoted for the
 * shell; no other conversions.
 */
void plan_command(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Words in its place. */
void plan_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line after an empty one, for what follows or as a sum. */
void plan_title(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether some rule of policy or key has time limits, or names approvers by certificate. */
bool plan_has_time_limits(const struct plan *plan);
bool plan_has_certificates(const struct plan *plan);

/* ---- Who finds it out ------------------------------------------------------------------------ */

void plan_find_user(struct plan *plan);
/* Whether this process is the user who signs. */
bool plan_is_user(const struct plan *plan);
/* Whether it is, or can become that user, as root can. */
bool plan_can_be_user(const struct plan *plan);
/* Why it cannot, for the end of a sentence. */
const char *plan_why_not_user(const struct plan *plan);
/*
 * Whether the PIN is root's, for a program that has loaded it (load = early) before it gives up
 * being root.
 */
bool plan_pin_is_roots(const struct plan *plan);

typedef bool plan_part(struct plan *plan, const void *arg);
/*
 * Calls `part` as the user who signs, in a process of its own where this one is root: what root can
 * do says nothing of others. Only where plan_can_be_user(). False also where that process fails,
 * which is said under `what`.
 */
bool plan_as_user(struct plan *plan, const char *what, plan_part *part, const void *arg);
/* The same where it can be found out here whether the user can do it; else the question: "read"
 * FILE. */
void plan_try_or_ask(struct plan *plan, const char *what, const char *verb, const char *path,
                     plan_part *part, const void *arg);

/* ---- Files and directories --------------------------------------------------------------------
 */

/* False, with a note that says why: others could choose what a command of root's changes. */
bool plan_root_may_touch(const char *what, const char *path);
/* Nothing by this name, not even a link that leads nowhere. */
bool plan_is_missing(const char *path);
/* Whether it belongs to the user who signs; nothing belongs to one who does not exist yet. */
bool plan_is_users(const struct plan *plan, const struct stat *status);

/* ---- Parts ----------------------------------------------------------------------------------- */

void plan_hsm(struct plan *plan);
/* True: it has rules, which shows that the partition can have such keys. */
bool plan_key(struct plan *plan, bool can_look);
void plan_timestamp_key(struct plan *plan, struct hsm_token *token); /* NULL: no login */
void plan_broker(struct plan *plan); /* the same, where a broker has the keys */
void plan_approvers(struct plan *plan);
void plan_host(struct plan *plan);
void plan_secrets(struct plan *plan);
void plan_directories(struct plan *plan);

/* All of it. `user` NULL: who runs it; root: the owner of what is there, else "signer". */
bool plan_config(struct tool *tool, const char *key, const char *policy, const char *user,
                 bool sam);

#endif
