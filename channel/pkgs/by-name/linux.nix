# The kernel as a package: $out/bzImage and $out/lib/modules. The live image
# does not use this path (it unpacks the deb into its root file system); it is
# for recipes that want to look at the kernel.
{ lib, pins, run }:
let
  # the concrete kernel among the locked packages
  names = lib.filter (n: builtins.match "linux-image-[0-9].*-amd64" n != null && !(lib.hasInfix "cloud" n)) (lib.attrNames pins.lock.packages);
  name = if names == [ ] then throw "channel: the lock holds no linux-image-*-amd64; `isomorph lock add linux-image-amd64` pins one" else lib.last names;
  modDirVersion = lib.removePrefix "linux-image-" name;
  version = pins.upstreamVersion name;
in
lib.extendDerivation true
{
  pname = "linux"; inherit version modDirVersion; deb = name;
  meta = { name = "linux-${version}"; description = "The Linux kernel, Debian's build"; platforms = [ "x86_64-linux" ]; outputsToInstall = [ "out" ]; };
}
  (run { name = "linux-${version}"; deb = pins.deb name; inherit modDirVersion; } ''
    mkdir $out; ln -s . $out/usr
    unpackDeb $deb $out
    rm $out/usr
    mv $out/boot/vmlinuz-$modDirVersion $out/bzImage
    mv $out/boot/config-$modDirVersion $out/config
    rm -rf $out/boot
  '')
