# SPDX-License-Identifier: Apache-2.0
# The simulator of the broker.
if(SKA_TSB)
    ska_unit_test(tsb_derivation_test ska-tsb)
    ska_unit_test(tsb_parsing_test ska-tsb)
    ska_unit_test(tsb_states_test ska-tsb)
    ska_unit_test(tsb_store_test ska-tsb)
endif()
