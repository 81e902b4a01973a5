/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every subcommand of skatool works with.
 */
#ifndef SKA_TOOLS_TOOL_H
#define SKA_TOOLS_TOOL_H

#include <sys/types.h>

#include <openssl/types.h>

#include "provider/hsm/key.h"
#include "provider/hsm/look_up.h"
#include "provider/record/audit_file.h"
#include "tools/configuration.h"
#include "tools/report.h"

struct tool {
    const char *command; /* its name: "keygen" */
    struct report report;
    struct ska_errors errors; /* goes to the report */
    OSSL_LIB_CTX *libctx;     /* for all hashing, verifying and decoding; default provider only */
    OSSL_PROVIDER *provider;
    const char *config_path; /* --config; NULL: where libcrypto looks */
    bool configured;         /* whether configuration has been read */
    struct configuration configuration;
    struct ska_system_log *system_log; /* gets audit lines; NULL: it does not */
    bool signs;                        /* its failures go where `log` says */
    bool help_shown;
    mode_t kept_from; /* the umask: what the user keeps others from, in files that -o names */
};

bool tool_init(struct tool *tool) SKA_MUST_CHECK;
void tool_clear(struct tool *tool);

/* Reads the configuration unless that is done; that there is none is no error. */
bool tool_configure(struct tool *tool) SKA_MUST_CHECK;

/* What holds where a URI does not say; and what it names, to be looked up with what PIN there is.
 * Both borrow. */
struct hsm_defaults tool_defaults(const struct tool *tool);
struct hsm_look_up tool_look_up(const struct hsm_uri *uri, const struct hsm_defaults *defaults);

/* Where audit lines go, by the configuration. */
struct ska_audit_log tool_audit_log(const struct tool *tool);

/* Where a failure to find keys may lie in the configuration, says which file was read. */
void tool_note_configuration(const struct tool *tool, enum ska_reason reason);

/* The private key that a URI names. `uri` receives the parsed URI; it may be NULL. */
bool tool_open_key(struct tool *tool, const char *text, struct hsm_uri **uri,
                   struct backend_key **key) SKA_MUST_CHECK;

/* The same, refused when it is an ordinary key. */
bool tool_open_ska_key(struct tool *tool, const char *text, struct hsm_uri **uri,
                       struct backend_key **key) SKA_MUST_CHECK;

/* The URI of a key, as messages and tables show it. NULL: out of memory; free with free(). */
char *tool_key_uri(const struct backend_key *key);

/* Subcommands: argv[0] is the command's name. True: done, exit status 0. */
bool agent_command(struct tool *tool, int argc, char **argv);
bool approve_command(struct tool *tool, int argc, char **argv);
bool audit_command(struct tool *tool, int argc, char **argv);
bool check_config_command(struct tool *tool, int argc, char **argv);
bool execute_command(struct tool *tool, int argc, char **argv);
bool import_command(struct tool *tool, int argc, char **argv);
bool history_command(struct tool *tool, int argc, char **argv);
bool inspect_command(struct tool *tool, int argc, char **argv);
bool keygen_command(struct tool *tool, int argc, char **argv);
bool list_command(struct tool *tool, int argc, char **argv);
bool pem_command(struct tool *tool, int argc, char **argv);
bool reject_command(struct tool *tool, int argc, char **argv);
bool request_command(struct tool *tool, int argc, char **argv);
bool requests_command(struct tool *tool, int argc, char **argv);
bool seal_command(struct tool *tool, int argc, char **argv);
bool show_command(struct tool *tool, int argc, char **argv);
bool status_command(struct tool *tool, int argc, char **argv);
bool withdraw_command(struct tool *tool, int argc, char **argv);

#endif
