#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Block, unblock and modify.
. "$(dirname "$0")/lib.sh"
people
printf '{"ruleUse":%s,"ruleBlock":%s,"ruleUnblock":%s,"ruleModify":%s}' "$(rule 2 alice bob carol)" \
    "$(rule 1 dave)" "$(rule 2 alice bob carol)" "$(rule 2 alice bob carol)" >policy.json
key changing p256
request changing sign.json document
approve sign.json alice bob
signs changing document sign.json

# change OPERATION NAME... [-- OPTION...]: asked for, approved by these, executed.
change() {
    local operation=$1 names=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        names+=("$1")
        shift
    done
    [ $# -eq 0 ] || shift
    rm -f "$operation.json"
    succeeds skatool request --key "$(uri changing)" --operation "$operation" "$@" -o "$operation.json"
    refused '' skatool execute --key "$(uri changing)" "$operation.json"
    approve "$operation.json" "${names[@]}"
    succeeds skatool execute --key "$(uri changing)" "$operation.json"
}
change block dave
succeeds skatool show --key "$(uri changing)"
shows 'blocked +yes'
signs_not '' changing document sign.json
change unblock alice carol
signs changing document sign.json

printf '{"ruleUse":%s}' "$(rule 2 alice bob dave)" >modify.json.policy
change modify alice bob -- --policy modify.json.policy
succeeds skatool show --key "$(uri changing)"
shows dave
request changing after.json document
approve after.json alice
token_of after.json >token
bundle after.json "$(approval alice token)" "$(approval carol token)" >gone.json
signs_not '' changing document gone.json
approve after.json dave
signs changing document after.json
notes 'approvals of before a modification, by those who stay' changing sign.json
pass
