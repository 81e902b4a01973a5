#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# cmake --install below a prefix of somebody's own: nothing goes elsewhere, what is installed names what is
# installed, it makes a signature, and uninstall leaves nothing.
. "$(dirname "$0")/lib.sh"
[ -z "$preload" ] && ! grep -q '^SKA_TSAN:BOOL=ON' "$binary_dir/CMakeCache.txt" ||
    skip 'the programs of the system load what is installed'
prefix=$work/prefix
pages=$prefix/share/doc/ska-provider

# What somebody has installed from this build can still be uninstalled.
kept=$work/kept
mkdir "$kept"
records() {
    find "$binary_dir" -maxdepth 1 \( -name install_manifest.txt -o -name 'installed-*.txt' -o -name 'unfinished-*.txt' \)
}
records | xargs -rI{} mv {} "$kept"
at_end() {
    [ ! -x "$work/demo/tsb" ] || "$work/demo/tsb" --stop
    records | xargs -rI{} rm {}
    find "$kept" -type f -exec mv {} "$binary_dir" \;
}
# What tools/quickstart builds is all that is installed.
grep -q -- '--target products ' "$source_dir/tools/quickstart" || fail 'tools/quickstart builds something else'
makefile=$binary_dir/CMakeFiles/Makefile2
if [ -f "$makefile" ]; then
    sed -n "s|.*file(INSTALL .*\"$binary_dir/\([^/\"]*\)/\([^/\"]*\)\".*|\1 \2|p" \
        "$binary_dir"/{provider,tools,simulator}/cmake_install.cmake >installed.txt
    [ "$(wc -l <installed.txt)" -ge 3 ] || fail "only $(cat installed.txt) is installed"
    while read -r folder file; do
        target=${file#lib}
        grep -qxF "CMakeFiles/products.dir/all: $folder/CMakeFiles/${target%.so}.dir/all" "$makefile" ||
            fail "the target products does not build $file, which is installed"
    done <installed.txt
fi
install_below() { # PREFIX
    succeeds cmake --install "$binary_dir" --prefix "$1"
}
uninstall() {
    "$source_dir/cmake/uninstall" "$binary_dir" >uninstalled.txt 2>&1 ||
        fail "uninstall: $(cat uninstalled.txt)"
}

touch before
(umask 077 && cmake --install "$binary_dir" --prefix "$prefix") >stdout.txt
shows "module = $prefix/lib[^ ]*/ossl-modules/ska\.so"
module=$(sed -n 's/.* module = //p' stdout.txt)
[ -f "$module" ] || fail "there is no $module"
while read -r file; do
    case $file in
    "$prefix"/*) [ -f "$file" ] || fail "$file is not there" ;;
    *) fail "$file is elsewhere" ;;
    esac
done <"$binary_dir/install_manifest.txt"
for file in bin/{skatool,ska-sandbox} libexec/ska/ska-approvals-mail \
    lib/{sysusers.d,tmpfiles.d}/ska-provider.conf \
    lib/systemd/system/{ska-agent@,ska-execute,ska-approvals}.service \
    share/man/{man1/{skatool,ska-sandbox}.1,man7/ska-provider.7} \
    share/doc/ska-provider/{LICENSE,CHANGELOG.md,README.md,openssl.cnf.example} \
    share/doc/ska-provider/{doc/seal.md,applications/nginx/nginx.conf} \
    share/doc/ska-provider/examples/{one_process.c,signing_service.py}; do
    [ -f "$prefix/$file" ] || fail "$file was not installed"
done
# By a umask of root's that keeps others out they can read it all the same.
[ -z "$(find "$prefix" -type d ! -perm 755)$(find "$prefix" ! -perm -444)" ] || fail 'others cannot read it'
# Nothing is left in the build that another user, its owner, could not replace: files at the top, and no directory
# (but those of other tests).
find "$binary_dir" -mindepth 1 -maxdepth 1 -newer before -printf '%P\n' | grep -vxE 'tests|Testing|device|quickstart' |
    sed 's/-.*\.txt/-*.txt/' | sort -u >new.txt
printf '%s\n' install_manifest.txt 'installed-*.txt' | diff - new.txt >&2 || fail 'the build has other new files'
for record in $(records); do ln "$record" "linked.${record##*/}"; done
install_below "$prefix"
for record in linked.*; do
    [ ! "$record" -ef "$binary_dir/${record#linked.}" ] || fail "${record#linked.} was written, not replaced"
done

# No text names the tree or the build, and none was left as a form to be filled in.
# The tree may have a name that stands in other paths, too (/ska).
names="(^|[^[:alnum:]_./-])($source_dir/(provider|tools|simulator|tests|doc|include|cmake)|$binary_dir)([^[:alnum:]_.-]|\$)"
grep -qx 2 < <(printf '%s\n' "x=$source_dir/tools/sandbox" "$binary_dir/provider/ska.so" | grep -cE "$names") ||
    fail 'would not see it'
if grep -rIhF -e "$source_dir" -e "$binary_dir" "$prefix" | sed "s#$prefix##g" | grep -E "$names"; then
    fail 'the source tree or the build is named'
fi
! grep -rIlE '@(SKA|CMAKE|PROJECT)_[A-Z_]+@' "$prefix" || fail 'a form that is not filled in'
grep -qx "ExecStart=$prefix/bin/skatool execute --block-only" \
    "$prefix/lib/systemd/system/ska-execute.service" || fail 'the unit runs something else'
grep -qx "ExecStart=$prefix/libexec/ska/ska-approvals-mail" \
    "$prefix/lib/systemd/system/ska-approvals.service" || fail 'the unit runs something else'
grep -qx "module = $module" "$pages/openssl.cnf.example" || fail 'the example names another module'

# The pages lead to each other, and name files that are there, by the names that they have here. Those about the
# source tree say so.
succeeds "$source_dir/tests/links" "$pages"
find "$pages" -name '*.md' -printf '%P\n' >pages.txt
tree_names='(^|[^[:alnum:]_./-])\.{0,2}/?(tools|tests|provider|simulator|include|cmake|build[a-z-]*|debian)/[[:alnum:]$*]'
while read -r page; do
    grep -oE "$prefix/[^]\`'\" )]+" "$pages/$page" >named.txt || true
    grep -oE '\b(applications|examples)/[^]` )#]+' "$pages/$page" | sed "s#^#$pages/#" >>named.txt || true
    case $page in
    CHANGELOG.md) continue ;; # of the source tree
    doc/install.md | doc/speed.md)
        grep -q 'source tree' "$pages/$page" || fail "$page does not say that it is about the source tree"
        continue
        ;;
    esac
    while read -r file; do
        [ -e "$file" ] || fail "$page names $file, which is not installed"
    done <named.txt
    # Where an error was found is a part of its message; these two say that they are in the source tree.
    sed -E 's#[` ](tests/run --device|tools/package --vendor)|provider/[a-z/_]*\.c:[0-9]+##g' "$pages/$page" >text.txt
    ! grep -nE "$tree_names|\\\$(top|build)\\b|this repository|quickstart" text.txt || fail "$page names the source tree"
    cmp -s "$pages/$page" text.txt || grep -q 'source tree\|error:' text.txt || fail "$page does not say where that is"
done <pages.txt

grep -qF '`man skatool`, ' "$pages/README.md" && grep -qF '`man ska-provider`, ' "$pages/README.md" ||
    fail 'README.md names other manual pages than the installed ones'

# ---- Programs against it -------------------------------------------------------------------------

if command -v pkg-config >/dev/null; then
    pc=$(find "$prefix" -name ska-provider.pc)
    export PKG_CONFIG_PATH=${pc%/*}
    grep -qF "skatool $(pkg-config --modversion ska-provider) " < <("$prefix/bin/skatool" --version) ||
        fail "pkg-config and skatool --version differ"
    cat >uses.c <<'END'
#include <stdio.h>
#include <ska/provider.h>
int main(void) { return printf("%d\n", SKA_PROVIDER_INTERFACE) < 0; }
END
    # shellcheck disable=SC2046
    cc $(pkg-config --cflags ska-provider) uses.c -o uses
    [ "$(./uses)" = "$(pkg-config --variable=interface ska-provider)" ] || fail "another interface"
    grep -qF "| $(./uses) | \`SKA_PROVIDER_INTERFACE\`" "$pages/doc/formats.md" ||
        fail 'doc/formats.md has another interface'
fi

# ---- Pages, as people play them who have no source tree ----------------------------------------------

player=$source_dir/tests/scenario/journey_page.sh
play() { # PAGE
    rm -rf home
    mkdir home
    (
        cd home
        work=$PWD source_dir=$pages
        PATH=$prefix/bin:$PATH
        # shellcheck source=tests/scenario/journey_page.sh
        . "$player"
        unset SKA_BINARY_DIR
        play_page "$pages/$1"
    )
}
for page in README.md doc/api.md doc/qes.md doc/simulator.md; do
    play "$page"
done

# ---- A signature ---------------------------------------------------------------------------------

unset OPENSSL_CONF SOFTHSM2_CONF SKASIM_CONF
printf 'A document.\n' >document
(
    unset XDG_STATE_HOME SKA_BINARY_DIR
    cd "$work"
    "$prefix/bin/ska-sandbox" demo >/dev/null
    # shellcheck disable=SC1091
    . demo/env
    [ "$(type -P skatool)" = "$prefix/bin/skatool" ] || fail "another skatool"
    approver alice
    policy "$(rule 1 alice)" >policy.json
    command skatool keygen --key 'ska:object=seal' --algorithm EC --policy policy.json
    openssl pkey -in 'ska:object=seal' -pubout -out seal.pub.pem
    command skatool request --key 'ska:object=seal' -o request.json document
    command skatool approve --approver alice.pem --document document --yes request.json
    openssl dgst -sha256 -sign 'ska:object=seal' -sigopt ska-approvals-file:request.json \
        -out signature document
    command skatool check-config
) >signed.txt 2>&1 || fail "$(cat signed.txt)"
plain dgst -sha256 -verify seal.pub.pem -signature signature document >/dev/null
grep -q "^ok      module  *$module" signed.txt || fail "another module: $(cat signed.txt)"

if [ -x "$prefix/bin/skatsb" ] && command -v curl >/dev/null; then
    rm -rf demo
    (
        unset SKA_BINARY_DIR
        "$prefix/bin/ska-sandbox" --tsb demo
        cd demo
        export TSB_PORT=0
        ./tsb
        ./tsb --stop
    ) >broker.txt 2>&1 || fail "$(cat broker.txt)"
    grep -q '^listening on https://' broker.txt || fail "$(cat broker.txt)"
fi

# ---- Nothing is left -----------------------------------------------------------------------------

# All places, each with its own record, though others' files stay.
(cd "$work" && succeeds cmake --install "$binary_dir" --prefix ./relative/a+b)
shows "module = $work/relative/a\+b/lib[^ ]*/ossl-modules/ska\.so"
mkdir "$work/elsewhere"
(cd "$work/elsewhere" && DESTDIR='rel [1' succeeds cmake --install "$binary_dir" --prefix /opt/x)
staged="$work/elsewhere/rel [1/opt/x"
[ -f "$staged/bin/skatool" ] || fail "not in $staged"
touch "$staged/bin/foreign" "$staged/share/.foreign"
uninstall
for place in "$prefix" relative/a+b; do
    [ -z "$(find "$place" -mindepth 1)" ] || fail "uninstall leaves $(find "$place" -mindepth 1 | head)"
done
(cd "$staged" && find . ! -type d | sort) >left.txt
printf '%s\n' ./bin/foreign ./share/.foreign | diff - left.txt >&2 || fail 'not the files of others are left'
[ -z "$(records | grep -v install_manifest)" ] || fail 'a record is left'
status=0
"$source_dir/cmake/uninstall" "$binary_dir" 2>stderr.txt || status=$?
[ $status -eq 1 ] && grep -q "nothing was installed from $binary_dir" stderr.txt || fail "$(cat stderr.txt)"

# With DESTDIR only what is there. What something else has put there since stays, and is named.
install_below "$prefix"
DESTDIR=$work/root install_below "$prefix"
root=$work/root$prefix
ln -sf "$prefix/bin/skatool" "$root/bin/skatool"
echo 'of a package' >"$work/root$module"
rm "$root/bin/ska-sandbox"
mkdir "$root/bin/ska-sandbox"
DESTDIR=root succeeds "$source_dir/cmake/uninstall" "$binary_dir"
for file in bin/skatool bin/ska-sandbox "${module#"$prefix/"}"; do
    says "left, since it is not the file that was installed: $root/$file$"
done
[ "$(grep -c left stderr.txt)" -eq 3 ] && [ "$(cat "$work/root$module")" = 'of a package' ] ||
    fail "not three files of others are left: $(cat stderr.txt)"
rm -r "$root/bin/"* "$work/root$module"
[ -z "$(find "$root" ! -type d)" ] || fail 'more is left'
rm -r "$root"

# An earlier build's file, too, where nothing has replaced it.
DESTDIR=$work/root install_below "$prefix"
record=$(grep -lx "$work/root" $(records))
file=share/doc/ska-provider/LICENSE
chmod u+w "$record"
sed -i "s#^.* $prefix/$file\$#$(printf old | sha256sum | cut -d ' ' -f 1) $prefix/$file#" "$record"
DESTDIR=$work/root install_below "$prefix"
printf old >"$root/$file"
DESTDIR=root uninstall
[ -z "$(find "$root" -mindepth 1)" ] || fail "left of another build: $(find "$root" ! -type d)"

# What is no longer there is named; where nothing is there, nothing is forgotten.
DESTDIR=$work/root install_below "$prefix"
mv "$root" moved
DESTDIR=root ends 1 "$source_dir/cmake/uninstall" "$binary_dir"
record=$(grep -lx "$work/root" $(records))
says "none of the [0-9]{2,} files that were installed in $root is there, such as $root/[^ ]*: move them back if they were moved; if they are gone for good, remove $record$"
mv moved "$root"
rm "$root/bin/skatool"
DESTDIR=root succeeds "$source_dir/cmake/uninstall" "$binary_dir"
says "not there: 1 of the [0-9]{2,} files that were installed in $root, such as $root/bin/skatool$"
[ -z "$(find "$root" -mindepth 1)" ] || fail 'not removed when it was moved back'

# With a disk on which no record can be written nothing is installed; where its end cannot, it is not forgotten.
install_without_record() { # FROM-WHICH-WRITE
    DESTDIR=$work/root LD_PRELOAD=$programs/libfailing_disk.so FAILING_CALL=write FAILING_PATH=/unfinished- \
        FAILING_FROM=$1 ends 1 cmake --install "$binary_dir" --prefix "$prefix"
}
install_without_record 1
grep -q " nothing was installed: .*/unfinished-.*.txt cannot be written" < <(tr -s ' \n' ' ' <stderr.txt) ||
    fail "$(cat stderr.txt)"
[ -z "$(find "$root" ! -type d)" ] || fail 'something was installed'
DESTDIR=root ends 1 "$source_dir/cmake/uninstall" "$binary_dir"
says "nothing was installed from $binary_dir in root"
install_without_record 2
DESTDIR=root ends 1 "$source_dir/cmake/uninstall" "$binary_dir"
says "the installation in $root was not completed"
DESTDIR=$work/root install_below "$prefix"
DESTDIR=root uninstall

# An installation that is not completed is not forgotten either, nor what was there before.
staged="$work/elsewhere/rel 1"
examples=$staged/opt/x/share/doc/ska-provider/examples
mkdir -p "${examples%/*}"
for _ in 1 2; do
    touch "$examples"
    DESTDIR=$staged ends 1 cmake --install "$binary_dir" --prefix /opt/x
    [ -f "$staged/opt/x/bin/skatool" ] || fail 'nothing was installed'
    DESTDIR=$staged ends 1 "$source_dir/cmake/uninstall" "$binary_dir"
    says "the installation in $staged/opt/x was not completed, .* none was removed; complete it, then uninstall: "
    complete=$(sed -n 's/.*then uninstall: //p' stderr.txt)
    rm "$examples"
    succeeds bash -c "$complete"
    rm -r "$examples"
done
DESTDIR=$staged uninstall
[ -z "$(find "$staged/opt/x" -mindepth 1)" ] || fail 'not removed after it was completed'
# Nor what root has installed, where another user tries it, who owns the build.
as_owner() {
    setpriv --reuid=12001 --regid=12001 --clear-groups -- "$@"
}
if [ "$(id -u)" -eq 0 ] && as_owner test -x "$source_dir/cmake/uninstall" -a -x "$work"; then
    mkdir owned
    cp "$(records | grep installed-)" owned
    chown 12001 owned
    ends 1 as_owner "$source_dir/cmake/uninstall" "$work/owned"
    says "files left in $prefix: [0-9]+: rm: cannot remove .*: Permission denied; root has installed them: uninstall as that user"
    [ -n "$(ls owned)" ] || fail 'the installation is forgotten'
fi
[ -f "$prefix/bin/skatool" ] || fail 'removed elsewhere, too'
uninstall

# A prefix that scripts, units and compilers would each have to quote.
for wrong in 'a b' 'x[1]' 'x]' 'a"b' "a'b" 'a$b' 'a;b' 'a:b' 'a%b'; do
    ends 1 cmake --install "$binary_dir" --prefix "$work/$wrong"
    grep -q ' nothing was installed: the prefix .* contains .*; choose one' < <(tr -s ' \n' ' ' <stderr.txt) ||
        fail "$wrong: $(cat stderr.txt)"
    [ ! -e "$work/$wrong" ] || fail "installed to $wrong"
done

# Where this user may not write, or nobody can.
touch file
ends 1 cmake --install "$binary_dir" --prefix "$work/file/below"
grep -q " nothing was installed: .*cannot be written; install as root, or to a place of yours: cmake --install $binary_dir --prefix PREFIX" \
    < <(tr -s ' \n' ' ' <stderr.txt) || fail "$(cat stderr.txt)"

# For the system the module goes where libcrypto looks for it. What others have there stays.
export DESTDIR=$work/root
mkdir -p "$DESTDIR/usr/local/lib/systemd/system"
install_below /usr/local
module=$(sed -n 's/.* module = //p' stdout.txt)
[ "$module" = "$(OPENSSL_CONF=/dev/null openssl version -m | sed -E 's/.*"(.*)"/\1/')/ska.so" ] ||
    fail "$module is not where libcrypto looks"
[ -f "$DESTDIR$module" ] || fail "there is no $DESTDIR$module"
uninstall
[ -z "$(find "$DESTDIR" -type f)" ] || fail "left: $(find "$DESTDIR" -type f)"
[ -d "$DESTDIR/usr/local/lib/systemd/system" ] || fail 'directories of the system were removed'
[ -z "$(find "$DESTDIR/usr" -name 'ska*')" ] || fail "left: $(find "$DESTDIR/usr" -name 'ska*')"
pass
