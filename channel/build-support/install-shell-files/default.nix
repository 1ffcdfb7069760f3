# installManPage, installShellCompletion, installBin.
{ makeSetupHook }:
makeSetupHook { name = "install-shell-files"; } ./hook.sh
