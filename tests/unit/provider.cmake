# SPDX-License-Identifier: Apache-2.0
ska_unit_test(sign_directory_test ska-sign)
ska_unit_test(sign_progress_line_test ska-sign)
ska_unit_test(rule_window_test ska-sign)
