#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A process with two libcryptos, each of which has loaded the provider.
. "$(dirname "$0")/lib.sh"

approver alice
policy "$(rule 1 alice)" >policy.json
succeeds skatool keygen --key ska:object=seal --algorithm EC --policy policy.json
succeeds skatool pem --key ska:object=seal -o seal.ref
quietly ours "$programs/other_core" "$binary_dir/provider/ska.so" seal.ref
pass
