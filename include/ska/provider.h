/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ska/provider.h: what an application needs to know about the "ska" OpenSSL provider: the names of
 * its parameters and the reasons of its errors.
 *
 * Parameters are set with EVP_PKEY_CTX_set_params() on a signature context (or as text with the
 * openssl command: -sigopt, -pkeyopt, -keyopt) and read with EVP_PKEY_CTX_get_params().
 */
#ifndef SKA_PROVIDER_H
#define SKA_PROVIDER_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The version of this interface: the names and numbers below, and their meaning. Within a version,
 * names are added, but never removed or given another meaning. See also
 * pkg-config --variable=interface ska-provider.
 */
#define SKA_PROVIDER_INTERFACE 1

/*
 * Set. UTF-8: a bundle (a request with its approvals) as JSON text, at most 1 MiB. Set again, it
 * replaces the previous one.
 */
#define SKA_PARAM_APPROVALS "ska-approvals"
/*
 * Set. UTF-8: path of a file with a bundle. Set again, it adds one, up to 64: copies of one
 * request that come back from several people are merged, also with SKA_PARAM_APPROVALS. An
 * empty text clears the list.
 */
#define SKA_PARAM_APPROVALS_FILE "ska-approvals-file"
/* Set. UTF-8: path of an approvals directory for this operation. */
#define SKA_PARAM_APPROVALS_DIR "ska-approvals-dir"
/* Set. Integer or UTF-8: seconds that a signature may wait for approvals; 0, the default: none. */
#define SKA_PARAM_APPROVALS_TIMEOUT "ska-approvals-timeout"
/*
 * Set. UTF-8: path of an approver agent's socket, or several separated by commas. Each has 5
 * seconds to answer, even if the timeout is 0.
 */
#define SKA_PARAM_AGENT "ska-agent"
/* Set. UTF-8: what approvers approve: "digest" (default; EdDSA: always "message") or "message". */
#define SKA_PARAM_PAYLOAD "ska-payload"
/* Set. UTF-8: a line shown to approvers. The HSM does not protect it. */
#define SKA_PARAM_DESCRIPTION "ska-description"
/*
 * Get, after EVP_DigestSignUpdate(). UTF-8: the request for exactly the data passed so far, as
 * JSON text (at most 1 MiB). With data == NULL return_size becomes its length, without the NUL, as
 * for all texts. It is made the first time that it is read, with at most one timestamp of the HSM,
 * kept until the next update, and copied with the context. With the approvals added
 * and set as SKA_PARAM_APPROVALS, EVP_DigestSignFinal() signs.
 */
#define SKA_PARAM_APPROVAL_REQUEST "ska-approval-request"
/* Get, likewise. UTF-8: the id of that request, 64 hexadecimal digits. */
#define SKA_PARAM_REQUEST_ID "ska-request-id"

/*
 * For generating an ordinary key on a token, set on the context of EVP_PKEY_keygen_init(). UTF-8:
 * the URI of the new key, with its label (object=). Without it keys are made in software, as by
 * other providers.
 */
#define SKA_PARAM_URI "ska-uri"
/* Set, together with it. UTF-8: "sign" (default), "decrypt" (RSA), "derive" (EC), separated by
 * commas. */
#define SKA_PARAM_KEY_USAGE "ska-key-usage"

/*
 * Reasons. The hundreds say what kind of failure it is, and are the exit status of skatool:
 * 1xx wrong use or configuration, 2xx refused, 3xx HSM or system failure, 4xx invalid input data.
 *
 * Libraries of providers have no fixed numbers, so an error of this provider is recognized by its
 * library's name (which may be NULL for others). It is not always the first or the last in the
 * queue; `data` becomes the text with details:
 *
 *     while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, NULL)) != 0)
 *         if ((name = ERR_lib_error_string(code)) != NULL && strcmp(name, "ska") == 0)
 *             reason = ERR_GET_REASON(code);
 */
enum ska_reason {
    SKA_R_BAD_CONFIGURATION = 100,
    SKA_R_BAD_URI,
    SKA_R_BAD_PARAMETER,
    SKA_R_UNSUPPORTED, /* algorithm, padding, curve or digest that is not available */
    SKA_R_PIN_MISSING,
    SKA_R_WRONG_USE,
    SKA_R_REQUEST_NOT_OPEN, /* signed, executed or withdrawn, or in another directory */

    SKA_R_APPROVALS_PENDING = 200, /* a request is open and waits for approvers */
    SKA_R_APPROVALS_MISSING,       /* the approvals given do not satisfy the rule */
    SKA_R_APPROVAL_INVALID,        /* an approval's signature does not verify */
    SKA_R_APPROVER_NOT_LISTED,
    SKA_R_APPROVER_DOUBLED,
    SKA_R_RULE_IMPOSSIBLE,
    SKA_R_PAYLOAD_MISMATCH,   /* approved for other data */
    SKA_R_KEY_MISMATCH,       /* approved for another key */
    SKA_R_OPERATION_MISMATCH, /* approved for another operation */
    SKA_R_PAYLOAD_REFUSED,    /* a payload nobody should be asked to approve */
    SKA_R_NOT_EXPORTABLE,
    SKA_R_KEY_BLOCKED,
    SKA_R_TOO_EARLY, /* enough approvals, but a timelock has not passed yet */
    SKA_R_EXPIRED,   /* enough approvals, but their time is over */
    SKA_R_HSM_REFUSED,
    SKA_R_DECLINED,               /* a person said no */
    SKA_R_LABEL_IN_USE,           /* approvals bind to the label, so it must be unique */
    SKA_R_REJECTED,               /* approvers have rejected it, and too few remain */
    SKA_R_AGENT_REFUSED,          /* an approver agent said no */
    SKA_R_WITHDRAWN,              /* the request was withdrawn while it waited */
    SKA_R_BROKER_REFUSED,         /* a broker says that it, or its HSM, has refused */
    SKA_R_DOCUMENT_NOT_CONFIRMED, /* not the document to be signed, or not comparable */

    SKA_R_MODULE_UNAVAILABLE = 300,
    SKA_R_TOKEN_NOT_FOUND,
    SKA_R_TOKEN_AMBIGUOUS,
    SKA_R_PIN_INCORRECT,
    SKA_R_PIN_LOCKED,
    SKA_R_KEY_NOT_FOUND,
    SKA_R_KEY_AMBIGUOUS,
    SKA_R_PLACEHOLDER_NUMBERS, /* built without the vendor's header */
    SKA_R_HSM_FAILURE,
    SKA_R_FILE_FAILURE,
    SKA_R_DIRECTORY_UNSAFE,
    SKA_R_OUT_OF_MEMORY,
    SKA_R_INTERNAL,
    SKA_R_INTERRUPTED,        /* by a signal, while waiting; the request stays open */
    SKA_R_AGENT_FAILURE,      /* an approver agent cannot be reached or does not answer */
    SKA_R_SERVER_UNREACHABLE, /* a web service: it has received nothing of the request */
    SKA_R_SERVER_FAILURE,     /* a web service: no answer, or a useless one */
    /* Files with a special purpose; SKA_R_FILE_FAILURE is for all others. */
    SKA_R_PIN_UNREADABLE,      /* the file, pipe or command with the PIN */
    SKA_R_APPROVALS_DIRECTORY, /* it cannot be read or written */
    SKA_R_AUDIT_LOG,           /* it, or its head in state-dir, cannot be read or written */
    SKA_R_ACCESS_REFUSED,      /* a web service: the caller has no valid API key or token */

    SKA_R_BAD_JSON = 400,
    SKA_R_BAD_REQUEST, /* request or bundle of the wrong shape */
    SKA_R_BAD_POLICY,
    SKA_R_BAD_TOKEN, /* approval token that does not decode */
    SKA_R_BAD_RULE,  /* serialized rule that does not decode */
    SKA_R_BAD_KEY,   /* key or certificate that does not decode or fit */
    SKA_R_BAD_SIGNATURE,
    SKA_R_BAD_INPUT_LENGTH,
    SKA_R_EVIDENCE_WRONG, /* an audit log or evidence was changed */
    SKA_R_BAD_REFERENCE   /* PEM key reference that does not decode */
};

#ifdef __cplusplus
}
#endif

#endif
