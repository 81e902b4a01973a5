#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# podofosign and pdfsig: the page doc/pdf.md, run as it stands; and that approvers are told "no" to the
# prepared file of another document, and never to the right one.
. "$(dirname "$0")/../lib.sh"
needs podofosign podofotxt2pdf pdfsig
. "$source_dir/tests/scenario/journey_page.sh"
play_page "$source_dir/doc/pdf.md"

# ---- What the page leaves out --------------------------------------------------------------------

said=$work/said.txt block=/dev/null
prepare() { # NAME: the file as podofosign leaves it when it is refused, and its request.
    printf 'Contract %s.\n' "$1" >"$1.txt"
    podofotxt2pdf "$1.txt" "$1.pdf" >/dev/null
    rm -f approvals/*.json
    ! podofosign -in "$1.pdf" -out "$1.prepared.pdf" -cert seal.crt -pkey seal.pem -digest SHA256 \
        -sigsize 8192 >>"$said" 2>&1 || fail 'sealed without approvals'
    cp approvals/*.request.json "$1.json"
    rm approvals/*.json
}
sed -i '/^approvals-timeout/d' openssl.cnf
prepare one
prepare two
# compared ANSWER REQUEST FILE
compared() {
    local answer
    answer=$(skatool approve --approver alice.pem --document "$3" --yes -o answered.json "$2" 2>&1) || :
    rm -f answered.json
    grep -qE "$1" <<<"$answer" || fail "should say '$1' of $3: $answer"
}
for name in one two; do
    compared "Is it the file you gave, $name.prepared.pdf\? YES" $name.json $name.prepared.pdf
    compared "$name.pdf cannot be compared: signing changes a PDF" $name.json $name.pdf
    # A copy in which one letter is another.
    sed 's/PoDoFoSignatureField/PoDoFoSignatureFielD/; s/PodofoSignatureField/PodofoSignatureFielD/' \
        $name.prepared.pdf >changed.pdf
    ! cmp -s changed.pdf $name.prepared.pdf || fail 'nothing was changed'
    compared 'changed.pdf is NOT the document' $name.json changed.pdf
done
compared 'two.prepared.pdf is NOT the document' one.json two.prepared.pdf
compared 'one.prepared.pdf is NOT the document' two.json one.prepared.pdf
compared 'sealed.pdf cannot be compared' one.json sealed.pdf
pass
