# One package from its debs; see default.nix. Variables: debs, devDebs, deps,
# libs, devDeps, libDirs, allowMissing, preparePath, finishPath, wrapperShell.

# wrapProgram NAME (--set VAR VALUE | --prefix VAR SEP VALUE | --set-default VAR
# VALUE | --add-flags FLAGS)...: bin/NAME becomes a shell script that calls it.
wrapProgram() {
  local name=$1 file=$out/bin/$1 real=$out/bin/.$1-wrapped flags=; shift
  mv "$file" "$real"
  {
    echo "#!$wrapperShell"
    while [ $# -gt 0 ]; do
      case $1 in
        --set) printf 'export %s=%q\n' "$2" "$3"; shift 3;;
        --set-default) printf 'export %s=${%s-%q}\n' "$2" "$2" "$3"; shift 3;;
        --prefix) printf 'export %s=%q${%s:+%q$%s}\n' "$2" "$4" "$2" "$3" "$2"; shift 4;;
        --add-flags) flags=$2; shift 2;;
      esac
    done
    echo "exec -a \"\$0\" $real $flags \"\$@\""
  } > "$file"
  chmod 755 "$file"
}

# skeleton DIR: the links that merge directories while debs are unpacked.
skeleton() {
  mkdir -p $1/{bin,lib,include}
  ln -s . $1/usr; ln -s bin $1/sbin; ln -s lib $1/lib64
  ln -s . $1/lib/x86_64-linux-gnu; ln -s . $1/include/x86_64-linux-gnu
}
# tidy DIR: those links and what no store path needs go away again.
tidy() {
  local d
  rm -f $1/usr $1/lib64 $1/include/x86_64-linux-gnu
  rm -rf $1/var $1/run $1/tmp $1/etc/init.d $1/etc/default $1/etc/alternatives $1/etc/cron* $1/etc/apparmor.d $1/etc/logrotate.d
  pruneDocs $1
  for d in lib/x86_64-linux-gnu; do [ -n "$(find $1/lib -mindepth 1 ! -path $1/lib/x86_64-linux-gnu -print -quit)" ] || rm -f $1/$d; done
  [ -n "$(find $1/bin -mindepth 1 -print -quit)" ] || rm -f $1/sbin
  for d in bin lib include etc share; do rmdir --ignore-fail-on-non-empty $1/$d 2> /dev/null || true; done
}

skeleton $out
for d in $debs; do unpackDeb $d $out; done
cd $out
source $preparePath
fixLinks $out $deps
tidy $out

if [ -n "${devDebs:-}" ]; then
  skeleton $dev
  for d in $devDebs; do unpackDeb $d $dev; done
  # The libraries' development links lead into $out.
  fixLinks $dev $out $deps $devDeps
  tidy $dev
  rm -rf $out/lib/pkgconfig $out/lib/cmake
  for f in $(find $dev -name '*.pc' -o -name '*.cmake' -o -path '*/bin/*' -type f); do
    ! grep -Iq /usr "$f" || sed -i -e "s,/usr/lib/x86_64-linux-gnu,$dev/lib,g; s,/usr/include/x86_64-linux-gnu,$dev/include,g; s,/usr\b,$dev,g" "$f"
  done
  # <sys/../x86_64-linux-gnu> style includes do not occur; one include directory is enough
  mkdir -p $dev/nix-support
  echo $out $devDeps > $dev/nix-support/propagated-build-inputs
fi

# Scripts that name Perl, Python and the like: from the dependencies or from
# here, where they are; /bin/sh stays, every system has one.
find $out -type f -perm -0100 -size -2M -print0 | xargs -0 -r grep -lIE -m1 '^#! *(/usr)?/bin/' -- 2> /dev/null > $TMPDIR/scripts || true
while IFS= read -r f; do
  IFS= read -r line < "$f"
  [[ $line =~ ^\#!\ *(/usr)?/bin/(env\ +)?([^ ]+)(.*)$ ]] || continue
  for p in $out $deps; do
    if [ -x $p/bin/${BASH_REMATCH[3]} ]; then sed -i "1s|.*|#!$p/bin/${BASH_REMATCH[3]}${BASH_REMATCH[4]}|" "$f"; break; fi
  done
done < $TMPDIR/scripts

relocateElf "$libDirs $libs" $out ${devDebs:+$dev}
source $finishPath
