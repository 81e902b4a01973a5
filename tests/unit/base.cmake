# SPDX-License-Identifier: Apache-2.0
ska_unit_test(base_error_test ska-base)
ska_unit_test(base_text_test ska-base)
ska_unit_test(base_file_test ska-base)
ska_unit_test(base_safe_path_test ska-base)
target_link_options(base_file_test PRIVATE -Wl,--wrap=OPENSSL_cleanse)
