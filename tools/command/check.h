/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What skatool check-config says, line by line, and its parts.
 */
#ifndef SKA_TOOLS_COMMAND_CHECK_H
#define SKA_TOOLS_COMMAND_CHECK_H

#include <openssl/x509.h>

#include "provider/base/error_capture.h"
#include "tools/tool.h"

/* A line each, printed at once: a module may take its time, or the process down. */
void check_say(const char *verdict, const char *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define check_ok(...) check_say("ok", __VA_ARGS__)
#define check_warning(...) check_say("warning", __VA_ARGS__)
/* That a setting is not there; says nothing of one that is, and has failed. */
void check_unset(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The worst failure is the exit status. */
void check_failed(struct tool *tool, const char *what, enum ska_reason reason, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));
/* Of a certificate: FAILED where it is missed, else a warning. */
void check_certificate_end(struct tool *tool, const char *what, bool is_missed,
                           const char *sentence);
/* Says what has failed, and clears it. */
void check_captured(struct tool *tool, const char *what, struct ska_error_capture *capture);

/*
 * From here on lines are kept instead, and written as JSON at the end, with the worst verdict,
 * which is the exit status then: 0 nothing but ok and unset, 1 a warning, 2 a failure, as Nagios
 * and the like take it.
 */
void check_begin_json(void);
bool check_end_json(struct tool *tool) SKA_MUST_CHECK;

/* Warns of a path that programs with other working directories look for elsewhere. */
void check_relative(const char *what, const char *path);

/*
 * What the settings name: module, token, login and timestamp key, and the key that a URI names
 * (NULL: none), whose approvers' CAs are among the known ones; sources of approvals, audit log.
 */
void check_hsm(struct tool *tool, const char *key, STACK_OF(X509) * known);
void check_broker(struct tool *tool); /* the same of a broker */
void check_approvals(struct tool *tool);
void check_directory(struct tool *tool, const char *path);
void check_audit_log(struct tool *tool);
void check_start(struct tool *tool); /* what the provider does when it is activated: log and load */

#endif
