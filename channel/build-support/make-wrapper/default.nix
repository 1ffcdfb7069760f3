# makeWrapper and wrapProgram for build scripts.
{ makeSetupHook, bash }:
makeSetupHook { name = "make-wrapper-hook"; substitutions.shell = "${bash}/bin/bash"; } ./hook.sh
