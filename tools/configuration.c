/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/configuration.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>

#include "provider/base/bytes.h"
#include "tools/close_name.h"
#include "tools/report.h"

/* NCONF raises an error for each key that is not there; looking for one is not a failure. */
static const char *look_up(const CONF *conf, const char *section, const char *key)
{
    const char *value = NULL;

    if (conf == NULL)
        return NULL;
    ERR_set_mark();
    value = NCONF_get_string(conf, section, key);
    ERR_pop_to_mark();
    return value;
}

static const STACK_OF(CONF_VALUE) * entries_of(const CONF *conf, const char *section)
{
    const STACK_OF(CONF_VALUE) *entries = NULL;

    if (conf == NULL || section == NULL)
        return NULL;
    ERR_set_mark();
    entries = NCONF_get_section(conf, section);
    ERR_pop_to_mark();
    return entries;
}

/* In this section only; NCONF_get_string() goes on to the default one, libcrypto does not. */
static const char *entry_of(const CONF *conf, const char *section, const char *key)
{
    const STACK_OF(CONF_VALUE) *entries = entries_of(conf, section);

    for (int i = 0; entries != NULL && i < sk_CONF_VALUE_num(entries); i++) {
        const CONF_VALUE *entry = sk_CONF_VALUE_value(entries, i);

        if (strcmp(entry->name, key) == 0)
            return entry->value;
    }
    return NULL;
}

static bool load_file(const char *path, CONF **conf, const struct ska_errors *errors)
{
    long line = 0;

    *conf = NCONF_new(NULL);
    if (*conf == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", path);
    if (NCONF_load(*conf, path, &line) == 1)
        return true;
    if (line > 0)
        ska_fail(errors, SKA_R_BAD_CONFIGURATION, "%s, line %ld: %s", path, line,
                 ERR_reason_error_string(ERR_peek_last_error()));
    else
        ska_fail(errors, SKA_R_BAD_CONFIGURATION, "%s: %s", path,
                 access(path, R_OK) != 0 ? strerror(errno) : "cannot be read");
    ERR_clear_error();
    NCONF_free(*conf);
    *conf = NULL;
    return false;
}

static bool ends_with_module_name(const char *path)
{
    const char *base = strrchr(path, '/');

    base = base == NULL ? path : base + 1;
    return strcmp(base, "ska") == 0 || strcmp(base, "ska.so") == 0;
}

/*
 * How surely an entry of [providers] is ours; 0: it is not. Its settings do not count: a copy of
 * our module under another name is another provider, for example for an approver's smart card.
 */
static int likeness(const CONF *conf, const CONF_VALUE *entry)
{
    const char *identity = entry_of(conf, entry->value, "identity");
    const char *module = entry_of(conf, entry->value, "module");

    if (strcmp(entry->name, "ska") == 0)
        return 2;
    return (identity != NULL && strcmp(identity, "ska") == 0) ||
           (module != NULL && ends_with_module_name(module));
}

/* The providers named there, ours included; NULL: none. Borrowed. */
static const STACK_OF(CONF_VALUE) * providers_of(const struct configuration *configuration)
{
    const char *start = look_up(configuration->conf, NULL, "openssl_conf");
    const char *providers =
        start == NULL ? NULL : entry_of(configuration->conf, start, "providers");

    return entries_of(configuration->conf, providers);
}

void configuration_missing(const struct configuration *configuration, char *words, size_t size)
{
    const CONF *conf = configuration->conf;
    const char *start = look_up(conf, NULL, "openssl_conf");
    const char *providers = start == NULL ? NULL : entry_of(conf, start, "providers");

    if (start == NULL)
        snprintf(words, size, "there is no line openssl_conf = SECTION before its sections");
    else if (entries_of(conf, start) == NULL)
        snprintf(words, size, "there is no section [%s], which its line openssl_conf names", start);
    else if (providers == NULL)
        snprintf(words, size, "its section [%s] has no line providers = SECTION", start);
    else if (entries_of(conf, providers) == NULL)
        snprintf(words, size,
                 "there is no section [%s], which the line providers in section [%s] names",
                 providers, start);
    else
        snprintf(words, size, "its section [%s] has no line ska = SECTION", providers);
}

static bool find_section(struct configuration *configuration, const struct ska_errors *errors)
{
    const STACK_OF(CONF_VALUE) *providers = providers_of(configuration);
    const CONF_VALUE *best = NULL;
    int best_likeness = 0;

    for (int i = 0; providers != NULL && i < sk_CONF_VALUE_num(providers); i++) {
        const CONF_VALUE *entry = sk_CONF_VALUE_value(providers, i);
        int like = likeness(configuration->conf, entry);

        if (like > best_likeness) {
            best = entry;
            best_likeness = like;
        }
    }
    if (best == NULL)
        return true;
    configuration->name = strdup(best->name);
    configuration->section = strdup(best->value);
    return (configuration->name != NULL && configuration->section != NULL) ||
           ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", configuration->path);
}

/* libcrypto's own way to the file: OPENSSL_CONF (not for set-user-id programs) or its default. */
static char *default_path(void)
{
    char *from_libcrypto = CONF_get1_default_config_file();
    char *path = from_libcrypto == NULL ? NULL : strdup(from_libcrypto);

    OPENSSL_free(from_libcrypto);
    return path;
}

/* With an empty name libcrypto reads none. */
bool configuration_is_none(const struct configuration *configuration)
{
    return configuration->path[0] == 0;
}

static void warn_of_missing(const struct configuration *configuration)
{
    if (configuration_is_none(configuration))
        report_warning("OPENSSL_CONF is empty: no configuration is read");
    else
        report_warning("OPENSSL_CONF names %s, which does not exist", configuration->path);
}

bool configuration_open(struct configuration *configuration, const char *path,
                        const struct ska_errors *errors)
{
    configuration->path = path == NULL ? default_path() : strdup(path);
    if (configuration->path == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "path of the configuration");
    if (path != NULL && path[0] == 0)
        return ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                        "the name of the configuration file is empty");
    if (path == NULL && access(configuration->path, F_OK) != 0 && errno == ENOENT) {
        if (getenv("OPENSSL_CONF") != NULL)
            warn_of_missing(configuration);
        return true;
    }
    return load_file(configuration->path, &configuration->conf, errors) &&
           find_section(configuration, errors);
}

void configuration_clear(struct configuration *configuration)
{
    free(configuration->path);
    free(configuration->name);
    free(configuration->section);
    NCONF_free(configuration->conf);
    ska_settings_clear(&configuration->settings);
    memset(configuration, 0, sizeof(*configuration));
}

const STACK_OF(CONF_VALUE) * configuration_entries(const struct configuration *configuration)
{
    return entries_of(configuration->conf, configuration->section);
}

const char *configuration_setting(const struct configuration *configuration, const char *name)
{
    return entry_of(configuration->conf, configuration->section, name);
}

/* What libcrypto reads in the section of any provider. */
static const char *const libcrypto_names[] = {"activate", "identity", "module", "soft_load", NULL};

bool configuration_is_libcrypto(const char *key)
{
    return ska_text_is_among(libcrypto_names, key);
}

bool configuration_is_known(const char *key)
{
    return ska_text_is_among(ska_setting_names, key) || configuration_is_libcrypto(key);
}

void configuration_suggest_setting(const char *unknown, struct ska_buffer *text)
{
    struct close_name close = {.given = unknown};

    close_name_try_all(&close, ska_setting_names);
    close_name_try_all(&close, libcrypto_names);
    if (close.found != NULL) {
        ska_buffer_format(text, "did you mean %s?", close.found);
        return;
    }
    ska_buffer_text(text, "known settings are");
    for (size_t i = 0; ska_setting_names[i] != NULL; i++)
        ska_buffer_format(text, " %s,", ska_setting_names[i]);
    ska_buffer_text(text, " and libcrypto's");
    for (size_t i = 0; libcrypto_names[i] != NULL; i++)
        ska_buffer_format(text, "%s %s", i == 0 ? "" : ",", libcrypto_names[i]);
}

/* The provider cannot say it: of what it does not ask for libcrypto tells it nothing. */
static void warn_of_unknown(const struct configuration *configuration, const char *key)
{
    struct ska_buffer known = {0};

    configuration_suggest_setting(key, &known);
    report_warning("%s, section [%s]: %s is not a known setting and has no effect; %s",
                   configuration->path, configuration->section, key, ska_buffer_string(&known));
    ska_buffer_free(&known);
}

static void warn_of_all_unknown(const struct configuration *configuration)
{
    const STACK_OF(CONF_VALUE) *entries = configuration_entries(configuration);

    for (int i = 0; entries != NULL && i < sk_CONF_VALUE_num(entries); i++)
        if (!configuration_is_known(sk_CONF_VALUE_value(entries, i)->name))
            warn_of_unknown(configuration, sk_CONF_VALUE_value(entries, i)->name);
}

bool configuration_take(struct configuration *configuration, const struct ska_errors *errors)
{
    const STACK_OF(CONF_VALUE) *entries = configuration_entries(configuration);

    for (int i = 0; entries != NULL && i < sk_CONF_VALUE_num(entries); i++) {
        const CONF_VALUE *entry = sk_CONF_VALUE_value(entries, i);

        if (configuration_is_known(entry->name) && !configuration_is_libcrypto(entry->name) &&
            !ska_settings_set(&configuration->settings, entry->name, entry->value, errors))
            return false;
    }
    return ska_settings_check(&configuration->settings, errors);
}

bool configuration_apply(struct configuration *configuration, const struct ska_errors *errors)
{
    warn_of_all_unknown(configuration);
    return configuration_take(configuration, errors);
}

static bool is_activated(const struct configuration *configuration, const char *section)
{
    const char *value = entry_of(configuration->conf, section, "activate");
    static const char *const no[] = {"0", "no", "off", "false"};

    if (value == NULL)
        return false;
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        if (strcasecmp(value, no[i]) == 0)
            return false;
    return true;
}

static bool activates_others(const struct configuration *configuration)
{
    const STACK_OF(CONF_VALUE) *providers = providers_of(configuration);

    for (int i = 0; providers != NULL && i < sk_CONF_VALUE_num(providers); i++) {
        const CONF_VALUE *entry = sk_CONF_VALUE_value(providers, i);

        if (strcmp(entry->name, configuration->name) != 0 &&
            is_activated(configuration, entry->value))
            return true;
    }
    return false;
}

void configuration_say_inactive(const struct configuration *configuration, configuration_say *say,
                                void *arg)
{
    if (!is_activated(configuration, configuration->section))
        say(arg, "not set to 1: some versions of OpenSSL will not load the provider");
    if (!activates_others(configuration))
        say(arg, "no other provider is activated: openssl has no digests without default");
}

/* As ossl_provider_new() and DSO_load() find it. NULL: out of memory. */
static char *module_path(const struct configuration *configuration)
{
    const char *module = entry_of(configuration->conf, configuration->section, "module");
    const char *identity = entry_of(configuration->conf, configuration->section, "identity");
    const char *directory = secure_getenv("OPENSSL_MODULES");
    char *path = NULL;

    if (directory == NULL)
        directory = OPENSSL_info(OPENSSL_INFO_MODULES_DIR);
    if (module != NULL && module[0] == '/')
        return strdup(module);
    if (asprintf(&path, "%s/%s%s", directory,
                 module != NULL     ? module
                 : identity != NULL ? identity
                                    : configuration->name,
                 module != NULL ? "" : ".so") < 0)
        return NULL;
    return path;
}

bool configuration_try_module(const struct configuration *configuration, char **path,
                              const struct ska_errors *errors)
{
    void *object = NULL;
    bool done = false;

    *path = module_path(configuration);
    if (*path == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "path of the provider");
    object = dlopen(*path, RTLD_NOW | RTLD_LOCAL);
    if (object == NULL)
        return ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                        "openssl cannot load the provider: %s. Install it (package ska-provider, "
                        "or cmake --install), or set module to where ska.so is",
                        dlerror());
    done = dlsym(object, "OSSL_provider_init") != NULL ||
           ska_fail(errors, SKA_R_BAD_CONFIGURATION, "%s is not an OpenSSL provider", *path);
    dlclose(object);
    return done;
}

void configuration_note(const struct configuration *configuration)
{
    static const char other[] = "name another file with OPENSSL_CONF or --config";

    if (configuration->conf == NULL && configuration_is_none(configuration))
        report_note("no configuration was read, as OPENSSL_CONF is empty; name a file with it or "
                    "with --config");
    else if (configuration->conf == NULL)
        report_note("no configuration was read, as %s does not exist; %s", configuration->path,
                    other);
    else if (configuration->section == NULL)
        report_note("%s, which was read, does not name the provider ska; %s", configuration->path,
                    other);
    else
        report_note("the configuration is section [%s] of %s; %s", configuration->section,
                    configuration->path, other);
}

/* A value in double quotes: nothing in it is special but quote and backslash. */
static void add_quoted(struct ska_buffer *text, const char *value)
{
    ska_buffer_text(text, "\"");
    for (; *value != 0; value++) {
        if (*value == '"' || *value == '\\')
            ska_buffer_text(text, "\\");
        ska_buffer_add(text, value, 1);
    }
    ska_buffer_text(text, "\"\n");
}

#define OTHERS_START "skatool_others"
#define OTHERS_SECTION "skatool_others_section"
#define OTHERS_PROVIDERS "skatool_others_providers"

static bool is_ours(const struct configuration *configuration, const CONF_VALUE *entry)
{
    return configuration->name != NULL && strcmp(configuration->name, entry->name) == 0;
}

/* A configuration that has all sections of the file, but starts at the other providers only. */
static bool others_as_text(const struct configuration *configuration, struct ska_buffer *text)
{
    const STACK_OF(CONF_VALUE) *providers = providers_of(configuration);
    char *path = realpath(configuration->path, NULL);

    if (path == NULL)
        return false;
    ska_buffer_text(text,
                    OTHERS_START " = " OTHERS_SECTION "\n[" OTHERS_SECTION
                                 "]\nproviders = " OTHERS_PROVIDERS "\n[" OTHERS_PROVIDERS "]\n");
    for (int i = 0; providers != NULL && i < sk_CONF_VALUE_num(providers); i++) {
        const CONF_VALUE *entry = sk_CONF_VALUE_value(providers, i);

        if (is_ours(configuration, entry))
            continue;
        ska_buffer_format(text, "%s = ", entry->name);
        add_quoted(text, entry->value);
    }
    ska_buffer_text(text, "[default]\n.include = ");
    add_quoted(text, path);
    free(path);
    return !text->failed;
}

/* libcrypto 3.0 has no other way to load a provider with its parameters than a configuration. */
void configuration_load_others(const struct configuration *configuration, OSSL_LIB_CTX *libctx)
{
    struct ska_buffer text = {0};
    CONF *conf = NCONF_new_ex(libctx, NULL);
    BIO *bio = NULL;
    long line = 0;

    ERR_set_mark();
    if (conf != NULL && configuration->conf != NULL && others_as_text(configuration, &text) &&
        (bio = BIO_new_mem_buf(text.data, (int)text.length)) != NULL &&
        NCONF_load_bio(conf, bio, &line) == 1)
        (void)CONF_modules_load(conf, OTHERS_START, CONF_MFLAGS_IGNORE_ERRORS | CONF_MFLAGS_SILENT);
    ERR_pop_to_mark();
    BIO_free(bio);
    NCONF_free(conf);
    ska_buffer_free(&text);
}

/* As libcrypto names it: what stands before a dot only tells lines apart. */
static const char *provider_name(const CONF *conf, const CONF_VALUE *entry)
{
    const char *identity = entry_of(conf, entry->value, "identity");
    const char *dot = strchr(entry->name, '.');

    if (identity != NULL)
        return identity;
    return dot == NULL ? entry->name : dot + 1;
}

const char *configuration_not_loaded(const struct configuration *configuration,
                                     OSSL_LIB_CTX *libctx)
{
    const STACK_OF(CONF_VALUE) *providers = providers_of(configuration);

    for (int i = 0; providers != NULL && i < sk_CONF_VALUE_num(providers); i++) {
        const CONF_VALUE *entry = sk_CONF_VALUE_value(providers, i);

        if (!is_ours(configuration, entry) && is_activated(configuration, entry->value) &&
            OSSL_PROVIDER_available(libctx, provider_name(configuration->conf, entry)) != 1)
            return entry->value;
    }
    return NULL;
}
