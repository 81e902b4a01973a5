# SPDX-License-Identifier: Apache-2.0
ska_fuzzer(vendor_calls skasim ska-cryptoki OpenSSL::Crypto)
if(SKA_TSB)
    ska_fuzzer(tsb ska-tsb)
    # A HSM and a database that have nothing.
    foreach(function tsb_key_open_stored tsb_key_close tsb_key_labels tsb_session_take tsb_session_give
                     tsb_device_vendor_calls tsb_modify_serialize tsb_database_begin)
        target_link_options(tsb_fuzz PRIVATE -Wl,--wrap=${function})
    endforeach()
endif()
