/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings: what is taken, and that nothing is ignored in silence.
 */
#include "sign_support.h"

#include "provider/base/settings.h"

static struct ska_settings settings;

static bool sets(const char *name, const char *value, struct recorder *recorder)
{
    struct ska_errors errors = errors_into(recorder);
    bool done = ska_settings_set(&settings, name, value, &errors);

    assert_int_equal(done, recorder->count == 0);
    return done;
}

static void assert_refused(const char *name, const char *value, const char *message)
{
    struct recorder recorder;

    if (sets(name, value, &recorder))
        fail_msg("%s = %s was taken", name, value);
    assert_raised_with(&recorder, SKA_R_BAD_CONFIGURATION, message);
}

static void assert_sets(const char *name, const char *value)
{
    struct recorder recorder;

    if (!sets(name, value, &recorder))
        fail_msg("%s", recorder.text);
}

static void good_values_are_taken(void **state)
{
    (void)state;
    assert_sets("pkcs11-module", "/usr/lib/module.so");
    assert_sets("token", "a token with a label of 32 bytes");
    assert_sets("pin-source", "file:/run/pin");
    assert_sets("approvals-dir", "/var/lib/ska");
    assert_sets("timestamp-key", "clock");
    assert_string_equal(settings.timestamp_key, "clock");
    assert_string_equal(settings.pkcs11_module, "/usr/lib/module.so");
    assert_string_equal(settings.token, "a token with a label of 32 bytes");
    assert_string_equal(settings.pin_source, "file:/run/pin");
    assert_string_equal(settings.approvals_dir, "/var/lib/ska");
    assert_false(settings.payload_set);
    assert_sets("payload", "message");
    assert_true(settings.payload_set);
    assert_int_equal(settings.payload, SKA_PAYLOAD_MESSAGE);
    assert_sets("payload", "digest");
    assert_int_equal(settings.payload, SKA_PAYLOAD_DIGEST);
    assert_sets("token", "another");
    assert_string_equal(settings.token, "another");
    assert_false(settings.load_early);
    assert_sets("load", "early");
    assert_true(settings.load_early);
    assert_sets("legacy-methods", "yes");
    assert_true(settings.legacy_methods);
    assert_sets("legacy-methods", "no");
    assert_false(settings.legacy_methods);
    assert_sets("load", "late");
    assert_false(settings.load_early);
    assert_false(ska_settings_log_to_syslog(&settings));
    assert_sets("log", "syslog");
    assert_true(ska_settings_log_to_syslog(&settings));
    assert_false(ska_settings_audit_to_syslog(&settings));
    assert_sets("log", "syslog,audit");
    assert_true(ska_settings_audit_to_syslog(&settings));
    assert_sets("log", "syslog , audit");
    assert_true(ska_settings_log_to_syslog(&settings));
    assert_true(ska_settings_audit_to_syslog(&settings));
    assert_sets("log", "/var/log/ska/failures.log");
    assert_string_equal(settings.log, "/var/log/ska/failures.log");
    assert_false(ska_settings_log_to_syslog(&settings));
    assert_false(ska_settings_audit_to_syslog(&settings));
    ska_settings_clear(&settings);
    assert_null(settings.token);
    assert_false(settings.payload_set);
}

static void bad_values_are_refused_by_key_and_value(void **state)
{
    (void)state;
    assert_sets("token", "kept");
    assert_refused("pkcs11-module", "", "pkcs11-module = '': path expected");
    assert_refused("approvals-dir", "", "approvals-dir = '': path expected");
    assert_refused("evidence-dir", "", "evidence-dir = '': path expected");
    assert_refused("state-dir", "", "state-dir = '': path expected");
    assert_refused("token", "", "token = ''");
    assert_refused("load", "", "load = '': early or late expected");
    assert_refused("legacy-methods", "1", "legacy-methods = '1': yes or no expected");
    assert_refused("load", "yes", "load = 'yes': early or late expected");
    assert_refused("log", "", "log = '': syslog, or syslog,audit in this order, or the absolute");
    assert_refused("log", "failures.log", "log = 'failures.log': syslog, or syslog,audit in");
    assert_refused("log", "syslog,", "log = 'syslog,': syslog, or syslog,audit in this order");
    assert_refused("log", "syslog,audits", "log = 'syslog,audits': syslog, or");
    assert_refused("log", "syslogaudit", "log = 'syslogaudit': syslog, or");
    assert_refused("log", "syslog audit", "log = 'syslog audit': syslog, or");
    assert_refused("timestamp-key", "", "timestamp-key = ''");
    assert_refused("token", "a token with a label of 33 bytes.", "at most 32 bytes");
    assert_refused("pin-source", "1234", "pin-source: file:PATH, |/COMMAND");
    assert_refused("pin-source", "file:", "file:PATH, |/COMMAND or env:NAME expected");
    assert_refused("pin-source", "|", "an absolute path");
    assert_refused("pin-source", "|tell 1234", "an absolute path");
    assert_refused("pin-source", "env:", "env:NAME expected");
    assert_refused("pin-sources", "", "pin-sources: absolute paths of PIN files");
    assert_refused("pin-sources", "1234", "pin-sources: absolute paths of PIN files");
    assert_refused("pin-sources", "/a,", "pin-sources: absolute paths of PIN files");
    assert_refused("pin-sources", "/a,,/b", "pin-sources: absolute paths of PIN files");
    assert_refused("pin-sources", "file:b", "pin-sources: absolute paths of PIN files");
    assert_refused("payload", "Digest\x1B", "payload = 'Digest\\x1B': digest or message expected");
    assert_refused("payload", "", "digest or message expected");
    assert_string_equal(settings.token, "kept");
    assert_false(settings.payload_set);
    ska_settings_clear(&settings);
}

static void assert_listed(const char *source, bool listed)
{
    assert_int_equal(ska_settings_list_pin_source(&settings, source), listed);
}

/* In the same words, after "file:". */
static void pin_sources_are_listed_as_they_are_written(void **state)
{
    (void)state;
    assert_listed("file:/run/pin", false);
    assert_sets("pin-source", "file:/run/pin");
    assert_listed("/run/pin", true);
    assert_sets("pin-sources", "/run/a, file:/run/b ,/run/c");
    assert_listed("/run/pin", true);
    assert_listed("file:/run/pin", true);
    assert_listed("/run/a", true);
    assert_listed("file:/run/b", true);
    assert_listed("/run/c", true);
    assert_listed("/run//a", false);
    assert_listed("file:///run/a", false);
    assert_listed("/run/../run/a", false);
    assert_listed("/run", false);
    assert_listed("/run/a,", false);
    assert_listed("/run/a, file:/run/b", false);
    assert_listed("", false);
    ska_settings_clear(&settings);
    assert_null(settings.pin_sources);
}

static void unknown_keys_are_refused(void **state)
{
    (void)state;
    assert_refused("tokens", "x", "unknown key 'tokens'");
    assert_refused("Token", "x", "unknown key 'Token'");
    assert_refused("", "x", "unknown key ''");
}

/* Each key that is listed is known. */
static void the_list_is_complete(void **state)
{
    size_t count = 0;

    (void)state;
    for (; ska_setting_names[count] != NULL; count++) {
        struct recorder recorder;

        if (!sets(ska_setting_names[count], "?", &recorder))
            assert_text_contains(recorder.text, "expected");
    }
    /* All of the interface that there are. */
    assert_int_equal(count, 27);
    ska_settings_clear(&settings);
}

static void assert_unfit(const char *message)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    assert_false(ska_settings_check(&settings, &errors));
    assert_raised_with(&recorder, SKA_R_BAD_CONFIGURATION, message);
}

static void a_broker_has_a_url_and_no_module(void **state)
{
    (void)state;
    assert_refused("tsb-url", "broker.example", "tsb-url: https://HOST");
    assert_refused("tsb-url", "https://me:secret@broker.example", "tsb-url: https://HOST");
    assert_refused("tsb-proxy", "http://me:secret@proxy.example:3128", "tsb-proxy: http://HOST");
    assert_refused("tsb-token-source", "eyJhbGciOi", "tsb-token-source: file:PATH expected");
    assert_refused("tsb-api-key-source", "file:keys", "tsb-api-key-source: file:PATH expected");
    assert_true(ska_settings_check(&settings, NULL));
    assert_sets("tsb-ca", "/etc/ska/ca.pem");
    assert_unfit("tsb-ca: has no meaning without tsb-url");
    assert_sets("tsb-url", "HTTPS://Broker.example/tsb/v1/");
    assert_string_equal(settings.tsb_url, "https://Broker.example/tsb");
    assert_sets("tsb-url", "https://v1");
    assert_string_equal(settings.tsb_url, "https://v1");
    assert_sets("tsb-url", "https://broker.example:8443");
    assert_true(ska_settings_check(&settings, NULL));
    assert_sets("tsb-client-cert", "/etc/ska/client.pem");
    assert_unfit("tsb-client-cert and tsb-client-key");
    assert_sets("tsb-client-key", "/etc/ska/client.key");
    assert_true(ska_settings_check(&settings, NULL));
    assert_sets("tsb-proxy-source", "file:/etc/ska/proxy");
    assert_unfit("tsb-proxy-source: has no meaning without tsb-proxy");
    assert_sets("tsb-proxy", "http://proxy.example:3128");
    assert_true(ska_settings_check(&settings, NULL));
    assert_sets("pkcs11-module", "/usr/lib/module.so");
    assert_unfit("pkcs11-module and tsb-url: set only one of them");
    ska_settings_clear(&settings);
    assert_true(ska_settings_check(&settings, NULL));
}

static void timeouts_are_seconds(void **state)
{
    (void)state;
    assert_sets("approvals-timeout", "0");
    assert_int_equal(settings.approvals_timeout, 0);
    assert_sets("approvals-timeout", "31536000");
    assert_int_equal(settings.approvals_timeout, 31536000);
    assert_refused("approvals-timeout", "31536001", "approvals-timeout = '31536001': seconds");
    assert_refused("approvals-timeout", "99999999999999999999", "seconds expected");
    assert_refused("approvals-timeout", "", "seconds expected");
    assert_refused("approvals-timeout", "-1", "seconds expected");
    assert_refused("approvals-timeout", "1m", "seconds expected");
    assert_refused("approvals-timeout", " 1", "seconds expected");
    assert_int_equal(settings.approvals_timeout, 31536000);
    ska_settings_clear(&settings);
}

static void progress_is_one_of_three(void **state)
{
    (void)state;
    assert_int_equal(settings.progress, SKA_PROGRESS_AUTO);
    assert_sets("progress", "no");
    assert_int_equal(settings.progress, SKA_PROGRESS_NO);
    assert_sets("progress", "yes");
    assert_int_equal(settings.progress, SKA_PROGRESS_YES);
    assert_sets("progress", "auto");
    assert_int_equal(settings.progress, SKA_PROGRESS_AUTO);
    assert_refused("progress", "true", "progress = 'true': auto, yes or no expected");
    assert_refused("agent", "", "agent = '': path expected");
}

static void content_is_one_of_three(void **state)
{
    (void)state;
    assert_int_equal(settings.request_content, SKA_REQUEST_CONTENT_STRUCTURES);
    assert_sets("request-content", "all");
    assert_int_equal(settings.request_content, SKA_REQUEST_CONTENT_ALL);
    assert_sets("request-content", "none");
    assert_int_equal(settings.request_content, SKA_REQUEST_CONTENT_NONE);
    assert_sets("request-content", "structures");
    assert_int_equal(settings.request_content, SKA_REQUEST_CONTENT_STRUCTURES);
    assert_refused("request-content", "some", "structures, all or none expected");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_values_are_taken),
        cmocka_unit_test(bad_values_are_refused_by_key_and_value),
        cmocka_unit_test(pin_sources_are_listed_as_they_are_written),
        cmocka_unit_test(unknown_keys_are_refused),
        cmocka_unit_test(the_list_is_complete),
        cmocka_unit_test(a_broker_has_a_url_and_no_module),
        cmocka_unit_test(timeouts_are_seconds),
        cmocka_unit_test(progress_is_one_of_three),
        cmocka_unit_test(content_is_one_of_three),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
