/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/tsb_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/conf.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "provider/base/file.h"
#include "simulator/tsb/faults.h"

#define PEM_LIMIT ((size_t)1024 * 1024)

const char *const tsb_access_names[TSB_ACCESS_COUNT] = {
    [TSB_KEY_MANAGEMENT] = "keyManagementToken",
    [TSB_KEY_OPERATION] = "keyOperationToken",
    [TSB_APPROVER] = "approverToken",
    [TSB_SERVICE] = "serviceToken",
    [TSB_APPROVER_KEY_MANAGEMENT] = "approverKeyManagementToken",
};

/* ---- Reading --------------------------------------------------------------------------------- */

/* Reads one value into its place in the configuration; false when it is none of the key's. */
typedef bool read_setting(const char *value, void *to);

static bool read_text_setting(const char *value, void *to)
{
    char **text = to;

    free(*text);
    *text = strdup(value);
    return value[0] != '\0' && *text != NULL;
}

static bool read_pin_source(const char *value, void *to)
{
    return strncmp(value, "file:", 5) == 0 && value[5] != '\0' && read_text_setting(value, to);
}

static bool read_fault_setting(const char *value, void *to)
{
    return tsb_faults_valid(value) && read_text_setting(value, to);
}

static bool read_milliseconds(const char *value, void *to)
{
    return ska_decimal_decode(value, 3600000, to);
}

static bool read_day(const char *value, void *to)
{
    return ska_decimal_decode(value, 86400, to);
}

static bool read_client_auth(const char *value, void *to)
{
    static const char *const names[] = {
        [TSB_CLIENT_NONE] = "none", [TSB_CLIENT_WANT] = "want", [TSB_CLIENT_NEED] = "need"};
    enum tsb_client_auth *auth = to;

    for (int i = TSB_CLIENT_NONE; i <= TSB_CLIENT_NEED; i++) {
        if (strcmp(value, names[i]) != 0)
            continue;
        *auth = (enum tsb_client_auth)i;
        return true;
    }
    return false;
}

#define SETTING(name, member, read)                                                                \
    {                                                                                              \
        (name), offsetof(struct tsb_config, member), (read)                                        \
    }

static const struct setting {
    const char *name;
    size_t offset;
    read_setting *read;
} settings[] = {
    SETTING("module", module, read_text_setting),
    SETTING("token", token, read_text_setting),
    SETTING("pin-source", pin_source, read_pin_source),
    SETTING("keyManagementToken", api_keys[TSB_KEY_MANAGEMENT], read_text_setting),
    SETTING("keyOperationToken", api_keys[TSB_KEY_OPERATION], read_text_setting),
    SETTING("approverToken", api_keys[TSB_APPROVER], read_text_setting),
    SETTING("serviceToken", api_keys[TSB_SERVICE], read_text_setting),
    SETTING("approverKeyManagementToken", api_keys[TSB_APPROVER_KEY_MANAGEMENT], read_text_setting),
    SETTING("access-tokens", access_tokens, read_text_setting),
    SETTING("licence", licence, read_text_setting),
    SETTING("version", version, read_text_setting),
    SETTING("client-ca", client_ca, read_text_setting),
    SETTING("client-auth", client_auth, read_client_auth),
    SETTING("timestamp-signers", timestamp_signers, read_text_setting),
    SETTING("call-log", call_log, read_text_setting),
    SETTING("fault", fault, read_fault_setting),
    SETTING("execution-delay", execution_delay, read_milliseconds),
    SETTING("slow-answer", slow_answer, read_milliseconds),
    SETTING("clock-back", clock_back, read_day),
    SETTING("clock-ahead", clock_ahead, read_day),
};

static bool fail_unknown_setting(const char *path, const char *name,
                                 const struct ska_errors *errors)
{
    struct ska_buffer names = {0};

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        ska_buffer_format(&names, "%s%s", i == 0 ? "" : ", ", settings[i].name);
    ska_fail(errors, SKA_R_BAD_CONFIGURATION, "%s: unknown key %s; there are %s", path, name,
             ska_buffer_string(&names));
    ska_buffer_free(&names);
    return false;
}

/* The value is not shown: it may be a key. */
static bool take_setting(struct tsb_config *config, const char *path, const CONF_VALUE *value,
                         const struct ska_errors *errors)
{
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (strcmp(value->name, settings[i].name) != 0)
            continue;
        return settings[i].read(value->value, (char *)config + settings[i].offset) ||
               ska_fail(errors, SKA_R_BAD_CONFIGURATION, "%s: bad value for %s", path, value->name);
    }
    return fail_unknown_setting(path, value->name, errors);
}

static bool take_settings(struct tsb_config *config, const char *path, const CONF *conf,
                          const struct ska_errors *errors)
{
    const STACK_OF(CONF_VALUE) *values = NCONF_get_section(conf, "default");

    for (int i = 0; i < sk_CONF_VALUE_num(values); i++)
        if (!take_setting(config, path, sk_CONF_VALUE_value(values, i), errors))
            return false;
    if (config->pin_source == NULL)
        return ska_fail(errors, SKA_R_BAD_CONFIGURATION, "%s: pin-source = file:PATH is missing",
                        path);
    return config->client_auth == TSB_CLIENT_NONE || config->client_ca != NULL ||
           ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                    "%s: client-auth is set, but client-ca is missing", path);
}

/* ---- Files that are opened later, again and again -------------------------------------------- */

static bool has_certificate(struct ska_span pem, OSSL_LIB_CTX *libctx)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.length);
    X509 *first = X509_new_ex(libctx, NULL);
    bool found = bio != NULL && first != NULL && PEM_read_bio_X509(bio, &first, NULL, NULL) != NULL;

    X509_free(first);
    BIO_free(bio);
    return found;
}

static bool check_signers(const char *signers, const char *path, OSSL_LIB_CTX *libctx,
                          const struct ska_errors *errors)
{
    struct ska_bytes pem = {NULL, 0};
    bool done = signers == NULL || ska_file_read(signers, PEM_LIMIT, &pem, errors);

    if (done && signers != NULL && !has_certificate(ska_span_of(&pem), libctx))
        done = ska_fail(errors, SKA_R_BAD_CONFIGURATION,
                        "%s: timestamp-signers: %s has no certificate in PEM", path, signers);
    ska_bytes_free(&pem);
    return done;
}

static bool check_log(const char *log, const char *path, const struct ska_errors *errors)
{
    int fd = log == NULL ? -1 : open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);

    if (log != NULL && fd < 0)
        return ska_fail(errors, SKA_R_BAD_CONFIGURATION, "%s: call-log: %s: %s", path, log,
                        strerror(errno));
    if (fd >= 0)
        close(fd);
    return true;
}

bool tsb_config_read(struct tsb_config *config, const char *path, OSSL_LIB_CTX *libctx,
                     const struct ska_errors *errors)
{
    CONF *conf = NULL;
    long line = 0;
    bool done = false;

    memset(config, 0, sizeof(*config));
    config->execution_delay = 500;
    config->slow_answer = 2000;
    config->clock_back = 600;
    config->licence = strdup("KEY_AUTH, REST_API, TSB_ENGINE");
    config->version = strdup("2.2.0-simulator");
    if (config->licence == NULL || config->version == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "configuration");
    conf = NCONF_new_ex(libctx, NULL);
    if (conf == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "configuration");
    if (NCONF_load(conf, path, &line) > 0)
        done = take_settings(config, path, conf, errors) &&
               check_signers(config->timestamp_signers, path, libctx, errors) &&
               check_log(config->call_log, path, errors);
    else if (line > 0)
        ska_fail(errors, SKA_R_BAD_CONFIGURATION, "%s: line %ld cannot be read", path, line);
    else
        ska_fail(errors, SKA_R_BAD_CONFIGURATION, "%s cannot be read", path);
    NCONF_free(conf);
    return done;
}

void tsb_config_clear(struct tsb_config *config)
{
    free(config->module);
    free(config->token);
    free(config->pin_source);
    for (int i = 0; i < TSB_ACCESS_COUNT; i++)
        free(config->api_keys[i]);
    free(config->access_tokens);
    free(config->licence);
    free(config->version);
    free(config->client_ca);
    free(config->timestamp_signers);
    free(config->call_log);
    free(config->fault);
    memset(config, 0, sizeof(*config));
}
