/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an order may say, and that anything else is none. What becomes of orders is in
 * scenario.orders.
 */
#include "sign_support.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/command/execute_run.h"
#include "tools/order.h"

#define KEY "\"key\":{\"token\":\"tok\",\"label\":\"seal\",\"id\":\"0aff\"}"
#define ORDER(operation, rest) "{\"version\":1,\"operation\":\"" operation "\"," KEY rest "}"
#define RULES ",\"rules\":{\"ruleUse\":null,\"ruleModify\":{\"tokens\":[]}}"

static void assert_same_order(const struct order *order, const struct order *again)
{
    assert_int_equal(order->operation, again->operation);
    assert_string_equal(order->token_label, again->token_label);
    assert_string_equal(order->key_label, again->key_label);
    assert_true(ska_span_equal(ska_span_of(&order->key_id), ska_span_of(&again->key_id)));
    for (int i = 0; i < SKA_RULE_COUNT; i++)
        assert_int_equal(order->policy.named[i], again->policy.named[i]);
}

static void an_order_is_read_as_it_was_written(void **state)
{
    static const char *const orders[] = {ORDER("BLOCK", ""), ORDER("UNBLOCK", ""),
                                         ORDER("MODIFY", RULES ",\"description\":\"Stop it\"")};
    struct order order;
    struct order again;

    (void)state;
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        struct ska_bytes text = {NULL, 0};

        assert_true(order_parse(ska_span_text(orders[i]), "order", &order, NULL));
        assert_true(order_print(&order, &text, NULL));
        assert_true(order_parse(ska_span_of(&text), "order", &again, NULL));
        assert_same_order(&order, &again);
        ska_bytes_free(&text);
        order_clear(&again);
        order_clear(&order);
    }
    assert_true(order_parse(ska_span_text(orders[2]), "order", &order, NULL));
    assert_string_equal(order.description, "Stop it");
    assert_true(order.policy.named[SKA_RULE_USE]);
    assert_false(order.policy.named[SKA_RULE_BLOCK]);
    order_clear(&order);
}

static void anything_else_is_none(void **state)
{
    static const struct {
        const char *text;
        const char *said;
    } wrong[] = {
        {"", "order"},
        {"[]", "object expected"},
        {"{\"version\":1}", "operation"},
        {"{\"version\":2,\"operation\":\"BLOCK\"," KEY "}", "version: only 1 is known"},
        {"{\"operation\":\"BLOCK\"," KEY "}", "version"},
        {"{\"version\":1,\"operation\":\"BLOCK\"}", "key"},
        {"{\"version\":1,\"operation\":\"BLOCK\",\"key\":{\"label\":\"\"}}", "key.label: empty"},
        {"{\"version\":1,\"operation\":\"BLOCK\",\"key\":{\"id\":\"01\"}}", "key.label"},
        {"{\"version\":1,\"operation\":\"BLOCK\",\"key\":{\"label\":\"a\",\"id\":\"0\"}}",
         "key.id"},
        {"{\"version\":1,\"operation\":\"BLOCK\",\"key\":{\"label\":\"a\",\"pin\":\"1\"}}", "pin"},
        {ORDER("SIGN", ""), "operation: 'SIGN'"},
        {ORDER("block", ""), "operation: 'block'"},
        {ORDER("BLOCK", ",\"approvals\":[]"), "approvals"},
        {ORDER("BLOCK", RULES), "rules: only to modify"},
        {ORDER("MODIFY", ""), "rules: missing"},
        {ORDER("MODIFY", ",\"rules\":{}"), "rules: it names none"},
        {ORDER("MODIFY", ",\"rules\":{\"ruleAny\":null}"), "ruleAny"},
        {ORDER("MODIFY",
               ",\"rules\":{\"ruleUse\":{\"tokens\":[{\"groups\":[{\"quorum\":1,"
               "\"approvals\":[{\"type\":\"public_key\",\"file\":\"/etc/passwd\"}]}]}]}}"),
         "value"},
        {ORDER("BLOCK", ",\"description\":1"), "description"},
    };
    struct order order;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);

        if (order_parse(ska_span_text(wrong[i].text), "order", &order, &errors))
            fail_msg("taken: %s", wrong[i].text);
        if (strstr(recorder.text, wrong[i].said) == NULL)
            fail_msg("%s: said is: %s", wrong[i].text, recorder.text);
        assert_null(order.key_label);
    }
}

static void what_is_too_long_is_none(void **state)
{
    static char text[ORDER_LIMIT + 2];
    struct ska_buffer words = {0};
    struct order order;

    (void)state;
    for (int more = 0; more < 2; more++) {
        words = (struct ska_buffer){0};
        ska_buffer_text(&words,
                        "{\"version\":1,\"operation\":\"BLOCK\"," KEY ",\"description\":\"");
        for (int i = 0; i < ORDER_WORDS_LIMIT + more; i++)
            ska_buffer_text(&words, "x");
        ska_buffer_text(&words, "\"}");
        assert_int_equal(
            order_parse(ska_span_text(ska_buffer_string(&words)), "order", &order, NULL),
            more == 0);
        order_clear(&order);
        ska_buffer_free(&words);
    }
    memset(text, ' ', sizeof(text));
    memcpy(text, ORDER("BLOCK", ""), strlen(ORDER("BLOCK", "")));
    assert_true(order_parse(ska_span((const uint8_t *)text, ORDER_LIMIT), "order", &order, NULL));
    order_clear(&order);
    assert_false(
        order_parse(ska_span((const uint8_t *)text, ORDER_LIMIT + 1), "order", &order, NULL));
}

/* ---- In a directory -------------------------------------------------------------------------- */

static char place[] = "/tmp/ska-order-XXXXXX";

static int setup(void **state)
{
    (void)state;
    strcpy(place, "/tmp/ska-order-XXXXXX");
    return mkdtemp(place) == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf -- %s", place);
    return system(command);
}

static bool skip_all(void *arg, const struct order_file *file)
{
    (void)file;
    ++*(size_t *)arg;
    return true;
}

static void so_many_of_one_owner_are_looked_at(void **state)
{
    struct ska_directory *directory = NULL;
    struct order_files files = {NULL, 0, 0};
    struct order order;
    char name[ORDER_NAME_SIZE];
    size_t skipped = 0;

    (void)state;
    assert_true(ska_directory_open(place, SKA_DIRECTORY_TO_APPROVE, &directory, NULL));
    assert_true(order_parse(ska_span_text(ORDER("BLOCK", "")), "order", &order, NULL));
    for (int i = 0; i < ORDERS_AT_ONCE + 3; i++)
        assert_true(order_put(directory, NULL, &order, name, NULL));
    order_clear(&order);
    assert_true(order_files_find(directory, NULL, NULL, NULL, &files, NULL));
    assert_int_equal(files.count, ORDERS_AT_ONCE);
    assert_int_equal(files.left, 3);
    assert_int_equal(files.files[0].owner, geteuid());
    order_files_free(&files);
    /* What is skipped takes nobody's place. */
    assert_true(order_files_find(directory, NULL, skip_all, &skipped, &files, NULL));
    assert_int_equal(files.count + files.left, 0);
    assert_int_equal(skipped, ORDERS_AT_ONCE + 3);
    order_files_free(&files);
    ska_directory_close(directory);
}

static void a_file_that_changes_is_another(void **state)
{
    struct ska_directory *directory = NULL;
    struct order_files files = {NULL, 0, 0};
    struct order order;
    char name[ORDER_NAME_SIZE];
    char path[ORDER_NAME_SIZE + sizeof(place) + 1];
    FILE *file = NULL;

    (void)state;
    assert_true(ska_directory_open(place, SKA_DIRECTORY_TO_APPROVE, &directory, NULL));
    assert_true(order_parse(ska_span_text(ORDER("BLOCK", "")), "order", &order, NULL));
    assert_true(order_put(directory, NULL, &order, name, NULL));
    order_clear(&order);
    assert_true(order_files_find(directory, NULL, NULL, NULL, &files, NULL));
    assert_int_equal(files.count, 1);
    assert_string_equal(files.files[0].name, name);
    assert_true(order_file_read(directory, NULL, &files.files[0], &order, NULL));
    assert_string_equal(order.key_label, "seal");
    order_clear(&order);
    snprintf(path, sizeof(path), "%s/%s", place, name);
    file = fopen(path, "a");
    assert_non_null(file);
    fputc('\n', file);
    fclose(file);
    assert_false(order_file_read(directory, NULL, &files.files[0], &order, NULL));
    order_files_free(&files);
    ska_directory_close(directory);
}

/* Whoever floods every request takes no more than the one limit, and the first leaves some. */
static void all_requests_share_one_limit(void **state)
{
    struct execute_run run = {.rest_used_ms = 0};

    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t part = execute_rest_of_one(&run);

        assert_true(part >= 0);
        if (i < 10)
            assert_true(part > 0);
        run.rest_used_ms += part;
        assert_true(run.rest_used_ms <= EXECUTE_REST_MS);
    }
    assert_int_equal(execute_rest_of_one(&run), 0);
    run.rest_used_ms = EXECUTE_REST_MS + 5; /* the last file takes as long as it takes */
    assert_int_equal(execute_rest_of_one(&run), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_is_read_as_it_was_written),
        cmocka_unit_test(anything_else_is_none),
        cmocka_unit_test(what_is_too_long_is_none),
        cmocka_unit_test(all_requests_share_one_limit),
        cmocka_unit_test_setup_teardown(so_many_of_one_owner_are_looked_at, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_changes_is_another, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
