# Derivations from a few lines: scripts, text files, unions of trees.
{ lib, pkgs }:
let
  inherit (pkgs) stdenv stdenvNoCC runtimeShell;

  # runCommandWith { stdenv, derivationArgs, name } script
  runCommandWith = { stdenv ? stdenvNoCC, runLocal ? false, derivationArgs ? { }, name }: buildCommand:
    stdenv.mkDerivation ({
      enableParallelBuilding = true;
      inherit buildCommand name;
      passAsFile = [ "buildCommand" ] ++ derivationArgs.passAsFile or [ ];
    } // lib.optionalAttrs runLocal { preferLocalBuild = true; allowSubstitutes = false; }
    // builtins.removeAttrs derivationArgs [ "passAsFile" ]);

  # The file name of a path, without the hash if it is in the store.
  fileName = path:
    let
      base = builtins.unsafeDiscardStringContext (baseNameOf (toString path));
      stripped = builtins.match "[0-9a-z]{32}-(.*)" base;
    in
    if stripped == null then base else lib.head stripped;
in
rec {
  inherit runCommandWith;
  runCommand = name: env: runCommandWith { stdenv = stdenvNoCC; derivationArgs = env; inherit name; };
  runCommandLocal = name: env: runCommandWith { stdenv = stdenvNoCC; runLocal = true; derivationArgs = env; inherit name; };
  runCommandCC = name: env: runCommandWith { inherit stdenv; derivationArgs = env; inherit name; };
  runCommandNoCC = runCommand;

  # writeTextFile { name, text, executable?, destination?, checkPhase?, meta? }
  writeTextFile = { name ? "${pname}-${version}", pname ? null, version ? null, text, executable ? false, destination ? "", checkPhase ? "", meta ? { }, allowSubstitutes ? false, preferLocalBuild ? true, derivationArgs ? { }, passthru ? { } }:
    lib.throwIf (destination != "" && !(lib.hasPrefix "/" destination)) "writeTextFile: destination must start with '/', got '${destination}'"
      (runCommand name
        ({
          inherit text checkPhase allowSubstitutes preferLocalBuild passthru;
          executable = lib.optionalString executable "1";
          inherit destination;
          passAsFile = [ "text" ] ++ derivationArgs.passAsFile or [ ];
          meta = lib.optionalAttrs (executable && lib.hasPrefix "/bin/" destination) { mainProgram = lib.removePrefix "/bin/" destination; } // meta;
        } // builtins.removeAttrs derivationArgs [ "passAsFile" ])
        ''
          target=$out$destination
          mkdir -p "$(dirname "$target")"
          cp "$textPath" "$target"
          [ -z "$executable" ] || chmod +x "$target"
          eval "$checkPhase"
        '');
  writeText = name: text: writeTextFile { inherit name text; };
  writeTextDir = path: text: writeTextFile { inherit text; name = baseNameOf path; destination = "/${path}"; };
  writeScript = name: text: writeTextFile { inherit name text; executable = true; };
  writeScriptBin = name: text: writeTextFile { inherit name text; executable = true; destination = "/bin/${name}"; };
  writeShellScript = name: text: writeTextFile { inherit name; executable = true; text = "#!${runtimeShell}\n${text}\n"; checkPhase = "${runtimeShell} -n -O extglob \"$target\""; };
  writeShellScriptBin = name: text: writeTextFile { inherit name; executable = true; destination = "/bin/${name}"; text = "#!${runtimeShell}\n${text}\n"; checkPhase = "${runtimeShell} -n -O extglob \"$target\""; };
  writeShellApplication = { name, text, runtimeInputs ? [ ], runtimeEnv ? null, bashOptions ? [ "errexit" "nounset" "pipefail" ], checkPhase ? null, meta ? { }, excludeShellChecks ? [ ], extraShellCheckFlags ? [ ], inheritPath ? true, passthru ? { }, derivationArgs ? { } }:
    writeTextFile {
      inherit name meta passthru derivationArgs;
      executable = true;
      destination = "/bin/${name}";
      text = "#!${runtimeShell}\n"
        + lib.concatMapStrings (o: "set -o ${o}\n") bashOptions
        + lib.optionalString (runtimeEnv != null) (lib.concatStrings (lib.mapAttrsToList (n: v: "${lib.toShellVar n v}\nexport ${n}\n") runtimeEnv))
        + lib.optionalString (runtimeInputs != [ ]) "\nexport PATH=\"${lib.makeBinPath runtimeInputs}${lib.optionalString inheritPath ":$PATH"}\"\n"
        + "\n${text}\n";
      checkPhase = if checkPhase != null then checkPhase else "${runtimeShell} -n -O extglob \"$target\"";
    };
  concatTextFile = { name, files, executable ? false, destination ? "" }:
    runCommandLocal name { inherit files; } ''
      target=$out${destination}; mkdir -p "$(dirname "$target")"; cat $files > "$target"; ${lib.optionalString executable "chmod +x $target"}
    '';
  concatText = name: files: concatTextFile { inherit name files; };
  concatScript = name: files: concatTextFile { inherit name files; executable = true; };

  # A tree of links to everything in the given paths; directories are made
  # real where two paths share one.
  symlinkJoin = args@{ name ? "${args.pname}-${args.version}", paths, postBuild ? "", preferLocalBuild ? true, allowSubstitutes ? false, stripPrefix ? "", failOnMissing ? stripPrefix == "", ... }:
    runCommand name
      (builtins.removeAttrs args [ "name" "postBuild" "stripPrefix" "failOnMissing" ] // {
        paths = map (p: "${p}${stripPrefix}") paths;
        inherit preferLocalBuild allowSubstitutes;
        linkTrees = ./link-trees.sh;
      }) ''
      source $linkTrees
      for p in $paths; do linkTree "" "$p" "$out"; done
      mkdir -p $out
      ${postBuild}
    '';
  # buildEnv { name, paths, pathsToLink?, extraOutputsToInstall?, ignoreCollisions?, postBuild? }
  buildEnv = { name, paths, pathsToLink ? [ "/" ], extraPrefix ? "", extraOutputsToInstall ? [ ], ignoreCollisions ? false, checkCollisionContents ? true, manifest ? "", postBuild ? "", nativeBuildInputs ? [ ], buildInputs ? [ ], passthru ? { }, meta ? { }, version ? null, pname ? null, includeClosures ? false }:
    let
      wanted = p: if lib.isDerivation p then
          lib.unique (map (o: "${p.${o}}") (if p.outputSpecified or false then [ p.outputName ] else
            (p.meta.outputsToInstall or [ "out" ]) ++ lib.filter (o: p ? ${o}) extraOutputsToInstall))
        else [ "${p}" ];
      # Packages with a higher priority number give way.
      ordered = lib.sort (a: b: (a.meta.priority or 5) < (b.meta.priority or 5)) (lib.filter (p: p != null) paths);
    in
    runCommand name
      {
        paths = lib.concatMap wanted ordered;
        inherit pathsToLink extraPrefix nativeBuildInputs buildInputs passthru meta;
        ignoreCollisions = true;
        preferLocalBuild = true;
        allowSubstitutes = false;
        linkTrees = ./link-trees.sh;
      } ''
      source $linkTrees
      mkdir -p $out$extraPrefix
      for p in $paths; do
        for l in $pathsToLink; do
          if [ "$l" = / ]; then linkTree "" "$p" "$out$extraPrefix"
          elif [ -e "$p$l" ]; then mkdir -p "$(dirname "$out$extraPrefix$l")"; linkTree "" "$p$l" "$out$extraPrefix$l"; fi
        done
      done
      ${postBuild}
    '';
  linkFarm = name: entries:
    let list = if builtins.isAttrs entries then lib.mapAttrsToList (name: path: { inherit name path; }) entries else entries; in
    runCommandLocal name { passthru.entries = lib.listToAttrs (map (e: { inherit (e) name; value = e.path; }) list); } ''
      mkdir -p $out; cd $out
      ${lib.concatMapStrings (e: "mkdir -p \"$(dirname ${lib.escapeShellArg e.name})\"; ln -s ${lib.escapeShellArg "${e.path}"} ${lib.escapeShellArg e.name}\n") list}
    '';
  linkFarmFromDrvs = name: drvs: linkFarm name (map (d: { name = d.name; path = d; }) drvs);
  onlyBin = drv: runCommandLocal "only-bin-${drv.name}" { } "mkdir $out; ln -s ${lib.getBin drv}/bin $out/bin";

  substituteAll = args: stdenvNoCC.mkDerivation ({
    name = if args ? name then args.name else fileName args.src;
    buildCommand = ''
      target=$out${args.dir or ""}
      ${lib.optionalString (args ? dir) "mkdir -p $target; target=$target/$name"}
      substituteAll $src $target
      ${lib.optionalString (args.isExecutable or false) "chmod +x $target"}
    '';
    preferLocalBuild = true;
    allowSubstitutes = false;
  } // args);
  replaceVars = path: vars: replaceVarsWith { src = path; replacements = vars; };
  replaceVarsWith = { src, replacements, name ? fileName src, isExecutable ? false, dir ? null }:
    runCommand name { inherit src; } ''
      target=$out${lib.optionalString (dir != null) "/${dir}/${name}"}
      mkdir -p "$(dirname $target)"
      substitute $src $target ${lib.concatStringsSep " " (lib.mapAttrsToList (n: v: "--replace-fail ${lib.escapeShellArg "@${n}@"} ${lib.escapeShellArg (toString v)}") (lib.filterAttrs (_: v: v != null) replacements))}
      ${lib.optionalString isExecutable "chmod +x $target"}
    '';
  substitute = { src, substitutions ? [ ], replacements ? substitutions, name ? fileName src }:
    runCommand name { inherit src; } "substitute $src $out ${lib.escapeShellArgs (lib.toList replacements)}";
  applyPatches = { src, name ? "patched-source", patches ? [ ], postPatch ? "", ... }: stdenvNoCC.mkDerivation {
    inherit name src patches postPatch; dontConfigure = true; dontBuild = true; dontFixup = true; installPhase = "cp -R ./ $out";
  };
  srcOnly = drv: applyPatches { inherit (drv) src; name = "${drv.name}-source"; patches = drv.patches or [ ]; };
  makeSetupHook = { name ? "hook", propagatedBuildInputs ? [ ], substitutions ? { }, meta ? { }, passthru ? { } }: script:
    runCommand name (substitutions // { inherit meta passthru propagatedBuildInputs; }) ''
      mkdir -p $out/nix-support
      cp ${script} $out/nix-support/setup-hook
      ${lib.concatStrings (lib.mapAttrsToList (n: _: "substituteInPlace $out/nix-support/setup-hook --subst-var ${n}\n") substitutions)}
      ${lib.optionalString (propagatedBuildInputs != [ ]) "echo ${toString propagatedBuildInputs} > $out/nix-support/propagated-build-inputs"}
    '';
  # The store paths that something refers to, one a line.
  writeClosure = roots: stdenvNoCC.mkDerivation {
    name = "closure";
    exportReferencesGraph = lib.concatLists (lib.imap0 (i: r: [ "graph-${toString i}" r ]) roots);
    buildCommand = "cat graph-* | grep ^$NIX_STORE/ | sort -u > $out";
  };
  closureInfo = { rootPaths }: stdenvNoCC.mkDerivation {
    name = "closure-info";
    exportReferencesGraph = lib.concatLists (lib.imap0 (i: r: [ "graph-${toString i}" r ]) (lib.toList rootPaths));
    buildCommand = "mkdir $out; cat graph-* | grep ^$NIX_STORE/ | sort -u > $out/store-paths; cat graph-* > $out/registration";
  };
  writeReferencesToFile = path: writeClosure [ path ];
  writers = {
    writeBash = writeShellScript; writeBashBin = writeShellScriptBin; writeText = writeText;
    writeJSON = name: value: writeText name (builtins.toJSON value);
  };
  formats.json = _: { type = lib.types.anything; generate = name: value: writeText name (builtins.toJSON value); };
  formats.ini = _: { type = lib.types.attrsOf (lib.types.attrsOf lib.types.anything); generate = name: value: writeText name (lib.generators.toINI { } value); };
  testers = { };
  emptyFile = runCommandLocal "empty-file" { } "touch $out";
  emptyDirectory = runCommandLocal "empty-directory" { } "mkdir $out";
  mkShell = { packages ? [ ], inputsFrom ? [ ], ... }@args: stdenv.mkDerivation (builtins.removeAttrs args [ "packages" "inputsFrom" ] // {
    name = args.name or "nix-shell";
    nativeBuildInputs = packages ++ args.nativeBuildInputs or [ ] ++ lib.concatMap (p: p.nativeBuildInputs or [ ]) inputsFrom;
    buildCommand = "export > $out";
  });
  nix-gitignore = { gitignoreSource = _: src: lib.cleanSource src; };
}
