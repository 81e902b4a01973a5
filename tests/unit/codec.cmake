# SPDX-License-Identifier: Apache-2.0
ska_unit_test(codec_token_test ska-codec PkgConfig::CJSON)
ska_unit_test(codec_signature_test ska-codec PkgConfig::CJSON)
