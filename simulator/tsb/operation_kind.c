/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/operation_kind.h"

#include "simulator/tsb/operation_steps.h"

/* What all that sign with a key have in common, and all that change one. */
#define SIGNING                                                                                    \
    .key_name = "signKeyName", .password = "keyPassword", .id_name = "signRequestId",              \
    .status = 200, .operation = SKA_OPERATION_SIGN, .token = CK_SKA_SIGN, .has_payload = true,     \
    .run = tsb_sign_run
#define CHANGE                                                                                     \
    .password = "keyPassword", .status = 200, .needs_rules = true, .prepare = tsb_change_prepare,  \
    .run = tsb_change_run, .finish = tsb_change_finish, .is_done = tsb_change_is_done

static const struct tsb_operation_kind kinds[TSB_KIND_COUNT] = {
    [TSB_SIGN] = {SIGNING, .root = "signRequest", .parsed = "signedSignRequest",
                  .answer = "signature", .members = tsb_sign_members,
                  .at_once = tsb_sign_members_at_once, .read = tsb_sign_read,
                  .prepare = tsb_sign_prepare, .finish = tsb_sign_finish},
    [TSB_CSR] = {SIGNING, .root = "csrSignRequest", .parsed = "signedCertificateRequestRequest",
                 .answer = "certificateSigningRequest", .bare = true, .members = tsb_csr_members,
                 .read = tsb_csr_read, .prepare = tsb_certificate_prepare,
                 .finish = tsb_csr_finish},
    [TSB_SELF_SIGN] = {SIGNING, .root = "selfSignCertificateRequest",
                       .parsed = "signedSelfSignCertificateRequestDto", .answer = "certificate",
                       .bare = true, .members = tsb_self_sign_members, .read = tsb_self_sign_read,
                       .prepare = tsb_certificate_prepare, .finish = tsb_self_sign_finish},
    [TSB_ISSUE] = {SIGNING, .root = "signCertificateRequest",
                   .parsed = "signedSignCertificateRequest", .answer = "certificate", .bare = true,
                   .members = tsb_issue_members, .read = tsb_issue_read,
                   .prepare = tsb_certificate_prepare, .finish = tsb_issue_finish},
    [TSB_DECRYPT] = {.root = "decryptRequest",
                     .key_name = "decryptKeyName",
                     .password = "keyPassword",
                     .id_name = "decryptRequestId",
                     .parsed = "signedDecryptRequest",
                     .answer = "payload",
                     .status = 200,
                     .operation = SKA_OPERATION_SIGN,
                     .token = CK_SKA_DECRYPT,
                     .has_payload = true,
                     .members = tsb_decrypt_members,
                     .read = tsb_decrypt_read,
                     .prepare = tsb_decrypt_prepare,
                     .run = tsb_decrypt_run,
                     .finish = tsb_decrypt_finish},
    [TSB_UNWRAP] = {.root = "unwrapKeyRequest",
                    .key_name = "unwrapKeyName",
                    .password = "unwrapKeyPassword",
                    .id_name = "unwrapRequestId",
                    .parsed = "signedUnwrapKeyRequest",
                    .status = 201,
                    .operation = SKA_OPERATION_SIGN,
                    .token = CK_SKA_UNWRAP,
                    .has_payload = true,
                    .members = tsb_unwrap_members,
                    .read = tsb_unwrap_read,
                    .prepare = tsb_unwrap_prepare,
                    .run = tsb_unwrap_run,
                    .finish = tsb_unwrap_finish,
                    .is_done = tsb_unwrap_is_done},
    [TSB_BLOCK] = {CHANGE, .root = "blockRequest", .key_name = "blockKeyName",
                   .id_name = "blockKeyRequestId", .parsed = "signedBlockKeyRequest",
                   .operation = SKA_OPERATION_BLOCK, .token = CK_SKA_BLOCK,
                   .members = tsb_no_members, .read = tsb_no_read},
    [TSB_UNBLOCK] = {CHANGE, .root = "unblockRequest", .key_name = "unblockKeyName",
                     .id_name = "unblockKeyRequestId", .parsed = "signedUnblockKeyRequest",
                     .operation = SKA_OPERATION_UNBLOCK, .token = CK_SKA_UNBLOCK,
                     .members = tsb_no_members, .read = tsb_no_read},
    [TSB_MODIFY] = {CHANGE, .root = "modifyRequest", .key_name = "modifyKeyName",
                    .id_name = "modifyKeyRequestId", .parsed = "signedModifyKeyRequest",
                    .operation = SKA_OPERATION_MODIFY, .token = CK_SKA_MODIFY, .has_payload = true,
                    .members = tsb_modify_members, .read = tsb_modify_read},
};

const struct tsb_operation_kind *tsb_operation_kind(enum tsb_kind kind)
{
    return &kinds[kind];
}
