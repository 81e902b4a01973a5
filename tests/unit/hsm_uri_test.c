/* SPDX-License-Identifier: Apache-2.0 */
#include "hsm_support.h"

#include "provider/hsm/uri.h"

static void tells_our_schemes(void **state)
{
    (void)state;
    assert_true(hsm_uri_is_ours("ska:token=a"));
    assert_true(hsm_uri_is_ours("SKA:"));
    assert_true(hsm_uri_is_ours("pkcs11:object=b"));
    assert_true(hsm_uri_is_ours("PkCs11:"));
    assert_false(hsm_uri_is_ours("ska"));
    assert_false(hsm_uri_is_ours("file:/ska:"));
    assert_false(hsm_uri_is_ours("pkcs12:"));
    assert_false(hsm_uri_is_ours(""));
}

static void takes_all_attributes(void **state)
{
    struct hsm_uri *uri = NULL;

    (void)state;
    assert_true(hsm_uri_parse("SKA:token=My%20Token;serial=0a1b;manufacturer=Acme;model=X2;"
                              "object=k%c3%a9y;id=%02%01%fF;type=private?pin-source=file:/etc/pin"
                              "&pin-value=1%2634&module-path=/usr/lib/m.so&approvals-file=/a/b.json"
                              "&approvals-dir=/var/d&approvals-timeout=60&agent=/run/a,/run/b"
                              "&payload=message",
                              &uri, &shown));
    assert_string_equal(uri->token, "My Token");
    assert_string_equal(uri->serial, "0a1b");
    assert_string_equal(uri->manufacturer, "Acme");
    assert_string_equal(uri->model, "X2");
    assert_string_equal((const char *)uri->object.data, "k\xC3\xA9y");
    assert_int_equal(uri->id.length, 3);
    assert_memory_equal(uri->id.data, "\x02\x01\xFF", 3);
    assert_int_equal(uri->type, HSM_OBJECT_PRIVATE);
    assert_string_equal(uri->pin_source, "file:/etc/pin");
    assert_string_equal(uri->pin->value, "1&34");
    assert_string_equal(uri->module_path, "/usr/lib/m.so");
    assert_string_equal(uri->approvals_file, "/a/b.json");
    assert_string_equal(uri->approvals_dir, "/var/d");
    assert_string_equal(uri->approvals_timeout, "60");
    assert_string_equal(uri->agent, "/run/a,/run/b");
    assert_string_equal(uri->payload, "message");
    hsm_uri_free(uri);
}

static void leaves_out_what_is_not_given(void **state)
{
    static const char *const texts[] = {"ska:", "pkcs11:?", "ska:?pin-source=x", "ska:object=a?"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct hsm_uri *uri = NULL;

        assert_true(hsm_uri_parse(texts[i], &uri, &shown));
        assert_null(uri->token);
        assert_null(uri->serial);
        assert_null(uri->id.data);
        assert_null(uri->pin);
        assert_null(uri->payload);
        assert_int_equal(uri->type, HSM_OBJECT_ANY);
        hsm_uri_free(uri);
    }
}

static void knows_three_types(void **state)
{
    struct hsm_uri *uri = NULL;

    (void)state;
    assert_true(hsm_uri_parse("ska:type=public", &uri, &shown));
    assert_int_equal(uri->type, HSM_OBJECT_PUBLIC);
    hsm_uri_free(uri);
    assert_true(hsm_uri_parse("ska:type=cert", &uri, &shown));
    assert_int_equal(uri->type, HSM_OBJECT_CERTIFICATE);
    hsm_uri_free(uri);
}

static void refuses_what_is_wrong(void **state)
{
    static const struct {
        const char *text;
        const char *words; /* what the message says */
    } wrong[] = {
        {"", "ska:"},
        {"skb:object=a", "ska: or pkcs11:"},
        {"seal-2026", "did you mean ska:object=seal-2026?"},
        {"ska:objekt=a", "objekt"},
        {"ska:Object=a", "Object"},
        {"ska:objecttype=cert", "objecttype"},
        {"ska:object=a;object=a", "object is given twice"},
        {"ska:?payload=digest&payload=digest", "payload is given twice"},
        {"ska:pin-value=1", "pin-value belongs after"},
        {"ska:?object=a", "object belongs before"},
        {"ska:?pin-value=12%00", "pin-value contains %00"},
        {"ska:?pinfile=a", "unknown attribute pinfile"},
        {"ska:?pin=a", "unknown attribute pin:"},
        {"ska:object=a%", "without two"},
        {"ska:object=a%4", "without two"},
        {"ska:object=a%4g", "without two"},
        {"ska:id=%0", "without two"},
        {"ska:object=", "object is empty"},
        {"ska:id=", "id is empty"},
        {"ska:token=%20%20", "token is blank"},
        {"ska:token=%00%20%00", "token is blank"},
        {"ska:token=a%00b", "token contains %00 before its end"},
        {"ska:slot-id=0x1", "slot-id is not a number"},
        {"ska:slot-id=123456789012345678901", "slot-id is longer than 20"},
        {"ska:slot-id=1;slot-id=1", "slot-id is given twice"},
        {"ska:?slot-id=1", "slot-id belongs before"},
        {"ska:library-version=12345678", "library-version is longer than 7"},
        {"ska:module-name=a", "unknown attribute module-name"},
        {"ska:x-vendor=a", "unknown attribute x-vendor"},
        {"ska:?agent=a%00b", "agent contains %00"},
        {"ska:type=", "type is empty"},
        {"ska:type=secret-key", "type is not"},
        {"ska:type=data", "type is not"},
        {"ska:type=Private", "type is not"},
        {"ska:?pin-source=%ED%A0%80", "UTF-8"},
        {"ska:object=a b", "blank"},
        {"ska:object=a\nb", "control"},
        {"ska:object=a#b", "#"},
        {"ska:;object=a", "empty"},
        {"ska:object=a;;token=b", "empty"},
        {"ska:object=a;;", "empty"},
        {"ska:;", "empty"},
        {"ska:?&", "empty"},
        {"ska:?&payload=digest", "empty"},
        {"ska:object", "name=value: the label of a key is written object=LABEL"},
        {"ska:seal", "as in ska:object=seal"},
        {"ska:token=a;seal", "as in ska:object=seal"},
        {"ska:=a", "name=value"},
        {"ska:token=123456789012345678901234567890123", "token is longer than 32"},
        {"ska:serial=12345678901234567", "serial is longer than 16"},
        {"ska://token=a", "unknown attribute //token"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);
        struct hsm_uri *uri = NULL;

        assert_false(hsm_uri_parse(wrong[i].text, &uri, &errors));
        assert_null(uri);
        assert_raised(&recorder, SKA_R_BAD_URI, wrong[i].words);
    }
}

static void bounds_the_length(void **state)
{
    static char text[HSM_URI_LIMIT + 2];
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct hsm_uri *uri = NULL;

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    memcpy(text, "ska:object=", 11);
    assert_false(hsm_uri_parse(text, &uri, &errors));
    assert_raised(&recorder, SKA_R_BAD_URI, "8192");
    text[HSM_URI_LIMIT] = 0;
    assert_true(hsm_uri_parse(text, &uri, &shown));
    assert_int_equal(uri->object.length, HSM_URI_LIMIT - 11);
    hsm_uri_free(uri);
}

static void never_shows_the_pin(void **state)
{
    static const char *const texts[] = {
        "ska:?pin-value=273615%00",
        "ska:?pin-value=273615%4",
        "ska:?pin-value=273615%FF",
        "ska:?pin-value=1&pin-value=273615",
        "ska:pin-value=273615",
        "ska:?pin-value=27 3615#273615",
        "ska:?pin-value%3D273615",
        "ska:?pin-value=273615&objekt=1",
        "ska:object=a?pin-value273615",
        /* A "&" that should have been encoded: the rest of the PIN looks like an attribute. */
        "ska:?pin-value=1&273615=2",
        "ska:?pin-value=1&x-a=1&273615=2",
        "ska:?pin-value=1&x-=273615",
        "ska:?pin-value=1&273615",
        "ska:?pin-source=1&273615=2",
        "ska:?pin-source=a/1&b=2&273615=3",
        "ska:?pin-value=1&payload=digest&273615=2",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);
        struct hsm_uri *uri = NULL;

        assert_false(hsm_uri_parse(texts[i], &uri, &errors));
        assert_int_equal(recorder.count, 1);
        assert_null(strstr(recorder.text, "3615"));
    }
}

static void shows_unknown_names_harmlessly(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct hsm_uri *uri = NULL;

    (void)state;
    assert_false(hsm_uri_parse("ska:a\x1b[2J=1", &uri, &errors));
    assert_raised(&recorder, SKA_R_BAD_URI, "a\\x1B[2J");
}

static void formats_what_it_reads(void **state)
{
    static const uint8_t id[] = {0x1B, 'a', 0xFF};
    struct hsm_uri *uri = NULL;
    char *text = hsm_uri_format("My Token;?", ska_span_text("k\xC3\xA9y%"), ska_span(id, 3),
                                HSM_OBJECT_PRIVATE);

    (void)state;
    assert_non_null(text);
    assert_true(strncmp(text, "ska:token=My%20Token", 20) == 0);
    assert_true(hsm_uri_parse(text, &uri, &shown));
    assert_string_equal(uri->token, "My Token;?");
    assert_string_equal((const char *)uri->object.data, "k\xC3\xA9y%");
    assert_int_equal(uri->id.length, 3);
    assert_memory_equal(uri->id.data, id, 3);
    assert_int_equal(uri->type, HSM_OBJECT_PRIVATE);
    hsm_uri_free(uri);
    free(text);

    text = hsm_uri_format(NULL, ska_span(NULL, 0), ska_span(NULL, 0), HSM_OBJECT_ANY);
    assert_string_equal(text, "ska:");
    free(text);
    text = hsm_uri_format("t", ska_span_text("o"), ska_span("\x01", 1), HSM_OBJECT_CERTIFICATE);
    assert_string_equal(text, "ska:token=t;id=%01;object=o;type=cert");
    free(text);
    text =
        hsm_uri_format("t", ska_span("o\xE9\0", 3), ska_span("\0\x01", 2), HSM_OBJECT_CERTIFICATE);
    assert_string_equal(text, "ska:token=t;id=%00%01;object=o%e9%00;type=cert");
    free(text);
}

/* Everything goes into the copy and into the text, but the PIN. */
static void assert_code_or_secret(const char *text, const char *expected)
{
    struct hsm_uri *uri = NULL;
    const char *name = NULL;

    assert_true(hsm_uri_parse(text, &uri, NULL));
    name = hsm_uri_code_or_secret(uri);
    if (expected == NULL)
        assert_null(name);
    else
        assert_string_equal(name, expected);
    hsm_uri_free(uri);
}

static void tells_what_names_code_or_a_secret(void **state)
{
    (void)state;
    assert_code_or_secret("ska:token=t;serial=1;manufacturer=m;model=o;object=a;id=%01;type=private"
                          "?pin-source=/p&approvals-file=/f&approvals-dir=/d&approvals-timeout=1"
                          "&agent=/s&payload=digest",
                          NULL);
    assert_code_or_secret("ska:object=a?module-path=/m.so", "module-path");
    assert_code_or_secret("ska:object=a?pin-value=1", "pin-value");
    assert_code_or_secret("ska:object=a?payload=digest&module-path=/m.so&agent=/s", "module-path");
}

static void writes_all_but_the_pin(void **state)
{
    static const char text[] = "ska:token=My%20Token;serial=0a1b;manufacturer=Acme;model=X2;"
                               "id=%02%01%ff;object=k%c3%a9y;type=private"
                               "?pin-source=file:/etc/pin&module-path=/usr/lib/m.so"
                               "&approvals-file=/a/b%20c%26d.json&approvals-dir=/var/d"
                               "&approvals-timeout=60&agent=/run/a,/run/b&payload=message";
    struct hsm_uri *uri = NULL;
    struct hsm_uri *copy = NULL;
    char secret[sizeof(text) + 32];
    char *written = NULL;

    (void)state;
    snprintf(secret, sizeof(secret), "%s&pin-value=rosebud", text);
    assert_true(hsm_uri_parse(secret, &uri, &shown));
    assert_string_equal(uri->pin->value, "rosebud");
    written = hsm_uri_write(uri);
    assert_string_equal(written, text);
    free(written);
    copy = hsm_uri_copy(uri);
    assert_non_null(copy);
    assert_null(copy->pin);
    hsm_uri_free(uri);
    written = hsm_uri_write(copy);
    assert_string_equal(written, text);
    free(written);
    hsm_uri_free(copy);
}

/* Labels of tokens and objects are not always text, and ids never are. */
static void takes_any_bytes(void **state)
{
    struct hsm_uri *uri = NULL;

    (void)state;
    assert_true(hsm_uri_parse("pkcs11:token=Z%fcrich;object=%FF%00a%00;id=%00%01", &uri, &shown));
    assert_string_equal(uri->token, "Z\xFCrich");
    assert_int_equal(uri->object.length, 4);
    assert_memory_equal(uri->object.data, "\xFF\0a\0", 4);
    assert_int_equal(uri->id.length, 2);
    assert_memory_equal(uri->id.data, "\0\x01", 2);
    hsm_uri_free(uri);
}

/* As other programs write URIs: padded with what the token pads with, with one ";" too many. */
static void takes_padding_and_slots(void **state)
{
    struct hsm_uri *uri = NULL;

    (void)state;
    assert_true(hsm_uri_parse("pkcs11:token=a%20%00%00;model=SoftHSM%20v2%00%20;slot-id=18;"
                              "slot-description=a%20slot;slot-manufacturer=them;"
                              "library-description=l;library-manufacturer=m;library-version=2.6;",
                              &uri, &shown));
    assert_string_equal(uri->token, "a");
    assert_string_equal(uri->model, "SoftHSM v2");
    assert_string_equal(uri->slot_id, "18");
    assert_string_equal(uri->slot_description, "a slot");
    assert_string_equal(uri->slot_manufacturer, "them");
    assert_string_equal(uri->library_description, "l");
    assert_string_equal(uri->library_manufacturer, "m");
    assert_string_equal(uri->library_version, "2.6");
    assert_null(uri->ignored);
    hsm_uri_free(uri);
}

static void ignores_what_others_ask_for(void **state)
{
    struct hsm_uri *uri = NULL;

    (void)state;
    assert_true(hsm_uri_parse("pkcs11:object=a?module-id=b&x-foo=%ff&pin-value=123&module-name=s&"
                              "x-\x1b=1&payload=digest&",
                              &uri, &shown));
    assert_string_equal(uri->ignored, "module-id, x-foo, module-name, x-\\x1B");
    assert_string_equal(uri->pin->value, "123");
    assert_string_equal(uri->payload, "digest");
    hsm_uri_free(uri);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_our_schemes),
        cmocka_unit_test(takes_all_attributes),
        cmocka_unit_test(leaves_out_what_is_not_given),
        cmocka_unit_test(knows_three_types),
        cmocka_unit_test(refuses_what_is_wrong),
        cmocka_unit_test(bounds_the_length),
        cmocka_unit_test(never_shows_the_pin),
        cmocka_unit_test(shows_unknown_names_harmlessly),
        cmocka_unit_test(formats_what_it_reads),
        cmocka_unit_test(tells_what_names_code_or_a_secret),
        cmocka_unit_test(writes_all_but_the_pin),
        cmocka_unit_test(takes_any_bytes),
        cmocka_unit_test(takes_padding_and_slots),
        cmocka_unit_test(ignores_what_others_ask_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
