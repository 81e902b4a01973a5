/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulator's configuration.
 */
#include "simulator/config.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/conf.h>

#include "simulator/fault_injection.h"

/* Reads one value into its place in the configuration; false when it is none of the key's. */
typedef bool reader(const char *value, void *to);

static bool read_text(const char *value, void *to)
{
    char **text = to;

    free(*text);
    *text = value[0] == '\0' ? NULL : strdup(value);
    return *text != NULL;
}

static bool read_seconds(const char *value, void *to)
{
    long *seconds = to;
    char *end = NULL;

    errno = 0;
    *seconds = strtol(value, &end, 10);
    return errno == 0 && end != value && *end == '\0' && *seconds <= INT_MAX && *seconds >= INT_MIN;
}

static bool read_fault(const char *value, void *to)
{
    return sim_fault_valid(value) && read_text(value, to);
}

/* A key has a reader, or two values that say false and true. */
static const struct {
    const char *name;
    size_t offset;
    reader *read;
    const char *no;
    const char *yes;
} keys[] = {
    {"softhsm-module", offsetof(struct sim_config, softhsm_module), read_text, NULL, NULL},
    {"sam", offsetof(struct sim_config, sam), NULL, "off", "on"},
    {"sam-ca", offsetof(struct sim_config, sam_ca), read_text, NULL, NULL},
    {"window", offsetof(struct sim_config, window_from_timestamp), NULL, "after-delay",
     "from-timestamp"},
    {"allow-unbound", offsetof(struct sim_config, allow_unbound), NULL, "no", "yes"},
    {"remember", offsetof(struct sim_config, remember), NULL, "no", "yes"},
    {"clock", offsetof(struct sim_config, clock), read_seconds, NULL, NULL},
    {"clock-offset", offsetof(struct sim_config, clock_offset), read_seconds, NULL, NULL},
    {"call-log", offsetof(struct sim_config, call_log), read_text, NULL, NULL},
    {"fault", offsetof(struct sim_config, fault), read_fault, NULL, NULL},
};

static bool read_key(size_t key, const char *value, void *to)
{
    bool *choice = to;

    if (keys[key].read != NULL)
        return keys[key].read(value, to);
    *choice = strcmp(value, keys[key].yes) == 0;
    return *choice || strcmp(value, keys[key].no) == 0;
}

static bool read_value(struct sim_config *config, const char *path, const CONF_VALUE *value)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(value->name, keys[i].name) != 0)
            continue;
        if (read_key(i, value->value, (char *)config + keys[i].offset))
            return true;
        fprintf(stderr, "SKA simulator: %s: bad value for %s: %s\n", path, value->name,
                value->value);
        return false;
    }
    fprintf(stderr, "SKA simulator: %s: unknown key %s; known keys are", path, value->name);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        fprintf(stderr, "%s %s", i == 0 ? "" : ",", keys[i].name);
    fprintf(stderr, "\n");
    return false;
}

static bool read_section(struct sim_config *config, const char *path, const CONF *conf)
{
    const STACK_OF(CONF_VALUE) *values = NCONF_get_section(conf, "default");

    for (int i = 0; i < sk_CONF_VALUE_num(values); i++) {
        if (!read_value(config, path, sk_CONF_VALUE_value(values, i)))
            return false;
    }
    if (config->sam && config->sam_ca == NULL) {
        fprintf(stderr, "SKA simulator: %s: sam is on, but sam-ca is missing\n", path);
        return false;
    }
    return true;
}

bool sim_config_read(struct sim_config *config, OSSL_LIB_CTX *libctx)
{
    const char *path = secure_getenv("SKASIM_CONF");
    CONF *conf = NULL;
    long line = 0;
    bool done = false;

    memset(config, 0, sizeof(*config));
    config->remember = true;
    if (path == NULL || path[0] == '\0')
        return true;
    conf = NCONF_new_ex(libctx, NULL);
    if (conf == NULL)
        return false;
    if (NCONF_load(conf, path, &line) > 0)
        done = read_section(config, path, conf);
    else if (line > 0)
        fprintf(stderr, "SKA simulator: %s: line %ld cannot be read\n", path, line);
    else
        fprintf(stderr, "SKA simulator: %s (SKASIM_CONF) cannot be read\n", path);
    NCONF_free(conf);
    return done;
}

void sim_config_free(struct sim_config *config)
{
    free(config->softhsm_module);
    free(config->sam_ca);
    free(config->call_log);
    free(config->fault);
    memset(config, 0, sizeof(*config));
}
