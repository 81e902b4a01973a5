#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What the broker's simulator does beside signing, each verified by openssl alone: decrypting,
# unwrapping and certificates with keys that need approvals, and that approvals are for what they were
# given for; secret keys, keyed hashes, keys that come and go; approvers whose keys the broker makes.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/broker.sh"

ca authority
leaf server authority 'subjectAltName = IP:127.0.0.1'
approver alice
approver bob -algorithm RSA -pkeyopt rsa_keygen_bits:2048
printf 'A secret.\n' >secret
printf 'Another one.\n' >other
rsa='"algorithm":"RSA","keySize":2048'
p256='"algorithm":"EC","curveOid":"1.2.840.10045.3.1.7"'

# make LABEL ALGORITHM-MEMBERS POLICY ATTRIBUTES
make() {
    local attributes='"decrypt":false,"sign":false,"unwrap":false' name
    for name in $4; do
        attributes=${attributes/\"$name\":false/\"$name\":true}
        case $attributes in *"\"$name\":"*) ;; *) attributes+=",\"$name\":true" ;; esac
    done
    ask 201 POST /v1/key "{\"label\":\"$1\",$2,\"attributes\":{$attributes,\"destroyable\":true},\"policy\":$3}"
    case $2 in *RSA* | *EC* | *ED*)
        member publicKey | plain base64 -d -A | plain pkey -pubin -inform DER -out "$1.pub.pem"
        ;;
    esac
}
two=$(rest_policy "$(rest_rule 2 0 0 alice bob)")
encrypted_to() { # LABEL FILE: by openssl
    plain pkeyutl -encrypt -pubin -inkey "$1.pub.pem" -in "$2" -pkeyopt rsa_padding_mode:oaep \
        -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256 | b64
}
# decrypt_body LABEL BASE64 [MEMBER]
decrypt_body() {
    printf '{"decryptRequest":{"encryptedPayload":"%s","decryptKeyName":"%s",
        "cipherAlgorithm":"RSA_PADDING_OAEP_WITH_SHA256"%s}}' "$2" "$1" "${3+,$3}"
}
says() { # FILE MEMBER: what the last answer has there is its content
    member "$2" | plain base64 -d -A | cmp - "$1" || fail "not what was encrypted: $(cat answer.json)"
}
# ---- Decrypting, by two ------------------------------------------------------------------------

broker 'execution-delay = 0'
make mail "$rsa" "$two" 'decrypt'
has '"decrypt":true' '"sign":false'
ciphertext=$(encrypted_to mail secret)
ask 500 POST /v1/synchronousDecrypt "$(decrypt_body mail "$ciphertext")"
has '"errorCode":701' 'approvals might be insufficient'
ask 201 POST /v1/decrypt "$(decrypt_body mail "$ciphertext" '"metaData":"AAAA"')"
id=$(member decryptRequestId)
tasks alice Sign
has '^\{"tasks":\[\]\}$'
tasks alice Decrypt '"detailLevel":"level3"'
holds "\"payload\":\"$ciphertext\"" '"signedDecryptRequest":{"decryptRequest":{' '"signedSignRequest":null'
approve_task alice Decrypt "$id"
status_is "$id" PENDING || fail "one is not enough"
approve_task bob Decrypt "$id"
becomes "$id" EXECUTED
says secret result
ask 400 POST /v1/decrypt "$(decrypt_body mail 'A*')"
has '"errorCode":600' 'encryptedPayload'
ask 400 POST /v1/decrypt "$(decrypt_body mail "$ciphertext" '"signedApprovals":[]')"
has '"errorCode":600' 'signedApprovals'
ask 400 POST /v1/decrypt "$(decrypt_body mail "$ciphertext" | sed 's/SHA256/SHA257/')"
has '"errorCode":600' 'cipherAlgorithm'
ask 400 POST /v1/synchronousSign "$(sign_body mail SHA256_WITH_ECDSA secret)"
has '"errorCode":607'
# What is no ciphertext of this key is refused by the HSM, after it was approved.
ask 201 POST /v1/decrypt "$(decrypt_body mail "$(head -c 256 /dev/zero | tr '\0' '1' | b64)")"
id=$(member decryptRequestId)
approve_task alice Decrypt "$id"
approve_task bob Decrypt "$id"
becomes "$id" FAILED
has '"result":null'
ask 400 POST /v1/key "{\"label\":\"x\",$p256,\"attributes\":{\"decrypt\":true,\"sign\":false,\"unwrap\":false},\"policy\":$two}"
has '"errorCode":606'
# With a policy some attributes are what they are.
make fixed-flags "$p256" "$two" 'decrypt sign unwrap derive modifiable copyable'
has '"decrypt":false,"sign":true,"ekaSign":null,"unwrap":false,"derive":false,"sensitive":true' \
    '"modifiable":false,"copyable":false'
stop "$server"

# ---- Approvals are for what they were given for ------------------------------------------------

# Kept pending for ever, and handed out as an air-gapped broker does.
broker 'fault = air-gapped, pending'
approvals_of() { # REQUEST-ID KIND
    approve_task alice "$2" "$1"
    approve_task bob "$2" "$1"
    ask 200 GET "/v1/request/$1"
    sed -E 's/.*("signedApprovals":\[[^]]*\]).*/\1/' answer.json
}
ask 201 POST /v1/decrypt "$(decrypt_body mail "$ciphertext")"
approvals_of "$(member decryptRequestId)" Decrypt >for-secret
has '"inputOfflineHsm":\{"decryptRequest":\{' '"decryptKeyName":"mail"'
ask 200 POST /v1/synchronousDecrypt "$(decrypt_body mail "$ciphertext" "$(cat for-secret)")"
says secret payload
ask 500 POST /v1/synchronousDecrypt "$(decrypt_body mail "$(encrypted_to mail other)" "$(cat for-secret)")"
has '"errorCode":701' "payload doesn't match"
ask 500 POST /v1/synchronousBlock "{\"blockRequest\":{\"blockKeyName\":\"mail\",$(cat for-secret)}}"
has '"errorCode":701' 'parameters invalid'
ask 500 POST /v1/synchronousSign "{\"signRequest\":{\"payload\":\"$ciphertext\",\"signKeyName\":\"mail\",
    \"signatureAlgorithm\":\"SHA256_WITH_RSA\",$(cat for-secret)}}"
has '"errorCode":701' 'KEY_FUNCTION_NOT_PERMITTED'
make other "$rsa" "$two" 'decrypt sign unwrap'
ask 500 POST /v1/synchronousDecrypt "$(decrypt_body other "$ciphertext" "$(cat for-secret)")"
has '"errorCode":701' 'parameters invalid'
ask 500 POST /v1/synchronousSign "{\"signRequest\":{\"payload\":\"$(b64 <secret)\",\"signKeyName\":\"other\",
    \"signatureAlgorithm\":\"SHA256_WITH_RSA\",$(cat for-secret)}}"
has '"errorCode":701'
ask 201 POST /v1/block '{"blockRequest":{"blockKeyName":"mail"}}'
approvals_of "$(member blockKeyRequestId)" BlockKey >for-block
has '"inputOfflineHsm":\{"blockRequest":\{"blockKeyName":"mail","signedApprovals"'
ask 500 POST /v1/synchronousDecrypt "$(decrypt_body mail "$ciphertext" "$(cat for-block)")"
has '"errorCode":701'
ask 200 POST /v1/synchronousBlock "{\"blockRequest\":{\"blockKeyName\":\"mail\",$(cat for-block)}}"
ask 500 POST /v1/synchronousDecrypt "$(decrypt_body mail "$ciphertext" "$(cat for-secret)")"
has 'the key is blocked'
stop "$server"

# ---- Wrapping and unwrapping -------------------------------------------------------------------

broker 'execution-delay = 0'
make content '"algorithm":"AES","keySize":256' null 'decrypt extractable'
make fixed '"algorithm":"AES","keySize":256' null 'decrypt'
exported() { # LABEL MEMBER
    ask 200 POST /v1/key/export/plain "{\"label\":\"$1\"}"
    member "$2" | plain base64 -d -A
}
exported content secretKey >content.bin
[ "$(wc -c <content.bin)" -eq 32 ] || fail "which key? $(cat answer.json)"
ask 500 POST /v1/key/export/plain '{"label":"fixed"}'
has '"errorCode":701' 'KEY_UNEXTRACTABLE'
wrap_body() { # KEY METHOD WRAPPED
    printf '{"wrapKeyRequest":{"wrapKeyName":"%s","wrapMethod":"%s","keyToBeWrapped":"%s"}}' "$@"
}
unwrap_body() { # KEY METHOD BASE64 LABEL [MEMBER]
    printf '{"unwrapKeyRequest":{"wrappedKey":"%s","label":"%s","unwrapKeyName":"%s","wrapMethod":"%s",
        "attributes":{"decrypt":true,"sign":true,"unwrap":true,"extractable":true}%s}}' \
        "$3" "$4" "$1" "$2" "${5+,$5}"
}
make vault "$rsa" "$two" 'unwrap'
ask 200 POST /v1/wrap "$(wrap_body vault RSA_WRAP_OAEP content)"
wrapped=$(member wrappedKey)
ask 500 POST /v1/wrap "$(wrap_body vault RSA_WRAP_OAEP fixed)"
has '"errorCode":701'
ask 500 POST /v1/synchronousUnwrap "$(unwrap_body vault RSA_WRAP_OAEP "$wrapped" copy)"
has 'approvals might be insufficient'
ask 201 POST /v1/unwrap "$(unwrap_body vault RSA_WRAP_OAEP "$wrapped" copy)"
id=$(member unwrapRequestId)
tasks alice UnwrapKey '"detailLevel":"level3"'
has '"signedUnwrapKeyRequest":\{"unwrapKeyRequest"'
approve_task alice UnwrapKey "$id"
ask 404 POST /v1/key/attributes '{"label":"copy"}'
approve_task bob UnwrapKey "$id"
becomes "$id" EXECUTED
exported copy secretKey | cmp - content.bin || fail "unwrapped another key"
is_imported() { # LABEL: as the signed attestation says
    ask 200 POST /v1/key/attributes "{\"label\":\"$1\"}"
    holds 'private_key creation=\"imported\"'
}
is_imported copy
ask 400 POST /v1/unwrap "$(unwrap_body vault RSA_WRAP_OAEP "$wrapped" copy)"
has '"errorCode":608'
# By openssl: a key of ours unwraps what was wrapped to it.
plain genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out ours.pem 2>/dev/null
ask 201 POST /v1/importedKey "{\"label\":\"ours\",\"algorithm\":\"RSA\",\"privateKey\":\"$(plain pkcs8 -topk8 -nocrypt -in ours.pem -outform DER | b64)\",
    \"attributes\":{\"decrypt\":true,\"sign\":true,\"unwrap\":true,\"extractable\":true,\"destroyable\":true}}"
holds "\"publicKey\":\"$(public ours)\"" 'private_key creation=\"imported\"'
ask 201 POST /v1/importedKey "{\"label\":\"theirs\",$p256,\"publicKey\":\"$(public alice)\",
    \"attributes\":{\"decrypt\":false,\"sign\":true,\"unwrap\":false}}"
holds "\"publicKey\":\"$(public alice)\"" 'private_key creation=\"imported\"'
ask 200 POST /v1/wrap "$(wrap_body ours RSA_WRAP_OAEP content)"
member wrappedKey | plain base64 -d -A | plain pkeyutl -decrypt -inkey ours.pem -pkeyopt rsa_padding_mode:oaep |
    cmp - content.bin || fail "wrapped another key"
make wrapper '"algorithm":"AES","keySize":256' null 'unwrap decrypt extractable'
exported wrapper secretKey >wrapper.bin
ask 200 POST /v1/wrap "$(wrap_body wrapper AES_WRAP content)"
# From a file: newer releases take nothing else that is to be unwrapped.
member wrappedKey | plain base64 -d -A >wrapped.bin
plain enc -d -id-aes256-wrap -K "$(od -An -tx1 wrapper.bin | tr -d ' \n')" -iv A6A6A6A6A6A6A6A6 -in wrapped.bin |
    cmp - content.bin || fail "wrapped another key"
# Pairs go through it and sign afterwards.
for kind in "EC $p256 SHA256_WITH_ECDSA" "RSA $rsa SHA256_WITH_RSA"; do
    read -r name members algorithm <<<"$kind"
    make "pair-$name" "$members" null 'sign extractable'
    ask 200 POST /v1/wrap "$(wrap_body wrapper "AES_WRAP_$name" "pair-$name")"
    ask 201 POST /v1/synchronousUnwrap "$(unwrap_body wrapper "AES_WRAP_$name" "$(member wrappedKey)" "copy-$name")"
    ask 200 POST /v1/key/attributes "{\"label\":\"copy-$name\"}"
    has "\"algorithm\":\"$name\"" '"neverExtractable":false'
    holds 'private_key creation=\"imported\"'
    holds "\"publicKey\":\"$(plain pkey -pubin -in "pair-$name.pub.pem" -outform DER -pubout | b64)\""
    ask 200 POST /v1/synchronousSign "$(sign_body "copy-$name" "$algorithm" secret)"
    member signature | plain base64 -d -A >signature
    plain dgst -sha256 -verify "pair-$name.pub.pem" -signature signature secret >/dev/null
done
ask 501 POST /v1/wrap "$(wrap_body wrapper AES_WRAP_ED content)"
has '"errorCode":101'
ask 400 POST /v1/synchronousUnwrap "$(unwrap_body wrapper RSA_WRAP_OAEP AAAA none)"
has '"errorCode":607'
ask 500 POST /v1/synchronousUnwrap "$(unwrap_body wrapper AES_WRAP "$(head -c 40 /dev/zero | b64)" none)"
has '"errorCode":701' 'Error unwrapping key'

# Passwords and data objects.
make locked "$p256" null 'sign'
ask 200 POST /v1/key/changePassword '{"label":"locked","newPassword":["p","w"]}'
ask 400 POST /v1/synchronousSign "$(sign_body locked SHA256_WITH_ECDSA secret)"
has '"errorCode":620'
ask 400 POST /v1/key/changePassword '{"label":"locked","password":"other","newPassword":"x"}'
has '"errorCode":620'
ask 200 POST /v1/key/changePassword '{"label":"locked","password":"pw"}'
ask 200 POST /v1/synchronousSign "$(sign_body locked SHA256_WITH_ECDSA secret)"
ask 201 POST /v1/dataObject '{"name":"a note","value":"AAAA","attributes":{"private":false}}'
ask 400 POST /v1/dataObject '{"name":"a note","value":"AAAA"}'
has '"errorCode":615'
ask 200 GET /v1/dataObject/a%20note
holds '{"name":"a note","value":"AAAA","attributes":{"private":false,"modifiable":true,"destroyable":true}}'
ask 200 DELETE /v1/dataObject/a%20note
ask 404 GET /v1/dataObject/a%20note
has '"errorCode":653'

# ---- Secret keys -------------------------------------------------------------------------------

ask 200 POST /v1/encrypt "{\"encryptRequest\":{\"payload\":\"$(b64 <secret)\",\"encryptKeyName\":\"content\",\"cipherAlgorithm\":\"AES\"}}"
member initializationVector | plain base64 -d -A >vector
has '"messageAuthenticationCode":null'
member encryptedPayload | plain base64 -d -A | plain enc -d -aes-256-cbc -K "$(hex content.bin)" -iv "$(hex vector)" |
    cmp - secret || fail "encrypted something else"
ask 200 POST /v1/encrypt "{\"encryptRequest\":{\"payload\":\"$(b64 <secret)\",\"encryptKeyName\":\"content\",\"cipherAlgorithm\":\"AES_GCM\",\"additionalAuthenticationData\":\"AAAA\"}}"
has '"encryptedPayloadWithoutMessageAuthenticationCode":"' '"messageAuthenticationCode":"'
gcm="\"encryptedPayload\":\"$(member encryptedPayload)\",\"initializationVector\":\"$(member initializationVector)\",\"decryptKeyName\":\"content\",\"cipherAlgorithm\":\"AES_GCM\""
ask 200 POST /v1/synchronousDecrypt "{\"decryptRequest\":{$gcm,\"tagLength\":128,\"additionalAuthenticationData\":\"AAAA\"}}"
says secret payload
ask 500 POST /v1/synchronousDecrypt "{\"decryptRequest\":{$gcm,\"tagLength\":128,\"additionalAuthenticationData\":\"BBBB\"}}"
has '"errorCode":701'
ask 400 POST /v1/synchronousDecrypt "{\"decryptRequest\":{$gcm,\"tagLength\":100}}"
has '"errorCode":624' 'tagLength'
for padding in RSA RSA_PADDING_PKCS RSA_PADDING_OAEP RSA_PADDING_OAEP_WITH_SHA1 RSA_PADDING_OAEP_WITH_SHA224 \
    RSA_PADDING_OAEP_WITH_SHA384 RSA_PADDING_OAEP_WITH_SHA512; do
    ask 200 POST /v1/encrypt "{\"encryptRequest\":{\"payload\":\"$(b64 <secret)\",\"encryptKeyName\":\"ours\",\"cipherAlgorithm\":\"$padding\"}}"
    ask 200 POST /v1/synchronousDecrypt "{\"decryptRequest\":{\"encryptedPayload\":\"$(member encryptedPayload)\",\"decryptKeyName\":\"ours\",\"cipherAlgorithm\":\"$padding\"}}"
    says secret payload
done
make tdea '"algorithm":"TDEA"' null 'decrypt'
ask 200 POST /v1/encrypt "{\"encryptRequest\":{\"payload\":\"$(b64 <secret)\",\"encryptKeyName\":\"tdea\",\"cipherAlgorithm\":\"TDEA_CBC\"}}"
ask 200 POST /v1/synchronousDecrypt "{\"decryptRequest\":{\"encryptedPayload\":\"$(member encryptedPayload)\",\"initializationVector\":\"$(member initializationVector)\",\"decryptKeyName\":\"tdea\",\"cipherAlgorithm\":\"TDEA_CBC\"}}"
says secret payload
for bits in 256 512; do
    make "mac$bits" "\"algorithm\":\"HMACSHA$bits\"" null 'sign extractable'
    exported "mac$bits" secretKey >mac.bin
    ask 200 POST /v1/synchronousHmac "{\"hmacRequest\":{\"keyName\":\"mac$bits\",\"payload\":\"$(b64 <secret)\"}}"
    hash=$(member keyedHash)
    plain dgst "-sha$bits" -mac HMAC -macopt "hexkey:$(hex mac.bin)" -binary secret | b64 >mac.txt
    [ "$(cat mac.txt)" = "$hash" ] || fail "HMAC: $hash, should be $(cat mac.txt)"
    ask 200 POST /v1/verify "{\"verifyHmacRequest\":{\"keyName\":\"mac$bits\",\"payload\":\"$(b64 <secret)\",\"signature\":\"$hash\"}}"
    has '"signatureValid":true'
    ask 200 POST /v1/verify "{\"verifyHmacRequest\":{\"keyName\":\"mac$bits\",\"payload\":\"$(b64 <other)\",\"signature\":\"$hash\"}}"
    has '"signatureValid":false'
done
ask 400 POST /v1/synchronousHmac '{"hmacRequest":{"keyName":"ours","payload":"AAAA"}}'
has '"errorCode":607'

# ---- Certificates ------------------------------------------------------------------------------

make CA "$rsa" "$two" 'sign'
certificate='"signatureAlgorithm":"SHA256_WITH_RSA","keyUsage":["DIGITAL_SIGNATURE","KEY_CERT_SIGN"],"extendedKeyUsage":["ANY_EXTENDED_KEY_USAGE"]'
approve_both() { # REQUEST-ID
    approve_task alice Sign "$1"
    approve_task bob Sign "$1"
    becomes "$1" EXECUTED
}
pem() { # MEMBER
    member "$1" | sed 's/\\n/\n/g'
}
self="\"signKeyName\":\"CA\",\"validity\":30,\"commonName\":\"The CA\",\"certificateAuthority\":true,$certificate"
ask 500 POST /v1/certificate/synchronous/selfsign "{$self}"
has 'approvals might be insufficient'
ask 201 POST /v1/certificate/selfsign "{\"selfSignCertificateRequest\":{$self}}"
id=$(member signRequestId)
tasks bob Sign '"detailLevel":"level3"'
has '"signedSelfSignCertificateRequestDto":\{"selfSignCertificateRequest"' '"payload":"'
approve_both "$id"
has '"result":"true"'
ask 200 GET /v1/certificate/CA
has '"label":"CA"'
pem certificate >ca.pem
plain verify -CAfile ca.pem ca.pem >/dev/null
plain x509 -in ca.pem -noout -text -nameopt RFC2253 >text.txt
for line in 'CN=The CA' 'CA:TRUE' 'Certificate Sign' 'Any Extended Key Usage'; do
    grep -q "$line" text.txt || fail "no $line in $(cat text.txt)"
done
plain x509 -in ca.pem -noout -pubkey | cmp - CA.pub.pem
plain req -new -key alice.pem -subj '/CN=ignored' -out alice.csr
issue="\"signKeyName\":\"CA\",\"signatureAlgorithm\":\"SHA256_WITH_RSA\",\"commonName\":\"Alice\",\"certificateAuthority\":false,\"keyUsage\":[\"DIGITAL_SIGNATURE\"],\"extendedKeyUsage\":[\"CLIENT_AUTH\"]"
ask 201 POST /v1/certificate/sign "{\"signCertificateRequest\":{$issue,\"certificateSigningRequest\":\"$(sed ':a;N;$!ba;s/\n/\\n/g' alice.csr)\"}}"
approve_both "$(member signRequestId)"
pem result >alice.crt
plain verify -CAfile ca.pem alice.crt >/dev/null
plain x509 -in alice.crt -noout -subject -issuer -nameopt RFC2253 >text.txt
grep -q 'subject=CN=Alice' text.txt && grep -q 'issuer=CN=The CA' text.txt || fail "$(cat text.txt)"
rm alice.crt # broker.sh would list her by it
ask 400 POST /v1/certificate/sign "{\"signCertificateRequest\":{$issue,\"certificateSigningRequest\":\"AAAA\"}}"
has '"errorCode":628'
ask 400 POST /v1/certificate/sign "{\"signCertificateRequest\":{$issue,\"certificateSigningRequest\":\"$(
    plain req -in alice.csr -outform DER | LC_ALL=C sed s/ignored/another/ | b64)\"}}"
has '"errorCode":411' 'not signed by its own key'
ask 400 POST /v1/certificate/selfsign "{\"selfSignCertificateRequest\":{${self/KEY_CERT_SIGN/KEY_CERT_SING}}}"
has '"errorCode":600' 'KEY_CERT_SING'
ask 400 POST /v1/certificate/selfsign "{\"selfSignCertificateRequest\":{${self/SHA256_WITH/NONE_WITH}}}"
has '"errorCode":600' 'signatureAlgorithm'
for algorithm in SHA256_WITH_RSA_PSS SHA3256_WITH_ECDSA; do
    ask 501 POST /v1/certificate/selfsign "{\"selfSignCertificateRequest\":{${self/SHA256_WITH_RSA/$algorithm}}}"
    has '"errorCode":101' "no certificates with $algorithm"
done
ask 201 POST /v1/certificate/request "{\"csrSignRequest\":{\"signKeyName\":\"CA\",$certificate,\"validity\":30,
    \"standardCertificateAttributes\":{\"commonName\":\"Sub\",\"country\":\"CH\",\"organizationName\":\"Company\",\"email\":null}}}"
approve_both "$(member signRequestId)"
holds '-----BEGIN NEW CERTIFICATE REQUEST-----'
pem result >sub.csr
plain req -in sub.csr -verify -noout -subject -nameopt RFC2253 >text.txt 2>&1
grep -q 'verify OK' text.txt && grep -q 'CN=Sub,O=Company,C=CH' text.txt || fail "$(cat text.txt)"
# Ordinary keys at once, of each kind.
for kind in "EC $p256 SHA384_WITH_ECDSA" 'ED "algorithm":"ED" EDDSA'; do
    read -r name members algorithm <<<"$kind"
    make "tls-$name" "$members" null 'sign'
    ask 200 POST /v1/certificate/synchronous/request "{\"signKeyName\":\"tls-$name\",\"signatureAlgorithm\":\"$algorithm\",\"validity\":30,
        \"standardCertificateAttributes\":{\"commonName\":\"tls-$name\"},\"keyUsage\":[],\"extendedKeyUsage\":[]}"
    pem certificateSigningRequest | plain req -verify -noout >/dev/null 2>&1 || fail "$(cat answer.json)"
    ask 200 POST /v1/certificate/synchronous/selfsign "{\"signKeyName\":\"tls-$name\",\"signatureAlgorithm\":\"$algorithm\",\"validity\":30,\"commonName\":\"tls-$name\"}"
    has "\"label\":\"tls-$name\""
    pem certificate >self.pem
    plain verify -CAfile self.pem self.pem >/dev/null
    ask 200 POST /v1/certificate/synchronous/sign "{\"signKeyName\":\"tls-$name\",\"signatureAlgorithm\":\"$algorithm\",\"validity\":30,
        \"standardCertificateAttributes\":{\"commonName\":\"Alice\",\"country\":\"CH\"},\"commonName\":null,\"certificateAuthority\":false,
        \"certificateSigningRequest\":\"$(sed ':a;N;$!ba;s/\n/\\n/g' alice.csr)\"}"
    pem certificate >alice.crt
    plain x509 -in alice.crt -noout -subject -issuer -nameopt RFC2253 >text.txt
    grep -q 'subject=CN=Alice,C=CH' text.txt && grep -q "issuer=CN=tls-$name" text.txt || fail "$(cat text.txt)"
    rm alice.crt
done
ask 200 DELETE /v1/certificate/CA
ask 404 GET /v1/certificate/CA
has '"errorCode":650'
import_certificate() { # STATUS LABEL FILE
    ask "$1" POST /v1/certificate/import/plain "{\"label\":\"$2\",\"certificate\":\"$(plain x509 -in "$3" -outform DER | b64)\"}"
}
import_certificate 404 ca ca.pem
has '"errorCode":650'
import_certificate 400 CA self.pem
has '"errorCode":600' 'that of another key, not of key CA'
import_certificate 400 content ca.pem
has '"errorCode":600'
import_certificate 500 attestation-key ca.pem
has 'KEY_FUNCTION_NOT_PERMITTED'
ask 400 POST /v1/certificate/import/plain '{"label":"CA","certificate":"AAAA"}'
has '"errorCode":626'
ask 404 GET /v1/certificate/CA
import_certificate 201 CA ca.pem
ask 200 GET /v1/certificate/CA
pem certificate | cmp - ca.pem

# A restricted key at once, by what a request's approvers have signed, and only that.
stop "$server"
broker 'fault = air-gapped, pending'
ask 201 POST /v1/certificate/selfsign "{\"selfSignCertificateRequest\":{$self}}"
approvals_of "$(member signRequestId)" Sign >for-self
ask 200 POST /v1/certificate/synchronous/selfsign "{$self,$(cat for-self)}"
pem certificate >self.pem
plain verify -CAfile self.pem self.pem >/dev/null
issue+=",\"validity\":30,\"certificateSigningRequest\":\"$(sed ':a;N;$!ba;s/\n/\\n/g' alice.csr)\""
ask 201 POST /v1/certificate/sign "{\"signCertificateRequest\":{$issue}}"
approvals_of "$(member signRequestId)" Sign >for-alice
ask 200 POST /v1/certificate/synchronous/sign "{$issue,$(cat for-alice)}"
pem certificate >issued.pem
plain verify -CAfile self.pem issued.pem >/dev/null
for other in "${self/The CA/Another}" "${self/:30/:31}" "${self/SHA256/SHA384}" "${self/The CA/Another},$(cat for-alice)"; do
    case $other in *signedApprovals*) ;; *) other+=,$(cat for-self) ;; esac
    ask 500 POST /v1/certificate/synchronous/selfsign "{$other}"
    has '"errorCode":701' "payload doesn't match"
done
ask 500 POST /v1/certificate/synchronous/sign "{${issue/Alice/Malice},$(cat for-alice)}"
has '"errorCode":701' "payload doesn't match"
ask 500 POST /v1/certificate/synchronous/sign "{$issue,$(cat for-secret)}"
has '"errorCode":701'
stop "$server"
broker 'execution-delay = 0'

# ECDSA in both forms, which a verification tells apart, and hashes that the HSM does not have.
make ec "$p256" null 'sign'
for algorithm in SHA256 SHA3256 KECCAK256 DOUBLE_SHA256; do
    for form in DER RAW; do
        ask 200 POST /v1/synchronousSign "{\"signRequest\":{\"payload\":\"$(b64 <secret)\",\"signKeyName\":\"ec\",
            \"signatureAlgorithm\":\"${algorithm}_WITH_ECDSA\",\"signatureType\":\"$form\"}}"
        signature=$(member signature)
        [ "$algorithm-$form" != SHA3256-DER ] || {
            plain base64 -d -A <<<"$signature" >signature
            plain dgst -sha3-256 -verify ec.pub.pem -signature signature secret >/dev/null
        }
        for file in secret other; do
            ask 200 POST /v1/verify "{\"verifySignatureRequest\":{\"signKeyName\":\"ec\",\"payload\":\"$(b64 <$file)\",
                \"signatureAlgorithm\":\"${algorithm}_WITH_ECDSA\",\"signature\":\"$signature\"}}"
            has "\"signatureValid\":$([ $file = secret ] && echo true || echo false)"
        done
    done
done

# ---- Derived keys ------------------------------------------------------------------------------

# SLIP-10's own first vector; further ones are in a unit test.
ask 201 POST /v1/importedKey '{"label":"master","algorithm":"EC","curveOid":"1.3.132.0.10","seed":"AAECAwQFBgcICQoLDA0ODw==",
    "attributes":{"decrypt":false,"sign":true,"unwrap":false,"derive":true,"slip10":true,"destroyable":true}}'
has '"derivationType":"SLIP-10"' '"derivationValue":"873DFF81C02F525623FD1FE5167EAC3A55A049DE3D314BB42EE227FFED37D508"'
is_imported "master/0'/1"
member publicKey | plain base64 -d -A | plain ec -pubin -inform DER -conv_form compressed -pubout -outform DER 2>/dev/null |
    tail -c 33 | od -An -tx1 | tr -d ' \n' >point.txt
grep -qx 03501e454bf00751f24b1b489aa925215d66af2234e3891c3b21a52bedb3cd711c point.txt || fail "$(cat point.txt)"
member publicKey | plain base64 -d -A | plain pkey -pubin -inform DER -out derived.pub.pem
ask 200 POST /v1/synchronousSign "$(sign_body "master/0'/1" SHA256_WITH_ECDSA secret)"
member signature | plain base64 -d -A >signature
plain dgst -sha256 -verify derived.pub.pem -signature signature secret >/dev/null
ask 400 POST /v1/synchronousSign "$(sign_body "master/0'/x" SHA256_WITH_ECDSA secret)"
has '"errorCode":610' 'derivation path'
# Keys that cannot have rules take those that restrict nothing.
nobody='{"tokens":[{"name":"main","timelock":0,"timeout":0,"groups":null}]}'
open="\"policy\":{\"ruleUse\":$nobody,\"ruleBlock\":null,\"ruleUnblock\":$nobody,\"ruleModify\":null,\"keyStatus\":{\"blocked\":false}}"
coins='"algorithm":"EC","curveOid":"1.3.132.0.10","addressFormat":{"format":"BTC"},"attributes":{"decrypt":false,"sign":true,"unwrap":false,"derive":true,"bip32":true}'
ask 201 POST /v1/key "{\"label\":\"coins\",$coins,$open}"
has '"policy":null' '"addressTruncated":null' '"derivationType":"SLIP-10"'
ask 501 POST /v1/key "{\"label\":\"coins2\",$coins,${open/:false/:true}}"
ask 501 POST /v1/key "{\"label\":\"coins2\",$coins,${open/\"timelock\":0/\"timelock\":60}}"
has '"errorCode":101' 'keys for derivation cannot have a policy that restricts them'
plain pkcs8 -topk8 -nocrypt -in alice.pem -outform DER -out alice.p8
imported="\"algorithm\":\"EC\",\"privateKey\":\"$(b64 <alice.p8)\",\"attributes\":{\"decrypt\":false,\"sign\":true,\"unwrap\":false}"
ask 201 POST /v1/key/import/plain "{\"label\":\"imported\",$imported,$open}"
has '"policy":null'
ask 400 POST /v1/key/import/plain "{\"label\":\"imported2\",$imported,\"certificate\":\"$(plain x509 -in ca.pem -outform DER | b64)\"}"
has '"errorCode":600' 'not a certificate of the key'
plain req -x509 -key alice.pem -subj /CN=Alice -days 30 -outform DER -out alice.der
ask 201 POST /v1/key/import/plain "{\"label\":\"certified\",$imported,\"certificate\":\"$(b64 <alice.der)\"}"
ask 200 GET /v1/certificate/certified
ask 501 POST /v1/key/import/plain "{\"label\":\"imported2\",$imported,\"policy\":$two}"
has '"errorCode":101' 'imported keys cannot have a policy that restricts them'
ask 201 POST /v1/derivedKey "{\"masterKeyLabel\":\"coins\",\"derivationPath\":\"0/7\",\"attributes\":{\"sign\":true},$open}"
ask 501 POST /v1/derivedKey "{\"masterKeyLabel\":\"coins\",\"derivationPath\":\"0/8\",\"attributes\":{\"sign\":true},\"policy\":$two}"
ask 201 POST /v1/derivedKey "{\"masterKeyLabel\":\"master\",\"derivationPath\":\"0'/1\",\"attributes\":{\"sign\":true,\"destroyable\":true}}"
is_imported "master/0'/1"
ask 200 GET /v1/key
holds "\"master/0'/1\""
ask 200 POST /v1/key/deleteKey '{"label":"master"}'
ask 404 POST /v1/key/attributes "{\"label\":\"master/1'\"}"
stop "$server"

# ---- Approvers whose keys the broker makes -----------------------------------------------------

broker 'execution-delay = 0'
onboarded() {
    printf '{"tokens":[{"name":"T","timelock":0,"timeout":0,"groups":[{"name":"G","quorum":1,"approvals":[
        {"type":"onboarded_approver_certificate","name":"%s"}]}]}]}' "$1"
}
onboard() { # STATUS CODE
    fetch_key "$1" carol@example.com "$2"
}
ask 400 POST /v1/key "{\"label\":\"hers\",$p256,\"attributes\":{\"decrypt\":false,\"sign\":true,\"unwrap\":false},\"policy\":{\"ruleUse\":$(onboarded carol@example.com)}}"
has '"errorCode":413'
create='{"approverName":"carol@example.com","algorithm":"RSA","keySize":2048,"backupPassword":["2","a","l","1","5"],"validity":30}'
ask 201 POST /v1/approverManagement/create "$create"
code=$(member oneTimeCode)
# One that it is not.
wrong() {
    printf '%s00000' "$(((${code:0:1} + 1) % 10))"
}
ask 400 PUT /v1/approverManagement/create "$create"
has '"errorCode":632'
ask 400 POST /v1/approverManagement/create "$create"
has '"errorCode":632'
ask 200 GET /v1/approverManagement/onboarding/status
has '"onboarded":\[\]' '"pending":\[\{"approverName":"carol@example.com","approverCertificate":"-----BEGIN'
ask 400 POST /v1/key "{\"label\":\"hers\",$p256,\"attributes\":{\"decrypt\":false,\"sign\":true,\"unwrap\":false},\"policy\":{\"ruleUse\":$(onboarded carol@example.com)}}"
has '"errorCode":414'
onboard 400 "$(wrong)"
has '"errorCode":412'
ask 400 POST /v1/approver/onboard "{\"approverName\":\"carol@example.com\",$(code_members "$code"),\"transportPassword\":\"short\"}"
has '"errorCode":600' 'transportPassword'
onboard 200 "$code"
key_fetched 2al15 carol
onboard 400 "$code"
has '"errorCode":412'
# She approves as everybody does.
ask 201 POST /v1/key "{\"label\":\"hers\",$p256,\"attributes\":{\"decrypt\":false,\"sign\":true,\"unwrap\":false},\"policy\":{\"ruleUse\":$(onboarded carol@example.com)}}"
member publicKey | plain base64 -d -A | plain pkey -pubin -inform DER -out hers.pub.pem
ask 201 POST /v1/sign "$(sign_body hers SHA256_WITH_ECDSA secret)"
id=$(member signRequestId)
approve_task carol Sign "$id"
becomes "$id" EXECUTED
member result | plain base64 -d -A >signature
plain dgst -sha256 -verify hers.pub.pem -signature signature secret >/dev/null
# Her telephone is lost, then her password.
ask 200 POST /v1/approverManagement/restoreFromBackup '{"approverName":"carol@example.com"}'
onboard 200 "$(member oneTimeCode)"
key_fetched 2al15 again
cmp carol.pem again.pem
ask 201 POST /v1/approverManagement/restoreFromBackup/forgotPassword '{"approverName":"carol@example.com","newBackupPassword":["a","b","c","d"]}'
ask 200 GET "/v1/request/$(member unwrapRequestId)"
has '"status":"EXECUTED"' '"result":"[0-9]{6}"' '"approvedBy":\[\]'
onboard 200 "$(member result)"
key_fetched abcd forgotten
cmp carol.pem forgotten.pem
# Five wrong codes, and the right one does not count any more.
ask 200 POST /v1/approverManagement/renewOneTimeCode '{"approverName":"carol@example.com"}'
code=$(member oneTimeCode)
for _ in 1 2 3 4 5; do
    onboard 400 "$(wrong)"
done
onboard 400 "$code"
has '"errorCode":412'
ask 200 DELETE /v1/approverManagement/delete/carol@example.com
ask 400 DELETE /v1/approverManagement/delete/carol@example.com
has '"errorCode":413'
ask 500 POST /v1/synchronousDecrypt "$(decrypt_body approver-mgmt-backup-key-rsa-wrapping "$ciphertext")"
has 'KEY_FUNCTION_NOT_PERMITTED'
stop "$server"
[ "$ended_with" -eq 0 ] || fail "ended with $ended_with: $(cat tsb.log)"
pass
