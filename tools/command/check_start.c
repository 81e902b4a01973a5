/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config: what the provider does when it is activated.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "provider/base/system_log.h"
#include "tools/command/check.h"

#define NOT_LOGGED "this user's failures are not logged"

/* It is not made here: it would belong to who checks, and not to who signs. */
static void check_log_file(const char *path)
{
    struct stat status;

    if (lstat(path, &status) != 0 && errno == ENOENT)
        check_ok("log", "%s: not created yet; the first failure creates it", path);
    else if (lstat(path, &status) != 0)
        check_warning("log", "%s: %s: " NOT_LOGGED, path, strerror(errno));
    else if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || access(path, W_OK) != 0)
        check_warning("log", "%s: not a regular file that belongs to this user: " NOT_LOGGED, path);
    else
        check_ok("log", "%s", path);
}

static void check_log(const struct ska_settings *settings)
{
    const bool audit = ska_settings_audit_to_syslog(settings);

    if (settings->log == NULL)
        check_unset("log",
                    "not set: failures are reported to the program only, which may say nothing");
    else if (!ska_settings_log_to_syslog(settings))
        check_log_file(settings->log);
    else if (!ska_system_log_is_there())
        check_warning("log", "syslog: /dev/log: %s: " NOT_LOGGED "%s", strerror(errno),
                      audit ? ", and audit lines do not get there" : "");
    else
        check_ok("log", "syslog: failures%s", audit ? " and audit lines" : "");
}

/* Whether it is the one that libcrypto reads where nobody names another. */
static bool is_for_all_programs(const char *path)
{
    const char *directory = OPENSSL_info(OPENSSL_INFO_CONFIG_DIR);
    struct ska_buffer standard = {0};
    struct stat theirs;
    struct stat this;
    bool same = false;

    ska_buffer_format(&standard, "%s/openssl.cnf", directory == NULL ? "" : directory);
    same = stat(ska_buffer_string(&standard), &theirs) == 0 && stat(path, &this) == 0 &&
           theirs.st_dev == this.st_dev && theirs.st_ino == this.st_ino;
    ska_buffer_free(&standard);
    return same;
}

void check_start(struct tool *tool)
{
    check_log(&tool->configuration.settings);
    if (tool->configuration.settings.legacy_methods)
        check_ok("legacy-methods",
                 "yes: programs that ask for the RSA or EC_KEY of a key may sign with it");
    if (!tool->configuration.settings.load_early)
        return;
    if (is_for_all_programs(tool->configuration.path))
        check_warning("load", "early, in the file that all programs read: each of them, of every "
                              "user, will read the PIN and open the module. Keep it for a server's "
                              "own OPENSSL_CONF");
    else
        check_ok("load", "early: PIN and module are loaded when a program starts");
}
