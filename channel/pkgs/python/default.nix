# python3 with `withPackages`, `pkgs` and buildEnv.
#
# Debian's Python packages install below lib/python3/dist-packages; here they
# are packages with lib/python3.11/site-packages, and `withPackages` joins
# them with the interpreter.
{ lib, python, mkDeb, protobuf, symlinkJoin, makeWrapper, debianLibraries, runCommand, bash }:
let
  version = python.version;
  site = "lib/python3.11/site-packages";

  # A Python package from a deb.
  fromDeb = pname: deb: description: mkDeb {
    inherit pname description;
    debs = [ deb ];
    extraDeps = [ python ];
    ignore = [ "python3" ];
    prepare = "mkdir -p lib/python3.11; mv lib/python3/dist-packages ${site}; rmdir --ignore-fail-on-non-empty lib/python3; for f in ${site}/*-nspkg.pth; do rm -f $f; done";
    passthru = { pythonModule = python; };
  };

  packages = {
    inherit python;
    protobuf = fromDeb "python3.11-protobuf" "python3-protobuf" "protocol buffers for Python";
    pyyaml = fromDeb "python3.11-pyyaml" "python3-yaml" "YAML for Python";
    buildPythonPackage = buildPython;
    buildPythonApplication = buildPython;
    setuptools = throw "python3Packages.setuptools: not in the channel; `isomorph lock add python3-setuptools` and a package with mkDeb bring it in";
    toPythonModule = drv: drv // { pythonModule = python; };
    callPackage = lib.callPackageWith packages;
  };

  buildPython = throw "buildPythonPackage: the channel has no builder for Python packages; use stdenv.mkDerivation with python3 in nativeBuildInputs and install into \$out/${site}";

  withPackages = f:
    let chosen = lib.filter (p: p != null) (lib.flatten (f packages)); in
    runCommand "python3-${version}-env"
      {
        paths = [ python ] ++ chosen;
        modules = map (p: "${p}/${site}") chosen;
        inherit python;
        shell' = "${bash}/bin/bash";
        linkTrees = ../../build-support/link-trees.sh;
        passthru = { interpreter = "python3"; inherit python; };
        meta = python.meta // { description = "Python ${version} with packages"; };
      } ''
      source $linkTrees
      mkdir -p $out/bin $out/${site}
      for p in $modules; do for f in $p/*; do [ -e $out/${site}/''${f##*/} ] || { [ -d $f ] && linkTree "" $f $out/${site}/''${f##*/} || ln -s $f $out/${site}/; }; done; done
      # Python adds a directory of packages only by its own prefix, which it
      # finds by the name it was called with, or by this variable.
      for n in python python3 python3.11; do
        printf '#!%s\nexport PYTHONPATH=%s''${PYTHONPATH:+:$PYTHONPATH}\nexec %s "$@"\n' ${bash}/bin/bash $out/${site} $python/bin/python3.11 > $out/bin/$n
        chmod 755 $out/bin/$n
      done
      for f in $python/bin/*; do [ -e $out/bin/''${f##*/} ] || ln -s $f $out/bin/; done
    '';
in
python // {
  pkgs = packages;
  inherit withPackages;
  buildEnv = { override = { extraLibs ? [ ], ... }: withPackages (_: extraLibs); };
  interpreter = "${python}/bin/python3";
  override = _: python // { pkgs = packages; inherit withPackages; };
}
