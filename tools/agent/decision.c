/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/agent/decision.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/error_capture.h"
#include "provider/request/algorithm.h"
#include "provider/request/approval.h"
#include "tools/agent/tls13.h"
#include "tools/review.h"
#include "tools/report.h"
#include "tools/show/text.h"

/* Longer reasons are cut. */
#define REASON_LIMIT 1000

/* ---- Who it is in the rule ------------------------------------------------------------------- */

/*
 * The rule is the requester's word: it says which encoding of the agent's key, or which certificate
 * of it, the HSM knows, and spares an approval that would not count.
 */
static bool find_listed_agent(const struct agent *agent, const struct ska_request *request,
                              const struct ska_approver **listed, const struct ska_errors *errors)
{
    const struct ska_rule *rule = &request->rules[SKA_RULE_USE];

    if (!request->has_rule[SKA_RULE_USE])
        return true;
    *listed = approver_find_listed(agent->libctx, rule, ska_span_of(&agent->approver.public_key));
    return *listed != NULL || ska_fail(errors, SKA_R_APPROVER_NOT_LISTED,
                                       "this agent is not one of those who may approve for this "
                                       "key");
}

/* ---- The log --------------------------------------------------------------------------------- */

static void add_subject(OSSL_LIB_CTX *libctx, const struct ska_request *request,
                        struct ska_buffer *text)
{
    struct ska_span payload = ska_span_of(&request->payload);
    enum ska_digest digest = SKA_DIGEST_NONE;
    struct ska_span value = {NULL, 0};

    if (request->operation != SKA_OPERATION_SIGN) {
        ska_buffer_text(text, ska_operation_names[request->operation]);
    } else if (ska_payload_digest(&request->mechanism, payload, &digest, &value)) {
        ska_buffer_text(text, "digest ");
        ska_buffer_hex(text, value);
    } else if (ska_is_tls13_message(SKA_TLS13_SERVER, payload)) {
        ska_buffer_text(text, "TLS 1.3 server handshake");
    } else if (ska_is_tls13_message(SKA_TLS13_CLIENT, payload)) {
        ska_buffer_text(text, "TLS 1.3 client handshake");
    } else {
        ska_buffer_format(text, "message of %zu bytes, SHA-256 ", payload.length);
        text_fingerprint(libctx, payload, text);
    }
}

/* What others wrote stands at the end, so that it cannot pass for what stands before it. */
static bool write_log(OSSL_LIB_CTX *libctx, const struct agent_peer *peer,
                      const struct ska_request *request, const char *why,
                      struct agent_decision *decision)
{
    struct ska_buffer text = {0};
    char *label = request == NULL ? NULL : ska_printable(ska_span_text(request->key_label), 200);

    ska_buffer_format(&text, "agent: uid %lu pid %ld: %s", (unsigned long)peer->uid,
                      (long)peer->pid, decision->approved ? "approved" : "refused");
    if (request != NULL) {
        ska_buffer_format(&text, " request %s: ", request->id);
        add_subject(libctx, request, &text);
        ska_buffer_format(&text, ", key '%s'", label == NULL ? "" : label);
    }
    if (why != NULL)
        ska_buffer_format(&text, ": %s", why);
    free(label);
    return ska_buffer_finish(&text, &decision->log, NULL);
}

/* ---- The answer ------------------------------------------------------------------------------ */

static bool write_error(const char *why, struct ska_bytes *answer)
{
    cJSON *json = cJSON_CreateObject();
    bool done = json != NULL && ska_json_add_text(json, "error", why) &&
                ska_json_print_line(json, answer, NULL);

    cJSON_Delete(json);
    return done;
}

static bool write_approval(const struct ska_approval *approval, struct ska_bytes *answer,
                           const struct ska_errors *errors)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *array = json == NULL ? NULL : cJSON_AddArrayToObject(json, "approvals");
    bool done = ska_json_add_item(array, NULL, ska_approval_to_json(approval))
                    ? ska_json_print_line(json, answer, errors)
                    : ska_fail(errors, SKA_R_OUT_OF_MEMORY, "approval");

    cJSON_Delete(json);
    return done;
}

static bool sign_approval(const struct agent *agent, const struct ska_request *request,
                          const struct ska_approver *listed, struct ska_bytes *answer,
                          const struct ska_errors *errors)
{
    struct ska_approval approval = {0};
    /* Not verified here: who asked does, and then the HSM. */
    bool done = approver_sign(&agent->approver, listed, ska_span_of(&request->approval_token),
                              &approval, errors) &&
                write_approval(&approval, answer, errors);

    ska_approval_clear(&approval);
    return done;
}

static bool decide_request(struct agent *agent, const struct agent_peer *peer, int64_t now,
                           struct ska_span line, struct ska_request **request,
                           struct ska_bytes *answer, const struct ska_errors *errors)
{
    const struct ska_approver *listed = NULL;

    return agent_rules_admit(&agent->rules, peer, errors) &&
           ska_request_parse(line, "request", request, errors) &&
           ska_request_check_content(*request, agent->libctx, errors) &&
           agent_rules_allow(&agent->rules, peer, *request, errors) &&
           find_listed_agent(agent, *request, &listed, errors) &&
           /* The last one, so that what is refused anyway does not use up what others may have. */
           agent_rules_count(&agent->rules, peer, *request, now, errors) &&
           sign_approval(agent, *request, listed, answer, errors);
}

bool agent_decide(struct agent *agent, const struct agent_peer *peer, int64_t now,
                  struct ska_span line, struct agent_decision *decision)
{
    struct ska_error_capture capture = {0};
    struct ska_errors errors = ska_error_capture(&capture);
    struct ska_request *request = NULL;
    char *why = NULL;
    bool done = false;

    memset(decision, 0, sizeof(*decision));
    decision->approved =
        decide_request(agent, peer, now, line, &request, &decision->answer, &errors);
    if (!decision->approved)
        why = ska_printable(ska_span_text(ska_error_capture_text(&capture)), REASON_LIMIT);
    done = (decision->approved || (why != NULL && write_error(why, &decision->answer))) &&
           write_log(agent->libctx, peer, request, why, decision);
    free(why);
    ska_error_capture_clear(&capture);
    ska_request_free(request);
    return done;
}

bool agent_decline(const struct agent_peer *peer, const char *why, struct agent_decision *decision)
{
    memset(decision, 0, sizeof(*decision));
    return write_error(why, &decision->answer) && write_log(NULL, peer, NULL, why, decision);
}

void agent_decision_clear(struct agent_decision *decision)
{
    ska_bytes_free(&decision->log);
    ska_bytes_free(&decision->answer);
    memset(decision, 0, sizeof(*decision));
}
