/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings, as the configuration names them (ska-provider(7)). Provider and tool read the
 * same section, each by its own means; the meaning of its keys is here.
 */
#ifndef SKA_BASE_SETTINGS_H
#define SKA_BASE_SETTINGS_H

#include "provider/base/bytes.h"
#include "provider/base/error.h"
#include "provider/base/mechanism.h"

/* When a waiting signature tells on standard error how far it is. */
enum ska_progress_when { SKA_PROGRESS_AUTO /* on a terminal */, SKA_PROGRESS_YES, SKA_PROGRESS_NO };

/* Which messages of those that are hashed go into requests, for approvers to see. */
enum ska_request_content {
    SKA_REQUEST_CONTENT_STRUCTURES, /* attributes of CMS, certificates and the like */
    SKA_REQUEST_CONTENT_ALL,
    SKA_REQUEST_CONTENT_NONE
};

/* Text members are owned, NULL when not set. */
struct ska_settings {
    char *pkcs11_module;
    char *pkcs11_init_args; /* the string that this module wants at C_Initialize */
    char *token;
    char *pin_source;  /* "file:PATH" */
    char *pin_sources; /* more that key references may name, separated by commas */
    char *approvals_dir;
    unsigned int approvals_timeout; /* seconds that a signature may wait for people; 0: none */
    char *agent;                    /* sockets of approver agents, separated by commas */
    char *timestamp_key;            /* label of the HSM key that signs timestamps */
    char *audit_log;                /* path */
    char *state_dir;                /* path of a directory of the signer's own */
    char *evidence_dir;             /* likewise */
    char *log;                      /* for failures: the path of a file, or see below */
    char *tsb_url;                  /* of a broker, in the place of a module */
    char *tsb_ca;                   /* PEM: CAs that are believed; NULL: the system's */
    char *tsb_client_cert;          /* PEM */
    char *tsb_client_key;           /* likewise */
    char *tsb_token_source;         /* "file:PATH": the JWT */
    char *tsb_api_key_source;       /* "file:PATH": API keys, one a line */
    char *tsb_key_password_source;  /* "file:PATH": of the keys that have one */
    char *tsb_proxy;                /* http://HOST:PORT */
    char *tsb_proxy_source;         /* "file:PATH": user:password */
    bool load_early;     /* PIN and module when the provider is activated, not at first use */
    bool legacy_methods; /* RSA_sign() and ECDSA_sign() with the key inside of an EVP_PKEY */
    enum ska_progress_when progress;
    bool payload_set;
    enum ska_payload_form payload;
    enum ska_request_content request_content;
};

/* The names of all keys, ended by NULL. */
extern const char *const ska_setting_names[];

/*
 * The URL of a broker as it is compared and called: the scheme in lower case, and without the "/v1"
 * at its end that the vendor's tables have, since every call brings its own.
 */
void ska_broker_url_tidy(char *url);

/* Sets one; a bad value is SKA_R_BAD_CONFIGURATION and names key and value. */
bool ska_settings_set(struct ska_settings *settings, const char *name, const char *value,
                      const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_settings_clear(struct ska_settings *settings);

/*
 * When all are set: whether they go together. SKA_R_BAD_CONFIGURATION otherwise, and names them.
 */
bool ska_settings_check(const struct ska_settings *settings,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

/* Whether `log` is the system's log, and whether that gets the lines of the audit log, too. */
bool ska_settings_log_to_syslog(const struct ska_settings *settings);
bool ska_settings_audit_to_syslog(const struct ska_settings *settings);

/*
 * Whether the configuration names this PIN source ("file:PATH" or a path), as pin-source or in
 * pin-sources, in the same words: files of others (key references) may name no other one.
 */
bool ska_settings_list_pin_source(const struct ska_settings *settings, const char *source);

/*
 * The next path in pin-sources, without the blanks around it; `list` becomes what is left of them,
 * NULL: nothing.
 */
struct ska_span ska_settings_next_pin_source(const char **list);

/* Whether the configuration names each of these agents (sockets, separated by commas). */
bool ska_settings_list_agents(const struct ska_settings *settings, const char *agents);

/* Decimal digits, at most a year. */
#define SKA_TIMEOUT_LIMIT 31536000u
bool ska_timeout_from_text(const char *text, unsigned int *seconds) SKA_MUST_CHECK;

/* "digest" or "message". */
bool ska_payload_form_from_text(const char *text, enum ska_payload_form *form) SKA_MUST_CHECK;

#endif
