#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A signing service in several processes, with nothing but Python's own library and libcrypto.

    signing_service.py request KEY-URI DOCUMENT >request.json
    signing_service.py sign KEY-URI DOCUMENT BUNDLE.json SIGNATURE

The first call makes the request for this document, which goes to the signer's device; the second one,
perhaps of another process, signs with the bundle that comes back. Nothing has to be kept in between but
the document and the request: the same key, document and digest are enough.

What fails is answered as a web service would: the status stands in front of the reason.
"""

import ctypes
import sys
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_uint, c_uint64, c_ulong, c_void_p

# OpenSSL 3's. The provider comes with its configuration (OPENSSL_CONF), which is read at the first use.
crypto = ctypes.CDLL("libcrypto.so.3")

UTF8_STRING = 4  # OSSL_PARAM_UTF8_STRING
PRIVATE_KEY = 4  # OSSL_STORE_INFO_PKEY


class Param(ctypes.Structure):
    """OSSL_PARAM; a list of them ends with an empty one."""

    _fields_ = [
        ("key", c_char_p),
        ("type", c_uint),
        ("data", c_void_p),
        ("size", c_size_t),
        ("return_size", c_size_t),
    ]


def function(name, result, *arguments):
    found = getattr(crypto, name)
    found.restype = result
    found.argtypes = arguments
    return found


store_open = function("OSSL_STORE_open", c_void_p, c_char_p, *[c_void_p] * 4)
store_expect = function("OSSL_STORE_expect", c_int, c_void_p, c_int)
store_load = function("OSSL_STORE_load", c_void_p, c_void_p)
store_close = function("OSSL_STORE_close", c_int, c_void_p)
info_key = function("OSSL_STORE_INFO_get1_PKEY", c_void_p, c_void_p)
info_free = function("OSSL_STORE_INFO_free", None, c_void_p)
key_free = function("EVP_PKEY_free", None, c_void_p)
context_new = function("EVP_MD_CTX_new", c_void_p)
context_free = function("EVP_MD_CTX_free", None, c_void_p)
sign_init = function(
    "EVP_DigestSignInit_ex",
    c_int,
    c_void_p,
    POINTER(c_void_p),
    c_char_p,
    c_void_p,
    c_char_p,
    c_void_p,
    c_void_p,
)
sign_update = function("EVP_DigestUpdate", c_int, c_void_p, c_char_p, c_size_t)
sign_final = function("EVP_DigestSignFinal", c_int, c_void_p, c_char_p, POINTER(c_size_t))
get_params = function("EVP_PKEY_CTX_get_params", c_int, c_void_p, c_void_p)
set_params = function("EVP_PKEY_CTX_set_params", c_int, c_void_p, c_void_p)
next_error = function(
    "ERR_get_error_all", c_ulong, c_void_p, c_void_p, c_void_p, POINTER(c_char_p), c_void_p
)
error_library = function("ERR_lib_error_string", c_char_p, c_ulong)
error_reason = function("ERR_reason_error_string", c_char_p, c_ulong)

# What the service answers (ska/provider.h has all reasons; the hundreds say of what kind they are).
ANSWERS = {
    200: 202,  # SKA_R_APPROVALS_PENDING: accepted, and not done yet
    201: 202,  # SKA_R_APPROVALS_MISSING
    211: 423,  # SKA_R_KEY_BLOCKED
    212: 425,  # SKA_R_TOO_EARLY: a timelock has not passed
    213: 410,  # SKA_R_EXPIRED: approvals for a new request are needed
}
# Any other reason by its hundreds: wrong use is the service's own fault, refusals are nobody's, the HSM may
# be there again, and wrong input is the client's.
KINDS = {1: 500, 2: 403, 3: 503, 4: 400}


class Refused(Exception):
    """Our reason, if the provider said one, and all that libcrypto has to say."""

    def __init__(self):
        self.reason = None
        lines = []
        data = c_char_p()
        # The provider's error is not always the first or the last: CMS adds lines of its own. A provider
        # has no fixed number as a library, but a name.
        while code := next_error(None, None, None, ctypes.byref(data), None):
            library = (error_library(code) or b"").decode()
            text = f"{(error_reason(code) or b'').decode()}: {(data.value or b'').decode()}"
            lines.append(f"{library}: {text}")
            if library == "ska" and self.reason is None:
                self.reason = code & 0x7FFFFF  # ERR_GET_REASON()
                lines[-1] = text
        super().__init__("; ".join(lines))

    @property
    def status(self):
        if self.reason is None:
            return 500
        return ANSWERS.get(self.reason, KINDS.get(self.reason // 100, 500))


def check(done):
    if not done:
        raise Refused
    return done


def load_key(uri):
    store = check(store_open(uri.encode(), None, None, None, None))
    try:
        check(store_expect(store, PRIVATE_KEY))
        info = check(store_load(store))
        key = info_key(info)
        info_free(info)
        return check(key)
    finally:
        store_close(store)


class Signature:
    """A signature of one document, whose context may be thrown away and made again."""

    def __init__(self, uri, document):
        self.key = load_key(uri)
        self.context = check(context_new())
        self.parameters = c_void_p()  # belongs to the context
        check(
            sign_init(
                self.context, ctypes.byref(self.parameters), b"SHA256", None, None, self.key, None
            )
            == 1
        )
        check(sign_update(self.context, document, len(document)) == 1)

    def close(self):
        context_free(self.context)
        key_free(self.key)

    def request(self):
        """The request as JSON. It asks the HSM for a timestamp at most once."""
        param = Param(b"ska-approval-request", UTF8_STRING, None, 0, 0)
        params = (Param * 2)(param)
        # Without a place for the text its length is told.
        check(get_params(self.parameters, ctypes.byref(params)) == 1)
        text = ctypes.create_string_buffer(params[0].return_size + 1)
        params[0].data = ctypes.cast(text, c_void_p)
        params[0].size = len(text)
        check(get_params(self.parameters, ctypes.byref(params)) == 1)
        return text.value

    def sign(self, bundle):
        text = ctypes.create_string_buffer(bundle)
        params = (Param * 2)(
            Param(b"ska-approvals", UTF8_STRING, ctypes.cast(text, c_void_p), len(bundle), 0)
        )
        check(set_params(self.parameters, ctypes.byref(params)) == 1)
        size = c_size_t()
        check(sign_final(self.context, None, ctypes.byref(size)) == 1)
        signature = ctypes.create_string_buffer(size.value)
        check(sign_final(self.context, signature, ctypes.byref(size)) == 1)
        return signature.raw[: size.value]


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main(arguments):
    match arguments:
        case ["request", uri, document]:
            signature = Signature(uri, read(document))
            sys.stdout.buffer.write(signature.request() + b"\n")
        case ["sign", uri, document, bundle, output]:
            signature = Signature(uri, read(document))
            value = signature.sign(read(bundle))
            with open(output, "wb") as file:
                file.write(value)
        case _:
            sys.exit(__doc__)
    signature.close()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Refused as refused:
        print(f"{refused.status} {refused}", file=sys.stderr)
        sys.exit(1)
