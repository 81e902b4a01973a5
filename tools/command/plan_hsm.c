/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skatool check-config --plan: partition, login, SAM mode, a broker.
 *
 * What only the HSM's officers see is asked for in the words of the vendor's manuals: key_auth and
 * the others are names of settings of a partition.
 */
#include <unistd.h>

#include "provider/base/error_capture.h"
#include "provider/hsm/module.h"
#include "provider/hsm/token.h"
#include "provider/tsb/service.h"
#include "tools/command/plan.h"

/* ---- The partition ------------------------------------------------------------------------------
 */

static void plan_ska_calls(struct plan *plan, struct hsm_module *module)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);

    if (hsm_module_supports_ska(module, &quiet))
        plan_item(plan, PLAN_DONE, "SKA calls", "can be made");
    else
        plan_item(plan, PLAN_TO_DO, "SKA calls", "keys with rules need them: %s",
                  ska_error_capture_text(&capture));
    ska_error_capture_clear(&capture);
}

/* False: there is none, so that nothing can be looked for. */
static bool plan_module(struct plan *plan)
{
    const struct ska_settings *settings = &plan->tool->configuration.settings;
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct hsm_module *module = NULL;

    if (settings->pkcs11_module == NULL) {
        plan_item(plan, PLAN_TO_DO, "PKCS#11 module",
                  "set pkcs11-module to the PKCS#11 library of the HSM's vendor (for a Primus HSM "
                  "/usr/local/primus/lib/libprimusP11.so), or set tsb-url");
        return false;
    }
    if (!hsm_module_open(settings->pkcs11_module, settings->pkcs11_init_args, &module, &quiet)) {
        plan_item(plan, PLAN_TO_DO, "PKCS#11 module",
                  "install and configure the PKCS#11 provider of the HSM's vendor: %s",
                  ska_error_capture_text(&capture));
        ska_error_capture_clear(&capture);
        return false;
    }
    plan_item(plan, PLAN_DONE, "PKCS#11 module", "%s, made by %s", settings->pkcs11_module,
              hsm_module_manufacturer(module));
    plan_ska_calls(plan, module);
    return true;
}

/* What lets a partition have keys with rules; `shown`: the key has some. */
static void plan_key_auth(struct plan *plan, bool shown, const char *more)
{
    if (shown)
        plan_item(plan, PLAN_DONE, "key authorization", "the key has rules");
    else
        plan_item(plan, PLAN_ASK, "key authorization",
                  "has a security officer allowed user configuration (use_usr_cnf) and then "
                  "key_auth%s for the partition? Keys with rules need it",
                  more);
}

static void plan_sam(struct plan *plan)
{
    if (!plan->sam && !plan_has_certificates(plan))
        return;
    plan_item(plan, PLAN_ASK, "SAM mode",
              "for qualified signatures: is the firmware certified as a SAM (3.1 on an X2), the "
              "partition licensed for it, and \"Signature Act. Module\" switched on in its user "
              "configuration, before the keys are made?");
    plan_item(plan, PLAN_ASK, "CAs",
              "in SAM mode: are the CAs of the approvers' certificates in the partition's "
              "configuration? They can only be added by an XML import");
}

static struct hsm_token *plan_token(struct plan *plan)
{
    const struct hsm_defaults defaults = tool_defaults(plan->tool);
    const struct hsm_uri uri = {0};
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct hsm_token *token = NULL;

    if (hsm_locate(&uri, &defaults, &token, &quiet))
        plan_item(plan, PLAN_DONE, "partition", "the token \"%s\"", hsm_token_label(token));
    else if (defaults.token == NULL)
        plan_item(plan, PLAN_TO_DO, "partition", "set token to its label: %s",
                  ska_error_capture_text(&capture));
    else
        plan_item(plan, PLAN_TO_DO, "partition",
                  "have a partition \"%s\" created, with PKCS#11 (pkcs11) allowed and a user PIN, "
                  "and name it in the module's own configuration: %s",
                  defaults.token, ska_error_capture_text(&capture));
    ska_error_capture_clear(&capture);
    return token;
}

static void plan_login_done(struct plan *plan)
{
    if (plan_is_user(plan))
        plan_item(plan, PLAN_DONE, "login", "logged in");
    else if (plan_pin_is_roots(plan))
        plan_item(plan, PLAN_DONE, "login", "logged in, as programs that start as root do");
    else
        plan_item(plan, PLAN_ASK, "login", "uid %lu has logged in; can %s? To find out, %s",
                  (unsigned long)geteuid(), plan->user, plan_why_not_user(plan));
}

/* Nobody is asked for a PIN. */
static bool plan_login(struct plan *plan, struct hsm_token *token)
{
    const struct hsm_defaults defaults = tool_defaults(plan->tool);
    const struct hsm_uri uri = {0};
    const struct hsm_pin_source source = hsm_locate_pin(&uri, &defaults);
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    bool done = false;

    if (!hsm_pin_is_named(&source)) {
        plan_item(plan, PLAN_ASK, "login",
                  "pin-source is not set: is somebody there to type the PIN each time?");
        return false;
    }
    done = hsm_token_login(token, &source, &quiet);
    if (done)
        plan_login_done(plan);
    else if (capture.reason == SKA_R_PIN_UNREADABLE || capture.reason == SKA_R_PIN_MISSING)
        plan_item(plan, plan_is_user(plan) ? PLAN_TO_DO : PLAN_ASK, "login", "not tried: %s",
                  ska_error_capture_text(&capture));
    else
        plan_item(plan, PLAN_TO_DO, "login", "%s", ska_error_capture_text(&capture));
    ska_error_capture_clear(&capture);
    return done;
}

void plan_hsm(struct plan *plan)
{
    struct hsm_token *token = plan_module(plan) ? plan_token(plan) : NULL;
    bool logged_in = token != NULL && plan_login(plan, token);
    bool has_rules = plan->key != NULL && plan_key(plan, logged_in);

    plan_key_auth(plan, has_rules, "");
    plan_sam(plan);
    plan_timestamp_key(plan, logged_in ? token : NULL);
}

/* ---- A broker -----------------------------------------------------------------------------------
 */

static void plan_licence(struct plan *plan, struct tsb_connection *connection)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct tsb_licence licence = {false, false, false};

    if (!tsb_service_licence(connection, &licence, &quiet)) {
        plan_item(plan, PLAN_ASK, "licence", "%s", ska_error_capture_text(&capture));
    } else if (licence.key_auth && licence.rest_api && licence.tsb_engine) {
        plan_item(plan, PLAN_DONE, "licence", "KEY_AUTH, REST_API, TSB_ENGINE");
    } else {
        plan_item(plan, PLAN_TO_DO, "licence", "missing:%s%s%s",
                  licence.key_auth ? "" : " KEY_AUTH", licence.rest_api ? "" : " REST_API",
                  licence.tsb_engine ? "" : " TSB_ENGINE");
    }
    ska_error_capture_clear(&capture);
}

void plan_broker(struct plan *plan)
{
    struct ska_error_capture capture = {0};
    struct ska_errors quiet = ska_error_capture(&capture);
    struct tsb_connection *connection = NULL;
    struct ska_bytes version = {NULL, 0};
    int64_t time = -1;
    bool reached =
        tsb_connection_find(&plan->tool->configuration.settings, NULL, &connection, &quiet) &&
        tsb_service_version(connection, &version, &time, &quiet) != TSB_SERVICE_FAILED;
    bool has_rules = false;

    if (reached)
        plan_item(plan, PLAN_DONE, "broker", "%s", tsb_connection_url(connection));
    else
        plan_item(plan, PLAN_TO_DO, "broker", "%s", ska_error_capture_text(&capture));
    ska_error_capture_clear(&capture);
    if (reached)
        plan_licence(plan, connection);
    if (plan->key != NULL)
        has_rules = plan_key(plan, reached);
    plan_key_auth(plan, has_rules, ", jce, rest_api and tsb_engine");
    plan_sam(plan);
    ska_bytes_free(&version);
}
