/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a call is answered with: an HTTP status and, mostly, JSON. A refusal has one of the broker's
 * codes, and its status follows from that.
 */
#ifndef SKATSB_ANSWER_H
#define SKATSB_ANSWER_H

#include <cjson/cJSON.h>

#include "provider/base/bytes.h"

/* The codes in use, as the vendor numbers them. */
enum tsb_code {
    TSB_IMPLEMENTATION = 100,
    TSB_NOT_IMPLEMENTED = 101,
    TSB_MISSING_APPROVAL = 401,
    TSB_INVALID_SIGNATURE = 403,
    TSB_TIMESTAMP_DIFFERENCE = 404,
    TSB_TIMESTAMP_SIGNER_NOT_ALLOWED = 405,
    TSB_MISSING_ACCESS_TOKEN = 406,
    TSB_PARSING_KEY = 407,
    TSB_PARSING_CERTIFICATE = 409,
    TSB_INVALID_CERTIFICATE_REQUEST = 411,
    TSB_INVALID_CODE = 412,
    TSB_APPROVER_NOT_EXISTENT = 413,
    TSB_APPROVER_NOT_ONBOARDED = 414,
    TSB_REQUEST_SIGNER_NOT_ALLOWED = 415,
    TSB_MISSING_API_KEY = 416,
    TSB_CLIENT_SUBSCRIPTION = 450,
    TSB_INPUT_VALIDATION = 600,
    TSB_KEY_SIZE = 603,
    TSB_KEY_ATTRIBUTES = 606,
    TSB_ALGORITHM_NOT_SUPPORTED_BY_KEY = 607,
    TSB_KEY_EXISTS = 608,
    TSB_INVALID_UUID = 609,
    TSB_INVALID_KEY_NAME = 610,
    TSB_INVALID_PAYLOAD = 612,
    TSB_OPERATION_FORBIDDEN_FOR_KEY = 614,
    TSB_DATA_EXISTS = 615,
    TSB_INVALID_ACCESS_TOKEN = 617,
    TSB_INVALID_NUMBER_RANGE = 619,
    TSB_KEY_PASSWORD = 620,
    TSB_INVALID_TAG_LENGTH = 624,
    TSB_INVALID_KEY_FORMAT = 625,
    TSB_INVALID_CERTIFICATE_FORMAT = 626,
    TSB_INVALID_REQUEST_FORMAT = 628,
    TSB_INVALID_API_KEY = 631,
    TSB_APPROVER_EXISTS = 632,
    TSB_KEY_NOT_EXISTENT = 650,
    TSB_REQUEST_NOT_EXISTENT = 651,
    TSB_TASK_NOT_EXISTENT = 652,
    TSB_DATA_NOT_EXISTENT = 653,
    TSB_IN_HSM = 701,
    TSB_IO = 703
};

#define TSB_METHODS_SIZE 40

/* Starts as {0}: not answered yet. */
struct tsb_answer {
    unsigned int status;
    char allowed[TSB_METHODS_SIZE]; /* methods that a call has, where the one asked for is not */
    const char *type;               /* of the body; static */
    struct ska_bytes body;
};

void tsb_answer_clear(struct tsb_answer *answer);

/* Takes the tree, on one line; NULL, as an unfinished one, is memory that ran out. */
void tsb_answer_json(struct tsb_answer *answer, unsigned int status, cJSON *json);
void tsb_answer_text(struct tsb_answer *answer, unsigned int status, const char *type,
                     const char *text);
void tsb_answer_empty(struct tsb_answer *answer, unsigned int status);

/* {"errorCode", "reason", "message"}, unless there is an answer already. Returns false. */
bool tsb_refuse(struct tsb_answer *answer, enum tsb_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* {"message"}: what the broker's framework says, which knows no codes. Returns false. */
bool tsb_refuse_plainly(struct tsb_answer *answer, unsigned int status, const char *message);

/* Where failures of readers go: each becomes a refusal for bad input. */
struct ska_errors tsb_answer_errors(struct tsb_answer *answer);

/* The HTTP status that goes with a code. */
unsigned int tsb_status_of(enum tsb_code code);

#endif
