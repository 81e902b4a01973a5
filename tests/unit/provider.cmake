# SPDX-License-Identifier: Apache-2.0
ska_unit_test(approval_directory_test ska-sign)
ska_unit_test(approval_line_test ska-sign)
ska_unit_test(approval_window_test ska-sign)
