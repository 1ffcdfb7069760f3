# Debian's packages as store paths.
#
# A package of the channel is one or several .debs merged into one store path:
# usr/ folded into the top, sbin into bin, the multiarch library directory into
# lib. Its programs and libraries find what they need by RUNPATH in other store
# paths. Which those are follows from the lock's `depends`: each deb has one
# owner, and a package depends on the owners of what its debs depend on. A
# library that no package in ./packages.nix claims becomes a package of its own.
{ lib, bootstrap, self }:
let
  inherit (bootstrap) pins;

  definitions = import ./packages.nix { inherit lib self bootstrap; };

  # deb name -> attribute name of the package that holds it
  owner = lib.listToAttrs (lib.concatMap
    (attr: map (deb: { name = deb; value = attr; }) (definitions.${attr}.debs ++ definitions.${attr}.devDebs or [ ]))
    (lib.attrNames definitions));

  # Debs that stand for something the channel has in another form, or that
  # mean nothing outside a Debian system.
  none = lib.genAttrs [
    "libc6" "libc6-dev" "libgcc-s1" "libstdc++6" "libatomic1" "libgomp1" "libquadmath0" "gcc-12-base" "libcrypt1" "libcrypt-dev" "linux-libc-dev" "libc-dev-bin" "libc-bin"
    "gcc-12" "g++-12" "cpp-12" "cpp" "libgcc-12-dev" "libstdc++-12-dev" "libobjc-12-dev" "libobjc4" "libcc1-0" "libtirpc-dev" "libnsl-dev" "rpcsvc-proto"
    "debianutils" "base-files" "base-passwd" "passwd" "login" "systemd-sysv" "sysvinit-utils" "runit-helper" "netbase" "libpam-runtime" "libpam-modules" "libpam-modules-bin"
    "libpam-systemd" "dbus" "dbus-system-bus-common" "media-types" "tex-common" "dash" "readline-common" "mawk" "cron" "ucf" "libsemanage-common" "libaudit-common" "udev" "ca-certificates"
  ] (_: null);

  packageOf = deb: if none ? ${deb} then null else if owner ? ${deb} then self.${owner.${deb}} else self.debianLibraries.${deb};

  # mkDeb { pname, debs, devDebs?, version?, ignore?, extraDeps?, ... }
  mkDeb = lib.makeOverridable (args@{ pname, debs, devDebs ? [ ], version ? pins.upstreamVersion (lib.head debs), ignore ? [ ], extraDeps ? [ ], allowMissing ? "", libDirs ? [ ], prepare ? "", finish ? "", description ? null, mainProgram ? null, license ? null, homepage ? null, passthru ? { } }:
    let
      mine = lib.genAttrs (debs ++ devDebs ++ ignore) (_: null);
      dependencyPackages = names: lib.filter (p: p != null) (map packageOf (lib.filter (d: !(mine ? ${d})) (lib.unique (lib.concatMap (n: (pins.info n).depends) names))));
      unique = ps: lib.attrValues (lib.listToAttrs (map (p: { name = builtins.unsafeDiscardStringContext p.name; value = p; }) ps));
      deps = unique (dependencyPackages debs ++ extraDeps);
      devDeps = lib.optionals (devDebs != [ ]) (unique (dependencyPackages devDebs));
      hasDev = devDebs != [ ];
      drv = bootstrap.run
        ({
          name = "${pname}-${version}";
          debs = map pins.deb debs;
          deps = map lib.getLib deps;
          libs = [ "${bootstrap.gccLib}/lib" ] ++ map (p: "${lib.getLib p}/lib") deps;
          inherit allowMissing libDirs prepare finish;
          wrapperShell = "${self.bash-unwrapped or self.bash}/bin/bash";
          passAsFile = [ "prepare" "finish" ];
        } // lib.optionalAttrs hasDev {
          outputs = [ "out" "dev" ];
          devDebs = map pins.deb devDebs;
          devDeps = map lib.getDev devDeps;
        } // lib.optionalAttrs (!(lib.hasInfix "wrapProgram" finish)) { wrapperShell = null; })
        (builtins.readFile ./package.sh);
    in
    lib.extendDerivation true
      ({
        inherit pname version;
        meta = {
          name = "${pname}-${version}";
          outputsToInstall = [ "out" ];
          platforms = [ "x86_64-linux" ];
          available = true;
          sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
        } // lib.optionalAttrs (description != null) { inherit description; }
        // lib.optionalAttrs (license != null) { inherit license; }
        // lib.optionalAttrs (homepage != null) { inherit homepage; }
        // { mainProgram = if mainProgram != null then mainProgram else pname; };
        debs = debs ++ devDebs;
        dependencies = deps;
        outputs = [ "out" ] ++ lib.optional hasDev "dev";
        passthru = passthru;
        overrideAttrs = _: throw "${pname} is made of Debian packages; change it with .override { debs, prepare, finish, ... }, or build one from source with stdenv.mkDerivation";
      } // passthru)
      drv);
in
{
  inherit mkDeb owner;
  packages = lib.mapAttrs (attr: def: mkDeb ({ pname = attr; } // def)) definitions;
  # Libraries (and data) nobody claims, by their Debian names.
  libraries = lib.mapAttrs (deb: _: mkDeb { pname = deb; debs = [ deb ]; allowMissing = "."; }) (builtins.removeAttrs pins.lock.packages (lib.attrNames owner));
}
