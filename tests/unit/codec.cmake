# SPDX-License-Identifier: Apache-2.0
ska_unit_test(codec_wire_test ska-codec PkgConfig::CJSON)
ska_unit_test(codec_token_test ska-codec PkgConfig::CJSON)
ska_unit_test(codec_rule_test ska-codec PkgConfig::CJSON)
ska_unit_test(codec_modify_test ska-codec PkgConfig::CJSON)
ska_unit_test(codec_quorum_test ska-codec PkgConfig::CJSON)
ska_unit_test(codec_signature_test ska-codec PkgConfig::CJSON)
ska_unit_test(codec_describe_test ska-tools PkgConfig::CJSON)
