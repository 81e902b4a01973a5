/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/signature.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "provider/algorithms.h"
#include "provider/base/json.h"

bool ska_signature_set_digest(struct ska_signature *signature, const char *name)
{
    const struct ska_errors *errors = ska_signature_errors(signature);
    enum ska_digest digest = SKA_DIGEST_NONE;

    if (ska_key_is_edwards(signature->key))
        return ska_fail(errors, SKA_R_UNSUPPORTED, "%s signs messages, without a digest (%.40s)",
                        ska_key_type_name(signature->key->type), name);
    if (!ska_any_digest_from_name(name, &digest))
        return ska_fail(errors, SKA_R_UNSUPPORTED,
                        "digest %.40s; use SHA256, SHA384, SHA512, SHA224, SHA1 or SHA-3", name);
    if (digest > SKA_DIGEST_SHA512 && ska_key_is_ska(signature->key))
        return ska_fail(errors, SKA_R_UNSUPPORTED,
                        "digest %.40s; a key that needs approvals signs with SHA256, SHA384, "
                        "SHA512, SHA224 or SHA1",
                        name);
    if (signature->started && digest != signature->scheme.digest)
        return ska_fail(errors, SKA_R_BAD_PARAMETER, "the digest cannot change within a message");
    signature->scheme.digest = digest;
    return true;
}

/* libcrypto's own numbers and names of paddings. */
static const struct {
    int number;
    const char *name;
    bool pss;
} paddings[] = {
    {RSA_PKCS1_PADDING, OSSL_PKEY_RSA_PAD_MODE_PKCSV15, false},
    {RSA_PKCS1_PSS_PADDING, OSSL_PKEY_RSA_PAD_MODE_PSS, true},
};

static bool param_set_padding(struct ska_signature *signature, const OSSL_PARAM *param)
{
    const struct ska_errors *errors = ska_signature_errors(signature);
    char text[16] = "";
    char *ptext = text;
    int number = 0;
    bool is_text = param->data_type == OSSL_PARAM_UTF8_STRING;

    if (is_text ? !OSSL_PARAM_get_utf8_string(param, &ptext, sizeof(text))
                : !OSSL_PARAM_get_int(param, &number))
        return ska_fail(errors, SKA_R_BAD_PARAMETER, "pad-mode of a wrong type");
    for (size_t i = 0; i < sizeof(paddings) / sizeof(paddings[0]); i++) {
        if (is_text ? strcmp(text, paddings[i].name) != 0 : number != paddings[i].number)
            continue;
        if (!paddings[i].pss && signature->key->type == SKA_KEY_RSA_PSS)
            return ska_fail(errors, SKA_R_UNSUPPORTED, "an RSA-PSS key signs with PSS only");
        signature->scheme.pss = paddings[i].pss;
        return true;
    }
    return ska_fail(errors, SKA_R_UNSUPPORTED,
                    "this RSA padding: keys on a token sign with pkcs1 or pss, never raw");
}

static const struct {
    int number;
    const char *name;
    enum ska_salt salt;
} salts[] = {
    {RSA_PSS_SALTLEN_DIGEST, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST, SKA_SALT_DIGEST},
    {RSA_PSS_SALTLEN_MAX, OSSL_PKEY_RSA_PSS_SALT_LEN_MAX, SKA_SALT_MAX},
    /* "auto" is about verifying; for signing libcrypto means the longest. */
    {RSA_PSS_SALTLEN_AUTO, OSSL_PKEY_RSA_PSS_SALT_LEN_AUTO, SKA_SALT_MAX},
    {-4, "auto-digestmax", SKA_SALT_AUTO_DIGEST_MAX},
};

/* A number may be one of libcrypto's own, as in "rsa_pss_saltlen:-1" of many scripts. */
static bool parse_salt(const OSSL_PARAM *param, int *number)
{
    char text[24] = "";
    char *ptext = text;
    char *end = NULL;
    long value = 0;

    if (param->data_type != OSSL_PARAM_UTF8_STRING)
        return OSSL_PARAM_get_int(param, number);
    if (!OSSL_PARAM_get_utf8_string(param, &ptext, sizeof(text)))
        return false;
    for (size_t i = 0; i < sizeof(salts) / sizeof(salts[0]); i++)
        if (strcmp(text, salts[i].name) == 0) {
            *number = salts[i].number;
            return true;
        }
    value = strtol(text, &end, 10);
    *number = (int)value;
    return end != text && *end == 0 && value >= -65535 && value <= 65535;
}

static bool set_salt(struct ska_signature *signature, const OSSL_PARAM *param)
{
    int number = 0;

    if (parse_salt(param, &number)) {
        for (size_t i = 0; i < sizeof(salts) / sizeof(salts[0]); i++)
            if (number == salts[i].number) {
                signature->scheme.salt = salts[i].salt;
                signature->scheme.salt_fixed = true;
                return true;
            }
        if (number >= 0) {
            signature->scheme.salt = SKA_SALT_BYTES;
            signature->scheme.salt_bytes = (size_t)number;
            signature->scheme.salt_fixed = true;
            return true;
        }
    }
    return ska_fail(
        ska_signature_errors(signature), SKA_R_BAD_PARAMETER,
        "saltlen: a number of bytes, digest (-1), auto (-2), max (-3) or auto-digestmax");
}

static bool get_name(const struct ska_signature *signature, const OSSL_PARAM *param, char *name,
                     size_t size)
{
    return OSSL_PARAM_get_utf8_string(param, &name, size) ||
           ska_fail(ska_signature_errors(signature), SKA_R_BAD_PARAMETER,
                    "%s: not a name of a digest", param->key);
}

static bool set_digest(struct ska_signature *signature, const OSSL_PARAM *param)
{
    char name[64] = "";

    return get_name(signature, param, name, sizeof(name)) &&
           ska_signature_set_digest(signature, name);
}

static bool set_mgf1(struct ska_signature *signature, const OSSL_PARAM *param)
{
    char name[64] = "";

    if (!get_name(signature, param, name, sizeof(name)))
        return false;
    if (!ska_any_digest_from_name(name, &signature->scheme.mgf1_digest) ||
        (signature->scheme.mgf1_digest > SKA_DIGEST_SHA512 && ska_key_is_ska(signature->key)))
        return ska_fail(ska_signature_errors(signature), SKA_R_UNSUPPORTED,
                        "mgf1-digest %s; use SHA256, SHA384, SHA512, SHA224 or SHA1", name);
    signature->scheme.mgf1_set = true;
    return true;
}

/* Replaces a text; `limit` bounds what anybody can make us keep. */
static bool param_set_text(struct ska_signature *signature, const OSSL_PARAM *param, char **text,
                           size_t limit)
{
    const struct ska_errors *errors = ska_signature_errors(signature);
    char *copy = NULL;

    if (param->data_type != OSSL_PARAM_UTF8_STRING || param->data == NULL)
        return ska_fail(errors, SKA_R_BAD_PARAMETER, "%s: not a text", param->key);
    if (param->data_size > limit)
        return ska_fail(errors, SKA_R_BAD_PARAMETER, "%s: longer than %zu bytes", param->key,
                        limit);
    copy = strndup(param->data, param->data_size);
    if (copy == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%s", param->key);
    free(*text);
    *text = copy;
    return true;
}

static bool set_bundle(struct ska_signature *signature, const OSSL_PARAM *param)
{
    return param_set_text(signature, param, &signature->approvals.bundle, SKA_JSON_LIMIT);
}

void ska_signature_forget_files(struct ska_signature *signature)
{
    for (char **file = signature->approvals.bundle_files; *file != NULL; file++) {
        free(*file);
        *file = NULL;
    }
}

/* Copies of one request come back from several people, so each file adds to those before. */
static bool add_bundle_file(struct ska_signature *signature, const OSSL_PARAM *param)
{
    char **files = signature->approvals.bundle_files;
    char *path = NULL;
    size_t count = 0;

    if (!param_set_text(signature, param, &path, 4096))
        return false;
    if (path[0] == 0)
        ska_signature_forget_files(signature);
    while (files[count] != NULL && strcmp(files[count], path) != 0)
        count++;
    if (path[0] == 0 || files[count] != NULL) {
        free(path);
        return true;
    }
    if (count < SKA_BUNDLE_FILES_MOST) {
        files[count] = path;
        return true;
    }
    free(path);
    return ska_fail(ska_signature_errors(signature), SKA_R_BAD_PARAMETER, "%s: more than %d files",
                    param->key, SKA_BUNDLE_FILES_MOST);
}

/* Also where one call brings several. */
static bool set_bundle_files(struct ska_signature *signature, const OSSL_PARAM *param)
{
    for (; param != NULL; param = OSSL_PARAM_locate_const(param + 1, SKA_PARAM_APPROVALS_FILE))
        if (!add_bundle_file(signature, param))
            return false;
    return true;
}

static bool set_directory(struct ska_signature *signature, const OSSL_PARAM *param)
{
    return param_set_text(signature, param, &signature->approvals.directory, 4096);
}

static bool set_agent(struct ska_signature *signature, const OSSL_PARAM *param)
{
    return param_set_text(signature, param, &signature->approvals.agent, 4096);
}

/* A number of any integer type, or its text: `openssl` hands over the latter. */
static bool param_set_timeout(struct ska_signature *signature, const OSSL_PARAM *param)
{
    char text[16] = "";
    char *ptext = text;
    uint64_t seconds = 0;
    unsigned int parsed = 0;
    bool good = param->data_type == OSSL_PARAM_UTF8_STRING
                    ? OSSL_PARAM_get_utf8_string(param, &ptext, sizeof(text)) &&
                          ska_timeout_from_text(text, &parsed)
                    : OSSL_PARAM_get_uint64(param, &seconds) && seconds <= SKA_TIMEOUT_LIMIT;

    if (!good)
        return ska_fail(ska_signature_errors(signature), SKA_R_BAD_PARAMETER,
                        "%s: seconds, at most a year (31536000)", param->key);
    signature->approvals.timeout =
        param->data_type == OSSL_PARAM_UTF8_STRING ? parsed : (unsigned int)seconds;
    signature->approvals.timeout_set = true;
    return true;
}

static bool set_description(struct ska_signature *signature, const OSSL_PARAM *param)
{
    return param_set_text(signature, param, &signature->approvals.description, 1024);
}

static bool param_set_payload(struct ska_signature *signature, const OSSL_PARAM *param)
{
    const struct ska_errors *errors = ska_signature_errors(signature);
    enum ska_payload_form form = SKA_PAYLOAD_DIGEST;
    char text[16] = "";
    char *ptext = text;

    if (!OSSL_PARAM_get_utf8_string(param, &ptext, sizeof(text)) ||
        !ska_payload_form_from_text(text, &form))
        return ska_fail(errors, SKA_R_BAD_PARAMETER, "%s: digest or message", param->key);
    if (ska_key_is_edwards(signature->key) && form == SKA_PAYLOAD_DIGEST)
        return ska_fail(errors, SKA_R_UNSUPPORTED, "%s signs messages: %s cannot be digest",
                        ska_key_type_name(signature->key->type), param->key);
    if (signature->started && form != ska_signature_form(signature))
        return ska_fail(errors, SKA_R_BAD_PARAMETER, "%s cannot change within a message",
                        param->key);
    signature->approvals.payload = form;
    signature->approvals.payload_set = true;
    return true;
}

/*
 * OpenSSL 3.2 has names for other kinds of EdDSA. Whoever asks for one must not be given a
 * signature of the plain kind.
 */
static bool set_instance(struct ska_signature *signature, const OSSL_PARAM *param)
{
    const char *plain = ska_key_type_name(signature->key->type);
    char name[32] = "";
    char *pname = name;

    return !ska_key_is_edwards(signature->key) ||
           (OSSL_PARAM_get_utf8_string(param, &pname, sizeof(name)) &&
            strcasecmp(name, plain) == 0) ||
           ska_fail(ska_signature_errors(signature), SKA_R_UNSUPPORTED,
                    "%s: an %s key on a token signs plain %s only", param->key, plain, plain);
}

static bool set_context(struct ska_signature *signature, const OSSL_PARAM *param)
{
    const char *plain = ska_key_type_name(signature->key->type);

    return !ska_key_is_edwards(signature->key) || param->data_size == 0 ||
           ska_fail(ska_signature_errors(signature), SKA_R_UNSUPPORTED,
                    "%s: an %s key on a token signs without a context", param->key, plain);
}

static const struct {
    const char *name;
    bool (*set)(struct ska_signature *signature, const OSSL_PARAM *param);
    bool rsa_only;
} setters[] = {
    {OSSL_SIGNATURE_PARAM_DIGEST, set_digest, false},
    {OSSL_SIGNATURE_PARAM_PAD_MODE, param_set_padding, true},
    {OSSL_SIGNATURE_PARAM_PSS_SALTLEN, set_salt, true},
    {OSSL_SIGNATURE_PARAM_MGF1_DIGEST, set_mgf1, true},
    {"instance", set_instance, false},
    {"context-string", set_context, false},
    {SKA_PARAM_APPROVALS, set_bundle, false},
    {SKA_PARAM_APPROVALS_FILE, set_bundle_files, false},
    {SKA_PARAM_APPROVALS_DIR, set_directory, false},
    {SKA_PARAM_APPROVALS_TIMEOUT, param_set_timeout, false},
    {SKA_PARAM_AGENT, set_agent, false},
    {SKA_PARAM_PAYLOAD, param_set_payload, false},
    {SKA_PARAM_DESCRIPTION, set_description, false},
};

int ska_signature_set_params(void *vsignature, const OSSL_PARAM params[])
{
    struct ska_signature *signature = vsignature;

    if (params == NULL)
        return 1;
    if (signature->key == NULL)
        return 0;
    if (signature->software != NULL)
        return EVP_PKEY_CTX_set_params(signature->software, params) > 0;
    if (signature->software_md_pkey != NULL)
        return EVP_PKEY_CTX_set_params(signature->software_md_pkey, params) > 0;
    for (size_t i = 0; i < sizeof(setters) / sizeof(setters[0]); i++) {
        const OSSL_PARAM *param = OSSL_PARAM_locate_const(params, setters[i].name);

        if (param == NULL || (setters[i].rsa_only && !ska_key_is_rsa(signature->key)))
            continue;
        if (!setters[i].set(signature, param))
            return 0;
    }
    return 1;
}

static bool get_padding(struct ska_signature *signature, OSSL_PARAM *param)
{
    size_t i = signature->scheme.pss ? 1 : 0;

    return param->data_type == OSSL_PARAM_UTF8_STRING
               ? OSSL_PARAM_set_utf8_string(param, paddings[i].name)
               : OSSL_PARAM_set_int(param, paddings[i].number);
}

static bool get_salt(struct ska_signature *signature, OSSL_PARAM *param)
{
    signature->scheme.salt_fixed = true;
    for (size_t i = 0; i < sizeof(salts) / sizeof(salts[0]); i++)
        if (signature->scheme.salt == salts[i].salt)
            return param->data_type == OSSL_PARAM_UTF8_STRING
                       ? OSSL_PARAM_set_utf8_string(param, salts[i].name)
                       : OSSL_PARAM_set_int(param, salts[i].number);
    if (param->data_type == OSSL_PARAM_UTF8_STRING) {
        char text[24];

        snprintf(text, sizeof(text), "%zu", signature->scheme.salt_bytes);
        return OSSL_PARAM_set_utf8_string(param, text);
    }
    return OSSL_PARAM_set_size_t(param, signature->scheme.salt_bytes);
}

static bool get_digest(struct ska_signature *signature, OSSL_PARAM *param)
{
    const char *name = ska_digest_name(signature->scheme.digest);

    return OSSL_PARAM_set_utf8_string(param, name == NULL ? "" : name);
}

static bool get_mgf1(struct ska_signature *signature, OSSL_PARAM *param)
{
    const struct ska_signature_scheme *scheme = &signature->scheme;
    const char *name = ska_digest_name(scheme->mgf1_set ? scheme->mgf1_digest : scheme->digest);

    return OSSL_PARAM_set_utf8_string(param, name == NULL ? "" : name);
}

static bool get_algorithm_id(struct ska_signature *signature, OSSL_PARAM *param)
{
    uint8_t der[128];
    size_t length = 0;

    signature->scheme.salt_fixed = true;
    return ska_algorithm_id(signature, der, sizeof(der), &length) &&
           OSSL_PARAM_set_octet_string(param, der, length);
}

static bool get_request(struct ska_signature *signature, OSSL_PARAM *param)
{
    return ska_signature_request(signature) &&
           OSSL_PARAM_set_utf8_string(param, (const char *)signature->prepared->text.data);
}

static bool get_request_id(struct ska_signature *signature, OSSL_PARAM *param)
{
    char id[SKA_REQUEST_ID_LENGTH + 1];

    return ska_signature_request_id(signature, id) && OSSL_PARAM_set_utf8_string(param, id);
}

static const struct {
    const char *name;
    bool (*get)(struct ska_signature *signature, OSSL_PARAM *param);
    bool rsa_only;
} getters[] = {
    {OSSL_SIGNATURE_PARAM_ALGORITHM_ID, get_algorithm_id, false},
    {OSSL_SIGNATURE_PARAM_DIGEST, get_digest, false},
    {OSSL_SIGNATURE_PARAM_PAD_MODE, get_padding, true},
    {OSSL_SIGNATURE_PARAM_PSS_SALTLEN, get_salt, true},
    {OSSL_SIGNATURE_PARAM_MGF1_DIGEST, get_mgf1, true},
    {SKA_PARAM_APPROVAL_REQUEST, get_request, false},
    {SKA_PARAM_REQUEST_ID, get_request_id, false},
};

int ska_signature_get_params(void *vsignature, OSSL_PARAM params[])
{
    struct ska_signature *signature = vsignature;

    if (signature->key == NULL)
        return 0;
    if (signature->software != NULL)
        return EVP_PKEY_CTX_get_params(signature->software, params) > 0;
    if (signature->software_md_pkey != NULL)
        return EVP_PKEY_CTX_get_params(signature->software_md_pkey, params) > 0;
    for (size_t i = 0; i < sizeof(getters) / sizeof(getters[0]); i++) {
        OSSL_PARAM *param = OSSL_PARAM_locate(params, getters[i].name);

        if (param == NULL || (getters[i].rsa_only && !ska_key_is_rsa(signature->key)))
            continue;
        if (!getters[i].get(signature, param))
            return 0;
    }
    return 1;
}

#define SKA_SETTABLE_APPROVALS                                                                     \
    OSSL_PARAM_utf8_string(SKA_PARAM_APPROVALS, NULL, 0),                                          \
        OSSL_PARAM_utf8_string(SKA_PARAM_APPROVALS_FILE, NULL, 0),                                 \
        OSSL_PARAM_utf8_string(SKA_PARAM_APPROVALS_DIR, NULL, 0),                                  \
        OSSL_PARAM_utf8_string(SKA_PARAM_APPROVALS_TIMEOUT, NULL, 0),                              \
        OSSL_PARAM_utf8_string(SKA_PARAM_AGENT, NULL, 0),                                          \
        OSSL_PARAM_utf8_string(SKA_PARAM_PAYLOAD, NULL, 0),                                        \
        OSSL_PARAM_utf8_string(SKA_PARAM_DESCRIPTION, NULL, 0)

#define SKA_GETTABLE_REQUEST                                                                       \
    OSSL_PARAM_utf8_string(SKA_PARAM_APPROVAL_REQUEST, NULL, 0),                                   \
        OSSL_PARAM_utf8_string(SKA_PARAM_REQUEST_ID, NULL, 0)

static const OSSL_PARAM settable_rsa_params[] = {
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PROPERTIES, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_PROPERTIES, NULL, 0),
    SKA_SETTABLE_APPROVALS,
    OSSL_PARAM_END,
};
SKA_CONTEXT_PARAMS(ska_signature_settable_rsa, settable_rsa_params)

static const OSSL_PARAM settable_ec_params[] = {
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PROPERTIES, NULL, 0),
    SKA_SETTABLE_APPROVALS,
    OSSL_PARAM_END,
};
SKA_CONTEXT_PARAMS(ska_signature_settable_ec, settable_ec_params)

static const OSSL_PARAM settable_edwards_params[] = {SKA_SETTABLE_APPROVALS, OSSL_PARAM_END};
SKA_CONTEXT_PARAMS(ska_signature_settable_edwards, settable_edwards_params)

static const OSSL_PARAM gettable_rsa_params[] = {
    OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
    SKA_GETTABLE_REQUEST,
    OSSL_PARAM_END,
};
SKA_CONTEXT_PARAMS(ska_signature_gettable_rsa, gettable_rsa_params)

static const OSSL_PARAM gettable_other_params[] = {
    OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
    SKA_GETTABLE_REQUEST,
    OSSL_PARAM_END,
};
SKA_CONTEXT_PARAMS(ska_signature_gettable_other, gettable_other_params)
