#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# tools/package --output: it removes what an earlier run has put there, and nothing of others. dpkg-buildpackage
# and lintian are stand-ins here; tests/debian builds packages.
. "$(dirname "$0")/lib.sh"

# Nothing is installed, and git does not know this tree.
export GIT_CEILING_DIRECTORIES=$work
mkdir -p tree/{tools,debian} stand-ins
cp "$source_dir"/tools/{package,copy-tree} tree/tools
printf '#!/bin/sh\n' >tree/tools/packages
printf 'Maintainer: nobody\n' >tree/debian/control
printf '#!/bin/sh\ncat "$WORK/version"\n' >stand-ins/dpkg-parsechangelog
cat >stand-ins/dpkg-buildpackage <<'END'
#!/bin/sh
[ -f CMakeLists.txt ] || exit 2
version=$(cat "$WORK/version")
[ ! -e "$WORK/breaks" ] || exit 1
while [ -e "$WORK/waits" ]; do touch "$WORK/waiting"; sleep 0.1; done
for name in ska-provider skatool ska-simulator libska-dev skatool-dbgsym; do
    echo "$name $version" >"../${name}_${version}_amd64.deb"
done
echo "$version" >"../ska-provider_${version}_amd64.changes"
END
printf '#!/bin/sh\n[ ! -e "$WORK/lintian-errors" ]\n' >stand-ins/lintian
chmod 755 stand-ins/* tree/tools/*
export WORK=$work PATH=$work/stand-ins:$PATH
version() { # VERSION
    echo "$1" >version
    echo "project(ska-provider VERSION $1 LANGUAGES C)" >tree/CMakeLists.txt
}
packages() { # VERSION: what is there besides other files
    [ "$(cd home && echo *_*)" = "$(printf '%s\n' libska-dev_"$1"_amd64.deb ska-provider_"$1"_amd64.{changes,deb} \
        ska-simulator_"$1"_amd64.deb skatool-dbgsym_"$1"_amd64.deb skatool_"$1"_amd64.deb | xargs)" ] ||
        fail "not those of $1: $(ls home)"
}
others_are_there() {
    (cd home && sha256sum --quiet --check "$work/others.txt") || fail 'a file of others is not as it was'
    [ -d home/empty ] || fail 'a directory of others was removed'
}

mkdir -p home/{source,empty,build}
for file in .profile notes.txt build.log source/main.c build/ska.so made; do
    echo "$file" >"home/$file"
done
(cd home && find . -type f -exec sha256sum {} +) >others.txt
version 1.0
succeeds tree/tools/package --output home
shows "$work/home/ska-provider_1\.0_amd64\.deb"
packages 1.0
others_are_there
version 1.1
succeeds tree/tools/package --output home
packages 1.1
others_are_there
succeeds tree/tools/package --output home
packages 1.1
[ -z "$(find home -name source -path '*tools-package*')" ] || fail 'a copy of the tree is left'

# What breaks off leaves the packages there as they are.
version 1.2
touch breaks
ends 1 tree/tools/package --output home
says "dpkg-buildpackage failed; see $work/home/\.tools-package/build\.log"
[ -f home/.tools-package/build.log ] || fail 'no log'
rm breaks
touch lintian-errors
ends 1 tree/tools/package --output home
says "lintian found errors, so nothing was put into $work/home"
rm lintian-errors
packages 1.1
touch waits
tree/tools/package --output home >first.txt 2>&1 &
until [ -e waiting ]; do sleep 0.1; done
ends 1 tree/tools/package --output home
says "another tools/package puts packages into $work/home"
kill %1
rm waits
wait %1 || true
until flock --nonblock home/.tools-package true; do sleep 0.1; done
packages 1.1
others_are_there

# Packages that somebody else has put there, or changed, are in the way.
for package in skatool_0.9_amd64.deb skatool_1.1_amd64.deb; do
    cp -r home other
    echo downloaded >"other/$package"
    cp -r other before
    ends 1 tree/tools/package --output other
    says "$work/other/$package is not as an earlier run has made it: move it away, or name another directory"
    diff -r before other >&2 || fail 'something was changed'
    rm -r other before
done

# No place for packages.
touch file
ends 1 tree/tools/package --output file
says "--output $work/file cannot be used: cannot create directory .*: Not a directory"
for directory in tree tree/packages; do
    ends 1 tree/tools/package --output $directory
    says "--output $work/$directory is in the source tree, all of which is copied"
done
[ ! -e tree/packages ] || fail 'made all the same'
if [ "$(id -u)" -ne 0 ]; then
    mkdir -m 555 locked
    ends 1 tree/tools/package --output locked
    says "--output $work/locked cannot be used"
fi
succeeds tree/tools/package
[ -f tree/build-package/skatool_1.2_amd64.deb ] || fail 'not in build-package'
succeeds tree/tools/package --output "$work/new/a b"
[ -f "$work/new/a b/skatool_1.2_amd64.deb" ] || fail 'not in a new directory'
pass
